// SPDX-License-Identifier: MIT
#include "remotespage.h"

#include "figuretree.h"
#include "placedelegate.h"

#include <QButtonGroup>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QSettings>
#include <QToolButton>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr auto groupingKey = "remotes/grouping";

} // namespace

RemotesPage::RemotesPage(RemotesModel &model, const PlaceBook &places, QWidget *parent)
    : UsagePage(model, u"remotes"_s, parent)
    , m_model(model)
    , m_places(places)
    , m_groupings(new QButtonGroup(this))
{
    setNoMatchText(tr("No remote host matches “%1”."));
    filterEdit().setPlaceholderText(tr("Filter by name, address, place or program"));
    FigureTree &tree = table();
    tree.setAccessibleName(tr("Remote hosts"));
    tree.setItemDelegate(new PlaceDelegate(this));
    // Addresses of one network differ at their end, and names of one domain at their begin.
    tree.setTextElideMode(Qt::ElideMiddle);
    tree.setUpColumns({u"198.51.100.255"_s, u"DE Local network"_s, u"Example Network"_s, u"firefox, curl"_s,
                       u"00.0 MiB/s"_s, u"00.0 MiB/s"_s, u"00.0 MiB"_s, u"00.0 MiB"_s, u"0000"_s, u"00:00"_s,
                       u"00:00"_s},
                      RemotesModel::ReceiveRate, Qt::DescendingOrder,
                      {RemotesModel::AddressText, RemotesModel::Programs, RemotesModel::Connections,
                       RemotesModel::FirstSeen, RemotesModel::LastSeen});
    tree.setRawUnits({{}, {}, {}, {}, {}, u"bytes/s"_s, u"bytes/s"_s, u"bytes"_s, u"bytes"_s});

    const auto addGrouping = [this](RemotesModel::Grouping grouping, const QString &text,
                                    const QString &tip) {
        auto *button = new QToolButton(this);
        button->setText(text);
        button->setToolTip(tip);
        button->setCheckable(true);
        m_groupings->addButton(button, int(grouping));
        choices().addWidget(button);
    };
    addGrouping(RemotesModel::Grouping::Address, tr("Address"), tr("A row for each address"));
    addGrouping(RemotesModel::Grouping::Name, tr("Name"),
                tr("Addresses that programs asked for by one name together"));
    addGrouping(RemotesModel::Grouping::Network, tr("Network"), tr("Addresses of one operator together"));
    addGrouping(RemotesModel::Grouping::Country, tr("Country"), tr("Addresses of one country together"));
    const int kept = QSettings().value(QLatin1StringView(groupingKey)).toInt();
    const auto grouping = RemotesModel::Grouping(kept >= 0 && kept < 4 ? kept : 0);
    m_groupings->button(int(grouping))->setChecked(true);
    m_model.setGrouping(grouping);
    connect(m_groupings, &QButtonGroup::idClicked, this, [this](int id) {
        m_model.setGrouping(RemotesModel::Grouping(id));
        QSettings().setValue(QLatin1StringView(groupingKey), id);
    });
    connect(&m_model, &RemotesModel::placesChanged, this, &RemotesPage::showPlaces);
    showPlaces();
}

/// Without a file that tells of them there are no columns of places, and nothing to group by.
void RemotesPage::showPlaces()
{
    table().setAbsentColumns(m_places.hasNetworks() ? QList<int>() : QList<int>{RemotesModel::Network});
    m_groupings->button(int(RemotesModel::Grouping::Network))->setVisible(m_places.hasNetworks());
    m_groupings->button(int(RemotesModel::Grouping::Country))->setVisible(m_places.hasCountries());
    if (m_groupings->checkedButton()->isHidden()) {
        m_groupings->button(int(RemotesModel::Grouping::Address))->setChecked(true);
        m_model.setGrouping(RemotesModel::Grouping::Address);
    }
    setNote(m_places.problem());
}

} // namespace Nettally
