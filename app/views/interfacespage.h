// SPDX-License-Identifier: MIT
#pragma once

#include <QWidget>

class QLabel;
class QStackedLayout;

namespace Nettally {

class FigureTree;
class InterfaceModel;
class InterfaceOrder;

/// The books: what each interface counted, and what it is made of.
class InterfacesPage : public QWidget {
    Q_OBJECT

public:
    /// Must not outlive @p model.
    explicit InterfacesPage(InterfaceModel &model, QWidget *parent = nullptr);
    ~InterfacesPage() override;

    /// What to say while there are no interfaces.
    void setEmptyText(const QString &text);
    /// Why no byte can be named; empty when nothing is missing.
    void setProblem(const QString &text);

protected:
    void changeEvent(QEvent *event) override;

private:
    void refresh();
    void expandFirst();
    void showRowMenu(const QPoint &position);

    InterfaceModel &m_model;
    InterfaceOrder *m_order;
    QLabel *m_summary;
    FigureTree *m_tree;
    QLabel *m_empty;
    QStackedLayout *m_stack;
    QString m_problem;
    bool m_hasExpanded = false;
};

} // namespace Nettally
