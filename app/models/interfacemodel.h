// SPDX-License-Identifier: MIT
#pragma once

#include "tone.h"
#include "units.h"
#include "usage.h"

#include <QAbstractItemModel>

#include <memory>
#include <optional>
#include <vector>

namespace Nettally {

/**
 * The books of the interfaces: below each what its counters are made of, line by line to the byte, and last
 * the lines' sum beside the counter. Rows come and go with fine-grained signals. A line that was told of
 * once stays while the interface does, so that rows do not flicker with what is 0 now and then.
 * Also for what an audit found, whose lines take the place of what is not seen.
 */
class InterfaceModel : public QAbstractItemModel {
    Q_OBJECT

public:
    enum Column { Name, Received, ReceivedShare, Sent, SentShare, Explanation, ColumnCount };
    enum Role {
        SortRole = Qt::UserRole, ///< the raw figure: bytes, or a share from 0 to 1; invalid when not known
        SumRole, ///< bool: the last row of an interface
    };

    /// Which time the figures are of.
    enum class Span { SinceStart, Audit };

    explicit InterfaceModel(Span span = Span::SinceStart, QObject *parent = nullptr);
    ~InterfaceModel() override;

    void take(const QList<InterfaceBalance> &interfaces,
              const std::optional<MachineBytes> &machine = std::nullopt);
    /// While paused take() changes nothing.
    void setPaused(bool paused) { m_isPaused = paused; }
    void setUnitStyle(UnitStyle style);

    /// The share of all interfaces' bytes that is named; none before there are any.
    std::optional<double> namedShare() const;
    /// Whether each interface's lines add up to its counters.
    bool isBalanced() const;
    /// Of all interfaces, received and sent.
    quint64 bytesTotal() const;
    /// "1.0 GiB received, 20 MiB sent": the machine's exchange with others; empty: not known.
    QString machineText() const;

    /// "99.98 %"; only what is whole reads "100 %", and what is not nothing never "0 %".
    static QString shareText(std::optional<double> share);

    QModelIndex index(int row, int column, const QModelIndex &parent = {}) const override;
    QModelIndex parent(const QModelIndex &index) const override;
    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

Q_SIGNALS:
    void changed(); ///< after each take() that was not paused

private:
    struct Node;
    struct LineNode;
    struct InterfaceNode;

    static const Node *node(const QModelIndex &index);
    static const InterfaceNode *asInterface(const Node *node);
    QModelIndex indexOf(const Node *node, int column = 0) const;
    void removeMissing(const QList<InterfaceBalance> &interfaces);
    void update(InterfaceNode &interface, const InterfaceBalance &balance);

    QString name(const Node &node) const;
    static std::optional<double> share(const Node &node, bool isReceived);
    QVariant sortValue(const Node &node, int column) const;
    QString display(const Node &node, int column) const;
    QString toolTip(const Node &node) const;
    static QString explanation(const Node &node);
    static Tone tone(const Node &node, int column);

    std::vector<std::unique_ptr<InterfaceNode>> m_rows;
    std::optional<MachineBytes> m_machine;
    Span m_span;
    UnitStyle m_style;
    bool m_isPaused = false;
};

} // namespace Nettally
