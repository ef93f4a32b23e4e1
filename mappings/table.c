/* Value tables: pairs of what one side and the other call the same thing. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "mappings/parts.h"
#include "mappings/value.h"

static json_t *scalar(const struct opt_node *node)
{
    AUTO_FREE char *text = opt_scalar_text(node);
    return text ? json_string(text) : NULL;
}

static void parse_pairs(struct table *t, const struct opt_node *list, struct opt_faults *faults)
{
    for (size_t i = 0; i < opt_count(list); i++) {
        const struct opt_node *node = opt_item(list, i);
        json_t *s = opt_count(node) == 2 ? scalar(opt_item(node, 0)) : NULL, *c = opt_count(node) == 2 ? scalar(opt_item(node, 1)) : NULL;
        if (!s || !c) {
            opt_fault(faults, opt_place_file(node), opt_place_line(node), "table %s: each entry is a pair (\"Inbox value\", \"CRM value\")", t->name);
            json_decref(s);
            json_decref(c);
            continue;
        }
        t->pairs = mem_grow(t->pairs, t->n + 1, sizeof *t->pairs);
        t->pairs[t->n++] = (struct pair){.v = {s, c}, .line = opt_place_line(node)};
    }
}

static json_t *parse_texts(const struct opt_node *node)
{
    json_t *out = json_array();
    for (size_t i = 0; node && i < opt_count(node); i++) {
        json_t *v = scalar(opt_item(node, i));
        if (v)
            js_add(out, v);
    }
    return out;
}

struct table *table_parse(const struct opt_node *node, struct opt_faults *faults)
{
    static const char *const known[] = {"pairs", "ignore_inbox", "ignore_crm", "else_inbox", "else_crm", "blank_inbox", "blank_crm",
                                        "collapse", NULL};
    struct table *t = mem_alloc(sizeof *t);
    t->name = mem_dup(opt_name(node));
    t->line = opt_place_line(node);
    if (opt_is_list(node)) {
        parse_pairs(t, node, faults);
        return t;
    }
    opt_unknown(node, known, faults);
    parse_pairs(t, opt_member(node, "pairs"), faults);
    t->ignore[SIDE_S] = parse_texts(opt_member(node, "ignore_inbox"));
    t->ignore[SIDE_T] = parse_texts(opt_member(node, "ignore_crm"));
    t->otherwise[SIDE_S] = scalar(opt_member(node, "else_inbox"));
    t->otherwise[SIDE_T] = scalar(opt_member(node, "else_crm"));
    t->blank[SIDE_S] = scalar(opt_member(node, "blank_inbox"));
    t->blank[SIDE_T] = scalar(opt_member(node, "blank_crm"));
    AUTO_FREE char *collapse = opt_scalar_text(opt_member(node, "collapse"));
    t->collapse = str_eq(collapse, "true");
    return t;
}

void table_free(struct table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->n; i++) {
        json_decref(t->pairs[i].v[0]);
        json_decref(t->pairs[i].v[1]);
    }
    for (int side = 0; side < 2; side++) {
        json_decref(t->otherwise[side]);
        json_decref(t->ignore[side]);
        json_decref(t->blank[side]);
    }
    free(t->pairs);
    free(t->name);
    free(t);
}

/* dec(enc(x)) = x for every entry, unless the operator said that several collapse into one: then the first pair is the way
 * back. One Inbox value with two CRM values is never right. */
void table_laws(const struct table *t, const char *file, struct opt_faults *faults)
{
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < i; k++) {
            const char *s1 = json_string_value(t->pairs[k].v[0]), *s2 = json_string_value(t->pairs[i].v[0]);
            const char *t1 = json_string_value(t->pairs[k].v[1]), *t2 = json_string_value(t->pairs[i].v[1]);
            if (str_eq(s1, s2))
                opt_fault(faults, file, t->pairs[i].line, "table %s: \"%s\" stands for both \"%s\" (line %d) and \"%s\"", t->name, s1, t1,
                          t->pairs[k].line, t2);
            else if (str_eq(t1, t2) && !t->collapse)
                opt_fault(faults, file, t->pairs[i].line,
                          "table %s: \"%s\" (line %d) and \"%s\" both become \"%s\", so the way back is not clear; say collapse = true to "
                          "let \"%s\" be the way back", t->name, s1, t->pairs[k].line, s2, t1, s1);
        }
}

bool table_has(const struct table *t, int side, const char *text)
{
    for (size_t i = 0; i < t->n; i++)
        if (str_eq(json_string_value(t->pairs[i].v[side]), text))
            return true;
    return false;
}

static bool resolve(json_t **slot, const char *(*other_of)(const void *, const char *), const void *self)
{
    const char *other = json_string_value(*slot) ? other_of(self, json_string_value(*slot)) : NULL;
    if (!other)
        return false;
    json_t *text = json_string(other);
    json_decref(*slot);
    *slot = text;
    return true;
}

bool table_resolve(struct table *t, int side, const char *(*other_of)(const void *, const char *), const void *self)
{
    bool any = resolve(&t->otherwise[side], other_of, self);
    any |= resolve(&t->blank[side], other_of, self);
    for (size_t i = 0; i < t->n; i++)
        any |= resolve(&t->pairs[i].v[side], other_of, self);
    for (size_t i = 0; i < json_array_size(t->ignore[side]); i++) {
        json_t *entry = json_incref(json_array_get(t->ignore[side], i));
        any |= resolve(&entry, other_of, self);
        json_array_set_new(t->ignore[side], i, entry);
    }
    return any;
}

bool table_ignores(const struct table *t, int side, const char *text)
{
    size_t i;
    json_t *v;
    json_array_foreach (t->ignore[side], i, v)
        if (str_eq(json_string_value(v), text))
            return true;
    return false;
}

bool table_blank(const struct table *t, int side, const char *text)
{
    return t && text && str_eq(json_string_value(t->blank[side]), text);
}

json_t *table_map(const struct table *t, int from, const json_t *value, struct err *err)
{
    AUTO_FREE char *text = json_is_string(value) ? mem_dup(json_string_value(value)) : js_print(value);
    for (size_t i = 0; i < t->n; i++)
        if (str_eq(json_string_value(t->pairs[i].v[from]), text))
            return json_incref(t->pairs[i].v[1 - from]);
    if (table_ignores(t, from, text))
        return NULL;
    if (t->otherwise[1 - from])
        return json_incref(t->otherwise[1 - from]);
    err_set(err, ERR_REJECT, "\"%s\" is not in table %s (line %d): add a pair, ignore it, or give an else", text, t->name, t->line);
    return NULL;
}
