/* A full comparison of one route by hand, that may be killed and started again: where it stands and what it counted is in the
 * store, the rows that are not in step are in a file beside it. Neither grows in memory. */
#pragma once
#include "bridge/app/app.h"

struct comparison {
    struct app *app;
    struct route *route;
    json_t *state;  /* {"phase":"walk|compare|mend","touched":ms,"mapping":hash,"place","surveyed","compared","records","cells","excluded",
                       "bytes","risky","plan","cost":[inbox,crm]} */
    char *path;     /* of the rows: one line of JSON each */
    FILE *rows;
    bool resumed;   /* it goes on where one was cut off */
    struct progress bar;
    int64_t about;  /* how many there are, roughly */
};

/* comparison_open goes on with what was cut off within the hour, or begins anew. */
bool comparison_open(struct comparison *c, struct app *app, struct route *r, struct err *err) MUST_CHECK;
/* comparison_close keeps what is not done; done: nothing of it is needed any more, in the store or beside it. */
void comparison_close(struct comparison *c, bool done);
void comparison_drop(struct app *app, struct route *r); /* whatever is left of one: what it says may be about the forgotten */

bool comparison_in(const struct comparison *c, const char *phase);
bool comparison_turn_to(struct comparison *c, const char *phase, struct err *err) MUST_CHECK;

/* comparison_run compares the rest; Inbox was walked. CONFIG, AUTH …: the route stopped; what was compared is kept. */
bool comparison_run(struct comparison *c, struct err *err) MUST_CHECK;

/* comparison_step does one chunk of it, for who has other things to do between two: *more: there may be another, and if *wait is
 * not 0 an endpoint asked for patience until then. */
bool comparison_step(struct comparison *c, bool *more, int64_t *wait, struct err *err) MUST_CHECK;

/* comparison_report: what was found, without the rows, as `reconcile` prints it; it stays in the store for status, metrics and
 * alarms. New reference; NULL with err. */
json_t *comparison_report(struct comparison *c, struct err *err) MUST_CHECK;
bool comparison_mark(struct comparison *c, struct err *err) MUST_CHECK; /* what an ordinary sync can mend becomes jobs; phase "mend" */

/* comparison_each reads the rows back, as of drift_emit, in the order they were found. false from `take`: *err says why. */
typedef bool comparison_take(void *self, const json_t *row, struct err *err);
bool comparison_each(struct comparison *c, comparison_take *take, void *self, struct err *err) MUST_CHECK;
/* comparison_some: the same for `most` of them from *at on, which moves; 0 is the first. *more: there may be others. */
bool comparison_some(struct comparison *c, long *at, size_t most, comparison_take *take, void *self, bool *more, struct err *err) MUST_CHECK;
