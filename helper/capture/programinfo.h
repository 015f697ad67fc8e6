// SPDX-License-Identifier: MIT
#pragma once

#include <QtGlobal>

namespace Nettally::ProgramInfo {

/// How often the kernel did not run the program behind @p fd because it would have interrupted itself on the
/// same processor; 0 if @p fd is none, or the kernel does not count them (before Linux 5.12).
quint64 skippedRuns(int fd);

} // namespace Nettally::ProgramInfo
