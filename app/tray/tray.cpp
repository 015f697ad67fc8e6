// SPDX-License-Identifier: MIT
#include "tray.h"

#include "autostart.h"
#include "livemodel.h"
#include "palette.h"
#include "traffichistory.h"
#include "trayhost.h"

#include <QActionGroup>
#include <QApplication>
#include <QCursor>
#include <QEvent>
#include <QMenu>
#include <QSettings>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Nettally {

namespace {

constexpr auto wantedKey = "tray/wanted";
constexpr auto styleKey = "tray/style";
constexpr auto closingSaidKey = "tray/closingSaid";
constexpr auto missingSaidKey = "tray/missingSaid";

/// A running desktop answers at once, one that starts takes a while.
constexpr auto patience = 3s;
constexpr auto patienceAtLogin = 30s;

QString sentenceOf(const std::optional<TrafficSums> &sums, Measure measure, UnitBase base)
{
    const bool isNetwork = measure == Measure::Network && sums->network;
    return u"↓ %1   ↑ %2"_s.arg(formatBytes(isNetwork ? sums->network->rxBytes : sums->rxPayloadBytes, base),
                                formatBytes(isNetwork ? sums->network->txBytes : sums->txPayloadBytes, base));
}

} // namespace

Tray::Tray(LiveModel &model, TrafficHistory &history, QWidget &window)
    : m_model(model)
    , m_history(history)
    , m_window(window)
    , m_menu(std::make_unique<QMenu>())
    , m_popup(model, history)
    , m_style(QSettings().value(QLatin1StringView(styleKey)).toString() == u"figures" ? TrayStyle::Figures
                                                                                      : TrayStyle::Bars)
    , m_isWanted(QSettings().value(QLatin1StringView(wantedKey), true).toBool())
{
    QAction *show = m_menu->addAction(tr("Open Nettally"));
    connect(show, &QAction::triggered, this, &Tray::showWindow);
    QAction *pause = m_menu->addAction(tr("Pause the figures"));
    pause->setCheckable(true);
    connect(pause, &QAction::triggered, this, &Tray::pauseToggled);
    connect(m_menu.get(), &QMenu::aboutToShow, this,
            [this, pause] { pause->setChecked(m_model.isPaused()); });
    m_menu->addSeparator();
    QAction *quit = m_menu->addAction(tr("Quit"));
    // Not quit(), which would close the window first and so be told of the tray.
    connect(quit, &QAction::triggered, this, [] { QCoreApplication::exit(); });

    connect(&m_popup, &TrayPopup::windowRequested, this, &Tray::showWindow);
    connect(&m_history, &TrafficHistory::changed, this, &Tray::showIcon);
    m_sumsTimer.setInterval(60s);
    connect(&m_sumsTimer, &QTimer::timeout, this, &Tray::sumsWanted);
    m_window.installEventFilter(this);
}

Tray::~Tray()
{
    m_window.removeEventFilter(this);
}

void Tray::start(bool isHidden)
{
    m_isHidden = isHidden;
    m_host = std::make_unique<TrayHost>();
    connect(m_host.get(), &TrayHost::found, this, &Tray::onHostFound);
    connect(m_host.get(), &TrayHost::missing, this, &Tray::onHostMissing);
    m_host->wait(isHidden ? std::chrono::milliseconds(patienceAtLogin) : patience);
}

void Tray::onHostFound()
{
    m_isHostFound = true;
    if (m_isWanted)
        makeIcon();
    else if (m_isHidden)
        showWindow();
}

void Tray::onHostMissing()
{
    if (m_wantedChoice) {
        m_wantedChoice->setEnabled(false);
        m_wantedChoice->setToolTip(tr("This desktop shows no icons of programs."));
    }
    QSettings settings;
    const bool isSaid = settings.value(QLatin1StringView(missingSaidKey)).toBool();
    if (m_isWanted && (m_isHidden || !isSaid)) {
        settings.setValue(QLatin1StringView(missingSaidKey), true);
        Q_EMIT noteChanged(
            tr("This desktop has no tray for an icon: closing the window ends Nettally. On GNOME "
               "the extension AppIndicator brings one."));
    }
    if (m_isHidden)
        m_window.showMinimized();
}

void Tray::addChoicesTo(QMenu &menu)
{
    menu.addSection(tr("Tray"));
    m_wantedChoice = menu.addAction(tr("Stay in the tray when closed"));
    m_wantedChoice->setCheckable(true);
    m_wantedChoice->setChecked(m_isWanted);
    connect(m_wantedChoice, &QAction::triggered, this, &Tray::setWanted);
    auto *styles = new QActionGroup(&menu);
    for (const TrayStyle style : {TrayStyle::Bars, TrayStyle::Figures}) {
        QAction *action =
            menu.addAction(style == TrayStyle::Bars ? tr("Icon with two bars") : tr("Icon with two figures"));
        action->setCheckable(true);
        action->setChecked(style == m_style);
        styles->addAction(action);
        connect(action, &QAction::triggered, this, [this, style] {
            m_style = style;
            QSettings().setValue(QLatin1StringView(styleKey),
                                 style == TrayStyle::Bars ? u"bars"_s : u"figures"_s);
            showIcon();
        });
    }
    QAction *autostart = menu.addAction(tr("Start with the desktop"));
    autostart->setCheckable(true);
    autostart->setChecked(Autostart::isEnabled());
    connect(autostart, &QAction::triggered, this, [this, autostart](bool isOn) {
        Autostart::setEnabled(isOn, this, [this, autostart](const QString &problem) {
            autostart->setChecked(Autostart::isEnabled());
            Q_EMIT noteChanged(problem);
        });
    });
}

void Tray::setWanted(bool isWanted)
{
    m_isWanted = isWanted;
    QSettings().setValue(QLatin1StringView(wantedKey), isWanted);
    if (!isWanted)
        removeIcon();
    else if (m_isHostFound)
        makeIcon();
}

void Tray::makeIcon()
{
    m_icon = std::make_unique<QSystemTrayIcon>();
    m_icon->setContextMenu(m_menu.get());
    connect(m_icon.get(), &QSystemTrayIcon::activated, this, &Tray::onActivated);
    connect(m_icon.get(), &QSystemTrayIcon::messageClicked, this, &Tray::showWindow);
    m_picture = {};
    showIcon();
    m_icon->show();
    QApplication::setQuitOnLastWindowClosed(false);
    m_sumsTimer.start();
    Q_EMIT sumsWanted();
}

void Tray::removeIcon()
{
    m_icon.reset();
    m_popup.hide();
    m_sumsTimer.stop();
    QApplication::setQuitOnLastWindowClosed(true);
}

void Tray::showIcon()
{
    if (!m_icon)
        return;
    const bool isKnown = m_problem.isEmpty();
    const auto rate = [&](std::optional<double> value) { return isKnown ? value : std::nullopt; };
    const RatePicture picture = ratePicture(m_style, rate(m_history.rxBytesPerSecond()),
                                            rate(m_history.txBytesPerSecond()), m_model.unitStyle());
    if (picture != m_picture || m_icon->icon().isNull()) {
        m_picture = picture;
        m_icon->setIcon(rateIcon(picture));
    }
    m_icon->setToolTip(toolTip());
}

QString Tray::toolTip() const
{
    QStringList lines = {tr("Nettally")};
    const UnitStyle style = m_model.unitStyle();
    if (!m_problem.isEmpty())
        lines += m_problem;
    else
        lines += u"↓ %1   ↑ %2"_s.arg(formatRate(m_history.rxBytesPerSecond(), style),
                                      formatRate(m_history.txBytesPerSecond(), style));
    if (m_sums.today)
        lines += tr("Today: %1").arg(sentenceOf(m_sums.today, m_history.measure(), style.base));
    return lines.join(u'\n');
}

void Tray::setSums(const TraySums &sums)
{
    m_sums = sums;
    m_popup.setSums(sums);
    showIcon();
}

void Tray::setBudgets(const QList<AlertBudget> &budgets)
{
    m_popup.setBudgets(budgets);
}

void Tray::setProblem(const QString &problem)
{
    m_problem = problem;
    m_popup.setProblem(problem);
    showIcon();
}

void Tray::onActivated(QSystemTrayIcon::ActivationReason reason)
{
    switch (reason) {
    case QSystemTrayIcon::Trigger:
        if (m_popup.isVisible()) {
            m_popup.hide();
        } else {
            Q_EMIT sumsWanted();
            // Panels do not tell where they drew the icon; the pointer is there.
            m_popup.showAt(QCursor::pos());
        }
        break;
    case QSystemTrayIcon::DoubleClick:
    case QSystemTrayIcon::MiddleClick:
        m_popup.hide();
        showWindow();
        break;
    default:
        break;
    }
}

void Tray::showWindow()
{
    m_window.setWindowState(m_window.windowState() & ~Qt::WindowMinimized);
    m_window.show();
    m_window.raise();
    m_window.activateWindow();
}

bool Tray::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == &m_window && event->type() == QEvent::Close && m_icon) {
        QSettings settings;
        if (!settings.value(QLatin1StringView(closingSaidKey)).toBool()) {
            settings.setValue(QLatin1StringView(closingSaidKey), true);
            m_icon->showMessage(
                tr("Nettally goes on in the tray"),
                tr("It records what programs send and receive. Quit it from the icon's menu, or "
                   "let closing end it: View, “Stay in the tray when closed”."),
                applicationIcon());
        }
    }
    return QObject::eventFilter(watched, event);
}

} // namespace Nettally
