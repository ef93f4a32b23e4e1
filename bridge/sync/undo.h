/* undo: the old values of one run, back on the road every write takes. A cell is put back only where both sides still hold
 * what the run left. */
#pragma once
#include "bridge/sync/route.h"

/* What a run did to one link; rows[i] belongs to jobs[i]:
 *   {"cells":{"field":{"s":…,"t":…,"crm":old,"inbox":old}}}   s, t: what the run left; crm, inbox: what it wrote over there
 * and what came of it is added: "label"; "undone":[{"field","side","from","to"}]; "kept":[{"field","why"}]. */
bool sync_undo(struct route *r, int64_t run, const struct job *jobs, json_t *const *rows, size_t n, bool dry,
               struct err *err) MUST_CHECK;
