/* The program as a value: configuration, store, endpoints and routes of one run, and how it talks to people. */
#pragma once
#include "bridge/base/opt.h"
#include "bridge/io/env.h"
#include "bridge/io/store.h"
#include "bridge/sync/intake.h"
#include "bridge/sync/route.h"


enum exit_code { EXIT_IN_STEP, EXIT_USAGE, EXIT_CONFIG, EXIT_PARTLY, EXIT_UNREACHABLE, EXIT_STALE, EXIT_STORE };

struct settings { /* top level of the configuration file */
    char *store;
    char *key_file;
    int log_level;
    bool allow_plain_http;
};

struct route_settings {
    char *name, *inbox, *crm, *mapping;
    int64_t batch, max_creates_unused, mass_least, mass_percent;
    char *reconcile;
};

struct sweep_when { /* when a full comparison is due; see sweep.h */
    int64_t every;  /* ms; 0: never */
    int64_t at;     /* at: ms after midnight UTC; -1 with an interval */
};

struct http_settings { /* group http; listen NULL: there is none */
    char *listen, *api_token, *tls_certificate, *tls_key, *public_url;
};

struct alarm_settings { /* group alarms; without it alarms only go to the log and the metrics */
    char *url, *secret;
    int64_t after, hold_age, dead, budget, drift;
};

enum hook_result { HOOK_TAKEN, HOOK_UNSIGNED, HOOK_REFUSED, HOOK_OVERLOADED, HOOK_UNSET, HOOK_RESULTS };

struct app_endpoint {
    struct endpoint *ep;
    struct intake intake;
    int64_t poll;      /* ms between polls */
    int64_t next_poll;
    bool more;         /* the last poll left pages for the next one */
    int64_t polled;    /* last time all its changes were taken in; 0 = not yet */
    struct err fault;  /* why the last poll failed; ERR_NONE = it worked */
    int64_t waits;     /* our own budget has no call for it before; 0 = it has */
    int64_t reads, tries, fails; /* polls that took in all there was; polls; and how many failed one after the other */
    int64_t news;      /* when its feed last told something new */
    _Atomic int64_t heard;               /* when a delivery of its webhook last came */
    _Atomic int64_t hooks[HOOK_RESULTS]; /* deliveries since the start; counted on the server's threads */
};

struct app_route {
    struct route_settings settings;
    struct sweep_when sweep;
    int64_t sweep_look;          /* when sweep_round looks at it again */
    int64_t run_begun, run_seen; /* of the daemon's present run; see live.c */
    int64_t paced;     /* no batch before: the CRM's windows are to last */
    struct route route;
    struct err why;    /* why it stands still; ERR_NONE = it goes */
};

struct app {
    const char *config_path;
    bool json;         /* --json */
    bool quiet;        /* no progress */
    bool logs;         /* faults go to the log, not to a person */
    bool looking;      /* the store is open for reading only, beside whoever holds it */
    json_t *said;      /* what would go to stderr is collected here, for somebody who asked the service; borrowed; NULL: nobody did */
    struct opt_file *file;
    struct settings settings;
    struct http_settings http;
    struct alarm_settings alarms;
    struct env env;
    struct seal_key key;
    struct store *store;
    struct app_endpoint *endpoints;
    size_t n_endpoints;
    struct app_route *routes;
    size_t n_routes;
    int exit_code;     /* the worst so far */
    int64_t turned;    /* when the engine last turned; ms */
    int64_t limits_kept; /* when the call budgets were last written to the store; ms */
};

/* app_load reads and checks everything that needs no network. All faults are printed; false = EXIT_CONFIG or EXIT_STORE
 * is in exit_code. */
bool app_load(struct app *app);
/* app_open opens the store on top of app_load. */
bool app_open(struct app *app);
/* app_look opens the store to read only, so that the service may go on; where there is none yet, or one to migrate, as
 * app_open. calls: services will be asked, so where nobody holds the store it is opened like any, and new tokens can be kept. */
bool app_look(struct app *app, bool calls);
/* app_learn pins organisations and learns schemas of all routes; faults are printed, exit_code set. */
bool app_learn(struct app *app);
bool app_learn_route(struct app *app, struct route *r);
void app_close(struct app *app);
/* app_release closes the store only, so that another app may open it. */
void app_release(struct app *app);
/* app_keep_limits writes the call budgets to the store, every few seconds or now. */
void app_keep_limits(struct app *app, bool now);

/* app_worse keeps the gravest exit code: 6 > 2 > 4 > 5 > 3 > 0. */
void app_worse(struct app *app, int code);
void app_fail(struct app *app, const char *what, const struct err *err);
void app_say(struct app *app, const char *fmt, ...) PRINTF_LIKE(2, 3); /* one line for a person, without the program's name */
void app_note(struct app *app, const char *fmt, ...) PRINTF_LIKE(2, 3); /* one of many lines about rows */
void app_faults(struct app *app, const struct opt_faults *faults);

/* app_intake polls every endpoint once; app_sync works all routes to quiet. */
bool app_intake(struct app *app);
bool app_sync(struct app *app, const char *only_or_null); /* only: the route of that name */
bool app_sync_route(struct app *app, struct route *r); /* one route to quiet, without intake */
/* What the routes did and what is left, as JSON: {"routes":[{"name","counts":{…},"stop":…}]}. New reference. */
json_t *app_report(struct app *app);
/* One row of it: what the route did, and why it stands still if it does. */
json_t *app_report_route(struct app *app, const struct route *r, const struct tally *did, const struct err *stop);
struct tally tally_since(const struct tally *now, const struct tally *before);
void app_print_report(struct app *app, const json_t *report);

/* config.c */
extern const struct opt settings_table[], route_table[], endpoint_table[], http_table[], alarm_table[];
struct endpoint_settings {
    char *connector;
    int64_t poll;
};

/* progress.c: a bar with rate and ETA on stderr when it is a terminal; nothing otherwise. */
struct progress {
    struct app *app;
    const char *what;
    int64_t started, last, done;
    bool on;
};
void progress_start(struct progress *p, struct app *app, const char *what);
void progress_show(struct progress *p, int64_t done, int64_t left);
void progress_end(struct progress *p);

/* Commands: each gets its own arguments (argv[0] is its name). */
typedef int command_run(struct app *app, int argc, char **argv);
struct command {
    const char *name;
    const char *arguments;
    const char *about;
    const char *help;
    command_run *run;
};
extern const struct command commands[];
const struct command *command_find(const char *name);

command_run cmd_init, cmd_check, cmd_setup, cmd_plan, cmd_apply, cmd_sync, cmd_run, cmd_status, cmd_explain, cmd_holds,
    cmd_resolve, cmd_dead, cmd_retry, cmd_reference;
command_run cmd_history, cmd_undo, cmd_adopt, cmd_links, cmd_pause, cmd_resume, cmd_forget, cmd_prune, cmd_backup, cmd_reconcile;

/* live_run: a run for what the daemon does on this route; on the thread that works it, before it works. */
void live_run(struct app *app, struct app_route *ar);

/* who.c: what somebody typed. who_key answers the bridge key, NULL with or without err; caller frees. who_nobody and
 * who_no_route say so and answer the exit code. */
struct route *who_route(struct app *app, const char *name);
char *who_key(struct app *app, const struct route *r, const char *words, struct err *err) MUST_CHECK;
int who_nobody(struct app *app, const char *command, const char *words);
int who_no_route(struct app *app, const char *command, const char *name);

/* output.c */
void print_json(const json_t *value);
char *show_value(const json_t *value, size_t most); /* short text of a value for tables; caller frees */
/* Rows of cells as an aligned table; columns are cut to fit `width` where needed. */
struct table_out {
    char ***rows;
    size_t n, columns;
};
void table_row(struct table_out *t, size_t columns, ...);
void table_print(struct table_out *t); /* and frees */
void table_drop(struct table_out *t);  /* frees only */
