// SPDX-License-Identifier: MIT
#include "historymodel.h"

#include "historytext.h"
#include "plaintext.h"
#include "tone.h"

#include <QFileInfo>
#include <QHash>
#include <QLocale>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

using By = HistoryQuery::By;

constexpr qsizetype mostCoursePoints = 48;
constexpr double mostPercent = 999;

TrafficCounts countsOf(const TrafficSums &sums)
{
    TrafficCounts counts;
    counts.rxPayloadBytes = sums.rxPayloadBytes;
    counts.txPayloadBytes = sums.txPayloadBytes;
    if (sums.network) {
        counts.rxNetworkBytes = sums.network->rxBytes;
        counts.txNetworkBytes = sums.network->txBytes;
        counts.rxPackets = sums.network->rxPackets;
        counts.txPackets = sums.network->txPackets;
        counts.retransmits = sums.network->retransmittedSegments;
    }
    return counts;
}

} // namespace

QString HistoryModel::nameOf(By by, const HistoryRow &row)
{
    switch (by) {
    case By::Program:
        switch (row.program.kind) {
        case ProgramKind::Others:
            return tr("Other users’ programs");
        case ProgramKind::Overflow:
            return tr("Programs beyond the table’s capacity");
        case ProgramKind::Kernel:
            return row.program.name.isEmpty() ? tr("The kernel itself") : printable(row.program.name);
        case ProgramKind::KernelThread:
            return row.program.name.isEmpty() ? tr("Kernel")
                                              : tr("%1 (kernel)").arg(printable(row.program.name));
        case ProgramKind::Program:
            break;
        }
        if (!row.program.name.isEmpty())
            return printable(row.program.name);
        return row.program.executable.isEmpty() ? tr("Unknown program")
                                                : printable(QFileInfo(row.program.executable).fileName());
    case By::Remote:
        if (row.isManyRemotes)
            return tr("Many small ones");
        return row.remote.isKnown() ? row.remote.toString() : tr("Address not known");
    case By::Protocol:
        return row.protocol == 0 ? tr("Protocol not known") : protocolName(row.protocol);
    case By::Interface:
    case By::Host:
        return row.name.isEmpty() ? tr("Network not known") : printable(row.name);
    case By::Time:
        break;
    }
    return {};
}

QString HistoryModel::keyOf(By by, const HistoryRow &row)
{
    switch (by) {
    case By::Program:
        return u"%1\n%2\n%3\n%4"_s.arg(int(row.program.kind))
            .arg(row.program.uid)
            .arg(row.program.executable, row.program.name);
    case By::Remote:
        return row.isManyRemotes ? u"many"_s : u"remote "_s + row.remote.toString();
    case By::Protocol:
        return QString::number(row.protocol);
    case By::Interface:
    case By::Host:
        return u"name "_s + row.name;
    case By::Time:
        break;
    }
    return QString::number(row.firstUtcS);
}

void HistoryModel::setRows(const HistoryQuery &query, const HistoryAnswer &answer, const HistoryRange &range,
                           bool isCompared)
{
    const bool isOther = query.by != m_by;
    m_range = range;
    m_total = answer.total;
    m_isCompared = isCompared && query.by != By::Time;
    QList<Row> rows;
    for (const HistoryRow &row : historyRows(query, answer)) {
        // What moved in the period before alone.
        if (query.by != By::Time && row.firstUtcS == 0 && row.lastUtcS == 0)
            continue;
        Row added{keyOf(query.by, row), nameOf(query.by, row), row};
        if (query.by == By::Time)
            added.name = range.timeText(row.firstUtcS, row.lastUtcS - row.firstUtcS);
        rows.append(added);
    }
    if (answer.rest)
        rows.append({{}, tr("All others"), *answer.rest, true});
    if (isOther) {
        beginResetModel();
        m_by = query.by;
        m_rows = rows;
        endResetModel();
        return;
    }
    QHash<QString, qsizetype> found;
    for (qsizetype i = 0; i < rows.size(); ++i)
        found.insert(rows.at(i).key, i);
    QList<bool> isTaken(rows.size(), false);
    for (qsizetype i = m_rows.size() - 1; i >= 0; --i) {
        const auto same = found.constFind(m_rows.at(i).key);
        if (same == found.cend()) {
            beginRemoveRows({}, int(i), int(i));
            m_rows.removeAt(i);
            endRemoveRows();
        } else {
            m_rows[i] = rows.at(*same);
            isTaken[*same] = true;
        }
    }
    redraw();
    QList<Row> added;
    for (qsizetype i = 0; i < rows.size(); ++i) {
        if (!isTaken.at(i))
            added.append(rows.at(i));
    }
    if (added.isEmpty())
        return;
    beginInsertRows({}, int(m_rows.size()), int(m_rows.size() + added.size()) - 1);
    m_rows.append(added);
    endInsertRows();
}

void HistoryModel::redraw()
{
    if (!m_rows.isEmpty())
        Q_EMIT dataChanged(index(0, 0), index(int(m_rows.size()) - 1, ColumnCount - 1));
}

void HistoryModel::setMeasure(Measure measure)
{
    if (measure == m_measure)
        return;
    m_measure = measure;
    redraw();
}

void HistoryModel::setUnitStyle(UnitStyle style)
{
    m_style = style;
    redraw();
}

std::optional<HistoryStep> HistoryModel::stepOf(const QString &key) const
{
    const auto row =
        std::find_if(m_rows.cbegin(), m_rows.cend(), [&](const Row &each) { return each.key == key; });
    if (row == m_rows.cend() || row->isRest)
        return std::nullopt;
    HistoryStep step;
    step.by = m_by;
    step.name = row->name;
    const HistoryRow &figures = row->figures;
    switch (m_by) {
    case By::Program:
        step.program =
            figures.program.executable.isEmpty() ? figures.program.name : figures.program.executable;
        return step.program.isEmpty() ? std::nullopt : std::optional(step);
    case By::Remote:
        step.remote = figures.remote;
        return step.remote.isKnown() ? std::optional(step) : std::nullopt;
    case By::Protocol:
        step.protocol = figures.protocol;
        return step;
    case By::Interface:
        step.interfaceName = figures.name;
        return step;
    case By::Host:
    case By::Time:
        break;
    }
    return std::nullopt;
}

std::optional<double> HistoryModel::changeOf(const TrafficSums &now, const TrafficSums &before,
                                             Measure measure)
{
    const std::optional<MeasuredBytes> bytes = bytesOf(now, measure);
    const std::optional<MeasuredBytes> previous = bytesOf(before, measure);
    if (!bytes || !previous)
        return std::nullopt;
    const auto was = static_cast<double>(previous->rx + previous->tx);
    const auto is = static_cast<double>(bytes->rx + bytes->tx);
    if (was == 0)
        return is == 0 ? 0 : std::numeric_limits<double>::infinity();
    return is / was - 1;
}

QString HistoryModel::changeText(std::optional<double> change)
{
    if (!change)
        return unknownText();
    if (std::isinf(*change))
        return tr("new");
    const double percent = std::round(*change * 100);
    if (percent > mostPercent)
        return tr("> +%1 %").arg(QLocale().toString(mostPercent, 'f', 0));
    const QString sign = percent > 0 ? u"+"_s : percent < 0 ? u"−"_s : QString();
    return tr("%1%2 %", "sign, percentage").arg(sign, QLocale().toString(std::abs(percent), 'f', 0));
}

std::optional<double> HistoryModel::changeOf(const Row &row) const
{
    if (!m_isCompared)
        return std::nullopt;
    return changeOf(row.figures.sums, row.figures.previous, m_measure);
}

std::optional<double> HistoryModel::shareOf(const Row &row) const
{
    const auto whole = static_cast<double>(weightOf(m_total.sums, m_measure));
    if (whole == 0 || !bytesOf(row.figures.sums, m_measure))
        return std::nullopt;
    return static_cast<double>(weightOf(row.figures.sums, m_measure)) / whole;
}

QList<double> HistoryModel::courseOf(const Row &row) const
{
    const QList<TrafficSums> &points = row.figures.points;
    if (points.size() < 2)
        return {};
    const qsizetype each = (points.size() + mostCoursePoints - 1) / mostCoursePoints;
    QList<double> course((points.size() + each - 1) / each, 0);
    for (qsizetype i = 0; i < points.size(); ++i)
        course[i / each] += static_cast<double>(weightOf(points.at(i), m_measure));
    return course;
}

int HistoryModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_rows.size());
}

int HistoryModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant HistoryModel::data(const QModelIndex &index, int role) const
{
    if (!index.isValid() || index.row() >= m_rows.size())
        return {};
    const Row &row = m_rows.at(index.row());
    const int column = index.column();
    switch (role) {
    case Qt::DisplayRole:
        return text(row, column);
    case Qt::ToolTipRole:
        return toolTip(row);
    case Qt::TextAlignmentRole:
        return QVariant::fromValue(Qt::Alignment(
            (column == Name || column == First || column == Last ? Qt::AlignLeft : Qt::AlignRight)
            | Qt::AlignVCenter));
    case toneRole:
        if (column == Name)
            return int(row.isRest ? Tone::Muted : Tone::Plain);
        return int(column == Received    ? Tone::Receive
                       : column == Sent  ? Tone::Send
                       : column == Share ? Tone::Plain
                                         : Tone::Muted);
    case SortRole:
        return sortValue(row, column);
    case FilterRole:
        return u"%1\n%2"_s.arg(row.name, row.figures.program.executable);
    case KeyRole:
        return row.key;
    case CourseRole:
        return QVariant::fromValue(courseOf(row));
    default:
        return {};
    }
}

QString HistoryModel::text(const Row &row, int column) const
{
    const std::optional<MeasuredBytes> bytes = bytesOf(row.figures.sums, m_measure);
    switch (column) {
    case Name:
        return row.name;
    case Received:
        return bytes ? formatBytes(bytes->rx, m_style.base) : unknownText();
    case Sent:
        return bytes ? formatBytes(bytes->tx, m_style.base) : unknownText();
    case Share: {
        const std::optional<double> share = shareOf(row);
        return share ? tr("%1 %", "share").arg(QLocale().toString(*share * 100, 'f', 1)) : unknownText();
    }
    case Change:
        return changeText(changeOf(row));
    case First:
        return m_range.momentText(row.figures.firstUtcS);
    case Last:
        // The end of a bucket: of a day, that is midnight of the next.
        return m_range.momentText(row.figures.lastUtcS - 1);
    default:
        return {};
    }
}

QVariant HistoryModel::sortValue(const Row &row, int column) const
{
    const MeasuredBytes bytes = bytesOf(row.figures.sums, m_measure).value_or(MeasuredBytes());
    switch (column) {
    case Name:
        return m_by == By::Time ? QVariant(row.figures.firstUtcS) : QVariant(row.name.toCaseFolded());
    case Received:
        return bytes.rx;
    case Sent:
        return bytes.tx;
    case Change:
        return changeOf(row).value_or(-2);
    case First:
        return row.figures.firstUtcS;
    case Last:
        return row.figures.lastUtcS;
    default:
        return bytes.rx + bytes.tx;
    }
}

QString HistoryModel::toolTip(const Row &row) const
{
    // Names are untrusted: one on the first line could pass for rich text.
    QStringList lines = {headerData(Name, Qt::Horizontal, Qt::DisplayRole).toString(), row.name};
    const ProgramIdentity &program = row.figures.program;
    if (m_by == By::Program && !row.isRest
        && (program.kind == ProgramKind::Program || program.kind == ProgramKind::KernelThread)) {
        lines.append(tr("Executable: %1")
                         .arg(program.executable.isEmpty() ? unknownText() : printable(program.executable)));
        lines.append(tr("User: %1").arg(userName(program.uid)));
        if (!program.cgroupPath.isEmpty())
            lines.append(tr("Control group: %1").arg(printable(program.cgroupPath)));
    }
    if (row.isRest)
        lines.append(tr("What moved less than those that are listed; a filter or a shorter time tells them "
                        "apart."));
    const bool isKnown = row.figures.sums.network.has_value();
    lines.append(countsText(countsOf(row.figures.sums), {isKnown, isKnown}, m_style.base));
    return lines.join(u'\n');
}

QVariant HistoryModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole) {
        return QVariant::fromValue(Qt::Alignment(
            (section == Name || section == First || section == Last || section == Course ? Qt::AlignLeft
                                                                                         : Qt::AlignRight)
            | Qt::AlignVCenter));
    }
    if (role == Qt::ToolTipRole) {
        switch (section) {
        case Change:
            return tr("Against the period before");
        case First:
            return tr("When it first moved anything in this time");
        case Last:
            return tr("When it last moved anything in this time");
        default:
            return {};
        }
    }
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Name:
        switch (m_by) {
        case By::Program:
            return tr("Program");
        case By::Remote:
            return tr("Remote address");
        case By::Protocol:
            return tr("Protocol");
        case By::Interface:
            return tr("Network");
        case By::Host:
            return tr("Machine");
        case By::Time:
            return tr("Time");
        }
        return {};
    case Received:
        return tr("Received");
    case Sent:
        return tr("Sent");
    case Share:
        return tr("Share");
    case Change:
        return tr("Change");
    case First:
        return tr("First seen");
    case Last:
        return tr("Last seen");
    case Course:
        return tr("Course");
    default:
        return {};
    }
}

} // namespace Nettally
