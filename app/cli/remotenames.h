// SPDX-License-Identifier: MIT
#pragma once

#include "monitorclient.h"
#include "nameobserver.h"

namespace Nettally::Cli {

/// The names of remotes that the helper tells of, to be asked for of book(). Must not outlive the client.
class RemoteNames {
public:
    /// Before the client is started.
    explicit RemoteNames(MonitorClient &client)
    {
        client.setNamesWanted(true);
        QObject::connect(&client, &MonitorClient::namesReceived, &m_context,
                         [this](const QList<NameAnswer> &answers) { m_observer.take(answers); });
    }

    NameBook &book() { return m_book; }
    /// The counters are another instance's from here on.
    void forgetInstance() { m_observer.forgetInstance(); }

private:
    NameBook m_book;
    NameObserver m_observer{m_book};
    QObject m_context;
};

} // namespace Nettally::Cli
