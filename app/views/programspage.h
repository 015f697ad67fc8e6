// SPDX-License-Identifier: MIT
#pragma once

#include "tablepage.h"

#include <QWidget>

class QLabel;
class QLineEdit;
class QStackedLayout;

namespace Nettally {

class ApplicationDelegate;
class FigureTree;
class LiveModel;
class MeasureSwitch;
class TextFilter;

/// The table of applications, their processes and the addresses they talk to.
class ProgramsPage : public QWidget, public TablePage {
    Q_OBJECT

public:
    /// Must not outlive @p model.
    explicit ProgramsPage(LiveModel &model, QWidget *parent = nullptr);
    ~ProgramsPage() override;

    FigureTree &table() override { return *m_tree; }
    QString filterText() const override;
    void setFilterText(const QString &text) override;
    void focusFilter() override;
    MeasureSwitch &measureSwitch() { return *m_measure; }
    /// What to say while there are no programs at all.
    void setEmptyText(const QString &text);

protected:
    void changeEvent(QEvent *event) override;

private:
    void showRowMenu(const QPoint &position);
    void updateEmptyState();
    void applyPalette();

    LiveModel &m_model;
    TextFilter *m_filter;
    QLineEdit *m_filterEdit;
    QAction *m_filterIcon;
    MeasureSwitch *m_measure;
    FigureTree *m_tree;
    ApplicationDelegate *m_delegate;
    QLabel *m_empty;
    QStackedLayout *m_stack;
    QString m_emptyText;
};

} // namespace Nettally
