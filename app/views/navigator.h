// SPDX-License-Identifier: MIT
#pragma once

#include "commandpalette.h"
#include "figuretree.h"
#include "historymodel.h"
#include "mainwindow.h"

#include <optional>

namespace Nettally {

class HistoryPage;
class TablePage;

/**
 * The ways between the pages: from a row to what others know of it and back, and the search over all of them.
 */
class Navigator : public QObject {
    Q_OBJECT

public:
    using Page = MainWindow::Page;

    /// All must outlive it.
    Navigator(MainWindow &window, HistoryPage &history);

    /// Tells of the page with ways from its rows.
    void addPage(Page page, TablePage &table);
    /// What the search offers besides.
    void addCommand(const QString &text, const std::function<void()> &run);
    void openSearch();
    /// To where the last way began; false where there is none.
    bool goBack();

private:
    /// What a page shows.
    struct Place {
        Page page = Page::Overview;
        QString filter;
        QList<HistoryStep> path;
        HistoryQuery::By by = HistoryQuery::By::Program;
    };

    Place here() const;
    void go(const Place &place);
    void show(const Place &place);
    QList<FigureTree::Way> waysFrom(Page page, const QModelIndex &index);
    void addWaysOfProgram(QList<FigureTree::Way> &ways, Page from, const QString &name);
    void addWaysOfRemote(QList<FigureTree::Way> &ways, Page from, const QString &address);
    FigureTree::Way wayTo(Page page, const QString &text, const QString &filter);
    FigureTree::Way wayToHistory(const HistoryStep &step);
    QList<CommandPalette::Entry> find(const QString &text);
    void findRows(Page page, const QString &text, QList<CommandPalette::Entry> &found);

    MainWindow &m_window;
    HistoryPage &m_history;
    QHash<Page, TablePage *> m_tables;
    QList<std::pair<QString, std::function<void()>>> m_commands;
    QList<Place> m_before;
    CommandPalette *m_palette;
};

} // namespace Nettally
