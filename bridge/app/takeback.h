/* A run taken back, step by step: by the command alone, or by the service in its own turns. */
#pragma once
#include "bridge/app/app.h"

struct takeback;
struct takeback *takeback_new(struct app *app, int64_t run, bool dry); /* NULL: refused, and told why */
void takeback_free(struct takeback *u); /* accepts NULL; what was put back stays so */
struct route *takeback_route(const struct takeback *u);

/* takeback_step puts back a chunk; the feeds were read before the first. *more: there is another. */
bool takeback_step(struct takeback *u, bool *more, struct err *err) MUST_CHECK;

/* takeback_report, after the last: {"run","dry_run","undone":n,"kept":n,"created":n,"records":[…]} as of sync_undo. New reference. */
json_t *takeback_report(struct takeback *u);
