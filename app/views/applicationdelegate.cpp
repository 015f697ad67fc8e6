// SPDX-License-Identifier: MIT
#include "applicationdelegate.h"

#include "livemodel.h"
#include "palette.h"

#include <QFileInfo>
#include <QImageReader>
#include <QPainter>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr int iconSize = 18;
constexpr int gap = 6;
constexpr qsizetype maxIcons = 500;
constexpr qint64 maxFileBytes = 1'048'576;
constexpr int maxPixels = 1024; ///< of each side, of a picture that is not scalable

/// What is named by a path may be anything.
QIcon iconOfFile(const QString &path)
{
    const QFileInfo file(path);
    if (!file.isFile() || file.size() > maxFileBytes)
        return {};
    QImageReader reader(path);
    const QSize size = reader.size();
    if (!reader.canRead() || size.width() > maxPixels || size.height() > maxPixels)
        return {};
    // Twice the size is sharp on fine screens too.
    constexpr int wanted = 2 * iconSize;
    if (size.isValid())
        reader.setScaledSize(size.scaled(wanted, wanted, Qt::KeepAspectRatio));
    return QIcon(QPixmap::fromImage(reader.read()));
}

QString symbolOf(ApplicationKind kind)
{
    switch (kind) {
    case ApplicationKind::Program:
        break;
    case ApplicationKind::Desktop:
        return u"kind-application"_s;
    case ApplicationKind::Flatpak:
    case ApplicationKind::Snap:
        return u"kind-package"_s;
    case ApplicationKind::UserUnit:
    case ApplicationKind::SystemUnit:
        return u"kind-service"_s;
    case ApplicationKind::Container:
        return u"kind-container"_s;
    case ApplicationKind::Script:
        return u"kind-script"_s;
    case ApplicationKind::Kernel:
        return u"kind-kernel"_s;
    }
    return u"kind-program"_s;
}

} // namespace

QIcon ApplicationDelegate::iconOf(const QModelIndex &index, const QColor &colour) const
{
    if (m_icons.size() > maxIcons)
        m_icons.clear();
    const QString name = index.data(LiveModel::IconRole).toString();
    if (!name.isEmpty()) {
        auto known = m_icons.find(name);
        if (known == m_icons.end())
            known = m_icons.insert(name, name.startsWith(u'/') ? iconOfFile(name) : QIcon::fromTheme(name));
        if (!known->isNull())
            return *known;
    }
    return symbolIn(symbolOf(ApplicationKind(index.data(LiveModel::KindRole).toInt())), colour);
}

QIcon ApplicationDelegate::symbolIn(const QString &name, const QColor &colour) const
{
    // A theme's name has no colon.
    const QString key = name + u':' + colour.name();
    auto known = m_icons.find(key);
    if (known == m_icons.end())
        known = m_icons.insert(key, symbol(name, colour));
    return *known;
}

void ApplicationDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option,
                                const QModelIndex &index) const
{
    const Colours colours = coloursFor(option.palette);
    const bool isMirrored = option.direction == Qt::RightToLeft;
    const bool hasIcon = index.data(LiveModel::KindRole).isValid();
    const auto executable = ExecutableState(index.data(LiveModel::ExecutableRole).toInt());
    const bool isMarked = executable == ExecutableState::Changed || executable == ExecutableState::Missing;
    QStyleOptionViewItem text = option;
    if (hasIcon)
        text.rect.setLeft(text.rect.left() + iconSize + gap);
    if (isMarked)
        text.rect.setRight(text.rect.right() - iconSize);
    if (isMirrored)
        text.rect.moveLeft(option.rect.left() + option.rect.right() - text.rect.right());
    // The background of what the text leaves.
    const QRegion rest = QRegion(option.rect) - text.rect;
    for (const QRect &part : rest) {
        if (option.state.testFlag(QStyle::State_Selected))
            painter->fillRect(part, option.palette.color(QPalette::Highlight));
        else if (option.state.testFlag(QStyle::State_MouseOver))
            painter->fillRect(part, colours.hover);
    }
    const auto place = [&](int left, int size) {
        QRect square(left, option.rect.top() + (option.rect.height() - size) / 2, size, size);
        if (isMirrored)
            square.moveLeft(option.rect.left() + option.rect.right() - square.right());
        return square;
    };
    const bool hasEnded = index.data(LiveModel::EndedRole).toBool();
    if (hasIcon)
        iconOf(index, colours.muted)
            .paint(painter, place(option.rect.left() + 2, iconSize), Qt::AlignCenter,
                   hasEnded ? QIcon::Disabled : QIcon::Normal);
    if (isMarked)
        symbolIn(u"warning"_s, colours.warning)
            .paint(painter, place(option.rect.right() - iconSize - 2, iconSize - 3));
    FigureDelegate::paint(painter, text, index);
}

} // namespace Nettally
