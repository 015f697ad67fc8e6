// SPDX-License-Identifier: MIT
#pragma once

#include "units.h"
#include "usage.h"

#include <QTime>
#include <QTimer>
#include <QWidget>

#include <memory>

class QButtonGroup;
class QLabel;
class QProgressBar;
class QPushButton;
class QStackedLayout;

namespace Nettally {

class FigureTree;
class InterfaceModel;
class InterfaceOrder;

/**
 * The books: what each interface counted, and what it is made of. On request every frame is watched for ten
 * seconds, which names what the books call unseen; what that found stays until the next time.
 */
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
    void setUnitStyle(UnitStyle style);
    /// Whether the helper can be asked now.
    void setCanExplain(bool can);
    /// What the frames were, that explanationWanted() asked for.
    void setExplanation(const QList<InterfaceBalance> &interfaces);
    /// Why there is none, a sentence.
    void setExplanationProblem(const QString &problem);

Q_SIGNALS:
    void explanationWanted(quint32 seconds);

protected:
    void changeEvent(QEvent *event) override;

private:
    void refresh();
    void expandFirst();
    void showRowMenu(FigureTree *tree, const QPoint &position);
    void explain();
    void showProgress();
    void endProgress();
    QString summary() const;
    bool isExplanationShown() const;

    InterfaceModel &m_model;
    std::unique_ptr<InterfaceModel> m_explained;
    InterfaceOrder *m_order;
    InterfaceOrder *m_explainedOrder;
    QLabel *m_summary;
    QPushButton *m_explain;
    QProgressBar *m_progress;
    QLabel *m_explanationProblem;
    QWidget *m_choice;
    QButtonGroup *m_choices; ///< the books, and what was explained
    FigureTree *m_tree;
    FigureTree *m_explainedTree;
    QLabel *m_empty;
    QStackedLayout *m_stack;
    QString m_problem;
    QTimer m_progressTimer;
    QTime m_explainedFrom; ///< of the result
    QTime m_askedAt; ///< of the request under way
    bool m_canExplain = false;
    bool m_hasExpanded = false;
};

} // namespace Nettally
