// SPDX-License-Identifier: MIT
#pragma once

#include <QDateTime>
#include <QHash>
#include <QString>
#include <QStringList>

namespace Nettally {

/// What runtimes wrote down of their containers, as far as this user may read it. Asks no daemon. Not
/// thread-safe.
class ContainerNames {
public:
    struct Places {
        QStringList podmanFiles; ///< containers.json
        QString dockerFolder; ///< "…/containers"
        QString kubernetesFolder; ///< of the links to logs: POD_NAMESPACE_CONTAINER-ID.log
    };

    struct Name {
        QString container;
        QString pod; ///< "NAMESPACE/POD"
    };

    explicit ContainerNames(const Places &places)
        : m_places(places)
    {
    }

    /// Empty where it is not known. @p id is whole.
    Name find(const QString &runtime, const QString &id);

private:
    QString inPodman(const QString &id);
    Name inKubernetes(const QString &id);

    const Places m_places;
    QHash<QString, QDateTime> m_podmanRead; ///< files, when they were changed as we read them
    QHash<QString, QHash<QString, QString>> m_podman; ///< by file: names by id
};

} // namespace Nettally
