// SPDX-License-Identifier: MIT
#pragma once

#include "remotesmodel.h"
#include "usagepage.h"

class QButtonGroup;

namespace Nettally {

/// The table of remote hosts, alone or by name, network or country, and their programs.
class RemotesPage : public UsagePage {
    Q_OBJECT

public:
    /// Must not outlive the two.
    RemotesPage(RemotesModel &model, const PlaceBook &places, QWidget *parent = nullptr);

private:
    void showPlaces();

    RemotesModel &m_model;
    const PlaceBook &m_places;
    QButtonGroup *m_groupings;
};

} // namespace Nettally
