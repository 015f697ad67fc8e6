// SPDX-License-Identifier: MIT
#include "containernames.h"

#include "application.h"
#include "boundedfile.h"

#include <QDirIterator>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr qsizetype maxFileBytes = 1'048'576;
constexpr int maxLogs = 5000;

} // namespace

ContainerNames::Name ContainerNames::find(const QString &runtime, const QString &id)
{
    if (id.isEmpty())
        return {};
    if (runtime == "Kubernetes"_L1)
        return inKubernetes(id);
    if (runtime == "Podman"_L1)
        return {inPodman(id), {}};
    if (runtime == "Docker"_L1) {
        const auto bytes =
            readBounded(m_places.dockerFolder + u'/' + id + u"/config.v2.json"_s, maxFileBytes);
        const QString name =
            QJsonDocument::fromJson(bytes.value_or(QByteArray())).object()[u"Name"_s].toString();
        return {oneLine(name.startsWith(u'/') ? name.mid(1) : name), {}};
    }
    return {};
}

QString ContainerNames::inPodman(const QString &id)
{
    for (const QString &file : m_places.podmanFiles) {
        const QDateTime changed = QFileInfo(file).lastModified();
        if (changed != m_podmanRead.value(file)) {
            m_podmanRead.insert(file, changed);
            QHash<QString, QString> &names = m_podman[file];
            names.clear();
            const QJsonArray containers =
                QJsonDocument::fromJson(readBounded(file, maxFileBytes).value_or(QByteArray())).array();
            for (const QJsonValue &container : containers)
                names.insert(container[u"id"_s].toString(), oneLine(container[u"names"_s][0].toString()));
        }
        if (const QString name = m_podman.value(file).value(id); !name.isEmpty())
            return name;
    }
    return {};
}

/// kubelet keeps these links for what gathers logs.
ContainerNames::Name ContainerNames::inKubernetes(const QString &id)
{
    QDirIterator logs(m_places.kubernetesFolder, {u"*-"_s + id + u".log"_s}, QDir::Files | QDir::System);
    for (int i = 0; i < maxLogs && logs.hasNext(); ++i) {
        logs.next();
        const QStringList parts = logs.fileName().chopped(id.size() + 5).split(u'_');
        if (parts.size() == 3)
            return {oneLine(parts[2]), oneLine(parts[1] + u'/' + parts[0])};
    }
    return {};
}

} // namespace Nettally
