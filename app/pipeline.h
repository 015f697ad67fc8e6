// SPDX-License-Identifier: MIT
#pragma once

#include "alertservice.h"
#include "connectionsmodel.h"
#include "historycatchup.h"
#include "historystore.h"
#include "identityservice.h"
#include "interfacemodel.h"
#include "livemodel.h"
#include "mainwindow.h"
#include "monitorclient.h"
#include "nameobserver.h"
#include "placebook.h"
#include "protocolsmodel.h"
#include "remotesmodel.h"
#include "traffichistory.h"
#include "tray.h"
#include "usagebook.h"

#include <QObject>
#include <QTimer>

namespace Nettally {

struct AlertChoices;

/**
 * The road of the data through the app, and the only place that knows both of its ends:
 *
 *     MonitorClient -> UsageUpdate -> UsageBook -> UsageChange -> TrafficHistory, LiveModel, RemotesModel,
 *                                                                  ProtocolsModel -> MainWindow
 *     UsageChange -> IdentityService -> Identity -> LiveModel
 *     MonitorClient -> JournalPart -> HistoryCatchUp -> HistoryStore (the record; of UsageChange where the
 *                                                       helper keeps no journal)
 *     HistoryStore -> HistoryAnswer -> HistoryBrowser -> MainWindow, when its page asks
 *     MonitorClient -> NameAnswer -> NameObserver -> NameBook -> LiveModel, RemotesModel, ConnectionsModel
 *     MonitorClient -> InterfaceBalance -> InterfaceModel -> MainWindow
 *     MonitorClient -> ConnectionList -> ConnectionsModel -> MainWindow, while its page is seen
 *     files of this machine -> PlaceBook -> RemotesModel
 *     HistoryStore -> sums of today and the month -> Tray
 *     HistoryStore -> HistoryAnswer, UsageBook -> UsageChange -> AlertService -> notifications, commands
 */
class Pipeline : public QObject {
    Q_OBJECT

public:
    Pipeline(const QString &databasePath, quint32 intervalMs);

    /// @p isHidden: without the window, in the tray, if the desktop has one.
    void start(bool isHidden);
    MainWindow &window() { return m_window; }

private:
    void takeUpdate(const UsageUpdate &update);
    void show(const UsageChange &change);
    void showHelperState();
    void askForBalance();
    void askForSums();
    void connectAlerts();
    AlertChoices alertChoices() const;
    void subscribe(Scope scope, bool interactive);

    // In the order of the road; what is destroyed first reads from what is destroyed after it.
    MonitorClient m_client;
    UsageBook m_book;
    NameBook m_names;
    NameObserver m_nameObserver{m_names};
    IdentityService m_identities{ApplicationFinder::Places::ofThisMachine()};
    HistoryStore m_store;
    HistoryCatchUp m_catchUp;
    AlertService m_alerts;
    TrafficHistory m_history;
    LiveModel m_model;
    PlaceBook m_places;
    RemotesModel m_remotes;
    ProtocolsModel m_protocols;
    InterfaceModel m_interfaces;
    ConnectionsModel m_connections;
    MainWindow m_window;
    Tray m_tray;

    TraySums m_sums;
    QTimer m_statusTimer;
    QTimer m_balanceTimer;
    MonitorClient::Request m_request;
};

} // namespace Nettally
