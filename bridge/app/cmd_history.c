/* history: what was changed on one prospect, its deals and the entries of its log, when, by which run and by which rule; or
 * what its cells were at some moment. It reads the change log alone: no network, no shadows. */
#include "bridge/app/app.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include <string.h>

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

/* ---- for people ---- */

/* The field; of a child with what it hangs below the person as. */
static char *field_shown(const json_t *row)
{
    const char *field = js_str_or(row, "field", "(link)"), *below = strpbrk(js_str_or(row, "key", ""), "#/");
    return below ? mem_printf("%s %s", below, field) : mem_dup(field);
}

static void print_rows(const json_t *rows)
{
    struct table_out table = {0};
    size_t i;
    json_t *row;
    table_row(&table, 9, "TIME", "RUN", "FIELD", "SIDE", "OLD", "NEW", "WHY", "POLICY", "LINE");
    json_array_foreach (rows, i, row) {
        const char *side = js_str(row, "side");
        bool agreed = !side && json_object_get(row, "inbox");
        AUTO_FREE char *run = mem_printf("%lld", (long long)js_int_or(row, "run", 0));
        AUTO_FREE char *old = show_value(json_object_get(row, "old"), 24);
        AUTO_FREE char *now = show_value(json_object_get(row, agreed ? "inbox" : "new"), 24);
        AUTO_FREE char *lost = json_object_get(row, "lost") ? show_value(json_object_get(row, "lost"), 24) : NULL;
        const char *why = js_str(row, "why") ? js_str(row, "why")
                          : agreed           ? "both sides hold it"
                                             : js_str(row, "event");
        AUTO_FREE char *field = field_shown(row);
        AUTO_FREE char *said = lost && !side ? mem_printf("%s: %s", why, lost) : mem_dup(why);
        table_row(&table, 9, js_str(row, "time"), run, field,
                  side     ? side
                  : agreed ? "="
                           : "",
                  old, now, said, js_str_or(row, "policy", ""), js_str_or(row, "line", ""));
    }
    table_print(&table);
}

static void print_cells(const json_t *rows)
{
    struct table_out table = {0};
    size_t i;
    json_t *row;
    table_row(&table, 5, "FIELD", "INBOX", "CRM", "SINCE", "RUN");
    json_array_foreach (rows, i, row) {
        AUTO_FREE char *run = mem_printf("%lld", (long long)js_int_or(row, "run", 0));
        AUTO_FREE char *field = field_shown(row);
        AUTO_FREE char *s = show_value(json_object_get(row, "inbox"), 32),
                       *t = show_value(json_object_get(row, "crm"), 32);
        table_row(&table, 5, field, s, t, js_str(row, "since"), run);
    }
    table_print(&table);
}

static void print_history(const json_t *rows, int64_t at)
{
    if (!json_array_size(rows))
        printf(at == WHEN_NEVER ? "nothing was changed yet\n" : "nothing was agreed on by then\n");
    else if (at == WHEN_NEVER)
        print_rows(rows);
    else
        print_cells(rows);
}

static bool history_options(int argc, char **argv, const char **words, int64_t *at)
{
    *at = WHEN_NEVER;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--at") && i + 1 < argc) {
            if (!when_parse(argv[++i], at)) {
                fprintf(stderr, "inbox-bridge: history: \"%s\" is no time: say 2026-03-02 or 2026-03-02T09:15:00Z\n",
                        argv[i]);
                return false;
            }
        } else if (*words || argv[i][0] == '-') {
            *words = NULL;
            break;
        } else {
            *words = argv[i];
        }
    }
    if (!*words)
        fprintf(stderr,
                "inbox-bridge: history: say history PROSPECT (@handle, key, id), or history PROSPECT --at TIME\n");
    return *words != NULL;
}

int cmd_history(struct app *app, int argc, char **argv)
{
    const char *words = NULL;
    int64_t at = WHEN_NEVER;
    bool any = false;
    if (!history_options(argc, argv, &words, &at))
        return EXIT_USAGE;
    if (!app_load(app) || !app_look(app, false))
        return app->exit_code;
    AUTO_JSON json_t *out = json_array();
    for (size_t i = 0; i < app->n_routes; i++) {
        struct err err = {0};
        const struct route *r = &app->routes[i].route;
        AUTO_FREE char *key = who_key(app, r, words, &err);
        any |= key != NULL;
        if ((key && !history_on(app, r, key, at, out, &err)) || err.kind != ERR_NONE)
            app_fail(app, r->name, &err);
    }
    if (!any)
        return app->exit_code ? app->exit_code : who_nobody("history", words);
    if (app->json)
        print_json(out);
    else
        print_history(out, at);
    return app->exit_code;
}
