// SPDX-License-Identifier: MIT
#pragma once

#include "address.h"

#include <QFile>
#include <QVariantMap>

#include <array>
#include <vector>

namespace Nettally::Test {

/// Writes a small file in MaxMind's format, version 2.0. Later networks lie within or beside earlier ones.
class MmdbWriter {
public:
    explicit MmdbWriter(const QString &type, int ipVersion = 6)
        : m_type(type)
        , m_ipVersion(ipVersion)
    {
        m_nodes.push_back({});
    }

    /// @p values: QString, quint32 or QVariantMap.
    void add(const QString &network, const QVariantMap &values)
    {
        const Address address = Address::fromString(network.section(u'/', 0, 0));
        QByteArray bytes = address.toBytes();
        int length = network.section(u'/', 1).toInt();
        if (address.isV4() && m_ipVersion == 6) {
            bytes = QByteArray(12, '\0') + bytes;
            length += 96;
        }
        const qint64 data = m_data.size();
        m_data += encode(values);
        size_t node = 0;
        for (int bit = 0; bit < length; ++bit) {
            const size_t side = (quint8(bytes.at(bit / 8)) >> (7 - bit % 8)) & 1;
            if (bit == length - 1) {
                m_nodes[node][side] = {Record::Data, data};
                return;
            }
            if (m_nodes[node][side].kind != Record::Node) {
                const Record above = m_nodes[node][side];
                m_nodes[node][side] = {Record::Node, qint64(m_nodes.size())};
                m_nodes.push_back({above, above});
            }
            node = size_t(m_nodes[node][side].value);
        }
    }

    QByteArray bytes(int recordBits = 28) const
    {
        const auto nodes = qint64(m_nodes.size());
        QByteArray file;
        for (const auto &sides : m_nodes) {
            std::array<quint64, 2> values{};
            for (size_t side = 0; side < 2; ++side) {
                const Record &record = sides[side];
                values[side] = quint64(record.kind == Record::Node       ? record.value
                                           : record.kind == Record::Data ? nodes + 16 + record.value
                                                                         : nodes);
            }
            const int whole = recordBits / 8;
            for (size_t side = 0; side < 2; ++side) {
                for (int byte = whole - 1; byte >= 0; --byte)
                    file += char(values[side] >> (8 * byte));
                if (recordBits == 28 && side == 0)
                    file += char(((values[0] >> 24) & 15) << 4 | ((values[1] >> 24) & 15));
            }
        }
        file += QByteArray(16, '\0') + m_data + "\xab\xcd\xef" + "MaxMind.com";
        QByteArray metadata = control(7, 9);
        const auto number = [&](const char *key, int type, quint64 value, int size) {
            metadata += encode(QString::fromLatin1(key)) + control(type, size);
            for (int byte = size - 1; byte >= 0; --byte)
                metadata += char(value >> (8 * byte));
        };
        number("node_count", 6, quint64(nodes), 4);
        number("record_size", 5, quint64(recordBits), 2);
        number("ip_version", 5, quint64(m_ipVersion), 2);
        number("binary_format_major_version", 5, 2, 2);
        number("binary_format_minor_version", 5, 0, 0);
        number("build_epoch", 9, 1'700'000'000, 8);
        metadata += encode(QStringLiteral("database_type")) + encode(m_type);
        metadata += encode(QStringLiteral("languages")) + control(11, 0);
        metadata += encode(QStringLiteral("description")) + control(7, 0);
        return file + metadata;
    }

    void write(const QString &path, int recordBits = 28) const
    {
        QFile file(path);
        if (!file.open(QIODevice::WriteOnly) || file.write(bytes(recordBits)) < 0)
            qFatal("%s cannot be written", qUtf8Printable(path));
    }

private:
    struct Record {
        enum Kind { Nothing, Node, Data } kind = Nothing;
        qint64 value = 0;
    };

    static QByteArray control(int type, qsizetype size)
    {
        QByteArray head;
        const qsizetype small = size < 29 ? size : 29;
        head += char((type <= 7 ? type << 5 : 0) | int(small));
        if (type > 7)
            head += char(type - 7);
        if (size >= 29)
            head += char(size - 29);
        return head;
    }

    static QByteArray encode(const QVariant &value)
    {
        if (value.typeId() == QMetaType::QVariantMap) {
            const QVariantMap map = value.toMap();
            QByteArray all = control(7, map.size());
            for (auto entry = map.cbegin(); entry != map.cend(); ++entry)
                all += encode(entry.key()) + encode(*entry);
            return all;
        }
        if (value.typeId() == QMetaType::UInt) {
            const quint32 number = value.toUInt();
            return control(6, 4) + char(number >> 24) + char(number >> 16) + char(number >> 8) + char(number);
        }
        const QByteArray text = value.toString().toUtf8();
        return control(2, text.size()) + text;
    }

    QString m_type;
    int m_ipVersion;
    std::vector<std::array<Record, 2>> m_nodes;
    QByteArray m_data;
};

inline QVariantMap countryRecord(const QString &code, const QVariantMap &names)
{
    return {{QStringLiteral("country"),
             QVariantMap{{QStringLiteral("iso_code"), code}, {QStringLiteral("names"), names}}}};
}

inline QVariantMap networkRecord(quint32 number, const QString &name)
{
    return {{QStringLiteral("autonomous_system_number"), number},
            {QStringLiteral("autonomous_system_organization"), name}};
}

} // namespace Nettally::Test
