/* What the service does for somebody a chunk a turn, beside passes: undo, plan, apply. */
#pragma once
#include "bridge/app/pass.h"

struct errand;
bool errand_is(const struct pass_wish *wish);
struct errand *errand_new(struct app *app, const struct pass_wish *wish); /* NULL: refused, and told why */
void errand_free(struct errand *e);
bool errand_reads(const struct errand *e);         /* the feeds are to be read first */
const char *errand_route(const struct errand *e);  /* the one it is about; NULL: all */
json_t *errand_step(struct errand *e);             /* what it came to, JSON null when it failed; NULL: there is more. New reference */
void errand_stand(const struct errand *e, int64_t *done, int64_t *left); /* adds what it knows */
