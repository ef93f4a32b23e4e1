/* Exactly what a plan says, and nothing else: read in chunks, so that it may be as large as it likes. */
#include "bridge/app/applying.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/pause.h"
#include "bridge/sync/sync.h"

#define CHUNK 500

struct chunk {
    struct job jobs[CHUNK];
    json_t *rows[CHUNK];
    size_t n;
};

static void chunk_done(struct chunk *c)
{
    for (size_t i = 0; i < c->n; i++) {
        job_done(&c->jobs[i]);
        json_decref(c->rows[i]);
    }
    c->n = 0;
}

static void list_stale(struct app *app, const struct chunk *c)
{
    for (size_t i = 0; i < c->n; i++) {
        json_t *stale = json_object_get(c->rows[i], "stale");
        AUTO_FREE char *fields = stale ? js_print(stale) : NULL;
        if (!stale)
            continue;
        app_worse(app, EXIT_STALE);
        app_note(app, "stale: %s %s: the values moved since the plan was made; left alone",
                 js_str_or(c->rows[i], "label", js_str(c->rows[i], "key")), fields);
    }
}

static bool apply_chunk(struct app *app, struct route *r, struct chunk *c, struct err *err)
{
    bool ok = !c->n || sync_apply(r, c->jobs, c->rows, c->n, err);
    list_stale(app, c);
    chunk_done(c);
    return ok;
}

/* The row's job: the mark that was there when it was planned, or one made now. */
static bool take_row(struct route *r, struct chunk *c, json_t *stolen_row, struct err *err)
{
    struct job *job = &c->jobs[c->n];
    const char *object = js_str(stolen_row, "object"), *key = js_str(stolen_row, "key");
    bool found = false;
    *job = (struct job){0};
    c->rows[c->n] = stolen_row;
    if (!object || !key) {
        json_decref(stolen_row);
        return err_set(err, ERR_CONFIG, "a row names no object and key: this is not a plan of inbox-bridge");
    }
    c->n++;
    return store_job_mark(r->store, r->name, object, key, LANE_LIVE, r->env->now(r->env), "plan", err) &&
           store_job_get(r->store, r->name, object, key, job, &found, err);
}

/* The footer ends a route's rows and names the route, so rows wait in the chunk until it is known: a first look at the
 * file finds the footers. */
static bool approve(struct route *r, const json_t *end, struct err *err)
{
    AUTO_FREE char *name = mem_printf("approved:%s", r->name), *text = js_print(end);
    return store_meta_set(r->store, name, text, err) && store_jobs_wake(r->store, r->name, "withheld", err);
}

struct plan_in {
    FILE *file;
    char *line;
    size_t cap;
    int at;
};

static json_t *next_row(struct plan_in *in, struct err *err)
{
    ssize_t n = getline(&in->line, &in->cap, in->file);
    if (n < 0)
        return NULL;
    in->at++;
    json_t *row = js_parse(in->line, (size_t)n, err);
    if (!row)
        err_wrap(err, "line %d", in->at);
    return row;
}

/* Which route do the rows up to the next footer belong to? */
static struct route *route_ahead(struct app *app, struct plan_in *in, struct err *err)
{
    long here = ftell(in->file);
    int at = in->at;
    struct route *r = NULL;
    json_t *row;
    while (!r && (row = next_row(in, err))) {
        if (js_str(row, "end"))
            r = who_route(app, js_str(row, "route"));
        if (js_str(row, "end") && !r)
            err_set(err, ERR_CONFIG, "line %d: no route is called \"%s\" here", in->at, js_str_or(row, "route", ""));
        bool end = js_str(row, "end") != NULL;
        json_decref(row);
        if (end)
            break;
    }
    fseek(in->file, here, SEEK_SET);
    in->at = at;
    if (!r && err->kind == ERR_NONE && at > 1)
        err_set(err, ERR_NONE, "end");
    return r;
}

static bool not_paused(const struct route *r, struct err *err)
{
    int64_t paused = 0;
    return pause_since(r->store, r->name, &paused, err) &&
           (!paused || err_set(err, ERR_CONFIG, "route %s is paused: inbox-bridge resume %s", r->name, r->name));
}

struct applying {
    struct app *app;
    struct plan_in in;
    struct route *route; /* whose rows come; NULL: between two */
    struct chunk chunk;
    bool begun;
};

struct applying *applying_new(struct app *app, FILE *file)
{
    struct applying *a = mem_alloc(sizeof *a);
    a->app = app;
    a->in.file = file;
    return a;
}

void applying_free(struct applying *a)
{
    if (!a)
        return;
    chunk_done(&a->chunk);
    free(a->in.line);
    free(a);
}

static bool begin(struct applying *a, struct err *err)
{
    AUTO_JSON json_t *head = next_row(&a->in, err);
    a->begun = true;
    return err->kind == ERR_NONE && (js_int_or(head, "plan", 0) == 1 || err_set(err, ERR_CONFIG, "line 1: this is not a plan of inbox-bridge"));
}

/* Rows until the chunk is full, or the footer. */
static bool some(struct applying *a, struct err *err)
{
    struct route *r = a->route;
    json_t *row;
    while ((row = next_row(&a->in, err))) {
        if (js_str(row, "end")) {
            bool ok = apply_chunk(a->app, r, &a->chunk, err) && r->stop.kind == ERR_NONE && approve(r, row, err);
            json_decref(row);
            a->route = NULL;
            return ok;
        }
        if (!take_row(r, &a->chunk, row, err))
            return false;
        if (a->chunk.n == CHUNK)
            return apply_chunk(a->app, r, &a->chunk, err);
    }
    return err->kind == ERR_NONE ? err_set(err, ERR_CONFIG, "the plan has no end: it was cut off") : false;
}

bool applying_step(struct applying *a, bool *more, struct err *err)
{
    *more = false;
    if (!a->begun && !begin(a, err))
        return false;
    if (!a->route) {
        a->route = route_ahead(a->app, &a->in, err);
        if (!a->route || !not_paused(a->route, err))
            return err->kind == ERR_NONE;
    }
    *more = some(a, err);
    return *more;
}
