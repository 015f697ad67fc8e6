// SPDX-License-Identifier: MIT
#pragma once

#include <QWidget>

class QLabel;
class QLineEdit;
class QStackedLayout;
class QTreeView;

namespace Nettally {

class LiveFilter;
class LiveModel;

/// The table of programs and the addresses they talk to.
class ProgramsPage : public QWidget {
    Q_OBJECT

public:
    /// Must not outlive @p model.
    explicit ProgramsPage(LiveModel &model, QWidget *parent = nullptr);
    ~ProgramsPage() override;

    void focusFilter();
    /// What to say while there are no programs at all.
    void setEmptyText(const QString &text);

protected:
    void changeEvent(QEvent *event) override;
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void restoreColumns();
    void saveColumns() const;
    void fitNameColumn();
    void copySelection() const;
    void showRowMenu(const QPoint &position);
    void showHeaderMenu(const QPoint &position);
    void updateEmptyState();
    void applyPalette();

    LiveModel &m_model;
    LiveFilter *m_filter;
    QLineEdit *m_filterEdit;
    QAction *m_filterIcon;
    QTreeView *m_tree;
    QLabel *m_empty;
    QStackedLayout *m_stack;
    QString m_emptyText;
    bool m_isNameWidthChosen = false; ///< by hand: it no longer follows the window
    bool m_isFitting = false;
};

} // namespace Nettally
