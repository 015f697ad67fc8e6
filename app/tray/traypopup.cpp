// SPDX-License-Identifier: MIT
#include "traypopup.h"

#include "elidedlabel.h"
#include "livemodel.h"
#include "palette.h"
#include "plaintext.h"
#include "traffichistory.h"

#include <QEvent>
#include <QGridLayout>
#include <QGuiApplication>
#include <QKeyEvent>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QScreen>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr int talkerCount = 5;
constexpr int popupWidth = 340;

QString bytesText(const std::optional<TrafficSums> &sums, Measure measure, bool isReceived, UnitBase base)
{
    if (!sums)
        return unknownText();
    // What was recorded without packets is told as payload: the tip of the line says so.
    if (measure == Measure::Network && sums->network)
        return formatBytes(isReceived ? sums->network->rxBytes : sums->network->txBytes, base);
    return formatBytes(isReceived ? sums->rxPayloadBytes : sums->txPayloadBytes, base);
}

QFrame *makeRule(QWidget *parent)
{
    auto *rule = new QFrame(parent);
    rule->setObjectName(u"rule"_s);
    rule->setFixedHeight(1);
    return rule;
}

} // namespace

TrayPopup::TrayPopup(LiveModel &model, TrafficHistory &history, QWidget *parent)
    // A window of kind Popup needs a parent and a grab, neither of which a tray gives under Wayland.
    : QFrame(parent, Qt::Tool | Qt::FramelessWindowHint | Qt::WindowStaysOnTopHint)
    , m_model(model)
    , m_history(history)
{
    setObjectName(u"trayPopup"_s);
    setWindowTitle(tr("Nettally at a glance"));
    setFixedWidth(popupWidth);
    auto *grid = new QGridLayout(this);
    grid->setContentsMargins(14, 12, 14, 12);
    grid->setHorizontalSpacing(12);
    grid->setVerticalSpacing(5);
    grid->setColumnStretch(0, 1);
    // Wide enough for any rate, so that the columns stand still.
    const int figure = fontMetrics().horizontalAdvance(u"↓ 1000 Mibit/s"_s);
    grid->setColumnMinimumWidth(1, figure);
    grid->setColumnMinimumWidth(2, figure);

    int row = 0;
    m_now = addLine(row++);
    m_now.name->setText(tr("Now"));
    grid->addWidget(makeRule(this), row++, 0, 1, 3);
    for (int i = 0; i < talkerCount; ++i)
        m_talkers.push_back(addLine(row++));
    m_quiet = new QLabel(this);
    m_quiet->setProperty("muted", true);
    grid->addWidget(m_quiet, row++, 0, 1, 3);
    grid->addWidget(makeRule(this), row++, 0, 1, 3);
    m_today = addLine(row++);
    m_month = addLine(row++);
    m_month.name->setText(tr("This month"));
    m_budgetName = new ElidedLabel(this);
    m_budgetName->setTextFormat(Qt::PlainText);
    m_budgetUsed = new QLabel(this);
    m_budgetUsed->setFont(withTabularFigures(m_budgetUsed->font()));
    m_budgetUsed->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    grid->addWidget(m_budgetName, row, 0);
    grid->addWidget(m_budgetUsed, row++, 1, 1, 2);
    m_budgetBar = new QProgressBar(this);
    m_budgetBar->setRange(0, 100);
    m_budgetBar->setTextVisible(false);
    m_budgetBar->setFixedHeight(6);
    m_budgetBar->setAccessibleName(tr("Budget of the network"));
    grid->addWidget(m_budgetBar, row++, 0, 1, 3);
    m_problem = new QLabel(this);
    m_problem->setWordWrap(true);
    m_problem->setObjectName(u"problem"_s);
    grid->addWidget(m_problem, row++, 0, 1, 3);
    auto *open = new QPushButton(tr("Open Nettally"), this);
    grid->addWidget(open, row, 0, 1, 3);
    connect(open, &QPushButton::clicked, this, [this] {
        hide();
        Q_EMIT windowRequested();
    });

    connect(&m_history, &TrafficHistory::changed, this, [this] {
        if (isVisible())
            refresh();
    });
    setProblem({});
    showBudget();
    applyPalette();
}

TrayPopup::Line TrayPopup::addLine(int row)
{
    auto *grid = static_cast<QGridLayout *>(layout());
    const Line line{new ElidedLabel(this), new QLabel(this), new QLabel(this)};
    line.name->setTextFormat(Qt::PlainText);
    grid->addWidget(line.name, row, 0);
    int column = 1;
    for (QLabel *label : {line.rx, line.tx}) {
        label->setFont(withTabularFigures(label->font()));
        label->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
        grid->addWidget(label, row, column++);
    }
    return line;
}

void TrayPopup::setSums(const TraySums &sums)
{
    m_sums = sums;
    showSums();
}

void TrayPopup::showSums()
{
    const Measure measure = m_history.measure();
    const UnitBase base = m_model.unitStyle().base;
    const auto show = [&](const Line &line, const std::optional<TrafficSums> &sums) {
        line.rx->setText(u"↓ "_s + bytesText(sums, measure, true, base));
        line.tx->setText(u"↑ "_s + bytesText(sums, measure, false, base));
        line.name->setToolTip(measure == Measure::Network && sums && !sums->network
                                  ? tr("Payload: packets were not counted all the time.")
                                  : QString());
    };
    m_today.name->setText(m_sums.until.isEmpty() ? tr("Today") : tr("Today until %1").arg(m_sums.until));
    show(m_today, m_sums.today);
    show(m_month, m_sums.month);
    showBudget();
}

void TrayPopup::setBudgets(const QList<AlertBudget> &budgets)
{
    const auto share = [](const AlertBudget &budget) {
        return static_cast<double>(budget.usedBytes) / static_cast<double>(budget.limitBytes);
    };
    const auto most =
        std::max_element(budgets.cbegin(), budgets.cend(),
                         [share](const AlertBudget &a, const AlertBudget &b) { return share(a) < share(b); });
    m_budget = most == budgets.cend() ? std::nullopt : std::optional(*most);
    showBudget();
}

void TrayPopup::showBudget()
{
    for (QWidget *part : std::initializer_list<QWidget *>{m_budgetName, m_budgetUsed, m_budgetBar})
        part->setVisible(m_budget.has_value());
    if (!m_budget)
        return;
    const UnitBase base = m_model.unitStyle().base;
    m_budgetName->setText(tr("Budget of %1").arg(printable(m_budget->network)));
    m_budgetUsed->setText(
        tr("%1 of %2").arg(formatBytes(m_budget->usedBytes, base), formatBytes(m_budget->limitBytes, base)));
    const double percent =
        100.0 * static_cast<double>(m_budget->usedBytes) / static_cast<double>(m_budget->limitBytes);
    m_budgetBar->setValue(int(std::min(100.0, percent)));
}

void TrayPopup::setProblem(const QString &problem)
{
    m_problem->setText(problem);
    m_problem->setVisible(!problem.isEmpty());
}

void TrayPopup::refresh()
{
    const UnitStyle style = m_model.unitStyle();
    const auto showRates = [&](const Line &line, std::optional<double> rx, std::optional<double> tx) {
        line.rx->setText(u"↓ "_s + formatRate(rx, style));
        line.tx->setText(u"↑ "_s + formatRate(tx, style));
    };
    showRates(m_now, m_history.rxBytesPerSecond(), m_history.txBytesPerSecond());
    const QList<LiveModel::Talker> talkers = m_model.busiest(talkerCount);
    for (size_t i = 0; i < m_talkers.size(); ++i) {
        const Line &line = m_talkers[i];
        const bool isUsed = qsizetype(i) < talkers.size();
        for (QLabel *label : {line.name, line.rx, line.tx}) {
            if (!isUsed)
                label->clear(); // its place stays, so that nothing jumps
        }
        if (!isUsed)
            continue;
        const LiveModel::Talker &talker = talkers[qsizetype(i)];
        line.name->setText(talker.name);
        line.name->setToolTip(talker.toolTip);
        showRates(line, talker.rxBytesPerSecond, talker.txBytesPerSecond);
    }
    m_quiet->setVisible(talkers.isEmpty());
    m_quiet->setText(m_history.rxBytesPerSecond() ? tr("Nothing moves at the moment.")
                                                  : tr("Nothing was measured yet."));
    m_talkers.front().name->setVisible(!talkers.isEmpty());
    showSums();
}

void TrayPopup::showAt(const QPoint &corner)
{
    refresh();
    adjustSize();
    const QScreen *screen = QGuiApplication::screenAt(corner);
    const QRect free = (screen ? screen : QGuiApplication::primaryScreen())->availableGeometry();
    constexpr int gap = 8;
    QPoint place(corner.x() - size().width() / 2, corner.y() - size().height() - gap);
    if (place.y() < free.top())
        place.setY(corner.y() + gap);
    place.setX(std::clamp(place.x(), free.left() + gap,
                          std::max(free.left() + gap, free.right() - size().width() - gap)));
    place.setY(std::clamp(place.y(), free.top() + gap,
                          std::max(free.top() + gap, free.bottom() - size().height() - gap)));
    move(place);
    show();
    raise();
    activateWindow();
}

bool TrayPopup::event(QEvent *event)
{
    if (event->type() == QEvent::WindowDeactivate)
        hide();
    else if (event->type() == QEvent::ApplicationPaletteChange)
        applyPalette();
    return QFrame::event(event);
}

void TrayPopup::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Escape)
        hide();
    else
        QFrame::keyPressEvent(event);
}

/// The application's palette: a style sheet changes the widget's own.
void TrayPopup::applyPalette()
{
    const QPalette palette = QGuiApplication::palette();
    const Colours colours = coloursFor(palette);
    setStyleSheet(styleSheetFor(palette)
                  + u"QFrame#trayPopup { background: %1; border: 1px solid %2; }\n"
                    "QFrame#rule { background: %2; border: none; }\n"
                    "QLabel#problem { color: %3; }"_s.arg(palette.color(QPalette::Base).name(),
                                                          colours.border.name(), colours.warning.name()));
    const auto paint = [&](const Line &line) {
        QPalette rx = line.rx->palette();
        rx.setColor(QPalette::WindowText, colours.receive.text);
        line.rx->setPalette(rx);
        QPalette tx = line.tx->palette();
        tx.setColor(QPalette::WindowText, colours.send.text);
        line.tx->setPalette(tx);
    };
    for (const Line &line : m_talkers)
        paint(line);
    for (const Line &line : {m_now, m_today, m_month})
        paint(line);
}

} // namespace Nettally
