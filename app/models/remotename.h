// SPDX-License-Identifier: MIT
#pragma once

#include "namebook.h"

#include <qnamespace.h>

namespace Nettally {

/// What copying takes of a cell in place of its text, where that is more.
inline constexpr int copyRole = Qt::UserRole + 0x102;

/// The other end of a connection as people see it. The name is untrusted, see DnsMessage::name: a text that
/// it stands in must not begin with it, else it could pass for rich text.
struct RemoteName {
    Address address;
    QString addressText; ///< also where the address is not known
    NameBook::Name name;

    bool hasName() const { return !name.text.isEmpty(); }
    /// Asks @p book, which may be null; what it no longer knows stays. Whether that changed anything.
    bool ask(NameBook *book, quint32 programId);
    QString text(bool isNameShown) const { return isNameShown && hasName() ? name.text : addressText; }
    /// Both, where there are two.
    QString copyText(bool isNameShown) const;
    /// The name and where it comes from, to follow the address; empty where there is none.
    QString explanation() const;
    bool holds(const QString &text) const;
    /// By what is shown, those with a name first; addresses in their numeric order.
    static std::weak_ordering compare(const RemoteName &first, const RemoteName &second, bool areNamesShown);
};

} // namespace Nettally
