// SPDX-License-Identifier: MIT
//
// libFuzzer: an input is a DNS message, and the same bytes are what a TCP connection carries. Ends by
// abort() when a promise of the headers is broken.
#include "dnsmessage.h"
#include "dnsstream.h"
#include "namebook.h"

#include <QSet>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

using namespace Nettally;

namespace {

void require(bool holds, const char *what)
{
    if (holds)
        return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

void checkMessage(QByteArrayView bytes, NameBook &book)
{
    const auto message = DnsMessage::parse(bytes);
    if (!message)
        return;
    require(!message->name.isEmpty(), "a message has a name");
    require(std::all_of(message->name.cbegin(), message->name.cend(),
                        [](QChar c) { return c.isSurrogate() || (c.isPrint() && !c.isSpace()); }),
            "a name is safe to show");
    QSet<Address> given;
    for (const DnsAddress &one : message->addresses) {
        require(one.address.isKnown(), "an address is known");
        given.insert(one.address);
    }
    require(given.size() == message->addresses.size(), "an address is given once");
    require(given.size() <= DnsMessage::maxAddresses, "addresses are bounded");

    const auto part = DnsMessage::parse(bytes.first(bytes.size() * 2 / 3));
    if (part) {
        require(part->name == message->name, "a part has the whole's name");
        require(std::all_of(part->addresses.cbegin(), part->addresses.cend(),
                            [&](const DnsAddress &one) { return given.contains(one.address); }),
                "a part gives no address that the whole does not");
    }

    book.learn(1, *message, 1);
    require(book.size() <= 8, "the book is bounded");
    if (!message->addresses.isEmpty())
        require(book.nameOf(1, message->addresses.last().address).text == message->name,
                "what was learnt last is known");
}

void checkStream(QByteArrayView bytes, qsizetype segmentBytes, NameBook &book)
{
    constexpr quint32 firstSequence = 0xfffffff0;
    DnsStream atOnce(firstSequence);
    const QList<QByteArray> messages = atOnce.take(firstSequence, bytes);
    DnsStream inSegments(firstSequence);
    QList<QByteArray> same;
    for (qsizetype at = 0; at < bytes.size(); at += segmentBytes)
        same += inSegments.take(firstSequence + static_cast<quint32>(at),
                                bytes.sliced(at, std::min(segmentBytes, bytes.size() - at)));
    require(messages == same && atOnce.isDropped() == inSegments.isDropped(),
            "messages do not depend on segments");
    for (const QByteArray &message : messages)
        checkMessage(message, book);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size)
{
    // libFuzzer's copy is exactly this long: what is read beyond is seen.
    const QByteArrayView bytes(data, static_cast<qsizetype>(size));
    NameBook book(8);
    checkMessage(bytes, book);
    checkStream(bytes, size > 0 ? 1 + data[size - 1] % 64 : 1, book);
    return 0;
}
