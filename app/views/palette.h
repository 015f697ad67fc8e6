// SPDX-License-Identifier: MIT
#pragma once

#include <QColor>
#include <QFont>
#include <QIcon>
#include <QList>
#include <QPalette>

/// The colours, defined once. Receive and send have one hue each everywhere, blue and orange: told apart
/// with any colour vision, and by place and label as well.
namespace Nettally {

struct Hue {
    QColor line; ///< thin lines, bars
    QColor fill; ///< areas under a line, translucent
    QColor text; ///< letters: at least 4.5 : 1 against the base
};

struct Colours {
    Hue receive;
    Hue send;
    QColor muted; ///< less important text, idle figures
    QColor border; ///< hairlines around and between
    QColor card; ///< surfaces above the window
    QColor sidebar;
    QColor hover; ///< under the pointer
    QColor good; ///< letters too
    QColor warning; ///< letters too
    QColor warningFill;
};

/// Colours of a stack: shades of the hues of receive and send that can be told from their neighbours.
struct StackColours {
    QColor receive;
    QColor send;
};

bool isDark(const QPalette &palette);
Colours coloursFor(const QPalette &palette);
/// As many as can be told apart, and at last that of all others.
QList<StackColours> stackColoursFor(const QPalette &palette);

/// Ours, for a desktop that gives the toolkit no palette of its own.
QPalette lightPalette();
QPalette darkPalette();

/// The style and, unless the desktop brought a palette, ours. Once, after QApplication is made.
void applyTheme();
/// The style sheet of the main window for its palette.
QString styleSheetFor(const QPalette &palette);

/// A one-colour icon of resources/icons, sharp at 100 to 300 %.
QIcon symbol(const QString &name, const QColor &colour);
/// The program's own icon, in its own colours.
QIcon applicationIcon();
/// The font with figures of equal width where Qt can ask for them, so that changing numbers stand still.
QFont withTabularFigures(QFont font);

} // namespace Nettally
