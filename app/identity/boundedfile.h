// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QString>

#include <optional>

namespace Nettally {

/// The first @p maxBytes of a regular file; nothing where there is none that may be read. Never waits for the
/// other end of a pipe, but may for a file system that is far away.
std::optional<QByteArray> readBounded(const QString &path, qsizetype maxBytes);

} // namespace Nettally
