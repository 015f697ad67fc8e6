// SPDX-License-Identifier: MIT
#include "clientwatch.h"
#include "commands.h"
#include "exitcode.h"
#include "liverates.h"
#include "output.h"
#include "remotenames.h"
#include "report.h"
#include "screen.h"
#include "signalwatcher.h"
#include "text.h"
#include "units.h"

#include <QSocketNotifier>
#include <QTime>

#include <algorithm>

#include <unistd.h>

namespace Nettally::Cli {

namespace {

constexpr int plainRows = 20;
constexpr quint64 keepEndedNs = 60ULL * 1000 * 1000 * 1000;

/// The live table, on the whole screen or as plain lines.
class LiveView : public QObject {
public:
    LiveView(const Options &options, MonitorClient &client);

    int exitCode() const { return m_exitCode; }
    bool hasBegun() const { return !m_table.instance().isEmpty(); }
    void windowResized();

private:
    void take(const UsageUpdate &update);
    void readKeys();
    void openScreen();
    void print();
    void draw();
    QList<LiveRow> slice(int first, int count) const;
    QString summary() const;
    QString footer(int first, int shown) const;
    int rowCount() const;
    NameBook &shownNames() { return m_options.numeric ? m_noNames : m_names.book(); }

    Options m_options;
    MonitorClient &m_client;
    RemoteNames m_names;
    NameBook m_noNames;
    ApplicationFinder m_finder;
    UsageTable m_table;
    LiveRates m_rates;
    QList<LiveRow> m_rows;
    std::unique_ptr<Screen> m_screen;
    bool m_isScreenWanted;
    bool m_isPaused = false;
    bool m_hasRates = false; ///< once there are two readings to compare
    int m_firstRow = 0;
    int m_printed = 0; ///< refreshes as plain lines
    int m_exitCode = Ok;
};

LiveView::LiveView(const Options &options, MonitorClient &client)
    : m_options(options)
    , m_client(client)
    , m_names(client)
    , m_table(&m_finder, options.leftOut)
    , m_isScreenWanted(options.count == 0 && ::isatty(STDIN_FILENO) && ::isatty(STDOUT_FILENO))
{
    connect(&client, &MonitorClient::updateReceived, this, &LiveView::take);
    connect(&client, &MonitorClient::stateChanged, this, [this] {
        if (m_screen) {
            draw();
        } else if (m_printed > 0 && !m_client.problem().isEmpty()) {
            writeError(m_client.problem());
        }
    });
}

void LiveView::take(const UsageUpdate &update)
{
    releaseWatch(m_client);
    if (update.instance != m_table.instance()) {
        m_names.forgetInstance();
    }
    m_table.apply(update);
    m_table.forgetEnded(keepEndedNs);
    QList<LiveRow> rows = m_rates.update(m_table, m_options.by, m_table.timeNs());
    m_hasRates = !update.isSnapshot;
    if (m_isPaused) {
        return;
    }
    m_rows = std::move(rows);
    sortRows(m_rows, m_options.sort);
    if (m_isScreenWanted && !m_screen) {
        openScreen();
    }
    if (m_screen) {
        draw();
    } else {
        print();
    }
}

void LiveView::openScreen()
{
    m_screen = Screen::open(qEnvironmentVariableIsEmpty("NO_COLOR"));
    if (!m_screen) {
        m_isScreenWanted = false;
        return;
    }
    auto *keys = new QSocketNotifier(STDIN_FILENO, QSocketNotifier::Read, this);
    connect(keys, &QSocketNotifier::activated, this, &LiveView::readKeys);
}

void LiveView::print()
{
    if (m_printed == 0) {
        m_exitCode = scopeExitCode(m_client, m_options);
    }
    const int count = m_options.top > 0 ? m_options.top : plainRows;
    const QString table = m_rows.isEmpty()
        ? Ctl::tr("nothing has moved yet")
        : liveTable(slice(0, count), m_options.by, shownNames()).lines(0).join(u'\n');
    if (!writeOutput((summary() + u'\n' + table + QStringLiteral("\n\n")).toUtf8())) {
        m_exitCode = outputExitCode();
        QCoreApplication::exit(m_exitCode);
    } else if (++m_printed == m_options.count) {
        QCoreApplication::exit(m_exitCode);
    }
}

void LiveView::draw()
{
    const int fit = m_screen->rows();
    m_firstRow = std::clamp(m_firstRow, 0, std::max(0, rowCount() - fit));
    const QList<LiveRow> rows = slice(m_firstRow, fit);
    m_screen->draw(summary(), liveTable(rows, m_options.by, shownNames()),
                   footer(m_firstRow, int(rows.size())));
}

void LiveView::readKeys()
{
    std::optional<Screen::Key> key = m_screen->readKey();
    if (!key) {
        QCoreApplication::exit(m_exitCode); // readable, and nothing to read: the terminal is gone
        return;
    }
    const auto sortBy = [this](Sort sort) {
        m_options.sort = sort;
        m_firstRow = 0;
        sortRows(m_rows, sort);
    };
    for (; key; key = m_screen->readKey()) {
        switch (*key) {
        case Screen::Key::Quit:
            QCoreApplication::exit(m_exitCode);
            return;
        case Screen::Key::SortReceive:
            sortBy(Sort::Receive);
            break;
        case Screen::Key::SortSend:
            sortBy(Sort::Send);
            break;
        case Screen::Key::SortTotal:
            sortBy(Sort::Total);
            break;
        case Screen::Key::SortName:
            sortBy(Sort::Name);
            break;
        case Screen::Key::Pause:
            m_isPaused = !m_isPaused;
            break;
        case Screen::Key::Up:
            --m_firstRow;
            break;
        case Screen::Key::Down:
            ++m_firstRow;
            break;
        case Screen::Key::PageUp:
            m_firstRow -= m_screen->rows();
            break;
        case Screen::Key::PageDown:
            m_firstRow += m_screen->rows();
            break;
        case Screen::Key::Top:
            m_firstRow = 0;
            break;
        case Screen::Key::Other:
            break;
        }
    }
    draw();
}

void LiveView::windowResized()
{
    if (m_screen) {
        m_screen->resize();
        draw();
    }
}

int LiveView::rowCount() const
{
    return m_options.top > 0 ? std::min(m_options.top, int(m_rows.size())) : int(m_rows.size());
}

QList<LiveRow> LiveView::slice(int first, int count) const
{
    return m_rows.mid(first, std::min(count, rowCount() - first));
}

QString LiveView::summary() const
{
    std::optional<double> rx;
    std::optional<double> tx;
    if (m_hasRates) {
        rx = tx = 0; // also where there are no rows
    }
    for (const LiveRow &row : m_rows) {
        if (row.rxBytesPerSecond && row.txBytesPerSecond) {
            rx = rx.value_or(0) + *row.rxBytesPerSecond;
            tx = tx.value_or(0) + *row.txBytesPerSecond;
        }
    }
    const UsageSums total = m_table.total();
    return Ctl::tr("%1  %2: receiving %3, sending %4; received %5, sent %6 since the helper started")
        .arg(QTime::currentTime().toString(QStringLiteral("HH:mm:ss")),
             m_client.grantedScope() == Scope::All ? Ctl::tr("all programs")
                                                   : Ctl::tr("your programs and the others' sum"),
             formatRate(rx), formatRate(tx), formatBytes(total.rxPayloadBytesTotal),
             formatBytes(total.txPayloadBytesTotal));
}

QString LiveView::footer(int first, int shown) const
{
    if (!m_client.problem().isEmpty()) {
        return printable(m_client.problem());
    }
    QString text = shown == 0 ? Ctl::tr("nothing has moved yet")
                              : Ctl::tr("%1 to %2 of %3").arg(first + 1).arg(first + shown).arg(rowCount());
    text += Ctl::tr("   q quit   r s t n sort by receive, send, total, name   p pause");
    if (m_isPaused) {
        text += Ctl::tr("   PAUSED");
    }
    if (!m_client.scopeNote().isEmpty()) {
        text += QStringLiteral("   ") + printable(m_client.scopeNote());
    }
    return text;
}

} // namespace

int runLive(const Options &options)
{
    SignalWatcher signalWatcher;
    int code = Ok;
    QString lastProblem;
    {
        MonitorClient client(QDBusConnection::systemBus());
        LiveView view(options, client);
        QObject::connect(&signalWatcher, &SignalWatcher::endAsked, &view,
                         [&view] { QCoreApplication::exit(view.exitCode()); });
        QObject::connect(&signalWatcher, &SignalWatcher::windowResized, &view, &LiveView::windowResized);
        startWatched(client, options);
        code = QCoreApplication::exec();
        if (view.hasBegun() && client.state() == MonitorClient::State::BusUnavailable) {
            lastProblem = client.problem();
        }
    }
    // Only now is the terminal the shell's again.
    if (!lastProblem.isEmpty()) {
        writeError(lastProblem);
    }
    return code;
}

} // namespace Nettally::Cli
