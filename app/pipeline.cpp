// SPDX-License-Identifier: MIT
#include "pipeline.h"

#include "alertspage.h"

#include <QDateTime>
#include <QLocale>
#include <QNetworkInterface>
#include <QSettings>

#include <chrono>
#include <ctime>
#include <unistd.h>

using namespace std::chrono_literals;

namespace Nettally {

namespace {

constexpr auto placeFilesKey = "places/files";

/// The time of day of a reading, in milliseconds since 1970 UTC. The readings carry the clock that counts on
/// through suspend and is never set; the record needs the one people go by.
qint64 utcMsOf(quint64 bootTimeNs)
{
    timespec boot{};
    clock_gettime(CLOCK_BOOTTIME, &boot);
    const qint64 agoMs =
        qint64(boot.tv_sec) * 1000 + boot.tv_nsec / 1'000'000 - qint64(bootTimeNs / 1'000'000);
    return QDateTime::currentMSecsSinceEpoch() - agoMs;
}

/// The payload that moved between two readings, put down to the minute of the later one. Names of interfaces
/// are not in the live stream.
HistoryBatch batchOf(const UsageChange &change)
{
    constexpr qint64 minuteMs = 60000;
    const qint64 utcMs = utcMsOf(change.endNs);
    const qint64 minute = (utcMs >= 0 ? utcMs : utcMs - minuteMs + 1) / minuteMs;
    HistoryBatch batch;
    batch.records.reserve(change.deltas.size());
    for (const UsageDelta &delta : change.deltas) {
        // Packets alone would only be a row of zeros.
        if (delta.rxPayloadBytes == 0 && delta.txPayloadBytes == 0)
            continue;
        const Program &program = delta.program;
        batch.records.append(
            FlowMinute{minute * 60,
                       {{program.name, program.executable, program.uid, QString(), program.kind},
                        delta.remote,
                        delta.protocol,
                        delta.servicePort,
                        delta.direction,
                        QString()},
                       {delta.rxPayloadBytes, delta.txPayloadBytes, std::nullopt}});
    }
    return batch;
}

} // namespace

Pipeline::Pipeline(const QString &databasePath, quint32 intervalMs)
    : m_client(QDBusConnection::systemBus())
    , m_store(databasePath)
    , m_catchUp(m_client, m_store)
    , m_alerts(alertFolder(), QDBusConnection::sessionBus(), QDBusConnection::systemBus())
    , m_window({m_model, m_history, m_remotes, m_places, m_protocols, m_connections, m_interfaces})
    , m_tray(m_model, m_history, m_window)
{
    m_request.intervalMs = intervalMs;
    m_request.detail = Detail::Connection;

    connect(&m_client, &MonitorClient::updateReceived, this, &Pipeline::takeUpdate);
    connect(&m_client, &MonitorClient::stateChanged, this, &Pipeline::showHelperState);
    connect(&m_client, &MonitorClient::statusReceived, &m_window, &MainWindow::setHelperStatus);
    connect(&m_identities, &IdentityService::found, &m_model, &LiveModel::identify);
    m_model.setNameBook(&m_names);
    m_connections.setNameBook(&m_names);
    m_remotes.setNameBook(&m_names);
    m_remotes.setPlaceBook(&m_places);
    m_places.setFiles(QSettings().value(QLatin1StringView(placeFilesKey)).toStringList());
    connect(&m_window, &MainWindow::placeFilesChosen, this, [this](const QStringList &files) {
        QSettings().setValue(QLatin1StringView(placeFilesKey), files);
        m_places.setFiles(files);
        m_places.refresh();
    });
    m_client.setNamesWanted(true);
    connect(&m_client, &MonitorClient::namesReceived, this, [this](const QList<NameAnswer> &answers) {
        if (!m_nameObserver.take(answers))
            return;
        m_model.renewNames();
        m_remotes.renewNames();
    });
    connect(&m_client, &MonitorClient::balanceReceived, this,
            [this](quint64, const QList<InterfaceBalance> &interfaces, const MachineBytes &machine) {
                m_interfaces.take(interfaces, machine);
            });
    connect(&m_window, &MainWindow::auditWanted, &m_client, &MonitorClient::requestAudit);
    connect(&m_client, &MonitorClient::auditReceived, &m_window, &MainWindow::setAudit);
    connect(&m_client, &MonitorClient::auditFailed, &m_window, &MainWindow::setAuditProblem);
    connect(&m_window, &MainWindow::connectionsWanted, &m_client, &MonitorClient::requestConnections);
    connect(&m_client, &MonitorClient::connectionsReceived, this, [this](const ConnectionList &list) {
        m_connections.apply(list);
        m_window.setConnectionsNote(
            list.isCut ? tr("This machine has more connections than the helper lists; some are missing.")
                       : QString());
    });
    connect(&m_client, &MonitorClient::connectionsFailed, this, [this](const QString &problem) {
        m_connections.apply({});
        m_window.setConnectionsNote(problem);
    });
    connect(&m_store, &HistoryStore::stateChanged, this,
            [this] { m_window.setHistoryProblem(m_store.problem()); });

    connect(&m_catchUp, &HistoryCatchUp::progressChanged, &m_window, &MainWindow::setHistoryProgress);

    connect(&m_window, &MainWindow::retryRequested, this, [this] { subscribe(m_request.scope, false); });
    connect(&m_window, &MainWindow::scopeRequested, this,
            [this](Scope scope) { subscribe(scope, scope == Scope::All); });

    m_book.setTunnelsAt(m_window.tunnelsAt());
    connect(&m_window, &MainWindow::tunnelsAtChosen, this, [this](TunnelsAt place) {
        const UsageChange change = m_book.setTunnelsAt(place);
        if (change.growths.isEmpty())
            return;
        show(change);
    });

    m_tray.addChoicesTo(m_window.menu());
    connect(&m_tray, &Tray::sumsWanted, this, &Pipeline::askForSums);
    connect(&m_tray, &Tray::pauseToggled, &m_window, &MainWindow::setPaused);
    connect(&m_tray, &Tray::noteChanged, &m_window, &MainWindow::setDesktopNote);

    connectAlerts();
    m_statusTimer.setInterval(30s);
    connect(&m_statusTimer, &QTimer::timeout, this, [this] {
        m_places.refresh();
        if (m_client.state() == MonitorClient::State::Live && m_window.isVisible())
            m_client.requestStatus();
    });
    connect(&m_balanceTimer, &QTimer::timeout, this, &Pipeline::askForBalance);
    connect(&m_window, &MainWindow::pageChanged, this, &Pipeline::askForBalance);
}

void Pipeline::connectAlerts()
{
    AlertEngine &engine = m_alerts.engine();
    engine.setUnitBase([this] { return m_model.unitStyle().base; });
    AlertsPage &page = m_window.alerts();
    const auto showSettings = [&engine, &page] { page.setSettings(engine.settings()); };
    const auto showEvents = [&engine, &page] { page.setEvents(engine.events()); };
    const auto showState = [&engine, &page] {
        page.setProblem(engine.problem());
        const std::optional<qint64> until = engine.snoozedUntilUtcS();
        page.setSnoozed(
            until ? QLocale().toString(QDateTime::fromSecsSinceEpoch(*until).time(), QLocale::ShortFormat)
                  : QString());
    };
    showSettings();
    showEvents();
    showState();
    connect(&engine, &AlertEngine::settingsChanged, &page, showSettings);
    connect(&engine, &AlertEngine::eventsChanged, &page, showEvents);
    connect(&engine, &AlertEngine::stateChanged, &page, showState);
    connect(&engine, &AlertEngine::budgetsChanged, &page, [this, &engine, &page] {
        page.setBudgets(engine.budgets());
        m_tray.setBudgets(engine.budgets());
    });
    connect(&page, &AlertsPage::settingsChosen, &engine,
            [&engine, showSettings](const AlertSettings &chosen) {
                engine.setSettings(chosen);
                // Where they were not taken, what holds is shown again.
                showSettings();
            });
    connect(&page, &AlertsPage::clearChosen, &engine, &AlertEngine::clearEvents);
    connect(&page, &AlertsPage::wakeChosen, &engine, &AlertEngine::wake);
    connect(&m_window, &MainWindow::pageChanged, &page, [this, &page](MainWindow::Page shown) {
        if (shown == MainWindow::Page::Alerts)
            page.setChoices(alertChoices());
    });
    connect(&m_alerts, &AlertService::openRequested, this, [this, &page](quint64 number) {
        m_tray.showWindow();
        m_window.setPage(MainWindow::Page::Alerts);
        page.select(number);
    });
    connect(&m_store, &HistoryStore::batchApplied, &engine, &AlertEngine::historyGrew);
    connect(&m_client, &MonitorClient::stateChanged, &engine, [this, &engine] {
        engine.setMeasuring(m_client.state() == MonitorClient::State::Live, m_client.problem());
    });
}

AlertChoices Pipeline::alertChoices() const
{
    AlertChoices choices;
    // Rules are about programs as the history knows them, not about applications.
    for (int row = 0; row < m_model.rowCount({}); ++row) {
        const QModelIndex application = m_model.index(row, 0, {});
        for (int child = 0; child < m_model.rowCount(application); ++child) {
            const QModelIndex process = m_model.index(child, 0, application);
            if (process.data(LiveModel::LevelRole).toInt() == int(LiveModel::Level::Process))
                choices.programs.append(process.data(LiveModel::PlainNameRole).toString());
        }
    }
    choices.programs.removeDuplicates();
    choices.programs.sort(Qt::CaseInsensitive);
    const QMap<QString, NetworkName> &known = m_alerts.networks().names();
    for (const QNetworkInterface &interface : QNetworkInterface::allInterfaces()) {
        const NetworkName name = known.value(interface.name());
        choices.networks.insert(interface.name(),
                                name.isMetered.value_or(false) ? tr("%1, metered").arg(name.connection)
                                                               : name.connection);
    }
    return choices;
}

void Pipeline::start(bool isHidden)
{
    if (!isHidden)
        m_window.show();
    m_tray.start(isHidden);
    m_store.start();
    m_window.setHistorySource([this](const HistoryQuery &query, const HistoryBrowser::Answered &answered) {
        m_store.query(query, answered);
    });
    m_alerts.start([this](const HistoryQuery &query, const AlertEngine::Answered &answered) {
        m_store.query(query, answered);
    });
    // Root may see everything without being asked.
    subscribe(geteuid() == 0 ? Scope::All : Scope::Own, false);
    m_statusTimer.start();
    m_places.refresh();
    askForBalance();
}

void Pipeline::takeUpdate(const UsageUpdate &update)
{
    const UsageChange change = m_book.apply(update);
    if (const HistoryBatch batch = batchOf(change); !batch.records.isEmpty())
        m_catchUp.takeLive(batch);
    if (change.isNewInstance) {
        m_nameObserver.forgetInstance();
        m_identities.forgetInstance();
    }
    for (const quint32 id : change.programs)
        m_identities.find(m_book.program(id));
    for (const QList<quint32> &ids : {change.ended, change.vanished}) {
        for (const quint32 id : ids)
            m_identities.forget(id);
    }
    show(change);
    m_alerts.engine().takeLive(change);
}

void Pipeline::show(const UsageChange &change)
{
    m_model.apply(m_book, change);
    m_remotes.apply(m_book, change);
    m_protocols.apply(m_book, change);
    m_history.apply(m_book, change);
}

void Pipeline::showHelperState()
{
    HelperState state;
    state.problem = m_client.problem();
    state.scope = m_client.grantedScope();
    state.scopeNote = m_client.scopeNote();
    // QtDBus keeps a failed connection to the bus for the life of the process.
    state.canRetry = m_client.state() != MonitorClient::State::BusUnavailable;
    switch (m_client.state()) {
    case MonitorClient::State::Live:
        state.link = HelperState::Link::Live;
        m_client.requestStatus();
        askForBalance();
        break;
    case MonitorClient::State::Connecting:
        state.link = HelperState::Link::Connecting;
        break;
    default:
        state.link = HelperState::Link::Broken;
        break;
    }
    // Nobody knows how they are without the helper.
    if (state.link != HelperState::Link::Live)
        m_connections.apply({});
    m_window.setHelperState(state);
    m_tray.setProblem(state.problem);
}

/// The books, while somebody can see them: each second as a page, now and then as a line of the overview.
void Pipeline::askForBalance()
{
    const bool isPage = m_window.page() == MainWindow::Page::Interfaces;
    const bool isLine = m_window.page() == MainWindow::Page::Overview;
    const bool isSeen = m_window.isVisible() && !m_window.isMinimized();
    if ((isPage || isLine) && isSeen && m_client.state() == MonitorClient::State::Live)
        m_client.requestBalance();
    m_balanceTimer.start(isPage ? 1s : 5s);
}

/// Local time, as people mean "today"; the store keeps days and months by it.
void Pipeline::askForSums()
{
    const QDateTime now = QDateTime::currentDateTime();
    m_sums.until = QLocale().toString(now.time(), QLocale::ShortFormat);
    const auto sumOf = [this, &now](const QDate &first, auto store) {
        HistoryQuery query;
        query.fromUtcS = first.startOfDay().toSecsSinceEpoch();
        query.toUtcS = now.toSecsSinceEpoch() + 1;
        query.by = HistoryQuery::By::Time;
        m_store.query(query, [this, store](const HistoryAnswer &answer) {
            store(m_sums, answer.problem.isEmpty() ? std::optional(answer.total.sums) : std::nullopt);
            m_tray.setSums(m_sums);
        });
    };
    const QDate today = now.date();
    sumOf(today, [](TraySums &sums, const std::optional<TrafficSums> &value) { sums.today = value; });
    sumOf(QDate(today.year(), today.month(), 1),
          [](TraySums &sums, const std::optional<TrafficSums> &value) { sums.month = value; });
}

void Pipeline::subscribe(Scope scope, bool interactive)
{
    m_request.scope = scope;
    m_request.interactive = interactive;
    m_client.start(m_request);
}

} // namespace Nettally
