// SPDX-License-Identifier: MIT
#include "reach.h"

namespace Nettally {

Reach reachOf(const Address &address)
{
    if (!address.isKnown())
        return Reach::Unknown;
    if (address.isLoopback())
        return Reach::Loopback;
    const QByteArray bytes = address.toBytes();
    const auto byte = [&bytes](qsizetype i) { return quint8(bytes.at(i)); };
    bool isLocal = false;
    if (address.isV4()) {
        isLocal = byte(0) == 0 || byte(0) == 10 || (byte(0) == 172 && (byte(1) & 0xf0) == 16)
            || (byte(0) == 192 && byte(1) == 168) || (byte(0) == 169 && byte(1) == 254)
            || (byte(0) == 100 && (byte(1) & 0xc0) == 64) || byte(0) >= 224;
    } else {
        isLocal =
            (byte(0) & 0xfe) == 0xfc || (byte(0) == 0xfe && (byte(1) & 0xc0) == 0x80) || byte(0) == 0xff;
    }
    return isLocal ? Reach::Local : Reach::Internet;
}

} // namespace Nettally
