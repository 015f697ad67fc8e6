// SPDX-License-Identifier: MIT
#include "alertservice.h"
#include "factbook.h"
#include "historyscript.h"
#include "notificationrecorder.h"
#include "privatebus.h"

#include <QDBusObjectPath>
#include <QDBusVirtualObject>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <memory>

using namespace Nettally;
using namespace Nettally::Test;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr quint64 mega = 1'000'000;
constexpr qint64 noon = 1'795'521'600; ///< 2026-11-24 12:00 UTC

AlertRule amountRule(const QString &id = u"rule"_s)
{
    AlertRule rule;
    rule.id = id;
    rule.subject = AlertSubject::AnyProgram;
    rule.limitBytes = 100 * mega;
    return rule;
}

/// NetworkManager as far as it is asked here: properties by path and interface.
class FakeNetworkManager : public QDBusVirtualObject {
public:
    QMap<QString, QVariantMap> objects;

    bool handleMessage(const QDBusMessage &message, const QDBusConnection &connection) override
    {
        if (message.member() != u"GetAll")
            return false;
        return connection.send(message.createReply(objects.value(message.path())));
    }
    QString introspect(const QString &) const override { return {}; }
};

} // namespace

class TestAlertService : public QObject {
    Q_OBJECT

private:
    void begin(const QList<AlertRule> &rules)
    {
        AlertSettings settings;
        settings.rules = rules;
        QCOMPARE(AlertSettingsFile::write(m_folder->path(), settings), QString());
        make();
    }
    void make()
    {
        m_service.reset();
        m_service = std::make_unique<AlertService>(m_folder->path(), m_bus.connect(), m_bus.connect());
        AlertEngine &engine = m_service->engine();
        engine.setClock([this] { return m_nowUtcS; });
        engine.setZone([] { return QTimeZone::utc(); });
        engine.setUnitBase([] { return UnitBase::Si; });
        m_service->start([this](const HistoryQuery &query, const AlertEngine::Answered &answered) {
            QMetaObject::invokeMethod(
                this, [this, query, answered] { answered(m_facts->answer(query)); }, Qt::QueuedConnection);
        });
    }
    const QList<AlertEvent> &events() const { return m_service->engine().events(); }
    void move(const QString &program, quint64 megas)
    {
        m_facts->add(m_nowUtcS - 60, program, u"eth0"_s, megas * mega, 0);
        m_service->engine().evaluate();
    }

    PrivateBus m_bus;
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<NotificationRecorder> m_recorder;
    std::unique_ptr<FactBook> m_facts;
    std::unique_ptr<AlertService> m_service;
    qint64 m_nowUtcS = noon;

private Q_SLOTS:
    void initTestCase()
    {
        QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedKingdom));
        QCOMPARE(m_bus.start(), QString());
    }

    void init()
    {
        m_nowUtcS = noon;
        m_folder = std::make_unique<QTemporaryDir>();
        m_facts = std::make_unique<FactBook>(QTimeZone::utc());
        m_recorder = std::make_unique<NotificationRecorder>(m_bus.connect());
        QVERIFY(m_recorder->start());
    }

    void cleanup()
    {
        m_service.reset();
        m_recorder->stop();
        m_recorder.reset();
    }

    void notifies()
    {
        begin({amountRule()});
        move(u"a<b>&"_s, 200);
        QTRY_COMPARE(m_recorder->calls.size(), 1);
        const NotificationRecorder::Call call = m_recorder->calls.constFirst();
        QCOMPARE(call.title, u"a<b>& passed a limit"_s);
        QCOMPARE(QString(call.text).replace(QChar::Nbsp, u' '),
                 u"a&lt;b&gt;&amp; has received and sent 200 MB today; the limit is 100 MB."_s);
        QCOMPARE(call.actions,
                 QStringList({u"default"_s, u"Show"_s, u"snooze"_s, u"Snooze an hour"_s, u"mute"_s,
                              u"Mute a<b>&"_s}));
        QCOMPARE(call.hints.value(u"urgency"_s).toUInt(), 1U);
        QCOMPARE(events().size(), 1);
        QCOMPARE(events().constFirst().delivery, AlertDelivery::Notified);
        // A second of the same rule takes its place.
        move(u"c"_s, 300);
        QTRY_COMPARE(m_recorder->calls.size(), 2);
        QCOMPARE(m_recorder->calls.at(1).replaces, call.id);
        // One that was closed is not there to be replaced.
        Q_EMIT m_recorder->NotificationClosed(call.id, 2);
        Q_EMIT m_recorder->ActionInvoked(call.id, u"snooze"_s);
        move(u"d"_s, 300);
        QTRY_COMPARE(m_recorder->calls.size(), 3);
        QCOMPARE(m_recorder->calls.at(2).replaces, 0U);
    }

    void withoutMarkup()
    {
        m_recorder->hasMarkup = false;
        begin({amountRule()});
        move(u"a<b>"_s, 200);
        QTRY_COMPARE(m_recorder->calls.size(), 1);
        QVERIFY(m_recorder->calls.constFirst().text.startsWith(u"a‹b› has received"));
    }

    void showSnoozeAndMute()
    {
        begin({amountRule()});
        move(u"a"_s, 200);
        QTRY_COMPARE(m_recorder->calls.size(), 1);
        const quint32 id = m_recorder->calls.constFirst().id;
        QSignalSpy opened(m_service.get(), &AlertService::openRequested);
        // The answer with the id may still be on its way.
        QTRY_VERIFY(!m_service->engine().events().isEmpty());
        QTRY_VERIFY((Q_EMIT m_recorder->ActionInvoked(id, u"default"_s), opened.size() > 0));
        QCOMPARE(opened.constFirst().at(0).toULongLong(), events().constFirst().number);
        // Of a notification of another program nothing follows.
        Q_EMIT m_recorder->ActionInvoked(id + 1, u"mute"_s);
        Q_EMIT m_recorder->ActionInvoked(id, u"mute"_s);
        QTRY_COMPARE(m_service->engine().settings().mutedPrograms, QStringList{u"/usr/bin/a"_s});

        Q_EMIT m_recorder->ActionInvoked(id, u"snooze"_s);
        QTRY_COMPARE(m_service->engine().snoozedUntilUtcS(), std::optional(noon + 3600));
        move(u"b"_s, 200);
        QTRY_COMPARE(events().size(), 2);
        QCOMPARE(events().at(1).delivery, AlertDelivery::Snoozed);
        // It ends by itself.
        m_nowUtcS += 3600;
        move(u"c"_s, 200);
        QTRY_COMPARE(events().size(), 3);
        QCOMPARE(events().at(2).delivery, AlertDelivery::Notified);
        QTRY_COMPARE(m_recorder->calls.size(), 2);
    }

    void quietHours()
    {
        begin({amountRule()});
        AlertSettings settings = m_service->engine().settings();
        settings.hasQuietHours = true;
        settings.quietFrom = QTime(11, 0);
        settings.quietTo = QTime(13, 0);
        m_service->engine().setSettings(settings);
        move(u"a"_s, 200);
        QTRY_COMPARE(events().size(), 1);
        QCOMPARE(events().constFirst().delivery, AlertDelivery::QuietHours);
        m_nowUtcS += 3600;
        move(u"b"_s, 200);
        QTRY_COMPARE(m_recorder->calls.size(), 1);
        QVERIFY(m_recorder->calls.constFirst().text.startsWith(u"b "));
    }

    void noService()
    {
        begin({amountRule()});
        m_recorder->stop();
        move(u"a"_s, 200);
        QTRY_COMPARE(events().size(), 1);
        QTRY_COMPARE(events().constFirst().delivery, AlertDelivery::NoService);
        QVERIFY(m_recorder->start());
    }

    void remembersOverARestart()
    {
        begin({amountRule()});
        move(u"a"_s, 200);
        QTRY_COMPARE(m_recorder->calls.size(), 1);
        const QList<AlertEvent> before = events();
        make();
        QCOMPARE(events(), before);
        move(u"b"_s, 300);
        // The second evaluation is over when what it found was told.
        QTRY_COMPARE(events().size(), 2);
        QCOMPARE(events().at(1).program, u"b"_s);
        QCOMPARE(events().at(1).number, before.constFirst().number + 1);
        // Cleared, it is still told once.
        m_service->engine().clearEvents();
        make();
        QVERIFY(events().isEmpty());
        move(u"c"_s, 300);
        QTRY_COMPARE(events().size(), 1);
        QCOMPARE(events().constFirst().program, u"c"_s);
    }

    void whatIsPastCountsAfterARestart()
    {
        const QString path = m_folder->filePath(u"history.db"_s);
        const qint64 nowUtcS = QDateTime::currentSecsSinceEpoch();
        const auto open = [&path] {
            auto store = std::make_unique<HistoryStore>(path);
            store->start();
            return store;
        };
        std::unique_ptr<HistoryStore> store = open();
        HistoryScript script(*store);
        // Twice 60 MB in this hour, by two lives of the app.
        script.flow(nowUtcS - 1, u"curl"_s, u"192.0.2.1"_s, 60 * mega, 0);
        QVERIFY(script.store());
        AlertSettings settings;
        settings.rules = {amountRule()};
        settings.rules.first().period = AlertPeriod::Month;
        QCOMPARE(AlertSettingsFile::write(m_folder->path(), settings), QString());
        const auto evaluated = [&] {
            AlertEngine engine(m_folder->path());
            int pending = 0;
            int asked = 0;
            engine.start([&](const HistoryQuery &query, const AlertEngine::Answered &answered) {
                ++pending;
                ++asked;
                store->query(query, [&pending, answered](const HistoryAnswer &answer) {
                    answered(answer);
                    --pending;
                });
            });
            engine.evaluate();
            [&] { QTRY_VERIFY(asked > 0 && pending == 0); }();
            QStringList programs;
            for (const AlertEvent &event : engine.events())
                programs.append(event.program);
            return programs;
        };
        QCOMPARE(evaluated(), QStringList());
        store.reset();
        store = open();
        HistoryScript later(*store);
        // Its first batch was stored by the life before.
        later.flow(nowUtcS - 1, u"ssh"_s, u"192.0.2.1"_s, 1, 0);
        QVERIFY(later.store());
        later.flow(nowUtcS - 1, u"ssh"_s, u"192.0.2.1"_s, 1, 0);
        later.flow(nowUtcS - 1, u"curl"_s, u"192.0.2.1"_s, 60 * mega, 0);
        QVERIFY(later.store());
        QCOMPARE(evaluated(), QStringList{u"curl"_s});
        QCOMPARE(evaluated(), QStringList{u"curl"_s});
    }

    void measuringStopped()
    {
        AlertRule stopped;
        stopped.id = u"stopped"_s;
        stopped.kind = AlertKind::NotMeasuring;
        begin({stopped});
        AlertEngine &engine = m_service->engine();
        engine.setPatience(200ms);
        // Not before it was measured at all.
        engine.setMeasuring(false, u"No helper."_s);
        engine.setMeasuring(true, {});
        engine.setMeasuring(false, u"The helper went away."_s);
        engine.setMeasuring(true, {});
        QTest::qWait(300); // longer than the patience: it came back in time
        QVERIFY(events().isEmpty());
        engine.setMeasuring(false, u"The helper went away."_s);
        engine.setMeasuring(false, u"The helper is not running."_s);
        QTRY_COMPARE(events().size(), 1);
        QCOMPARE(events().constFirst().text, u"The helper is not running."_s);
        QTRY_COMPARE(m_recorder->calls.size(), 1);
        QCOMPARE(m_recorder->calls.constFirst().actions.size(), 4);
    }

    void oneWindowOfTwo()
    {
        begin({amountRule()});
        move(u"a"_s, 200);
        QTRY_COMPARE(events().size(), 1);
        AlertEngine second(m_folder->path());
        int asked = 0;
        second.start([&asked](const HistoryQuery &, const AlertEngine::Answered &) { ++asked; });
        second.evaluate();
        QVERIFY(!second.problem().isEmpty());
        second.setSettings(AlertSettings::standard());
        QCOMPARE(second.settings().rules.size(), 1);
        QCOMPARE(asked, 0);
        // It takes over.
        move(u"b"_s, 200);
        QTRY_COMPARE(events().size(), 2);
        m_service.reset();
        second.setSettings(AlertSettings::standard());
        QCOMPARE(second.settings().rules.size(), 3);
        QCOMPARE(second.events().size(), 2);
        QCOMPARE(second.problem(), QString());
    }

    void networkNames()
    {
        FakeNetworkManager manager;
        const auto paths = [](const char *path) {
            return QVariant::fromValue(QList<QDBusObjectPath>{QDBusObjectPath(QLatin1StringView(path))});
        };
        manager.objects = {
            {u"/org/freedesktop/NetworkManager"_s, {{u"ActiveConnections"_s, paths("/active/1")}}},
            {u"/active/1"_s, {{u"Id"_s, u"Train"_s}, {u"Devices"_s, paths("/device/1")}}},
            {u"/device/1"_s,
             {{u"Interface"_s, u"cdc-wdm0"_s}, {u"IpInterface"_s, u"wwan0"_s}, {u"Metered"_s, 3U}}}};
        QDBusConnection bus = m_bus.connect();
        NetworkNames names(m_bus.connect());
        names.start();
        QVERIFY(names.names().isEmpty());
        QVERIFY(bus.registerVirtualObject(u"/"_s, &manager, QDBusConnection::SubPath));
        QVERIFY(bus.registerService(u"org.freedesktop.NetworkManager"_s));
        QTRY_COMPARE(names.names().value(u"wwan0"_s), (NetworkName{u"Train"_s, true}));
        QVERIFY(bus.unregisterService(u"org.freedesktop.NetworkManager"_s));
        QTRY_VERIFY(names.names().isEmpty());
        bus.unregisterObject(u"/"_s);
    }
};

QTEST_GUILESS_MAIN(TestAlertService)
#include "tst_alertservice.moc"
