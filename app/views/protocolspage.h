// SPDX-License-Identifier: MIT
#pragma once

#include "usagepage.h"

namespace Nettally {

class ProtocolsModel;

/// The table of protocols, their services, and the programs that use them.
class ProtocolsPage : public UsagePage {
    Q_OBJECT

public:
    /// Must not outlive @p model.
    explicit ProtocolsPage(ProtocolsModel &model, QWidget *parent = nullptr);
};

} // namespace Nettally
