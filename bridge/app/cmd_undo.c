/* undo: reads from the change log what a run wrote over, and hands it to the engine. It writes nothing itself. */
#include "bridge/app/app.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/pause.h"
#include "bridge/sync/undo.h"
#include <string.h>

#define PAGE 1000
#define CHUNK 200

struct undo_of {
    struct app *app;
    struct route *route;
    int64_t run;
    bool dry;
    json_t *links; /* {"link id":{"key","object","cells",…}} in the order of the log */
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

static bool row_of(struct undo_of *u, const struct log_row *row, json_t **out, struct err *err)
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

static bool fold_row(struct undo_of *u, const struct log_row *row, struct err *err)
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

static bool read_run(struct undo_of *u, struct err *err)
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

static bool take_job(struct undo_of *u, const json_t *row, struct job *job, struct err *err)
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

static bool undo_chunk(struct undo_of *u, json_t **rows, size_t n, struct err *err)
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

static bool undo_all(struct undo_of *u, struct err *err)
{
    json_t *rows[CHUNK], *row;
    size_t n = 0;
    const char *id;
    json_object_foreach (u->links, id, row) {
        if (!json_object_size(json_object_get(row, "cells")))
            continue;
        rows[n++] = row;
        if (n == CHUNK && !undo_chunk(u, rows, n, err))
            return false;
        n %= CHUNK;
    }
    return undo_chunk(u, rows, n, err);
}

/* ---- telling ---- */

static void show_row(const json_t *row, bool dry, struct table_out *table)
{
    size_t i;
    json_t *cell;
    const char *who = js_str_or(row, "label", js_str(row, "key"));
    json_array_foreach (json_object_get(row, "undone"), i, cell) {
        AUTO_FREE char *from = show_value(json_object_get(cell, "from"), 24),
                       *to = show_value(json_object_get(cell, "to"), 24);
        table_row(table, 6, who, js_str(cell, "field"), js_str(cell, "side"), from, to,
                  dry ? "would be put back" : "put back");
    }
    json_array_foreach (json_object_get(row, "kept"), i, cell)
        table_row(table, 6, who, js_str(cell, "field"), "", "", "", js_str(cell, "why"));
    if (json_object_get(row, "created"))
        table_row(table, 6, who, "(record)", "crm", "", js_str_or(row, "t_id", ""),
                  "created by the run; delete it there if it must go");
    if (js_str(row, "moved"))
        table_row(table, 6, who, "(link)", "", "", "", js_str(row, "moved"));
}

static void report(struct undo_of *u)
{
    struct table_out table = {0};
    const char *id;
    json_t *row;
    int64_t undone = 0, kept = 0, created = 0;
    AUTO_JSON json_t *rows = json_array();
    table_row(&table, 6, "PROSPECT", "FIELD", "SIDE", "NOW", "BEFORE", "RESULT");
    json_object_foreach (u->links, id, row) {
        undone += (int64_t)json_array_size(json_object_get(row, "undone"));
        kept += (int64_t)json_array_size(json_object_get(row, "kept"));
        created += json_object_get(row, "created") != NULL;
        show_row(row, u->dry, &table);
        json_object_del(row, "cells");
        json_array_append(rows, row);
    }
    if (kept)
        app_worse(u->app, EXIT_PARTLY);
    AUTO_JSON json_t *out = json_pack("{s:I,s:b,s:I,s:I,s:I,s:O}", "run", u->run, "dry_run", u->dry, "undone", undone,
                                      "kept", kept, "created", created, "records", rows);
    if (u->app->json) {
        print_json(out);
        table_drop(&table);
    } else {
        table_print(&table);
        printf("run %lld: %lld values %s, %lld left alone, %lld records it created stay\n", (long long)u->run,
               (long long)undone, u->dry ? "would be put back" : "put back", (long long)kept, (long long)created);
    }
}

/* ---- the command ---- */

static bool find_run(struct undo_of *u, struct err *err)
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

static bool undo_run(struct undo_of *u, struct err *err)
{
    struct app *app = u->app;
    if (!app_learn(app) || !app_intake(app) || !read_run(u, err))
        return false;
    if (!u->dry && !store_run_start(app->store, u->route->name, "undo", &u->route->run, err))
        return false;
    bool ok = undo_all(u, err);
    return (u->dry || store_run_end(app->store, u->route->run, NULL, err)) && ok;
}

int cmd_undo(struct app *app, int argc, char **argv)
{
    struct err err = {0};
    AUTO_JSON json_t *links = json_object();
    struct undo_of u = {.app = app, .links = links};
    const char *number = NULL;
    for (int i = 1; i < argc; i++) {
        u.dry |= !strcmp(argv[i], "--dry-run");
        number = !strcmp(argv[i], "--dry-run") ? number : number ? "" : argv[i];
    }
    if (!number || !str_to_int(number, 1, INT64_MAX, &u.run)) {
        fprintf(stderr, "inbox-bridge: undo: say undo RUN, or undo RUN --dry-run; history PROSPECT names the runs\n");
        return EXIT_USAGE;
    }
    if (!app_load(app) || !app_open(app))
        return app->exit_code;
    if (!find_run(&u, &err)) {
        app_fail(app, "undo", &err);
        return err.kind == ERR_CONFIG ? EXIT_USAGE : app->exit_code;
    }
    if (undo_run(&u, &err))
        report(&u);
    else if (err.kind != ERR_NONE)
        app_fail(app, "undo", &err);
    return app->exit_code;
}
