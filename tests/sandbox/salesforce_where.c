/* SOQL's conditions as a tree: {"and":[…]}, {"or":[…]}, {"not":…}, {"field","op","values":[…],"kinds":[…]}. AND and OR
 * side by side need parentheses, as they do in Salesforce. */
#include "tests/sandbox/salesforce.h"

#define LITERAL_MOST 4000
#define DEPTH_MOST 40

static json_t *read_or(struct soql_text *x, int depth, struct sf_bad *bad);

/* One literal: its JSON into values, what it looked like into kinds. */
static bool read_literal(struct soql_text *x, json_t *values, json_t *kinds, struct sf_bad *bad)
{
    const char *text = buf_str(&x->token), *kind = "word";
    double number = 0;
    int64_t ms = 0;
    json_t *v;
    if (x->kind != 's' && x->kind != 'w')
        return soql_bad(x, bad);
    if (x->kind == 's' && str_utf8_len(text) > LITERAL_MOST)
        return sf_set_bad(bad, 400, "MALFORMED_QUERY", NULL, "a string literal is over %d characters", LITERAL_MOST);
    if (x->kind == 's')
        v = json_string(text), kind = "string";
    else if (str_eq_nocase(text, "null"))
        v = json_null(), kind = "null";
    else if (str_eq_nocase(text, "true") || str_eq_nocase(text, "false"))
        v = json_boolean(str_eq_nocase(text, "true")), kind = "boolean";
    else if (str_to_real(text, &number))
        v = json_real(number), kind = "number";
    else if (when_parse(text, &ms))
        v = json_string(text), kind = strchr(text, 'T') ? "datetime" : "date";
    else
        return soql_bad(x, bad);
    js_add(values, v);
    js_add(kinds, json_string(kind));
    soql_next(x);
    return true;
}

static bool read_list(struct soql_text *x, json_t *values, json_t *kinds, struct sf_bad *bad)
{
    if (!soql_take(x, "("))
        return soql_bad(x, bad);
    do {
        if (!read_literal(x, values, kinds, bad))
            return false;
    } while (soql_take(x, ","));
    return soql_take(x, ")") || soql_bad(x, bad);
}

static const char *read_operator(struct soql_text *x)
{
    static const char *const all[] = {"=", "!=", "<>", "<=", ">=", "<", ">", "LIKE", "IN", "INCLUDES", "EXCLUDES"};
    if (soql_take(x, "NOT"))
        return soql_take(x, "IN") ? "NOT IN" : NULL;
    for (size_t i = 0; i < COUNT(all); i++)
        if (soql_take(x, all[i]))
            return str_eq(all[i], "<>") ? "!=" : all[i];
    return NULL;
}

static json_t *read_compare(struct soql_text *x, struct sf_bad *bad)
{
    AUTO_JSON json_t *values = json_array(), *kinds = json_array();
    AUTO_FREE char *field = mem_dup(buf_str(&x->token));
    const char *op;
    if (x->kind == 'w')
        soql_next(x);
    op = *field ? read_operator(x) : NULL;
    if (!op) {
        soql_bad(x, bad);
        return NULL;
    }
    bool list = strstr(op, "IN") || strstr(op, "CLUDES");
    if (list ? !read_list(x, values, kinds, bad) : !read_literal(x, values, kinds, bad))
        return NULL;
    return json_pack("{s:s,s:s,s:O,s:O}", "field", field, "op", op, "values", values, "kinds", kinds);
}

static json_t *read_one(struct soql_text *x, int depth, struct sf_bad *bad)
{
    if (depth > DEPTH_MOST) {
        soql_bad(x, bad);
        return NULL;
    }
    if (soql_take(x, "NOT")) {
        json_t *inner = read_one(x, depth + 1, bad);
        return inner ? json_pack("{s:o}", "not", inner) : NULL;
    }
    if (!soql_take(x, "("))
        return read_compare(x, bad);
    AUTO_JSON json_t *inner = read_or(x, depth + 1, bad);
    if (!inner || soql_take(x, ")"))
        return json_incref(inner);
    soql_bad(x, bad);
    return NULL;
}

static json_t *read_or(struct soql_text *x, int depth, struct sf_bad *bad)
{
    AUTO_JSON json_t *all = json_array();
    const char *word = NULL;
    for (;;) {
        json_t *one = read_one(x, depth, bad);
        if (!one)
            return NULL;
        js_add(all, one);
        const char *next = soql_is(x, "AND") ? "AND" : soql_is(x, "OR") ? "OR" : NULL;
        if (!next)
            break;
        if (word && !str_eq(word, next)) {
            soql_bad(x, bad);
            return NULL;
        }
        word = next;
        soql_next(x);
    }
    return json_array_size(all) == 1 ? json_incref(json_array_get(all, 0))
                                     : json_pack("{s:O}", str_eq(word, "OR") ? "or" : "and", all);
}

json_t *soql_where(struct soql_text *x, struct sf_bad *bad)
{
    return read_or(x, 0, bad);
}
