/* forget, prune, backup: what leaves the store, and what is copied out of it. */
#include "bridge/app/comparison.h"
#include "bridge/app/deed.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
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

static json_t *forget(struct app *app, const char *words)
{
    struct err err = {0};
    int64_t rows = 0;
    AUTO_FREE char *key = key_anywhere(app, words);
    if (!key && !app->exit_code)
        who_nobody(app, "forget", words);
    if (!key)
        return NULL;
    for (size_t i = 0; i < app->n_routes; i++)
        comparison_drop(app, &app->routes[i].route);
    if (store_forget(app->store, key, &rows, &err) && store_compact(app->store, &err))
        return json_pack("{s:s,s:I}", "forgotten", key, "rows", rows);
    app_fail(app, rows ? "forgotten, but the file still holds the bytes: run prune when this is mended" : "forget", &err);
    return NULL;
}

static json_t *lift(struct app *app, const char *key)
{
    struct err err = {0};
    bool was = false;
    if (!store_forgive(app->store, key, &was, &err)) {
        app_fail(app, "forget", &err);
        return NULL;
    }
    if (was)
        return json_pack("{s:s}", "lifted", key);
    app_say(app, "forget: nobody with the key \"%s\" was forgotten here", key);
    app_worse(app, EXIT_USAGE);
    return NULL;
}

json_t *deed_forget(struct app *app, int argc, char **argv)
{
    return argc == 3 ? lift(app, argv[2]) : forget(app, argv[1]);
}

int cmd_forget(struct app *app, int argc, char **argv)
{
    AUTO_JSON json_t *out = deed_do(app, argc, argv);
    const char *forgotten = js_str(out, "forgotten");
    if (out && app->json)
        print_json(out);
    else if (forgotten)
        printf("%s is forgotten: %lld rows are gone from the store, and the next sync will not bring it back\n"
               "its records in Inbox and in the CRM, older backups and plan files are untouched\n",
               forgotten, (long long)js_int_or(out, "rows", 0));
    else if (out)
        printf("%s may come back: sync --full looks for it at once\n", js_str(out, "lifted"));
    return app->exit_code;
}

/* ---- prune ---- */

json_t *deed_prune(struct app *app, int argc, char **argv)
{
    struct err err = {0};
    struct pruned p = {0};
    int64_t age = 90 * 24 * 3600 * 1000LL;
    if ((argc == 3 && !when_parse_span(argv[2], &age, &err)) || !store_prune(app->store, app->env.now(&app->env) - age, &p, &err) ||
        !store_compact(app->store, &err)) {
        app_fail(app, "prune", &err);
        return NULL;
    }
    return json_pack("{s:I,s:I,s:I}", "log_rows", p.log, "runs", p.runs, "subjects", p.subjects);
}

int cmd_prune(struct app *app, int argc, char **argv)
{
    AUTO_JSON json_t *out = deed_do(app, argc, argv);
    if (out && app->json)
        print_json(out);
    else if (out)
        printf("gone: %lld rows of the change log, %lld runs, %lld source records that left Inbox\n",
               (long long)js_int_or(out, "log_rows", 0), (long long)js_int_or(out, "runs", 0), (long long)js_int_or(out, "subjects", 0));
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
