// SPDX-License-Identifier: MIT
#pragma once

#include "counters.h"

#include <QString>

namespace Nettally {

/// What the kernel does with a flow whose packets no program's socket had: "Kernel: ICMP echo".
QString kernelPartName(const FlowRecord &record);

/// The service of the kernel that moves a flow in threads of its own, told from the port that it is known
/// for: "NFS client"; empty: not known, and the thread's own name is all there is.
QString kernelServiceName(const FlowRecord &record);

} // namespace Nettally
