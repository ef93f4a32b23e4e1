/* The state of a side that cannot be read: what it was last told, and what it last told us. A record kept here stands in
 * for a fetch wherever the endpoint has no CAP_FETCH; the engine decides on it as on any other. Each field remembers when
 * it was said, by the service's clock, so that deliveries may come in any order. */
#pragma once
#include "bridge/sync/batch.h"

/* memory_recall: the record of a link as far as it is known; fields nobody ever spoke of are those of the shadows, and
 * blank without one. */
bool memory_recall(const struct route *r, const struct bound *bound, const struct link *link, struct record *out,
                   struct err *err) MUST_CHECK;

/* memory_told: the service said so by itself. Only fields in `needed` are kept; what is older than what is known is not
 * believed, but logged when it differs. *news: the record is now another one. */
bool memory_told(struct route *r, const char *endpoint, const struct link *link, const struct record *rec,
                 const char *const *needed, bool *news, struct err *err) MUST_CHECK;

/* memory_wrote: the answer to a put. Done: the fields sent, or as told back. STALE with fields: the service's own state.
 * GONE: it is not there. What others told meanwhile is kept when it is later, and noted as lost when it is not. `seen` is
 * what the writer believed the record to be; NULL = nothing. Does nothing for endpoints that can be read. */
bool memory_wrote(struct batch *b, struct item *it, const struct result *res, const json_t *set, const json_t *seen,
                  struct err *err) MUST_CHECK;
