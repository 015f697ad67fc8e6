// SPDX-License-Identifier: MIT
#pragma once

#include "tablepage.h"

#include <QWidget>

class QHBoxLayout;
class QLabel;
class QLineEdit;
class QStackedLayout;

namespace Nettally {

class MeasureSwitch;
class TextFilter;
class UsageTree;

/// The table of a UsageTree with its filter and the switch of what is counted.
class UsagePage : public QWidget, public TablePage {
    Q_OBJECT

public:
    ~UsagePage() override;

    FigureTree &table() override { return *m_tree; }
    QString filterText() const override;
    void setFilterText(const QString &text) override;
    void focusFilter() override;
    MeasureSwitch &measureSwitch() { return *m_measure; }
    /// What to say while there is nothing at all.
    void setEmptyText(const QString &text);

protected:
    /// Must not outlive @p model. @p settings is the group of QSettings of the columns.
    UsagePage(UsageTree &model, const QString &settings, QWidget *parent);

    void changeEvent(QEvent *event) override;
    void hideEvent(QHideEvent *event) override;
    void showEvent(QShowEvent *event) override;

    QLineEdit &filterEdit() { return *m_filterEdit; }
    /// Between the filter and the switch.
    QHBoxLayout &choices() { return *m_choices; }
    /// A sentence above the table; empty when there is nothing to say.
    void setNote(const QString &note);
    /// @p pattern takes the text that nothing matches.
    void setNoMatchText(const QString &pattern) { m_noMatchText = pattern; }

private:
    void showRowMenu(const QPoint &position);
    void updateEmptyState();
    void applyPalette();

    UsageTree &m_model;
    TextFilter *m_filter;
    QLineEdit *m_filterEdit;
    QAction *m_filterIcon;
    MeasureSwitch *m_measure;
    QHBoxLayout *m_choices;
    QLabel *m_note;
    FigureTree *m_tree;
    QLabel *m_empty;
    QStackedLayout *m_stack;
    QString m_emptyText;
    QString m_noMatchText;
};

} // namespace Nettally
