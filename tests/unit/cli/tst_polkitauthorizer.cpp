// SPDX-License-Identifier: MIT
#include "polkitauthorizer.h"
#include "privatebus.h"

#include <QDBusArgument>
#include <QDBusConnectionInterface>
#include <QDBusContext>
#include <QDBusMessage>
#include <QDBusMetaType>
#include <QFile>
#include <QProcess>
#include <QSocketNotifier>
#include <QTemporaryDir>
#include <QTest>

#include <cstdio>
#include <memory>
#include <optional>

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace Nettally;
using namespace Qt::StringLiterals;

/// polkit's way to name a process or a user: (sa{sv}).
struct PolkitName {
    QString kind;
    QVariantMap details;
};

QDBusArgument &operator<<(QDBusArgument &argument, const PolkitName &name)
{
    argument.beginStructure();
    argument << name.kind << name.details;
    argument.endStructure();
    return argument;
}

const QDBusArgument &operator>>(const QDBusArgument &argument, PolkitName &name)
{
    argument.beginStructure();
    argument >> name.kind >> name.details;
    argument.endStructure();
    return argument;
}

namespace {

constexpr uint subjectUser = 65534;

QDBusMessage authorityCall(const QString &method)
{
    return QDBusMessage::createMethodCall(u"org.freedesktop.PolicyKit1"_s,
                                          u"/org/freedesktop/PolicyKit1/Authority"_s,
                                          u"org.freedesktop.PolicyKit1.Authority"_s, method);
}

void say(const QString &line)
{
    std::fprintf(stdout, "%s\n", qUtf8Printable(line));
    std::fflush(stdout);
}

/// Field 22 of /proc/self/stat: clock ticks since the start of the machine.
qulonglong startTime()
{
    QFile file(u"/proc/self/stat"_s);
    if (!file.open(QIODevice::ReadOnly)) {
        return 0;
    }
    const QByteArray stat = file.readAll();
    return stat.mid(stat.lastIndexOf(')') + 2).split(' ').value(19).toULongLong();
}

} // namespace

/// Asks the user for a password, as a desktop does: tells the test on standard output and does what it says.
class Agent : public QObject, protected QDBusContext {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.PolicyKit1.AuthenticationAgent")

public:
    explicit Agent(const QDBusConnection &bus)
        : m_bus(bus)
        , m_input(STDIN_FILENO, QSocketNotifier::Read)
    {
        connect(&m_input, &QSocketNotifier::activated, this, &Agent::obey);
    }

public Q_SLOTS:
    void BeginAuthentication(const QString &, const QString &message, const QString &,
                             const QMap<QString, QString> &, const QString &cookie, const QList<PolkitName> &)
    {
        setDelayedReply(true);
        m_question = QDBusContext::message();
        say(u"asked %1 %2"_s.arg(cookie, message));
    }
    void CancelAuthentication(const QString &) { }

private:
    void obey()
    {
        char order[64] = {};
        if (::read(STDIN_FILENO, order, sizeof order - 1) <= 0) {
            QCoreApplication::quit();
        } else if (order[0] == 'c') {
            m_bus.send(
                m_question.createErrorReply(u"org.freedesktop.PolicyKit1.Error.Cancelled"_s, u"cancelled"_s));
        } else {
            m_bus.send(m_question.createReply());
        }
    }

    QDBusConnection m_bus;
    QSocketNotifier m_input;
    QDBusMessage m_question;
};

/// The other side of the test: a process of another user on the bus, whose rights are asked about.
static int beSubject(const QString &address, bool withAgent)
{
    qDBusRegisterMetaType<PolkitName>();
    qDBusRegisterMetaType<QList<PolkitName>>();
    qDBusRegisterMetaType<QMap<QString, QString>>();
    QDBusConnection bus = QDBusConnection::connectToBus(address, u"subject"_s);
    Agent agent(bus);
    if (withAgent) {
        bus.registerObject(u"/agent"_s, &agent, QDBusConnection::ExportAllSlots);
        QDBusMessage call = authorityCall(u"RegisterAuthenticationAgent"_s);
        call << QVariant::fromValue(PolkitName{
            u"unix-process"_s,
            {{u"pid"_s, uint(QCoreApplication::applicationPid())}, {u"start-time"_s, startTime()}}})
             << u"C"_s << u"/agent"_s;
        const QDBusMessage reply = bus.call(call);
        if (reply.type() != QDBusMessage::ReplyMessage) {
            say(reply.errorMessage());
            return 1;
        }
    }
    say(bus.baseService());
    return QCoreApplication::exec();
}

class TestPolkitAuthorizer : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase();
    void init();
    void cleanup();

    void ownProgramsAreEverybodys();
    void allProgramsWantAnAdministrator();
    void rootMayEverything();
    void ruleDecides_data();
    void ruleDecides();
    void userCancels();
    void administratorAgrees();
    void answersManyAtATime();
    void saysPolkitIsMissing();
    void saysPolkitCannotDecide();
    void diesInTheMiddle();

private:
    void startPolkit(const QByteArray &rules = {});
    void startSubject(bool withAgent = false);
    QByteArray readSubjectLine();
    Verdict check(const char *action, bool interactive = false);

    QTemporaryDir m_directory;
    QString m_rulesDirectory;
    QProcess m_busDaemon;
    QProcess m_polkit;
    QProcess m_subject;
    QString m_busAddress;
    QString m_subjectProgram;
    QString m_subjectName;
    std::unique_ptr<QDBusConnection> m_bus;
    std::unique_ptr<PolkitAuthorizer> m_authorizer;
};

void TestPolkitAuthorizer::initTestCase()
{
    QVERIFY2(::geteuid() == 0,
             "This test runs a polkit of its own and asks about another user: run it as root.");
    QVERIFY2(QFile::exists(u"/usr/lib/polkit-1/polkitd"_s),
             "polkitd is missing: install the package polkitd.");
    qDBusRegisterMetaType<PolkitName>();

    // Our actions and rules in the place of this machine's, for this process and its children alone.
    QCOMPARE(::unshare(CLONE_NEWNS), 0);
    QCOMPARE(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    QVERIFY(m_directory.isValid());
    QCOMPARE(::chmod(QFile::encodeName(m_directory.path()).constData(), 0755), 0);
    // Where the other user can reach it: a build below a home usually is closed to others.
    m_subjectProgram = m_directory.filePath(u"subject"_s);
    QVERIFY(QFile::copy(QCoreApplication::applicationFilePath(), m_subjectProgram));
    const auto replace = [this](const QString &path, const QString &name) {
        const QString substitute = m_directory.filePath(name);
        return QDir().mkdir(substitute)
            && ::mount(QFile::encodeName(substitute).constData(), QFile::encodeName(path).constData(),
                       nullptr, MS_BIND, nullptr)
            == 0;
    };
    QVERIFY(replace(u"/usr/share/polkit-1/actions"_s, u"actions"_s));
    QVERIFY(replace(u"/usr/share/polkit-1/rules.d"_s, u"vendor-rules"_s)); // none: root is the administrator
    QVERIFY(replace(u"/etc/polkit-1/rules.d"_s, u"rules"_s));
    m_rulesDirectory = m_directory.filePath(u"rules"_s);
    QVERIFY(
        QFile::copy(QStringLiteral(NETTALLY_POLICY), m_directory.filePath(u"actions/org.nettally.policy"_s)));

    const QString configPath = m_directory.filePath(u"bus.conf"_s);
    QFile config(configPath);
    QVERIFY(config.open(QIODevice::WriteOnly));
    config.write(
        QStringLiteral(R"(<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=%1/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow send_destination="org.freedesktop.DBus"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
  </policy>
  <include>/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf</include>
</busconfig>
)")
            .arg(m_directory.path())
            .toUtf8());
    config.close();
    killWithParent(m_busDaemon);
    m_busDaemon.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    m_busDaemon.start(u"dbus-daemon"_s,
                      {u"--nofork"_s, u"--print-address"_s, u"--config-file="_s + configPath});
    QVERIFY(m_busDaemon.waitForReadyRead(10000));
    m_busAddress = QString::fromUtf8(m_busDaemon.readLine()).trimmed();
    // polkit-qt and polkitd find the bus by this; before the first of them is used.
    qputenv("DBUS_SYSTEM_BUS_ADDRESS", m_busAddress.toUtf8());
    m_bus = std::make_unique<QDBusConnection>(QDBusConnection::connectToBus(m_busAddress, u"helper"_s));
    QVERIFY(m_bus->isConnected());

    killWithParent(m_polkit);
    m_polkit.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    m_subject.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    m_subject.setChildProcessModifier([] {
        if (::setgid(subjectUser) != 0 || ::setuid(subjectUser) != 0) {
            ::_exit(99);
        }
    });
}

void TestPolkitAuthorizer::cleanupTestCase()
{
    m_bus.reset();
    QDBusConnection::disconnectFromBus(u"helper"_s);
    m_busDaemon.kill();
    m_busDaemon.waitForFinished();
}

void TestPolkitAuthorizer::init()
{
    m_authorizer = std::make_unique<PolkitAuthorizer>(*m_bus);
}

void TestPolkitAuthorizer::cleanup()
{
    m_authorizer.reset();
    for (QProcess *process : {&m_subject, &m_polkit}) {
        if (process->state() != QProcess::NotRunning) {
            process->kill();
            process->waitForFinished();
        }
    }
    const QDir rules(m_rulesDirectory);
    const QStringList files = rules.entryList(QDir::Files);
    for (const QString &file : files) {
        QFile::remove(rules.filePath(file));
    }
}

void TestPolkitAuthorizer::startPolkit(const QByteArray &rules)
{
    if (!rules.isEmpty()) {
        QFile file(m_rulesDirectory + u"/10-test.rules"_s);
        QVERIFY(file.open(QIODevice::WriteOnly));
        QCOMPARE(file.write(rules), rules.size());
    }
    m_polkit.start(u"/usr/lib/polkit-1/polkitd"_s, {u"--no-debug"_s});
    QTRY_VERIFY(m_bus->interface()->isServiceRegistered(u"org.freedesktop.PolicyKit1"_s).value());
}

void TestPolkitAuthorizer::startSubject(bool withAgent)
{
    QStringList arguments = {u"--subject"_s, m_busAddress};
    if (withAgent) {
        arguments.append(u"--agent"_s);
    }
    m_subject.start(m_subjectProgram, arguments);
    m_subjectName = QString::fromUtf8(readSubjectLine());
    QVERIFY2(m_subjectName.startsWith(u':'), qPrintable(m_subjectName));
}

QByteArray TestPolkitAuthorizer::readSubjectLine()
{
    return QTest::qWaitFor([this] { return m_subject.canReadLine(); }) ? m_subject.readLine().trimmed()
                                                                       : QByteArray();
}

Verdict TestPolkitAuthorizer::check(const char *action, bool interactive)
{
    int answers = 0;
    Verdict verdict = Verdict::Denied;
    m_authorizer->check(m_subjectName, QLatin1String(action), interactive, [&](Verdict answer) {
        verdict = answer;
        ++answers;
    });
    if (answers != 0) {
        qFatal("The answer came before the call was over.");
    }
    if (!QTest::qWaitFor([&] { return answers > 0; }, 15000) || answers != 1) {
        qFatal("%d answers came.", answers);
    }
    return verdict;
}

void TestPolkitAuthorizer::ownProgramsAreEverybodys()
{
    startPolkit();
    startSubject();
    QCOMPARE(check(actionOwn), Verdict::Allowed);
    QCOMPARE(check(actionOwn, true), Verdict::Allowed);
}

void TestPolkitAuthorizer::allProgramsWantAnAdministrator()
{
    startPolkit();
    startSubject();
    QCOMPARE(check(actionAll), Verdict::WouldChallenge);
    QCOMPARE(check(actionAll, true), Verdict::WouldChallenge); // nobody there who could ask
}

void TestPolkitAuthorizer::rootMayEverything()
{
    startPolkit();
    m_subjectName = m_bus->baseService();
    QCOMPARE(check(actionAll), Verdict::Allowed);
}

void TestPolkitAuthorizer::ruleDecides_data()
{
    QTest::addColumn<QByteArray>("rules");
    QTest::addColumn<int>("own");
    QTest::addColumn<int>("all");
    QTest::newRow("yes to all") << QByteArray("polkit.addRule(function(action, subject) { if (action.id == "
                                              "'org.nettally.monitor.all' && subject.user == 'nobody') "
                                              "return polkit.Result.YES; });")
                                << int(Verdict::Allowed) << int(Verdict::Allowed);
    QTest::newRow("no to everything") << QByteArray("polkit.addRule(function(action, subject) { if "
                                                    "(action.id.indexOf('org.nettally.') == 0) "
                                                    "return polkit.Result.NO; });")
                                      << int(Verdict::Denied) << int(Verdict::Denied);
    QFile sample(QStringLiteral(NETTALLY_SAMPLE_RULES));
    QVERIFY(sample.open(QIODevice::ReadOnly));
    const QByteArray rules = sample.readAll();
    QVERIFY(rules.contains("netadmin"));
    QTest::newRow("our sample, of another group")
        << rules << int(Verdict::Allowed) << int(Verdict::WouldChallenge);
    QTest::newRow("our sample, of that group")
        << QByteArray(rules).replace("netadmin", "nogroup") << int(Verdict::Allowed) << int(Verdict::Allowed);
}

void TestPolkitAuthorizer::ruleDecides()
{
    QFETCH(QByteArray, rules);
    QFETCH(int, own);
    QFETCH(int, all);
    startPolkit(rules);
    startSubject();
    QCOMPARE(int(check(actionOwn)), own);
    QCOMPARE(int(check(actionAll)), all);
}

void TestPolkitAuthorizer::userCancels()
{
    startPolkit();
    startSubject(true);
    QCOMPARE(check(actionAll, false), Verdict::WouldChallenge);

    std::optional<Verdict> verdict;
    m_authorizer->check(m_subjectName, QLatin1String(actionAll), true,
                        [&](Verdict answer) { verdict = answer; });
    const QByteArray question = readSubjectLine();
    QVERIFY2(question.startsWith("asked "), question.constData());
    QVERIFY2(question.endsWith("use the network, how much, and with whom."), question.constData());
    QVERIFY(!verdict);
    // Others are answered while a dialog is open.
    QCOMPARE(check(actionOwn), Verdict::Allowed);
    m_subject.write("cancel\n");
    QTRY_VERIFY(verdict);
    QCOMPARE(*verdict, Verdict::Denied);
}

void TestPolkitAuthorizer::administratorAgrees()
{
    startPolkit();
    startSubject(true);
    std::optional<Verdict> verdict;
    m_authorizer->check(m_subjectName, QLatin1String(actionAll), true,
                        [&](Verdict answer) { verdict = answer; });
    const QByteArrayList question = readSubjectLine().split(' ');
    QCOMPARE(question.value(0), QByteArray("asked"));
    // What polkit's setuid helper says once PAM is content with the password.
    QDBusMessage right = authorityCall(u"AuthenticationAgentResponse2"_s);
    right << subjectUser << QString::fromUtf8(question.value(1))
          << QVariant::fromValue(PolkitName{u"unix-user"_s, {{u"uid"_s, 0U}}});
    const QDBusMessage reply = m_bus->call(right);
    QVERIFY2(reply.type() == QDBusMessage::ReplyMessage, qPrintable(reply.errorMessage()));
    m_subject.write("done\n");
    QTRY_VERIFY(verdict);
    QCOMPARE(*verdict, Verdict::Allowed);
}

void TestPolkitAuthorizer::answersManyAtATime()
{
    startPolkit();
    startSubject();
    const QString root = m_bus->baseService();
    constexpr int pairs = 50;
    int allowed = 0;
    int challenged = 0;
    for (int i = 0; i < pairs; ++i) {
        m_authorizer->check(root, QLatin1String(actionAll), false,
                            [&](Verdict answer) { allowed += answer == Verdict::Allowed; });
        m_authorizer->check(m_subjectName, QLatin1String(actionAll), false,
                            [&](Verdict answer) { challenged += answer == Verdict::WouldChallenge; });
    }
    QTRY_COMPARE(allowed + challenged, 2 * pairs);
    QCOMPARE(allowed, pairs); // nobody got another's answer
}

void TestPolkitAuthorizer::saysPolkitIsMissing()
{
    startSubject();
    QTest::ignoreMessage(QtWarningMsg,
                         QRegularExpression(u"polkit could not decide org.nettally.monitor.own"_s));
    QCOMPARE(check(actionOwn), Verdict::Unavailable);
    // And notices when it comes.
    startPolkit();
    QCOMPARE(check(actionOwn), Verdict::Allowed);
}

void TestPolkitAuthorizer::saysPolkitCannotDecide()
{
    startPolkit();
    startSubject();
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"polkit could not decide org.example.none"_s));
    QCOMPARE(check("org.example.none"), Verdict::Unavailable);
    m_subjectName = u":1.4294967295"_s;
    QTest::ignoreMessage(QtWarningMsg,
                         QRegularExpression(u"polkit could not decide org.nettally.monitor.own"_s));
    QCOMPARE(check(actionOwn), Verdict::Unavailable);
}

void TestPolkitAuthorizer::diesInTheMiddle()
{
    startPolkit();
    startSubject(true);
    std::optional<Verdict> verdict;
    m_authorizer->check(m_subjectName, QLatin1String(actionAll), true,
                        [&](Verdict answer) { verdict = answer; });
    QVERIFY(readSubjectLine().startsWith("asked "));
    QTest::ignoreMessage(QtWarningMsg,
                         QRegularExpression(u"polkit could not decide org.nettally.monitor.all"_s));
    m_polkit.kill();
    QTRY_VERIFY(verdict);
    QCOMPARE(*verdict, Verdict::Unavailable);

    // A check whose asker is gone is not answered.
    m_polkit.waitForFinished();
    startPolkit();
    verdict.reset();
    m_authorizer->check(m_subjectName, QLatin1String(actionOwn), false,
                        [&](Verdict answer) { verdict = answer; });
    m_authorizer.reset();
    m_authorizer = std::make_unique<PolkitAuthorizer>(*m_bus);
    QCOMPARE(check(actionOwn), Verdict::Allowed); // the earlier answer would have come first
    QVERIFY(!verdict);
}

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    const QStringList arguments = QCoreApplication::arguments();
    if (arguments.value(1) == u"--subject"_s) {
        return beSubject(arguments.value(2), arguments.contains(u"--agent"_s));
    }
    TestPolkitAuthorizer test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_polkitauthorizer.moc"
