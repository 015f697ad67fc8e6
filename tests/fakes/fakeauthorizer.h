// SPDX-License-Identifier: MIT
#pragma once

#include "authorizer.h"

#include <QList>
#include <QMap>
#include <QObject>

#include <limits>

namespace Nettally {

/// Answers as told, from the event loop like the real one; everything is Allowed until told otherwise.
class FakeAuthorizer : public QObject, public Authorizer {
public:
    struct Question {
        QString busName;
        QString action;
        bool interactive = false;
    };

    void check(const QString &busName, const QString &action, bool interactive, Answer answer) override;

    void setVerdict(const char *action, Verdict verdict) { m_verdicts[QLatin1String(action)] = verdict; }
    /// Holds answers back as a password dialog does, all after the first @p answered questions.
    void hold(int answered = 0) { m_answeredBeforeHold = answered; }
    /// Gives the answers held, with the verdicts of now, and holds no more.
    void release();

    const QList<Question> &questions() const { return m_questions; }

private:
    void answerLater(const QString &action, const Answer &answer);

    QMap<QString, Verdict> m_verdicts;
    QList<Question> m_questions;
    QList<std::pair<QString, Answer>> m_held;
    int m_answeredBeforeHold = std::numeric_limits<int>::max();
};

} // namespace Nettally
