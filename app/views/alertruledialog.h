// SPDX-License-Identifier: MIT
#pragma once

#include "alert.h"

#include <QDialog>
#include <QMap>

class QCheckBox;
class QComboBox;
class QDialogButtonBox;
class QDoubleSpinBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QSpinBox;

namespace Nettally {

/// Names that a rule may be about, for choosing one; any other may be typed.
struct AlertChoices {
    QStringList programs;
    QMap<QString, QString> networks; ///< what is known of each interface, for people; may be empty
};

/// Makes or changes one rule, whose sentence is told below as it is chosen.
class AlertRuleDialog : public QDialog {
    Q_OBJECT

public:
    AlertRuleDialog(const AlertRule &rule, const AlertChoices &choices, UnitBase base,
                    QWidget *parent = nullptr);

    AlertRule rule() const;

private:
    void makeFields(const AlertChoices &choices);
    void fill(const AlertRule &rule);
    void showNames();
    void refresh();
    void setShown(QWidget *field, bool isShown);

    const AlertRule m_original;
    const AlertChoices m_choices;
    const UnitBase m_base;
    QFormLayout *m_form;
    QComboBox *m_kind;
    QComboBox *m_subject;
    QComboBox *m_name;
    QComboBox *m_direction;
    QDoubleSpinBox *m_amount;
    QComboBox *m_unit;
    QWidget *m_limit;
    QComboBox *m_period;
    QSpinBox *m_overSeconds;
    QSpinBox *m_factor;
    QSpinBox *m_billingDay;
    QCheckBox *m_notifies;
    QLineEdit *m_command;
    QLineEdit *m_url;
    QPlainTextEdit *m_headers;
    QLabel *m_sentence;
    QLabel *m_problem;
    QDialogButtonBox *m_buttons;
};

} // namespace Nettally
