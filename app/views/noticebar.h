// SPDX-License-Identifier: MIT
#pragma once

#include <QFrame>

class QLabel;
class QPushButton;
class QToolButton;

namespace Nettally {

/// A sentence above the page that says what is wrong and what to do, with at most one button to do it.
/// Hidden while there is nothing to say.
class NoticeBar : public QFrame {
    Q_OBJECT

public:
    explicit NoticeBar(QWidget *parent = nullptr);

    /// Shows @p text; without an @p action there is no button. An empty text hides the bar.
    void setNotice(const QString &text, const QString &action = {});
    /// Lets the reader put the bar away until another text comes.
    void setDismissible(bool dismissible);

Q_SIGNALS:
    void actionRequested();

protected:
    void changeEvent(QEvent *event) override;

private:
    void applyPalette();

    QLabel *m_icon;
    QLabel *m_text;
    QPushButton *m_action;
    QToolButton *m_dismiss;
    QString m_dismissed;
};

} // namespace Nettally
