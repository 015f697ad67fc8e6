// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Rows of flows that are over, and places of programs that ended, are taken back when the helper asks. */
#include "accounting.h"

#include <bpf/bpf_tracing.h>

/* Out of the index first: who finds it gone makes a row of its own, and none is found that nobody may use. */
static __always_inline nt_u32 retireRow(const struct nt_recycle *work)
{
    struct nt_row *row = rowAt(work->index);
    struct nt_row_place *known;
    struct nt_row_key key;

    if (!row || row->generation != work->generation || !(row->generation & 1) || row->openSockets > 0)
        return NT_RECYCLE_REFUSED;
    key = row->key;
    known = bpf_map_lookup_elem(&row_index, &key);
    if (!known || known->row != work->index)
        return NT_RECYCLE_REFUSED;
    bpf_map_delete_elem(&row_index, &key);
    publish(&row->generation, work->generation + 1);
    return NT_RECYCLE_DONE;
}

static __always_inline nt_u32 freeRow(const struct nt_recycle *work, struct nt_control *shared)
{
    struct nt_row *row = rowAt(work->index);
    nt_u32 index = work->index;

    if (!row || row->generation != work->generation || row->generation & 1
        || row->key.program == NT_FREE_PROGRAM)
        return NT_RECYCLE_REFUSED;
    row->key.program = NT_FREE_PROGRAM;
    if (bpf_map_push_elem(&free_rows, &index, 0))
        return NT_RECYCLE_REFUSED;
    __sync_fetch_and_add(&shared->freedRows, 1);
    return NT_RECYCLE_DONE;
}

static __always_inline struct nt_program *programToRecycle(const struct nt_recycle *work)
{
    nt_u32 index = work->index;
    struct nt_program *program = bpf_map_lookup_elem(&programs, &index);

    return program && index != NT_OVERFLOW_INDEX && program->generation == work->generation && program->ready
            && program->endedNs
        ? program
        : NULL;
}

static __always_inline nt_u32 retireProgram(const struct nt_recycle *work)
{
    struct nt_program *program = programToRecycle(work);
    struct nt_program_key key;
    nt_u32 *known;

    if (!program)
        return NT_RECYCLE_REFUSED;
    key = program->key;
    known = bpf_map_lookup_elem(&program_index, &key);
    if (known && *known == work->index)
        bpf_map_delete_elem(&program_index, &key);
    publish(&program->generation, work->generation + 1);
    return NT_RECYCLE_DONE;
}

static __always_inline nt_u32 freeProgram(const struct nt_recycle *work, struct nt_control *shared)
{
    struct nt_program *program = programToRecycle(work);
    nt_u32 index = work->index;

    if (!program)
        return NT_RECYCLE_REFUSED;
    program->ready = 0;
    if (bpf_map_push_elem(&free_programs, &index, 0))
        return NT_RECYCLE_REFUSED;
    __sync_fetch_and_add(&shared->freedPrograms, 1);
    return NT_RECYCLE_DONE;
}

/* Comes once for each request. */
SEC("iter/bpf_map_elem")
int recycle(struct bpf_iter__bpf_map_elem *context)
{
    struct nt_recycle *asked = context->value;
    struct nt_control *shared = controlBlock();
    struct nt_recycle work;

    if (!asked || !shared)
        return 0;
    work = *asked;
    switch (work.step) {
    case NT_RECYCLE_RETIRE_ROW:
        asked->step = retireRow(&work);
        break;
    case NT_RECYCLE_FREE_ROW:
        asked->step = freeRow(&work, shared);
        break;
    case NT_RECYCLE_RETIRE_PROGRAM:
        asked->step = retireProgram(&work);
        break;
    case NT_RECYCLE_FREE_PROGRAM:
        asked->step = freeProgram(&work, shared);
        break;
    }
    return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
