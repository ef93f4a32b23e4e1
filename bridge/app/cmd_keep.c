/* forget, prune, backup: what leaves the store, and what is copied out of it. */
#include "bridge/app/comparison.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "mappings/fence.h"
#include <string.h>

/* ---- forget ---- */

static char *key_anywhere(struct app *app, const char *words)
{
    for (size_t i = 0; i < app->n_routes; i++) {
        struct err err = {0};
        char *key = who_key(app, &app->routes[i].route, words, &err);
        if (err.kind != ERR_NONE)
            app_fail(app, "forget", &err);
        if (key)
            return key;
    }
    return NULL;
}

/* The bridge's line in the person's notes goes too; what people wrote stays. An Inbox that does not answer keeps nobody from
 * being forgotten, but it is said. */
static bool unline_field(struct app *app, struct route *r, const struct map_field *f, const struct subject *s, struct err *err)
{
    struct endpoint *ep = r->ep[SIDE_S];
    const char *fields[] = {f->path[SIDE_S], NULL}, *id = s->id;
    struct record now __attribute__((cleanup(record_done))) = {0};
    struct result done __attribute__((cleanup(result_done))) = {0};
    (void)app;
    if (!ep->kind->fetch(ep, s->object, &id, 1, fields, FETCH_FRESH, &now, err))
        return false;
    const char *text = now.fields ? js_str(now.fields, f->path[SIDE_S]) : NULL;
    AUTO_FREE char *line = fence_find(text, r->ep[SIDE_T]->name);
    if (now.err.kind != ERR_NONE || !line) {
        *err = now.err;
        return now.err.kind == ERR_NONE || now.err.kind == ERR_GONE;
    }
    AUTO_FREE char *people = fence_put(text, r->ep[SIDE_T]->name, NULL);
    AUTO_JSON json_t *set = json_object(), *seen = json_object();
    js_set(set, f->path[SIDE_S], *people ? json_string(people) : json_null());
    struct patch patch = {.object = s->object, .id = s->id, .key = s->key, .trace = "forget", .set = set, .seen = seen};
    bool ok = ep->kind->put(ep, &patch, 1, &done, err);
    if (ok && done.err.kind != ERR_NONE)
        *err = done.err;
    return ok && done.err.kind == ERR_NONE;
}

static void unline(struct app *app, struct route *r, const char *key)
{
    for (size_t i = 0; i < r->mapping->n; i++)
        for (size_t k = 0; k < r->mapping->objects[i].n_fields; k++) {
            const struct map_object *o = &r->mapping->objects[i];
            struct subject s __attribute__((cleanup(subject_done))) = {0};
            struct err err = {0};
            bool found = false;
            if (!o->fields[k].fence)
                continue;
            if (!store_subject_get(app->store, r->ep[SIDE_S]->name, o->type[SIDE_S], key, &s, &found, &err) ||
                (found && s.id && !unline_field(app, r, &o->fields[k], &s, &err))) {
                app_fail(app, "forget", &err);
                fprintf(stderr, "inbox-bridge: forget: the line [inbox-bridge %s] in the notes of %s is still there: take it away by hand\n",
                        r->ep[SIDE_T]->name, key);
            }
        }
}

static int forget(struct app *app, const char *words)
{
    struct err err = {0};
    int64_t rows = 0;
    AUTO_FREE char *key = key_anywhere(app, words);
    if (!key)
        return app->exit_code ? app->exit_code : who_nobody("forget", words);
    for (size_t i = 0; i < app->n_routes; i++) {
        comparison_drop(app, &app->routes[i].route);
        unline(app, &app->routes[i].route, key);
    }
    if (!store_forget(app->store, key, &rows, &err) || !store_compact(app->store, &err)) {
        app_fail(app, rows ? "forgotten, but the file still holds the bytes: run prune when this is mended" : "forget",
                 &err);
        return app->exit_code;
    }
    AUTO_JSON json_t *out = json_pack("{s:s,s:I}", "forgotten", key, "rows", rows);
    if (app->json)
        print_json(out);
    else
        printf("%s is forgotten: %lld rows are gone from the store, and the next sync will not bring it back\n"
               "its records in Inbox and in the CRM (but for the bridge's own line in the notes), older backups and plan files are untouched\n",
               key, (long long)rows);
    return app->exit_code;
}

static int lift(struct app *app, const char *key)
{
    struct err err = {0};
    bool was = false;
    if (!store_forgive(app->store, key, &was, &err)) {
        app_fail(app, "forget", &err);
        return app->exit_code;
    }
    if (!was) {
        fprintf(stderr, "inbox-bridge: forget: nobody with the key \"%s\" was forgotten here\n", key);
        return EXIT_USAGE;
    }
    AUTO_JSON json_t *out = json_pack("{s:s}", "lifted", key);
    if (app->json)
        print_json(out);
    else
        printf("%s may come back: sync --full looks for it at once\n", key);
    return app->exit_code;
}

int cmd_forget(struct app *app, int argc, char **argv)
{
    bool lifts = argc == 3 && !strcmp(argv[1], "--lift");
    if (!lifts && (argc != 2 || argv[1][0] == '-')) {
        fprintf(stderr, "inbox-bridge: forget: say forget PROSPECT (@handle, key, id), or forget --lift KEY\n");
        return EXIT_USAGE;
    }
    if (!app_load(app) || !app_open(app))
        return app->exit_code;
    return lifts ? lift(app, argv[2]) : forget(app, argv[1]);
}

/* ---- prune ---- */

int cmd_prune(struct app *app, int argc, char **argv)
{
    struct err err = {0};
    struct pruned p = {0};
    int64_t age = 90 * 24 * 3600 * 1000LL;
    if (argc != 1 && (argc != 3 || strcmp(argv[1], "--older-than") != 0)) {
        fprintf(stderr, "inbox-bridge: prune: say prune, or prune --older-than 90d\n");
        return EXIT_USAGE;
    }
    if (argc == 3 && !when_parse_span(argv[2], &age, &err)) {
        fprintf(stderr, "inbox-bridge: prune: %s\n", err.text);
        return EXIT_USAGE;
    }
    if (!app_load(app) || !app_open(app))
        return app->exit_code;
    if (!store_prune(app->store, app->env.now(&app->env) - age, &p, &err) || !store_compact(app->store, &err)) {
        app_fail(app, "prune", &err);
        return app->exit_code;
    }
    AUTO_JSON json_t *out = json_pack("{s:I,s:I,s:I}", "log_rows", p.log, "runs", p.runs, "subjects", p.subjects);
    if (app->json)
        print_json(out);
    else
        printf("gone: %lld rows of the change log, %lld runs, %lld source records that left Inbox\n", (long long)p.log,
               (long long)p.runs, (long long)p.subjects);
    return app->exit_code;
}

/* ---- backup ---- */

int cmd_backup(struct app *app, int argc, char **argv)
{
    struct err err = {0};
    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "inbox-bridge: backup: say backup FILE\n");
        return EXIT_USAGE;
    }
    if (!app_load(app))
        return app->exit_code;
    if (!store_backup(app->settings.store, argv[1], &err)) {
        app_fail(app, "backup", &err);
        return err.kind == ERR_REJECT ? EXIT_USAGE : app->exit_code;
    }
    AUTO_JSON json_t *out = json_pack("{s:s,s:s}", "backup", argv[1], "key_file", app->settings.key_file);
    if (app->json)
        print_json(out);
    else
        printf("%s is a checked copy of the store; sealed tokens in it open with %s only: keep that too\n", argv[1],
               app->settings.key_file);
    return app->exit_code;
}
