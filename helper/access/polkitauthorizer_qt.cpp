// SPDX-License-Identifier: MIT
#include "polkitauthorizer.h"

#include <QObject>
#include <QSet>
#include <QTimer>

#include <polkit/polkit.h>
#include <polkitqt1-authority.h>
#include <polkitqt1-subject.h>

namespace Nettally {

// polkit-qt makes the connection, the authority and the subject. The check itself is the C library's:
// Authority::checkAuthorization answers by a signal that does not say which check it answers, sends none
// on errors, and never works again after its cancel. With two callers at a time, one could get the other's
// yes.
namespace {

struct Check {
    QObject *owner = nullptr; ///< set to null when the authorizer is gone
    QSet<Check *> *open = nullptr;
    GCancellable *cancellable = nullptr;
    QTimer *timeout = nullptr;
    QString action;
    bool interactive = false;
    bool expired = false;
    Authorizer::Answer answer;
};

Verdict verdictOf(const Check &check, PolkitAuthorizationResult *result, const GError *error)
{
    if (!result) {
        if (check.expired && check.interactive) {
            return Verdict::Denied;
        }
        qWarning("polkit could not decide %s: %s", qUtf8Printable(check.action),
                 check.expired ? "no answer in time" : (error ? error->message : "no answer"));
        return Verdict::Unavailable;
    }
    if (polkit_authorization_result_get_is_authorized(result)) {
        return Verdict::Allowed;
    }
    return polkit_authorization_result_get_is_challenge(result) ? Verdict::WouldChallenge : Verdict::Denied;
}

void finished(GObject *authority, GAsyncResult *asyncResult, gpointer data)
{
    const std::unique_ptr<Check> check(static_cast<Check *>(data));
    GError *error = nullptr;
    PolkitAuthorizationResult *result =
        polkit_authority_check_authorization_finish(POLKIT_AUTHORITY(authority), asyncResult, &error);
    g_object_unref(check->cancellable);
    if (check->owner) {
        check->open->remove(check.get());
        delete check->timeout;
        check->answer(verdictOf(*check, result, error));
    }
    g_clear_object(&result);
    g_clear_error(&error);
}

} // namespace

class PolkitAuthorizer::Private : public QObject {
public:
    ~Private() override
    {
        for (Check *check : std::as_const(open)) {
            check->owner = nullptr;
            g_cancellable_cancel(check->cancellable); // finished() follows from the event loop and frees it
        }
    }

    QSet<Check *> open;
};

PolkitAuthorizer::PolkitAuthorizer(const QDBusConnection &)
    : d(std::make_unique<Private>())
{
    // It connects to the bus now: polkit answers for other users' programs only who was root then.
    PolkitQt1::Authority::instance();
}

PolkitAuthorizer::~PolkitAuthorizer() = default;

void PolkitAuthorizer::check(const QString &busName, const QString &action, bool interactive, Answer answer)
{
    PolkitAuthority *authority = PolkitQt1::Authority::instance()->polkitAuthority();
    if (!authority) {
        qWarning("polkit cannot be asked: %s",
                 qUtf8Printable(PolkitQt1::Authority::instance()->errorDetails()));
        QTimer::singleShot(0, d.get(), [answer = std::move(answer)] { answer(Verdict::Unavailable); });
        return;
    }

    auto *check = new Check{d.get(),     &d->open, g_cancellable_new(), new QTimer(d.get()), action,
                            interactive, false,    std::move(answer)};
    d->open.insert(check);
    check->timeout->setSingleShot(true);
    QObject::connect(check->timeout, &QTimer::timeout, d.get(), [check] {
        check->expired = true;
        g_cancellable_cancel(check->cancellable);
    });
    check->timeout->start(interactive ? interactiveCheckTimeout : quietCheckTimeout);

    const PolkitQt1::SystemBusNameSubject subject(busName);
    polkit_authority_check_authorization(authority, subject.subject(), action.toUtf8().constData(), nullptr,
                                         interactive ? POLKIT_CHECK_AUTHORIZATION_FLAGS_ALLOW_USER_INTERACTION
                                                     : POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE,
                                         check->cancellable, &finished, check);
}

} // namespace Nettally
