// SPDX-License-Identifier: MIT
#include "probetable.h"

#include <QCoreApplication>

#include <array>

namespace Nettally::ProbeTable {

namespace {

using KernelSupport::Hook;

constexpr char spliceLoss[] =
    QT_TRANSLATE_NOOP("ProbeTable", "bytes taken from a socket with splice() are not seen");

const std::vector<Purpose> &allPurposes()
{
    static const std::vector<Purpose> table = {
        {"payload-send",
         {{"tp_btf/sock_send_length", {{"sendTracepoint", Hook::Tracepoint, "sock_send_length"}}, ""},
          {"fexit/inet_sendmsg",
           {{"sendExit4", Hook::FunctionExit, "inet_sendmsg"},
            {"sendExit6", Hook::FunctionExit, "inet6_sendmsg"},
            {"sendPageExit", Hook::FunctionExit, "inet_sendpage", true}},
           ""}},
         QT_TRANSLATE_NOOP("ProbeTable", "sent bytes are not measured")},
        {"payload-receive",
         {{"tp_btf/sock_recv_length",
           {{"receiveTracepoint", Hook::Tracepoint, "sock_recv_length"}},
           spliceLoss},
          {"fexit/inet_recvmsg",
           {{"receiveExit4", Hook::FunctionExit, "inet_recvmsg"},
            {"receiveExit6", Hook::FunctionExit, "inet6_recvmsg"},
            {"receiveExitCommon", Hook::FunctionExit, "sock_common_recvmsg"}},
           spliceLoss}},
         QT_TRANSLATE_NOOP("ProbeTable", "received bytes are not measured")},
        {"retransmits",
         {{"tp_btf/tcp_retransmit_skb", {{"segmentsSentAgain", Hook::Tracepoint, "tcp_retransmit_skb"}}, ""}},
         QT_TRANSLATE_NOOP("ProbeTable", "segments sent again are not counted")},
        {"connection-state",
         {{"tp_btf/inet_sock_set_state", {{"tcpStateChanged", Hook::Tracepoint, "inet_sock_set_state"}}, ""}},
         QT_TRANSLATE_NOOP("ProbeTable",
                           "accepted connections are told from outgoing ones by their ports only")},
        {"program-exit",
         {{"tp_btf/sched_process_exit", {{"processExited", Hook::Tracepoint, "sched_process_exit"}}, ""}},
         QT_TRANSLATE_NOOP("ProbeTable", "programs that have ended are not marked as such")},
        {"program-exec",
         {{"tp_btf/sched_process_exec", {{"processExecuted", Hook::Tracepoint, "sched_process_exec"}}, ""}},
         QT_TRANSLATE_NOOP("ProbeTable", "a program replaced by execve() is not marked as ended")},
    };
    return table;
}

constexpr std::array<GroupHook, 4> hooks{{
    {"packets-sent", "cgroup_skb/egress", "packetSent",
     QT_TRANSLATE_NOOP("ProbeTable", "network bytes sent are not measured")},
    {"packets-received", "cgroup_skb/ingress", "packetReceived",
     QT_TRANSLATE_NOOP("ProbeTable", "network bytes received are not measured")},
    {"socket-creation", "cgroup/sock_create", "socketCreated",
     QT_TRANSLATE_NOOP("ProbeTable", "a UDP socket's first packet counts as the kernel's own")},
    {"socket-release", "cgroup/sock_release", "socketReleased",
     QT_TRANSLATE_NOOP("ProbeTable", "closed UDP sockets stay in the number of connections")},
}};

} // namespace

std::span<const Purpose> purposes()
{
    return allPurposes();
}

std::span<const GroupHook> groupHooks()
{
    return hooks;
}

QString translated(const char *text)
{
    return QCoreApplication::translate("ProbeTable", text);
}

ProbeState chosen(const Purpose &purpose, const Alternative &alternative)
{
    return {QLatin1String(purpose.name), QLatin1String(alternative.mechanism), true,
            *alternative.loss ? translated(alternative.loss) : QString()};
}

ProbeState choose(const Purpose &purpose, std::vector<const char *> *programs)
{
    QStringList refusals;
    for (const Alternative &alternative : purpose.alternatives) {
        std::vector<const char *> granted;
        QString refusal;
        for (const Part &part : alternative.parts) {
            const KernelSupport::Trial trial = KernelSupport::tryHook(part.hook, part.target);
            if (trial.works)
                granted.push_back(part.program);
            else if (!part.isOptional)
                refusal = trial.reason;
        }
        if (refusal.isEmpty()) {
            programs->insert(programs->end(), granted.begin(), granted.end());
            return chosen(purpose, alternative);
        }
        refusals.append(QStringLiteral("%1: %2").arg(QLatin1String(alternative.mechanism), refusal));
    }
    return {QLatin1String(purpose.name),
            {},
            false,
            QStringLiteral("%1 (%2)").arg(translated(purpose.lossIfMissing),
                                          refusals.join(QStringLiteral("; ")))};
}

} // namespace Nettally::ProbeTable
