// SPDX-License-Identifier: MIT
#pragma once

#include "usagedelta.h"

#include <QHash>

#include <map>

namespace Nettally {

/// What makes two processes the same program in history.
struct ProgramIdentity {
    QString name;
    QString executable;
    quint32 uid = 0;
    ProgramKind kind = ProgramKind::Program;
    bool operator==(const ProgramIdentity &) const = default;
};

size_t qHash(const ProgramIdentity &program, size_t seed = 0) noexcept;

struct FactKey {
    ProgramIdentity program;
    Address remote;
    quint8 protocol = 0;
    bool operator==(const FactKey &) const = default;
};

size_t qHash(const FactKey &key, size_t seed = 0) noexcept;

struct FactSums {
    quint64 rxPayloadBytes = 0;
    quint64 txPayloadBytes = 0;
};

/// What was measured and is not in the database yet, by UTC minute.
class PendingUsage {
public:
    using Minute = QHash<FactKey, FactSums>;

    void add(qint64 minuteUtc, const UsageDelta &delta);
    void clear();

    bool isEmpty() const { return m_factCount == 0; }
    qsizetype factCount() const { return m_factCount; }
    const std::map<qint64, Minute> &minutes() const { return m_minutes; }

    /**
     * Makes it fit, by giving up detail and never bytes: the oldest minutes become one, then lose the remote
     * address, then the program. Returns whether detail was given up.
     */
    bool fold(qsizetype maxMinutes, qsizetype maxFacts);

private:
    void addFact(Minute &minute, const FactKey &key, const FactSums &sums);
    template <typename Coarser>
    void coarsen(Minute &minute, Coarser coarser);
    void mergeOldestTwo();

    std::map<qint64, Minute> m_minutes;
    qsizetype m_factCount = 0;
};

} // namespace Nettally
