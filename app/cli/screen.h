// SPDX-License-Identifier: MIT
#pragma once

#include "texttable.h"

#include <memory>
#include <optional>

namespace Nettally::Cli {

/// The whole terminal, through ncurses. One at a time; the terminal is as before when it is destroyed.
class Screen {
public:
    enum class Key {
        Quit,
        SortReceive,
        SortSend,
        SortTotal,
        SortName,
        Pause,
        Up,
        Down,
        PageUp,
        PageDown,
        Top,
        Other
    };

    /// Null when the terminal is of a kind that ncurses does not know.
    static std::unique_ptr<Screen> open(bool inColour);
    ~Screen();
    Q_DISABLE_COPY_MOVE(Screen)

    int rows() const; ///< of the table that fit
    void draw(const QString &header, const TextTable &table, const QString &footer);
    /// Takes over the terminal's size after it changed.
    void resize();
    /// A key that was pressed, without waiting; none when there is none.
    std::optional<Key> readKey();

private:
    explicit Screen(void *terminal, bool inColour);

    void *m_terminal; ///< ncurses' SCREEN, whose header is a heap of macros
    bool m_inColour;
};

} // namespace Nettally::Cli
