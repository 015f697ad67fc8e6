// SPDX-License-Identifier: MIT
/*
 * Makes known traffic between two network namespaces and says exactly what each process sent and
 * received, by the return values of its own calls (process.h):
 *
 *   nettally-traffic SCENARIO SERVER-NETNS CLIENT-NETNS SERVER-ADDRESS PORT
 */
#include "scenarios.h"
#include "testplan.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

using namespace Nettally;
using namespace Nettally::Traffic;

namespace {

void enter(const char *netns)
{
    const int fd = open(netns, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET))
        fail(netns);
    close(fd);
}

int run(const Scenario &scenario, const char *serverNetns, const char *clientNetns, const Endpoint &address)
{
    int pipeEnds[2];
    if (pipe2(pipeEnds, O_CLOEXEC))
        fail("pipe");
    setReadyPipe(pipeEnds[1]);
    const pid_t server = spawn([&] {
        enter(serverNetns);
        scenario.server(address);
    });
    close(pipeEnds[1]);
    char byte = 0;
    if (read(pipeEnds[0], &byte, 1) != 1) {
        join(server);
        std::fputs("nettally-traffic: the server did not get ready\n", stderr);
        return EXIT_FAILURE;
    }
    const pid_t client = spawn([&] {
        enter(clientNetns);
        scenario.client(address);
    });
    int status = 0;
    const pid_t first = wait(&status);
    if (status == 0) {
        join(first == server ? client : server);
        return EXIT_SUCCESS;
    }
    // The other would wait for its peer.
    const pid_t other = first == server ? client : server;
    kill(other, SIGKILL);
    waitpid(other, nullptr, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

} // namespace

int main(int argc, char **argv)
{
    if (runContinuation({argv + 1, argv + argc}))
        return EXIT_SUCCESS;
    Scenarios table;
    addStreamScenarios(table);
    addZeroCopyScenarios(table);
    addSpliceScenarios(table);
    addDatagramScenarios(table);
    addUringScenarios(table);
    addRawScenarios(table);
    addProgramScenarios(table);
    const auto scenario = argc == 6 ? table.find(argv[1]) : table.end();
    if (scenario == table.end()) {
        std::fputs("usage: nettally-traffic SCENARIO SERVER-NETNS CLIENT-NETNS SERVER-ADDRESS PORT\n",
                   stderr);
        return 2;
    }
    return run(scenario->second, argv[2], argv[3], endpoint(argv[4], argv[5]));
}
