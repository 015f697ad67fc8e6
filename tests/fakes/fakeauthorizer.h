// SPDX-License-Identifier: MIT
#pragma once

#include "authorizer.h"

#include <QList>
#include <QMap>
#include <QObject>

namespace Nettally {

/// Answers as told, from the event loop like the real one; everything is Allowed until told otherwise.
class FakeAuthorizer : public QObject, public Authorizer
{
public:
    struct Question {
        QString busName;
        QString action;
        bool interactive = false;
    };

    void check(const QString &busName, const QString &action, bool interactive, Answer answer) override;

    void setVerdict(const char *action, Verdict verdict) { m_verdicts[QLatin1String(action)] = verdict; }
    /// Holds the answers back from now on, as a password dialog does.
    void hold() { m_isHolding = true; }
    /// Gives the answers held, with the verdicts of now, and holds no more.
    void release();

    const QList<Question> &questions() const { return m_questions; }

private:
    void answerLater(const QString &action, const Answer &answer);

    QMap<QString, Verdict> m_verdicts;
    QList<Question> m_questions;
    QList<std::pair<QString, Answer>> m_held;
    bool m_isHolding = false;
};

} // namespace Nettally
