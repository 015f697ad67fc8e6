// SPDX-License-Identifier: MIT
#pragma once

#include <QObject>
#include <QProcess>
#include <QTemporaryDir>

namespace Nettally {

/// A helper on a bus that only root reaches, for machines where none runs. Both end with this object.
class PrivateHelper : public QObject {
    Q_OBJECT

public:
    /// With @p networkNamespace, a path, the helper runs in there.
    explicit PrivateHelper(const QString &networkNamespace = {}, QObject *parent = nullptr);
    ~PrivateHelper() override;

    /// Empty when both are under way, else why not and what to do; may take a second. The helper answers
    /// on address() some moments later.
    QString start(const QString &helperProgram);

    const QString &address() const { return m_address; }

Q_SIGNALS:
    /// The helper is gone; @p words is what it said.
    void ended(const QString &words);

private:
    QString m_networkNamespace;
    QTemporaryDir m_folder; ///< of the socket: names without one are those of a network namespace
    QProcess m_daemon;
    QProcess m_helper;
    QString m_address;
};

} // namespace Nettally
