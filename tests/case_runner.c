/* case-runner FILE…: runs decision tables given as JSON through decide() and merge_sets(), prints each failing row and
 * ends non-zero on any. Two kinds of rows, told apart by their members:
 *   {"base_s","base_t","s","t","policy","action","s_after","t_after","base_moves"}            (one cell)
 *   {"base","s","t","merged","write_S","write_T"}                                             (one set)
 * A cell row may also say "flow", "initial", "otherwise", "on_forbidden", "order" (for monotone), "s_seen" and "t_seen"
 * ([from, to] in ms, for newest), "blank_to_s", "blank_to_t". A missing base member means: never agreed. Expected members
 * that a row leaves out are not looked at. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/decide.h"
#include "bridge/sync/merge.h"
#include "mappings/value.h"
#include <stdio.h>
#include <string.h>

static int rank_of(const json_t *order, const json_t *value)
{
    size_t i;
    json_t *item;
    json_array_foreach ((json_t *)order, i, item)
        if (value_same(item, value))
            return (int)i;
    return -1;
}

static struct evidence seen_of(const json_t *row, const char *key)
{
    const json_t *pair = json_object_get(row, key);
    return (struct evidence){.from = json_integer_value(json_array_get(pair, 0)),
                             .to = json_integer_value(json_array_get(pair, 1))};
}

static bool choice(const json_t *row, const char *key, const char *const *names, int *out)
{
    const char *name = js_str(row, key);
    for (int i = 0; name && names[i]; i++)
        if (!strcmp(names[i], name)) {
            *out = i;
            return true;
        }
    return !name;
}

static bool read_rules(const json_t *row, struct rules *r)
{
    static const char *const flows[] = {"both", "to_crm", "to_inbox", "none", NULL};
    static const char *const forbid[] = {"ignore", "revert", "alert", NULL};
    int flow = FLOW_BOTH, on_forbidden = FORBIDDEN_IGNORE;
    r->initial = r->otherwise = POLICY_HOLD;
    r->blank_to[0] = js_bool_or(row, "blank_to_s", true);
    r->blank_to[1] = js_bool_or(row, "blank_to_t", true);
    bool good = choice(row, "flow", flows, &flow) && choice(row, "on_forbidden", forbid, &on_forbidden);
    r->flow = (enum flow)flow;
    r->on_forbidden = (enum forbidden)on_forbidden;
    return good && policy_of(js_str_or(row, "policy", ""), &r->conflict) &&
           policy_of(js_str_or(row, "initial", "hold"), &r->initial) &&
           policy_of(js_str_or(row, "otherwise", "hold"), &r->otherwise);
}

static bool expect(const json_t *row, const char *key, const json_t *got, char *why, size_t size)
{
    const json_t *want = json_object_get(row, key);
    if (!want || js_equal(want, got))
        return true;
    AUTO_FREE char *w = js_print(want), *g = js_print(got);
    snprintf(why, size, "%s: wanted %s, got %s", key, w, g);
    return false;
}

static bool run_cell(const json_t *row, char *why, size_t size)
{
    struct rules rules = {0};
    if (!read_rules(row, &rules)) {
        snprintf(why, size, "unknown policy, flow or on_forbidden");
        return false;
    }
    const json_t *s = json_object_get(row, "s"), *t = json_object_get(row, "t"), *order = json_object_get(row, "order");
    struct cell cell = {.now = {s, t},
                        .base = {json_object_get(row, "base_s"), json_object_get(row, "base_t")},
                        .same = value_alike(s, t),
                        .rank = {rank_of(order, s), rank_of(order, t)},
                        .was = {rank_of(order, json_object_get(row, "base_s")), rank_of(order, json_object_get(row, "base_t"))},
                        .seen = {seen_of(row, "s_seen"), seen_of(row, "t_seen")}};
    struct verdict_cell v = decide(&cell, &rules);
    AUTO_JSON json_t *action = json_string(action_name(v.act));
    AUTO_JSON json_t *moves = json_boolean(v.act != ACT_HOLD);
    return expect(row, "action", action, why, size) &&
           expect(row, "s_after", v.act == ACT_WRITE_S ? t : s, why, size) &&
           expect(row, "t_after", v.act == ACT_WRITE_T ? s : t, why, size) &&
           expect(row, "base_moves", moves, why, size);
}

static bool run_set(const json_t *row, char *why, size_t size)
{
    const json_t *base = json_object_get(row, "base");
    const json_t *base_s = json_object_get(row, "base_s"), *base_t = json_object_get(row, "base_t");
    const json_t *s = json_object_get(row, "s"), *t = json_object_get(row, "t");
    AUTO_JSON json_t *merged = merge_sets(base_s ? base_s : base, base_t ? base_t : base, s, t);
    AUTO_JSON json_t *want = value_canonical(json_object_get(row, "merged"), true);
    AUTO_JSON json_t *write_s = json_boolean(!value_alike(merged, s));
    AUTO_JSON json_t *write_t = json_boolean(!value_alike(merged, t));
    if (want && !js_equal(want, merged))
        return expect(row, "merged", merged, why, size);
    return expect(row, "write_S", write_s, why, size) && expect(row, "write_T", write_t, why, size);
}

static int run_file(const char *path, size_t *rows)
{
    AUTO_FREE char *text = NULL;
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return 1;
    }
    text = mem_alloc(16u << 20);
    size_t n = fread(text, 1, (16u << 20) - 1, f);
    fclose(f);
    struct err err = {0};
    AUTO_JSON json_t *table = js_parse(text, n, &err);
    if (!json_is_array(table)) {
        printf("%s: %s\n", path, table ? "is not an array of rows" : err.text);
        return 1;
    }
    int failed = 0;
    size_t i;
    json_t *row;
    json_array_foreach (table, i, row) {
        char why[512] = "";
        bool cell = json_object_get(row, "policy") != NULL, set = json_object_get(row, "merged") != NULL;
        bool ok = cell ? run_cell(row, why, sizeof why) : set ? run_set(row, why, sizeof why) : false;
        if (!cell && !set)
            snprintf(why, sizeof why, "neither a cell row (policy) nor a set row (merged)");
        AUTO_FREE char *shown = ok ? NULL : js_print(row);
        if (!ok)
            printf("%s: row %zu: %s: %s\n", path, i + 1, why, shown);
        failed += !ok;
        (*rows)++;
    }
    return failed;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: case-runner FILE...\n");
        return 1;
    }
    int failed = 0;
    size_t rows = 0;
    for (int i = 1; i < argc; i++)
        failed += run_file(argv[i], &rows);
    printf("%zu rows, %d failed\n", rows, failed);
    return failed > 0;
}
