// SPDX-License-Identifier: MIT
#pragma once

#include <QLabel>

namespace Nettally {

/// One line of plain text that gives way: what does not fit ends in an ellipsis instead of widening the
/// window.
class ElidedLabel : public QLabel {
    Q_OBJECT

public:
    using QLabel::QLabel;

    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
};

} // namespace Nettally
