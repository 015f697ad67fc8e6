// SPDX-License-Identifier: MIT
#pragma once

#include "address.h"

#include <QStringList>

#include <memory>

namespace Nettally {

/**
 * Country and network of an address, from files in MaxMind's format that somebody else put on this machine.
 * Nothing is ever fetched.
 *
 * A file is copied before it is read, so that one that is written to meanwhile does no harm; what a file says
 * is untrusted. Not thread-safe.
 */
class PlaceBook {
public:
    struct Place {
        QString countryCode; ///< ISO 3166, two capital letters; empty when not known
        QString country; ///< in the language of QLocale() where the file has it
        quint32 networkNumber = 0; ///< of the autonomous system; 0 when not known
        QString network; ///< who runs it; may be empty

        /// "Example Net (AS64496)", "AS64496"; empty when not known.
        QString networkText() const;
        bool operator==(const Place &) const = default;
    };

    /// Looks in @p folders, the first first, for what the files that were chosen do not tell.
    explicit PlaceBook(const QStringList &folders = usualFolders());
    ~PlaceBook();
    Q_DISABLE_COPY_MOVE(PlaceBook)

    static QStringList usualFolders();

    /// Reads nothing before the next refresh().
    void setFiles(const QStringList &chosen) { m_chosen = chosen; }
    /// Reads the files if they are others than at the last call. Whether they were: then places may be
    /// others.
    bool refresh();

    bool hasCountries() const { return m_countries != nullptr; }
    bool hasNetworks() const { return m_networks != nullptr; }
    /// Grows with each change of what placeOf() answers.
    quint64 generation() const { return m_generation; }
    /// Which file cannot be used and why, one sentence; empty when all can.
    const QString &problem() const { return m_problem; }
    /// A file that turns out broken is no longer asked; see problem().
    Place placeOf(const Address &address);

private:
    class Database;
    /// What tells a file from another that took its place.
    struct Stamp {
        QString path;
        quint64 device = 0;
        quint64 inode = 0;
        qint64 sizeBytes = -1; ///< -1: there is none
        qint64 modifiedNs = 0;
        bool operator==(const Stamp &) const = default;
    };

    static Stamp stampOf(const QString &path);
    QList<Stamp> candidates() const;
    void dropBroken(std::unique_ptr<Database> &database, const QString &problem);

    QStringList m_folders;
    QStringList m_chosen;
    QList<Stamp> m_stamps;
    bool m_isRead = false;
    std::unique_ptr<Database> m_countries;
    std::unique_ptr<Database> m_networks;
    QString m_problem;
    quint64 m_generation = 0;
};

} // namespace Nettally
