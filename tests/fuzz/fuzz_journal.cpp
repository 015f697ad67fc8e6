// SPDX-License-Identifier: MIT
//
// libFuzzer: an input is a segment of a journal as it may be found on a disk, and its pieces are what whole
// frames hold, which a checksum would keep out otherwise. Ends by abort() when a promise is broken.
#include "journalformat.h"

#include <cstdio>
#include <cstdlib>

using namespace Nettally;
using namespace Nettally::JournalFormat;

namespace {

void require(bool holds, const char *what)
{
    if (holds)
        return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

void readAll(QByteArrayView bytes)
{
    FrameReader reader(bytes);
    Decoder decoder;
    std::vector<JournalRecord> records;
    quint64 number = 0;
    qsizetype end = 0;
    while (const auto frame = reader.next()) {
        require(frame->number > number && frame->number <= maxNumber, "numbers grow");
        require(frame->end > end && frame->end <= bytes.size(), "frames follow one another");
        number = frame->number;
        end = frame->end;
        if (auto record = decoder.take(*frame))
            records.push_back(*record);
        sealEndUtcMs(*frame);
        sealOfCheckpoint(*frame);
        std::vector<Checkpoint::Row> rows;
        takeRows(*frame, rows);
        std::vector<Checkpoint::Interface> interfaces;
        takeInterfaces(*frame, interfaces);
        require(rows.size() <= size_t(frame->payload.size()), "rows take bytes");
    }
    // What was understood is understood the same when it is written anew.
    QByteArray again;
    Encoder encoder;
    encoder.append(again, records, 0, 1);
    FrameReader second(again);
    Decoder secondDecoder;
    std::vector<JournalRecord> same;
    while (const auto frame = second.next()) {
        if (auto record = secondDecoder.take(*frame))
            same.push_back(*record);
    }
    require(same == records, "what is read is what was written");
    require(second.damagedBytes() == 0, "what is written is whole");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size)
{
    const QByteArrayView bytes(data, static_cast<qsizetype>(size));
    decodeHeader(bytes);
    readAll(bytes);
    // A length, a type, and as much of a payload, again and again.
    QByteArray framed;
    quint64 number = 0;
    for (qsizetype at = 0; at + 2 <= bytes.size();) {
        const qsizetype length = std::min<qsizetype>(data[at], bytes.size() - at - 2);
        appendFrame(framed, ++number, FrameType(data[at + 1] % 40), bytes.sliced(at + 2, length));
        at += 2 + length;
    }
    readAll(framed);
    return 0;
}
