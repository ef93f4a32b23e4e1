/* adopt: links out of the bridge keys the CRM's records carry, after the store was lost. */
#pragma once
#include "bridge/sync/route.h"

/* adopt_emit: one row per record looked at: {"key","label","act":"linked|known|unmatched|ambiguous|excluded|failed","t_id",
 * "why","differs":[fields],"again":true}, in the order of the jobs; again: it failed in passing, ask again (wait_until of the
 * route says when). Cells that are the same on both sides agree from now on; those that differ have no shadow, and
 * the next sync decides them as at first contact. */
typedef void adopt_emit(void *self, const json_t *row);

/* sync_adopt links what it finds by key. Nothing is created and nothing written to either side; dry: not even to the store. */
bool sync_adopt(struct route *r, const struct job *jobs, size_t n, bool dry, adopt_emit *emit, void *self,
                struct err *err) MUST_CHECK;
