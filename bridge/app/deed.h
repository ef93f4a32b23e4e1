/* Deeds: what a person asks of the bridge besides looking. Where nothing runs they are done here; where the service runs it
 * does them, between two batches, and the command prints what came of it in the same words. */
#pragma once
#include "bridge/app/app.h"

struct deed {
    const char *name;
    const char *say;                     /* say: its usage, for who got it wrong */
    bool (*fits)(int argc, char **argv); /* fits: may these be its arguments? argv[0] is its name */
    /* act does it at once and answers what came of it, for the command to print; NULL: nothing. Faults are told by app_fail
     * and app_say. A new reference. */
    json_t *(*act)(struct app *app, int argc, char **argv);
    bool looks;  /* looks: reads the store only */
    bool passes; /* passes: the service does it in its own turns (pass.h); act may be NULL: alone the command itself does it */
};

const struct deed *deed_find(const char *name); /* NULL: none */

/* ask.c: deed_do has it done by the service that holds the store, or here. NULL: it was not done; why is printed and the exit
 * code set. New reference. */
json_t *deed_do(struct app *app, int argc, char **argv);

/* deed_asked is its first half, after app_load: true when a service holds the store and was asked, whatever came of it. */
bool deed_asked(struct app *app, int argc, char **argv, json_t **out);

/* The deeds, beside the commands that print them. */
json_t *deed_pause(struct app *app, int argc, char **argv);    /* cmd_pause.c: [{"route","paused","changed"}] */
json_t *deed_resolve(struct app *app, int argc, char **argv);  /* cmd_look.c: {"hold":id} */
json_t *deed_retry(struct app *app, int argc, char **argv);    /* cmd_look.c: {"retried":n} */
json_t *deed_explain(struct app *app, int argc, char **argv);  /* cmd_look.c: [{…}] as sync_explain, with "route" */
json_t *deed_forget(struct app *app, int argc, char **argv);   /* cmd_keep.c: {"forgotten":key,"rows":n} or {"lifted":key} */
json_t *deed_prune(struct app *app, int argc, char **argv);    /* cmd_keep.c: {"log_rows","runs","subjects"} */
json_t *deed_setup(struct app *app, int argc, char **argv);    /* cmd_setup.c: what was missing, [{"route","object","field",…,"done"}] */
json_t *deed_links(struct app *app, int argc, char **argv);    /* cmd_links.c: {"imported":n,"known":n}; argv[3]: the file's own name */
json_t *deed_undo(struct app *app, int argc, char **argv);     /* cmd_undo.c: as takeback_report */
json_t *deed_sync(struct app *app, int argc, char **argv);     /* cmd_sync.c: as app_report */
