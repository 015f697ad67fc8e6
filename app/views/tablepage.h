// SPDX-License-Identifier: MIT
#pragma once

#include <QString>

namespace Nettally {

class FigureTree;

/// A page whose rows can be reached from elsewhere.
class TablePage {
public:
    virtual FigureTree &table() = 0;
    virtual QString filterText() const = 0;
    virtual void setFilterText(const QString &text) = 0;
    virtual void focusFilter() = 0;

protected:
    ~TablePage() = default;
};

} // namespace Nettally
