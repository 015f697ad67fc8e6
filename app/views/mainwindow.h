// SPDX-License-Identifier: MIT
#pragma once

#include "historybrowser.h"
#include "trafficcounts.h"
#include "units.h"
#include "usage.h"

#include <QMainWindow>

class QActionGroup;
class QButtonGroup;
class QFrame;
class QLabel;
class QStackedWidget;
class QToolButton;
class QPushButton;

namespace Nettally {

struct AlertEvent;
class AlertsPage;
class ConnectionsModel;
class ConnectionsPage;
class HistoryPage;
class InterfaceModel;
class InterfacesPage;
class LiveModel;
class NoticeBar;
class OverviewPage;
class ProgramsPage;
class TrafficHistory;

/// Where the connection to the helper stands, as the window shows it.
struct HelperState {
    enum class Link { Connecting, Live, Broken };
    Link link = Link::Connecting;
    QString problem; ///< one sentence for people; empty when nothing is wrong
    bool canRetry = true; ///< another try without starting anew may help
    Scope scope = Scope::Own;
    QString scopeNote; ///< why less than asked for is shown; empty when nothing is missing
};

/// The window: pages at the side, what is wrong above them, how the measuring goes below.
class MainWindow : public QMainWindow {
    Q_OBJECT

public:
    enum class Page { Overview, Programs, Connections, Interfaces, History, Alerts };

    /// Must not outlive the models.
    MainWindow(LiveModel &model, TrafficHistory &history, ConnectionsModel &connections,
               InterfaceModel &interfaces, QWidget *parent = nullptr);
    ~MainWindow() override;

    /// The names of the pages, in their order: for a command line.
    static QStringList pageNames();
    void setPage(Page page);
    Page page() const;
    void setHelperState(const HelperState &state);
    void setHelperStatus(const HelperStatus &status);
    /// A sentence about the list of connections, or why there is none; empty when there is nothing to say.
    void setConnectionsNote(const QString &note);
    /// Something about the desktop that the reader can put away; empty when there is nothing to say.
    void setDesktopNote(const QString &note);
    /// Holds what is shown, or goes on with it; measuring goes on either way.
    void setPaused(bool paused);
    /// The menu of choices, which others may add theirs to.
    QMenu &menu() const;
    /// The page of alerts, for whoever has them.
    AlertsPage &alerts() const { return *m_alertsPage; }
    /// Whom the page of the history asks.
    void setHistorySource(const HistoryBrowser::Source &source);
    /// What was found after auditWanted(), or in a sentence why nothing was.
    void setAudit(const QList<InterfaceBalance> &interfaces);
    void setAuditProblem(const QString &problem);
    /// What keeps the history from being written; empty when nothing does.
    void setHistoryProblem(const QString &problem);
    /// Of a history that is being brought up to date; empty: it is.
    void setHistoryProgress(const QString &progress);

Q_SIGNALS:
    void pageChanged(Nettally::MainWindow::Page page);
    /// The page of connections is seen, and what it shows is a second old.
    void connectionsWanted();
    /// The user wants the interfaces watched for so long.
    void auditWanted(quint32 seconds);
    /// The user wants another try at reaching the helper.
    void retryRequested();
    /// The user wants to see these programs; polkit may ask for a password.
    void scopeRequested(Nettally::Scope scope);

protected:
    void changeEvent(QEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    QFrame *makeSidebar();
    QWidget *makeHeader();
    QFrame *makeStatusLine();
    QMenu *makeMenu();
    void addPage(Page page, QWidget *widget, const QString &title);
    void chooseMeasure(Measure measure);
    void updateMeasure();
    void setUnitStyle(UnitStyle style);
    void showPaused(bool paused);
    void updateState();
    void updateCompactness();
    void applyPalette();
    QString statusText() const;
    void openHistory(const AlertEvent &event);

    LiveModel &m_model;
    TrafficHistory &m_history;
    ConnectionsModel &m_connectionsModel;
    InterfaceModel &m_interfaces;
    HelperState m_state;
    HelperStatus m_status;
    UnitStyle m_style;
    Measure m_wantedMeasure = Measure::Network;
    bool m_isNetworkMeasured = false; ///< there is a choice

    QFrame *m_sidebar;
    QLabel *m_logo = nullptr;
    QLabel *m_brand = nullptr;
    QButtonGroup *m_pageButtons;
    QStackedWidget *m_pages;
    OverviewPage *m_overview;
    ProgramsPage *m_programs;
    ConnectionsPage *m_connections;
    InterfacesPage *m_interfacesPage;
    HistoryPage *m_historyPage;
    AlertsPage *m_alertsPage;
    QActionGroup *m_measureActions;
    QLabel *m_title = nullptr;
    QToolButton *m_pause = nullptr;
    QToolButton *m_menu = nullptr;
    NoticeBar *m_helperNotice;
    NoticeBar *m_scopeNotice;
    NoticeBar *m_historyNotice;
    NoticeBar *m_desktopNotice;
    QToolButton *m_stateButton = nullptr;
    QPushButton *m_scopeButton = nullptr;
    QLabel *m_spilled = nullptr;
    bool m_isCompact = false;
};

} // namespace Nettally
