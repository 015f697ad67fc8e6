// SPDX-License-Identifier: MIT
#pragma once

#include "sockets.h"

#include <functional>
#include <map>
#include <string>

/// What can be made. Plain system calls on purpose: nothing between what is measured and what is compared
/// with it.
namespace Nettally::Traffic {

struct Scenario {
    /// Gets the address to bind; must be ready to receive before it calls ready().
    std::function<void(const Endpoint &)> server;
    /// Gets the server's address.
    std::function<void(const Endpoint &)> client;
};

using Scenarios = std::map<std::string, Scenario>;

void addStreamScenarios(Scenarios &table);
void addZeroCopyScenarios(Scenarios &table);
void addSpliceScenarios(Scenarios &table);
void addDatagramScenarios(Scenarios &table);
void addRawScenarios(Scenarios &table);
void addUringScenarios(Scenarios &table);
void addProgramScenarios(Scenarios &table);

/// A program that execSelf() started in the middle of a scenario; false if these are not its arguments.
bool runContinuation(const std::vector<std::string> &arguments);

/// Accepts so many connections one after the other and gives each to @p serve.
void serveStreams(const Endpoint &at, int connections, const std::function<void(int, Count &)> &serve,
                  int protocol = 0);
/// The usual server: takes all that comes on one connection.
void drainOne(const Endpoint &at);

} // namespace Nettally::Traffic
