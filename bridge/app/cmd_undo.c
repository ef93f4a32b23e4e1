/* undo: what a run wrote over is put back (takeback.c); here it is asked for and told. */
#include "bridge/app/deed.h"
#include "bridge/app/pass.h"
#include "bridge/app/takeback.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"

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

static void print_report(const struct app *app, const json_t *out)
{
    struct table_out table = {0};
    bool dry = js_bool_or(out, "dry_run", false);
    size_t i;
    json_t *row;
    if (app->json) {
        print_json(out);
        return;
    }
    table_row(&table, 6, "PROSPECT", "FIELD", "SIDE", "NOW", "BEFORE", "RESULT");
    json_array_foreach (json_object_get(out, "records"), i, row)
        show_row(row, dry, &table);
    table_print(&table);
    printf("run %lld: %lld values %s, %lld left alone, %lld records it created stay\n", (long long)js_int_or(out, "run", 0),
           (long long)js_int_or(out, "undone", 0), dry ? "would be put back" : "put back", (long long)js_int_or(out, "kept", 0),
           (long long)js_int_or(out, "created", 0));
}

/* ---- the command ---- */

json_t *deed_undo(struct app *app, int argc, char **argv)
{
    struct err err = {0};
    struct pass_wish wish;
    bool more = true, ok = !pass_wish(argc, argv, &wish);
    struct takeback *u = ok ? takeback_new(app, wish.undo, wish.dry) : NULL;
    ok = u && app_learn(app) && app_intake(app);
    while (ok && more)
        ok = takeback_step(u, &more, &err);
    if (err.kind != ERR_NONE)
        app_fail(app, "undo", &err);
    json_t *out = ok ? takeback_report(u) : NULL;
    takeback_free(u);
    return out;
}

int cmd_undo(struct app *app, int argc, char **argv)
{
    AUTO_JSON json_t *out = deed_do(app, argc, argv);
    if (out)
        print_report(app, out);
    return app->exit_code;
}
