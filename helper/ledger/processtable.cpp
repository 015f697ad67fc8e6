// SPDX-License-Identifier: MIT
#include "processtable.h"

#include <QCoreApplication>

#include <tuple>

namespace Nettally {

namespace {

/// Programs name themselves with any bytes: what is not UTF-8, ends a line, or turns the writing
/// direction of what follows (to pass for another name) becomes U+FFFD.
QString safeString(const QByteArray &bytes)
{
    QString text = QString::fromUtf8(bytes);
    for (QChar &c : text) {
        const char16_t u = c.unicode();
        const bool turnsDirection = (u >= 0x202a && u <= 0x202e) || (u >= 0x2066 && u <= 0x2069);
        const QChar::Category category = c.category();
        if (category == QChar::Other_Control || category == QChar::Separator_Line
            || category == QChar::Separator_Paragraph || turnsDirection)
            c = QChar(QChar::ReplacementCharacter);
    }
    return text;
}

} // namespace

ProcessTable::ProcessTable(quint32 maxPrograms)
    : m_maxPrograms(maxPrograms)
{
    Process others;
    others.id = othersId;
    others.kind = ProcessKind::Others;
    others.name = othersName();
    m_processes.push_back(others);

    Process overflow;
    overflow.id = overflowId;
    overflow.kind = ProcessKind::Overflow;
    overflow.name = QCoreApplication::translate("ProcessTable", "Spilled (table full)");
    m_processes.push_back(overflow);

    Process kernel;
    kernel.id = kernelId;
    kernel.kind = ProcessKind::Kernel;
    kernel.name = QCoreApplication::translate("ProcessTable", "The kernel itself");
    m_processes.push_back(kernel);
}

QString ProcessTable::othersName()
{
    return QCoreApplication::translate("ProcessTable", "Other users and the system");
}

QString ProcessTable::displayName(const ProgramRecord &record)
{
    if (record.isKernel)
        return safeString(record.comm);
    const QByteArray base = record.path.mid(record.path.lastIndexOf('/') + 1);
    // An empty comm is the beginning of every name. "exe" is what execve() of /proc/self/exe leaves.
    const bool isCut = base.startsWith(record.comm) || record.comm == "exe";
    return safeString(!base.isEmpty() && isCut ? base : record.comm);
}

quint32 ProcessTable::idOfKernelPart(const QString &name, ProcessKind kind)
{
    quint32 &id = m_kernelParts[name];
    if (id == 0) {
        Process part;
        id = part.id = quint32(m_processes.size()) + 1;
        part.name = name;
        part.kind = kind;
        m_processes.push_back(part);
    }
    return id;
}

void ProcessTable::record(const ProgramRecord &record, std::vector<quint32> &ended)
{
    if (record.slot == 0)
        return;
    if (record.slot >= m_idOfSlot.size())
        m_idOfSlot.resize(record.slot + 1);

    const Key key{record.startNs, record.execId, record.pid};
    quint32 id = m_idOfKey.value(key);
    if (id == 0) {
        if (m_processes.size() >= m_maxPrograms) {
            m_idOfSlot[record.slot] = overflowId;
            return;
        }
        Process added;
        id = added.id = quint32(m_processes.size()) + 1;
        added.pid = record.pid;
        added.startNs = record.startNs;
        added.execId = record.execId;
        added.name = displayName(record);
        added.executable = safeString(record.path);
        added.uid = record.uid;
        added.cgroupId = record.cgroupId;
        added.pidNs = record.pidNs;
        added.netNs = record.netNs;
        added.kind = record.isKernel ? ProcessKind::KernelThread : ProcessKind::Program;
        m_processes.push_back(added);
        m_idOfKey.insert(key, id);

        // A pid is one image at a time: the later start, or the later execve(), ended the other.
        quint32 &latest = m_latestOfPid[record.pid];
        const auto age = [this](quint32 of) { return std::tuple(process(of).startNs, process(of).execId); };
        if (latest != 0 && age(latest) > age(id)) {
            end(id, ended);
        } else {
            if (latest != 0)
                end(latest, ended);
            latest = id;
        }
    }
    m_idOfSlot[record.slot] = id;
    if (record.endedNs != 0)
        end(id, ended);
}

void ProcessTable::end(quint32 id, std::vector<quint32> &ended)
{
    Process &process = m_processes[id - 1];
    if (process.ended)
        return;
    process.ended = true;
    ended.push_back(id);
}

} // namespace Nettally
