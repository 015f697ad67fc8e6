// SPDX-License-Identifier: MIT
#pragma once

#include <QList>
#include <QString>

/**
 * What the running kernel grants, found by trying: an empty program is loaded and attached at each
 * hook before ours is. Version numbers and configuration files are not asked, because vendors
 * backport, and because a hypervisor, lockdown or a container may refuse what the kernel offers.
 *
 * Needs root. Used once, at start.
 */
namespace Nettally::KernelSupport {

enum class Hook {
    Tracepoint, ///< tp_btf, by tracepoint name
    FunctionExit, ///< fexit, by function name
};

struct Trial {
    bool works = false;
    QString reason; ///< why not, for people; empty when it works
};

Trial tryHook(Hook hook, const char *target);

/// Whether the kernel can walk over things of this kind ("task_file") with a program of ours.
bool hasIterator(const char *target);

/// Whether the kernel has the tracepoint; that it grants it is not said.
bool hasTracepoint(const char *name);

/// Why the kernel's type information cannot be used, as a sentence with the next step; empty when it can.
QString btfProblem();

/// Where the unified (v2) control group hierarchy is mounted, in the pure or the hybrid layout; empty if
/// nowhere.
QString cgroup2Mount();

/// "6.12.48+deb13-amd64" and the like.
QString kernelRelease();

struct PortRange {
    quint32 first = 32768;
    quint32 last = 60999;
};

/// net.ipv4.ip_local_port_range, which IPv6 uses too; the kernel's defaults if it cannot be read.
PortRange ephemeralPorts();

} // namespace Nettally::KernelSupport
