// SPDX-License-Identifier: MIT
#include "application.h"

#include "plaintext.h"

namespace Nettally {

QString applicationKindName(ApplicationKind kind)
{
    switch (kind) {
    case ApplicationKind::Program:
        break;
    case ApplicationKind::Desktop:
        return QStringLiteral("desktop");
    case ApplicationKind::Flatpak:
        return QStringLiteral("flatpak");
    case ApplicationKind::Snap:
        return QStringLiteral("snap");
    case ApplicationKind::UserUnit:
        return QStringLiteral("userUnit");
    case ApplicationKind::SystemUnit:
        return QStringLiteral("systemUnit");
    case ApplicationKind::Container:
        return QStringLiteral("container");
    case ApplicationKind::Script:
        return QStringLiteral("script");
    case ApplicationKind::Kernel:
        return QStringLiteral("kernel");
    }
    return QStringLiteral("program");
}

Application plainApplication(const Program &program)
{
    Application application;
    application.name = oneLine(program.name);
    switch (program.kind) {
    case ProgramKind::Program:
        if (application.name.isEmpty())
            application.name = oneLine(program.executable.section(u'/', -1));
        // One executable may be many programs, each with a name of its own (busybox, interpreters).
        application.key = QStringLiteral("program:%1:%2:%3")
                              .arg(QString::number(program.uid), application.name, program.executable);
        // Of what is not known at all each stands alone.
        if (application.name.isEmpty())
            application.key += QStringLiteral(":%1:%2").arg(program.pid).arg(program.startNs);
        return application;
    case ProgramKind::KernelThread:
        application.key = QStringLiteral("kernel:") + application.name;
        break;
    case ProgramKind::Others:
    case ProgramKind::Overflow:
    case ProgramKind::Kernel:
        application.key = QStringLiteral("folded:") + kindName(program.kind);
        break;
    }
    if (program.kind == ProgramKind::Kernel || program.kind == ProgramKind::KernelThread)
        application.kind = ApplicationKind::Kernel;
    return application;
}

QString oneLine(const QString &text, int maxLength)
{
    // Cut before as well: what is read may be long.
    QString line = printable(text.left(8 * maxLength)).simplified();
    if (line.size() > maxLength) {
        line.truncate(line.at(maxLength - 2).isHighSurrogate() ? maxLength - 2 : maxLength - 1);
        line += QChar(0x2026);
    }
    return line;
}

} // namespace Nettally
