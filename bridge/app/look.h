/* What the store tells about the routes, as JSON: the commands print it, the HTTP surface sends it. Only the store and what
 * never changes after loading is read, so any thread may look. New references; NULL with err. */
#pragma once
#include "bridge/app/app.h"

json_t *look_status(struct app *app, struct err *err); /* {"routes":[{"name","holds","dead","open_ops","jobs_waiting","links":{…},
                                                             "bulk":[{"object","kind","rows","state","begun","age","error"}]}]}; age in seconds */
json_t *look_holds(struct app *app, struct err *err);  /* [{"id","route","prospect","field","why","about","opened","choice"}] */
json_t *look_dead(struct app *app, struct err *err);   /* [{"id","route","prospect","side","kind","error","payload"}] */
/* look_history: as `history` prints it; at WHEN_NEVER: all rows. GONE: nobody is called so. */
json_t *look_history(struct app *app, const char *words, int64_t at, struct err *err);
/* look_label: what people call the prospect of a link; caller frees. */
char *look_label(struct app *app, const struct route *r, int64_t link);
