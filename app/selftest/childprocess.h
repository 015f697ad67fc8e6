// SPDX-License-Identifier: MIT
#pragma once

class QProcess;

namespace Nettally {

/// Has @p process killed should this one die first, and lets it be ended by signals that are blocked here.
/// Before its start, and from the thread that lives longest.
void tieToParent(QProcess &process);

} // namespace Nettally
