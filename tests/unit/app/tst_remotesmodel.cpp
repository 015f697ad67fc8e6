// SPDX-License-Identifier: MIT
#include "mmdbwriter.h"
#include "remotesmodel.h"
#include "usagescript.h"

#include <QAbstractItemModelTester>
#include <QRandomGenerator>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace Nettally;
using namespace Nettally::Test;
using namespace Qt::StringLiterals;

namespace {

struct Feed {
    UsageScript script{u"a"_s};
    UsageBook book;
    NameBook names;
    RemotesModel model;
    QAbstractItemModelTester tester{&model, QAbstractItemModelTester::FailureReportingMode::Fatal};

    Feed() { model.setNameBook(&names); }
    void push(quint64 timeNs) { model.apply(book, book.apply(script.push(timeNs))); }
    void learn(const QString &name, const QString &address, quint32 programId = 1)
    {
        DnsMessage answer;
        answer.name = name;
        answer.addresses = {{Address::fromString(address), 60}};
        names.learn(programId, answer, second);
        model.renewNames();
    }
};

QString text(const RemotesModel &model, int row, int column, const QModelIndex &parent = {})
{
    return model.index(row, column, parent).data().toString().replace(QChar::Nbsp, u' ');
}

quint64 figure(const QModelIndex &index, int column)
{
    return index.siblingAtColumn(column).data(RemotesModel::SortRole).toULongLong();
}

QModelIndex find(const RemotesModel &model, const QString &name, const QModelIndex &parent = {})
{
    for (int row = 0; row < model.rowCount(parent); ++row) {
        if (text(model, row, RemotesModel::Name, parent) == name)
            return model.index(row, 0, parent);
    }
    return {};
}

QStringList namesBelow(const RemotesModel &model, const QModelIndex &parent = {})
{
    QStringList names;
    for (int row = 0; row < model.rowCount(parent); ++row)
        names.append(text(model, row, RemotesModel::Name, parent));
    names.sort();
    return names;
}

quint64 sum(const RemotesModel &model, int column, const QModelIndex &parent = {})
{
    quint64 total = 0;
    for (int row = 0; row < model.rowCount(parent); ++row)
        total += figure(model.index(row, 0, parent), column);
    return total;
}

/// Every row is the sum of what is below it.
bool isAddedUp(const RemotesModel &model, const QModelIndex &parent = {})
{
    for (int row = 0; row < model.rowCount(parent); ++row) {
        const QModelIndex index = model.index(row, 0, parent);
        if (model.rowCount(index) == 0)
            continue;
        for (const int column : {RemotesModel::Received, RemotesModel::Sent}) {
            if (figure(index, column) != sum(model, column, index))
                return false;
        }
        if (!isAddedUp(model, index))
            return false;
    }
    return true;
}

} // namespace

class TestRemotesModel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QLocale::setDefault(QLocale::c()); }

    void showsRemotesAndTheirPrograms()
    {
        Feed feed;
        feed.script.program(1, u"curl"_s);
        feed.script.program(2, u"curl"_s);
        feed.script.program(3, u"ssh"_s);
        feed.script.remote(1, u"192.0.2.1"_s);
        feed.script.remote(2, u"127.0.0.1"_s);
        feed.script.move(1, 1, 1, 1000, 10);
        feed.script.move(2, 2, 1, 24, 0, 2);
        feed.script.move(3, 3, 1, 1024, 5);
        feed.script.move(4, 1, 2, 7, 0);
        feed.script.move(5, 1, 0, 5, 0);
        feed.push(10 * second);

        QCOMPARE(namesBelow(feed.model),
                 QStringList({u"127.0.0.1"_s, u"192.0.2.1"_s, u"Address not known"_s}));
        const QModelIndex host = find(feed.model, u"192.0.2.1"_s);
        QCOMPARE(host.row(), 0);
        QCOMPARE(text(feed.model, 0, RemotesModel::Received), u"2.00 KiB"_s);
        QCOMPARE(text(feed.model, 0, RemotesModel::Sent), u"15 B"_s);
        QCOMPARE(text(feed.model, 0, RemotesModel::Connections), u"4"_s);
        QCOMPARE(text(feed.model, 0, RemotesModel::Programs), u"curl, ssh"_s);
        QCOMPARE(text(feed.model, 0, RemotesModel::ReceiveRate), u"–"_s);
        QCOMPARE(text(feed.model, 0, RemotesModel::FirstSeen), u"–"_s);
        QCOMPARE(text(feed.model, 0, RemotesModel::Where), u"Internet"_s);
        QCOMPARE(host.data(addressRole).toString(), u"192.0.2.1"_s);
        // Processes of one program are one row.
        QCOMPARE(namesBelow(feed.model, host), QStringList({u"curl"_s, u"ssh"_s}));
        const QModelIndex curl = find(feed.model, u"curl"_s, host);
        QCOMPARE(figure(curl, RemotesModel::Received), quint64(1024));
        QCOMPARE(curl.data(RemotesModel::ProgramRole).toString(), u"curl"_s);
        QCOMPARE(curl.data(RemotesModel::ExecutableRole).toString(), u"/usr/bin/curl"_s);
        const QModelIndex self = find(feed.model, u"127.0.0.1"_s);
        QCOMPARE(text(feed.model, self.row(), RemotesModel::Where), u"This machine"_s);
        QVERIFY(!find(feed.model, u"Address not known"_s).data(addressRole).isValid());
    }

    void ratesAndTimesOfWhatIsSeen()
    {
        Feed feed;
        feed.script.program(1, u"curl"_s);
        feed.script.remote(1, u"192.0.2.1"_s);
        feed.script.remote(2, u"192.0.2.2"_s);
        feed.script.move(1, 1, 1, 1000, 10);
        feed.push(10 * second);
        feed.script.move(2, 1, 2, 2048, 0);
        feed.push(12 * second);
        const QModelIndex fresh = find(feed.model, u"192.0.2.2"_s);
        QVERIFY(fresh.siblingAtColumn(RemotesModel::ReceiveRate).data(RemotesModel::SortRole).toDouble() > 0);
        QCOMPARE(figure(fresh, RemotesModel::FirstSeen), 12 * second);
        QCOMPARE(figure(fresh, RemotesModel::LastSeen), 12 * second);
        feed.script.move(2, 1, 2, 1, 0);
        feed.push(15 * second);
        QCOMPARE(figure(fresh, RemotesModel::FirstSeen), 12 * second);
        QCOMPARE(figure(fresh, RemotesModel::LastSeen), 15 * second);
        const QModelIndex old = find(feed.model, u"192.0.2.1"_s);
        QVERIFY(!old.siblingAtColumn(RemotesModel::FirstSeen).data(RemotesModel::SortRole).isValid());
        QCOMPARE(old.siblingAtColumn(RemotesModel::ReceiveRate).data(RemotesModel::SortRole), QVariant(0.0));
    }

    void namesGroupAddresses()
    {
        Feed feed;
        feed.script.program(1, u"curl"_s);
        for (quint32 id = 1; id <= 3; ++id) {
            feed.script.remote(id, u"192.0.2.%1"_s.arg(id));
            feed.script.move(id, 1, id, 100 * id, 0);
        }
        feed.learn(u"www.example.org"_s, u"192.0.2.1"_s);
        feed.push(10 * second);
        QCOMPARE(namesBelow(feed.model), QStringList({u"192.0.2.2"_s, u"192.0.2.3"_s, u"www.example.org"_s}));

        feed.model.setGrouping(RemotesModel::Grouping::Name);
        QCOMPARE(feed.model.rowCount(), 3);
        QSignalSpy reset(&feed.model, &QAbstractItemModel::modelReset);
        // Learnt later: the row goes where it belongs, under the tester's eyes.
        feed.learn(u"www.example.org"_s, u"192.0.2.2"_s);
        feed.push(11 * second);
        QCOMPARE(namesBelow(feed.model), QStringList({u"192.0.2.3"_s, u"www.example.org"_s}));
        const QModelIndex group = find(feed.model, u"www.example.org"_s);
        QCOMPARE(feed.model.rowCount(group), 2);
        QCOMPARE(figure(group, RemotesModel::Received), quint64(300));
        QCOMPARE(text(feed.model, group.row(), RemotesModel::Programs), u"curl"_s);
        QVERIFY(isAddedUp(feed.model));
        // Asked for under another name: no group is left empty.
        feed.learn(u"cdn.example.net"_s, u"192.0.2.1"_s);
        feed.learn(u"cdn.example.net"_s, u"192.0.2.2"_s);
        feed.push(12 * second);
        QCOMPARE(namesBelow(feed.model), QStringList({u"192.0.2.3"_s, u"cdn.example.net"_s}));
        QCOMPARE(reset.count(), 0);
        feed.model.setGrouping(RemotesModel::Grouping::Address);
        feed.model.setNamesShown(false);
        QCOMPARE(namesBelow(feed.model), QStringList({u"192.0.2.1"_s, u"192.0.2.2"_s, u"192.0.2.3"_s}));
    }

    void countriesAndNetworksGroupAddresses()
    {
        const QTemporaryDir folder;
        const QString path = folder.filePath(u"GeoLite2-Country.mmdb"_s);
        MmdbWriter countries(u"GeoLite2-Country"_s);
        countries.add(u"192.0.2.0/25"_s, countryRecord(u"DE"_s, {{u"en"_s, u"Germany"_s}}));
        countries.write(path);
        MmdbWriter networks(u"GeoLite2-ASN"_s);
        networks.add(u"192.0.2.0/24"_s, networkRecord(64496, u"Example Net"_s));
        networks.write(folder.filePath(u"GeoLite2-ASN.mmdb"_s));
        PlaceBook places({folder.path()});
        Feed feed;
        feed.model.setPlaceBook(&places);
        QSignalSpy changed(&feed.model, &RemotesModel::placesChanged);
        feed.script.program(1, u"curl"_s);
        const QStringList addresses = {u"192.0.2.1"_s, u"192.0.2.2"_s, u"192.0.2.200"_s,
                                       u"10.0.0.1"_s,  u"127.0.0.1"_s, u"2001:db8::1"_s};
        for (quint32 id = 1; id <= addresses.size(); ++id) {
            feed.script.remote(id, addresses[id - 1]);
            feed.script.move(id, 1, id, id, 0);
        }
        feed.push(10 * second);
        QCOMPARE(changed.count(), 0);
        places.refresh();
        feed.push(11 * second);
        QCOMPARE(changed.count(), 1);
        const QModelIndex german = find(feed.model, u"192.0.2.2"_s);
        QCOMPARE(text(feed.model, german.row(), RemotesModel::Where), u"Germany"_s);
        QCOMPARE(text(feed.model, german.row(), RemotesModel::Network), u"Example Net (AS64496)"_s);
        QCOMPARE(german.siblingAtColumn(RemotesModel::Where).data(RemotesModel::CountryCodeRole).toString(),
                 u"DE"_s);
        QVERIFY(feed.model.matches(german, u"german"_s));
        QVERIFY(feed.model.matches(german, u"as64496"_s));
        QVERIFY(!feed.model.matches(find(feed.model, u"10.0.0.1"_s), u"german"_s));

        feed.model.setGrouping(RemotesModel::Grouping::Country);
        QCOMPARE(namesBelow(feed.model),
                 QStringList({u"Country not known"_s, u"Germany"_s, u"Local network"_s, u"This machine"_s}));
        QCOMPARE(namesBelow(feed.model, find(feed.model, u"Germany"_s)),
                 QStringList({u"192.0.2.1"_s, u"192.0.2.2"_s}));
        QVERIFY(isAddedUp(feed.model));
        feed.model.setGrouping(RemotesModel::Grouping::Network);
        QCOMPARE(namesBelow(feed.model),
                 QStringList({u"Example Net (AS64496)"_s, u"Local network"_s, u"Network not known"_s,
                              u"This machine"_s}));
        QCOMPARE(sum(feed.model, RemotesModel::Received), quint64(21));

        // The file is replaced while it is shown by country.
        feed.model.setGrouping(RemotesModel::Grouping::Country);
        MmdbWriter others(u"GeoLite2-Country"_s);
        others.add(u"192.0.2.0/24"_s, countryRecord(u"AT"_s, {{u"en"_s, u"Austria"_s}}));
        others.write(folder.filePath(u"new"_s));
        QCOMPARE(::rename(qPrintable(folder.filePath(u"new"_s)), qPrintable(path)), 0);
        places.refresh();
        feed.push(12 * second);
        QCOMPARE(namesBelow(feed.model),
                 QStringList({u"Austria"_s, u"Country not known"_s, u"Local network"_s, u"This machine"_s}));
        QCOMPARE(feed.model.rowCount(find(feed.model, u"Austria"_s)), 3);
    }

    void endedProgramsLeaveTheirBytes()
    {
        Feed feed;
        feed.script.program(1, u"curl"_s);
        feed.script.remote(1, u"192.0.2.1"_s);
        feed.push(9 * second);
        feed.script.move(1, 1, 1, 1000, 10);
        feed.push(10 * second);
        feed.script.end(1);
        feed.script.move(1, 1, 1, 0, 0, 0);
        feed.push(11 * second);
        feed.push(100 * second);
        QCOMPARE(sum(feed.model, RemotesModel::Received), quint64(1000));
        const QModelIndex host = feed.model.index(0, 0);
        QVERIFY(feed.model.index(0, 0, host).data(Qt::ToolTipRole).toString().contains(u"have ended"_s));
        // The same program again, another process.
        feed.script.program(2, u"curl"_s);
        feed.script.move(2, 2, 1, 500, 0);
        feed.push(101 * second);
        QCOMPARE(feed.model.rowCount(host), 1);
        QCOMPARE(sum(feed.model, RemotesModel::Received), quint64(1500));
        feed.script.end(2);
        feed.push(102 * second);
        // Ten minutes after the last byte nobody asks any more.
        feed.push(700 * second);
        QCOMPARE(feed.model.rowCount(), 1);
        feed.push(702 * second);
        QCOMPARE(feed.model.rowCount(), 0);
    }

    /// What other programs ended with is in what the helper tells as one after a change of scope.
    void anotherScopeCountsNothingTwice()
    {
        Feed feed;
        feed.script.program(1, u"mine"_s);
        feed.script.program(2, u"theirs"_s);
        feed.script.program(3, u"ended"_s);
        feed.script.remote(1, u"192.0.2.1"_s);
        feed.push(9 * second);
        feed.script.move(1, 1, 1, 100, 0);
        feed.script.move(2, 2, 1, 1000, 0);
        feed.script.move(3, 3, 1, 10'000, 0);
        feed.push(10 * second);
        feed.script.end(3);
        feed.push(11 * second);
        feed.push(60 * second);
        QCOMPARE(sum(feed.model, RemotesModel::Received), quint64(11'100));
        feed.script.forget(2);
        feed.script.forget(3);
        feed.script.program(4, {}, ProgramKind::Others);
        feed.script.move(4, 4, 0, 11'000, 0);
        feed.model.apply(feed.book, feed.book.apply(feed.script.snapshot(61 * second)));
        QCOMPARE(sum(feed.model, RemotesModel::Received), quint64(11'100));
        QCOMPARE(figure(find(feed.model, u"192.0.2.1"_s), RemotesModel::Received), quint64(100));
        const QModelIndex unknown = find(feed.model, u"Address not known"_s);
        QCOMPARE(namesBelow(feed.model, unknown), QStringList({u"Other users’ programs"_s}));
        // No rate jumps by it.
        feed.push(62 * second);
        QCOMPARE(find(feed.model, u"192.0.2.1"_s)
                     .siblingAtColumn(RemotesModel::ReceiveRate)
                     .data(RemotesModel::SortRole)
                     .toDouble(),
                 0.0);
    }

    void newInstanceResets()
    {
        Feed feed;
        feed.script.program(1, u"curl"_s);
        feed.script.remote(1, u"192.0.2.1"_s);
        feed.script.move(1, 1, 1, 1000, 10);
        feed.push(10 * second);
        QSignalSpy reset(&feed.model, &QAbstractItemModel::modelReset);
        feed.model.setPaused(true);
        for (const QString &instance : {u"b"_s, u"c"_s}) {
            feed.script = UsageScript(instance);
            feed.script.program(1, u"ssh"_s);
            feed.script.remote(1, u"192.0.2.2"_s);
            feed.script.move(1, 1, 1, 7, 0);
            feed.push(11 * second);
        }
        QCOMPARE(namesBelow(feed.model), QStringList({u"192.0.2.1"_s}));
        QCOMPARE(namesBelow(feed.model, feed.model.index(0, 0)), QStringList({u"curl"_s}));
        feed.model.setMeasure(Measure::Network);
        feed.model.setMeasure(Measure::Payload);
        QCOMPARE(reset.count(), 0);
        feed.model.setPaused(false);
        QCOMPARE(reset.count(), 1);
        QCOMPARE(namesBelow(feed.model), QStringList({u"192.0.2.2"_s}));
        QCOMPARE(sum(feed.model, RemotesModel::Received), quint64(7));
    }

    void unseenIsCountedAndShownLater()
    {
        Feed feed;
        feed.script.program(1, u"curl"_s);
        feed.script.remote(1, u"192.0.2.1"_s);
        feed.model.setSeen(false);
        feed.script.move(1, 1, 1, 1000, 10);
        feed.push(10 * second);
        QCOMPARE(feed.model.rowCount(), 0);
        feed.model.refresh();
        QCOMPARE(sum(feed.model, RemotesModel::Received), quint64(1000));
        feed.script.move(1, 1, 1, 500, 10);
        feed.push(11 * second);
        QCOMPARE(sum(feed.model, RemotesModel::Received), quint64(1000));
        feed.model.setSeen(true);
        QCOMPARE(sum(feed.model, RemotesModel::Received), quint64(1500));
    }

    void churn_data()
    {
        QTest::addColumn<int>("column");
        QTest::addColumn<Qt::SortOrder>("order");
        QTest::addColumn<RemotesModel::Grouping>("grouping");
        for (int column = 0; column < RemotesModel::ColumnCount; ++column) {
            const auto order = column % 3 == 1 ? Qt::AscendingOrder : Qt::DescendingOrder;
            QTest::addRow("column %d", column) << column << order << RemotesModel::Grouping(column % 4);
        }
    }

    /// Programs, remotes and names that come, go, grow and change places; what is shown is compared with what
    /// was moved.
    void churn()
    {
        QFETCH(int, column);
        QFETCH(Qt::SortOrder, order);
        QFETCH(RemotesModel::Grouping, grouping);
        const QTemporaryDir folder;
        MmdbWriter countries(u"GeoLite2-City"_s);
        countries.add(u"192.0.2.0/28"_s, countryRecord(u"DE"_s, {{u"en"_s, u"Germany"_s}}));
        countries.add(u"192.0.2.16/29"_s, countryRecord(u"AT"_s, {{u"en"_s, u"Austria"_s}}));
        countries.write(folder.filePath(u"GeoLite2-City.mmdb"_s));
        MmdbWriter networks(u"GeoLite2-ASN"_s);
        networks.add(u"192.0.2.8/29"_s, networkRecord(64496, u"Example Net"_s));
        networks.write(folder.filePath(u"GeoLite2-ASN.mmdb"_s));
        PlaceBook places({folder.path()});
        QRandomGenerator random(quint32(column * 2 + int(order)));
        Feed feed;
        feed.model.setPlaceBook(&places);
        feed.model.sort(column, order);
        feed.model.setGrouping(grouping);
        for (quint32 id = 1; id <= 30; ++id)
            feed.script.remote(id, u"192.0.2.%1"_s.arg(id));
        quint64 timeNs = second;
        quint64 received = 0;
        quint64 receivedPackets = 0;
        QHash<quint32, bool> alive;
        QList<QPair<QPersistentModelIndex, QString>> watched;
        quint32 programs = 0;
        feed.push(timeNs);
        QSignalSpy reset(&feed.model, &QAbstractItemModel::modelReset);
        int chosen = 0;
        for (int round = 0; round < 80; ++round) {
            if (random.bounded(3) == 0) {
                ++programs;
                feed.script.program(programs, u"program %1"_s.arg(programs % 9));
                alive[programs] = true;
            }
            for (int moves = random.bounded(12); moves > 0 && programs > 0; --moves) {
                const quint32 program = 1 + random.bounded(programs);
                if (!alive.value(program))
                    continue;
                const quint32 remote = random.bounded(31U);
                const quint64 bytes = random.bounded(5'000U);
                feed.script.move(program * 100 + remote, program, remote, bytes, bytes / 3,
                                 random.bounded(3U));
                received += bytes;
                if (random.bounded(2) == 0) {
                    feed.script.carry(program * 100 + remote, 1, 0);
                    receivedPackets += packetBytes;
                }
            }
            if (random.bounded(4) == 0)
                feed.learn(u"host-%1.example.org"_s.arg(random.bounded(5)),
                           u"192.0.2.%1"_s.arg(1 + random.bounded(30)));
            if (round == 40)
                places.refresh();
            if (random.bounded(10) == 0)
                feed.model.setMeasure(measures[random.bounded(quint32(measures.size()))]);
            if (random.bounded(25) == 0)
                feed.model.setNamesShown(random.bounded(2) == 0);
            if (random.bounded(40) == 0) {
                const auto other = RemotesModel::Grouping(random.bounded(4));
                chosen += other != feed.model.grouping() ? 1 : 0;
                feed.model.setGrouping(other);
            }
            if (programs > 0 && random.bounded(5) == 0) {
                const quint32 program = 1 + random.bounded(programs);
                if (alive.value(program)) {
                    feed.script.end(program);
                    alive[program] = false;
                }
            }
            if (random.bounded(20) == 0)
                feed.model.setPaused(!feed.model.isPaused());
            timeNs += random.bounded(100, 4000) * 1'000'000ULL;
            if (random.bounded(30) == 0)
                feed.model.apply(feed.book, feed.book.apply(feed.script.snapshot(timeNs)));
            else
                feed.push(timeNs);
            if (feed.model.isPaused())
                continue;

            QVERIFY(isAddedUp(feed.model));
            QCOMPARE(sum(feed.model, RemotesModel::Received),
                     feed.model.measure() == Measure::Payload ? received : receivedPackets);
            for (int row = 1; row < feed.model.rowCount(); ++row) {
                if (column < RemotesModel::ReceiveRate)
                    break;
                const auto value = [&](int of) {
                    return feed.model.index(of, column).data(RemotesModel::SortRole).toDouble();
                };
                QVERIFY(order == Qt::AscendingOrder ? value(row - 1) <= value(row)
                                                    : value(row - 1) >= value(row));
            }
            for (const auto &[index, name] : std::as_const(watched)) {
                if (index.isValid() && index.data(addressRole).isValid())
                    QCOMPARE(index.data(addressRole).toString(), name);
            }
            if (feed.model.rowCount() > 0) {
                const QModelIndex top = feed.model.index(random.bounded(feed.model.rowCount()), 0);
                watched.append({top, top.data(addressRole).toString()});
            }
        }
        QVERIFY(programs > 10);
        QCOMPARE(reset.count(), chosen);
    }

    void tick_data()
    {
        QTest::addColumn<int>("programs");
        QTest::newRow("1,000 programs") << 1000;
        QTest::newRow("10,000 programs") << 10'000;
    }

    /// As that of the programs' model, with as many remotes as programs.
    void tick()
    {
        QFETCH(int, programs);
        UsageScript script(u"a"_s);
        UsageBook book;
        RemotesModel model;
        QRandomGenerator random(3);
        quint64 timeNs = second;
        for (int id = 1; id <= programs; ++id) {
            script.remote(quint32(id),
                          u"198.%1.%2.%3"_s.arg(18 + id / 65536).arg(id / 256 % 256).arg(id % 256));
            script.program(quint32(id), u"program %1"_s.arg(id));
        }
        const auto moveAll = [&] {
            for (int id = 1; id <= programs; ++id)
                script.move(quint32(id), quint32(id), quint32(id), random.bounded(100'000U), 100);
        };
        moveAll();
        model.apply(book, book.apply(script.push(timeNs)));
        QBENCHMARK
        {
            moveAll();
            timeNs += second;
            model.apply(book, book.apply(script.push(timeNs)));
        }
        QCOMPARE(model.rowCount(), programs);
    }
};

QTEST_GUILESS_MAIN(TestRemotesModel)
#include "tst_remotesmodel.moc"
