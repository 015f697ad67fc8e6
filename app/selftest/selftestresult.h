// SPDX-License-Identifier: MIT
#pragma once

#include <QList>
#include <QMetaType>
#include <QString>
#include <QStringList>

namespace Nettally {

enum class IpFamily { V4, V6 };

/// In rising order of how bad it is.
enum class TestVerdict {
    Exact,
    Unowned, ///< what is missing passed the interface but no socket: the audit names it
    NotSupported, ///< by this kernel: nothing was moved
    NotSeen, ///< all bytes that are missing went a way that passes none of the helper's hooks
    Off,
    Failed, ///< the scenario or the helper broke down: nothing can be said
};

/// One direction of all programs of a scenario.
struct Figure {
    quint64 expectedBytes = 0;
    quint64 countedBytes = 0;
    quint64 offBytes = 0; ///< summed over the programs, each by how much it is off in either way
    TestVerdict verdict = TestVerdict::Exact;
};

struct PlaneResult {
    QString plane;
    Figure sent;
    Figure received;
    QString reason; ///< of a verdict that is NotSeen
};

struct CaseResult {
    QString scenario;
    IpFamily family = IpFamily::V4;
    int programs = 0;
    qint64 tookMs = 0;
    /// The worst of the planes', Unowned being no fault, or NotSupported or Failed, and then there are no
    /// planes.
    TestVerdict verdict = TestVerdict::Exact;
    QString reason; ///< of any verdict but Exact and Off
    QList<PlaneResult> planes;
};

/// What an audit of the cable found while traffic of many kinds crossed it.
struct CableAudit {
    quint64 sentBytes = 0; ///< as the interfaces of the client's namespace counted
    quint64 receivedBytes = 0;
    quint64 unnamedBytes = 0; ///< of both directions, those without a name
    quint64 namedUnseenBytes = 0; ///< those of no socket, that the audit has a name for
    QString problem; ///< in a sentence why there was none; empty: there was

    bool isClean() const { return problem.isEmpty() && unnamedBytes == 0; }
};

/// "IPv4" or "IPv6".
QString familyName(IpFamily family);

/// For a terminal: the titles, and a result's lines below them, one for each direction of each plane.
QString resultTitles();
QStringList resultLines(const CaseResult &result);

} // namespace Nettally

Q_DECLARE_METATYPE(Nettally::CaseResult)
