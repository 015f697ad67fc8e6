// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QList>

/// Puts DNS messages together byte by byte, right and wrong ones alike.
namespace Build {

inline QByteArray be16(int value)
{
    return QByteArray().append(static_cast<char>(value >> 8 & 0xff)).append(static_cast<char>(value & 0xff));
}

inline QByteArray be32(quint32 value)
{
    return be16(static_cast<int>(value >> 16)) + be16(static_cast<int>(value & 0xffff));
}

inline QByteArray label(const QByteArray &text)
{
    return QByteArray(1, static_cast<char>(text.size())) + text;
}

/// "www.example" without compression; "" is the root.
inline QByteArray name(const QByteArray &dotted)
{
    QByteArray bytes;
    if (!dotted.isEmpty()) {
        for (const QByteArray &part : dotted.split('.'))
            bytes += label(part);
    }
    return bytes + '\0';
}

inline QByteArray pointer(int offset)
{
    return be16(0xc000 | offset);
}

constexpr int questionOffset = 12;
constexpr int A = 1;
constexpr int Ns = 2;
constexpr int Cname = 5;
constexpr int Aaaa = 28;
constexpr int Opt = 41;
constexpr int Svcb = 64;
constexpr int Https = 65;

inline QByteArray header(int answers, int authorities = 0, int additionals = 0, int flags = 0x8180,
                         int questions = 1)
{
    return be16(0x4711) + be16(flags) + be16(questions) + be16(answers) + be16(authorities)
        + be16(additionals);
}

inline QByteArray question(const QByteArray &wireName, int type = A, int recordClass = 1)
{
    return wireName + be16(type) + be16(recordClass);
}

inline QByteArray record(const QByteArray &owner, int type, quint32 ttlSeconds, const QByteArray &data,
                         int recordClass = 1)
{
    return owner + be16(type) + be16(recordClass) + be32(ttlSeconds) + be16(static_cast<int>(data.size()))
        + data;
}

inline QByteArray parameter(int key, const QByteArray &value)
{
    return be16(key) + be16(static_cast<int>(value.size())) + value;
}

} // namespace Build
