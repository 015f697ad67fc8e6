// SPDX-License-Identifier: MIT
#include "mainwindow.h"

#include "alertspage.h"
#include "connectionsmodel.h"
#include "connectionspage.h"
#include "figureexplainer.h"
#include "figuretree.h"
#include "historypage.h"
#include "interfacemodel.h"
#include "interfacespage.h"
#include "livemodel.h"
#include "measureswitch.h"
#include "navigator.h"
#include "noticebar.h"
#include "overviewpage.h"
#include "palette.h"
#include "programspage.h"
#include "protocolsmodel.h"
#include "protocolspage.h"
#include "remotesmodel.h"
#include "remotespage.h"
#include "traffichistory.h"

#include <QActionGroup>
#include <QApplication>
#include <QBoxLayout>
#include <QButtonGroup>
#include <QEvent>
#include <QFileDialog>
#include <QFrame>
#include <QLabel>
#include <QLocale>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QScrollArea>
#include <QSettings>
#include <QStackedWidget>
#include <QStatusBar>
#include <QTimeZone>
#include <QToolButton>
#include <QToolTip>
#include <QWhatsThis>

#include <array>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr auto geometryKey = "window/geometry";
constexpr auto baseKey = "units/base";
constexpr auto rateKey = "units/rate";
constexpr auto measureKey = "view/measure";
constexpr auto tunnelsKey = "view/tunnels";
constexpr auto remotesKey = "view/remotes";
/// By MainWindow::Page: the name on the command line, and of the icon.
constexpr std::array pageNameTable = {"overview",    "programs",   "remotes", "protocols",
                                      "connections", "interfaces", "history", "alerts"};
/// Below this width the sidebar shows its icons alone.
constexpr int compactBelow = 760;
constexpr int sidebarWidth = 160;
constexpr int compactSidebarWidth = 56;

QPixmap dot(const QColor &colour, qreal devicePixelRatio)
{
    QPixmap pixmap(QSize(8, 8) * devicePixelRatio);
    pixmap.setDevicePixelRatio(devicePixelRatio);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(colour);
    painter.drawEllipse(QRectF(0.5, 0.5, 7, 7));
    return pixmap;
}

} // namespace

MainWindow::MainWindow(const Models &models, QWidget *parent)
    : QMainWindow(parent)
    , m_model(models.programs)
    , m_history(models.traffic)
    , m_remotesModel(models.remotes)
    , m_protocolsModel(models.protocols)
    , m_connectionsModel(models.connections)
    , m_interfaces(models.interfaces)
    , m_pageButtons(new QButtonGroup(this))
    , m_pages(new QStackedWidget(this))
    , m_overview(new OverviewPage(models.traffic, models.programs, models.interfaces, this))
    , m_programs(new ProgramsPage(models.programs, this))
    , m_remotes(new RemotesPage(models.remotes, models.places, this))
    , m_protocols(new ProtocolsPage(models.protocols, this))
    , m_connections(new ConnectionsPage(models.connections, this))
    , m_interfacesPage(new InterfacesPage(models.interfaces, this))
    , m_historyPage(new HistoryPage(QTimeZone::systemTimeZone(), this))
    , m_alertsPage(new AlertsPage(this))
    , m_navigator(new Navigator(*this, *m_historyPage))
    , m_measureActions(new QActionGroup(this))
    , m_helperNotice(new NoticeBar(this))
    , m_scopeNotice(new NoticeBar(this))
    , m_historyNotice(new NoticeBar(this))
    , m_desktopNotice(new NoticeBar(this))
{
    setWindowTitle(tr("Nettally"));
    setWindowIcon(applicationIcon());
    setMinimumSize(520, 420);

    auto *central = new QWidget(this);
    m_sidebar = makeSidebar();
    auto *content = new QVBoxLayout;
    content->setContentsMargins(20, 14, 20, 14);
    content->setSpacing(12);
    content->addWidget(makeHeader());
    for (NoticeBar *notice : {m_helperNotice, m_scopeNotice, m_historyNotice, m_desktopNotice})
        content->addWidget(notice);
    content->addWidget(m_pages, 1);
    auto *right = new QVBoxLayout;
    right->setContentsMargins(0, 0, 0, 0);
    right->setSpacing(0);
    right->addLayout(content, 1);
    right->addWidget(makeStatusLine());
    auto *layout = new QHBoxLayout(central);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_sidebar);
    layout->addLayout(right, 1);
    setCentralWidget(central);

    // On a window too small for it the page scrolls.
    const auto scrolling = [this](QWidget *page, Qt::ScrollBarPolicy policy) {
        auto *area = new QScrollArea(this);
        area->setFrameShape(QFrame::NoFrame);
        area->setWidgetResizable(true);
        area->setHorizontalScrollBarPolicy(policy);
        area->setWidget(page);
        area->setFocusProxy(page);
        area->viewport()->setAutoFillBackground(false);
        page->setAutoFillBackground(false);
        return area;
    };
    addPage(Page::Overview, scrolling(m_overview, Qt::ScrollBarAlwaysOff), tr("Overview"));
    addPage(Page::Programs, m_programs, tr("Programs"));
    addPage(Page::Remotes, m_remotes, tr("Remote hosts"));
    addPage(Page::Protocols, m_protocols, tr("Protocols"));
    addPage(Page::Connections, m_connections, tr("Connections"));
    addPage(Page::Interfaces, m_interfacesPage, tr("Interfaces"));
    addPage(Page::History, scrolling(m_historyPage, Qt::ScrollBarAsNeeded), tr("History"));
    addPage(Page::Alerts, m_alertsPage, tr("Alerts"));
    connect(m_alertsPage, &AlertsPage::historyRequested, this, &MainWindow::openHistory);
    connect(m_connections, &ConnectionsPage::readingWanted, this, &MainWindow::connectionsWanted);
    connect(m_interfacesPage, &InterfacesPage::explanationWanted, this, &MainWindow::auditWanted);
    static_cast<QVBoxLayout *>(m_sidebar->layout())->addStretch(1);

    connect(m_overview, &OverviewPage::interfacesRequested, this, [this] { setPage(Page::Interfaces); });
    for (MeasureSwitch *measure : {&m_programs->measureSwitch(), &m_remotes->measureSwitch(),
                                   &m_protocols->measureSwitch(), &m_historyPage->measureSwitch()})
        connect(measure, &MeasureSwitch::measureChosen, this, &MainWindow::chooseMeasure);

    m_scopeNotice->setDismissible(true);
    m_desktopNotice->setDismissible(true);
    connect(m_helperNotice, &NoticeBar::actionRequested, this, &MainWindow::retryRequested);
    connect(m_scopeNotice, &NoticeBar::actionRequested, this, [this] { Q_EMIT scopeRequested(Scope::All); });

    addShortcut(QKeySequence::Find, [this] {
        for (TablePage *table : std::initializer_list<TablePage *>{m_remotes, m_protocols, m_connections}) {
            if (m_pages->currentWidget() == dynamic_cast<QWidget *>(table)) {
                table->focusFilter();
                return;
            }
        }
        if (page() == Page::History) {
            m_historyPage->focusFilter();
            return;
        }
        if (page() == Page::Alerts) {
            m_alertsPage->focusFilter();
            return;
        }
        setPage(Page::Programs);
        m_programs->focusFilter();
    });
    // Closing may leave it in the tray.
    addShortcut(Qt::CTRL | Qt::Key_Q, [] { QCoreApplication::exit(); });
    addShortcut(QKeySequence::Close, [this] { close(); });
    const auto otherMeasure = [this] {
        // What was measured once can be shown whatever is measured now.
        if (m_isNetworkMeasured || page() == Page::History)
            chooseMeasure(m_wantedMeasure == Measure::Network ? Measure::Payload : Measure::Network);
    };
    addShortcut(Qt::CTRL | Qt::Key_B, otherMeasure);

    const QSettings settings;
    UnitStyle style;
    style.base =
        settings.value(QLatin1StringView(baseKey)).toString() == u"si" ? UnitBase::Si : UnitBase::Iec;
    style.rateUnit =
        settings.value(QLatin1StringView(rateKey)).toString() == u"bits" ? RateUnit::Bits : RateUnit::Bytes;
    setUnitStyle(style);
    m_wantedMeasure = settings.value(QLatin1StringView(measureKey)).toString() == u"payload"
        ? Measure::Payload
        : Measure::Network;
    m_menu->setMenu(makeMenu());
    addWays();
    m_navigator->addCommand(tr("Payload or network bytes"), otherMeasure);
    updateMeasure();
    resize(1080, 700);
    restoreGeometry(settings.value(QLatin1StringView(geometryKey)).toByteArray());

    setPage(Page::Overview);
    applyPalette();
    updateState();
    updateCompactness();
}

MainWindow::~MainWindow()
{
    QSettings().setValue(QLatin1StringView(geometryKey), saveGeometry());
}

QFrame *MainWindow::makeSidebar()
{
    auto *sidebar = new QFrame(this);
    sidebar->setObjectName(u"sidebar"_s);
    m_logo = new QLabel(sidebar);
    m_logo->setPixmap(applicationIcon().pixmap(QSize(24, 24), devicePixelRatioF()));
    m_brand = new QLabel(tr("Nettally"), sidebar);
    m_brand->setObjectName(u"brand"_s);
    auto *head = new QHBoxLayout;
    head->setContentsMargins(8, 4, 0, 10);
    head->setSpacing(9);
    head->addWidget(m_logo);
    head->addWidget(m_brand, 1);
    auto *layout = new QVBoxLayout(sidebar);
    layout->setContentsMargins(8, 12, 8, 12);
    layout->setSpacing(4);
    layout->addLayout(head);
    return sidebar;
}

QWidget *MainWindow::makeHeader()
{
    auto *header = new QWidget(this);
    m_title = new QLabel(header);
    m_title->setObjectName(u"title"_s);
    m_pause = new QToolButton(header);
    m_pause->setCheckable(true);
    m_pause->setShortcut(Qt::CTRL | Qt::Key_P);
    m_pause->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    connect(m_pause, &QToolButton::toggled, this, &MainWindow::showPaused);
    m_menu = new QToolButton(header);
    m_menu->setText(tr("View"));
    m_menu->setToolTip(tr("View"));
    m_menu->setAccessibleName(tr("View"));
    m_menu->setShortcut(Qt::Key_F10);
    m_menu->setPopupMode(QToolButton::InstantPopup);
    auto *layout = new QHBoxLayout(header);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_title, 1);
    layout->addWidget(m_pause);
    layout->addWidget(m_menu);
    return header;
}

QFrame *MainWindow::makeStatusLine()
{
    auto *line = new QFrame(this);
    line->setObjectName(u"statusLine"_s);
    m_stateButton = new QToolButton(line);
    m_stateButton->setObjectName(u"status"_s);
    m_stateButton->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_stateButton->setIconSize({8, 8});
    connect(m_stateButton, &QToolButton::clicked, this, [this] {
        QToolTip::showText(m_stateButton->mapToGlobal(QPoint(0, -8)), m_stateButton->toolTip(),
                           m_stateButton);
    });
    m_scopeButton = new QPushButton(line);
    m_scopeButton->setObjectName(u"small"_s);
    connect(m_scopeButton, &QPushButton::clicked, this,
            [this] { Q_EMIT scopeRequested(m_state.scope == Scope::Own ? Scope::All : Scope::Own); });
    m_spilled = new QLabel(line);
    auto *layout = new QHBoxLayout(line);
    layout->setContentsMargins(14, 5, 20, 5);
    layout->setSpacing(8);
    layout->addWidget(m_stateButton);
    layout->addWidget(m_scopeButton);
    layout->addStretch(1);
    layout->addWidget(m_spilled);
    return line;
}

QMenu *MainWindow::makeMenu()
{
    auto *menu = new QMenu(this);
    menu->setToolTipsVisible(true);
    menu->addSection(tr("Traffic"));
    for (const Measure measure : {Measure::Network, Measure::Payload}) {
        QAction *action = menu->addAction(MeasureSwitch::nameOf(measure));
        action->setCheckable(true);
        action->setData(int(measure));
        m_measureActions->addAction(action);
        connect(action, &QAction::triggered, this, [this, measure] { chooseMeasure(measure); });
    }
    const auto addChoice = [&](const QString &title, const QString &first, const QString &second,
                               bool isSecond, auto change) {
        menu->addSection(title);
        auto *group = new QActionGroup(menu);
        for (const bool choice : {false, true}) {
            QAction *action = menu->addAction(choice ? second : first);
            action->setCheckable(true);
            action->setChecked(choice == isSecond);
            group->addAction(action);
            connect(action, &QAction::triggered, this, [change, choice] { change(choice); });
        }
    };
    const auto showNames = [this](bool areNames) {
        m_model.setNamesShown(areNames);
        m_remotesModel.setNamesShown(areNames);
        m_connectionsModel.setNamesShown(areNames);
    };
    const bool areAddresses = QSettings().value(QLatin1StringView(remotesKey)).toString() == u"addresses";
    showNames(!areAddresses);
    addChoice(tr("Remote hosts"), tr("Names that programs asked for"), tr("Addresses"), areAddresses,
              [showNames](bool isAddresses) {
                  showNames(!isAddresses);
                  QSettings().setValue(QLatin1StringView(remotesKey),
                                       isAddresses ? u"addresses"_s : u"names"_s);
              });
    const bool isAtCarrier = QSettings().value(QLatin1StringView(tunnelsKey)).toString() == u"carrier";
    m_tunnelsAt = isAtCarrier ? TunnelsAt::Carrier : TunnelsAt::Inside;
    addChoice(tr("What crosses a tunnel counts"), tr("At the programs inside"),
              tr("At the program that carries it"), isAtCarrier, [this](bool atCarrier) {
                  m_tunnelsAt = atCarrier ? TunnelsAt::Carrier : TunnelsAt::Inside;
                  QSettings().setValue(QLatin1StringView(tunnelsKey), atCarrier ? u"carrier"_s : u"inside"_s);
                  Q_EMIT tunnelsAtChosen(m_tunnelsAt);
              });
    addChoice(tr("Rates"), tr("Bytes per second"), tr("Bits per second"), m_style.rateUnit == RateUnit::Bits,
              [this](bool isBits) {
                  setUnitStyle({m_style.base, isBits ? RateUnit::Bits : RateUnit::Bytes});
                  QSettings().setValue(QLatin1StringView(rateKey), isBits ? u"bits"_s : u"bytes"_s);
              });
    addChoice(tr("Units"), tr("Binary: KiB, MiB (1024)"), tr("Decimal: kB, MB (1000)"),
              m_style.base == UnitBase::Si, [this](bool isSi) {
                  setUnitStyle({isSi ? UnitBase::Si : UnitBase::Iec, m_style.rateUnit});
                  QSettings().setValue(QLatin1StringView(baseKey), isSi ? u"si"_s : u"iec"_s);
              });
    addPlaceChoicesTo(*menu);
    return menu;
}

void MainWindow::addPlaceChoicesTo(QMenu &menu)
{
    menu.addSection(tr("Countries and networks"));
    menu.addAction(tr("Choose files…"), this, [this] {
        auto *dialog = new QFileDialog(this, tr("Files of countries and networks"), QString(),
                                       tr("MaxMind’s format (*.mmdb)"));
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        dialog->setFileMode(QFileDialog::ExistingFiles);
        connect(dialog, &QFileDialog::filesSelected, this, &MainWindow::placeFilesChosen);
        dialog->open();
    });
    menu.addAction(tr("Those of the usual places"), this, [this] { Q_EMIT placeFilesChosen({}); });
}

/// From rows to what other pages know of them, the search, and what explains a figure.
void MainWindow::addWays()
{
    m_navigator->addPage(Page::Programs, *m_programs);
    m_navigator->addPage(Page::Remotes, *m_remotes);
    m_navigator->addPage(Page::Protocols, *m_protocols);
    m_navigator->addPage(Page::Connections, *m_connections);
    m_navigator->addCommand(tr("Pause or resume"), [this] { setPaused(!m_model.isPaused()); });
    m_navigator->addCommand(tr("Show all programs…"), [this] { Q_EMIT scopeRequested(Scope::All); });
    m_navigator->addCommand(tr("Show only mine"), [this] { Q_EMIT scopeRequested(Scope::Own); });
    for (QAction *action : m_menu->menu()->actions()) {
        if (!action->isSeparator() && !action->actionGroup())
            m_navigator->addCommand(action->text(), [action] { action->trigger(); });
    }
    addShortcut(Qt::CTRL | Qt::Key_K, [this] { m_navigator->openSearch(); });
    addShortcut(Qt::ALT | Qt::Key_Left, [this] { m_navigator->goBack(); });
    for (FigureTree *tree : findChildren<FigureTree *>())
        connect(tree, &FigureTree::explanationWanted, this, &MainWindow::explain);
}

void MainWindow::addShortcut(const QKeySequence &keys, const std::function<void()> &action)
{
    auto *shortcut = new QAction(this);
    shortcut->setShortcut(keys);
    connect(shortcut, &QAction::triggered, this, action);
    addAction(shortcut);
}

void MainWindow::explain(const QModelIndex &index)
{
    const auto *tree = static_cast<FigureTree *>(sender());
    const QPoint place = tree->viewport()->mapToGlobal(tree->visualRect(index).bottomLeft());
    QWhatsThis::showText(place, figureExplanation(index, m_measure, m_status), m_pages->currentWidget());
}

/// In the order of Page.
void MainWindow::addPage(Page page, QWidget *widget, const QString &title)
{
    const int id = m_pages->addWidget(widget);
    Q_ASSERT(id == int(page));
    const QKeySequence shortcut(Qt::CTRL | Qt::Key(Qt::Key_1 + id));
    auto *button = new QToolButton(m_sidebar);
    button->setObjectName(u"page"_s);
    // The style leaves no gap between icon and text.
    button->setText(u"  "_s + title);
    button->setAccessibleName(title);
    button->setProperty("symbol", pageNames().at(id));
    button->setCheckable(true);
    button->setIconSize({20, 20});
    button->setShortcut(shortcut);
    button->setToolTip(u"%1 (%2)"_s.arg(title, shortcut.toString(QKeySequence::NativeText)));
    button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    m_pageButtons->addButton(button, id);
    m_sidebar->layout()->addWidget(button);
    connect(button, &QToolButton::clicked, this, [this, page] { setPage(page); });
}

QStringList MainWindow::pageNames()
{
    QStringList names;
    for (const char *name : pageNameTable)
        names.append(QLatin1StringView(name));
    return names;
}

QStringList MainWindow::pageTitles() const
{
    QStringList titles;
    for (int id = 0; id < m_pages->count(); ++id)
        titles.append(m_pageButtons->button(id)->accessibleName());
    return titles;
}

void MainWindow::setPage(Page page)
{
    const int id = static_cast<int>(page);
    m_pages->setCurrentIndex(id);
    m_pageButtons->button(id)->setChecked(true);
    m_title->setText(m_pageButtons->button(id)->accessibleName());
    m_pages->currentWidget()->setFocus();
    Q_EMIT pageChanged(page);
}

MainWindow::Page MainWindow::page() const
{
    return Page(m_pages->currentIndex());
}

void MainWindow::setHelperState(const HelperState &state)
{
    m_state = state;
    updateState();
}

void MainWindow::setHelperStatus(const HelperStatus &status)
{
    m_status = status;
    const auto uptime = status.usage.constFind(u"uptimeMs"_s);
    m_overview->setCountingMs(uptime == status.usage.constEnd() ? -1 : static_cast<qint64>(*uptime));
    updateMeasure();
    updateState();
}

void MainWindow::setConnectionsNote(const QString &note)
{
    m_connections->setNote(note);
}

void MainWindow::setDesktopNote(const QString &note)
{
    m_desktopNotice->setNotice(note);
}

QMenu &MainWindow::menu() const
{
    return *m_menu->menu();
}

void MainWindow::setHistorySource(const HistoryBrowser::Source &source)
{
    m_historyPage->browser().setSource(source);
    m_historyPage->refresh();
}

/// The day of the alert, and what it was about.
void MainWindow::openHistory(const AlertEvent &event)
{
    QList<HistoryStep> path;
    if (!event.program.isEmpty()) {
        HistoryStep step;
        step.by = HistoryQuery::By::Program;
        step.name = event.program;
        step.program = event.executable.isEmpty() ? event.program : event.executable;
        path.append(step);
    }
    if (!event.network.isEmpty()) {
        HistoryStep step;
        step.by = HistoryQuery::By::Interface;
        step.name = event.network;
        step.interfaceName = event.network;
        path.append(step);
    }
    m_historyPage->browser().open(
        HistoryRange::whole(HistoryRange::Kind::Day, event.utcS, QTimeZone::systemTimeZone()), path);
    setPage(Page::History);
}

void MainWindow::setAudit(const QList<InterfaceBalance> &interfaces)
{
    m_interfacesPage->setExplanation(interfaces);
}

void MainWindow::setAuditProblem(const QString &problem)
{
    m_interfacesPage->setExplanationProblem(problem);
}

void MainWindow::setHistoryProblem(const QString &problem)
{
    m_historyNotice->setNotice(problem);
    m_historyPage->refresh();
}

void MainWindow::setHistoryProgress(const QString &progress)
{
    // Rarely anything: no room is kept for it.
    statusBar()->showMessage(progress);
    statusBar()->setVisible(!progress.isEmpty());
}

void MainWindow::chooseMeasure(Measure measure)
{
    m_wantedMeasure = measure;
    QSettings().setValue(QLatin1StringView(measureKey),
                         measure == Measure::Network ? u"network"_s : u"payload"_s);
    updateMeasure();
}

/// Network bytes are shown only where packets are counted both ways; without, what is 0 would not be true.
void MainWindow::updateMeasure()
{
    QStringList missing = {u"packets-received"_s, u"packets-sent"_s};
    CountsMeasured measured;
    QString note;
    for (const ProbeInfo &probe : std::as_const(m_status.probes)) {
        if (!probe.active && missing.contains(probe.purpose) && note.isEmpty())
            note = probe.note;
        if (probe.active)
            missing.removeAll(probe.purpose);
        if (probe.purpose == u"retransmits")
            measured.hasRetransmits = probe.active;
    }
    measured.hasPackets = missing.isEmpty();
    m_isNetworkMeasured = measured.hasPackets;
    const bool isKnown = !m_status.probes.isEmpty();
    const bool isMeasured = measured.hasPackets;
    QString reason;
    if (!isKnown)
        reason = tr("Not known yet: the helper tells whether it counts packets.");
    else if (!isMeasured && note.isEmpty())
        reason = tr("This helper does not count packets.");
    else if (!isMeasured)
        reason = tr("Packets are not counted here: %1").arg(note);
    const Measure measure = isMeasured ? m_wantedMeasure : Measure::Payload;
    m_measure = measure;
    m_model.setMeasured(measured);
    m_model.setMeasure(measure);
    m_history.setMeasure(measure);
    m_historyPage->setMeasure(m_wantedMeasure);
    for (UsageTree *model : std::initializer_list<UsageTree *>{&m_remotesModel, &m_protocolsModel}) {
        model->setMeasured(measured);
        model->setMeasure(measure);
    }
    for (MeasureSwitch *choice :
         {&m_programs->measureSwitch(), &m_remotes->measureSwitch(), &m_protocols->measureSwitch()}) {
        choice->setMeasure(measure);
        choice->setReason(reason);
    }
    for (QAction *action : m_measureActions->actions()) {
        const auto choice = Measure(action->data().toInt());
        action->setEnabled(isMeasured);
        action->setChecked(choice == measure);
        action->setToolTip(isMeasured ? MeasureSwitch::explanationOf(choice) : reason);
    }
    const QString booksProblem = isKnown ? reason : QString();
    m_overview->setMeasured(measured);
    m_overview->setBooksProblem(booksProblem);
    m_interfacesPage->setProblem(booksProblem);
}

void MainWindow::setUnitStyle(UnitStyle style)
{
    m_style = style;
    m_model.setUnitStyle(style);
    m_remotesModel.setUnitStyle(style);
    m_protocolsModel.setUnitStyle(style);
    m_interfaces.setUnitStyle(style);
    m_interfacesPage->setUnitStyle(style);
    m_connectionsModel.setUnitBase(style.base);
    m_overview->setUnitStyle(style);
    m_historyPage->setUnitStyle(style);
    m_alertsPage->setUnitStyle(style);
}

void MainWindow::setPaused(bool paused)
{
    m_pause->setChecked(paused);
}

void MainWindow::showPaused(bool paused)
{
    m_model.setPaused(paused);
    m_remotesModel.setPaused(paused);
    m_protocolsModel.setPaused(paused);
    m_interfaces.setPaused(paused);
    m_connectionsModel.setPaused(paused);
    m_overview->setPaused(paused);
    m_historyPage->setPaused(paused);
    applyPalette();
    updateState();
}

void MainWindow::updateState()
{
    const Colours colours = coloursFor(palette());
    const bool isLive = m_state.link == HelperState::Link::Live;
    QString text;
    QString empty;
    QString noConnections;
    QColor colour = colours.muted;
    switch (m_state.link) {
    case HelperState::Link::Live:
        text = m_state.scope == Scope::All ? tr("Measuring all programs") : tr("Measuring your programs");
        empty = tr("No program has used the network since the helper started.");
        noConnections = m_state.scope == Scope::All ? tr("There is no TCP connection.")
                                                    : tr("Your programs have no TCP connection.");
        colour = colours.good;
        break;
    case HelperState::Link::Connecting:
        text = tr("Connecting to the helper…");
        empty = tr("Waiting for the helper’s first figures.");
        break;
    case HelperState::Link::Broken:
        text = tr("Not measuring");
        empty = tr("Nothing to show yet: the helper cannot be reached.");
        colour = colours.warning;
        break;
    }
    m_stateButton->setIcon(dot(colour, devicePixelRatioF()));
    m_stateButton->setText(u" "_s + text);
    m_stateButton->setAccessibleName(text);
    m_stateButton->setAccessibleDescription(statusText());
    m_stateButton->setToolTip(statusText());
    m_scopeButton->setVisible(isLive);
    m_scopeButton->setText(m_state.scope == Scope::Own ? tr("Show all programs…") : tr("Show only mine"));
    m_scopeButton->setToolTip(
        m_state.scope == Scope::Own
            ? tr("Programs of other users and of the system need an administrator’s password")
            : tr("Fold the programs of other users into one row"));
    m_overview->setEmptyText(empty);
    m_programs->setEmptyText(empty);
    m_remotes->setEmptyText(empty);
    m_protocols->setEmptyText(empty);
    m_interfacesPage->setCanExplain(isLive);
    m_interfacesPage->setEmptyText(isLive ? tr("Waiting for the interfaces’ counters.") : empty);
    m_connections->setEmptyText(isLive ? noConnections : empty);
    m_helperNotice->setNotice(m_state.problem, m_state.canRetry ? tr("Try again") : QString());
    m_scopeNotice->setNotice(isLive ? m_state.scopeNote : QString(), tr("Ask again"));

    const quint64 spilled =
        m_status.losses.value(u"spilledFlows"_s) + m_status.losses.value(u"spilledPrograms"_s);
    m_spilled->setVisible(isLive && spilled > 0);
    m_spilled->setText(tr("Flows not told apart: %1").arg(QLocale().toString(spilled)));
    m_spilled->setToolTip(tr("The kernel’s table was full: %1 received and %2 sent are counted in one row "
                             "for all such programs.")
                              .arg(formatBytes(m_status.losses.value(u"spilledRxBytes"_s), m_style.base),
                                   formatBytes(m_status.losses.value(u"spilledTxBytes"_s), m_style.base)));
    QPalette warning = m_spilled->palette();
    warning.setColor(QPalette::WindowText, colours.warning);
    m_spilled->setPalette(warning);
}

/// How the measuring goes, as rich text.
QString MainWindow::statusText() const
{
    if (m_state.link != HelperState::Link::Live)
        return m_state.problem.isEmpty() ? tr("Waiting for an answer of the helper.")
                                         : m_state.problem.toHtmlEscaped();
    QString text = u"<p><b>%1</b></p><table cellspacing=\"4\">"_s.arg(tr("How it is measured"));
    for (const ProbeInfo &probe : m_status.probes) {
        text += u"<tr><td>%1</td><td>%2</td></tr>"_s.arg(probe.purpose.toHtmlEscaped(),
                                                         probe.active ? probe.mechanism.toHtmlEscaped()
                                                                      : tr("not available"));
        if (!probe.note.isEmpty())
            text += u"<tr><td></td><td><i>%1</i></td></tr>"_s.arg(probe.note.toHtmlEscaped());
    }
    text += u"</table>"_s;
    if (m_status.probes.isEmpty())
        text = tr("Measuring.");
    const QString version = m_status.info.value(u"helperVersion"_s);
    const QString kernel = m_status.info.value(u"kernelRelease"_s);
    if (!version.isEmpty())
        text += u"<p>%1</p>"_s.arg(
            tr("Helper %1, kernel %2").arg(version.toHtmlEscaped(), kernel.toHtmlEscaped()));
    return text;
}

void MainWindow::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange) {
        applyPalette();
        updateState();
    }
    QMainWindow::changeEvent(event);
}

void MainWindow::resizeEvent(QResizeEvent *event)
{
    updateCompactness();
    QMainWindow::resizeEvent(event);
}

void MainWindow::updateCompactness()
{
    m_isCompact = width() < compactBelow;
    m_sidebar->setFixedWidth(m_isCompact ? compactSidebarWidth : sidebarWidth);
    m_brand->setVisible(!m_isCompact);
    m_historyPage->setCompact(m_isCompact);
    for (QAbstractButton *button : m_pageButtons->buttons()) {
        static_cast<QToolButton *>(button)->setToolButtonStyle(m_isCompact ? Qt::ToolButtonIconOnly
                                                                           : Qt::ToolButtonTextBesideIcon);
    }
    m_pause->setToolButtonStyle(m_isCompact ? Qt::ToolButtonIconOnly : Qt::ToolButtonTextBesideIcon);
}

void MainWindow::applyPalette()
{
    const QString sheet = styleSheetFor(palette());
    // Setting a style sheet comes back here as a change of the palette.
    if (sheet != styleSheet())
        setStyleSheet(sheet);
    const QColor text = palette().color(QPalette::WindowText);
    for (QAbstractButton *button : m_pageButtons->buttons())
        button->setIcon(symbol(button->property("symbol").toString(), text));
    const bool isPaused = m_model.isPaused();
    m_pause->setIcon(symbol(isPaused ? u"resume"_s : u"pause"_s, text));
    m_pause->setText(isPaused ? tr("Resume") : tr("Pause"));
    m_pause->setToolTip(isPaused ? tr("Show what is measured now (Ctrl+P)")
                                 : tr("Hold what is shown; measuring goes on (Ctrl+P)"));
    m_menu->setIcon(symbol(u"menu"_s, text));
}

} // namespace Nettally
