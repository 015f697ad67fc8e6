// SPDX-License-Identifier: MIT
#include "machinetree.h"

#include "identityservice.h"

#include <QSignalSpy>

#include <utime.h>

using namespace Nettally;
using namespace Nettally::Test;
using namespace Qt::StringLiterals;

namespace {

const QString dockerId = u"fedcba9876543210"_s.repeated(4);
const QString podmanId = u"0123456789abcdef"_s.repeated(4);
const QString podId = u"abcdef0123456789"_s.repeated(4);

/// What the trees in tests/data/identity speak of.
struct Recorded : MachineTree {
    Recorded()
    {
        const QDir entries(QStringLiteral(NETTALLY_IDENTITY_DATA "/applications"));
        const QStringList files = entries.entryList(QDir::Files);
        for (const QString &file : files)
            QVERIFY(QFile::copy(entries.filePath(file), path(u"applications/"_s + file)));
        write(u"podman.json"_s,
              R"([{"id": "%1", "names": ["blog"], "image": "x"}])"_ba.replace("%1", podmanId.toLatin1()));
        write(u"docker/"_s + dockerId + u"/config.v2.json"_s, R"({"Name": "/web_1", "State": {}})");
        write(u"pods/coredns-5d78c9869d-abcde_kube-system_coredns-"_s + podId + u".log"_s, {});
    }
};

} // namespace

class TestApplicationFinder : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void recorded_data()
    {
        QTest::addColumn<QStringList>("fields");
        const QDir folder(QStringLiteral(NETTALLY_IDENTITY_DATA));
        const QStringList trees = folder.entryList({u"*.tree"_s});
        QCOMPARE(trees.size(), 4);
        for (const QString &tree : trees) {
            QFile file(folder.filePath(tree));
            QVERIFY(file.open(QIODevice::ReadOnly));
            int number = 0;
            while (!file.atEnd()) {
                ++number;
                const QString line = QString::fromUtf8(file.readLine()).trimmed();
                if (line.isEmpty() || line.startsWith(u'#'))
                    continue;
                QStringList fields = line.split(u" | "_s);
                QCOMPARE(fields.size(), 8);
                fields.replaceInStrings(QRegularExpression(u"^-$"_s), QString());
                QTest::addRow("%s:%d", qPrintable(tree), number) << fields;
            }
        }
    }

    void recorded()
    {
        QFETCH(QStringList, fields);
        Recorded machine;
        // Programs that Exec finds by name are installed; those of containers are not on this machine.
        const bool isHosts = fields[1].startsWith(u"/usr/bin/"_s);
        Program program = machine.program(isHosts ? machine.install(fields[1].mid(1)) : fields[1]);
        program.uid = fields[0].toUInt();
        QByteArrayList arguments;
        for (const QString &word : fields[2].split(u' '))
            arguments.append(word.toUtf8());
        program.cgroupId = machine.makeGroup(fields[3]);

        const auto check = [&](const Application &found, bool isAlive) {
            // The name of a script goes with the process.
            if (!isAlive && fields[4] == u"script"_s)
                return;
            QCOMPARE(applicationKindName(found.kind), fields[4]);
            QCOMPARE(found.name, fields[5]);
            QCOMPARE(found.unit, fields[6]);
            QStringList container = {found.containerRuntime};
            if (!found.containerRuntime.isEmpty())
                container += found.containerId.isEmpty() ? found.containerName : found.containerId;
            if (!found.pod.isEmpty())
                container += found.pod;
            QCOMPARE(container.join(u' '), fields[7]);
            QVERIFY(!found.key.isEmpty());
        };
        ApplicationFinder ended(machine.places());
        check(ended.find(program).application, false);
        machine.run(program, arguments, fields[3]);
        program.cgroupId = 0;
        ApplicationFinder alive(machine.places());
        check(alive.find(program).application, true);
    }

    void keyJoinsAndSeparates()
    {
        Recorded machine;
        ApplicationFinder finder(machine.places());
        const auto keyOf = [&](const QString &executable, const QString &group, uint uid = 1000) {
            Program program = machine.program(executable);
            program.uid = uid;
            program.cgroupId = machine.makeGroup(group);
            machine.run(program, {"x"}, group);
            return finder.find(program).application.key;
        };
        const QString app =
            u"/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.kde.kate-%1.scope"_s;
        QCOMPARE(keyOf(u"/usr/bin/kate"_s, app.arg(1)), keyOf(u"/usr/bin/git"_s, app.arg(2)));
        QVERIFY2(keyOf(u"/usr/bin/kate"_s, app.arg(1)) != keyOf(u"/usr/bin/kate"_s, app.arg(1), 1001),
                 "users have applications of their own");
        QCOMPARE(keyOf(u"/usr/bin/a"_s, u"/docker/"_s + dockerId),
                 keyOf(u"/usr/bin/b"_s, u"/system.slice/docker-%1.scope"_s.arg(dockerId), 5));
        QVERIFY2(
            keyOf(u"/usr/bin/a"_s, u"/docker/"_s + dockerId)
                != keyOf(u"/usr/bin/a"_s,
                         u"/user.slice/user-1000.slice/user@1000.service/docker-%1.scope"_s.arg(dockerId)),
            "a user can make such a group");
        QVERIFY(keyOf({}, u"/"_s) != keyOf({}, u"/"_s));
        QCOMPARE(keyOf(u"/usr/bin/curl"_s, u"/"_s), keyOf(u"/usr/bin/curl"_s, u"/"_s));
        QVERIFY(keyOf(u"/usr/bin/curl"_s, u"/"_s) != keyOf(u"/opt/curl"_s, u"/"_s));
    }

    void foldedAndKernelProgramsNeedNoFiles()
    {
        ApplicationFinder finder(ApplicationFinder::Places{});
        Program thread;
        thread.kind = ProgramKind::KernelThread;
        thread.name = u"nfsd"_s;
        QCOMPARE(finder.find(thread).application.kind, ApplicationKind::Kernel);
        QCOMPARE(finder.find(thread).application.name, u"nfsd"_s);
        for (const ProgramKind kind : {ProgramKind::Others, ProgramKind::Overflow, ProgramKind::Kernel}) {
            thread.kind = kind;
            QVERIFY(finder.find(thread).application.key.startsWith(u"folded:"_s));
        }
    }

    /// A number given to another process must not name the one that had it before.
    void otherProcessOfTheNumberIsNotRead()
    {
        Recorded machine;
        Program program = machine.program(machine.install(u"usr/bin/python3"_s));
        Program later = program;
        later.startNs += 1'000'000'000;
        machine.run(later, {"python3", "stranger.py"}, u"/system.slice/x.service"_s);
        ApplicationFinder finder(machine.places());
        QCOMPARE(finder.find(program).application.kind, ApplicationKind::Program);
        QCOMPARE(finder.find(program).executable, ExecutableState::Unknown);
        QCOMPARE(finder.find(later).application.name, u"x"_s);
    }

    void groupOfAProgramThatEndedIsRemembered()
    {
        MachineTree machine;
        Program program = machine.program(u"/usr/bin/a"_s);
        const QString group = u"/system.slice/short.service"_s;
        program.cgroupId = machine.makeGroup(group);
        machine.run(program, {"a"}, group);
        ApplicationFinder finder(machine.places());
        QCOMPARE(finder.find(program).application.name, u"short"_s);
        QVERIFY(QDir(machine.path(u"proc/%1"_s.arg(program.pid))).removeRecursively());
        QVERIFY(QDir(machine.path(u"cgroup/system.slice"_s)).removeRecursively());
        QCOMPARE(finder.find(program).application.name, u"short"_s);
    }

    void linksInTheTreeOfGroupsAreNotFollowed()
    {
        MachineTree machine;
        machine.makeGroup(u"/system.slice/a.service"_s);
        QVERIFY(QFile::link(machine.path(u"cgroup"_s), machine.path(u"cgroup/system.slice/loop"_s)));
        Program program = machine.program(u"/usr/bin/a"_s);
        program.cgroupId = 1; // of no group
        ApplicationFinder finder(machine.places());
        QCOMPARE(finder.find(program).application.unit, QString());
        program.cgroupId = machine.makeGroup(u"/system.slice/a.service"_s);
        ApplicationFinder again(machine.places());
        QCOMPARE(again.find(program).application.unit, u"a.service"_s);
    }

    void otherNamespaceHasPathsOfItsOwn()
    {
        Recorded machine;
        Program program = machine.program(machine.install(u"usr/bin/gnome-calculator"_s));
        machine.run(program, {"gnome-calculator"}, u"/"_s);
        ApplicationFinder finder(machine.places());
        QCOMPARE(finder.find(program).application.kind, ApplicationKind::Desktop);
        QVERIFY(!finder.find(program).isForeign);
        program.pidNs = 4026532000;
        const Identity inside = finder.find(program);
        QCOMPARE(inside.application.kind, ApplicationKind::Program);
        QVERIFY(inside.isForeign);
        QCOMPARE(inside.executable, ExecutableState::Unknown);
    }

    void scriptsOfOneNameInTwoFoldersAreTwo()
    {
        MachineTree machine;
        ApplicationFinder finder(machine.places());
        const QString python = machine.install(u"usr/bin/python3"_s);
        const auto found = [&](const QString &folder) {
            Program program = machine.program(python);
            machine.run(program, {"python3", "run.py"}, u"/"_s);
            QFile::link(folder, machine.path(u"proc/%1/cwd"_s.arg(program.pid)));
            return finder.find(program).application;
        };
        QCOMPARE(found(u"/a"_s).name, u"run.py"_s);
        QCOMPARE(found(u"/a"_s).script, u"run.py"_s);
        QCOMPARE(found(u"/a"_s).key, found(u"/a"_s).key);
        QVERIFY(found(u"/a"_s).key != found(u"/b"_s).key);
    }

    void scriptWithADesktopEntryIsItsApplication()
    {
        MachineTree machine;
        machine.install(u"usr/bin/python3"_s);
        const QString script = machine.install(u"usr/bin/meld"_s);
        machine.write(u"applications/org.gnome.meld.desktop"_s,
                      "[Desktop Entry]\nType=Application\nName=Meld\nExec=meld %F\n");
        Program program = machine.program(machine.path(u"usr/bin/python3"_s));
        machine.run(program, {"/usr/bin/python3", script.toUtf8(), "a"}, u"/"_s);
        ApplicationFinder finder(machine.places());
        QCOMPARE(finder.find(program).application.name, u"Meld"_s);
        QCOMPARE(finder.find(program).application.kind, ApplicationKind::Desktop);
    }

    void executableStates()
    {
        MachineTree machine;
        ApplicationFinder finder(machine.places());
        const auto state = [&](const Program &program) { return finder.find(program).executable; };
        // Of another user: there is no link to see the running file by.
        Program others = machine.program(machine.install(u"usr/bin/others"_s));
        machine.run(others, {"others"}, u"/"_s);
        QCOMPARE(state(others), ExecutableState::Unchanged);
        others.startNs -= 10'000'000'000; // the file was put there after that
        machine.run(others, {"others"}, u"/"_s);
        QCOMPARE(state(others), ExecutableState::Changed);
        QVERIFY(QFile::remove(others.executable));
        QCOMPARE(state(others), ExecutableState::Missing);

        // One's own: the link shows the very file, whatever its times say.
        Program own = machine.program(machine.install(u"usr/bin/own"_s));
        own.startNs -= 10'000'000'000;
        machine.run(own, {"own"}, u"/"_s);
        const QString link = machine.path(u"proc/%1/exe"_s.arg(own.pid));
        QVERIFY(QFile::link(own.executable, link));
        QCOMPARE(state(own), ExecutableState::Unchanged);
        QVERIFY(QFile::remove(link));
        QVERIFY(QFile::link(own.executable + u" (deleted)"_s, link));
        QCOMPARE(state(own), ExecutableState::Changed);
        QVERIFY(QFile::remove(own.executable));
        QCOMPARE(state(own), ExecutableState::Missing);
        QVERIFY(QFile::remove(link));
        QVERIFY(QFile::link(u"/somewhere/else"_s, link));
        QCOMPARE(state(own), ExecutableState::Unknown);

        Program odd = machine.program(u"/no/such\uFFFDfile"_s);
        machine.run(odd, {"odd"}, u"/"_s);
        QCOMPARE(state(odd), ExecutableState::Unknown);
    }

    void hostileNames()
    {
        MachineTree machine;
        ApplicationFinder finder(machine.places());
        const QString python = machine.install(u"usr/bin/python3"_s);
        const auto nameOf = [&](const QByteArrayList &arguments, const QString &group) {
            Program program = machine.program(python);
            machine.run(program, arguments, group);
            const Application found = finder.find(program).application;
            for (const QString &text : {found.name, found.unit, found.script}) {
                [&] {
                    QVERIFY2(text.size() <= 200, qPrintable(text));
                    for (const QChar c : text)
                        QVERIFY(c.category() != QChar::Other_Control && c.category() != QChar::Other_Format);
                }();
            }
            return found.name;
        };
        QCOMPARE(nameOf({"python3", "/tmp/\x1b[31mred\n\xe2\x80\xaegnp.py"}, u"/"_s), u"[31mredgnp.py"_s);
        QCOMPARE(nameOf({"python3", QByteArray(15'000, 'a')}, u"/"_s).size(), 200);
        QVERIFY2(nameOf({"python3", QByteArray(100'000, 'a')}, u"/"_s) == u"python3"_s,
                 "of a word that was cut nothing is told");
        QCOMPARE(nameOf(QByteArrayList(100'000, "-u"), u"/"_s), u"python3"_s);
        QCOMPARE(nameOf({"python3", "/"}, u"/"_s), u"python3"_s);
        QCOMPARE(nameOf({"python3", "\x01"}, u"/"_s), u"python3"_s);
        QCOMPARE(nameOf({}, u"/system.slice/\\x1b\\x0a\\xe2\\x80\\xaex.service"_s), u"x"_s);
        QCOMPARE(nameOf({}, u"/system.slice/"_s + u"a"_s.repeated(5000) + u".service"_s).size(), 200);
        QCOMPARE(nameOf({}, u"/"_s + u"x/"_s.repeated(3000)), u"python3"_s);
        QCOMPARE(nameOf({}, u"/../../system.slice/ssh.service"_s), u"python3"_s);
        QCOMPARE(nameOf({}, u"/user.slice/user@1000.service/app-.scope"_s), u"python3"_s);
        QCOMPARE(nameOf({}, u"/docker/short"_s), u"python3"_s);
    }

    void serviceAnswersOnItsOwnThread()
    {
        Recorded machine;
        IdentityService service(machine.places());
        QSignalSpy found(&service, &IdentityService::found);
        QList<Program> programs;
        for (int i = 0; i < 1200; ++i) {
            Program program = machine.program(u"/usr/bin/p%1"_s.arg(i));
            program.startNs = 0;
            programs.append(program);
            service.find(program);
        }
        const auto count = [&] {
            qsizetype sum = 0;
            for (const QList<QVariant> &arguments : std::as_const(found))
                sum += arguments[0].value<QList<Identity>>().size();
            return sum;
        };
        QTRY_COMPARE(count(), programs.size());
        QVERIFY2(found.count() > 1, "the first need not wait for the last");

        found.clear();
        service.find(programs[0]);
        QCoreApplication::sendPostedEvents(&service);
        service.forgetInstance();
        Program after = machine.program(u"/usr/bin/after"_s);
        service.find(after);
        QTRY_COMPARE(found.count(), 1);
        QCOMPARE(found[0][0].value<QList<Identity>>().constFirst().programId, after.id);
    }
};

QTEST_GUILESS_MAIN(TestApplicationFinder)
#include "tst_applicationfinder.moc"
