/* sync: one batch of jobs through the whole road: read both sides, decide, confirm, intend, write, settle. */
#pragma once
#include "bridge/sync/route.h"

/* A plan row per link that would change, for `plan`: {"object","key","label","act":"create|update|link|detach|…","t_id",
 * "cells":[{"field","side","from","to","act","why","policy","line"}]}; for excluded ones {"key","excluded":why}. */
typedef void sync_emit(void *self, const json_t *row);

/* sync_batch does the jobs. Errors of single records are filed with the record; false only when the store failed or the
 * power is out. Why the route must pause or wait is in r->stop and r->wait_until. */
bool sync_batch(struct route *r, const struct job *jobs, size_t n, struct err *err) MUST_CHECK;

/* sync_plan: the same road up to the decision, nothing is written anywhere. */
bool sync_plan(struct route *r, const struct job *jobs, size_t n, sync_emit *emit, void *self, struct err *err) MUST_CHECK;

/* sync_explain: every cell of one link with both values, both shadows, what would happen and why; nothing is written.
 * New reference: {"key","label","link":{…},"cells":[{"field","inbox","crm","base_inbox","base_crm","act","why","policy","line",
 * "held"}]}. */
bool sync_explain(struct route *r, const struct job *job, json_t **out, struct err *err) MUST_CHECK;

/* sync_apply does exactly what the rows of a plan say: cells whose values moved since are left alone and counted as stale
 * (row["stale"] names them). rows[i] belongs to jobs[i]. */
bool sync_apply(struct route *r, const struct job *jobs, json_t *const *rows, size_t n, struct err *err) MUST_CHECK;
