// SPDX-License-Identifier: MIT
#pragma once

#include <QSortFilterProxyModel>

namespace Nettally {

/// The rows of a ConnectionsModel that hold the text. Filters only: sorting is the source's, because a proxy
/// would sort every row at every change.
class ConnectionsFilter : public QSortFilterProxyModel {
    Q_OBJECT

public:
    explicit ConnectionsFilter(QObject *parent = nullptr);

    void setText(const QString &text);
    QString text() const { return m_text; }

    void sort(int column, Qt::SortOrder order = Qt::AscendingOrder) override;

protected:
    bool filterAcceptsRow(int sourceRow, const QModelIndex &sourceParent) const override;

private:
    QString m_text;
};

} // namespace Nettally
