// SPDX-License-Identifier: MIT
#pragma once

#include "alertruledialog.h"
#include "alertrulesmodel.h"
#include "alertsmodel.h"

#include <QWidget>

class QButtonGroup;
class QCheckBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QSpinBox;
class QStackedLayout;
class QTimeEdit;
class QTreeView;

namespace Nettally {

class FigureTree;
class NoticeBar;
class TextFilter;

/// What was told, and the rules by which it is: a list each.
class AlertsPage : public QWidget {
    Q_OBJECT

public:
    explicit AlertsPage(QWidget *parent = nullptr);
    ~AlertsPage() override;

    void setEvents(const QList<AlertEvent> &events);
    void setSettings(const AlertSettings &settings);
    void setBudgets(const QList<AlertBudget> &budgets);
    void setChoices(const AlertChoices &choices) { m_choices = choices; }
    void setUnitStyle(UnitStyle style);
    /// What is wrong with keeping the alerts; empty when nothing is.
    void setProblem(const QString &problem);
    /// Until when notifications are held, for people; empty: they are not.
    void setSnoozed(const QString &until);
    /// Selects what a notification was about.
    void select(quint64 number);
    void focusFilter();

Q_SIGNALS:
    void settingsChosen(const Nettally::AlertSettings &settings);
    void clearChosen();
    void wakeChosen();
    void historyRequested(const Nettally::AlertEvent &event);

protected:
    void changeEvent(QEvent *event) override;

private:
    QWidget *makeEvents();
    QWidget *makeRules();
    QWidget *makeChoices();
    void editRule(const AlertRule &rule);
    void addRule();
    void editCurrent();
    void removeCurrent();
    void openHistory(const QModelIndex &index);
    void showRowMenu(const QPoint &position);
    void updateEmptyState();
    void updateRuleButtons();
    void chooseLists();
    void applyPalette();

    AlertsModel m_events;
    AlertRulesModel m_rules;
    AlertSettings m_settings;
    AlertChoices m_choices;
    UnitStyle m_style;
    bool m_isShowing = false; ///< the fields are being set, not chosen

    NoticeBar *m_problem;
    NoticeBar *m_snoozed;
    QButtonGroup *m_choice;
    TextFilter *m_filter;
    QLineEdit *m_filterEdit;
    QAction *m_filterIcon;
    FigureTree *m_table = nullptr;
    QLabel *m_empty = nullptr;
    QPushButton *m_clear = nullptr;
    QStackedLayout *m_eventStack = nullptr;
    QTreeView *m_ruleView = nullptr;
    QPushButton *m_edit = nullptr;
    QPushButton *m_remove = nullptr;
    QCheckBox *m_quiet = nullptr;
    QTimeEdit *m_quietFrom = nullptr;
    QTimeEdit *m_quietTo = nullptr;
    QSpinBox *m_digest = nullptr;
    QLineEdit *m_muted = nullptr;
    QLineEdit *m_onlyPrograms = nullptr;
    QLineEdit *m_ignored = nullptr;
    QLineEdit *m_onlyNetworks = nullptr;
    QStackedLayout *m_stack;
};

} // namespace Nettally
