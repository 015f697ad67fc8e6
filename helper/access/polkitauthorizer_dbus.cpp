// SPDX-License-Identifier: MIT
#include "polkitauthorizer.h"

#include <QDBusArgument>
#include <QDBusMessage>
#include <QDBusMetaType>
#include <QDBusPendingCallWatcher>
#include <QDeadlineTimer>
#include <QMap>
#include <QObject>
#include <QVariantMap>

namespace Nettally {

namespace {

struct Subject {
    QString kind;
    QVariantMap details;
};

QDBusArgument &operator<<(QDBusArgument &argument, const Subject &subject)
{
    argument.beginStructure();
    argument << subject.kind << subject.details;
    argument.endStructure();
    return argument;
}

// Only ever sent; registering the type wants both directions.
const QDBusArgument &operator>>(const QDBusArgument &argument, Subject &subject)
{
    argument.beginStructure();
    argument >> subject.kind >> subject.details;
    argument.endStructure();
    return argument;
}

using Details = QMap<QString, QString>;

constexpr uint allowUserInteraction = 1;

QDBusMessage authorityCall(const QString &method)
{
    return QDBusMessage::createMethodCall(QStringLiteral("org.freedesktop.PolicyKit1"),
                                          QStringLiteral("/org/freedesktop/PolicyKit1/Authority"),
                                          QStringLiteral("org.freedesktop.PolicyKit1.Authority"), method);
}

Verdict verdictOf(const QDBusMessage &reply)
{
    if (reply.signature() != QStringLiteral("(bba{ss})")) {
        qWarning("polkit answered in a form that is not understood (%s).", qUtf8Printable(reply.signature()));
        return Verdict::Unavailable;
    }
    bool isAuthorized = false;
    bool isChallenge = false;
    Details details;
    const auto argument = reply.arguments().constFirst().value<QDBusArgument>();
    argument.beginStructure();
    argument >> isAuthorized >> isChallenge >> details;
    argument.endStructure();
    if (isAuthorized) {
        return Verdict::Allowed;
    }
    return isChallenge ? Verdict::WouldChallenge : Verdict::Denied;
}

} // namespace

class PolkitAuthorizer::Private : public QObject {
public:
    explicit Private(const QDBusConnection &connection)
        : bus(connection)
    {
    }

    QDBusConnection bus;
    quint64 lastCheck = 0; ///< names each check to polkit, so that it can be taken back
};

PolkitAuthorizer::PolkitAuthorizer(const QDBusConnection &bus)
    : d(std::make_unique<Private>(bus))
{
    qDBusRegisterMetaType<Subject>();
    qDBusRegisterMetaType<Details>();
}

PolkitAuthorizer::~PolkitAuthorizer() = default;

void PolkitAuthorizer::check(const QString &busName, const QString &action, bool interactive, Answer answer)
{
    const QString cancellation = QStringLiteral("nettally-%1").arg(++d->lastCheck);
    QDBusMessage call = authorityCall(QStringLiteral("CheckAuthorization"));
    call << QVariant::fromValue(
        Subject{QStringLiteral("system-bus-name"), {{QStringLiteral("name"), busName}}})
         << action << QVariant::fromValue(Details()) << (interactive ? allowUserInteraction : 0U)
         << cancellation;

    const std::chrono::milliseconds timeout = interactive ? interactiveCheckTimeout : quietCheckTimeout;
    // Qt times the call with a coarse timer, which may fire 5 % early.
    const QDeadlineTimer deadline(timeout - timeout / 10);
    auto *watcher = new QDBusPendingCallWatcher(d->bus.asyncCall(call, int(timeout.count())), d.get());
    QObject::connect(watcher, &QDBusPendingCallWatcher::finished, d.get(),
                     [this, action, interactive, cancellation, deadline,
                      answer = std::move(answer)](QDBusPendingCallWatcher *done) {
                         done->deleteLater();
                         const QDBusMessage reply = done->reply();
                         if (reply.type() == QDBusMessage::ReplyMessage) {
                             answer(verdictOf(reply));
                             return;
                         }
                         if (deadline.hasExpired()) {
                             QDBusMessage cancel = authorityCall(QStringLiteral("CancelCheckAuthorization"));
                             cancel << cancellation;
                             d->bus.send(cancel);
                             if (interactive) {
                                 answer(Verdict::Denied);
                                 return;
                             }
                         }
                         qWarning("polkit could not decide %s: %s", qUtf8Printable(action),
                                  qUtf8Printable(reply.errorMessage()));
                         answer(Verdict::Unavailable);
                     });
}

} // namespace Nettally
