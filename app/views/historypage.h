// SPDX-License-Identifier: MIT
#pragma once

#include "historybrowser.h"

#include <QTimer>
#include <QWidget>

class QButtonGroup;
class QHBoxLayout;
class QLabel;
class QLineEdit;
class QSortFilterProxyModel;
class QStackedLayout;
class QToolButton;

namespace Nettally {

class ElidedLabel;
class FigureTree;
class HistoryChart;
class HistoryRangeBar;
class MeasureSwitch;
class NoticeBar;

/// Any time of the history: its graph, what moved most in it, and what is behind each row.
class HistoryPage : public QWidget {
    Q_OBJECT

public:
    enum class Picture { Png, Svg };
    enum class Table { Csv, Json };

    explicit HistoryPage(const QTimeZone &zone, QWidget *parent = nullptr);
    ~HistoryPage() override;

    HistoryBrowser &browser() { return m_browser; }
    MeasureSwitch &measureSwitch() { return *m_measure; }
    void focusFilter();
    /// To what is behind these steps; goBack() ends where it leads.
    void open(const QList<HistoryStep> &path, HistoryQuery::By by);
    /// One step back; false where there is none.
    bool goBack();
    /// On a narrow window.
    void setCompact(bool compact);
    void setUnitStyle(UnitStyle style);
    void setMeasure(Measure wanted);
    /// While paused the page does not follow time.
    void setPaused(bool paused);
    /// Asks anew if the page is seen: what is stored may be another.
    void refresh();

    /// Writes what is shown; answers why it cannot, empty when it did.
    QString savePicture(const QString &path, Picture format) const;
    QString saveTable(const QString &path, Table format) const;

protected:
    void changeEvent(QEvent *event) override;
    void hideEvent(QHideEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void showEvent(QShowEvent *event) override;

private:
    QWidget *makeCard();
    QToolButton *makeExportButton();
    void makeChoices();
    void addShortcut(const QKeySequence &keys, QWidget *owner, void (HistoryPage::*action)());
    void askForFile(const QString &suffix, const QString &kind,
                    const std::function<QString(const QString &)> &save);
    void showAsked();
    void showAnswer();
    void showPath();
    void showTotals();
    void sortFor(HistoryQuery::By by);
    QString outlookText() const;
    void enterRow(const QModelIndex &index);
    void enterCurrent();
    void leave();
    void showRowMenu(const QPoint &position);
    void scheduleRefresh();
    void applyPalette();

    HistoryBrowser m_browser;
    UnitStyle m_style;
    bool m_isPaused = false;
    bool m_isCompact = false;
    bool m_isSortedByTime = false;
    qsizetype m_depthOpened = 0; ///< of the path that open() was given
    std::pair<int, Qt::SortOrder> m_orderOfNames; ///< while sorted by time: that of other rows
    QTimer m_refreshTimer;
    HistoryRangeBar *m_range;
    MeasureSwitch *m_measure;
    QButtonGroup *m_groups;
    ElidedLabel *m_sentence;
    QLabel *m_totals;
    HistoryChart *m_chart;
    QLabel *m_note;
    QLabel *m_empty;
    QStackedLayout *m_cardStack = nullptr;
    QWidget *m_pathBar;
    QHBoxLayout *m_pathLayout;
    QLineEdit *m_filterEdit;
    QAction *m_filterIcon;
    QSortFilterProxyModel *m_filter;
    FigureTree *m_tree;
    QLabel *m_outlook;
    NoticeBar *m_saveNotice;
};

} // namespace Nettally
