// SPDX-License-Identifier: MIT
#include "figureexplainer.h"

#include "connectionsmodel.h"
#include "figure.h"
#include "historymodel.h"
#include "interfacemodel.h"
#include "livemodel.h"
#include "usagetree.h"

#include <QAbstractProxyModel>
#include <QCoreApplication>
#include <QLocale>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

QString translated(const char *text)
{
    return QCoreApplication::translate("FigureExplainer", text);
}

struct Subject {
    Figure figure = Figure::None;
    bool isOfConnection = false;
    bool isOfHistory = false;
    bool isOfInterface = false;
    bool isRoundTrip = false;
    bool isRetransmits = false;
    bool isAge = false;
};

Subject subjectOf(const QModelIndex &index)
{
    Subject subject;
    const auto *proxy = qobject_cast<const QAbstractProxyModel *>(index.model());
    const QAbstractItemModel *model = proxy ? proxy->sourceModel() : index.model();
    const int column = index.column();
    if (qobject_cast<const UsageTree *>(model)) {
        subject.figure = Figure(index.data(figureRole).toInt());
    } else if (qobject_cast<const LiveModel *>(model)) {
        subject.figure = column == LiveModel::ReceiveRate ? Figure::ReceiveRate
            : column == LiveModel::SendRate               ? Figure::SendRate
            : column == LiveModel::Received               ? Figure::Received
            : column == LiveModel::Sent                   ? Figure::Sent
            : column == LiveModel::Connections            ? Figure::Connections
                                                          : Figure::None;
    } else if (qobject_cast<const ConnectionsModel *>(model)) {
        subject.isOfConnection = true;
        subject.figure = column == ConnectionsModel::Received ? Figure::Received
            : column == ConnectionsModel::Sent                ? Figure::Sent
                                                              : Figure::None;
        subject.isRoundTrip = column == ConnectionsModel::RoundTrip;
        subject.isRetransmits = column == ConnectionsModel::Retransmits;
        subject.isAge = column == ConnectionsModel::Age;
    } else if (qobject_cast<const HistoryModel *>(model)) {
        subject.isOfHistory = true;
        subject.figure = column == HistoryModel::Received ? Figure::Received
            : column == HistoryModel::Sent                ? Figure::Sent
            : column == HistoryModel::Share               ? Figure::Share
                                                          : Figure::None;
    } else if (qobject_cast<const InterfaceModel *>(model)) {
        subject.isOfInterface = column > 0;
    }
    return subject;
}

/// The hooks of these purposes, and what is lost where one is missing.
QString probesText(const HelperStatus &status, const QStringList &purposes)
{
    QStringList lines;
    for (const ProbeInfo &probe : status.probes) {
        if (!purposes.contains(probe.purpose))
            continue;
        lines.append(u"%1: %2"_s.arg(
            probe.purpose, probe.active ? probe.mechanism : translated("not available on this kernel")));
        if (!probe.note.isEmpty())
            lines.append(probe.note);
    }
    return lines.isEmpty() ? translated("Which hook it is from the helper has not told yet.")
                           : lines.join(u'\n');
}

QString sinceText(const HelperStatus &status)
{
    const auto uptime = status.usage.constFind(u"uptimeMs"_s);
    if (uptime == status.usage.constEnd())
        return translated("Counted since the helper started.");
    const QDateTime since = QDateTime::currentDateTime().addMSecs(-qint64(*uptime));
    return translated("Counted since the helper started on %1.")
        .arg(QLocale().toString(since, QLocale::ShortFormat));
}

} // namespace

QString figureExplanation(const QModelIndex &index, Measure measure, const HelperStatus &status)
{
    const Subject subject = subjectOf(index);
    const bool isReceived = subject.figure == Figure::Received || subject.figure == Figure::ReceiveRate;
    const bool isRate = subject.figure == Figure::ReceiveRate || subject.figure == Figure::SendRate;
    const bool isNetwork = measure == Measure::Network;
    QStringList lines;
    const auto addMeasure = [&] {
        if (isNetwork) {
            lines.append(translated("Network bytes: IP packets as they cross the network, with their headers "
                                    "and what was sent again."));
        } else {
            lines.append(translated("Payload: what the programs’ own calls sent and received, to the byte."));
        }
    };
    const auto addMissing = [&] {
        lines.append(isNetwork
                         ? translated("Not in it: headers of the link such as Ethernet’s, ARP, and what the "
                                      "kernel answers by itself; the page Interfaces has these.")
                         : translated("Not in it: headers, what was sent again, and bytes that were only "
                                      "looked at (MSG_PEEK)."));
    };
    const auto addProbes = [&] {
        const QString way = isReceived ? u"receive"_s : u"send"_s;
        const QString packets = isReceived ? u"packets-received"_s : u"packets-sent"_s;
        QStringList purposes = {isNetwork ? packets : u"payload-"_s + way};
        if (subject.figure == Figure::Share) {
            purposes = isNetwork ? QStringList{u"packets-received"_s, u"packets-sent"_s}
                                 : QStringList{u"payload-receive"_s, u"payload-send"_s};
        }
        lines.append(probesText(status, purposes));
    };

    if (subject.isRoundTrip) {
        lines = {
            translated("Round trip time: how long the other side’s answer takes, as the kernel smooths it "
                       "for this connection."),
            translated("Read from the kernel’s connection each second; nothing is sent to measure it.")};
    } else if (subject.isRetransmits) {
        lines = {translated("Segments that had to be sent again over this connection’s whole life."),
                 translated("Read from the kernel’s connection each second.")};
    } else if (subject.isAge) {
        lines = {translated("How long ago the connection was opened; a dash where that was before the helper "
                            "looked.")};
    } else if (subject.isOfConnection && subject.figure != Figure::None) {
        lines = {
            translated("Payload over the connection’s whole life, also before the helper started, as the "
                       "kernel keeps it for each connection."),
            translated("Not in it: headers, and what was sent again, which is counted apart.")};
    } else if (subject.isOfInterface) {
        lines = {
            translated("The interface’s own counter, and what it is made of; the lines under an interface "
                       "add up to it, to the byte."),
            translated("Counted since the helper started, or the interface came."),
            probesText(status, {u"packets-received"_s, u"packets-sent"_s})};
    } else if (subject.isOfHistory && subject.figure != Figure::None) {
        addMeasure();
        lines.append(
            translated("Added up from the minutes that were recorded in the time that is shown, each "
                       "of which is stored once. What was not measured is not in it."));
        addMissing();
    } else if (isRate) {
        addMeasure();
        lines.append(translated("An average over the last three seconds or so of true time, exactly 0 after "
                                "twelve seconds of silence."));
        addProbes();
        addMissing();
    } else if (subject.figure == Figure::Received || subject.figure == Figure::Sent
               || subject.figure == Figure::Share) {
        if (subject.figure == Figure::Share)
            lines.append(translated("Received and sent, of all that is listed on this page."));
        addMeasure();
        lines.append(sinceText(status));
        addProbes();
        addMissing();
    } else if (subject.figure == Figure::Connections) {
        lines = {translated("Sockets that are open now, connected or not, TCP or any other protocol."),
                 translated("Counted where sockets are opened and closed, so it may be off for a moment; the "
                            "page Connections lists those of TCP one by one.")};
    } else if (subject.figure == Figure::FirstSeen || subject.figure == Figure::LastSeen) {
        lines = {
            translated("When bytes were seen while this window was open; a dash where that was before.")};
    } else {
        lines = {translated("This is no figure: choose a cell with a number.")};
    }
    QString text;
    for (const QString &line : std::as_const(lines))
        text += u"<p>%1</p>"_s.arg(line.toHtmlEscaped().replace(u'\n', u"<br>"_s));
    return text;
}

} // namespace Nettally
