// SPDX-License-Identifier: MIT
#include "units.h"

#include <QCoreApplication>
#include <QHash>
#include <QLocale>
#include <QMutex>

#include <array>
#include <cmath>
#include <netinet/in.h>
#include <pwd.h>
#include <vector>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr std::array iecPrefixes = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
constexpr std::array siPrefixes = {"", "k", "M", "G", "T", "P", "E"};

QString scaled(double value, UnitBase base, QLatin1StringView unit)
{
    const double step = base == UnitBase::Iec ? 1024 : 1000;
    size_t prefix = 0;
    // 999.5 would be rounded to a fourth digit, so it already goes to the next unit.
    while (value >= 999.5 && prefix + 1 < iecPrefixes.size()) {
        value /= step;
        ++prefix;
    }
    // The limits are where the rounded figure gains a digit; whole bytes have no decimals.
    const int decimals = prefix == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    QLocale locale;
    locale.setNumberOptions(QLocale::OmitGroupSeparator);
    const char *prefixText = base == UnitBase::Iec ? iecPrefixes[prefix] : siPrefixes[prefix];
    // A no-break space: the unit never wraps away from its figure.
    return locale.toString(value, 'f', decimals) + QChar::Nbsp + QLatin1StringView(prefixText) + unit;
}

QString lookUpUser(quint32 uid)
{
    std::vector<char> buffer(4096);
    for (;;) {
        passwd entry{};
        passwd *found = nullptr;
        const int error = getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
        if (error == ERANGE && buffer.size() < (1U << 20)) {
            buffer.resize(buffer.size() * 2);
            continue;
        }
        return found ? QString::fromLocal8Bit(found->pw_name) : QString::number(uid);
    }
}

} // namespace

QString unknownText()
{
    return u"–"_s;
}

QString formatBytes(quint64 bytes, UnitBase base)
{
    return scaled(static_cast<double>(bytes), base, "B"_L1);
}

QString formatRate(std::optional<double> bytesPerSecond, UnitStyle style)
{
    if (!bytesPerSecond || !std::isfinite(*bytesPerSecond) || *bytesPerSecond < 0)
        return unknownText();
    return style.rateUnit == RateUnit::Bits ? scaled(*bytesPerSecond * 8, style.base, "bit/s"_L1)
                                            : scaled(*bytesPerSecond, style.base, "B/s"_L1);
}

QString formatDuration(qint64 milliseconds)
{
    if (milliseconds < 0)
        return unknownText();
    if (milliseconds < 1000)
        return QCoreApplication::translate("Units", "%1 ms").arg(milliseconds);
    const auto two = [](qint64 number) { return QString::number(number).rightJustified(2, u'0'); };
    const qint64 seconds = milliseconds / 1000;
    if (seconds < 60)
        return QCoreApplication::translate("Units", "%1 s").arg(seconds);
    const qint64 minutes = seconds / 60;
    if (minutes < 60)
        return QCoreApplication::translate("Units", "%1 min %2 s").arg(minutes).arg(two(seconds % 60));
    const qint64 hours = minutes / 60;
    if (hours < 24)
        return QCoreApplication::translate("Units", "%1 h %2 min").arg(hours).arg(two(minutes % 60));
    return QCoreApplication::translate("Units", "%1 d %2 h").arg(hours / 24).arg(two(hours % 24));
}

QString protocolName(quint8 protocol)
{
    switch (protocol) {
    case 0:
        return unknownText();
    case IPPROTO_ICMP:
        return u"ICMP"_s;
    case IPPROTO_TCP:
        return u"TCP"_s;
    case IPPROTO_UDP:
        return u"UDP"_s;
    case IPPROTO_ICMPV6:
        return u"ICMPv6"_s;
    case IPPROTO_SCTP:
        return u"SCTP"_s;
    case IPPROTO_UDPLITE:
        return u"UDP-Lite"_s;
    }
    return QCoreApplication::translate("Units", "protocol %1").arg(protocol);
}

QString userName(quint32 uid)
{
    static QMutex mutex;
    static QHash<quint32, QString> names;
    const QMutexLocker lock(&mutex);
    auto known = names.constFind(uid);
    if (known == names.constEnd())
        known = names.insert(uid, lookUpUser(uid));
    return *known;
}

} // namespace Nettally
