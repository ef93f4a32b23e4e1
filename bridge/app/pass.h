/* A pass on a running service: sync, reconcile and errands (errand.h) are set going, the engine works in its own turns as always, and what was done
 * since is told at the end. On the engine's thread. */
#pragma once
#include "bridge/app/app.h"

struct pass_wish {
    bool reconcile, full, yes, accept, report;
    const char *only; /* only: the route; NULL: all */
    const char *plan; /* plan: the detaches and clears that are let through, of reconcile; both borrowed from argv */
    int64_t undo;     /* undo: the run to take back; 0: none */
    bool dry;         /* dry: of undo, it only tells */
    const char *plan_to;      /* plan_to: the file a plan goes to; it is there already */
    const char *apply, *name; /* apply: the plan to apply, and what its owner calls it */
};
/* pass_wish reads the arguments of sync, reconcile, undo, plan or apply; NULL, or the one that is none of theirs. */
const char *pass_wish(int argc, char **argv, struct pass_wish *out);

struct pass;
struct pass *pass_begin(struct app *app, const struct pass_wish *wish); /* NULL: refused, and told why */
/* pass_look comes after every turn; the report when all is done, else NULL. New reference. */
json_t *pass_look(struct pass *p);
void pass_stand(const struct pass *p, int64_t *done, int64_t *left); /* records worked on so far, and those that wait */
void pass_free(struct pass *p); /* accepts NULL; what was set going goes on */
