// SPDX-License-Identifier: MIT
//
// Paints the real window, fed with a script instead of a helper, into a picture to be looked at:
//     look OUT.png [WIDTHxHEIGHT] [overview|programs|remotes|protocols|connections|interfaces|history|alerts]
//     [light|dark]
//     [full|places|country|search|explain|empty|missing|gap|expanded|explaining|explained|ticks|first|hour|week|month|year|before|remotes|drilled|
//     custom|pointed|painted|rules|rule]
// "ticks" and "painted" measure as well: the time that a second's update takes with 1,000 programs shown, and
// that of the history's graph.
#include "alertspage.h"
#include "connectionsmodel.h"
#include "figuretree.h"
#include "historychart.h"
#include "historypage.h"
#include "historyscript.h"
#include "interfacemodel.h"
#include "livemodel.h"
#include "mainwindow.h"
#include "mmdbwriter.h"
#include "palette.h"
#include "protocolsmodel.h"
#include "remotesmodel.h"
#include "traffichistory.h"
#include "usagescript.h"

#include <QApplication>
#include <QDateTime>
#include <QElapsedTimer>
#include <QLineEdit>
#include <QPixmap>
#include <QPushButton>
#include <QRandomGenerator>
#include <QSettings>
#include <QTemporaryDir>
#include <QTreeView>

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace Nettally;
using namespace Nettally::Test;
using namespace Qt::StringLiterals;

namespace {

struct Feed {
    UsageScript script{u"a"_s};
    UsageBook book;
    NameBook names;
    LiveModel model;
    TrafficHistory history;
    QTemporaryDir placeFolder;
    PlaceBook places{QStringList(placeFolder.path())};
    RemotesModel remotes;
    ProtocolsModel protocols;
    InterfaceModel interfaces;
    ConnectionsModel connections;
    quint64 timeNs = 100'000 * second;

    Feed()
    {
        model.setNameBook(&names);
        connections.setNameBook(&names);
        remotes.setNameBook(&names);
        remotes.setPlaceBook(&places);
        const QStringList hosts = {u"www.example.org"_s, u"edge-14.fra.cdn.example.net"_s,
                                   u"mail.example.com"_s,
                                   u"a-rather-long-name-of-a-storage-bucket.eu-central.example.net"_s};
        for (int i = 1; i <= 40; ++i) {
            if (i % 3 == 2)
                continue;
            DnsMessage answer;
            answer.name = hosts[i % hosts.size()];
            answer.addresses = {{Address::fromString(u"198.51.100.%1"_s.arg(i)), 60}};
            names.learn(quint32(i % 2), answer, timeNs);
        }
    }

    MainWindow::Models models()
    {
        return {model, history, remotes, places, protocols, connections, interfaces};
    }

    /// Files of countries and networks for the addresses of the script.
    void addPlaces()
    {
        MmdbWriter countries(u"GeoLite2-Country"_s);
        countries.add(u"198.51.100.0/28"_s, countryRecord(u"DE"_s, {{u"en"_s, u"Germany"_s}}));
        countries.add(u"198.51.100.16/28"_s, countryRecord(u"US"_s, {{u"en"_s, u"United States"_s}}));
        countries.add(u"2001:db8::/32"_s, countryRecord(u"NL"_s, {{u"en"_s, u"Netherlands"_s}}));
        countries.write(placeFolder.filePath(u"GeoLite2-Country.mmdb"_s));
        MmdbWriter networks(u"GeoLite2-ASN"_s);
        networks.add(u"198.51.100.0/27"_s, networkRecord(64496, u"Example Net"_s));
        networks.add(u"2001:db8::/33"_s, networkRecord(64497, u"A Network With Quite a Long Name Ltd."_s));
        networks.write(placeFolder.filePath(u"GeoLite2-ASN.mmdb"_s));
        places.refresh();
    }

    void push()
    {
        const UsageChange change = book.apply(script.push(timeNs));
        model.apply(book, change);
        remotes.apply(book, change);
        protocols.apply(book, change);
        history.apply(book, change);
        timeNs += second;
    }

    static InterfaceBalance told(quint32 index, const QString &name, const QList<BalanceLine> &lines)
    {
        InterfaceBalance balance;
        balance.index = index;
        balance.name = name;
        balance.sinceNs = 1;
        balance.rxPackets = 1'204'511;
        balance.txPackets = 934'882;
        balance.lines = lines;
        for (const BalanceLine &line : lines) {
            balance.rxBytes += static_cast<quint64>(line.rxBytes);
            balance.txBytes += static_cast<quint64>(line.txBytes);
        }
        return balance;
    }

    static QList<InterfaceBalance> explained()
    {
        return {told(1, u"lo"_s, {{u"programs"_s, 48'220, 48'220}}),
                told(2, u"enp0s31f6"_s,
                     {{u"programs"_s, 17'332'817, 204'912},
                      {u"kernel-icmp"_s, 820, 844},
                      {u"link-headers"_s, 170'220, 12'412},
                      {u"unseen-arp"_s, 1'260, 84},
                      {u"unseen-tcp-close"_s, 312, 0},
                      {u"unseen-multicast"_s, 28'114, 0},
                      {u"unseen-other-link"_s, 600, 0},
                      {u"unnamed"_s, 52, 0}}),
                told(3, u"wlp4s0"_s, {})};
    }

    void tellBooks()
    {
        interfaces.take({told(1, u"lo"_s, {{u"programs"_s, 48'220'114, 48'220'114}}),
                         told(2, u"enp0s31f6"_s,
                              {{u"programs"_s, 17'640'332'817, 1'204'550'912},
                               {u"frames"_s, 0, 4'104},
                               {u"kernel-icmp"_s, 18'220, 18'444},
                               {u"kernel-tcp"_s, 40'220, 21'600},
                               {u"link-headers"_s, 170'334'220, 12'900'412},
                               {u"segment-headers"_s, 0, 30'114'880},
                               {u"unseen"_s, 1'204'112, 84}}),
                         told(3, u"wlp4s0"_s, {})});
    }
};

const QStringList names = {u"firefox"_s,
                           u"thunderbird"_s,
                           u"ssh"_s,
                           u"curl"_s,
                           u"apt"_s,
                           u"systemd-resolved"_s,
                           u"NetworkManager"_s,
                           u"chronyd"_s,
                           u"syncthing"_s,
                           u"steam"_s,
                           u"Web Content"_s,
                           u"pipewire"_s,
                           u"git-remote-https"_s,
                           u"rsync"_s,
                           u"postgres"_s,
                           u"a-program-with-quite-a-long-name-indeed"_s};

void begin(Feed &feed, int programs)
{
    for (quint32 id = 1; id <= 40; ++id)
        feed.script.remote(id,
                           id == 7           ? u"127.0.0.1"_s
                               : id == 13    ? u"192.168.1.1"_s
                               : id % 3 == 0 ? u"2001:db8:85a3::8a2e:370:%1"_s.arg(id, 0, 16)
                                             : u"198.51.100.%1"_s.arg(id));
    for (int id = 1; id <= programs; ++id) {
        const QString name = names[(id - 1) % names.size()];
        feed.script.program(quint32(id), id <= names.size() ? name : u"%1-%2"_s.arg(name).arg(id));
        feed.script.move(quint32(id), quint32(id), 1, 10'000'000U / quint32(id), 90'000U * quint32(id % 7));
    }
    if (programs > 0) {
        feed.script.program(9000, {}, ProgramKind::Others);
        feed.script.move(9000, 9000, 0, 734'003'200, 12'345'678);
    }
    feed.push();
}

void run(Feed &feed, int programs, int seconds)
{
    QRandomGenerator random(1);
    for (int tick = 0; tick < seconds; ++tick) {
        for (int id = 1; id <= programs; ++id) {
            if (id > 12 && random.bounded(12) != 0)
                continue;
            const double wave = 1 + std::sin(tick / (9.0 + id)) * std::sin(tick / 31.0 + id);
            const double burst = id == 1 && tick % 90 > 60 ? 6 : 1;
            const auto rx = quint64(wave * burst * random.bounded(900'000) / id);
            const auto tx = quint64(wave * random.bounded(260'000) / (id % 5 + 1));
            for (quint32 remote = 0; remote < quint32(1 + id % 4); ++remote)
                feed.script.move(quint32(id) + remote * 100'000, quint32(id),
                                 (quint32(id) + remote * 7) % 40 + 1, rx / (remote + 1), tx / (remote + 1),
                                 1 + remote);
            feed.script.carry(quint32(id), rx / 1000, tx / 1000);
            if (id % 4 == 1)
                feed.script.service(quint32(id), 17, id % 8 == 1 ? 443 : 53);
            else if (id % 5 == 2)
                feed.script.service(quint32(id), 6, 22, Direction::Incoming);
        }
        if (programs > 9 && tick == seconds - 8)
            feed.script.end(9);
        feed.push();
    }
}

ConnectionList connections()
{
    ConnectionList list;
    list.timeNs = 100'000 * second;
    QRandomGenerator random(3);
    for (quint32 i = 1; i <= 60; ++i) {
        Program program;
        program.id = i % 16 + 1;
        program.pid = 2000 + program.id;
        program.name = names[qsizetype(program.id) - 1];
        list.programs.insert(program.id, program);
        Connection one;
        one.cookie = i;
        one.programId = i % 17 == 0 ? 0 : program.id;
        one.state = i % 9 == 0 ? TcpState::Listening
            : i % 7 == 0       ? TcpState::TimeWait
            : i % 11 == 0      ? TcpState::CloseWait
                               : TcpState::Established;
        one.servicePort = one.state == TcpState::Listening ? quint16(i * 100) : 443;
        if (one.state != TcpState::Listening)
            one.remote = Address::fromString(i % 4 == 0 ? u"2001:db8:85a3::8a2e:370:%1"_s.arg(i, 0, 16)
                                                        : u"198.51.100.%1"_s.arg(i));
        if (i % 13 != 0)
            one.openedNs = list.timeNs - random.bounded(9000U) * second;
        if (one.state == TcpState::Established || one.state == TcpState::CloseWait) {
            ConnectionFigures figures;
            figures.rxBytes = quint64(random.bounded(1'000'000U)) * random.bounded(900U);
            figures.txBytes = quint64(random.bounded(100'000U)) * random.bounded(90U);
            figures.roundTripUs = 200 + random.bounded(20U) * random.bounded(9000U);
            figures.retransmits = i % 5 == 0 ? random.bounded(2000U) : 0;
            one.figures = figures;
        }
        list.connections.append(one);
    }
    return list;
}

HelperStatus status()
{
    HelperStatus status;
    status.info = {{u"helperVersion"_s, u"0.1.0"_s}, {u"kernelRelease"_s, u"6.12.41"_s}};
    status.probes = {{u"payload-send"_s, u"tp_btf/sock_send_length"_s, true, {}},
                     {u"payload-receive"_s, u"tp_btf/sock_recv_length"_s, true, {}},
                     {u"packets-sent"_s, u"cgroup_skb/egress"_s, true, {}},
                     {u"packets-received"_s, u"cgroup_skb/ingress"_s, true, {}},
                     {u"retransmits"_s, u"tp_btf/tcp_retransmit_skb"_s, true, {}}};
    status.usage = {{u"uptimeMs"_s, 7'500'000}};
    return status;
}

/// Fills the history with what was asked for, and waits until the page shows it.
void lookAtHistory(HistoryStore &store, MainWindow &window, const QString &what)
{
    constexpr qint64 hourS = 3600;
    constexpr qint64 dayS = 24 * hourS;
    const qint64 nowS = QDateTime::currentSecsSinceEpoch();
    const qint64 nightS = nowS - nowS % dayS - 2 * dayS;
    HistoryScript script(store);
    if (what == u"first") {
        script.flow(nowS - 140, u"firefox"_s, u"198.51.100.7"_s, 1'804'332, 90'211);
        script.flow(nowS - 80, u"firefox"_s, u"198.51.100.7"_s, 804'332, 30'211);
        script.flow(nowS - 80, u"chronyd"_s, u"198.51.100.9"_s, 48, 48, 17);
    } else if (what != u"empty" && what != u"missing") {
        if (what == u"year")
            script.desktop(nowS - 320 * dayS, nowS - 60 * dayS, 12 * hourS);
        if (what == u"year" || what == u"month" || what == u"before")
            script.desktop(nowS - 60 * dayS, nowS - 8 * dayS, 2 * hourS);
        if (what == u"week" || what == u"month" || what == u"year")
            script.desktop(nowS - 8 * dayS, nightS, hourS / 2);
        const qint64 pauseS = nowS / 3600 * hourS - 7 * hourS;
        script.desktop(nightS + 8 * hourS, pauseS, 300);
        script.desktop(pauseS + 2 * hourS, nowS, 300);
        script.notMeasured(nightS, nightS + 8 * hourS, NotMeasuredReason::HelperOff);
        script.notMeasured(pauseS, pauseS + 2 * hourS, NotMeasuredReason::Suspended);
    }
    script.store();
    window.setHistorySource([&store](const HistoryQuery &query, const HistoryBrowser::Answered &answered) {
        store.query(query, answered);
    });
    HistoryBrowser &browser = window.findChild<HistoryPage *>()->browser();
    const auto settle = [&browser] {
        if (!QTest::qWaitFor([&] { return !browser.isWaiting(); }, 60'000))
            std::fprintf(stderr, "The history does not answer.\n");
    };
    using Kind = HistoryRange::Kind;
    if (what == u"hour")
        browser.setLatest(Kind::Hour);
    else if (what == u"week")
        browser.setLatest(Kind::Week);
    else if (what == u"month")
        browser.setLatest(Kind::Month);
    else if (what == u"year")
        browser.setLatest(Kind::Year);
    else if (what == u"before")
        browser.goToPrevious();
    else if (what == u"remotes")
        browser.setBy(HistoryQuery::By::Remote);
    else if (what == u"custom")
        browser.setRange(HistoryRange::custom(nowS - 5 * hourS, nowS, QTimeZone::systemTimeZone()));
    settle();
    if (what == u"drilled") {
        browser.enter(browser.graph().series().constFirst().key);
        settle();
    }
    if (what == u"painted") {
        auto *chart = window.findChild<HistoryChart *>();
        QElapsedTimer timer;
        timer.start();
        constexpr int times = 50;
        for (int i = 0; i < times; ++i)
            chart->grab();
        std::printf("%lld buckets: %.2f ms to paint the graph\n",
                    static_cast<long long>(browser.graph().buckets().size()),
                    static_cast<double>(timer.nsecsElapsed()) / 1e6 / times);
    }
    if (what == u"pointed") {
        auto *chart = window.findChild<HistoryChart *>();
        chart->setFocus();
        for (int i = 0; i < 40; ++i)
            QTest::keyClick(chart, Qt::Key_Left);
        QTest::keyClick(chart, Qt::Key_Up);
    }
}

void lookAtAlerts(MainWindow &window, const QString &what)
{
    AlertsPage &page = window.alerts();
    AlertSettings settings = AlertSettings::standard();
    AlertRule day;
    day.id = u"day"_s;
    day.subject = AlertSubject::Program;
    day.name = u"firefox"_s;
    day.direction = AlertDirection::Received;
    day.limitBytes = 2ULL << 30;
    AlertRule budget;
    budget.id = u"budget"_s;
    budget.kind = AlertKind::Budget;
    budget.subject = AlertSubject::Network;
    budget.name = u"wwan0"_s;
    budget.limitBytes = 20ULL << 30;
    budget.billingDay = 15;
    budget.action.command = {u"/usr/local/bin/throttle"_s};
    budget.action.url = u"https://hooks.example.org/secret"_s;
    settings.rules += {day, budget};
    page.setSettings(settings);
    page.setBudgets({{budget.id, budget.name, 17ULL << 30, budget.limitBytes, 31ULL << 30,
                      QDateTime::currentSecsSinceEpoch() + 864'000}});
    if (what != u"empty") {
        const qint64 nowUtcS = QDateTime::currentSecsSinceEpoch();
        QList<AlertEvent> events;
        const auto tell = [&](qint64 agoS, AlertKind kind, const QString &text, const QString &program,
                              const QString &network, std::optional<quint64> bytes, AlertDelivery delivery) {
            AlertEvent event;
            event.number = quint64(events.size()) + 1;
            event.utcS = nowUtcS - agoS;
            event.kind = kind;
            event.text = text;
            event.program = program;
            event.network = network;
            event.bytes = bytes;
            event.delivery = delivery;
            events.append(event);
        };
        tell(190'000, AlertKind::FirstUse,
             u"3 programs used the network for the first time: curl, git-remote-https and steam."_s, {}, {},
             std::nullopt, AlertDelivery::Notified);
        tell(90'000, AlertKind::NotMeasuring, u"The helper is not running; start it as root."_s, {}, {},
             std::nullopt, AlertDelivery::QuietHours);
        tell(7200, AlertKind::Amount, u"firefox has received 2.10 GiB today; the limit is 2.00 GiB."_s,
             u"firefox"_s, {}, 2'254'857'830, AlertDelivery::Notified);
        tell(600, AlertKind::Budget, u"wwan0 has used 17.0 GiB of 20.0 GiB."_s, {}, u"wwan0"_s, 17ULL << 30,
             AlertDelivery::NoService);
        page.setEvents(events);
    }
    if (what == u"rules" || what == u"rule") {
        for (QAbstractButton *button : page.findChildren<QAbstractButton *>()) {
            if (button->text() == u"Rules")
                button->click();
        }
    }
    if (what == u"gap") {
        page.setSnoozed(u"15:04"_s);
        page.setProblem(
            u"Alerts cannot be kept: No space left on device. Free some space, or mend the folder "
            "/home/user/.local/share/nettally."_s);
    }
    if (what == u"rule") {
        auto *dialog = new AlertRuleDialog(budget, {{u"firefox"_s}, {{u"wwan0"_s, u"Train, metered"_s}}},
                                           UnitBase::Iec, &page);
        dialog->show();
    }
}

} // namespace

int main(int argc, char *argv[])
{
    QCoreApplication::setApplicationName(u"nettally-look"_s);
    QCoreApplication::setOrganizationName(u"nettally-look"_s);
    QSettings().clear();
    QApplication application(argc, argv);
    QStringList arguments = application.arguments();
    while (arguments.size() < 6)
        arguments.append(
            QStringList{{}, {}, u"1000x640"_s, u"overview"_s, u"light"_s, u"full"_s}[arguments.size()]);
    applyTheme();
    if (arguments[4] == u"dark")
        QApplication::setPalette(darkPalette());
    const QString what = arguments[5];

    Feed feed;
    MainWindow window(feed.models());
    window.resize(arguments[2].section(u'x', 0, 0).toInt(), arguments[2].section(u'x', 1).toInt());
    const auto page = MainWindow::Page(std::max<qsizetype>(MainWindow::pageNames().indexOf(arguments[3]), 0));
    window.setPage(page);
    window.show();
    if (what == u"full")
        feed.connections.apply(connections());
    if (what == u"missing")
        window.setConnectionsNote(
            u"The helper is older than this program and cannot list connections: update nettally-helper."_s);
    HelperState state;
    if (what == u"missing") {
        state.link = HelperState::Link::Broken;
        state.problem =
            u"The Nettally helper is not running and could not be started; install the package nettally-helper or start it as root with “systemctl start nettally-helper”."_s;
        window.setHistoryProblem(
            u"The history in /home/user/.local/share/nettally/history.db cannot be written because the disk is full; free some space, what is measured meanwhile is kept in memory."_s);
    } else {
        state.link = HelperState::Link::Live;
        if (what == u"gap")
            state.scopeNote = u"The password was not given, so only your own programs are shown."_s;
    }
    window.setHelperState(state);
    if (state.link == HelperState::Link::Live) {
        HelperStatus told = status();
        if (what == u"gap") {
            told.probes[2] = {u"packets-sent"_s, {}, false, u"network bytes sent are not measured"_s};
            told.losses = {{u"spilledFlows"_s, 12}, {u"spilledRxBytes"_s, 123'456}};
        }
        window.setHelperStatus(told);
    }

    if (what == u"ticks") {
        for (const int programs : {1000, 10'000}) {
            Feed many;
            MainWindow measured(many.models());
            measured.resize(window.size());
            measured.setPage(page);
            measured.show();
            begin(many, programs);
            QRandomGenerator random(2);
            double apply = 0;
            double paint = 0;
            constexpr int ticks = 20;
            for (int tick = 0; tick < ticks + 3; ++tick) {
                for (int id = 1; id <= programs; ++id)
                    many.script.move(quint32(id), quint32(id), 1, random.bounded(1'000'000U),
                                     random.bounded(1000U));
                QElapsedTimer timer;
                timer.start();
                many.push();
                const double applied = static_cast<double>(timer.nsecsElapsed()) / 1e6;
                QCoreApplication::processEvents();
                if (tick < 3)
                    continue;
                apply += applied;
                paint += static_cast<double>(timer.nsecsElapsed()) / 1e6 - applied;
            }
            std::printf("%d programs: %.2f ms to take an update, %.2f ms to lay out and paint\n", programs,
                        apply / ticks, paint / ticks);
        }
        return 0;
    }
    if (what == u"gap") {
        begin(feed, 20);
        run(feed, 20, 90);
        UsageScript next(u"b"_s);
        feed.script = next;
        feed.timeNs += 45 * second;
        begin(feed, 20);
        run(feed, 20, 60);
        feed.tellBooks();
    } else if (what == u"full" || what == u"expanded" || what == u"places" || what == u"country"
               || what == u"search" || what == u"explain") {
        if (what == u"places" || what == u"country")
            feed.addPlaces();
        begin(feed, 200);
        run(feed, 200, 320);
        feed.tellBooks();
    } else if (what == u"explaining" || what == u"explained") {
        begin(feed, 20);
        run(feed, 20, 60);
        feed.tellBooks();
        for (QPushButton *button : window.findChildren<QPushButton *>()) {
            if (button->isVisible() && button->text().endsWith(u'…') && button->objectName().isEmpty())
                button->click();
        }
        if (what == u"explained") {
            window.setAudit(Feed::explained());
        } else {
            QElapsedTimer waited;
            for (waited.start(); waited.elapsed() < 4000;)
                QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
        }
    } else if (what == u"empty") {
        begin(feed, 0);
        run(feed, 0, 30);
    }
    if (what == u"country")
        feed.remotes.setGrouping(RemotesModel::Grouping::Country);
    if (what == u"search" || what == u"explain") {
        QTest::qWait(100);
        auto *tree = window.findChild<QTreeView *>(arguments[3]);
        if (what == u"search") {
            QTest::keyClick(&window, Qt::Key_K, Qt::ControlModifier);
            QTest::keyClicks(window.findChild<QLineEdit *>(u"searchLine"_s), u"fire"_s);
            QWidget *search = window.findChild<QWidget *>(u"commandPalette"_s);
            QTest::qWait(100);
            return search->grab().save(arguments[1]) ? 0 : 1;
        }
        Q_EMIT static_cast<FigureTree *>(tree)->explanationWanted(tree->model()->index(1, 6));
        QTest::qWait(300);
        for (QWidget *top : QApplication::topLevelWidgets()) {
            if (top != &window && top->isVisible())
                return top->grab().save(arguments[1]) ? 0 : 1;
        }
        return 1;
    }
    if (what == u"expanded" && page != MainWindow::Page::Programs) {
        auto *tree = window.findChild<QTreeView *>(arguments[3]);
        for (int row = 0; row < 3; ++row)
            tree->expand(tree->model()->index(row, 0));
        tree->expand(tree->model()->index(0, 0, tree->model()->index(0, 0)));
        tree->setCurrentIndex(tree->model()->index(1, 0));
    } else if (what == u"expanded") {
        auto *tree = window.findChild<QTreeView *>(u"programs"_s);
        tree->expand(tree->model()->index(0, 0));
        tree->expand(tree->model()->index(2, 0));
        tree->setCurrentIndex(tree->model()->index(1, 0));
    }
    const QTemporaryDir folder;
    HistoryStore store(what == u"missing" ? folder.path() : folder.filePath(u"history.db"_s));
    if (page == MainWindow::Page::Alerts)
        lookAtAlerts(window, what);
    if (page == MainWindow::Page::History) {
        store.start();
        lookAtHistory(store, window, what);
    }
    for (int i = 0; i < 5; ++i)
        QCoreApplication::processEvents();
    if (auto *dialog = window.findChild<AlertRuleDialog *>())
        return dialog->grab().save(arguments[1]) ? 0 : 1;
    return window.grab().save(arguments[1]) ? 0 : 1;
}
