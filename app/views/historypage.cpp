// SPDX-License-Identifier: MIT
#include "historypage.h"

#include "elidedlabel.h"
#include "figuretree.h"
#include "historychart.h"
#include "historydelegate.h"
#include "historyrangebar.h"
#include "measureswitch.h"
#include "noticebar.h"
#include "palette.h"

#include <QAction>
#include <QBoxLayout>
#include <QButtonGroup>
#include <QDir>
#include <QEvent>
#include <QFileDialog>
#include <QFrame>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QMenu>
#include <QPainter>
#include <QSaveFile>
#include <QSortFilterProxyModel>
#include <QStackedLayout>
#include <QStandardPaths>
#include <QStyle>
#include <QSvgGenerator>
#include <QToolButton>

#include <algorithm>
#include <array>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

using By = HistoryQuery::By;

constexpr std::array groups = {By::Program, By::Remote, By::Protocol, By::Interface, By::Time};
constexpr QSize leastPicture(960, 480);
constexpr double pictureScale = 2; ///< sharp in print and on fine screens
constexpr int wideFrom = 800; ///< there is room for whole sentences
constexpr qint64 minuteS = 60;
/// After a minute is over, with what it takes to be written.
constexpr qint64 refreshAtS = 12;

} // namespace

HistoryPage::HistoryPage(const QTimeZone &zone, QWidget *parent)
    : QWidget(parent)
    , m_browser(zone)
    , m_range(new HistoryRangeBar(this))
    , m_measure(new MeasureSwitch(this))
    , m_groups(new QButtonGroup(this))
    , m_sentence(new ElidedLabel(this))
    , m_totals(new QLabel(this))
    , m_chart(new HistoryChart(m_browser, this))
    , m_note(new QLabel(this))
    , m_empty(new QLabel(this))
    , m_pathBar(new QWidget(this))
    , m_pathLayout(new QHBoxLayout(m_pathBar))
    , m_filterEdit(new QLineEdit(this))
    , m_filterIcon(m_filterEdit->addAction(QIcon(), QLineEdit::LeadingPosition))
    , m_filter(new QSortFilterProxyModel(this))
    , m_tree(new FigureTree(u"history"_s, this))
    , m_outlook(new QLabel(this))
    , m_saveNotice(new NoticeBar(this))
{
    m_filter->setSourceModel(&m_browser.model());
    m_filter->setSortRole(HistoryModel::SortRole);
    m_filter->setFilterRole(HistoryModel::FilterRole);
    m_filter->setFilterCaseSensitivity(Qt::CaseInsensitive);
    m_filter->setDynamicSortFilter(true);

    m_tree->setModel(m_filter);
    m_tree->setAccessibleName(tr("What moved in this time"));
    m_tree->setRootIsDecorated(false);
    m_tree->setItemDelegate(new HistoryDelegate(this));
    m_tree->setUpColumns({u"00.0 MiB"_s, u"00.0 MiB"_s, u"100.0 %"_s, u"> +999 %"_s, u"30 Nov, 00:00"_s,
                          u"30 Nov, 00:00"_s, u"000000000"_s},
                         HistoryModel::Share, Qt::DescendingOrder);
    m_tree->setRawUnits({{}, u"bytes"_s, u"bytes"_s, u"0 to 1"_s}, HistoryModel::SortRole);
    m_tree->setMinimumHeight(120);
    m_chart->setMinimumHeight(m_chart->minimumSizeHint().height());
    connect(m_tree, &QTreeView::customContextMenuRequested, this, &HistoryPage::showRowMenu);
    connect(m_tree, &QTreeView::doubleClicked, this, &HistoryPage::enterRow);
    setFocusProxy(m_tree);

    m_filterEdit->setPlaceholderText(tr("Filter by name or address"));
    m_filterEdit->setAccessibleName(tr("Filter"));
    m_filterEdit->setClearButtonEnabled(true);
    m_filterEdit->setMaximumWidth(320);
    connect(m_filterEdit, &QLineEdit::textChanged, this,
            [this](const QString &text) { m_filter->setFilterFixedString(text.trimmed()); });
    auto *clear = new QAction(this);
    clear->setShortcut(Qt::Key_Escape);
    clear->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    connect(clear, &QAction::triggered, this, [this] {
        m_filterEdit->clear();
        m_tree->setFocus();
    });
    m_filterEdit->addAction(clear);

    makeChoices();
    m_pathLayout->setContentsMargins(0, 0, 0, 0);
    m_pathLayout->setSpacing(0);
    for (QLabel *label : {m_note, m_outlook, m_empty}) {
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
        label->setProperty("muted", true);
    }
    m_outlook->setAccessibleName(tr("This month"));
    m_saveNotice->setDismissible(true);

    auto *choices = new QHBoxLayout;
    choices->setSpacing(2);
    for (QAbstractButton *button : m_groups->buttons())
        choices->addWidget(button);
    choices->addStretch(1);
    choices->addWidget(makeExportButton());
    auto *finding = new QHBoxLayout;
    finding->addWidget(m_filterEdit, 3);
    finding->addStretch(1);
    finding->addWidget(m_measure);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(10);
    layout->addWidget(m_range);
    layout->addWidget(m_saveNotice);
    layout->addWidget(m_pathBar);
    layout->addWidget(makeCard(), 3);
    layout->addLayout(choices);
    layout->addLayout(finding);
    layout->addWidget(m_tree, 2);
    layout->addWidget(m_outlook);
    // From the filter to what it found.
    setTabOrder(m_filterEdit, m_tree);
    setTabOrder(m_tree, m_measure);
    // They take what is left, however little that is.
    for (QWidget *widget : {static_cast<QWidget *>(m_tree), static_cast<QWidget *>(m_chart)})
        widget->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Ignored);

    addShortcut(Qt::Key_Return, m_tree, &HistoryPage::enterCurrent);
    addShortcut(Qt::Key_Enter, m_tree, &HistoryPage::enterCurrent);
    addShortcut(Qt::Key_Backspace, m_tree, &HistoryPage::leave);
    connect(m_chart, &HistoryChart::seriesActivated, this,
            [this](const QString &key) { m_browser.enter(key); });
    connect(m_range, &HistoryRangeBar::kindChosen, &m_browser, &HistoryBrowser::setLatest);
    connect(m_range, &HistoryRangeBar::previousRequested, &m_browser, &HistoryBrowser::goToPrevious);
    connect(m_range, &HistoryRangeBar::nextRequested, &m_browser, &HistoryBrowser::goToNext);
    connect(m_range, &HistoryRangeBar::customChosen, this, [this](qint64 fromUtcS, qint64 toUtcS) {
        m_browser.setRange(HistoryRange::custom(fromUtcS, toUtcS, m_browser.range().zone()));
    });
    connect(&m_browser, &HistoryBrowser::asked, this, &HistoryPage::showAsked);
    connect(&m_browser, &HistoryBrowser::changed, this, &HistoryPage::showAnswer);
    m_refreshTimer.setSingleShot(true);
    connect(&m_refreshTimer, &QTimer::timeout, this, [this] {
        m_browser.refresh();
        scheduleRefresh();
    });
    applyPalette();
    showAsked();
    showAnswer();
}

HistoryPage::~HistoryPage()
{
    sortFor(By::Program);
    m_tree->saveColumns();
}

QWidget *HistoryPage::makeCard()
{
    QFont bold = font();
    bold.setWeight(QFont::DemiBold);
    m_sentence->setFont(bold);
    m_sentence->setAccessibleName(tr("Time that is shown"));
    m_totals->setFont(withTabularFigures(font()));
    m_totals->setAccessibleName(tr("Moved in this time"));
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setMargin(24);
    m_empty->setAccessibleName(tr("Why there is no graph"));

    auto *card = new QFrame(this);
    card->setObjectName(u"card"_s);
    auto *head = new QHBoxLayout;
    head->setSpacing(12);
    head->addWidget(m_sentence, 1);
    head->addWidget(m_totals);
    auto *pages = new QWidget(card);
    m_cardStack = new QStackedLayout(pages);
    m_cardStack->addWidget(m_chart);
    m_cardStack->addWidget(m_empty);
    auto *layout = new QVBoxLayout(card);
    layout->setContentsMargins(14, 10, 14, 10);
    layout->setSpacing(6);
    layout->addLayout(head);
    layout->addWidget(pages, 1);
    layout->addWidget(m_note);
    return card;
}

void HistoryPage::makeChoices()
{
    for (const By by : groups) {
        auto *button = new QToolButton(this);
        button->setCheckable(true);
        switch (by) {
        case By::Program:
            button->setText(tr("Programs"));
            break;
        case By::Remote:
            button->setText(tr("Remotes"));
            button->setToolTip(tr("The addresses that were talked to"));
            break;
        case By::Protocol:
            button->setText(tr("Protocols"));
            break;
        case By::Interface:
            button->setText(tr("Networks"));
            button->setToolTip(tr("The interfaces it went through"));
            break;
        case By::Host:
        case By::Time:
            button->setText(tr("Time"));
            button->setToolTip(tr("All together, one after the other"));
            break;
        }
        m_groups->addButton(button, int(by));
    }
    connect(m_groups, &QButtonGroup::idClicked, this, [this](int id) { m_browser.setBy(By(id)); });
}

QToolButton *HistoryPage::makeExportButton()
{
    auto *button = new QToolButton(this);
    button->setText(tr("Export"));
    button->setToolTip(tr("Save what is shown (Ctrl+E)"));
    button->setShortcut(Qt::CTRL | Qt::Key_E);
    button->setPopupMode(QToolButton::InstantPopup);
    auto *menu = new QMenu(button);
    menu->addAction(tr("Table as CSV…"), this, [this] {
        askForFile(u"csv"_s, tr("Comma-separated values (*.csv)"),
                   [this](const QString &path) { return saveTable(path, Table::Csv); });
    });
    menu->addAction(tr("Table as JSON…"), this, [this] {
        askForFile(u"json"_s, tr("JSON (*.json)"),
                   [this](const QString &path) { return saveTable(path, Table::Json); });
    });
    menu->addAction(tr("Graph as PNG…"), this, [this] {
        askForFile(u"png"_s, tr("PNG picture (*.png)"),
                   [this](const QString &path) { return savePicture(path, Picture::Png); });
    });
    menu->addAction(tr("Graph as SVG…"), this, [this] {
        askForFile(u"svg"_s, tr("SVG drawing (*.svg)"),
                   [this](const QString &path) { return savePicture(path, Picture::Svg); });
    });
    button->setMenu(menu);
    return button;
}

void HistoryPage::addShortcut(const QKeySequence &keys, QWidget *owner, void (HistoryPage::*action)())
{
    auto *shortcut = new QAction(this);
    shortcut->setShortcut(keys);
    shortcut->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    connect(shortcut, &QAction::triggered, this, action);
    owner->addAction(shortcut);
}

void HistoryPage::askForFile(const QString &suffix, const QString &kind,
                             const std::function<QString(const QString &)> &save)
{
    // Not exec(): nothing is to wait for the dialog.
    auto *dialog = new QFileDialog(this, tr("Save what is shown"),
                                   QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation), kind);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(suffix);
    dialog->selectFile(u"nettally-history."_s + suffix);
    connect(dialog, &QFileDialog::fileSelected, this,
            [this, save](const QString &path) { m_saveNotice->setNotice(save(path)); });
    dialog->open();
}

QString HistoryPage::savePicture(const QString &path, Picture format) const
{
    QSaveFile file(path);
    const QSize size = m_chart->size().expandedTo(leastPicture);
    bool isWritten = file.open(QIODevice::WriteOnly);
    if (isWritten && format == Picture::Svg) {
        QSvgGenerator generator;
        generator.setOutputDevice(&file);
        generator.setSize(size);
        generator.setViewBox(QRect({}, size));
        generator.setTitle(m_browser.shownRange().sentence());
        QPainter painter(&generator);
        m_chart->paintPicture(painter, size);
    } else if (isWritten) {
        QImage image(size * pictureScale, QImage::Format_RGB32);
        image.setDevicePixelRatio(pictureScale);
        QPainter painter(&image);
        m_chart->paintPicture(painter, size);
        painter.end();
        isWritten = image.save(&file, "PNG");
    }
    isWritten = file.commit() && isWritten;
    return isWritten ? QString()
                     : tr("The file %1 cannot be written (%2): choose another folder.")
                           .arg(QDir::toNativeSeparators(path), file.errorString());
}

QString HistoryPage::saveTable(const QString &path, Table format) const
{
    QSaveFile file(path);
    const QByteArray text = format == Table::Csv ? m_browser.csv() : m_browser.json();
    if (file.open(QIODevice::WriteOnly) && file.write(text) == text.size() && file.commit())
        return {};
    return tr("The file %1 cannot be written (%2): choose another folder.")
        .arg(QDir::toNativeSeparators(path), file.errorString());
}

void HistoryPage::focusFilter()
{
    m_filterEdit->setFocus(Qt::ShortcutFocusReason);
    m_filterEdit->selectAll();
}

void HistoryPage::setCompact(bool compact)
{
    if (compact == m_isCompact)
        return;
    m_isCompact = compact;
    for (QToolButton *button : findChildren<QToolButton *>()) {
        button->setProperty("compact", compact);
        button->style()->unpolish(button);
        button->style()->polish(button);
    }
}

void HistoryPage::setUnitStyle(UnitStyle style)
{
    m_style = style;
    m_browser.setUnitStyle(style);
    m_chart->setUnitStyle(style);
    showAnswer();
}

void HistoryPage::setMeasure(Measure wanted)
{
    m_browser.setMeasure(wanted);
    m_measure->setMeasure(wanted);
}

void HistoryPage::setPaused(bool paused)
{
    m_isPaused = paused;
    if (!paused)
        refresh();
    scheduleRefresh();
}

void HistoryPage::refresh()
{
    if (isVisible() && !m_isPaused)
        m_browser.refresh();
}

void HistoryPage::showAsked()
{
    m_range->setRange(m_browser.range(), m_browser.nowUtcS());
    m_groups->button(int(m_browser.by()))->setChecked(true);
    showPath();
}

void HistoryPage::showPath()
{
    while (QLayoutItem *item = m_pathLayout->takeAt(0)) {
        if (item->widget())
            item->widget()->deleteLater();
        delete item;
    }
    const QList<HistoryStep> &path = m_browser.path();
    m_pathBar->setVisible(!path.isEmpty());
    const auto add = [this](const QString &text, qsizetype depth) {
        auto *button = new QToolButton(m_pathBar);
        button->setProperty("compact", m_isCompact);
        button->setText(fontMetrics().elidedText(text, Qt::ElideMiddle, 140).replace(u'&', u"&&"_s));
        // Names are untrusted: one on the first line could pass for rich text.
        button->setToolTip(tr("Back (Alt+Left: one back)") + u'\n' + text);
        button->setAccessibleName(text);
        button->setEnabled(depth < m_browser.path().size());
        connect(button, &QToolButton::clicked, this, [this, depth] { m_browser.leaveTo(depth); });
        m_pathLayout->addWidget(button);
    };
    add(tr("Everything"), 0);
    for (qsizetype i = 0; i < path.size(); ++i) {
        m_pathLayout->addWidget(new QLabel(isRightToLeft() ? u"‹"_s : u"›"_s, m_pathBar));
        add(path.at(i).name, i + 1);
    }
    m_pathLayout->addStretch(1);
}

void HistoryPage::showAnswer()
{
    const QString empty = m_browser.emptyText();
    m_empty->setText(empty);
    m_cardStack->setCurrentIndex(empty.isEmpty() ? 0 : 1);
    m_sentence->setText(m_browser.shownRange().sentence());
    m_sentence->setToolTip(m_sentence->text());
    showTotals();
    m_note->setText(m_browser.note());
    m_note->setVisible(!m_note->text().isEmpty());
    const QString outlook = outlookText();
    m_outlook->setText(outlook);
    m_outlook->setVisible(!outlook.isEmpty());
    m_chart->refresh();
    sortFor(m_browser.shownBy());
}

/// One after the other where rows are times; else as it was.
void HistoryPage::sortFor(By by)
{
    if ((by == By::Time) == m_isSortedByTime)
        return;
    m_isSortedByTime = by == By::Time;
    const QHeaderView *header = m_tree->header();
    if (m_isSortedByTime) {
        m_orderOfNames = {header->sortIndicatorSection(), header->sortIndicatorOrder()};
        m_tree->sortByColumn(HistoryModel::Name, Qt::DescendingOrder);
    } else {
        m_tree->sortByColumn(m_orderOfNames.first, m_orderOfNames.second);
    }
}

void HistoryPage::showTotals()
{
    const std::optional<MeasuredBytes> total = m_browser.total();
    const bool isShown = total && m_browser.emptyText().isEmpty();
    m_totals->setVisible(isShown);
    if (!isShown)
        return;
    const Colours colours = coloursFor(palette());
    QString text = u"<span style=\"color:%1\">↓ %2</span>&nbsp; <span style=\"color:%3\">↑ %4</span>"_s.arg(
        colours.receive.text.name(), formatBytes(total->rx, m_style.base), colours.send.text.name(),
        formatBytes(total->tx, m_style.base));
    if (const std::optional<double> change = m_browser.change()) {
        const QString changed = HistoryModel::changeText(change);
        text += u"&nbsp; <span style=\"color:%1\">%2</span>"_s.arg(
            colours.muted.name(),
            (width() < wideFrom ? changed : tr("%1 against the period before").arg(changed)).toHtmlEscaped());
    }
    m_totals->setText(text);
}

QString HistoryPage::outlookText() const
{
    const std::optional<MonthOutlook> outlook = m_browser.outlook();
    if (!outlook)
        return {};
    const auto bytes = [this](quint64 count) { return formatBytes(count, m_style.base); };
    const QString month = QLocale().toString(m_browser.outlookMonth(), tr("MMMM"));
    QString of;
    for (const HistoryStep &step : m_browser.path())
        of += u" · "_s + step.name;
    const QString soFar = tr("%1 so far%2: %3 received, %4 sent.")
                              .arg(month, of, bytes(outlook->soFar.rx), bytes(outlook->soFar.tx));
    if (!outlook->expected)
        return tr("%1 Where it is heading can be told after a day.").arg(soFar);
    return tr("%1 At this pace about %2 and %3 by its end (an estimate).")
        .arg(soFar, bytes(outlook->expected->rx), bytes(outlook->expected->tx));
}

void HistoryPage::enterRow(const QModelIndex &index)
{
    if (index.isValid() && m_browser.enter(index.data(HistoryModel::KeyRole).toString()))
        m_filterEdit->clear();
}

void HistoryPage::enterCurrent()
{
    enterRow(m_tree->currentIndex());
}

void HistoryPage::leave()
{
    m_browser.leaveTo(m_browser.path().size() - 1);
    m_depthOpened = std::min(m_depthOpened, m_browser.path().size());
}

void HistoryPage::open(const QList<HistoryStep> &path, HistoryQuery::By by)
{
    m_filterEdit->clear();
    m_depthOpened = path.size();
    m_browser.restrict(path, by);
}

bool HistoryPage::goBack()
{
    m_depthOpened = std::min(m_depthOpened, m_browser.path().size());
    if (m_browser.path().size() == m_depthOpened)
        return false;
    leave();
    return true;
}

void HistoryPage::showRowMenu(const QPoint &position)
{
    const QModelIndex index = m_tree->indexAt(position);
    if (!index.isValid())
        return;
    QMenu menu(this);
    m_tree->addRowActions(menu, index);
    // The rows may change places while the menu is open: everything is taken before.
    const QString key = index.data(HistoryModel::KeyRole).toString();
    const QString name = index.siblingAtColumn(HistoryModel::Name).data().toString().replace(u'&', u"&&"_s);
    if (m_browser.model().stepOf(key))
        menu.addAction(tr("What is behind “%1”").arg(name), this, [this, key] { m_browser.enter(key); });
    if (!m_browser.path().isEmpty())
        menu.addAction(tr("Back"), this, &HistoryPage::leave);
    menu.exec(m_tree->viewport()->mapToGlobal(position));
}

/// What leads up to now moves on once a minute.
void HistoryPage::scheduleRefresh()
{
    m_refreshTimer.stop();
    if (!isVisible() || m_isPaused)
        return;
    const qint64 intoMinuteS = m_browser.nowUtcS() % minuteS;
    const qint64 waitS = (refreshAtS - intoMinuteS + minuteS - 1) % minuteS + 1;
    m_refreshTimer.start(int(waitS * 1000));
}

void HistoryPage::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    m_browser.refresh();
    scheduleRefresh();
}

void HistoryPage::hideEvent(QHideEvent *event)
{
    m_refreshTimer.stop();
    QWidget::hideEvent(event);
}

void HistoryPage::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    showTotals();
}

void HistoryPage::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange) {
        applyPalette();
        showAnswer();
    }
    QWidget::changeEvent(event);
}

void HistoryPage::applyPalette()
{
    m_filterIcon->setIcon(symbol(u"filter"_s, coloursFor(palette()).muted));
    m_tree->takePalette(palette());
}

} // namespace Nettally
