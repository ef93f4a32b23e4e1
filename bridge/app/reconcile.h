/* A full comparison of one route, step by step, so that the service can do something else between two steps. */
#pragma once
#include "bridge/app/app.h"

struct reconcile {
    struct app *app;
    struct route *route;
    int64_t total;        /* records compared so far */
    int64_t wait;         /* an endpoint asked to wait until then; 0 = none */
    json_t *counts, *cells, *excluded, *rows;
    uint64_t before[2];   /* calls of its two endpoints when it began */
    size_t object;        /* where it stands: the object whose subjects are compared, */
    char *after;          /* the last subject of it, */
    int64_t after_link;   /* and, once those are through, the last link */
};

void reconcile_init(struct reconcile *c, struct app *app, struct route *route);
void reconcile_done(struct reconcile *c);
/* reconcile_step compares some. *more: there are others, not before c->wait. */
bool reconcile_step(struct reconcile *c, bool *more, struct err *err) MUST_CHECK;
/* reconcile_report: {"route","at","compared","records","cells","excluded","calls","rows"}, kept for status but for its rows. */
json_t *reconcile_report(struct reconcile *c, struct err *err);
bool reconcile_mark(struct reconcile *c, bool accept, struct err *err) MUST_CHECK; /* what an ordinary sync can mend becomes jobs */
bool reconcile_enumerate(struct app *app, const struct route *only_or_null, struct err *err) MUST_CHECK; /* Inbox from its beginning */
