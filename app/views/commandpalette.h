// SPDX-License-Identifier: MIT
#pragma once

#include <QDialog>

#include <functional>

class QLineEdit;
class QTreeWidget;

namespace Nettally {

/// A line to type in, and below it what was found: whatever can be opened or done.
class CommandPalette : public QDialog {
    Q_OBJECT

public:
    struct Entry {
        QString text;
        QString kind; ///< what it is, for people
        std::function<void()> run;
    };
    /// What holds the text, the best first; all that is worth offering for an empty one.
    using Source = std::function<QList<Entry>(const QString &text)>;

    explicit CommandPalette(const Source &source, QWidget *parent);

    /// Over the top of the parent, with nothing typed.
    void open() override;

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void find();
    void runCurrent();

    Source m_source;
    QList<Entry> m_found;
    QLineEdit *m_edit;
    QTreeWidget *m_list;
};

} // namespace Nettally
