// SPDX-License-Identifier: MIT
#include "palette.h"

#include <QApplication>
#include <QPainter>
#include <QStyle>
#include <QStyleFactory>
#include <QSvgRenderer>

#include <array>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

QPalette makePalette(const QColor &window, const QColor &base, const QColor &text, const QColor &muted,
                     const QColor &button, const QColor &line, const QColor &accent)
{
    QPalette palette(text, button, line.lighter(110), line.darker(120), line, text, text, base, window);
    palette.setColor(QPalette::AlternateBase, window);
    palette.setColor(QPalette::ToolTipBase, base);
    palette.setColor(QPalette::ToolTipText, text);
    palette.setColor(QPalette::PlaceholderText, muted);
    palette.setColor(QPalette::Highlight, accent);
    palette.setColor(QPalette::HighlightedText, Qt::white);
    palette.setColor(QPalette::Link, accent);
    for (const QPalette::ColorRole role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, muted);
    return palette;
}

QColor translucent(QColor colour, double alpha)
{
    colour.setAlphaF(static_cast<float>(alpha));
    return colour;
}

QColor mixed(const QColor &a, const QColor &b, double shareOfB)
{
    const auto channel = [shareOfB](int x, int y) { return qRound(x + (y - x) * shareOfB); };
    return {channel(a.red(), b.red()), channel(a.green(), b.green()), channel(a.blue(), b.blue())};
}

/// Names with an @ stand for colours of the palette; none is the beginning of another.
constexpr char styleSheet[] = R"(
QFrame#sidebar { background: @sidebar; border: none; border-right: 1px solid @border; }
QFrame#statusLine { border: none; border-top: 1px solid @border; }
QFrame#card { background: @base; border: 1px solid @border; border-radius: 10px; }
QFrame#notice { background: @noticeFill; border: 1px solid @noticeEdge; border-radius: 8px; }

QLabel#brand { font-weight: 600; }
QLabel#title { font-size: 15pt; font-weight: 600; }
QLabel#section { font-weight: 600; }
QLabel[muted="true"] { color: @muted; }

QToolButton { background: transparent; color: @text; border: 1px solid transparent; border-radius: 7px; padding: 5px 8px; }
QToolButton:hover { background: @hover; }
QToolButton:checked { background: @checked; }
QToolButton:disabled { color: @muted; }
QToolButton:focus { border-color: @accent; }
QToolButton::menu-indicator { image: none; }
QToolButton[compact="true"] { padding: 5px 3px; }
QToolButton#page { padding: 8px 10px; text-align: left; }
QToolButton#status { padding: 2px 6px; }

QPushButton { background: @base; color: @text; border: 1px solid @border; border-radius: 7px; padding: 5px 14px; }
QPushButton:hover { border-color: @muted; }
QPushButton:pressed { background: @hover; }
QPushButton:focus { border-color: @accent; }
QPushButton#small { padding: 2px 10px; }

QLineEdit { background: @base; color: @text; border: 1px solid @border; border-radius: 7px; padding: 5px 6px;
            selection-background-color: @accent; }
QLineEdit:focus { border-color: @accent; }

QTreeView { background: @base; border: 1px solid @border; border-radius: 10px; padding: 1px; outline: none; }
QHeaderView { background: transparent; border: none; }
QHeaderView::section { background: @base; color: @muted; border: none; border-bottom: 1px solid @border; padding: 7px 8px 7px 10px; }
QHeaderView::section:first { border-top-left-radius: 9px; }
QHeaderView::section:last { border-top-right-radius: 9px; }
QHeaderView::section:hover { color: @text; }
QHeaderView::up-arrow, QHeaderView::down-arrow { subcontrol-origin: border; subcontrol-position: center right; right: 3px;
                                                 width: 9px; height: 9px; }

QScrollBar { background: transparent; border: none; margin: 0; }
QScrollBar:vertical { width: 11px; }
QScrollBar:horizontal { height: 11px; }
QScrollBar::handle { background: @handle; border-radius: 3px; margin: 2px 4px 2px 1px; }
QScrollBar::handle:horizontal { margin: 1px 2px 4px 2px; min-width: 32px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:hover { background: @muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea::corner { background: transparent; }
)";

} // namespace

bool isDark(const QPalette &palette)
{
    return palette.color(QPalette::Window).lightness() < 128;
}

Colours coloursFor(const QPalette &palette)
{
    const QColor text = palette.color(QPalette::WindowText);
    const QColor base = palette.color(QPalette::Base);
    const QColor window = palette.color(QPalette::Window);
    const bool dark = isDark(palette);
    const auto hue = [](const char *line, const char *letters, double alpha) {
        const QColor colour{QLatin1StringView(line)};
        return Hue{colour, translucent(colour, alpha), QColor(QLatin1StringView(letters))};
    };
    Colours colours;
    colours.receive = dark ? hue("#5aa2f0", "#76b4f7", 0.24) : hue("#2f7ed8", "#1c62b5", 0.16);
    colours.send = dark ? hue("#f0a04b", "#f5b36d", 0.24) : hue("#d9822b", "#9a5410", 0.18);
    colours.muted = mixed(text, base, 0.42);
    colours.border = mixed(window, text, dark ? 0.14 : 0.11);
    colours.card = base;
    colours.sidebar = mixed(window, text, dark ? 0.02 : 0.035);
    colours.hover = translucent(text, 0.06);
    colours.good = QColor(dark ? u"#4cc38a"_s : u"#1f7f52"_s);
    colours.warning = QColor(dark ? u"#f2c55c"_s : u"#a86a00"_s);
    colours.warningFill = mixed(base, QColor(u"#f2b632"_s), dark ? 0.14 : 0.16);
    return colours;
}

QList<StackColours> stackColoursFor(const QPalette &palette)
{
    static constexpr std::array light = {std::pair("#2f7ed8", "#d9822b"), std::pair("#8cc0f5", "#f4c48a"),
                                         std::pair("#174b86", "#8f4a0c"), std::pair("#35a9bd", "#d8ab1d"),
                                         std::pair("#7a82e0", "#d65f42"), std::pair("#a8dce6", "#f1de9b"),
                                         std::pair("#b6bec9", "#ccc3b6")};
    static constexpr std::array dark = {std::pair("#5aa2f0", "#f0a04b"), std::pair("#a9d0f9", "#f8d3a5"),
                                        std::pair("#2b62a5", "#a45f1d"), std::pair("#47b7c9", "#dcbb3d"),
                                        std::pair("#8f96ee", "#e67757"), std::pair("#1f7f8e", "#8c7722"),
                                        std::pair("#5c6575", "#6f675c")};
    QList<StackColours> colours;
    for (const auto &[receive, send] : isDark(palette) ? dark : light)
        colours.append({QColor(QLatin1StringView(receive)), QColor(QLatin1StringView(send))});
    return colours;
}

QPalette lightPalette()
{
    return makePalette(QColor(u"#f5f6f8"_s), Qt::white, QColor(u"#1d2433"_s), QColor(u"#7a8496"_s),
                       QColor(u"#fbfbfc"_s), QColor(u"#c9ced8"_s), QColor(u"#2468bf"_s));
}

QPalette darkPalette()
{
    return makePalette(QColor(u"#171a21"_s), QColor(u"#1e222b"_s), QColor(u"#e6e9ef"_s), QColor(u"#8b95a7"_s),
                       QColor(u"#262b36"_s), QColor(u"#3a4150"_s), QColor(u"#2f6fc4"_s));
}

void applyTheme()
{
    QApplication::setStyle(QStyleFactory::create(u"Fusion"_s));
    // A palette that the desktop brought (dark, high contrast, a person's own) is respected.
    const QPalette standard = QApplication::style()->standardPalette();
    if (QApplication::palette().color(QPalette::Window) == standard.color(QPalette::Window))
        QApplication::setPalette(isDark(standard) ? darkPalette() : lightPalette());
}

QString styleSheetFor(const QPalette &palette)
{
    const Colours colours = coloursFor(palette);
    const QColor accent = palette.color(QPalette::Highlight);
    QString sheet = QString::fromLatin1(styleSheet);
    const std::initializer_list<std::pair<QLatin1StringView, QColor>> values = {
        {"@text"_L1, palette.color(QPalette::WindowText)},
        {"@base"_L1, palette.color(QPalette::Base)},
        {"@accent"_L1, accent},
        {"@checked"_L1, translucent(accent, isDark(palette) ? 0.32 : 0.13)},
        {"@muted"_L1, colours.muted},
        {"@handle"_L1, mixed(palette.color(QPalette::Base), palette.color(QPalette::WindowText), 0.24)},
        {"@border"_L1, colours.border},
        {"@hover"_L1, colours.hover},
        {"@sidebar"_L1, colours.sidebar},
        {"@noticeFill"_L1, colours.warningFill},
        {"@noticeEdge"_L1, mixed(colours.warningFill, colours.warning, 0.35)},
    };
    for (const auto &[name, colour] : values)
        sheet.replace(name, colour.name(QColor::HexArgb));
    return sheet;
}

QIcon symbol(const QString &name, const QColor &colour)
{
    QSvgRenderer renderer(u":/icons/%1.svg"_s.arg(name));
    QIcon icon;
    for (const int size : {16, 20, 24, 32, 48, 72}) {
        QPixmap pixmap(size, size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        renderer.render(&painter);
        painter.setCompositionMode(QPainter::CompositionMode_SourceIn);
        painter.fillRect(pixmap.rect(), colour);
        painter.end();
        icon.addPixmap(pixmap);
    }
    return icon;
}

QIcon applicationIcon()
{
    QSvgRenderer renderer(u":/icons/nettally.svg"_s);
    QIcon icon;
    for (const int size : {16, 24, 32, 48, 64, 128, 256}) {
        QPixmap pixmap(size, size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        renderer.render(&painter);
        painter.end();
        icon.addPixmap(pixmap);
    }
    return icon;
}

QFont withTabularFigures(QFont font)
{
#if QT_VERSION >= QT_VERSION_CHECK(6, 7, 0)
    font.setFeature("tnum", 1);
#endif
    return font;
}

} // namespace Nettally
