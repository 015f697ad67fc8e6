// SPDX-License-Identifier: MIT
#include "fakeauthorizer.h"

#include <QTimer>

namespace Nettally {

void FakeAuthorizer::check(const QString &busName, const QString &action, bool interactive, Answer answer)
{
    m_questions.append({busName, action, interactive});
    if (m_questions.size() > m_answeredBeforeHold)
        m_held.append({action, std::move(answer)});
    else
        answerLater(action, answer);
}

void FakeAuthorizer::release()
{
    m_answeredBeforeHold = std::numeric_limits<int>::max();
    for (const auto &[action, answer] : std::exchange(m_held, {}))
        answerLater(action, answer);
}

void FakeAuthorizer::answerLater(const QString &action, const Answer &answer)
{
    const Verdict verdict = m_verdicts.value(action, Verdict::Allowed);
    QTimer::singleShot(0, this, [answer, verdict] { answer(verdict); });
}

} // namespace Nettally
