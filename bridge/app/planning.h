/* A plan made chunk by chunk: by the command alone, or by the service in its own turns. */
#pragma once
#include "bridge/app/app.h"

struct planning;
struct planning *planning_new(struct app *app, FILE *file); /* file: where the plan goes; borrowed, whoever opened it looks at ferror */
void planning_free(struct planning *p);                     /* accepts NULL */
bool planning_step(struct planning *p);                     /* the feeds were read before the first; false: that was the last */
void planning_stand(const struct planning *p, int64_t *done, int64_t *left); /* records of the route under way */
json_t *planning_told(const struct planning *p);            /* the footers: what it came to, for each route. New reference */
