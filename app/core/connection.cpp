// SPDX-License-Identifier: MIT
#include "connection.h"

#include <QCoreApplication>
#include <QLocale>

#include <array>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

struct StateNames {
    const char *name;
    const char *text;
};

constexpr std::array<StateNames, 12> stateNames{{
    {"unknown", QT_TRANSLATE_NOOP("TcpState", "Unknown")},
    {"established", QT_TRANSLATE_NOOP("TcpState", "Established")},
    {"syn-sent", QT_TRANSLATE_NOOP("TcpState", "Connecting")},
    {"syn-received", QT_TRANSLATE_NOOP("TcpState", "Being accepted")},
    {"fin-wait-1", QT_TRANSLATE_NOOP("TcpState", "FIN wait 1")},
    {"fin-wait-2", QT_TRANSLATE_NOOP("TcpState", "FIN wait 2")},
    {"time-wait", QT_TRANSLATE_NOOP("TcpState", "Time wait")},
    {"closed", QT_TRANSLATE_NOOP("TcpState", "Closed")},
    {"close-wait", QT_TRANSLATE_NOOP("TcpState", "Closed by peer")},
    {"last-ack", QT_TRANSLATE_NOOP("TcpState", "Last ACK")},
    {"listening", QT_TRANSLATE_NOOP("TcpState", "Listening")},
    {"closing", QT_TRANSLATE_NOOP("TcpState", "Closing")},
}};

const StateNames &namesOf(TcpState state)
{
    const auto number = static_cast<size_t>(state);
    return stateNames[number < stateNames.size() ? number : 0];
}

} // namespace

QString tcpStateText(TcpState state)
{
    return QCoreApplication::translate("TcpState", namesOf(state).text);
}

QString tcpStateName(TcpState state)
{
    return QLatin1String(namesOf(state).name);
}

QString endpointText(const Address &address, quint16 port)
{
    if (!address.isKnown())
        return u"*:%1"_s.arg(port);
    return (address.isV4() ? u"%1:%2"_s : u"[%1]:%2"_s).arg(address.toString()).arg(port);
}

QString roundTripText(quint32 microseconds)
{
    // Three digits, as of bytes.
    const auto scaled = [](double value, const QString &unit) {
        const int decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
        return QLocale().toString(value, 'f', decimals) + QChar(QChar::Nbsp) + unit;
    };
    if (microseconds < 1000)
        return QString::number(microseconds) + QChar(QChar::Nbsp) + u"µs"_s;
    if (microseconds < 999'500)
        return scaled(microseconds / 1e3, u"ms"_s);
    return scaled(microseconds / 1e6, u"s"_s);
}

} // namespace Nettally
