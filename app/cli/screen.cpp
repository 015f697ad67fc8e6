// SPDX-License-Identifier: MIT
#include "screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <curses.h>

namespace Nettally::Cli {

namespace {

constexpr short receivePair = 1;
constexpr short sendPair = 2;
constexpr int linesAround = 3; ///< header, titles, footer

void put(int y, int x, const QString &text)
{
    if (x < COLS) {
        const std::wstring wide = text.toStdWString();
        mvaddnwstr(y, x, wide.c_str(), int(wide.size()));
    }
}

} // namespace

std::unique_ptr<Screen> Screen::open(bool inColour)
{
    SCREEN *terminal = newterm(nullptr, stdout, stdin);
    if (!terminal) {
        return nullptr;
    }
    return std::unique_ptr<Screen>(new Screen(terminal, inColour));
}

Screen::Screen(void *terminal, bool inColour)
    : m_terminal(terminal)
    , m_inColour(inColour)
{
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(25);
    curs_set(0);
    m_inColour = m_inColour && has_colors() && start_color() == OK && use_default_colors() == OK;
    if (m_inColour) {
        init_pair(receivePair, COLOR_CYAN, -1);
        init_pair(sendPair, COLOR_YELLOW, -1);
    }
}

Screen::~Screen()
{
    endwin();
    delscreen(static_cast<SCREEN *>(m_terminal));
}

int Screen::rows() const
{
    return std::max(0, LINES - linesAround);
}

void Screen::draw(const QString &header, const TextTable &table, const QString &footer)
{
    erase();
    attron(A_BOLD);
    put(0, 0, TextTable::cell(header, COLS, false));
    attroff(A_BOLD);
    const QList<int> widths = table.widths(COLS);
    const auto drawRow = [&](int y, const auto &textOf, bool isTitle) {
        int x = 0;
        for (qsizetype column = 0; column < table.columns.size(); ++column) {
            const TextTable::Column &format = table.columns.at(column);
            const int pair = format.meaning == TextTable::Meaning::Receive ? receivePair
                : format.meaning == TextTable::Meaning::Send               ? sendPair
                                                                           : 0;
            const bool isColoured = m_inColour && !isTitle && pair != 0;
            if (isColoured) {
                attron(COLOR_PAIR(pair));
            }
            put(y, x,
                TextTable::cell(textOf(column), std::min(widths.at(column), std::max(0, COLS - x)),
                                format.isNumber));
            if (isColoured) {
                attroff(COLOR_PAIR(pair));
            }
            x += widths.at(column) + TextTable::gap;
        }
    };
    attron(A_REVERSE);
    put(1, 0, QString(COLS, u' '));
    drawRow(
        1, [&](qsizetype column) { return table.columns.at(column).title; }, true);
    attroff(A_REVERSE);
    const int shown = std::min(rows(), int(table.rows.size()));
    for (int row = 0; row < shown; ++row) {
        drawRow(
            row + 2, [&](qsizetype column) { return table.rows.at(row).at(column); }, false);
    }
    put(LINES - 1, 0, TextTable::cell(footer, COLS - 1, false)); // the last cell of all would scroll
    refresh();
}

void Screen::resize()
{
    winsize size = {};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
        resizeterm(size.ws_row, size.ws_col);
    }
    clearok(curscr, TRUE);
}

std::optional<Screen::Key> Screen::readKey()
{
    switch (getch()) {
    case ERR:
        return std::nullopt;
    case 'q':
    case 'Q':
        return Key::Quit;
    case 'r':
        return Key::SortReceive;
    case 's':
        return Key::SortSend;
    case 't':
        return Key::SortTotal;
    case 'n':
        return Key::SortName;
    case 'p':
        return Key::Pause;
    case KEY_UP:
        return Key::Up;
    case KEY_DOWN:
        return Key::Down;
    case KEY_PPAGE:
        return Key::PageUp;
    case KEY_NPAGE:
        return Key::PageDown;
    case KEY_HOME:
        return Key::Top;
    default:
        return Key::Other;
    }
}

} // namespace Nettally::Cli
