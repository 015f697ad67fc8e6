// SPDX-License-Identifier: MIT
#include "navigator.h"

#include "connectionsmodel.h"
#include "figure.h"
#include "historypage.h"
#include "livemodel.h"
#include "remotesmodel.h"
#include "tablepage.h"
#include "usagetree.h"

#include <QAbstractProxyModel>
#include <QPointer>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr qsizetype mostPlaces = 50;
constexpr int mostOfAKind = 6;

/// The name of the program that the row stands for; empty where it stands for something else.
QString programOf(const QModelIndex &index)
{
    const QModelIndex row = index.siblingAtColumn(0);
    const auto *proxy = qobject_cast<const QAbstractProxyModel *>(index.model());
    const QAbstractItemModel *source = proxy ? proxy->sourceModel() : index.model();
    if (qobject_cast<const UsageTree *>(source))
        return row.data(UsageTree::ProgramRole).toString();
    if (qobject_cast<const LiveModel *>(source))
        return row.data(programRole).toString();
    if (qobject_cast<const ConnectionsModel *>(source))
        return row.siblingAtColumn(ConnectionsModel::ProgramName).data().toString();
    return {};
}

} // namespace

Navigator::Navigator(MainWindow &window, HistoryPage &history)
    : QObject(&window)
    , m_window(window)
    , m_history(history)
    , m_palette(new CommandPalette([this](const QString &text) { return find(text); }, &window))
{
}

void Navigator::addPage(Page page, TablePage &table)
{
    m_tables.insert(page, &table);
    table.table().setWays([this, page](const QModelIndex &index) { return waysFrom(page, index); });
}

void Navigator::addCommand(const QString &text, const std::function<void()> &run)
{
    m_commands.append({text, run});
}

void Navigator::openSearch()
{
    // What is not seen may be old.
    for (TablePage *table : std::as_const(m_tables)) {
        const auto *filter = qobject_cast<const QAbstractProxyModel *>(table->table().model());
        if (auto *tree = qobject_cast<UsageTree *>(filter->sourceModel()))
            tree->refresh();
    }
    m_palette->open();
}

Navigator::Place Navigator::here() const
{
    Place place;
    place.page = m_window.page();
    if (const TablePage *table = m_tables.value(place.page))
        place.filter = table->filterText();
    if (place.page == Page::History) {
        place.path = m_history.browser().path();
        place.by = m_history.browser().by();
    }
    return place;
}

void Navigator::go(const Place &place)
{
    m_before.append(here());
    if (m_before.size() > mostPlaces)
        m_before.removeFirst();
    show(place);
}

bool Navigator::goBack()
{
    // Within the history first, up to where the way to it ended.
    if (m_window.page() == Page::History && m_history.goBack())
        return true;
    if (m_before.isEmpty())
        return false;
    show(m_before.takeLast());
    return true;
}

void Navigator::show(const Place &place)
{
    if (TablePage *table = m_tables.value(place.page))
        table->setFilterText(place.filter);
    if (place.page == Page::History)
        m_history.open(place.path, place.by);
    m_window.setPage(place.page);
}

FigureTree::Way Navigator::wayTo(Page page, const QString &text, const QString &filter)
{
    Place place;
    place.page = page;
    place.filter = filter;
    return {text, [this, place] { go(place); }};
}

FigureTree::Way Navigator::wayToHistory(const HistoryStep &step)
{
    Place place;
    place.page = Page::History;
    place.path = {step};
    place.by = step.by == HistoryQuery::By::Program ? HistoryQuery::By::Remote : HistoryQuery::By::Program;
    return {tr("History of “%1”").arg(step.name), [this, place] { go(place); }};
}

void Navigator::addWaysOfProgram(QList<FigureTree::Way> &ways, Page from, const QString &name)
{
    if (from != Page::Remotes)
        ways.append(wayTo(Page::Remotes, tr("Remote hosts of “%1”").arg(name), name));
    if (from != Page::Programs)
        ways.append(wayTo(Page::Programs, tr("“%1” among the programs").arg(name), name));
    if (from != Page::Connections)
        ways.append(wayTo(Page::Connections, tr("Connections of “%1”").arg(name), name));
    HistoryStep step;
    step.by = HistoryQuery::By::Program;
    step.name = name;
    step.program = name;
    ways.append(wayToHistory(step));
}

void Navigator::addWaysOfRemote(QList<FigureTree::Way> &ways, Page from, const QString &address)
{
    if (from != Page::Programs)
        ways.append(wayTo(Page::Programs, tr("Programs that talk to “%1”").arg(address), address));
    if (from != Page::Remotes)
        ways.append(wayTo(Page::Remotes, tr("“%1” among the remote hosts").arg(address), address));
    if (from != Page::Connections)
        ways.append(wayTo(Page::Connections, tr("Connections to “%1”").arg(address), address));
    HistoryStep step;
    step.by = HistoryQuery::By::Remote;
    step.name = address;
    step.remote = Address::fromString(address);
    ways.append(wayToHistory(step));
}

QList<FigureTree::Way> Navigator::waysFrom(Page page, const QModelIndex &index)
{
    QList<FigureTree::Way> ways;
    const QString program = programOf(index);
    const QString address = index.siblingAtColumn(0).data(addressRole).toString();
    if (!program.isEmpty() && program != unknownText())
        addWaysOfProgram(ways, page, program);
    if (!address.isEmpty())
        addWaysOfRemote(ways, page, address);
    return ways;
}

QList<CommandPalette::Entry> Navigator::find(const QString &text)
{
    QList<CommandPalette::Entry> found;
    const auto holds = [&text](const QString &where) { return where.contains(text, Qt::CaseInsensitive); };
    const QStringList titles = m_window.pageTitles();
    for (qsizetype i = 0; i < titles.size(); ++i) {
        if (holds(titles.at(i))) {
            Place place;
            place.page = Page(i);
            found.append({titles.at(i), tr("Page"), [this, place] { go(place); }});
        }
    }
    if (!text.isEmpty()) {
        for (const Page page : {Page::Programs, Page::Remotes})
            findRows(page, text, found);
    }
    for (const auto &[command, run] : std::as_const(m_commands)) {
        if (holds(command))
            found.append({command, tr("Command"), run});
    }
    // What begins with it is meant more often.
    std::stable_sort(found.begin(), found.end(), [&text](const auto &a, const auto &b) {
        return a.text.startsWith(text, Qt::CaseInsensitive) > b.text.startsWith(text, Qt::CaseInsensitive);
    });
    return found;
}

/// Of the rows at the top, in the order of the page.
void Navigator::findRows(Page page, const QString &text, QList<CommandPalette::Entry> &found)
{
    TablePage *table = m_tables.value(page);
    const auto *filter = qobject_cast<const QAbstractProxyModel *>(table->table().model());
    const QAbstractItemModel *model = filter->sourceModel();
    const auto *rows = dynamic_cast<const SearchableRows *>(model);
    int count = 0;
    for (int row = 0; row < model->rowCount() && count < mostOfAKind; ++row) {
        const QModelIndex index = model->index(row, 0);
        if (!rows->matches(index, text))
            continue;
        ++count;
        const QString name = index.data().toString();
        const QString address = index.data(addressRole).toString();
        const QString shown = address.isEmpty() || address == name ? name : u"%1 (%2)"_s.arg(name, address);
        found.append({shown, page == Page::Programs ? tr("Program") : tr("Remote host"),
                      [this, page, table, place = QPersistentModelIndex(index)] {
                          Place to;
                          to.page = page;
                          go(to);
                          if (place.isValid())
                              table->table().showRow(place);
                      }});
    }
}

} // namespace Nettally
