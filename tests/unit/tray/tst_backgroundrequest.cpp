// SPDX-License-Identifier: MIT
#include "backgroundrequest.h"
#include "privatebus.h"

#include <QDBusContext>
#include <QDBusMessage>
#include <QDBusObjectPath>
#include <QSignalSpy>
#include <QTest>

using namespace Nettally;
using namespace Qt::StringLiterals;

namespace {

constexpr auto portalService = "org.freedesktop.portal.Desktop"_L1;

/// The desktop's side: keeps what it was asked, and answers as it is told.
class Portal : public QObject, protected QDBusContext {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.portal.Background")

public:
    enum class Order { AnswerFirst, ReplyFirst, Never };

    void respond()
    {
        QDBusMessage signal = QDBusMessage::createTargetedSignal(
            m_sender, m_path, u"org.freedesktop.portal.Request"_s, u"Response"_s);
        signal << response << QVariantMap{{u"background"_s, true}, {u"autostart"_s, isAutostart}};
        QVERIFY(m_bus.send(signal));
    }

    Order order = Order::AnswerFirst;
    uint response = 0;
    bool isAutostart = true;
    QVariantMap options;
    int calls = 0;

public Q_SLOTS:
    QDBusObjectPath RequestBackground(const QString &,
                                      const QVariantMap &asked) // NOLINT: the interface's name
    {
        ++calls;
        options = asked;
        m_bus = connection();
        m_sender = message().service();
        m_path = u"/org/freedesktop/portal/desktop/request/%1/%2"_s.arg(
            m_sender.mid(1).replace(u'.', u'_'), asked.value(u"handle_token"_s).toString());
        if (order == Order::AnswerFirst)
            respond();
        else if (order != Order::Never)
            QMetaObject::invokeMethod(this, &Portal::respond, Qt::QueuedConnection);
        return QDBusObjectPath(m_path);
    }

private:
    QDBusConnection m_bus{QString()};
    QString m_sender;
    QString m_path;
};

} // namespace

Q_DECLARE_METATYPE(Portal::Order)

class BackgroundRequestTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void asksForTheTray();
    void answers_data();
    void answers();
    void withoutPortal();
    void portalThatEnds();
    void cleanup();

private:
    void bringPortal();

    std::unique_ptr<PrivateBus> m_bus;
    std::unique_ptr<Portal> m_portal;
    QDBusConnection m_desktop{QString()};
    QDBusConnection m_session{QString()};
};

void BackgroundRequestTest::init()
{
    m_bus = std::make_unique<PrivateBus>();
    QCOMPARE(m_bus->start(), QString());
    m_desktop = m_bus->connect();
    m_session = m_bus->connect();
    QVERIFY(m_desktop.isConnected() && m_session.isConnected());
    m_portal = std::make_unique<Portal>();
}

void BackgroundRequestTest::cleanup()
{
    for (QDBusConnection *connection : {&m_desktop, &m_session}) {
        QDBusConnection::disconnectFromBus(connection->name());
        *connection = QDBusConnection(QString());
    }
    m_portal.reset();
    m_bus.reset();
}

void BackgroundRequestTest::bringPortal()
{
    QVERIFY(m_desktop.registerObject(u"/org/freedesktop/portal/desktop"_s, m_portal.get(),
                                     QDBusConnection::ExportAllSlots));
    QVERIFY(m_desktop.registerService(portalService));
}

void BackgroundRequestTest::asksForTheTray()
{
    bringPortal();
    BackgroundRequest request(m_session);
    QSignalSpy answered(&request, &BackgroundRequest::answered);
    request.send(true);
    QTRY_COMPARE(answered.size(), 1);
    QCOMPARE(m_portal->calls, 1);
    QCOMPARE(m_portal->options.value(u"autostart"_s), QVariant(true));
    QCOMPARE(m_portal->options.value(u"commandline"_s).toStringList(),
             (QStringList{u"nettally"_s, u"--tray"_s}));
    QVERIFY(!m_portal->options.value(u"reason"_s).toString().isEmpty());
}

void BackgroundRequestTest::answers_data()
{
    QTest::addColumn<Portal::Order>("order");
    QTest::addColumn<bool>("wanted");
    QTest::addColumn<uint>("response");
    QTest::addColumn<bool>("granted");
    QTest::addColumn<bool>("found");
    QTest::addColumn<QString>("said");
    using enum Portal::Order;
    QTest::newRow("granted before the reply") << AnswerFirst << true << 0U << true << true << QString();
    QTest::newRow("granted after the reply") << ReplyFirst << true << 0U << true << true << QString();
    QTest::newRow("turned off") << ReplyFirst << false << 0U << false << false << QString();
    QTest::newRow("refused by the user") << ReplyFirst << true << 1U << true << false << u"did not allow"_s;
    QTest::newRow("refused by the desktop")
        << ReplyFirst << true << 0U << false << false << u"did not allow"_s;
    QTest::newRow("turning off fails") << ReplyFirst << false << 2U << false << true << u"still starts"_s;
}

void BackgroundRequestTest::answers()
{
    QFETCH(const Portal::Order, order);
    QFETCH(const bool, wanted);
    QFETCH(const uint, response);
    QFETCH(const bool, granted);
    QFETCH(const bool, found);
    QFETCH(const QString, said);
    bringPortal();
    m_portal->order = order;
    m_portal->response = response;
    m_portal->isAutostart = granted;

    BackgroundRequest request(m_session);
    QSignalSpy answered(&request, &BackgroundRequest::answered);
    request.send(wanted);
    QTRY_COMPARE(answered.size(), 1);
    QCOMPARE(answered.constFirst().constFirst().toBool(), found);
    const QString problem = answered.constFirst().constLast().toString();
    QCOMPARE(problem.isEmpty(), said.isEmpty());
    QVERIFY2(problem.contains(said), qPrintable(problem));
}

void BackgroundRequestTest::withoutPortal()
{
    BackgroundRequest request(m_session);
    QSignalSpy answered(&request, &BackgroundRequest::answered);
    request.send(true);
    QTRY_COMPARE(answered.size(), 1);
    QCOMPARE(answered.constFirst().constFirst().toBool(), false);
    const QString problem = answered.constFirst().constLast().toString();
    QVERIFY2(problem.contains(u"install xdg-desktop-portal"_s), qPrintable(problem));
}

void BackgroundRequestTest::portalThatEnds()
{
    bringPortal();
    m_portal->order = Portal::Order::Never;
    BackgroundRequest request(m_session);
    QSignalSpy answered(&request, &BackgroundRequest::answered);
    request.send(true);
    QTRY_COMPARE(m_portal->calls, 1);
    QCOMPARE(answered.size(), 0);
    QVERIFY(m_desktop.unregisterService(portalService));
    QTRY_COMPARE(answered.size(), 1);
    QCOMPARE(answered.constFirst().constFirst().toBool(), false);
}

QTEST_GUILESS_MAIN(BackgroundRequestTest)
#include "tst_backgroundrequest.moc"
