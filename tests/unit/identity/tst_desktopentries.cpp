// SPDX-License-Identifier: MIT
#include "machinetree.h"

#include <sys/stat.h>

using namespace Nettally;
using namespace Nettally::Test;
using namespace Qt::StringLiterals;

namespace {

QByteArray entryText(const QByteArray &rest)
{
    return "[Desktop Entry]\nType=Application\n" + rest;
}

} // namespace

class TestDesktopEntries : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsNamesOfTheLanguage()
    {
        MachineTree machine;
        machine.write(u"applications/a.desktop"_s,
                      "# comment\n"
                          + entryText("Name=File\nName[de]=Datei\nName[fr]=Fichier\nIcon=doc\n"
                                      "[Desktop Action x]\nName=Action\nName[de_DE]=Aktion\n"));
        DesktopEntries::Places places = machine.places().desktop;
        QCOMPARE(DesktopEntries(places).byId(u"a"_s)->name, u"Datei"_s);
        QCOMPARE(DesktopEntries(places).byId(u"a"_s)->icon, u"doc"_s);
        places.languages = {u"fr_CA"_s, u"fr"_s};
        QCOMPARE(DesktopEntries(places).byId(u"a"_s)->name, u"Fichier"_s);
        places.languages = {u"ja"_s};
        QCOMPARE(DesktopEntries(places).byId(u"a"_s)->name, u"File"_s);
    }

    void firstFolderWinsAndHides()
    {
        MachineTree machine;
        machine.write(u"own/a.desktop"_s, entryText("Name=Own\n"));
        machine.write(u"own/b.desktop"_s, entryText("Name=B\nHidden=true\n"));
        for (const QString &id : {u"a"_s, u"b"_s, u"kde/c"_s})
            machine.write(u"applications/%1.desktop"_s.arg(id), entryText("Name=System\n"));
        DesktopEntries::Places places = machine.places().desktop;
        places.folders.prepend(machine.path(u"own"_s));
        places.folders.prepend(u"/no/such/folder"_s);
        DesktopEntries entries(places);
        QCOMPARE(entries.byId(u"a"_s)->name, u"Own"_s);
        QVERIFY(!entries.byId(u"b"_s));
        QCOMPARE(entries.byId(u"kde-c"_s)->name, u"System"_s);
    }

    void matchesExec_data()
    {
        QTest::addColumn<QByteArray>("exec"); // ROOT stands for the machine's folder
        QTest::addColumn<QString>("executable");
        QTest::addColumn<bool>("isFound");
        QTest::newRow("by name") << "Exec=tool %U\n"_ba << u"usr/bin/tool"_s << true;
        QTest::newRow("by path") << "Exec=ROOT/usr/bin/tool\n"_ba << u"usr/bin/tool"_s << true;
        QTest::newRow("quoted") << "Exec=\"ROOT/usr/bin/with space\" --x\n"_ba << u"usr/bin/with space"_s
                                << true;
        QTest::newRow("link") << "Exec=link\n"_ba << u"usr/lib/real"_s << true;
        QTest::newRow("env") << "Exec=env A=b -u C /usr/bin/env D=e tool\n"_ba << u"usr/bin/tool"_s << false;
        QTest::newRow("variables") << "Exec=env A=b -u C tool\n"_ba << u"usr/bin/tool"_s << true;
        QTest::newRow("shell") << "Exec=sh -c tool\n"_ba << u"usr/bin/sh"_s << false;
        QTest::newRow("launcher") << "Exec=flatpak run x\n"_ba << u"usr/bin/flatpak"_s << false;
        QTest::newRow("launcher, tries")
            << "Exec=pkexec tool\nTryExec=tool\n"_ba << u"usr/bin/tool"_s << true;
        QTest::newRow("interpreter") << "Exec=python3 /x.py\n"_ba << u"usr/bin/python3"_s << false;
        QTest::newRow("relative") << "Exec=bin/tool\n"_ba << u"usr/bin/tool"_s << false;
        QTest::newRow("none") << "Exec=\n"_ba << u"usr/bin/tool"_s << false;
        QTest::newRow("missing") << "Exec=nothing\n"_ba << u"usr/bin/nothing"_s << false;
    }

    void matchesExec()
    {
        QFETCH(QByteArray, exec);
        QFETCH(QString, executable);
        QFETCH(bool, isFound);
        MachineTree machine;
        for (const QString &name :
             {u"tool"_s, u"with space"_s, u"sh"_s, u"flatpak"_s, u"pkexec"_s, u"python3"_s})
            machine.install(u"usr/bin/"_s + name);
        QVERIFY(QFile::link(machine.install(u"usr/lib/real"_s), machine.path(u"usr/bin/link"_s)));
        machine.write(u"applications/a.desktop"_s,
                      entryText("Name=A\n" + exec.replace("ROOT", machine.path({}).chopped(1).toUtf8())));
        DesktopEntries entries(machine.places().desktop);
        QVERIFY(entries.byId(u"a"_s));
        QCOMPARE(entries.byExecutable(machine.path(executable)).has_value(), isFound);
    }

    void oneOfSeveralIsChosenOnlyIfItIsTheOne()
    {
        MachineTree machine;
        machine.install(u"usr/bin/office"_s);
        machine.install(u"usr/bin/twin"_s);
        machine.write(u"applications/calc.desktop"_s, entryText("Name=Calc\nExec=office --calc\n"));
        machine.write(u"applications/office.desktop"_s, entryText("Name=Office\nExec=office %U\n"));
        machine.write(u"applications/writer.desktop"_s, entryText("Name=Writer\nExec=office --writer\n"));
        machine.write(u"applications/twin1.desktop"_s, entryText("Name=One\nExec=twin\n"));
        machine.write(u"applications/twin2.desktop"_s, entryText("Name=Two\nExec=twin\n"));
        DesktopEntries entries(machine.places().desktop);
        QCOMPARE(entries.byExecutable(machine.path(u"usr/bin/office"_s))->name, u"Office"_s);
        QVERIFY2(!entries.byExecutable(machine.path(u"usr/bin/twin"_s)), "either would be a guess");
    }

    void brokenFilesAreNoEntries()
    {
        MachineTree machine;
        const auto write = [&](const char *name, const QByteArray &bytes) {
            machine.write(u"applications/%1.desktop"_s.arg(QString::fromLatin1(name)), bytes);
        };
        write("empty", {});
        write("binary", QByteArray("\0\xff\xfe=\0\n[Desktop", 15));
        write("nogroup", "Type=Application\nName=X\n");
        write("othergroup", "[Other]\nType=Application\nName=X\n");
        write("link", "[Desktop Entry]\nType=Link\nName=X\n");
        write("noname", entryText("Exec=x\n"));
        write("unsafe",
              entryText("Name=\x1b[2J\xe2\x80\xae"
                        "evil\nIcon=../../etc/passwd\nExec=\"unfinished\n"));
        write("twice", entryText("Name=First\nName=Second\n[Desktop Entry]\nName=Third\n"));
        write("huge", entryText("Name=Huge\nComment=" + QByteArray(400'000, 'x') + "\nIcon=late\n"));
        QCOMPARE(mkfifo(QFile::encodeName(machine.path(u"applications/pipe.desktop"_s)).constData(), 0600),
                 0);
        QVERIFY(QFile::link(machine.path(u"applications"_s), machine.path(u"applications/loop"_s)));
        QVERIFY(QFile::link(machine.path(u"applications/self.desktop"_s),
                            machine.path(u"applications/self.desktop"_s)));
        QVERIFY(QFile::link(u"/dev/zero"_s, machine.path(u"applications/zero.desktop"_s)));
        DesktopEntries entries(machine.places().desktop);
        for (const char *name : {"empty", "binary", "nogroup", "othergroup", "link", "noname", "pipe", "self",
                                 "zero", "loop-twice"})
            QVERIFY2(!entries.byId(QString::fromLatin1(name)), name);
        QCOMPARE(entries.byId(u"unsafe"_s)->name, u"[2Jevil"_s);
        QCOMPARE(entries.byId(u"unsafe"_s)->icon, QString());
        QCOMPARE(entries.byId(u"twice"_s)->name, u"First"_s);
        QCOMPARE(entries.byId(u"huge"_s)->name, u"Huge"_s);
        QCOMPARE(entries.byId(u"huge"_s)->icon, QString());
    }
};

QTEST_GUILESS_MAIN(TestDesktopEntries)
#include "tst_desktopentries.moc"
