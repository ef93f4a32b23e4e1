/* drift: what a full comparison finds, record by record. It reads and tells; mending is the ordinary sync's work. */
#pragma once
#include "bridge/sync/route.h"

/* Classes, for records: in_sync, s_ahead, t_ahead, conflict, held, missing_in_crm, detached, merged, unlinked_match,
 * duplicate_key, schema_drift, excluded, and unread where a side did not answer. */
#define DRIFT_CLASSES 13
extern const char *const drift_classes[DRIFT_CLASSES];
bool drift_mendable(const char *class); /* an ordinary sync does something about it */

/* drift_emit: {"object","key","label","t_id","class","why","cells":[{"field","class","inbox","crm","why"}]}; cells only where
 * they are not in step. */
typedef void drift_emit(void *self, const json_t *row);

/* sync_drift compares and emits; nothing is written. *wait not 0: an endpoint asked to wait until then, and nothing was
 * emitted: ask again. Nothing is emitted either when the route stopped (r->stop). */
bool sync_drift(struct route *r, const struct job *jobs, size_t n, drift_emit *emit, void *self, int64_t *wait,
                struct err *err) MUST_CHECK;

/* drift_count_from: from now on what syncs of jobs marked "compare" find is added to these counts, {"class":n}, in the
 * transaction that settles them, so that each mark counts once whatever happens; NULL: not any more. drift_counts reads them;
 * *out NULL: nothing is counted. New reference. */
bool drift_count_from(struct route *r, const json_t *counts, struct err *err) MUST_CHECK;
bool drift_counts(struct route *r, json_t **out, struct err *err) MUST_CHECK;
