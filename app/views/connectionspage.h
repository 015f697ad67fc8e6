// SPDX-License-Identifier: MIT
#pragma once

#include "tablepage.h"

#include <QTimer>
#include <QWidget>

class QLabel;
class QLineEdit;
class QStackedLayout;

namespace Nettally {

class ConnectionsModel;
class FigureTree;
class TextFilter;

/// The table of TCP connections. Asks for a new reading each second, but only while it is seen.
class ConnectionsPage : public QWidget, public TablePage {
    Q_OBJECT

public:
    /// Must not outlive @p model.
    explicit ConnectionsPage(ConnectionsModel &model, QWidget *parent = nullptr);
    ~ConnectionsPage() override;

    FigureTree &table() override { return *m_table; }
    QString filterText() const override;
    void setFilterText(const QString &text) override;
    void focusFilter() override;
    /// What to say while there are no connections at all.
    void setEmptyText(const QString &text);
    /// A sentence about the list on show, above it; empty when there is nothing to say.
    void setNote(const QString &note);

Q_SIGNALS:
    /// The page is seen, and what it shows is a second old.
    void readingWanted();

protected:
    void changeEvent(QEvent *event) override;
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;

private:
    void showRowMenu(const QPoint &position);
    void updateEmptyState();
    void applyPalette();

    ConnectionsModel &m_model;
    TextFilter *m_filter;
    QLineEdit *m_filterEdit;
    QAction *m_filterIcon;
    QLabel *m_note;
    FigureTree *m_table;
    QLabel *m_empty;
    QStackedLayout *m_stack;
    QTimer m_readingTimer;
    QString m_emptyText;
};

} // namespace Nettally
