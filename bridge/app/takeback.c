/* What a run wrote over, out of the change log, handed to the engine a chunk at a time. It writes nothing itself. */
#include "bridge/app/takeback.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/pause.h"
#include "bridge/sync/undo.h"

#define PAGE 1000
#define CHUNK 200

struct takeback {
    struct app *app;
    struct route *route;
    int64_t run;
    bool dry;
    int64_t own;   /* own: the run that puts back; 0: not begun */
    json_t *links; /* {"link id":{"key","object","cells",…}} in the order of the log */
    void *at;      /* at: the next of them */
    bool read;
};

/* ---- what the run did ---- */

static bool first_row(struct app *app, const struct log_row *row, bool *first, struct err *err)
{
    struct log_row *rows = NULL;
    size_t n = 0;
    if (!store_log_of(app->store, row->link, 0, 1, &rows, &n, err))
        return false;
    *first = n && rows[0].seq == row->seq;
    log_rows_free(rows, n);
    return true;
}

static bool row_of(struct takeback *u, const struct log_row *row, json_t **out, struct err *err)
{
    AUTO_FREE char *id = mem_printf("%lld", (long long)row->link);
    struct link link __attribute__((cleanup(link_done))) = {0};
    bool found = false;
    *out = json_object_get(u->links, id);
    if (*out || !store_link_by_id(u->app->store, row->link, &link, &found, err))
        return *out != NULL;
    if (!found)
        return true; /* deleted or forgotten since */
    *out = json_pack("{s:s,s:s,s:s?,s:{}}", "object", link.object, "key", link.key, "t_id", link.t_id, "cells");
    js_set(u->links, id, *out);
    return true;
}

/* The oldest value written over counts, and the newest shadows. */
static void fold_cell(json_t *cells, const char *field, const json_t *note)
{
    const char *side = js_str(note, "side");
    json_t *cell = json_object_get(cells, field), *old = json_object_get(note, "old");
    if (!cell && !side)
        return;
    if (!cell)
        js_set(cells, field, cell = json_object());
    bool both = str_eq(side, "both");
    const char *where = both ? "crm" : side;
    if (side && old && !json_object_get(cell, where))
        json_object_set(cell, where, old);
    if (both && json_object_get(note, "old_inbox") && !json_object_get(cell, "inbox"))
        json_object_set(cell, "inbox", json_object_get(note, "old_inbox"));
    if (json_object_get(note, "s")) {
        json_object_set(cell, "s", json_object_get(note, "s"));
        json_object_set(cell, "t", json_object_get(note, "t"));
    }
}

static bool fold_row(struct takeback *u, const struct log_row *row, struct err *err)
{
    static const char *const moves[] = {"detached", "remapped", "source gone", "source back", "ambiguous", "paused"};
    const char *field;
    json_t *note, *out = NULL;
    bool first = false;
    if (!row_of(u, row, &out, err) || (str_eq(row->event, "recovered") && !first_row(u->app, row, &first, err)))
        return false;
    if (!out)
        return true;
    for (size_t i = 0; i < COUNT(moves); i++)
        if (str_eq(row->event, moves[i]))
            js_set(out, "moved", json_string(row->event));
    if (str_eq(row->event, "created") || first) {
        js_set(out, "created", json_true());
        return true;
    }
    json_object_foreach (row->cells, field, note)
        fold_cell(json_object_get(out, "cells"), field, note);
    return true;
}

static bool read_run(struct takeback *u, struct err *err)
{
    int64_t after = 0;
    for (size_t n = PAGE; n == PAGE;) {
        struct log_row *rows = NULL;
        if (!store_log_run(u->app->store, u->run, after, PAGE, &rows, &n, err))
            return false;
        bool ok = true;
        for (size_t i = 0; ok && i < n; i++) {
            after = rows[i].seq;
            ok = fold_row(u, &rows[i], err);
        }
        log_rows_free(rows, n);
        if (!ok)
            return false;
    }
    return true;
}

/* ---- putting it back ---- */

static bool take_job(struct takeback *u, const json_t *row, struct job *job, struct err *err)
{
    struct store *st = u->app->store;
    const char *object = js_str(row, "object"), *key = js_str(row, "key");
    bool found = false;
    if (u->dry) {
        *job = (struct job){.object = mem_dup(object), .key = mem_dup(key), .why = mem_dup("undo")};
        return true;
    }
    return store_job_mark(st, u->route->name, object, key, LANE_LIVE, u->app->env.now(&u->app->env), "undo", err) &&
           store_job_get(st, u->route->name, object, key, job, &found, err);
}

static bool undo_chunk(struct takeback *u, json_t **rows, size_t n, struct err *err)
{
    struct job jobs[CHUNK] = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        ok = take_job(u, rows[i], &jobs[i], err);
    ok = ok && (!n || sync_undo(u->route, u->run, jobs, rows, n, u->dry, err));
    for (size_t i = 0; i < n; i++)
        job_done(&jobs[i]);
    return ok;
}

/* The next chunk of links with something to put back. */
static bool undo_some(struct takeback *u, struct err *err)
{
    json_t *rows[CHUNK];
    size_t n = 0;
    for (; u->at && n < CHUNK; u->at = json_object_iter_next(u->links, u->at)) {
        json_t *row = json_object_iter_value(u->at);
        if (json_object_size(json_object_get(row, "cells")))
            rows[n++] = row;
    }
    return undo_chunk(u, rows, n, err);
}

/* ---- the whole of it ---- */

static bool find_run(struct takeback *u, struct err *err)
{
    struct run run __attribute__((cleanup(run_done))) = {0};
    bool found = false;
    int64_t paused = 0;
    if (!store_run_get(u->app->store, u->run, &run, &found, err))
        return false;
    if (!found)
        return err_set(err, ERR_CONFIG, "there is no run %lld", (long long)u->run);
    u->route = who_route(u->app, run.route);
    if (!u->route)
        return err_set(err, ERR_CONFIG, "run %lld was one of route \"%s\", which is not configured", (long long)u->run,
                       run.route);
    if (!pause_since(u->app->store, u->route->name, &paused, err))
        return false;
    return !paused ||
           err_set(err, ERR_CONFIG, "route %s is paused: inbox-bridge resume %s", u->route->name, u->route->name);
}

struct takeback *takeback_new(struct app *app, int64_t run, bool dry)
{
    struct err err = {0};
    struct takeback *u = mem_alloc(sizeof *u);
    *u = (struct takeback){.app = app, .run = run, .dry = dry, .links = json_object()};
    if (find_run(u, &err))
        return u;
    if (err.kind == ERR_CONFIG) {
        app_say(app, "undo: %s", err.text);
        app_worse(app, EXIT_USAGE);
    } else {
        app_fail(app, "undo", &err);
    }
    takeback_free(u);
    return NULL;
}

void takeback_free(struct takeback *u)
{
    if (!u)
        return;
    json_decref(u->links);
    free(u);
}

struct route *takeback_route(const struct takeback *u)
{
    return u->route;
}

static bool begin(struct takeback *u, struct err *err)
{
    if (!read_run(u, err) || (!u->dry && !store_run_start(u->app->store, u->route->name, "undo", &u->own, err)))
        return false;
    u->read = true;
    u->at = json_object_iter(u->links);
    return true;
}

/* The service has a run of its own on the route, which goes on between two steps. */
bool takeback_step(struct takeback *u, bool *more, struct err *err)
{
    struct route *r = u->route;
    int64_t before = r->run;
    *more = false;
    if (!u->read && !begin(u, err))
        return false;
    r->run = u->own;
    bool ok = undo_some(u, err);
    r->run = before;
    *more = ok && u->at;
    return (*more || u->dry || store_run_end(u->app->store, u->own, NULL, err)) && ok;
}

json_t *takeback_report(struct takeback *u)
{
    const char *id;
    json_t *row, *rows = json_array();
    int64_t undone = 0, kept = 0, created = 0;
    json_object_foreach (u->links, id, row) {
        undone += (int64_t)json_array_size(json_object_get(row, "undone"));
        kept += (int64_t)json_array_size(json_object_get(row, "kept"));
        created += json_object_get(row, "created") != NULL;
        json_object_del(row, "cells");
        json_array_append(rows, row);
    }
    if (kept)
        app_worse(u->app, EXIT_PARTLY);
    return json_pack("{s:I,s:b,s:I,s:I,s:I,s:o}", "run", u->run, "dry_run", u->dry, "undone", undone, "kept", kept, "created",
                     created, "records", rows);
}
