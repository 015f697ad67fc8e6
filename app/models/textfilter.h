// SPDX-License-Identifier: MIT
#pragma once

#include <QSortFilterProxyModel>

namespace Nettally {

/// Rows that can be looked through.
class SearchableRows {
public:
    /// Of a dataChanged that tells of rows whose matches() may have changed: with others rows are not
    /// filtered anew.
    static constexpr int searchRole = Qt::UserRole + 0x101;

    /// Whether the row of @p index holds @p text.
    virtual bool matches(const QModelIndex &index, const QString &text) const = 0;

protected:
    ~SearchableRows() = default;
};

/**
 * The rows of a model of SearchableRows that hold the text. A row stays with its matching children; a
 * matching one keeps all of its own. Filters only: sorting is the source's, because a proxy would sort every
 * row at every change.
 */
class TextFilter : public QSortFilterProxyModel {
    Q_OBJECT

public:
    explicit TextFilter(QObject *parent = nullptr);

    void setSourceModel(QAbstractItemModel *model) override;
    void setText(const QString &text);
    QString text() const { return m_text; }

    void sort(int column, Qt::SortOrder order = Qt::AscendingOrder) override;

protected:
    bool filterAcceptsRow(int sourceRow, const QModelIndex &sourceParent) const override;

private:
    const SearchableRows *m_rows = nullptr;
    QString m_text;
};

} // namespace Nettally
