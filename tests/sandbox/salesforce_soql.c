/* SOQL's text: words, literals, and the clauses around WHERE. */
#include "tests/sandbox/salesforce.h"

#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:+-"

/* ---- tokens ---- */

static void read_quoted(struct soql_text *x)
{
    x->at++;
    while (*x->at && *x->at != '\'') {
        char c = *x->at++;
        if (c == '\\' && *x->at) {
            c = *x->at++;
            c = c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
        }
        buf_putc(&x->token, c);
    }
    x->kind = *x->at ? 's' : '!'; /* '!': no closing quote */
    x->at += *x->at != '\0';
}

void soql_next(struct soql_text *x)
{
    x->at += strspn(x->at, " \t\r\n");
    size_t n = strspn(x->at, WORD);
    buf_reset(&x->token);
    if (*x->at == '\'') {
        read_quoted(x);
        return;
    }
    x->kind = n ? 'w' : *x->at;
    if (!n && *x->at)
        n = strchr("<>!", *x->at) && (x->at[1] == '=' || (*x->at == '<' && x->at[1] == '>')) ? 2
                                                                                             : str_utf8_cut(x->at, 1);
    buf_add(&x->token, x->at, n);
    x->at += n;
}

bool soql_is(const struct soql_text *x, const char *word)
{
    return x->kind != 's' && x->kind && str_eq_nocase(buf_str(&x->token), word);
}

bool soql_take(struct soql_text *x, const char *word)
{
    if (!soql_is(x, word))
        return false;
    soql_next(x);
    return true;
}

bool soql_bad(struct soql_text *x, struct sf_bad *bad)
{
    long column = (long)(x->at - x->whole) - (long)x->token.n + 1;
    if (bad->code)
        return false;
    if (!x->kind)
        return sf_set_bad(bad, 400, "MALFORMED_QUERY", NULL,
                          "%s\n^\nERROR at Row:1:Column:%ld\nunexpected token: '<EOF>'", x->whole, column);
    return sf_set_bad(bad, 400, "MALFORMED_QUERY", NULL, "%s\n^\nERROR at Row:1:Column:%ld\nunexpected token: '%s'",
                      x->whole, column, buf_str(&x->token));
}

/* ---- clauses ---- */

static bool take_name(struct soql_text *x, json_t *into)
{
    if (x->kind != 'w' || soql_is(x, "FROM") || soql_is(x, "WHERE") || soql_is(x, "LIMIT") || soql_is(x, "ORDER"))
        return false;
    js_add(into, json_string(buf_str(&x->token)));
    soql_next(x);
    return true;
}

/* COUNT() or FIELDS(ALL); other functions are not spoken here. */
static bool read_function(struct soql_text *x, struct soql *q, struct sf_bad *bad)
{
    bool fields = soql_is(x, "FIELDS");
    soql_next(x);
    if (!soql_take(x, "("))
        return soql_bad(x, bad);
    if (fields && !soql_take(x, "ALL") && !soql_take(x, "STANDARD") && !soql_take(x, "CUSTOM"))
        return soql_bad(x, bad);
    q->count = !fields;
    q->all_fields = fields;
    return soql_take(x, ")") || soql_bad(x, bad);
}

static bool read_select(struct soql_text *x, struct soql *q, struct sf_bad *bad)
{
    if (!soql_take(x, "SELECT"))
        return soql_bad(x, bad);
    do {
        if (soql_is(x, "COUNT") || soql_is(x, "FIELDS")) {
            if (!read_function(x, q, bad))
                return false;
        } else if (!take_name(x, q->select)) {
            return soql_bad(x, bad);
        }
    } while (soql_take(x, ","));
    if (!soql_take(x, "FROM") || x->kind != 'w')
        return soql_bad(x, bad);
    str_copy(q->from, sizeof q->from, buf_str(&x->token));
    soql_next(x);
    return true;
}

static bool read_order(struct soql_text *x, struct soql *q, struct sf_bad *bad)
{
    if (!soql_take(x, "BY"))
        return soql_bad(x, bad);
    do {
        AUTO_JSON json_t *name = json_array();
        if (!take_name(x, name))
            return soql_bad(x, bad);
        bool down = soql_take(x, "DESC"), last = false;
        if (!down)
            soql_take(x, "ASC");
        if (soql_take(x, "NULLS") && !(last = soql_take(x, "LAST")) && !soql_take(x, "FIRST"))
            return soql_bad(x, bad);
        js_add(q->order, json_pack("{s:O,s:b,s:b}", "field", json_array_get(name, 0), "down", down, "last", last));
    } while (soql_take(x, ","));
    return true;
}

static bool read_number(struct soql_text *x, int64_t most, int64_t *out, struct sf_bad *bad)
{
    if (x->kind != 'w' || !str_to_int(buf_str(&x->token), 0, INT64_MAX, out))
        return soql_bad(x, bad);
    if (*out > most)
        return sf_set_bad(bad, 400, "NUMBER_OUTSIDE_VALID_RANGE", NULL, "maximum SOQL offset allowed is 2000");
    soql_next(x);
    return true;
}

static bool read_rest(struct soql_text *x, struct soql *q, struct sf_bad *bad)
{
    if (soql_take(x, "WHERE") && !(q->where = soql_where(x, bad)))
        return false;
    if (soql_take(x, "ORDER") && !read_order(x, q, bad))
        return false;
    if (soql_take(x, "LIMIT") && !read_number(x, INT64_MAX, &q->limit, bad))
        return false;
    if (soql_take(x, "OFFSET") && !read_number(x, 2000, &q->offset, bad))
        return false;
    if (x->kind)
        return soql_bad(x, bad);
    if (q->all_fields && (q->limit < 0 || q->limit > 200))
        return sf_set_bad(bad, 400, "MALFORMED_QUERY", NULL,
                          "The SOQL FIELDS function must have a LIMIT of at most 200");
    return true;
}

bool soql_parse(const char *text, struct soql *q, struct sf_bad *bad)
{
    struct soql_text x = {.at = text, .whole = text};
    *q = (struct soql){.select = json_array(), .order = json_array(), .limit = -1, .offset = -1};
    soql_next(&x);
    bool ok = read_select(&x, q, bad) && read_rest(&x, q, bad);
    buf_done(&x.token);
    return ok;
}

void soql_done(struct soql *q)
{
    json_decref(q->select);
    json_decref(q->where);
    json_decref(q->order);
}
