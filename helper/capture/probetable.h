// SPDX-License-Identifier: MIT
#pragma once

#include "kernelsupport.h"
#include "usagesource.h"

#include <span>
#include <vector>

/// What the programs in bpf/ measure, and by which hooks.
namespace Nettally::ProbeTable {

/// A program of the object and the hook it needs.
struct Part {
    const char *program;
    KernelSupport::Hook hook;
    const char *target;
    bool isOptional = false; ///< its function exists on some kernels only and is not missed on the others
};

/// One way to measure something; every part that is not optional must work.
struct Alternative {
    const char *mechanism;
    std::vector<Part> parts;
    const char *loss; ///< what it does not see; empty if nothing
};

/// One thing measured, with its alternatives, best first.
struct Purpose {
    const char *name;
    std::vector<Alternative> alternatives;
    const char *lossIfMissing;
};

std::span<const Purpose> purposes();

/// A program at the root of the control groups. What it measures may be missing without harm to the rest.
struct GroupHook {
    const char *purpose;
    const char *mechanism;
    const char *program;
    const char *lossIfMissing;
};

std::span<const GroupHook> groupHooks();

/// In the user's language: a text of these tables.
QString translated(const char *text);

/// Tries the alternatives of @p purpose: the account of the first that this kernel grants, whose programs are
/// added to @p programs; or why there is none.
ProbeState choose(const Purpose &purpose, std::vector<const char *> *programs);
/// The account of one whose programs run already.
ProbeState chosen(const Purpose &purpose, const Alternative &alternative);

} // namespace Nettally::ProbeTable
