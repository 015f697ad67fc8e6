// SPDX-License-Identifier: MIT
#include "alertruledialog.h"

#include "palette.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QProcess>
#include <QPushButton>
#include <QSpinBox>
#include <QUrl>

#include <array>
#include <cmath>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr int unitCount = 4; ///< k, M, G, T

double unitOf(UnitBase base, int unit)
{
    return std::pow(base == UnitBase::Si ? 1000.0 : 1024.0, unit + 1);
}

QStringList unitNames(UnitBase base)
{
    return base == UnitBase::Si ? QStringList{u"kB"_s, u"MB"_s, u"GB"_s, u"TB"_s}
                                : QStringList{u"KiB"_s, u"MiB"_s, u"GiB"_s, u"TiB"_s};
}

bool isAboutLimits(AlertKind kind)
{
    return kind == AlertKind::Amount || kind == AlertKind::Rate;
}

/// "Name: value" a line; a line without a colon is a header without a name, which no rule may have.
QMap<QString, QString> headersOf(const QString &text)
{
    QMap<QString, QString> headers;
    for (const QString &line : text.split(u'\n', Qt::SkipEmptyParts)) {
        const qsizetype colon = line.indexOf(u':');
        headers.insert(line.left(std::max<qsizetype>(0, colon)).trimmed(), line.mid(colon + 1).trimmed());
    }
    return headers;
}

/// As a person would type it in a terminal; nothing but quotes means anything.
QString commandText(const QStringList &command)
{
    QStringList parts;
    for (QString part : command) {
        const bool isPlain = !part.isEmpty() && !part.contains(u' ') && !part.contains(u'"');
        parts.append(isPlain ? part : u'"' + part.replace(u"\""_s, u"\"\"\""_s) + u'"');
    }
    return parts.join(u' ');
}

} // namespace

AlertRuleDialog::AlertRuleDialog(const AlertRule &rule, const AlertChoices &choices, UnitBase base,
                                 QWidget *parent)
    : QDialog(parent)
    , m_original(rule)
    , m_choices(choices)
    , m_base(base)
    , m_form(new QFormLayout)
    , m_kind(new QComboBox(this))
    , m_subject(new QComboBox(this))
    , m_name(new QComboBox(this))
    , m_direction(new QComboBox(this))
    , m_amount(new QDoubleSpinBox(this))
    , m_unit(new QComboBox(this))
    , m_limit(new QWidget(this))
    , m_period(new QComboBox(this))
    , m_overSeconds(new QSpinBox(this))
    , m_factor(new QSpinBox(this))
    , m_billingDay(new QSpinBox(this))
    , m_notifies(new QCheckBox(tr("Show a &notification"), this))
    , m_command(new QLineEdit(this))
    , m_url(new QLineEdit(this))
    , m_headers(new QPlainTextEdit(this))
    , m_sentence(new QLabel(this))
    , m_problem(new QLabel(this))
    , m_buttons(new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel, this))
{
    setWindowTitle(tr("Rule for alerts"));
    setMinimumWidth(460);
    m_form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    makeFields(choices);
    for (QLabel *label : {m_sentence, m_problem}) {
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
        // Room for two lines, so that the window stands still while the sentence changes.
        label->setMinimumHeight(label->fontMetrics().lineSpacing() * (label == m_sentence ? 3 : 1));
        label->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    }
    m_sentence->setAccessibleName(tr("The rule in a sentence"));
    m_problem->setAccessibleName(tr("What is missing"));
    QPalette warning = m_problem->palette();
    warning.setColor(QPalette::WindowText, coloursFor(palette()).warning);
    m_problem->setPalette(warning);

    auto *layout = new QVBoxLayout(this);
    layout->addLayout(m_form);
    layout->addStretch(1);
    layout->addWidget(m_sentence);
    layout->addWidget(m_problem);
    layout->addWidget(m_buttons);
    connect(m_buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(m_buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    fill(rule);

    for (QComboBox *combo : {m_kind, m_subject, m_direction, m_unit, m_period})
        connect(combo, &QComboBox::currentIndexChanged, this, &AlertRuleDialog::refresh);
    connect(m_subject, &QComboBox::currentIndexChanged, this, &AlertRuleDialog::showNames);
    connect(m_kind, &QComboBox::currentIndexChanged, this, &AlertRuleDialog::showNames);
    connect(m_name, &QComboBox::editTextChanged, this, &AlertRuleDialog::refresh);
    connect(m_amount, &QDoubleSpinBox::valueChanged, this, &AlertRuleDialog::refresh);
    for (QSpinBox *number : {m_overSeconds, m_factor, m_billingDay})
        connect(number, &QSpinBox::valueChanged, this, &AlertRuleDialog::refresh);
    connect(m_notifies, &QCheckBox::toggled, this, &AlertRuleDialog::refresh);
    for (QLineEdit *line : {m_command, m_url})
        connect(line, &QLineEdit::textChanged, this, &AlertRuleDialog::refresh);
    connect(m_headers, &QPlainTextEdit::textChanged, this, &AlertRuleDialog::refresh);
    refresh();
}

void AlertRuleDialog::makeFields(const AlertChoices &)
{
    for (const AlertKind kind : {AlertKind::Amount, AlertKind::Rate, AlertKind::Budget, AlertKind::FirstUse,
                                 AlertKind::UnusualSending, AlertKind::NotMeasuring})
        m_kind->addItem(alertKindText(kind), int(kind));
    m_subject->addItem(tr("This machine"), int(AlertSubject::Machine));
    m_subject->addItem(tr("Any program"), int(AlertSubject::AnyProgram));
    m_subject->addItem(tr("One program"), int(AlertSubject::Program));
    m_subject->addItem(tr("One network"), int(AlertSubject::Network));
    m_name->setEditable(true);
    m_name->setInsertPolicy(QComboBox::NoInsert);
    m_direction->addItem(tr("Received and sent"), int(AlertDirection::Both));
    m_direction->addItem(tr("Received"), int(AlertDirection::Received));
    m_direction->addItem(tr("Sent"), int(AlertDirection::Sent));
    m_amount->setDecimals(2);
    m_amount->setRange(0, 99999);
    m_amount->setAccessibleName(tr("Limit"));
    m_unit->addItems(unitNames(m_base));
    m_unit->setAccessibleName(tr("Unit of the limit"));
    m_period->addItem(tr("In an hour"), int(AlertPeriod::Hour));
    m_period->addItem(tr("In a day"), int(AlertPeriod::Day));
    m_period->addItem(tr("In a month"), int(AlertPeriod::Month));
    m_overSeconds->setRange(1, 3600);
    m_overSeconds->setSuffix(tr(" s"));
    m_factor->setRange(2, 100);
    m_factor->setSuffix(tr(" times"));
    m_billingDay->setRange(1, 31);
    m_command->setPlaceholderText(tr("/path/of/a/program with its arguments"));
    m_command->setToolTip(
        tr("What happened is in its environment, as NETTALLY_ALERT_TEXT, _PROGRAM, _BYTES and "
           "others."));
    m_url->setPlaceholderText(u"https://"_s);
    m_url->setToolTip(tr("What happened is posted there as JSON."));
    m_headers->setPlaceholderText(m_original.action.headers.isEmpty()
                                      ? tr("Authorization: …, one a line")
                                      : tr("As they were; type to replace them"));
    m_headers->setToolTip(tr("Kept in a file that you alone may read, and never shown again."));
    m_headers->setTabChangesFocus(true);
    m_headers->setFixedHeight(m_headers->fontMetrics().lineSpacing() * 2 + 16);

    auto *limit = new QHBoxLayout(m_limit);
    limit->setContentsMargins(0, 0, 0, 0);
    limit->addWidget(m_amount, 1);
    limit->addWidget(m_unit);
    m_form->addRow(tr("&Kind"), m_kind);
    m_form->addRow(tr("&About"), m_subject);
    m_form->addRow(tr("Na&me"), m_name);
    m_form->addRow(tr("&Traffic"), m_direction);
    m_form->addRow(tr("More t&han"), m_limit);
    m_form->addRow(tr("&In"), m_period);
    m_form->addRow(tr("&Over"), m_overSeconds);
    m_form->addRow(tr("&As much as usual"), m_factor);
    m_form->addRow(tr("&Billing day"), m_billingDay);
    m_form->addRow(QString(), m_notifies);
    m_form->addRow(tr("&Run"), m_command);
    m_form->addRow(tr("&Post to"), m_url);
    m_form->addRow(tr("H&eaders"), m_headers);
    // A field of two has no label of its own.
    static_cast<QLabel *>(m_form->labelForField(m_limit))->setBuddy(m_amount);
    for (QWidget *field :
         std::initializer_list<QWidget *>{m_kind, m_subject, m_name, m_direction, m_period, m_overSeconds,
                                          m_factor, m_billingDay, m_command, m_url, m_headers}) {
        const auto *label = static_cast<QLabel *>(m_form->labelForField(field));
        field->setAccessibleName(label->text().remove(u'&'));
    }
}

void AlertRuleDialog::fill(const AlertRule &rule)
{
    const auto choose = [](QComboBox *combo, int value) { combo->setCurrentIndex(combo->findData(value)); };
    choose(m_kind, int(rule.kind));
    choose(m_subject, int(rule.subject));
    choose(m_direction, int(rule.direction));
    choose(m_period, int(rule.period));
    int unit = 2;
    if (rule.limitBytes > 0) {
        unit = 0;
        while (unit + 1 < unitCount && double(rule.limitBytes) >= unitOf(m_base, unit + 1))
            ++unit;
    }
    m_unit->setCurrentIndex(unit);
    m_amount->setValue(double(rule.limitBytes) / unitOf(m_base, unit));
    m_overSeconds->setValue(rule.overSeconds);
    m_factor->setValue(rule.factor);
    m_billingDay->setValue(rule.billingDay);
    m_notifies->setChecked(rule.action.notifies);
    m_command->setText(commandText(rule.action.command));
    m_url->setText(rule.action.url);
    showNames();
    m_name->setEditText(rule.name);
}

void AlertRuleDialog::showNames()
{
    const QString typed = m_name->currentText();
    const bool isNetwork = AlertKind(m_kind->currentData().toInt()) == AlertKind::Budget
        || AlertSubject(m_subject->currentData().toInt()) == AlertSubject::Network;
    const QSignalBlocker blocker(m_name);
    m_name->clear();
    if (isNetwork) {
        // The interface's name is the rule's; what is known of it is for reading.
        for (auto network = m_choices.networks.cbegin(); network != m_choices.networks.cend(); ++network) {
            m_name->addItem(network.key());
            m_name->setItemData(m_name->count() - 1, network.value(), Qt::ToolTipRole);
        }
    } else {
        m_name->addItems(m_choices.programs);
    }
    m_name->setEditText(typed);
}

AlertRule AlertRuleDialog::rule() const
{
    AlertRule rule = m_original;
    rule.kind = AlertKind(m_kind->currentData().toInt());
    rule.subject = rule.kind == AlertKind::Budget ? AlertSubject::Network
        : isAboutLimits(rule.kind)                ? AlertSubject(m_subject->currentData().toInt())
                                                  : AlertSubject::AnyProgram;
    const bool isNamed = rule.subject == AlertSubject::Program || rule.subject == AlertSubject::Network;
    rule.name = isNamed ? m_name->currentText().trimmed() : QString();
    rule.direction = rule.kind == AlertKind::UnusualSending
        ? AlertDirection::Sent
        : AlertDirection(m_direction->currentData().toInt());
    const double bytes = m_amount->value() * unitOf(m_base, m_unit->currentIndex());
    // What was not touched stays to the byte, also where the field shows it rounded.
    const bool isSame =
        std::abs(bytes - double(m_original.limitBytes)) <= 0.005 * unitOf(m_base, m_unit->currentIndex());
    rule.limitBytes = isSame ? m_original.limitBytes : quint64(std::llround(bytes));
    rule.period = AlertPeriod(m_period->currentData().toInt());
    rule.overSeconds = m_overSeconds->value();
    rule.factor = m_factor->value();
    rule.billingDay = m_billingDay->value();
    rule.action.notifies = m_notifies->isChecked();
    // An argument that is empty cannot be written in the field.
    if (m_command->text() != commandText(m_original.action.command))
        rule.action.command = QProcess::splitCommand(m_command->text());
    rule.action.url = m_url->text().trimmed();
    // To another server they would be told to the wrong one.
    const bool isSameServer = QUrl(rule.action.url).host() == QUrl(m_original.action.url).host()
        && QUrl(rule.action.url).scheme() == QUrl(m_original.action.url).scheme();
    const QString headers = m_headers->toPlainText().trimmed();
    if (!headers.isEmpty())
        rule.action.headers = headersOf(headers);
    else if (!isSameServer)
        rule.action.headers.clear();
    return rule;
}

void AlertRuleDialog::refresh()
{
    const AlertRule now = rule();
    const bool isLimit = isAboutLimits(now.kind);
    const bool isUnusual = now.kind == AlertKind::UnusualSending;
    setShown(m_subject, isLimit);
    setShown(m_name, now.subject == AlertSubject::Program || now.subject == AlertSubject::Network);
    setShown(m_direction, isLimit || now.kind == AlertKind::Budget);
    setShown(m_limit, isLimit || isUnusual || now.kind == AlertKind::Budget);
    setShown(m_period, now.kind == AlertKind::Amount);
    setShown(m_overSeconds, now.kind == AlertKind::Rate);
    setShown(m_factor, isUnusual);
    setShown(m_billingDay, now.kind == AlertKind::Budget);
    setShown(m_headers, !now.action.url.isEmpty());
    const QString problem = alertProblem(now);
    m_sentence->setText(problem.isEmpty() ? alertSentence(now, m_base) : QString());
    m_problem->setText(problem);
    m_buttons->button(QDialogButtonBox::Ok)->setEnabled(problem.isEmpty());
}

void AlertRuleDialog::setShown(QWidget *field, bool isShown)
{
    field->setVisible(isShown);
    m_form->labelForField(field)->setVisible(isShown);
}

} // namespace Nettally
