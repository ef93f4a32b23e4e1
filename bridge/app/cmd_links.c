/* links: the ID map as a table (CSV) that goes out and comes back. An import is checked line by line and then done whole or
 * not at all. Shadows do not travel: the next sync compares imported links as at first contact. */
#include "bridge/app/beside.h"
#include "bridge/app/desk.h"
#include "bridge/base/csv.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define COLUMNS 6
#define PAGE 1000
#define FILE_MOST (256L << 20)

static const char *const columns[COLUMNS] = {"route", "object", "key", "t_type", "t_id", "state"};
static const char secondary[] = "secondary"; /* linked, and another prospect owns the record's fields */

/* ---- export ---- */

/* Links that never had a record are not worth carrying: the next sync looks for it anew. */
static bool worth_it(const struct link *l)
{
    return l->t_id || l->state == LINK_TOMBSTONE;
}

static bool export_route(struct app *app, const struct route *r, FILE *out, int64_t *count, struct err *err)
{
    int64_t after = 0;
    for (size_t n = PAGE; n == PAGE;) {
        struct link *links = NULL;
        if (!store_links_after(app->store, r->name, after, PAGE, &links, &n, err))
            return false;
        for (size_t i = 0; i < n; i++) {
            const struct link *l = &links[i];
            const char *state = l->secondary ? secondary : link_state_name(l->state);
            after = l->id;
            if (!worth_it(l))
                continue;
            csv_print(out, (const char *const[]){l->route, l->object, l->key, l->t_type, l->t_id, state}, COLUMNS);
            ++*count;
        }
        links_free(links, n);
    }
    return true;
}

static void tell(struct app *app, const json_t *out, const char *what)
{
    if (app->json)
        print_json(out);
    else
        printf("%lld links %s%s\n", (long long)js_int_or(out, what, 0), what,
               js_int_or(out, "known", 0) ? ", the others were here already" : "");
}

static int export_links(struct app *app, const char *path)
{
    struct err err = {0};
    int64_t count = 0;
    bool ok = true, screen = str_eq(path, "-");
    FILE *out = screen ? stdout : fopen(path, "w");
    if (!out) {
        fprintf(stderr, "inbox-bridge: links: %s: %s\n", path, strerror(errno));
        return EXIT_USAGE;
    }
    csv_print(out, columns, COLUMNS);
    for (size_t i = 0; ok && i < app->n_routes; i++)
        ok = export_route(app, &app->routes[i].route, out, &count, &err);
    bool full = fflush(out) || ferror(out);
    if (!screen)
        full |= fclose(out) != 0;
    if (ok && full)
        ok = err_set(&err, ERR_LIMIT, "%s: %s", path, strerror(errno));
    if (!ok)
        app_fail(app, "links", &err);
    if (!ok || screen)
        return app->exit_code;
    AUTO_JSON json_t *told = json_pack("{s:I,s:i}", "exported", count, "known", 0);
    tell(app, told, "exported");
    return app->exit_code;
}

/* ---- import ---- */

struct import {
    struct app *app;
    struct csv csv;
    json_t *lines[2]; /* "route\nobject\nkey" and "route\ntype\nid" → line: what the file said already */
    int64_t added, known;
};

static struct map_object *object_of(const struct route *r, const char *name)
{
    for (size_t i = 0; r && i < r->mapping->n; i++)
        if (str_eq(r->mapping->objects[i].name, name))
            return &r->mapping->objects[i];
    return NULL;
}

static bool state_of(const char *name, struct link *l)
{
    static const enum link_state carried[] = {LINK_LINKED, LINK_PAUSED, LINK_DETACHED, LINK_TOMBSTONE};
    l->secondary = str_eq(name, secondary);
    for (size_t i = 0; i < COUNT(carried); i++)
        if (str_eq(name, link_state_name(carried[i]))) {
            l->state = carried[i];
            return true;
        }
    return l->secondary;
}

static bool once(struct import *in, int which, const char *a, const char *b, const char *c, const char *what,
                 struct err *err)
{
    AUTO_FREE char *name = mem_printf("%s\n%s\n%s", a, b, c);
    int64_t before = js_int_or(in->lines[which], name, 0);
    if (before)
        return err_set(err, ERR_CONFIG, "line %d: line %lld names this %s already", in->csv.line, (long long)before,
                       what);
    js_set(in->lines[which], name, json_integer(in->csv.line));
    return true;
}

/* What a line may say, without a look at the store. The link borrows from the row. */
static bool check_line(struct import *in, const struct csv_row *row, struct link *l, struct err *err)
{
    int line = in->csv.line;
    if (row->n != COLUMNS)
        return err_set(err, ERR_CONFIG, "line %d: %zu cells, not %d", line, row->n, COLUMNS);
    char **c = row->cells;
    const struct route *r = who_route(in->app, c[0]);
    if (!r)
        return err_set(err, ERR_CONFIG, "line %d: no route is called \"%s\"", line, c[0]);
    if (!object_of(r, c[1]))
        return err_set(err, ERR_CONFIG, "line %d: the mapping of %s has no object \"%s\"", line, c[0], c[1]);
    *l = (struct link){.route = c[0], .object = c[1], .key = c[2], .t_type = c[3], .t_id = *c[4] ? c[4] : NULL};
    if (!state_of(c[5], l))
        return err_set(err, ERR_CONFIG,
                       "line %d: the state \"%s\" is none of linked, paused, detached, tombstone, secondary", line,
                       c[5]);
    if (str_blank(l->key) || str_blank(l->t_type))
        return err_set(err, ERR_CONFIG, "line %d: the %s is missing", line, str_blank(l->key) ? "key" : "t_type");
    if (!l->t_id && l->state != LINK_TOMBSTONE)
        return err_set(err, ERR_CONFIG, "line %d: the t_id is missing", line);
    return once(in, 0, c[0], c[1], c[2], "key", err) &&
           (!l->t_id || l->secondary || once(in, 1, c[0], c[3], c[4], "record", err));
}

static bool same_link(const struct link *a, const struct link *b)
{
    return str_eq(a->t_type, b->t_type) && str_eq(a->t_id, b->t_id) && a->state == b->state &&
           a->secondary == b->secondary;
}

static bool put_line(struct import *in, struct link *l, struct err *err)
{
    struct store *st = in->app->store;
    struct link old __attribute__((cleanup(link_done))) = {0};
    bool found = false, forgotten = false;
    if (!store_link_get(st, l->route, l->object, l->key, &old, &found, err) ||
        !store_forgotten(st, l->key, &forgotten, err))
        return false;
    if (forgotten)
        return err_set(err, ERR_CONFIG, "line %d: this prospect was forgotten: take the line out, or forget --lift",
                       in->csv.line);
    if (found && !same_link(&old, l))
        return err_set(err, ERR_CONFIG, "line %d: %s is %s already, with record %s", in->csv.line, l->key,
                       link_state_name(old.state), old.t_id ? old.t_id : "none");
    in->known += found;
    if (found)
        return true;
    if (!store_link_put(st, l, err))
        return err->kind == ERR_REJECT
                   ? err_set(err, ERR_CONFIG, "line %d: record %s belongs to another prospect already", in->csv.line,
                             l->t_id)
                   : false;
    in->added++;
    return store_job_mark(st, l->route, l->object, l->key, LANE_BACKFILL, in->app->env.now(&in->app->env), "imported",
                          err);
}

static bool check_header(const struct csv_row *row, struct err *err)
{
    bool ok = row->n == COLUMNS;
    for (size_t i = 0; ok && i < COLUMNS; i++)
        ok = str_eq(row->cells[i], columns[i]);
    return ok || err_set(err, ERR_CONFIG, "line 1: the columns must be route,object,key,t_type,t_id,state");
}

static bool import_text(struct import *in, struct err *err)
{
    STORE_TX(tx, in->app->store);
    bool more = true;
    if (!store_begin(in->app->store, err))
        return false;
    for (bool first = true; more; first = false) {
        struct csv_row row __attribute__((cleanup(csv_row_done))) = {0};
        struct link l = {0};
        if (!csv_next(&in->csv, &row, &more, err))
            return false;
        if (first ? !check_header(&row, err) : more && (!check_line(in, &row, &l, err) || !put_line(in, &l, err)))
            return false;
    }
    return store_commit(in->app->store, err);
}

static char *read_whole(const char *path, struct err *err)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        err_set(err, ERR_CONFIG, "%s", strerror(errno));
        return NULL;
    }
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    char *text = n >= 0 && n <= FILE_MOST ? mem_alloc((size_t)n + 1) : NULL;
    bool ok = text && fread(text, 1, (size_t)n, f) == (size_t)n && strlen(text) == (size_t)n &&
              str_utf8_valid(text, (size_t)n);
    fclose(f);
    if (ok)
        return text;
    free(text);
    err_set(err, ERR_CONFIG, "this is no CSV file in UTF-8 of at most %ld MB", FILE_MOST >> 20);
    return NULL;
}

json_t *deed_links(struct app *app, int argc, char **argv)
{
    struct err err = {0};
    AUTO_FREE char *text = read_whole(argv[2], &err);
    AUTO_JSON json_t *keys = json_object(), *records = json_object();
    bool marked = text && str_starts(text, "\xef\xbb\xbf"); /* spreadsheets put a byte order mark in front */
    struct import in = {.app = app, .csv = {.at = marked ? text + 3 : text}, .lines = {keys, records}};
    if (text && import_text(&in, &err))
        return json_pack("{s:I,s:I}", "imported", in.added, "known", in.known);
    app_say(app, "links: %s: %s; nothing was imported", argv[argc - 1], err.text);
    app_worse(app, err.kind == ERR_STORE ? EXIT_STORE : EXIT_USAGE);
    return NULL;
}

/* ---- the command ---- */

/* The service may not see the file, nor the folder it is named from: it gets a copy beside the store, under the file's name. */
static bool copy_beside(struct app *app, const char *from, const char *to)
{
    struct err err = {0};
    AUTO_FREE char *text = read_whole(from, &err);
    if (!text) {
        app_say(app, "links: %s: %s; nothing was imported", from, err.text);
        app_worse(app, EXIT_USAGE);
        return false;
    }
    unlink(to);
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool ok = f && fwrite(text, 1, strlen(text), f) == strlen(text);
    ok = f && fclose(f) == 0 && ok;
    if (ok)
        return true;
    app_say(app, "links: %s: %s; nothing was imported", to, strerror(errno));
    app_worse(app, EXIT_STORE);
    unlink(to);
    return false;
}

static json_t *import_links(struct app *app, char **argv)
{
    AUTO_FREE char *desk = desk_path(app->settings.store), *copy = beside_path(app->settings.store, "import");
    json_t *out = NULL;
    if (access(desk, F_OK) == 0) {
        if (!copy_beside(app, argv[2], copy))
            return NULL;
        bool asked = deed_asked(app, 4, (char *[]){argv[0], argv[1], copy, argv[2]}, &out);
        unlink(copy);
        if (asked)
            return out;
    }
    return app_open(app) ? deed_links(app, 3, argv) : NULL;
}

int cmd_links(struct app *app, int argc, char **argv)
{
    bool out = argc == 3 && str_eq(argv[1], "export"), in = argc == 3 && str_eq(argv[1], "import");
    if (!out && !in) {
        fprintf(stderr, "inbox-bridge: links: say links export FILE, or links import FILE\n");
        return EXIT_USAGE;
    }
    if (!app_load(app) || (out && !app_look(app, false)))
        return app->exit_code;
    if (out)
        return export_links(app, argv[2]);
    AUTO_JSON json_t *told = import_links(app, argv);
    if (told)
        tell(app, told, "imported");
    return app->exit_code;
}
