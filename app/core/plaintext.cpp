// SPDX-License-Identifier: MIT
#include "plaintext.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QJsonValue>

#include <algorithm>
#include <limits>

namespace Nettally {

namespace {

bool isUnsafe(char32_t character)
{
    switch (QChar::category(character)) {
    case QChar::Other_Control:
    case QChar::Other_Format:
    case QChar::Other_Surrogate:
    case QChar::Separator_Line:
    case QChar::Separator_Paragraph:
        return true;
    default:
        return false;
    }
}

QString fromUcs4(char32_t character)
{
    return QString::fromUcs4(&character, 1);
}

} // namespace

QString printable(const QString &text)
{
    QString result;
    result.reserve(text.size());
    const QList<uint> characters = text.toUcs4();
    for (const uint character : characters) {
        if (!isUnsafe(character)) {
            result += fromUcs4(character);
        }
    }
    return result;
}

QString kindName(ProgramKind kind)
{
    switch (kind) {
    case ProgramKind::Program:
        return QStringLiteral("program");
    case ProgramKind::KernelThread:
        return QStringLiteral("kernelThread");
    case ProgramKind::Others:
        return QStringLiteral("others");
    case ProgramKind::Overflow:
        return QStringLiteral("overflow");
    case ProgramKind::Kernel:
        return QStringLiteral("kernel");
    }
    return QStringLiteral("unknown");
}

QJsonValue toJsonValue(quint64 count)
{
    return QJsonValue(qint64(std::min(count, quint64(std::numeric_limits<qint64>::max()))));
}

QByteArray toJson(const QJsonObject &object)
{
    // Qt escapes what lies below the space; the rest of what is unsafe can only stand inside of strings.
    const QString plain = QString::fromUtf8(QJsonDocument(object).toJson());
    QString result;
    result.reserve(plain.size());
    const QList<uint> characters = plain.toUcs4();
    for (const uint character : characters) {
        if (character == '\n' || !isUnsafe(character)) {
            result += fromUcs4(character);
            continue;
        }
        const QString units = fromUcs4(character);
        for (const QChar unit : units) {
            result += QStringLiteral("\\u%1").arg(uint(unit.unicode()), 4, 16, QLatin1Char('0'));
        }
    }
    return result.toUtf8();
}

} // namespace Nettally
