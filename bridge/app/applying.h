/* A plan applied chunk by chunk: by the command alone, or by the service in its own turns. */
#pragma once
#include "bridge/app/app.h"

struct applying;
struct applying *applying_new(struct app *app, FILE *file); /* file: the plan; borrowed */
void applying_free(struct applying *a);                     /* accepts NULL; what was applied stays so */
/* applying_step does a chunk; stale rows are told at once. *more: there may be another. false: with err, or a route stopped. */
bool applying_step(struct applying *a, bool *more, struct err *err) MUST_CHECK;
