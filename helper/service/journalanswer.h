// SPDX-License-Identifier: MIT
#pragma once

#include "journal.h"
#include "wiretypes.h"

#include <QHash>

#include <optional>

namespace Nettally {

/// As in the contract: 4 or 16 bytes, empty where all are zero.
QByteArray addressBytes(const RemoteBytes &bytes);

/// What a caller is told of a part of the journal.
class JournalAnswer {
public:
    /// To @p ownUid the flows of others are one a minute and interface; not set: everything is told. Ends
    /// after the record with which it has about @p maxBytes.
    JournalAnswer(const Journal::Slice &slice, std::optional<quint32> ownUid, qint64 maxBytes);

    bool more() const { return m_more; }
    quint64 last() const { return m_last; }
    const QList<Wire::JournalProgram> &programs() const { return m_programs; }
    const QList<Wire::JournalFlow> &flows() const { return m_flows; }
    const QList<Wire::JournalGap> &gaps() const { return m_gaps; }
    const QList<Wire::JournalInterface> &interfaces() const { return m_interfaces; }
    /// About what it takes as a message.
    qint64 bytes() const { return m_bytes; }

private:
    void add(const JournalFlow &flow);
    void addOthers(const JournalFlow &flow);
    quint32 indexOf(const JournalProgram &program);

    quint64 m_last;
    bool m_more;
    qint64 m_bytes = 256;
    QList<Wire::JournalProgram> m_programs;
    QList<Wire::JournalFlow> m_flows;
    QList<Wire::JournalGap> m_gaps;
    QList<Wire::JournalInterface> m_interfaces;
    QHash<JournalProgram, quint32> m_programIndexes;
    QHash<std::pair<qint64, QString>, qsizetype> m_others; ///< index in m_flows, by minute and interface
};

} // namespace Nettally
