// SPDX-License-Identifier: MIT
#include "historystore.h"
#include "palette.h"
#include "pipeline.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QDir>
#include <QFileInfo>
#include <QSocketNotifier>

#include <array>
#include <csignal>
#include <cstdio>
#include <sys/socket.h>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace {

std::array<int, 2> signalSockets = {-1, -1};

/// Async-signal-safe: it only wakes the event loop.
void onSignal(int)
{
    const char byte = 0;
    [[maybe_unused]] const ssize_t written = write(signalSockets[0], &byte, 1);
}

/// Ends the event loop at SIGINT and SIGTERM, so that what was measured is written.
void quitOnSignals(QApplication &application)
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, signalSockets.data()) != 0)
        return;
    auto *notifier = new QSocketNotifier(signalSockets[1], QSocketNotifier::Read, &application);
    QObject::connect(notifier, &QSocketNotifier::activated, &application, [] { QCoreApplication::exit(); });
    struct sigaction action { };
    action.sa_handler = onSignal;
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

/// Qt aborts without a display; a person deserves a sentence.
bool hasDisplay(int argc, char *argv[])
{
    for (const char *variable : {"WAYLAND_DISPLAY", "DISPLAY", "QT_QPA_PLATFORM"}) {
        if (qEnvironmentVariableIsSet(variable) && !qEnvironmentVariableIsEmpty(variable))
            return true;
    }
    for (int i = 1; i < argc; ++i) {
        const QByteArrayView argument(argv[i]);
        if (argument == "-platform" || argument == "--platform" || argument == "-display"
            || argument == "--display")
            return true;
    }
    return false;
}

int fail(const QString &sentence)
{
    std::fprintf(stderr, "nettally: %s\n", qPrintable(sentence));
    return 1;
}

struct Options {
    Nettally::MainWindow::Page page = Nettally::MainWindow::Page::Overview;
    QString databasePath = Nettally::HistoryStore::defaultPath();
    quint32 intervalMs = 1000;
    bool isHidden = false;
    QString error; ///< what is wrong with the command line; empty when nothing is
};

/// Prints and ends the process for --help and --version.
Options parse(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        QCoreApplication::translate("main", "Shows which program moves how many bytes over the network."));
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption page(u"page"_s,
                                  QCoreApplication::translate("main", "Page to open: %1.")
                                      .arg(Nettally::MainWindow::pageNames().join(u", "_s)),
                                  QCoreApplication::translate("main", "page"), u"overview"_s);
    const QCommandLineOption database(u"database"_s,
                                      QCoreApplication::translate("main", "File of the history."),
                                      QCoreApplication::translate("main", "path"));
    const QCommandLineOption interval(
        u"interval"_s, QCoreApplication::translate("main", "Milliseconds between updates, 100 to 60000."),
        QCoreApplication::translate("main", "ms"), u"1000"_s);
    const QCommandLineOption tray(
        u"tray"_s, QCoreApplication::translate("main", "Start in the tray, without the window."));
    parser.addOptions({page, database, interval, tray});
    parser.process(arguments);

    Options options;
    const QStringList pageNames = Nettally::MainWindow::pageNames();
    const qsizetype pageIndex = pageNames.indexOf(parser.value(page));
    if (pageIndex >= 0)
        options.page = Nettally::MainWindow::Page(pageIndex);
    else
        options.error = QCoreApplication::translate("main", "there is no page “%1”; use one of %2.")
                            .arg(parser.value(page), pageNames.join(u", "_s));
    if (parser.isSet(database))
        options.databasePath = Nettally::HistoryStore::isUrl(parser.value(database))
            ? parser.value(database)
            : QFileInfo(parser.value(database)).absoluteFilePath();
    options.isHidden = parser.isSet(tray);
    bool isNumber = false;
    options.intervalMs = parser.value(interval).toUInt(&isNumber);
    if (!isNumber || options.intervalMs < 100 || options.intervalMs > 60000)
        options.error =
            QCoreApplication::translate("main", "the interval must be 100 to 60000 milliseconds.");
    if (!parser.positionalArguments().isEmpty()) {
        options.error = QCoreApplication::translate("main", "“%1” is not understood; see nettally --help.")
                            .arg(parser.positionalArguments().constFirst());
    }
    return options;
}

} // namespace

int main(int argc, char *argv[])
{
    QCoreApplication::setApplicationName(u"nettally"_s);
    QCoreApplication::setOrganizationName(u"nettally"_s);
    QCoreApplication::setApplicationVersion(QLatin1StringView(NETTALLY_VERSION));
    if (!hasDisplay(argc, argv)) {
        // Help and version need no display, nor does the word that an option is wrong.
        const QCoreApplication application(argc, argv);
        const Options options = parse(QCoreApplication::arguments());
        return fail(!options.error.isEmpty()
                        ? options.error
                        : QCoreApplication::translate(
                            "main", "there is no display; use “nettallyctl live” in a terminal."));
    }

    QApplication application(argc, argv);
    QGuiApplication::setApplicationDisplayName(QCoreApplication::translate("main", "Nettally"));
    QGuiApplication::setDesktopFileName(u"org.nettally.Nettally"_s);
    const Options options = parse(QCoreApplication::arguments());
    if (!options.error.isEmpty())
        return fail(options.error);
    Nettally::applyTheme();
    quitOnSignals(application);

    // Destroyed before the application object; the history writes what is still in memory on its way out.
    Nettally::Pipeline pipeline(options.databasePath, options.intervalMs);
    pipeline.window().setPage(options.page);
    pipeline.start(options.isHidden);
    return QApplication::exec();
}
