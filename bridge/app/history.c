/* What the change log says about one person, their deals and the entries of their log: the rows, or the cells as they were at some
 * moment. */
#include "bridge/app/look.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"

#define PAGE 1000

struct history {
    struct app *app;
    const struct route *route;
    const struct link *link;
    int64_t at;    /* WHEN_NEVER: all of it */
    json_t *out;   /* rows, or with a moment the cells as they were */
    json_t *cells; /* {"field":{"inbox","crm","since","run"}} */
};

/* ---- the rows ---- */

static json_t *row_of(const struct history *h, const struct log_row *row)
{
    char at[WHEN_TEXT];
    when_print(row->at, at);
    return json_pack("{s:s,s:I,s:s,s:s,s:s,s:s}", "time", at, "run", row->run, "route", h->route->name, "object",
                     h->link->object, "key", h->link->key, "event", row->event);
}

static void add_cell(struct history *h, const struct log_row *row, const char *field, const json_t *note)
{
    static const char *const copied[] = {"old", "new", "why", "policy", "lost", "lost_too"};
    json_t *out = row_of(h, row);
    js_set(out, "field", json_string(field));
    if (js_str(note, "side"))
        js_set(out, "side", json_string(js_str(note, "side")));
    for (size_t i = 0; i < COUNT(copied); i++)
        if (json_object_get(note, copied[i]))
            json_object_set(out, copied[i], json_object_get(note, copied[i]));
    if (json_object_get(note, "s")) {
        json_object_set(out, "inbox", json_object_get(note, "s"));
        json_object_set(out, "crm", json_object_get(note, "t"));
    }
    if (js_int_or(note, "line", 0)) {
        AUTO_FREE char *line = mem_printf("%s:%lld", h->route->mapping->file, (long long)js_int_or(note, "line", 0));
        js_set(out, "line", json_string(line));
    }
    js_add(h->out, out);
}

static void add_row(struct history *h, const struct log_row *row)
{
    const char *field;
    json_t *note;
    if (!json_object_size(row->cells))
        js_add(h->out, row_of(h, row));
    json_object_foreach (row->cells, field, note)
        add_cell(h, row, field, note);
}

/* ---- the moment ---- */

/* Replays one row: shadows are what both sides held when they agreed. */
static void replay(struct history *h, const struct log_row *row)
{
    const char *field;
    json_t *note;
    char at[WHEN_TEXT];
    when_print(row->at, at);
    json_object_foreach (row->cells, field, note) {
        json_t *s = json_object_get(note, "s");
        if (!s)
            continue;
        js_set(h->cells, field,
               json_pack("{s:s,s:s,s:s,s:s,s:O,s:O?,s:s,s:I}", "route", h->route->name, "object", h->link->object, "key",
                         h->link->key, "field", field, "inbox", s, "crm", json_object_get(note, "t"), "since", at, "run", row->run));
    }
}

static bool read_log(struct history *h, struct err *err)
{
    int64_t after = 0;
    for (size_t n = PAGE; n == PAGE;) {
        struct log_row *rows = NULL;
        if (!store_log_of(h->app->store, h->link->id, after, PAGE, &rows, &n, err))
            return false;
        for (size_t i = 0; i < n; i++) {
            after = rows[i].seq;
            if (h->at == WHEN_NEVER)
                add_row(h, &rows[i]);
            else if (rows[i].at <= h->at)
                replay(h, &rows[i]);
        }
        log_rows_free(rows, n);
    }
    const char *field;
    json_t *cell;
    json_object_foreach (h->cells, field, cell)
        json_array_append(h->out, cell);
    return true;
}

static bool history_of(struct app *app, const struct route *r, const struct link *link, int64_t at, json_t *out, struct err *err)
{
    AUTO_JSON json_t *cells = json_object();
    struct history h = {.app = app, .route = r, .link = link, .at = at, .out = out, .cells = cells};
    return read_log(&h, err);
}

/* What hangs below the person: "<key>#deal-1", "<key>/<conversation>…". */
static bool history_below(struct app *app, const struct route *r, const char *front, int64_t at, json_t *out, struct err *err)
{
    int64_t after = 0;
    for (size_t n = PAGE; n == PAGE;) {
        struct link *links = NULL;
        if (!store_links_below(app->store, r->name, front, after, PAGE, &links, &n, err))
            return false;
        bool ok = true;
        for (size_t i = 0; i < n; i++) {
            after = links[i].id;
            ok = ok && history_of(app, r, &links[i], at, out, err);
        }
        links_free(links, n);
        if (!ok)
            return false;
    }
    return true;
}

static bool history_on(struct app *app, const struct route *r, const char *key, int64_t at, json_t *out,
                       struct err *err)
{
    for (size_t i = 0; i < r->mapping->n; i++) {
        struct link link __attribute__((cleanup(link_done))) = {0};
        bool found = false;
        if (!store_link_get(app->store, r->name, r->mapping->objects[i].name, key, &link, &found, err))
            return false;
        if (found && !history_of(app, r, &link, at, out, err))
            return false;
    }
    AUTO_FREE char *deals = mem_printf("%s#", key), *said = mem_printf("%s/", key);
    return history_below(app, r, deals, at, out, err) && history_below(app, r, said, at, out, err);
}

json_t *look_history(struct app *app, const char *words, int64_t at, struct err *err)
{
    AUTO_JSON json_t *out = json_array();
    bool any = false;
    for (size_t i = 0; i < app->n_routes; i++) {
        const struct route *r = &app->routes[i].route;
        struct err one = {0};
        AUTO_FREE char *key = who_key(app, r, words, &one);
        any |= key != NULL;
        if ((key && !history_on(app, r, key, at, out, &one)) || one.kind != ERR_NONE) {
            *err = one;
            err_wrap(err, "%s", r->name);
            return NULL;
        }
    }
    if (any)
        return json_incref(out);
    err_set(err, ERR_GONE, "nobody called \"%s\" was seen yet", words);
    return NULL;
}
