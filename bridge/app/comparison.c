/* Chunk by chunk: read, compared, written behind the other rows and on disk before the place moves. What a crash left behind
 * the last place is cut off and found again. */
#include "bridge/app/comparison.h"
#include "bridge/app/preflight.h"
#include "bridge/base/hash.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/drift.h"
#include "bridge/sync/everything.h"
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

bool comparison_each(struct comparison *c, comparison_take *take, void *self, struct err *err)
{
    AUTO_FREE char *line = NULL;
    size_t cap = 0;
    ssize_t n = 0;
    bool ok = fflush(c->rows) == 0 && fseek(c->rows, 0, SEEK_SET) == 0;
    if (!ok)
        file_failed(c, err);
    while (ok && (n = getline(&line, &cap, c->rows)) > 0) {
        AUTO_JSON json_t *row = js_parse(line, (size_t)n, err);
        ok = row && take(self, row, err);
    }
    return fseek(c->rows, 0, SEEK_END) == 0 && ok;
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
    if (!store_meta_set(app->store, name, NULL, &err))
        app_fail(app, r->name, &err);
}

void comparison_close(struct comparison *c, bool done)
{
    if (c->rows)
        fclose(c->rows);
    if (done)
        comparison_drop(c->app, c->route);
    json_decref(c->state);
    free(c->path);
    *c = (struct comparison){0};
}

/* ---- comparing ---- */

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

/* Waits as long as an endpoint asks for. */
static bool compare(struct comparison *c, const struct job *jobs, size_t n, struct err *err)
{
    struct route *r = c->route;
    int64_t wait = 0;
    do {
        if (wait)
            c->app->env.sleep(&c->app->env, wait - c->app->env.now(&c->app->env));
        for (int side = 0; side < 2; side++)
            r->ep[side]->lane = LANE_RECONCILE;
        if (n && !sync_drift(r, jobs, n, take_row, c, &wait, err))
            return false;
        if (r->stop.kind != ERR_NONE) {
            *err = r->stop;
            return false;
        }
    } while (wait);
    return true;
}

static bool compare_chunk(struct comparison *c, struct err *err)
{
    struct job *jobs = NULL;
    size_t n = 0;
    if (!everything_next(c->route, json_object_get(c->state, "place"), CHUNK, &jobs, &n, err))
        return false;
    bool ok = compare(c, jobs, n, err);
    jobs_free(jobs, n);
    return ok && sync_rows(c, err) && save(c, err);
}

bool comparison_run(struct comparison *c, struct err *err)
{
    bool ok = true;
    if (!everything_about(c->route, &c->about, err))
        return false;
    progress_start(&c->bar, c->app, "comparing");
    while (ok && !js_bool_or(json_object_get(c->state, "place"), "through", false)) {
        int64_t done = js_int_or(c->state, "compared", 0);
        progress_show(&c->bar, done, done < c->about ? c->about - done : 0);
        ok = compare_chunk(c, err);
        app_keep_limits(c->app, false);
    }
    progress_end(&c->bar);
    return ok;
}
