/* Chunk by chunk: read, compared, written behind the other rows and on disk before the place moves. What a crash left behind
 * the last place is cut off and found again. */
#include "bridge/app/comparison.h"
#include "bridge/app/preflight.h"
#include "bridge/base/hash.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/sync/drift.h"
#include "bridge/sync/everything.h"
#include "bridge/sync/shape.h"
#include "bridge/sync/survey.h"
#include "mappings/value.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 500
#define FRESH_MS (60 * 60 * 1000) /* what was seen before is news no more */

/* ---- where it stands ---- */

static char *meta_name(const struct route *r)
{
    return mem_printf("reconcile:%s", r->name);
}

static char *rows_path(const struct app *app, const struct route *r)
{
    return mem_printf("%s.drift-%016llx", app->settings.store, (unsigned long long)hash_fast(r->name, strlen(r->name), 0));
}

static bool save(struct comparison *c, struct err *err)
{
    js_set(c->state, "touched", json_integer(c->app->env.now(&c->app->env)));
    AUTO_FREE char *name = meta_name(c->route), *text = js_print(c->state);
    return store_meta_set(c->app->store, name, text, err);
}

bool comparison_in(const struct comparison *c, const char *phase)
{
    return str_eq(js_str(c->state, "phase"), phase);
}

bool comparison_turn_to(struct comparison *c, const char *phase, struct err *err)
{
    js_set(c->state, "phase", json_string(phase));
    return save(c, err);
}

static bool still_good(const struct comparison *c, const json_t *saved)
{
    int64_t age = c->app->env.now(&c->app->env) - js_int_or(saved, "touched", 0);
    return age >= 0 && age < FRESH_MS && str_eq(js_str(saved, "mapping"), c->route->mapping->hash);
}

static json_t *fresh_state(const struct comparison *c, const int64_t cost[2])
{
    return json_pack("{s:s,s:s,s:{},s:i,s:{},s:{},s:{},s:i,s:i,s:[I,I]}", "phase", "walk", "mapping", c->route->mapping->hash, "place",
                     "compared", 0, "records", "cells", "excluded", "bytes", 0, "risky", 0, "cost", cost[0], cost[1]);
}

/* ---- rows ---- */

static bool file_failed(const struct comparison *c, struct err *err)
{
    return err_set(err, ERR_STORE, "%s: %s", c->path, strerror(errno));
}

static bool open_rows(struct comparison *c, struct err *err)
{
    struct stat st;
    off_t keep = (off_t)js_int_or(c->state, "bytes", 0);
    int fd = open(c->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    c->rows = fd >= 0 ? fdopen(fd, "r+") : NULL;
    if (!c->rows) {
        if (fd >= 0)
            close(fd);
        return file_failed(c, err);
    }
    if (fstat(fd, &st) || ftruncate(fd, st.st_size < keep ? 0 : keep) || fseek(c->rows, 0, SEEK_END))
        return file_failed(c, err);
    return st.st_size >= keep || err_set(err, ERR_STALE, "%s lost its end", c->path);
}

static bool sync_rows(struct comparison *c, struct err *err)
{
    if (fflush(c->rows) || ferror(c->rows) || fdatasync(fileno(c->rows)))
        return file_failed(c, err);
    js_set(c->state, "bytes", json_integer(ftell(c->rows)));
    return true;
}

bool comparison_some(struct comparison *c, long *at, size_t most, comparison_take *take, void *self, bool *more, struct err *err)
{
    AUTO_FREE char *line = NULL;
    size_t cap = 0;
    ssize_t n = 0;
    bool ok = fflush(c->rows) == 0 && fseek(c->rows, *at, SEEK_SET) == 0;
    if (!ok)
        file_failed(c, err);
    for (size_t i = 0; ok && i < most && (n = getline(&line, &cap, c->rows)) > 0; i++) {
        AUTO_JSON json_t *row = js_parse(line, (size_t)n, err);
        ok = row && take(self, row, err);
    }
    *at = ftell(c->rows);
    *more = n > 0;
    return fseek(c->rows, 0, SEEK_END) == 0 && ok;
}

bool comparison_each(struct comparison *c, comparison_take *take, void *self, struct err *err)
{
    long at = 0;
    bool more = true;
    return comparison_some(c, &at, SIZE_MAX, take, self, &more, err);
}

/* ---- opening and closing ---- */

static bool begin_anew(struct comparison *c, struct err *err)
{
    int64_t cost[2] = {0, 0};
    if (!preflight_cost(c->route, cost, err) || !preflight_quota(c->app, c->route, cost, err))
        return false;
    json_decref(c->state);
    c->state = fresh_state(c, cost);
    c->resumed = false;
    return open_rows(c, err) && save(c, err);
}

bool comparison_open(struct comparison *c, struct app *app, struct route *r, struct err *err)
{
    *c = (struct comparison){.app = app, .route = r, .path = rows_path(app, r)};
    AUTO_FREE char *name = meta_name(r), *text = NULL;
    if (!store_meta_get(app->store, name, &text, err) || !everything_about(r, &c->about, err))
        return false;
    r->comparing = true;
    c->state = text ? js_parse(text, strlen(text), NULL) : NULL;
    c->resumed = still_good(c, c->state);
    struct err lost = {0};
    if (c->resumed && open_rows(c, &lost))
        return true;
    if (c->rows)
        fclose(c->rows);
    c->rows = NULL;
    return begin_anew(c, err);
}

void comparison_drop(struct app *app, struct route *r)
{
    struct err err = {0};
    AUTO_FREE char *name = meta_name(r), *path = rows_path(app, r);
    unlink(path);
    if (!store_meta_set(app->store, name, NULL, &err) || !survey_end(r, &err))
        app_fail(app, r->name, &err);
}

void comparison_close(struct comparison *c, bool done)
{
    if (c->rows)
        fclose(c->rows);
    if (c->route)
        c->route->comparing = false;
    if (done)
        comparison_drop(c->app, c->route);
    json_decref(c->state);
    free(c->path);
    *c = (struct comparison){0};
}

/* ---- comparing ---- */

/* Where there are very many, a job of the CRM reads them; it is begun once, and gone on with after a cut. */
static bool survey(struct comparison *c, int64_t *wait, struct err *err)
{
    struct route *r = c->route;
    if (js_bool_or(c->state, "surveyed", false))
        return survey_some(r, wait, err);
    if (!survey_begin(r, err))
        return false;
    js_set(c->state, "surveyed", json_true());
    return save(c, err) && survey_some(r, wait, err);
}

static void count(json_t *counts, const char *name)
{
    js_set(counts, name, json_integer(js_int_or(counts, name, 0) + 1));
}

static bool clears(const json_t *cell)
{
    const json_t *s = json_object_get(cell, "inbox"), *t = json_object_get(cell, "crm");
    return (str_eq(js_str(cell, "class"), "s_ahead") && value_blank(s) && !value_blank(t)) ||
           (str_eq(js_str(cell, "class"), "t_ahead") && value_blank(t) && !value_blank(s));
}

/* What the mass-change guard counts, and a digest of just that: it names what --accept lets through. */
static void note_risk(struct comparison *c, const json_t *row)
{
    bool detach = str_eq(js_str(row, "class"), "missing_in_crm") && js_str(row, "t_id");
    AUTO_JSON json_t *what = json_array();
    size_t i;
    json_t *cell;
    json_array_foreach (json_object_get(row, "cells"), i, cell)
        if (clears(cell))
            json_array_append(what, cell);
    if (!detach && !json_array_size(what))
        return;
    AUTO_FREE char *before = mem_dup(js_str(c->state, "plan")), *cells = js_print_sorted(what);
    AUTO_FREE char *all = mem_printf("%s %s %s %s %s", before ? before : "", js_str(row, "object"), js_str(row, "key"),
                                     js_str_or(row, "t_id", ""), cells);
    AUTO_FREE char *hex = mem_printf("%016llx", (unsigned long long)hash_fast(all, strlen(all), 1));
    js_set(c->state, "plan", json_string(hex));
    count(c->state, "risky");
}

static void take_row(void *self, const json_t *row)
{
    struct comparison *c = self;
    const char *class = js_str(row, "class");
    size_t i;
    json_t *cell;
    count(c->state, "compared");
    count(json_object_get(c->state, "records"), class);
    json_array_foreach (json_object_get(row, "cells"), i, cell)
        count(json_object_get(c->state, "cells"), js_str(cell, "class"));
    if (str_eq(class, "excluded"))
        count(json_object_get(c->state, "excluded"), js_str_or(row, "why", "no reason"));
    if (str_eq(class, "excluded") || str_eq(class, "in_sync"))
        return;
    AUTO_FREE char *line = js_print(row);
    fprintf(c->rows, "%s\n", line);
    note_risk(c, row);
}

static bool compare(struct comparison *c, const struct job *jobs, size_t n, int64_t *wait, struct err *err)
{
    struct route *r = c->route;
    *wait = 0;
    for (int side = 0; side < 2; side++)
        r->ep[side]->lane = LANE_RECONCILE;
    if (n && !sync_drift(r, jobs, n, take_row, c, wait, err))
        return false;
    if (r->stop.kind == ERR_NONE)
        return true;
    *err = r->stop;
    return false;
}

bool comparison_step(struct comparison *c, bool *more, int64_t *wait, struct err *err)
{
    json_t *place = json_object_get(c->state, "place");
    struct job *jobs = NULL;
    size_t n = 0;
    *wait = 0;
    *more = !js_bool_or(place, "through", false);
    if (!*more)
        return true;
    AUTO_JSON json_t *before = json_deep_copy(place);
    if (!survey(c, wait, err))
        return false;
    if (*wait)
        return true;
    if (!everything_next(c->route, place, CHUNK, &jobs, &n, err))
        return false;
    bool ok = compare(c, jobs, n, wait, err);
    jobs_free(jobs, n);
    if (!ok || *wait) /* these are compared again: nothing of them was told */
        json_object_set(c->state, "place", before);
    return ok && (*wait || (sync_rows(c, err) && save(c, err)));
}

bool comparison_run(struct comparison *c, struct err *err)
{
    struct env *env = &c->app->env;
    bool ok = true, more = true;
    int64_t wait = 0;
    if (!everything_about(c->route, &c->about, err))
        return false;
    progress_start(&c->bar, c->app, "comparing");
    while (ok && more) {
        int64_t done = js_int_or(c->state, "compared", 0);
        progress_show(&c->bar, done, done < c->about ? c->about - done : 0);
        if (wait)
            env->sleep(env, wait - env->now(env));
        ok = comparison_step(c, &more, &wait, err);
        app_keep_limits(c->app, false);
    }
    progress_end(&c->bar);
    return ok;
}

/* ---- telling and mending ---- */

/* What jobs of the CRM read for it; where one was given up, why. */
static bool add_surveys(const struct comparison *c, json_t *report, struct err *err)
{
    struct bulk *list = NULL;
    size_t n = 0;
    json_t *rows = json_array();
    js_set(report, "bulk", rows);
    if (!store_bulks(c->app->store, c->route->name, &list, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (list[i].kind == BULK_QUERY)
            js_add(rows, json_pack("{s:s,s:I,s:s?}", "object", list[i].object, "rows", (json_int_t)list[i].rows, "error", list[i].error));
    bulks_free(list, n);
    return true;
}

static json_t *report_of(const struct comparison *c, struct err *err)
{
    char at[WHEN_TEXT];
    const struct route *r = c->route;
    const json_t *cost = json_object_get(c->state, "cost");
    json_t *changes = NULL;
    when_print(c->app->env.now(&c->app->env), at);
    if (!shape_changes(r, &changes, err))
        return NULL;
    return json_pack("{s:s,s:s,s:O,s:O,s:O,s:O,s:o,s:O,s:o,s:{s:I,s:I},s:{s:O,s:O}}", "route", r->name, "at", at, "compared",
                     json_object_get(c->state, "compared"), "records", json_object_get(c->state, "records"), "cells",
                     json_object_get(c->state, "cells"), "excluded", json_object_get(c->state, "excluded"), "schema", changes, "risky",
                     json_object_get(c->state, "risky"), "plan", js_text(js_str(c->state, "plan")), "calls", "inbox",
                     (json_int_t)r->ep[SIDE_S]->calls, "crm", (json_int_t)r->ep[SIDE_T]->calls, "cost", "inbox",
                     json_array_get(cost, SIDE_S), "crm", json_array_get(cost, SIDE_T));
}

/* The last report stays in the store, for status, metrics and alarms. */
static bool keep_report(const struct comparison *c, const json_t *report, struct err *err)
{
    AUTO_FREE char *name = mem_printf("drift:%s", c->route->name), *text = js_print(report);
    return store_meta_set(c->app->store, name, text, err) && shape_keep(c->route, err);
}

json_t *comparison_report(struct comparison *c, struct err *err)
{
    AUTO_JSON json_t *report = report_of(c, err);
    if (!report || !add_surveys(c, report, err) || !survey_end(c->route, err)) /* what is mended is read anew */
        return NULL;
    return keep_report(c, report, err) ? json_incref(report) : NULL;
}

static bool mark_row(void *self, const json_t *row, struct err *err)
{
    struct route *r = self;
    return !drift_mendable(js_str(row, "class")) ||
           store_job_mark(r->store, r->name, js_str(row, "object"), js_str(row, "key"), LANE_RECONCILE, r->env->now(r->env),
                          "compare", err);
}

bool comparison_mark(struct comparison *c, struct err *err)
{
    struct route *r = c->route;
    STORE_TX(tx, r->store);
    return store_begin(r->store, err) && comparison_each(c, mark_row, r, err) &&
           (!r->accept_mass || store_jobs_wake(r->store, r->name, "risky", err)) && comparison_turn_to(c, "mend", err) &&
           store_commit(r->store, err);
}
