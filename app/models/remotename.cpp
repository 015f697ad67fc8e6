// SPDX-License-Identifier: MIT
#include "remotename.h"

#include <QCoreApplication>

using namespace Qt::StringLiterals;

namespace Nettally {

bool RemoteName::ask(NameBook *book, quint32 programId)
{
    if (!book || !address.isKnown())
        return false;
    const NameBook::Name now = book->nameOf(programId, address);
    if (now.text.isEmpty() || now == name)
        return false;
    name = now;
    return true;
}

QString RemoteName::copyText(bool isNameShown) const
{
    if (!hasName())
        return addressText;
    return isNameShown ? u"%1 (%2)"_s.arg(name.text, addressText) : u"%1 (%2)"_s.arg(addressText, name.text);
}

QString RemoteName::explanation() const
{
    switch (name.origin) {
    case NameBook::Origin::None:
        break;
    case NameBook::Origin::Program:
        return QCoreApplication::translate("RemoteName", "Name: %1, asked for by this program")
            .arg(name.text);
    case NameBook::Origin::OtherProgram:
        return QCoreApplication::translate("RemoteName", "Name: %1, asked for by another program")
            .arg(name.text);
    }
    return {};
}

bool RemoteName::holds(const QString &text) const
{
    return addressText.contains(text, Qt::CaseInsensitive) || name.text.contains(text, Qt::CaseInsensitive);
}

std::weak_ordering RemoteName::compare(const RemoteName &first, const RemoteName &second, bool areNamesShown)
{
    if (areNamesShown && (first.hasName() || second.hasName())) {
        if (first.hasName() != second.hasName())
            return first.hasName() ? std::weak_ordering::less : std::weak_ordering::greater;
        if (const int order = QString::compare(first.name.text, second.name.text, Qt::CaseInsensitive))
            return order <=> 0;
    }
    return first.address <=> second.address;
}

} // namespace Nettally
