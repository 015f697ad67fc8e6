// SPDX-License-Identifier: MIT
#include "privatebus.h"
#include "wiretypes.h"

#include <QDBusMessage>
#include <QDBusMetaType>
#include <QFile>
#include <QSignalSpy>
#include <QTest>
#include <QXmlStreamReader>

#include <limits>

using namespace Nettally;

namespace {

template <typename T>
constexpr T most = std::numeric_limits<T>::max();

template <typename T>
T as(const QVariant &argument)
{
    return qdbus_cast<T>(argument);
}

} // namespace

/// Sends each type over a real bus and compares what arrives.
class WireTest : public QObject {
    Q_OBJECT

Q_SIGNALS:
    void arrived(const QDBusMessage &message);

private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase();
    void signaturesAreThoseOfTheXml();
    void carriesPrograms();
    void carriesRemotes();
    void carriesRows();
    void carriesConnections();
    void carriesNames();
    void carriesJournals();
    void carriesProbes();
    void carriesInterfaces();
    void carriesMaps();
    void carriesIds();

private:
    template <typename T>
    void carry(const T &sent);

    PrivateBus m_bus;
    QDBusConnection m_sender{QString()};
    QDBusConnection m_receiver{QString()};
};

void WireTest::initTestCase()
{
    Wire::registerTypes();
    QCOMPARE(m_bus.start(), QString());
    m_sender = m_bus.connect();
    m_receiver = m_bus.connect();
    QVERIFY(m_sender.isConnected());
    QVERIFY(m_receiver.connect(m_sender.baseService(), QStringLiteral("/wire"), QStringLiteral("test.Wire"),
                               QStringLiteral("Carried"), this, SIGNAL(arrived(QDBusMessage))));
}

void WireTest::cleanupTestCase()
{
    QDBusConnection::disconnectFromBus(m_sender.name());
    QDBusConnection::disconnectFromBus(m_receiver.name());
}

template <typename T>
void WireTest::carry(const T &sent)
{
    QSignalSpy spy(this, &WireTest::arrived);
    QDBusMessage message =
        QDBusMessage::createTargetedSignal(m_receiver.baseService(), QStringLiteral("/wire"),
                                           QStringLiteral("test.Wire"), QStringLiteral("Carried"));
    message << QVariant::fromValue(sent);
    QVERIFY(m_sender.send(message));
    QVERIFY(spy.wait());
    const auto received = spy[0][0].value<QDBusMessage>();
    QCOMPARE(received.arguments().size(), 1);
    QCOMPARE(received.signature(), QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<T>())));
    QVERIFY(as<T>(received.arguments().at(0)) == sent);
}

void WireTest::signaturesAreThoseOfTheXml()
{
    const QMap<QString, QString> ours{
        {QStringLiteral("UsageDeltas.programs"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<QList<Wire::Program>>()))},
        {QStringLiteral("UsageDeltas.remotes"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<QList<Wire::Remote>>()))},
        {QStringLiteral("UsageDeltas.rows"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<QList<Wire::Row>>()))},
        {QStringLiteral("Connections.programs"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<QList<Wire::Program>>()))},
        {QStringLiteral("Connections.connections"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<QList<Wire::Connection>>()))},
        {QStringLiteral("NameAnswers.answers"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<QList<Wire::NameAnswer>>()))},
        {QStringLiteral("ReadJournal.journal"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<QByteArray>()))},
        {QStringLiteral("ReadJournal.journalRead"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<QByteArray>()))},
        {QStringLiteral("ReadJournal.programs"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<QList<Wire::JournalProgram>>()))},
        {QStringLiteral("ReadJournal.flows"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<QList<Wire::JournalFlow>>()))},
        {QStringLiteral("ReadJournal.notMeasured"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<QList<Wire::JournalGap>>()))},
        {QStringLiteral("ReadJournal.interfaces"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<QList<Wire::JournalInterface>>()))},
        {QStringLiteral("UsageDeltas.ended"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<QList<uint>>()))},
        {QStringLiteral("Status.info"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<Wire::StringMap>()))},
        {QStringLiteral("Status.probes"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<QList<Wire::Probe>>()))},
        {QStringLiteral("Status.losses"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<Wire::CountMap>()))},
        {QStringLiteral("Status.usage"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<Wire::CountMap>()))},
        {QStringLiteral("Audit.interfaces"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<QList<Wire::InterfaceBalance>>()))},
        {QStringLiteral("Balance.interfaces"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<QList<Wire::InterfaceBalance>>()))},
        {QStringLiteral("Status.interfaces"),
         QLatin1String(QDBusMetaType::typeToSignature(QMetaType::fromType<QList<Wire::Interface>>()))}};

    QFile file(QStringLiteral(NETTALLY_MONITOR_XML));
    QVERIFY(file.open(QFile::ReadOnly));
    QXmlStreamReader xml(&file);
    QString member;
    QMap<QString, QString> contract;
    while (!xml.atEnd()) {
        if (xml.readNext() != QXmlStreamReader::StartElement)
            continue;
        const QXmlStreamAttributes attributes = xml.attributes();
        if (xml.name() == QLatin1String("method") || xml.name() == QLatin1String("signal"))
            member = attributes.value(QLatin1String("name")).toString();
        else if (xml.name() == QLatin1String("arg") && attributes.value(QLatin1String("type")).size() > 1)
            contract[member + QLatin1Char('.') + attributes.value(QLatin1String("name")).toString()] =
                attributes.value(QLatin1String("type")).toString();
    }
    QVERIFY2(!xml.hasError(), qPrintable(xml.errorString()));
    QCOMPARE(ours, contract);
}

void WireTest::carriesPrograms()
{
    const Wire::Program biggest{most<quint32>,
                                most<quint32>,
                                most<quint64>,
                                QString(255, QChar(0xffee)),
                                QString(256, QChar(QChar::ReplacementCharacter)),
                                most<quint32>,
                                most<quint64>,
                                most<quint32>,
                                most<quint32>,
                                most<quint8>};
    const Wire::Program named{3, 1, 2, QString::fromUtf8("прог 𝛑"), {}, 1000, 4, 5, 6, 1};
    carry(biggest);
    carry(QList<Wire::Program>{{}, named, biggest});
    carry(QList<Wire::Program>());
}

void WireTest::carriesRemotes()
{
    QByteArray all;
    for (int byte = 0; byte < 256; byte += 16)
        all.append(char(byte));
    carry(Wire::Remote{most<quint32>, all});
    carry(QList<Wire::Remote>{{1, {}}, {2, QByteArray::fromHex("c0000201")}, {3, all}});
    carry(QList<Wire::Remote>());
}

void WireTest::carriesRows()
{
    const Wire::Row biggest{most<quint32>, most<quint32>, most<quint32>, most<quint16>, most<quint8>,
                            most<quint8>,  most<quint32>, most<quint64>, most<quint64>, most<quint32>};
    carry(biggest);
    carry(QList<Wire::Row>{{}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, biggest});
    carry(QList<Wire::Row>(Wire::maxRowsPerMessage, biggest));
    carry(QList<Wire::Row>());
}

void WireTest::carriesConnections()
{
    const QByteArray v4("\xc6\x33\x64\x01", 4);
    const QByteArray v6(16, '\xfe');
    carry(QList<Wire::Connection>{{most<quint64>, most<quint32>, 11, 2, most<quint16>, v6, 1, v4, 2,
                                   most<quint64>, true, 3, 4, 5, 6, most<quint32>, 7, most<quint64>, 8},
                                  {1, 0, 10, 0, 22, {}, 22, {}, 0, 0, false, 0, 0, 0, 0, 0, 0, 0, 0}});
}

void WireTest::carriesNames()
{
    carry(QList<Wire::NameAnswer>{
        {}, {most<quint32>, most<quint64>, most<quint64>, 6, most<quint32>, 3, QByteArray(2048, '\0')}});
    carry(QList<Wire::NameAnswer>());
}

void WireTest::carriesJournals()
{
    constexpr qint64 least = std::numeric_limits<qint64>::min();
    carry(QList<Wire::JournalProgram>{
        {QStringLiteral("näme"), QStringLiteral("/bin/x"), most<quint32>, QStringLiteral("/user.slice"), 4},
        {}});
    carry(
        QList<Wire::JournalFlow>{{most<qint64>, most<quint32>, QByteArray(16, '\xfe'), 255, most<quint16>, 3,
                                  QStringLiteral("eth0"), most<quint64>, 1, true, 2, 3, 4, 5, most<quint64>},
                                 {}});
    carry(QList<Wire::JournalGap>{{least, most<qint64>, 2}, {}});
    carry(QList<Wire::JournalInterface>{
        {most<qint64>, QStringLiteral("wlan0"), most<quint64>, 1, least, most<qint64>}, {}});
}

void WireTest::carriesProbes()
{
    carry(Wire::Probe{QStringLiteral("payload-send"), QStringLiteral("tp_btf"), true, {}});
    carry(QList<Wire::Probe>{{}, {QStringLiteral("a"), {}, false, QStringLiteral("why not")}});
}

void WireTest::carriesInterfaces()
{
    carry(Wire::Interface{most<quint32>, QStringLiteral("enp0s31f6"), most<quint64>, most<quint64>,
                          most<quint64>, most<quint64>, true, true});
    carry(QList<Wire::Interface>{{}, {1, QStringLiteral("lo"), 1, 2, 3, 4, true, false}});
}

void WireTest::carriesMaps()
{
    carry(Wire::StringMap{{QStringLiteral("btf"), QStringLiteral("yes")}, {{}, {}}});
    carry(Wire::CountMap{{QStringLiteral("spilledFlows"), most<quint64>}, {QStringLiteral("zero"), 0}});
    carry(Wire::StringMap());
    carry(Wire::CountMap());
}

void WireTest::carriesIds()
{
    carry(QList<uint>{0, 1, most<quint32>});
    carry(QList<uint>());
}

QTEST_GUILESS_MAIN(WireTest)
#include "tst_wire.moc"
