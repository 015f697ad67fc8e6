// SPDX-License-Identifier: MIT
#include "protocolspage.h"

#include "figuretree.h"
#include "placedelegate.h"
#include "protocolsmodel.h"

#include <QLineEdit>

using namespace Qt::StringLiterals;

namespace Nettally {

ProtocolsPage::ProtocolsPage(ProtocolsModel &model, QWidget *parent)
    : UsagePage(model, u"protocols"_s, parent)
{
    setNoMatchText(tr("No protocol, service or program matches “%1”."));
    filterEdit().setPlaceholderText(tr("Filter by protocol, service, port or program"));
    FigureTree &tree = table();
    tree.setAccessibleName(tr("Protocols"));
    tree.setItemDelegate(new PlaceDelegate(this));
    tree.setUpColumns({u"firefox, curl"_s, u"00.0 MiB/s"_s, u"00.0 MiB/s"_s, u"00.0 MiB"_s, u"00.0 MiB"_s,
                       u"00000000 100.0 %"_s, u"0000"_s},
                      ProtocolsModel::Share, Qt::DescendingOrder, {ProtocolsModel::Connections});
    tree.setRawUnits({{}, {}, u"bytes/s"_s, u"bytes/s"_s, u"bytes"_s, u"bytes"_s, u"0 to 1"_s});
}

} // namespace Nettally
