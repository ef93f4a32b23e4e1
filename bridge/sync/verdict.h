/* The one table of what each kind of error leads to. */
#pragma once
#include "bridge/base/err.h"
#include "bridge/io/env.h"

enum then {
    THEN_DONE,  /* nothing went wrong */
    THEN_RETRY, /* the job comes again after a jittered backoff */
    THEN_AGAIN, /* the job comes again at once: read again, decide anew */
    THEN_WAIT,  /* the whole endpoint waits; the job stays as it is */
    THEN_PROBE, /* the op stays open; the job comes again and looks whether it landed */
    THEN_DEAD,  /* the op is dead until the record or the mapping changes */
    THEN_LOST,  /* the link's record is not there: link policy */
    THEN_PAUSE, /* the route stops and tells */
};

struct verdict {
    enum then then;
    bool op_stays;  /* the write may have happened: its intent must not be closed */
    bool counts;    /* it counts as an attempt for the backoff */
    int exit_code;  /* what a command that met it ends with, 0 = all in step */
};

const struct verdict *verdict_of(enum err_kind kind);

/* Full jitter: uniform in [base/2, base], base = 2 s · 2^attempts, at most 10 minutes; a later err->retry_at wins. */
int64_t verdict_due(const struct err *err, int attempts, struct env *env);
