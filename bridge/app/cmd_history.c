/* history: what was changed on one prospect, its deals and the entries of its log, when, by which run and by which rule; or
 * what its cells were at some moment. It reads the change log alone: no network, no shadows. */
#include "bridge/app/look.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include <string.h>

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
    struct err err = {0};
    if (!history_options(argc, argv, &words, &at))
        return EXIT_USAGE;
    if (!app_load(app) || !app_look(app, false))
        return app->exit_code;
    AUTO_JSON json_t *out = look_history(app, words, at, &err);
    if (!out && err.kind == ERR_GONE)
        return who_nobody(app, "history", words);
    if (!out)
        app_fail(app, "history", &err);
    else if (app->json)
        print_json(out);
    else
        print_history(out, at);
    return app->exit_code;
}
