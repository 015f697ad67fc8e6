// SPDX-License-Identifier: MIT
#pragma once

#include <QObject>
#include <QTimer>

#include <chrono>

class QDBusServiceWatcher;

namespace Nettally {

/**
 * Waits for the desktop's tray. Qt asks once in the life of a process which kind of tray there is, so nothing
 * of QSystemTrayIcon may be touched before the desktop had time to bring its own: at the start of a session
 * programs race with it.
 */
class TrayHost : public QObject {
    Q_OBJECT

public:
    explicit TrayHost(QObject *parent = nullptr);

    /// One of the signals follows, at the latest after @p patience. Once.
    void wait(std::chrono::milliseconds patience);

Q_SIGNALS:
    void found();
    /// The desktop shows no icons of programs.
    void missing();

private Q_SLOTS:
    void askWatcher();

private:
    void finish(bool isThere);

    QDBusServiceWatcher *m_watcher;
    QTimer m_patience;
    bool m_isFinished = false;
};

} // namespace Nettally
