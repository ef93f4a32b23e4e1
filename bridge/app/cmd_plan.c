/* plan and apply: asked for and told here, made in planning.c and applying.c. Beside the service a plan goes through a file next to the
 * store, because either may not see the other's folders. */
#include "bridge/app/beside.h"
#include "bridge/app/applying.h"
#include "bridge/app/desk.h"
#include "bridge/app/planning.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SHOWN_MOST 40

/* ---- telling ---- */

static void show_row(struct table_out *table, const char *mapping, const json_t *row)
{
    size_t i;
    json_t *cell;
    json_array_foreach (json_object_get(row, "cells"), i, cell) {
        if (table->n > SHOWN_MOST)
            return;
        AUTO_FREE char *from = show_value(json_object_get(cell, "from"), 24), *to = show_value(json_object_get(cell, "to"), 24);
        AUTO_FREE char *why = mem_printf("%s (%s:%lld)", js_str(cell, "why"), mapping,
                                         (long long)js_int_or(cell, "line", 0));
        table_row(table, 7, js_str_or(row, "label", js_str(row, "key")), js_str(row, "act"), js_str(cell, "field"),
                  js_str(cell, "side"), from, to, why);
    }
}

/* The rows up to a route's footer, as many as are shown. */
static void show_rows(struct app *app, FILE *file, const char *name)
{
    struct table_out table = {0};
    const struct route *r = who_route(app, name);
    AUTO_FREE char *line = NULL;
    size_t cap = 0;
    bool end = false;
    for (ssize_t n; !end && (n = getline(&line, &cap, file)) > 0;) {
        AUTO_JSON json_t *row = js_parse(line, (size_t)n, NULL);
        end = js_str(row, "end") != NULL;
        if (!end && r)
            show_row(&table, r->mapping->file, row);
    }
    if (table.n)
        table_print(&table);
}

static void print_route(const json_t *end)
{
    int64_t crm = js_int_or(end, "crm_cells", 0), inbox = js_int_or(end, "inbox_cells", 0), holds = js_int_or(end, "holds", 0);
    const char *name;
    json_t *value;
    if (crm + inbox + holds > SHOWN_MOST)
        printf("… and more; --out FILE has every row\n");
    printf("route %s:", js_str(end, "route"));
    json_object_foreach (json_object_get(end, "counts"), name, value)
        printf(" %s %lld", name, (long long)json_integer_value(value));
    printf("; cells to write: CRM %lld, Inbox %lld; holds %lld; about %lld calls\n", (long long)crm, (long long)inbox,
           (long long)holds, (long long)js_int_or(end, "calls", 0));
    json_object_foreach (json_object_get(end, "excluded"), name, value)
        printf("  excluded %lld: %s\n", (long long)json_integer_value(value), name);
}

static void print_plan(struct app *app, FILE *file, const json_t *told)
{
    size_t i;
    json_t *end;
    if (app->json) {
        print_json(told);
        return;
    }
    char *line = NULL;
    size_t cap = 0;
    rewind(file);
    if (getline(&line, &cap, file) < 0) /* the header */
        clearerr(file);
    free(line);
    json_array_foreach (told, i, end) {
        show_rows(app, file, js_str(end, "route"));
        print_route(end);
    }
}

/* ---- files ---- */

static FILE *make_file(const char *path)
{
    unlink(path);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd >= 0 ? fdopen(fd, "w+") : NULL;
}

static bool copy(FILE *from, FILE *to)
{
    char part[65536];
    rewind(from);
    for (size_t n; (n = fread(part, 1, sizeof part, from)) > 0;)
        if (fwrite(part, 1, n, to) != n)
            return false;
    return !ferror(from) && fflush(to) == 0;
}

/* ---- plan ---- */

static json_t *plan_alone(struct app *app, FILE *file)
{
    struct progress bar;
    if (!app_open(app) || !app_learn(app) || !app_intake(app))
        return NULL;
    struct planning *p = planning_new(app, file);
    progress_start(&bar, app, "planning");
    while (planning_step(p)) {
        int64_t done = 0, left = 0;
        planning_stand(p, &done, &left);
        progress_show(&bar, done, left);
    }
    progress_end(&bar);
    json_t *told = planning_told(p);
    planning_free(p);
    return told;
}

static bool plan_asked(struct app *app, char *path, json_t **told)
{
    AUTO_FREE char *desk = desk_path(app->settings.store);
    return access(desk, F_OK) == 0 && deed_asked(app, 3, (char *[]){"plan", "--to", path, NULL}, told);
}

static void keep(struct app *app, FILE *file, const char *path)
{
    FILE *out = fopen(path, "w");
    bool ok = out && copy(file, out);
    if (out)
        ok = fclose(out) == 0 && ok;
    if (ok)
        return;
    app_say(app, "plan: %s: %s", path, strerror(errno));
    app_worse(app, out ? EXIT_PARTLY : EXIT_USAGE);
}

/* It is made beside the store, by us or by the service, and goes where it is wanted when it is whole. */
static void plan(struct app *app, const char *out)
{
    AUTO_FREE char *path = beside_path(app->settings.store, "plan");
    FILE *file = make_file(path);
    AUTO_JSON json_t *told = NULL;
    if (!file) {
        app_say(app, "plan: %s: %s", path, strerror(errno));
        app_worse(app, EXIT_STORE);
        return;
    }
    if (!plan_asked(app, path, &told))
        told = plan_alone(app, file);
    unlink(path);
    if (told && (fflush(file) || ferror(file))) {
        app_say(app, "plan: %s: %s", path, strerror(errno));
        app_worse(app, EXIT_PARTLY);
    } else if (told) {
        if (out)
            keep(app, file, out);
        print_plan(app, file, told);
    }
    fclose(file);
}

int cmd_plan(struct app *app, int argc, char **argv)
{
    const char *path = argc == 3 && !strcmp(argv[1], "--out") ? argv[2] : NULL;
    if (argc > 1 && !path) {
        fprintf(stderr, "inbox-bridge: plan: say plan, or plan --out FILE\n");
        return EXIT_USAGE;
    }
    if (app_load(app))
        plan(app, path);
    return app->exit_code;
}

/* ---- apply ---- */

static json_t *apply_alone(struct app *app, FILE *file, const char *name)
{
    struct err err = {0};
    bool more = true, ok = app_open(app) && app_learn(app);
    struct applying *a = applying_new(app, file);
    while (ok && more)
        ok = applying_step(a, &more, &err);
    if (err.kind != ERR_NONE)
        app_fail(app, name, &err);
    applying_free(a);
    return app->store ? app_report(app) : NULL;
}

/* The service gets a copy, under the file's name. */
static bool apply_asked(struct app *app, FILE *file, char *name, json_t **report)
{
    AUTO_FREE char *desk = desk_path(app->settings.store), *path = beside_path(app->settings.store, "plan");
    FILE *rows = access(desk, F_OK) == 0 ? make_file(path) : NULL;
    bool asked = rows && copy(file, rows) && deed_asked(app, 3, (char *[]){"apply", path, name, NULL}, report);
    if (rows) {
        fclose(rows);
        unlink(path);
        rewind(file);
    }
    return asked;
}

int cmd_apply(struct app *app, int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "inbox-bridge: apply: say apply FILE\n");
        return EXIT_USAGE;
    }
    FILE *file = fopen(argv[1], "r");
    if (!file) {
        fprintf(stderr, "inbox-bridge: apply: %s: %s\n", argv[1], strerror(errno));
        return EXIT_USAGE;
    }
    json_t *report = NULL;
    if (app_load(app) && !apply_asked(app, file, argv[1], &report))
        report = apply_alone(app, file, argv[1]);
    fclose(file);
    if (report)
        app_print_report(app, report);
    json_decref(report);
    return app->exit_code;
}
