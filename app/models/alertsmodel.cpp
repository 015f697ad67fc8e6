// SPDX-License-Identifier: MIT
#include "alertsmodel.h"

#include "plaintext.h"
#include "tone.h"

#include <QDateTime>
#include <QHash>
#include <QLocale>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Nettally {

void AlertsModel::setEvents(const QList<AlertEvent> &events)
{
    QHash<quint64, qsizetype> places;
    for (qsizetype i = 0; i < events.size(); ++i)
        places.insert(events.at(i).number, i);
    for (int row = rowCount() - 1; row >= 0; --row) {
        if (places.contains(m_rows.at(row).number))
            continue;
        int first = row;
        while (first > 0 && !places.contains(m_rows.at(first - 1).number))
            --first;
        beginRemoveRows({}, first, row);
        m_rows.remove(first, row - first + 1);
        endRemoveRows();
        row = first;
    }
    for (int row = 0; row < rowCount(); ++row) {
        const AlertEvent &now = events.at(places.take(m_rows.at(row).number));
        if (now == m_rows.at(row))
            continue;
        m_rows[row] = now;
        Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1));
    }
    if (!places.isEmpty()) {
        beginInsertRows({}, rowCount(), rowCount() + int(places.size()) - 1);
        for (const AlertEvent &event : events) {
            if (places.contains(event.number))
                m_rows.append(event);
        }
        endInsertRows();
    }
    sortRows();
}

void AlertsModel::setUnitBase(UnitBase base)
{
    m_base = base;
    if (!m_rows.isEmpty())
        Q_EMIT dataChanged(index(0, Amount), index(rowCount() - 1, Amount));
}

const AlertEvent &AlertsModel::event(const QModelIndex &index) const
{
    return m_rows.at(index.row());
}

QModelIndex AlertsModel::indexOf(quint64 number) const
{
    for (int row = 0; row < rowCount(); ++row) {
        if (m_rows.at(row).number == number)
            return index(row, 0);
    }
    return {};
}

bool AlertsModel::matches(const QModelIndex &index, const QString &text) const
{
    const AlertEvent &of = m_rows.at(index.row());
    for (const QString *value : {&of.text, &of.title, &of.program, &of.executable, &of.network}) {
        if (value->contains(text, Qt::CaseInsensitive))
            return true;
    }
    return false;
}

int AlertsModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_rows.size());
}

int AlertsModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant AlertsModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const AlertEvent &event = m_rows.at(index.row());
    switch (role) {
    case Qt::DisplayRole:
        return display(event, index.column());
    case Qt::ToolTipRole: {
        QStringList lines = {printable(event.text)};
        if (!event.executable.isEmpty())
            lines.append(printable(event.executable));
        if (!event.outcome.isEmpty())
            lines.append(event.outcome);
        return lines.join(u'\n').toHtmlEscaped();
    }
    case Qt::TextAlignmentRole:
        return headerData(index.column(), Qt::Horizontal, role);
    case toneRole:
        if (index.column() == State)
            return int(event.delivery == AlertDelivery::NoService ? Tone::Warning : Tone::Muted);
        return int(index.column() == Time ? Tone::Muted : Tone::Plain);
    default:
        return {};
    }
}

QVariant AlertsModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(Qt::Alignment(section == Amount ? Qt::AlignRight | Qt::AlignVCenter
                                                                   : Qt::AlignLeft | Qt::AlignVCenter));
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Time:
        return tr("Time");
    case What:
        return tr("What happened");
    case Subject:
        return tr("About");
    case Amount:
        return tr("Amount");
    default:
        return tr("State");
    }
}

void AlertsModel::sort(int column, Qt::SortOrder order)
{
    if (column < 0 || column >= ColumnCount)
        return;
    m_sortColumn = column;
    m_sortOrder = order;
    sortRows();
}

void AlertsModel::sortRows()
{
    const auto before = [this](const AlertEvent &a, const AlertEvent &b) { return precedes(a, b); };
    if (std::is_sorted(m_rows.cbegin(), m_rows.cend(), before))
        return;
    Q_EMIT layoutAboutToBeChanged({}, VerticalSortHint);
    const QModelIndexList from = persistentIndexList();
    QList<quint64> numbers;
    for (const QModelIndex &index : from)
        numbers.append(m_rows.at(index.row()).number);
    std::sort(m_rows.begin(), m_rows.end(), before);
    QHash<quint64, int> places;
    for (int row = 0; row < rowCount(); ++row)
        places.insert(m_rows.at(row).number, row);
    QModelIndexList to;
    for (qsizetype i = 0; i < from.size(); ++i)
        to.append(index(places.value(numbers.at(i)), from.at(i).column()));
    changePersistentIndexList(from, to);
    Q_EMIT layoutChanged({}, VerticalSortHint);
}

/// By number where the column is the same: equal rows stand still.
bool AlertsModel::precedes(const AlertEvent &a, const AlertEvent &b) const
{
    const auto compare = [this](const auto &x, const auto &y) {
        return m_sortOrder == Qt::AscendingOrder ? x < y : y < x;
    };
    if (m_sortColumn == Amount) {
        if (a.bytes != b.bytes)
            return compare(a.bytes, b.bytes);
    } else if (m_sortColumn != Time) {
        const int order = display(a, m_sortColumn).localeAwareCompare(display(b, m_sortColumn));
        if (order != 0)
            return compare(order, 0);
    } else if (a.utcS != b.utcS) {
        return compare(a.utcS, b.utcS);
    }
    return compare(a.number, b.number);
}

QString AlertsModel::display(const AlertEvent &event, int column) const
{
    switch (column) {
    case Time:
        return QLocale().toString(QDateTime::fromSecsSinceEpoch(event.utcS), QLocale::ShortFormat);
    case What:
        return printable(event.text);
    case Subject:
        return event.program.isEmpty() ? event.network.isEmpty() ? unknownText() : printable(event.network)
                                       : printable(event.program);
    case Amount:
        if (!event.bytes)
            return unknownText();
        return event.kind == AlertKind::Rate
            ? formatRate(static_cast<double>(*event.bytes), {m_base, RateUnit::Bytes})
            : formatBytes(*event.bytes, m_base);
    default:
        return alertDeliveryText(event.delivery);
    }
}

} // namespace Nettally
