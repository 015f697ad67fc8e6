// SPDX-License-Identifier: MIT
#pragma once

#include <QObject>

namespace Nettally::Cli {

/// Turns SIGINT, SIGTERM, SIGHUP and SIGWINCH into Qt signals. Make it before the first thread, which would
/// else take the signals as the process is used to.
class SignalWatcher : public QObject {
    Q_OBJECT

public:
    explicit SignalWatcher(QObject *parent = nullptr);
    ~SignalWatcher() override;

Q_SIGNALS:
    void endAsked();
    void windowResized();

private:
    void read();

    int m_fd;
};

} // namespace Nettally::Cli
