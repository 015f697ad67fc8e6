// SPDX-License-Identifier: MIT
#pragma once

#include "rateicon.h"
#include "traypopup.h"

#include <QObject>
#include <QSystemTrayIcon>
#include <QTimer>

#include <memory>

class QAction;
class QMenu;

namespace Nettally {

class TrayHost;

/**
 * The icon in the tray, its menu and popup, and what closing the window means: with an icon the program goes
 * on, and says so the first time; without one, because the user or the desktop has none, it ends.
 */
class Tray : public QObject {
    Q_OBJECT

public:
    /// @p window is the one whose closing this is about. Must not outlive any of them.
    Tray(LiveModel &model, TrafficHistory &history, QWidget &window);
    ~Tray() override;

    /// Looks for the desktop's tray. With @p isHidden the window stays hidden once there is an icon; the wait
    /// is longer then, for desktops that are still starting.
    void start(bool isHidden);

    /// The switches of the tray, for the window's menu.
    void addChoicesTo(QMenu &menu);
    void setSums(const TraySums &sums);
    /// The one that is used up most is shown; none: there is no budget.
    void setBudgets(const QList<AlertBudget> &budgets);
    void showWindow();
    /// What is wrong with the helper; empty when nothing is.
    void setProblem(const QString &problem);
    bool isShown() const { return m_icon != nullptr; }

Q_SIGNALS:
    /// The icon is there and what it holds of history is a minute old.
    void sumsWanted();
    void pauseToggled(bool isPaused);
    /// A sentence for the window: why there is no icon though one was asked for.
    void noteChanged(const QString &note);

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void onHostFound();
    void onHostMissing();
    void setWanted(bool isWanted);
    void makeIcon();
    void removeIcon();
    void showIcon();
    QString toolTip() const;
    void onActivated(QSystemTrayIcon::ActivationReason reason);

    LiveModel &m_model;
    TrafficHistory &m_history;
    QWidget &m_window;
    std::unique_ptr<QMenu> m_menu;
    TrayPopup m_popup;
    std::unique_ptr<TrayHost> m_host;
    std::unique_ptr<QSystemTrayIcon> m_icon; ///< none until the tray is found, and while none is wanted
    QTimer m_sumsTimer;
    TrayStyle m_style;
    RatePicture m_picture; ///< what the icon shows
    TraySums m_sums;
    QString m_problem;
    bool m_isWanted;
    bool m_isHostFound = false;
    bool m_isHidden = false; ///< started without a window
    QAction *m_wantedChoice = nullptr;
};

} // namespace Nettally
