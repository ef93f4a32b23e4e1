/* Everything a full comparison of a route looks at, chunk by chunk: what is known of Inbox, in the order of its keys, then the
 * links that have no such record (children, and records nobody knows any more). */
#pragma once
#include "bridge/sync/route.h"

/* everything_next: the next jobs, at most `max`, with the reason "compare"; none of them is stored. place is where it stands,
 * an object that fits in a line of JSON: {} at the beginning, and "through" true after the last chunk. jobs_free. */
bool everything_next(struct route *r, json_t *place, size_t max, struct job **jobs, size_t *n, struct err *err) MUST_CHECK;

/* everything_about: how many there will be, roughly. */
bool everything_about(struct route *r, int64_t *out, struct err *err) MUST_CHECK;
