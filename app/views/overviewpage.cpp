// SPDX-License-Identifier: MIT
#include "overviewpage.h"

#include "elidedlabel.h"
#include "livemodel.h"
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

constexpr int busiestCount = 5;
/// From this width on the list stands beside the graph.
constexpr int wideFrom = 1020;

/// What a program moves against the busiest one: received, then sent.
class ShareBar : public QWidget
{
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

OverviewPage::OverviewPage(const TrafficHistory &history, const LiveModel &model, QWidget *parent)
    : QWidget(parent)
    , m_history(history)
    , m_model(model)
    , m_chart(new TrafficChart(history, this))
    , m_body(new QBoxLayout(QBoxLayout::TopToBottom))
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

    m_body->setSpacing(12);
    m_body->addWidget(chartCard, 1);
    m_body->addWidget(makeBusiest());

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(12);
    layout->addLayout(figures);
    layout->addLayout(m_body, 1);

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

    auto *grid = new QGridLayout;
    grid->setHorizontalSpacing(16);
    grid->setVerticalSpacing(3);
    grid->setColumnStretch(0, 1);
    const QFont tabular = withTabularFigures(font());
    const int rateWidth = QFontMetrics(tabular).horizontalAdvance(u"0000 Kibit/s"_s);
    for (int i = 0; i < busiestCount; ++i) {
        Busy busy {new ElidedLabel(card), new QLabel(card), new QLabel(card), new ShareBar(card)};
        busy.bar->setFixedHeight(3);
        for (QLabel *rate : {busy.rx, busy.tx}) {
            rate->setFont(tabular);
            rate->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
            rate->setMinimumWidth(rateWidth);
        }
        grid->addWidget(busy.name, 2 * i, 0);
        grid->addWidget(busy.rx, 2 * i, 1);
        grid->addWidget(busy.tx, 2 * i, 2);
        grid->addWidget(busy.bar, 2 * i + 1, 0, 1, 3);
        m_busiest.push_back(busy);
    }
    layout->addLayout(grid);
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
}

void OverviewPage::refresh()
{
    if (m_isPaused || !isVisible())
        return;
    m_chart->refresh();
    const QString since = m_countingMs < 0 ? QString() : formatDuration(m_countingMs);
    const auto show = [&](const Figure &figure, std::optional<double> rate, std::optional<quint64> total,
                          const QString &text, const QString &textSince) {
        figure.rate->setText(formatRate(rate, m_style));
        const QString bytes = total ? formatBytes(*total, m_style.base) : unknownText();
        figure.total->setText(since.isEmpty() ? text.arg(bytes) : textSince.arg(bytes, since));
    };
    show(m_receive, m_history.rxBytesPerSecond(), m_history.rxBytesTotal(), tr("%1 received since the helper started"),
         tr("%1 received in %2"));
    show(m_send, m_history.txBytesPerSecond(), m_history.txBytesTotal(), tr("%1 sent since the helper started"),
         tr("%1 sent in %2"));
    const QString explanation = since.isEmpty()
        ? tr("Payload of the programs shown, since the helper started")
        : tr("Payload of the programs shown, since the helper started %1 ago").arg(since);
    m_receive.total->setToolTip(explanation);
    m_send.total->setToolTip(explanation);

    const QList<LiveModel::Talker> talkers = m_model.busiest(busiestCount);
    double most = 1;
    for (const LiveModel::Talker &talker : talkers)
        most = std::max(most, talker.rxBytesPerSecond + talker.txBytesPerSecond);
    for (size_t i = 0; i < m_busiest.size(); ++i) {
        const Busy &busy = m_busiest[i];
        const bool isUsed = qsizetype(i) < talkers.size();
        // Unused lines keep their place, so that the graph above does not change its height.
        busy.bar->setVisible(isUsed);
        busy.name->setText(isUsed ? talkers[qsizetype(i)].name : QString());
        busy.name->setToolTip(isUsed ? talkers[qsizetype(i)].toolTip : QString());
        busy.rx->setText(isUsed ? u"↓ "_s + formatRate(talkers[qsizetype(i)].rxBytesPerSecond, m_style) : QString());
        busy.tx->setText(isUsed ? u"↑ "_s + formatRate(talkers[qsizetype(i)].txBytesPerSecond, m_style) : QString());
        if (isUsed) {
            static_cast<ShareBar *>(busy.bar)->setShares(talkers[qsizetype(i)].rxBytesPerSecond / most,
                                                         talkers[qsizetype(i)].txBytesPerSecond / most);
        }
    }
    m_quiet->setVisible(talkers.isEmpty());
    m_quiet->setText(m_history.rxBytesPerSecond() ? tr("Nothing moves at the moment.") : m_emptyText);
}

void OverviewPage::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange)
        applyPalette();
    QWidget::changeEvent(event);
}

void OverviewPage::resizeEvent(QResizeEvent *event)
{
    const bool isWide = width() >= wideFrom;
    m_body->setDirection(isWide ? QBoxLayout::LeftToRight : QBoxLayout::TopToBottom);
    m_body->itemAt(1)->widget()->setFixedWidth(isWide ? 360 : QWIDGETSIZE_MAX);
    if (!isWide) {
        m_body->itemAt(1)->widget()->setMinimumWidth(0);
        m_body->itemAt(1)->widget()->setMaximumWidth(QWIDGETSIZE_MAX);
    }
    QWidget::resizeEvent(event);
}

void OverviewPage::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    refresh();
}

void OverviewPage::applyPalette()
{
    const Colours colours = coloursFor(palette());
    m_receive.icon->setPixmap(symbol(u"receive"_s, colours.receive.line).pixmap(QSize(16, 16), devicePixelRatioF()));
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
