/* Conditions against rows: fields looked up once, literals made comparable, then one comparison per row. */
#include "tests/sandbox/salesforce.h"

/* ---- paths ---- */

/* The reference field behind "Owner" in "Owner.Email". */
static const struct sf_field *relation(const struct sf_type *t, const char *path)
{
    size_t n = strcspn(path, ".");
    for (size_t i = 0; i < t->n_fields; i++)
        if (t->fields[i]->relationship[0] && strlen(t->fields[i]->relationship) == n &&
            !strncasecmp(t->fields[i]->relationship, path, n))
            return t->fields[i];
    return NULL;
}

const struct sf_field *soql_field(struct sf *s, const struct sf_type *t, const char *path, const struct sf_type **to)
{
    const struct sf_field *own = path ? sf_visible(s, t, path) : NULL, *by, *f = NULL;
    const char *dot = path ? strchr(path, '.') : NULL;
    *to = t;
    if (own || !dot || !(by = relation(t, path)))
        return own;
    for (int i = 0; i < 2 && !f; i++) {
        const struct sf_type *other = sf_type_of(s, by->to[i]);
        f = other ? sf_visible(s, other, dot + 1) : NULL;
        *to = other;
    }
    return f;
}

const json_t *soql_value(struct sf *s, const struct sf_type *t, const json_t *values, const char *path)
{
    const struct sf_field *own = sf_field(t, path), *by = own ? NULL : relation(t, path);
    if (own)
        return json_object_get(values, own->name);
    const char *id = by ? js_str(values, by->name) : NULL;
    const struct sf_row *r = id ? sf_find(s, id) : NULL;
    const struct sf_type *other = r ? sf_type_of_id(s, id) : NULL;
    const struct sf_field *f = other ? sf_field(other, strchr(path, '.') + 1) : NULL;
    return f ? json_object_get(r->values, f->name) : NULL;
}

/* ---- literals ---- */

static bool one_of(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (str_eq(word, *words))
            return true;
    return false;
}

static bool kind_fits(const struct sf_field *f, const char *kind)
{
    static const char *const numbers[] = {"int", "double", "currency", "percent", NULL};
    if (str_eq(kind, "null"))
        return true;
    if (one_of(f->type, numbers))
        return str_eq(kind, "number");
    if (str_eq(f->type, "datetime") || str_eq(f->type, "date") || str_eq(f->type, "boolean"))
        return str_eq(kind, f->type);
    return str_eq(kind, "string");
}

static char *lowered(const char *text)
{
    char *out = mem_dup(text);
    for (char *c = out; *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    return out;
}

static bool is_id(const struct sf_field *f)
{
    return str_eq(f->type, "id") || str_eq(f->type, "reference");
}

/* As rows have it: ids of 18 characters, stamps in UTC, other texts in lower case. */
static json_t *comparable(const struct sf_field *f, const json_t *v, struct sf_bad *bad)
{
    const char *text = json_string_value(v);
    char id[SF_ID], stamp[SF_STAMP];
    int64_t ms = 0;
    if (!text)
        return json_incref((json_t *)v);
    if (str_eq(f->type, "datetime") && when_parse(text, &ms)) {
        sf_stamp(ms, stamp);
        return json_string(stamp);
    }
    if (is_id(f) && *text && !sf_id_read(text, id)) {
        sf_set_bad(bad, 400, "INVALID_QUERY_FILTER_OPERATOR", NULL, "invalid ID field: %s", text);
        return NULL;
    }
    if (is_id(f) && *text)
        return json_string(id);
    AUTO_FREE char *low = lowered(text);
    return *low ? json_string(low) : json_null();
}

static bool bind_values(const struct sf_type *t, const struct sf_field *f, json_t *node, struct sf_bad *bad)
{
    json_t *values = json_object_get(node, "values"), *v, *set = json_object();
    size_t i;
    js_set(node, "set", set);
    js_set(node, "cased", json_boolean(is_id(f) || str_eq(f->type, "datetime")));
    json_array_foreach (values, i, v) {
        const char *kind = json_string_value(json_array_get(json_object_get(node, "kinds"), i));
        if (!kind_fits(f, kind))
            return sf_set_bad(
                bad, 400, "INVALID_FIELD", NULL,
                "\n%s\n^\nERROR at Row:1:Column:1\nvalue of filter criterion for field '%s' must be of type "
                "%s and should %sbe enclosed in quotes",
                t->name, f->name, f->type, str_eq(kind, "string") ? "not " : "");
        json_t *made = comparable(f, v, bad);
        if (!made)
            return false;
        json_array_set_new(values, i, made);
        if (json_is_string(made))
            json_object_set(set, json_string_value(made), made);
    }
    return true;
}

static bool bind_one(struct sf *s, const struct sf_type *t, json_t *node, struct sf_bad *bad)
{
    const char *path = js_str(node, "field");
    const struct sf_type *to = NULL;
    const struct sf_field *f = soql_field(s, t, path, &to);
    if (!f)
        return sf_set_bad(
            bad, 400, "INVALID_FIELD", NULL,
            "\nFROM %s WHERE %s\n^\nERROR at Row:1:Column:1\nNo such column '%s' on entity '%s'. If you are "
            "attempting to use a custom field, be sure to append the '__c' after the custom field name. "
            "Please reference your WSDL or the describe call for the appropriate names.",
            t->name, path, path, t->name);
    if (str_eq(f->type, "textarea") && f->length > 255)
        return sf_set_bad(bad, 400, "INVALID_FIELD", NULL, "field '%s' can not be filtered in a query call", f->name);
    return bind_values(to, f, node, bad);
}

bool soql_bind(struct sf *s, const struct sf_type *t, json_t *where, struct sf_bad *bad)
{
    const char *name;
    json_t *inner, *one;
    size_t i;
    if (!where || json_object_get(where, "field"))
        return !where || bind_one(s, t, where, bad);
    json_object_foreach (where, name, inner) {
        if (json_is_object(inner))
            return soql_bind(s, t, inner, bad);
        json_array_foreach (inner, i, one)
            if (!soql_bind(s, t, one, bad))
                return false;
    }
    return true;
}

/* ---- comparing ---- */

int soql_compare(const json_t *a, const json_t *b)
{
    bool none = !a || json_is_null(a), other = !b || json_is_null(b);
    if (none || other)
        return (int)other - (int)none;
    if (json_is_number(a) && json_is_number(b)) {
        double x = json_number_value(a), y = json_number_value(b);
        return (x > y) - (x < y);
    }
    if (json_is_string(a) && json_is_string(b))
        return strcmp(json_string_value(a), json_string_value(b));
    return (int)json_is_true(a) - (int)json_is_true(b);
}

/* % is any text, _ any character. */
static bool like(const char *text, const char *pattern)
{
    for (; *pattern; text++, pattern++) {
        if (*pattern == '%') {
            while (*pattern == '%')
                pattern++;
            for (; *text; text++)
                if (like(text, pattern))
                    return true;
            return !*pattern;
        }
        if (*pattern == '\\' && pattern[1])
            pattern++;
        else if (*pattern == '_' && *text)
            continue;
        if (*pattern != *text)
            return false;
    }
    return !*text;
}

/* Values of a multi-select picklist: any of the conditions, each "a;b" meaning both. */
static bool includes(const char *have, const json_t *values)
{
    AUTO_FREE char *in = mem_printf(";%s;", have ? have : "");
    size_t i;
    json_t *v;
    json_array_foreach ((json_t *)values, i, v) {
        AUTO_FREE char *copy = mem_dup(json_is_string(v) ? json_string_value(v) : "");
        char *save = NULL;
        bool all = true;
        for (char *one = strtok_r(copy, ";", &save); one; one = strtok_r(NULL, ";", &save)) {
            AUTO_FREE char *want = mem_printf(";%s;", one);
            all = all && strstr(in, want);
        }
        if (all)
            return true;
    }
    return false;
}

static bool holds(const json_t *node, const json_t *have)
{
    const char *op = js_str(node, "op");
    const json_t *values = json_object_get(node, "values"), *want = json_array_get(values, 0);
    bool none = !have || json_is_null(have);
    int order = soql_compare(have, want);
    if (strstr(op, "CLUDES"))
        return includes(json_string_value(have), values) == str_eq(op, "INCLUDES");
    if (strstr(op, "IN")) {
        bool in = json_is_string(have) && json_object_get(json_object_get(node, "set"), json_string_value(have));
        for (size_t i = 0; !json_is_string(have) && !in && i < json_array_size(values); i++)
            in = soql_compare(have, json_array_get(values, i)) == 0;
        return in != str_starts(op, "NOT");
    }
    if (str_eq(op, "="))
        return order == 0;
    if (str_eq(op, "!="))
        return order != 0;
    if (none || json_is_null(want))
        return false;
    if (str_eq(op, "LIKE"))
        return json_is_string(have) && like(json_string_value(have), json_string_value(want));
    if (op[0] == '<')
        return op[1] ? order <= 0 : order < 0;
    return op[1] ? order >= 0 : order > 0;
}

static bool fits_one(struct sf *s, const struct sf_type *t, const json_t *values, const json_t *node)
{
    const json_t *have = soql_value(s, t, values, js_str(node, "field"));
    if (!json_is_string(have) || js_bool_or(node, "cased", false))
        return holds(node, json_is_null(have) ? NULL : have);
    AUTO_FREE char *low = lowered(json_string_value(have));
    AUTO_JSON json_t *folded = json_string(low);
    return holds(node, folded);
}

bool soql_fits(struct sf *s, const struct sf_type *t, const json_t *values, const json_t *where)
{
    const json_t *list = json_object_get(where, "and"), *inner = json_object_get(where, "not"), *one;
    bool all = list != NULL;
    if (!where)
        return true;
    if (json_object_get(where, "field"))
        return fits_one(s, t, values, where);
    if (inner)
        return !soql_fits(s, t, values, inner);
    list = all ? list : json_object_get(where, "or");
    for (size_t i = 0; i < json_array_size(list); i++) {
        one = json_array_get(list, i);
        if (soql_fits(s, t, values, one) != all)
            return !all;
    }
    return all;
}
