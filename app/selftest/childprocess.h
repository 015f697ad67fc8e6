// SPDX-License-Identifier: MIT
#pragma once

#include <QString>

class QProcess;

namespace Nettally {

/// Has @p process killed should this one die first, and lets it be ended by signals that are blocked here.
/// Before its start, and from the thread that lives longest.
/// With @p networkNamespace, a path, it runs in there.
void tieToParent(QProcess &process, const QString &networkNamespace = {});

} // namespace Nettally
