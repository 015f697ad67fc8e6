// SPDX-License-Identifier: MIT
#pragma once

#include "historybrowser.h"
#include "trafficcounts.h"
#include "units.h"
#include "usage.h"

#include <QMainWindow>

#include <functional>

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
class Navigator;
class NoticeBar;
class OverviewPage;
class PlaceBook;
class ProgramsPage;
class ProtocolsModel;
class ProtocolsPage;
class RemotesModel;
class RemotesPage;
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
    enum class Page { Overview, Programs, Remotes, Protocols, Connections, Interfaces, History, Alerts };

    /// What the window shows; it must not outlive them.
    struct Models {
        LiveModel &programs;
        TrafficHistory &traffic;
        RemotesModel &remotes;
        const PlaceBook &places;
        ProtocolsModel &protocols;
        ConnectionsModel &connections;
        InterfaceModel &interfaces;
    };

    explicit MainWindow(const Models &models, QWidget *parent = nullptr);
    ~MainWindow() override;

    /// The names of the pages, in their order: for a command line.
    static QStringList pageNames();
    /// For people, likewise.
    QStringList pageTitles() const;
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
    TunnelsAt tunnelsAt() const { return m_tunnelsAt; }
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
    void tunnelsAtChosen(Nettally::TunnelsAt place);
    /// The user wants the interfaces watched for so long.
    void auditWanted(quint32 seconds);
    /// The user chose files of countries and networks; none: those of the usual places.
    void placeFilesChosen(const QStringList &files);
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
    void addPlaceChoicesTo(QMenu &menu);
    void addWays();
    void addShortcut(const QKeySequence &keys, const std::function<void()> &action);
    void explain(const QModelIndex &index);
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
    RemotesModel &m_remotesModel;
    ProtocolsModel &m_protocolsModel;
    ConnectionsModel &m_connectionsModel;
    InterfaceModel &m_interfaces;
    HelperState m_state;
    HelperStatus m_status;
    UnitStyle m_style;
    Measure m_wantedMeasure = Measure::Network;
    TunnelsAt m_tunnelsAt = TunnelsAt::Inside;
    bool m_isNetworkMeasured = false; ///< there is a choice

    QFrame *m_sidebar;
    QLabel *m_logo = nullptr;
    QLabel *m_brand = nullptr;
    QButtonGroup *m_pageButtons;
    QStackedWidget *m_pages;
    OverviewPage *m_overview;
    ProgramsPage *m_programs;
    RemotesPage *m_remotes;
    ProtocolsPage *m_protocols;
    ConnectionsPage *m_connections;
    InterfacesPage *m_interfacesPage;
    HistoryPage *m_historyPage;
    AlertsPage *m_alertsPage;
    Navigator *m_navigator;
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
    Measure m_measure = Measure::Payload; ///< shown
};

} // namespace Nettally
