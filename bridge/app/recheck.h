/* What a comparison gave to be mended, looked at once more: what is not in step now did not come right. */
#pragma once
#include "bridge/app/comparison.h"

struct recheck;
/* recheck_new borrows the comparison, which stays open. counts: {"class":n}, to which it adds; borrowed. */
struct recheck *recheck_new(struct comparison *c, json_t *counts);
void recheck_free(struct recheck *k); /* accepts NULL */

/* recheck_step does one chunk: *more: there is another, and if *wait is not 0 an endpoint asked for patience until then. */
bool recheck_step(struct recheck *k, bool *more, int64_t *wait, struct err *err) MUST_CHECK;

/* recheck_open: something of it is still to be done. */
bool recheck_open(const json_t *counts);
