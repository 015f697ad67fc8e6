// SPDX-License-Identifier: MIT
#include "overviewpage.h"

#include "elidedlabel.h"
#include "interfacemodel.h"
#include "livemodel.h"
#include "measureswitch.h"
#include "palette.h"
#include "trafficchart.h"
#include "traffichistory.h"

#include <QBoxLayout>
#include <QEvent>
#include <QFrame>
#include <QGridLayout>
#include <QLabel>
#include <QPainter>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

/// From this width on the list stands beside the graph.
constexpr int wideFrom = 1020;
constexpr int busiestCountWide = 12;
constexpr int busiestCountBelow = 5;
/// Under this height the graph needs the room more.
constexpr int lowUnder = 470;
constexpr int busiestCountLow = 3;

/// What a program moves against the busiest one: received, then sent.
class ShareBar : public QWidget {
public:
    using QWidget::QWidget;

    void setShares(double rx, double tx)
    {
        m_rx = rx;
        m_tx = tx;
        update();
    }

    QSize sizeHint() const override { return {60, 4}; }

protected:
    void paintEvent(QPaintEvent *) override
    {
        const Colours colours = coloursFor(palette());
        QPainter painter(this);
        painter.fillRect(rect(), colours.border);
        const int rxWidth = qRound(m_rx * width());
        painter.fillRect(QRect(0, 0, rxWidth, height()), colours.receive.line);
        painter.fillRect(QRect(rxWidth, 0, qRound(m_tx * width()), height()), colours.send.line);
    }

private:
    double m_rx = 0;
    double m_tx = 0;
};

void setTextColour(QWidget *widget, const QColor &colour)
{
    QPalette palette = widget->palette();
    if (palette.color(QPalette::WindowText) == colour)
        return;
    palette.setColor(QPalette::WindowText, colour);
    widget->setPalette(palette);
}

} // namespace

OverviewPage::OverviewPage(const TrafficHistory &history, const LiveModel &model,
                           const InterfaceModel &interfaces, QWidget *parent)
    : QWidget(parent)
    , m_history(history)
    , m_model(model)
    , m_interfaces(interfaces)
    , m_chart(new TrafficChart(history, this))
    , m_body(new QBoxLayout(QBoxLayout::TopToBottom))
    , m_books(new QLabel(this))
{
    auto *figures = new QHBoxLayout;
    figures->setSpacing(12);
    figures->addWidget(makeFigure(m_receive, tr("Receiving")));
    figures->addWidget(makeFigure(m_send, tr("Sending")));

    auto *chartCard = new QFrame(this);
    chartCard->setObjectName(u"card"_s);
    auto *chartLayout = new QVBoxLayout(chartCard);
    chartLayout->setContentsMargins(12, 12, 16, 8);
    chartLayout->addWidget(m_chart);
    m_chart->setMinimumHeight(140);

    m_body->setSpacing(12);
    m_body->addWidget(chartCard, 1);
    m_busiestCard = makeBusiest();
    m_body->addWidget(m_busiestCard);
    setFocusPolicy(Qt::ClickFocus);

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(12);
    layout->addLayout(figures);
    layout->addWidget(m_books);
    layout->addLayout(m_body, 1);
    m_books->setWordWrap(true);
    m_books->setTextInteractionFlags(Qt::LinksAccessibleByMouse | Qt::LinksAccessibleByKeyboard);
    connect(m_books, &QLabel::linkActivated, this, &OverviewPage::interfacesRequested);
    // Without books there is no empty line.
    m_books->hide();

    connect(&m_interfaces, &InterfaceModel::changed, this, &OverviewPage::showBooks);
    connect(&m_history, &TrafficHistory::changed, this, &OverviewPage::refresh);
    applyPalette();
    refresh();
}

QFrame *OverviewPage::makeFigure(Figure &figure, const QString &caption)
{
    auto *card = new QFrame(this);
    card->setObjectName(u"card"_s);
    figure.icon = new QLabel(card);
    figure.caption = new QLabel(caption, card);
    figure.rate = new QLabel(card);
    figure.rate->setAccessibleName(caption);
    QFont large = withTabularFigures(font());
    large.setPointSizeF(large.pointSizeF() * 2.1);
    large.setWeight(QFont::DemiBold);
    figure.rate->setFont(large);
    figure.total = new ElidedLabel(card);
    figure.total->setFont(withTabularFigures(font()));

    auto *head = new QHBoxLayout;
    head->setSpacing(6);
    head->addWidget(figure.icon);
    head->addWidget(figure.caption, 1);
    auto *layout = new QVBoxLayout(card);
    layout->setContentsMargins(16, 12, 16, 12);
    layout->setSpacing(2);
    layout->addLayout(head);
    layout->addWidget(figure.rate);
    layout->addWidget(figure.total);
    return card;
}

QFrame *OverviewPage::makeBusiest()
{
    auto *card = new QFrame(this);
    card->setObjectName(u"card"_s);
    auto *layout = new QVBoxLayout(card);
    layout->setContentsMargins(16, 12, 16, 12);
    layout->setSpacing(8);
    auto *heading = new QLabel(tr("Busiest now"), card);
    heading->setObjectName(u"section"_s);
    layout->addWidget(heading);
    m_quiet = new QLabel(card);
    m_quiet->setProperty("muted", true);
    m_quiet->setWordWrap(true);
    layout->addWidget(m_quiet);

    const QFont tabular = withTabularFigures(font());
    const int rateWidth = QFontMetrics(tabular).horizontalAdvance(u"↓ 00.0 Kibit/s"_s);
    for (int i = 0; i < busiestCountWide; ++i) {
        auto *row = new QWidget(card);
        Busy busy{row, new ElidedLabel(row), new QLabel(row), new QLabel(row), new ShareBar(row)};
        busy.bar->setFixedHeight(3);
        for (QLabel *rate : {busy.rx, busy.tx}) {
            rate->setFont(tabular);
            rate->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
            rate->setMinimumWidth(rateWidth);
        }
        auto *grid = new QGridLayout(row);
        grid->setContentsMargins(0, 0, 0, 0);
        grid->setVerticalSpacing(3);
        grid->setColumnStretch(0, 1);
        grid->addWidget(busy.name, 0, 0);
        grid->addWidget(busy.rx, 0, 1);
        grid->addWidget(busy.tx, 0, 2);
        grid->addWidget(busy.bar, 1, 0, 1, 3);
        // An unused row keeps its place, so that the graph beside it does not change its height.
        QSizePolicy policy = row->sizePolicy();
        policy.setRetainSizeWhenHidden(i < m_busiestCount);
        policy.setVerticalPolicy(QSizePolicy::Fixed);
        row->setSizePolicy(policy);
        layout->addWidget(row);
        m_busiest.push_back(busy);
    }
    layout->addStretch(1);
    return card;
}

void OverviewPage::setUnitStyle(UnitStyle style)
{
    m_style = style;
    m_chart->setUnitStyle(style);
    refresh();
}

void OverviewPage::setPaused(bool paused)
{
    m_isPaused = paused;
    refresh();
}

void OverviewPage::setEmptyText(const QString &text)
{
    m_emptyText = text;
    refresh();
}

void OverviewPage::setCountingMs(qint64 milliseconds)
{
    m_countingMs = milliseconds;
    m_countingTold.start();
}

void OverviewPage::refresh()
{
    if (m_isPaused || !isVisible())
        return;
    m_chart->refresh();
    const QString since =
        m_countingMs < 0 ? QString() : formatDuration(m_countingMs + m_countingTold.elapsed());
    const auto show = [&](const Figure &figure, std::optional<double> rate, std::optional<quint64> total,
                          const QString &text, const QString &textSince) {
        figure.rate->setText(formatRate(rate, m_style));
        if (!total) {
            figure.total->setText(tr("Not measured yet"));
            return;
        }
        const QString bytes = formatBytes(*total, m_style.base);
        figure.total->setText(since.isEmpty() ? text.arg(bytes) : textSince.arg(bytes, since));
    };
    show(m_receive, m_history.rxBytesPerSecond(), m_history.rxBytesTotal(),
         tr("%1 received since the helper started"), tr("%1 received in %2"));
    show(m_send, m_history.txBytesPerSecond(), m_history.txBytesTotal(),
         tr("%1 sent since the helper started"), tr("%1 sent in %2"));
    QString explanation = tr("%1: %2").arg(MeasureSwitch::nameOf(m_history.measure()),
                                           MeasureSwitch::explanationOf(m_history.measure()));
    if (const std::optional<TrafficCounts> total = m_history.total())
        explanation += u"\n\n"_s + countsText(*total, m_measured, m_style.base);
    for (const Figure *figure : {&m_receive, &m_send}) {
        figure->rate->setToolTip(explanation);
        figure->total->setToolTip(explanation);
    }

    const QList<LiveModel::Talker> talkers = m_model.busiest(m_busiestCount);
    double most = 1;
    for (const LiveModel::Talker &talker : talkers)
        most = std::max(most, talker.rxBytesPerSecond + talker.txBytesPerSecond);
    for (size_t i = 0; i < m_busiest.size(); ++i) {
        const Busy &busy = m_busiest[i];
        busy.row->setVisible(qsizetype(i) < talkers.size());
        if (qsizetype(i) >= talkers.size())
            continue;
        const LiveModel::Talker &talker = talkers[qsizetype(i)];
        busy.name->setText(talker.name);
        busy.row->setToolTip(talker.toolTip);
        busy.rx->setText(u"↓ "_s + formatRate(talker.rxBytesPerSecond, m_style));
        busy.tx->setText(u"↑ "_s + formatRate(talker.txBytesPerSecond, m_style));
        static_cast<ShareBar *>(busy.bar)->setShares(talker.rxBytesPerSecond / most,
                                                     talker.txBytesPerSecond / most);
    }
    m_quiet->setVisible(talkers.isEmpty());
    m_quiet->setText(m_history.rxBytesPerSecond() ? tr("Nothing moves at the moment.") : m_emptyText);
}

void OverviewPage::setMeasured(CountsMeasured measured)
{
    m_measured = measured;
    refresh();
}

void OverviewPage::setBooksProblem(const QString &problem)
{
    m_booksProblem = problem;
    showBooks();
}

void OverviewPage::showBooks()
{
    if (m_isPaused)
        return;
    const std::optional<double> named = m_interfaces.namedShare();
    m_books->setVisible(named.has_value());
    if (!named)
        return;
    QString text = m_booksProblem;
    if (text.isEmpty() && m_interfaces.isBalanced())
        text = tr("The books balance: %1 named").arg(InterfaceModel::shareText(named));
    else if (text.isEmpty())
        text = tr("The books do not balance: an interface counts other bytes than its lines add up to.");
    const QString colour = palette().color(QPalette::WindowText).name();
    m_books->setText(
        u"<a href=\"interfaces\" style=\"color: %1\">%2</a>"_s.arg(colour, text.toHtmlEscaped()));
    m_books->setToolTip(tr("What each interface counted, and who it is put down to"));
    m_books->setAccessibleName(text);
}

void OverviewPage::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange)
        applyPalette();
    QWidget::changeEvent(event);
}

void OverviewPage::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    fitToSize();
}

void OverviewPage::fitToSize()
{
    const bool isWide = width() >= wideFrom;
    const int count = isWide ? busiestCountWide : height() < lowUnder ? busiestCountLow : busiestCountBelow;
    m_body->setDirection(isWide ? QBoxLayout::LeftToRight : QBoxLayout::TopToBottom);
    m_busiestCard->setMinimumWidth(isWide ? 360 : 0);
    m_busiestCard->setMaximumWidth(isWide ? 360 : QWIDGETSIZE_MAX);
    if (count == m_busiestCount)
        return;
    m_busiestCount = count;
    for (size_t i = 0; i < m_busiest.size(); ++i) {
        QSizePolicy policy = m_busiest[i].row->sizePolicy();
        policy.setRetainSizeWhenHidden(static_cast<int>(i) < count);
        m_busiest[i].row->setSizePolicy(policy);
    }
    refresh();
}

void OverviewPage::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    refresh();
}

void OverviewPage::applyPalette()
{
    showBooks();
    const Colours colours = coloursFor(palette());
    m_receive.icon->setPixmap(
        symbol(u"receive"_s, colours.receive.line).pixmap(QSize(16, 16), devicePixelRatioF()));
    m_send.icon->setPixmap(symbol(u"send"_s, colours.send.line).pixmap(QSize(16, 16), devicePixelRatioF()));
    setTextColour(m_receive.rate, colours.receive.text);
    setTextColour(m_send.rate, colours.send.text);
    for (const Figure *figure : {&m_receive, &m_send}) {
        setTextColour(figure->caption, colours.muted);
        setTextColour(figure->total, colours.muted);
    }
    for (const Busy &busy : m_busiest) {
        setTextColour(busy.rx, colours.receive.text);
        setTextColour(busy.tx, colours.send.text);
    }
}

} // namespace Nettally
