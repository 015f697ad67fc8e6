// SPDX-License-Identifier: MIT
#include "csv.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Nettally {

QString csvCell(QString text)
{
    if (!text.isEmpty() && u"=+-@\t\r"_s.contains(text.front()))
        text.prepend(u'\'');
    const bool isPlain = std::none_of(text.cbegin(), text.cend(), [](QChar letter) {
        return letter == u',' || letter == u'"' || letter == u'\n' || letter == u'\r';
    });
    return isPlain ? text : u'"' + text.replace(u'"', u"\"\""_s) + u'"';
}

} // namespace Nettally
