/* Many creates as one job of a service. Their ops are durable as always; they are gathered under a bulk job, handed over
 * together, and each goes on alone when the service has told what became of it. */
#pragma once
#include "bridge/sync/route.h"

#define BULK_ROWS 10000                                /* a job is handed over when it has so many, or nobody else is due */
#define BULK_LIFE_MS (7 * 24 * INT64_C(3600000))       /* nobody waits for a job longer; it ends long before */

/* bulk_step: at most one job of the route that wants it is handed over or asked what became of it; *worked when one was. idle:
 * nobody is due any more, so none is gathered further. */
bool bulk_step(struct route *r, bool idle, bool *worked, struct err *err) MUST_CHECK;

/* bulk_send.c */
bool bulk_send(struct route *r, struct bulk *bulk, struct err *err) MUST_CHECK; /* hands the gathered ops over */
/* bulk_release ends a job: each op nobody told about goes on alone, with these words. */
bool bulk_release(struct route *r, const struct bulk *bulk, const struct err *why, struct err *err) MUST_CHECK;
/* bulk_let_go: one op goes on alone. Inside a transaction. */
bool bulk_let_go(struct route *r, struct op *op, const struct link *link, const struct err *why, struct err *err) MUST_CHECK;
/* bulk_collect.c */
bool bulk_collect(struct route *r, struct bulk *bulk, struct err *err) MUST_CHECK; /* asks what became of a job */
/* bulk_patience: when to look at a job again that is still at work. */
int64_t bulk_patience(const struct bulk *bulk, int64_t now);
/* bulk_later puts a job off after a failed call. */
bool bulk_later(struct route *r, struct bulk *bulk, const struct err *why, struct err *err) MUST_CHECK;
