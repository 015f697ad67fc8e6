// SPDX-License-Identifier: MIT
#include "checkpointfile.h"

#include "journalformat.h"

#include <QHash>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace Nettally {

using namespace JournalFormat;

namespace {

QString fileName()
{
    return QStringLiteral("checkpoints");
}
QString newFileName()
{
    return QStringLiteral("checkpoints.new");
}

} // namespace

CheckpointFile::~CheckpointFile()
{
    if (m_fd >= 0)
        close(m_fd);
}

bool CheckpointFile::create(const QByteArray &bytes)
{
    const int fd = m_folder.openFile(newFileName(), O_RDWR | O_CREAT | O_TRUNC);
    if (fd < 0)
        return false;
    if (!writeAt(fd, bytes, 0) || !m_folder.rename(newFileName(), fileName())) {
        const int error = errno;
        close(fd);
        m_folder.remove(newFileName());
        errno = error;
        return false;
    }
    if (m_fd >= 0)
        close(m_fd);
    m_fd = fd;
    m_bytes = m_replacedBytes = bytes.size();
    m_appendedBytes = 0;
    return true;
}

bool CheckpointFile::open(const QByteArray &journalId, const QByteArray &bootId, quint64 sinceNs,
                          quint64 lastSeal, std::optional<Checkpoint> *found)
{
    m_instance = encodeInstance(journalId, bootId, sinceNs);
    found->reset();
    const QByteArray bytes = m_folder.read(fileName());
    if (!bytes.startsWith(m_instance))
        return create(m_instance);

    QHash<quint32, Checkpoint::Row> rows;
    std::vector<Checkpoint::Interface> interfaces;
    Checkpoint next;
    FrameReader reader(bytes);
    reader.next();
    m_bytes = m_instance.size();
    bool isWhole = true;
    while (isWhole) {
        const std::optional<Frame> frame = reader.next();
        // Behind a gap nothing is known to be complete.
        if (!frame || reader.damagedBytes() > 0)
            break;
        if (frame->type == FrameType::Rows) {
            isWhole = takeRows(*frame, next.rows);
        } else if (frame->type == FrameType::Interfaces) {
            isWhole = takeInterfaces(*frame, next.interfaces);
        } else {
            const std::optional<quint64> seal = sealOfCheckpoint(*frame);
            if (!seal || *seal > lastSeal)
                break;
            for (const Checkpoint::Row &row : next.rows)
                rows.insert(row.slot, row);
            interfaces = next.interfaces;
            next = {};
            m_bytes = frame->end;
            m_number = frame->number + 1;
            *found = Checkpoint();
        }
    }
    if (*found) {
        (*found)->rows.assign(rows.cbegin(), rows.cend());
        (*found)->interfaces = interfaces;
    }
    m_replacedBytes = m_bytes;
    m_fd = m_folder.openFile(fileName(), O_RDWR);
    return m_fd >= 0 && ftruncate(m_fd, m_bytes) == 0;
}

bool CheckpointFile::append(const Checkpoint &changed, quint64 seal)
{
    QByteArray bytes;
    appendCheckpoint(bytes, changed, seal, &m_number);
    if (!writeAt(m_fd, bytes, m_bytes)) {
        const int error = errno;
        takeBack();
        errno = error;
        return false;
    }
    m_appendedBytes = bytes.size();
    return true;
}

void CheckpointFile::takeBack()
{
    // What could not be cut off is written over by the next, or left out for its seal.
    if (ftruncate(m_fd, m_bytes))
        qWarning("The checkpoints of the journal cannot be cut.");
    m_appendedBytes = 0;
}

void CheckpointFile::commit()
{
    m_bytes += std::exchange(m_appendedBytes, 0);
}

bool CheckpointFile::isLong() const
{
    constexpr qint64 slackBytes = 256 * 1024;
    return m_bytes > slackBytes + 3 * m_replacedBytes;
}

bool CheckpointFile::replace(const Checkpoint &all, quint64 seal)
{
    QByteArray bytes = m_instance;
    const quint64 numberBefore = std::exchange(m_number, 2);
    appendCheckpoint(bytes, all, seal, &m_number);
    if (create(bytes))
        return true;
    m_number = numberBefore;
    return false;
}

} // namespace Nettally
