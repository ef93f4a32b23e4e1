/* /query and /queryAll: rows in order, in pages behind locators that live two days. */
#include "tests/sandbox/salesforce.h"

/* ---- running ---- */

static bool select_fits(struct sf *s, const struct sf_type *t, struct soql *q, struct sf_bad *bad)
{
    size_t i;
    json_t *name;
    if (q->all_fields)
        for (size_t k = 0; k < t->n_fields; k++)
            if (sf_visible(s, t, t->fields[k]->name) && !strchr(t->fields[k]->name, '.'))
                js_add(q->select, json_string(t->fields[k]->name));
    json_array_foreach (q->select, i, name) {
        const struct sf_type *to = NULL;
        const char *path = json_string_value(name);
        if (!soql_field(s, t, path, &to))
            return sf_set_bad(
                bad, 400, "INVALID_FIELD", NULL,
                "\nSELECT %s FROM %s\n^\nERROR at Row:1:Column:8\nNo such column '%s' on entity '%s'. If you "
                "are attempting to use a custom field, be sure to append the '__c' after the custom field "
                "name. Please reference your WSDL or the describe call for the appropriate names.",
                path, t->name, path, t->name);
    }
    json_array_foreach (q->order, i, name) {
        const struct sf_type *to = NULL;
        const struct sf_field *f = soql_field(s, t, js_str(name, "field"), &to);
        if (!f)
            return sf_set_bad(bad, 400, "INVALID_FIELD", NULL, "No such column '%s' on entity '%s'.",
                              js_str(name, "field"), t->name);
        if (str_eq(f->type, "textarea") && f->length > 255)
            return sf_set_bad(bad, 400, "INVALID_FIELD", NULL, "field '%s' can not be sorted in a query call", f->name);
    }
    return true;
}

struct hit {
    const struct sf_row *row;
    const json_t *values;
};

struct sorting {
    struct sf *s;
    const struct sf_type *t;
    const json_t *order;
};

static int by_order(const void *left, const void *right, void *with)
{
    const struct hit *a = left, *b = right;
    const struct sorting *how = with;
    size_t i;
    json_t *one;
    json_array_foreach ((json_t *)how->order, i, one) {
        const json_t *x = soql_value(how->s, how->t, a->values, js_str(one, "field"));
        const json_t *y = soql_value(how->s, how->t, b->values, js_str(one, "field"));
        bool empty = !x || !y || json_is_null(x) || json_is_null(y);
        int order = soql_compare(x, y);
        bool turned = empty ? js_bool_or(one, "last", false) : js_bool_or(one, "down", false);
        if (order)
            return turned ? -order : order;
    }
    return strcmp(a->row->id, b->row->id);
}

static json_t *show_hits(struct sf *s, int version, const struct sf_type *t, const struct soql *q,
                         const struct hit *hits, size_t n)
{
    size_t first = q->offset > 0 ? (size_t)q->offset : 0;
    json_t *out = json_array();
    for (size_t i = first; i < n && !q->count && (q->limit < 0 || i - first < (size_t)q->limit); i++)
        js_add(out, sf_show(s, version, t, hits[i].values, q->select));
    return out;
}

static json_t *run(struct sf *s, int version, const struct sf_type *t, const struct soql *q, bool all, int64_t *count)
{
    AUTO_FREE struct hit *hits = mem_grow(NULL, t->n + 1, sizeof *hits);
    struct sorting how = {.s = s, .t = t, .order = q->order};
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        const json_t *values = sf_seen(s, t->rows[i]);
        bool gone = json_is_true(json_object_get(values, "IsDeleted")) || sf_archived(values);
        if (values && (all || !gone) && soql_fits(s, t, values, q->where))
            hits[n++] = (struct hit){.row = t->rows[i], .values = values};
    }
    if (json_array_size(q->order))
        qsort_r(hits, n, sizeof *hits, by_order, &how);
    json_t *rows = show_hits(s, version, t, q, hits, n);
    *count = q->count ? (int64_t)n : (int64_t)json_array_size(rows);
    return rows;
}

json_t *sf_run(struct sf *s, int version, const char *text, bool all, bool tooling, int64_t *count, struct sf_bad *bad)
{
    struct soql q = {0};
    json_t *out = NULL;
    if (soql_parse(text, &q, bad)) {
        const struct sf_type *t = sf_type_of(s, q.from);
        if (t && strstr(t->name, "Definition"))
            sf_tooling_rows(s);
        if (!t || !(tooling ? t->tooling : t->api))
            sf_set_bad(bad, 400, "INVALID_TYPE", NULL,
                       "\n%s\n^\nERROR at Row:1:Column:1\nsObject type '%s' is not supported.", text, q.from);
        else if (select_fits(s, t, &q, bad) && soql_bind(s, t, q.where, bad))
            out = run(s, version, t, &q, all, count);
    }
    soql_done(&q);
    return out;
}

/* ---- pages ---- */

static size_t page_size(struct sf_ask *ask)
{
    const char *said = http_headers_get(&ask->request->headers, "Sforce-Query-Options");
    const char *number = said ? strcasestr(said, "batchSize=") : NULL;
    int64_t n = number ? strtoll(number + strlen("batchSize="), NULL, 10) : 2000, most = sf_count(ask->s, "page_size");
    n = n < 200 ? 200 : n > 2000 ? 2000 : n;
    n = n < most ? n : most;
    if (sf_flag(ask->s, "short_pages"))
        n = 1 + (int64_t)(sandbox_random(sf_box(ask->s)) % (uint64_t)n);
    return (size_t)n;
}

/* True when there is more. */
static bool answer_page(struct sf_ask *ask, const char *id, const json_t *rows, size_t from, int64_t total)
{
    size_t n = json_array_size(rows), to = from + page_size(ask);
    json_t *page = json_array(), *out = json_pack("{s:I,s:b}", "totalSize", (json_int_t)total, "done", to >= n);
    for (size_t i = from; i < to && i < n; i++)
        js_add(page, json_incref(json_array_get(rows, i)));
    if (to < n)
        js_set(out, "nextRecordsUrl", json_sprintf("/services/data/v%d.0/query/%s-%zu", ask->version, id, to));
    if (str_eq(ask->part[0], "tooling"))
        js_set(out, "size", json_integer((json_int_t)json_array_size(page)));
    js_set(out, "records", page);
    sf_reply(ask, 200, out);
    return to < n;
}

static void forget_old(struct sf *s)
{
    const char *id;
    json_t *cursor;
    void *next;
    json_object_foreach_safe (s->cursors, next, id, cursor)
        if (sf_now(s) - js_int_or(cursor, "at", 0) > sf_count(s, "locator_hours") * SF_HOUR)
            json_object_del(s->cursors, id);
}

static void more(struct sf_ask *ask, const char *locator)
{
    char id[SF_ID];
    const char *dash = strchr(locator, '-');
    int64_t from = 0;
    AUTO_FREE char *name = mem_dup_n(locator, strcspn(locator, "-"));
    forget_old(ask->s);
    const json_t *cursor = sf_id_read(name, id) ? json_object_get(ask->s->cursors, id) : NULL;
    if (!cursor || !dash || !str_to_int(dash + 1, 0, INT64_MAX, &from))
        sf_error(ask, 400, "INVALID_QUERY_LOCATOR", "invalid query locator");
    else
        answer_page(ask, id, json_object_get(cursor, "rows"), (size_t)from, js_int_or(cursor, "total", 0));
}

void sf_query(struct sf_ask *ask, bool all, bool tooling)
{
    const char *text = js_str(ask->query, "q");
    struct sf_bad bad = {0};
    int64_t total = 0;
    char id[SF_ID];
    sf_note(ask, false, tooling ? "/tooling/query" : all ? "/queryAll" : "/query");
    const char *locator = ask->n > 1 ? ask->part[ask->n - 1] : NULL;
    if (!sf_is(ask, "GET")) {
        sf_wrong_method(ask, "HEAD,GET");
    } else if (locator && !str_starts(locator, "query")) {
        more(ask, locator);
    } else {
        AUTO_JSON json_t *rows = sf_run(ask->s, ask->version, text ? text : "", all, tooling, &total, &bad);
        if (!rows) {
            sf_refuse(ask, &bad);
            return;
        }
        sf_id_make("01g", ++ask->s->cursors_made, id);
        forget_old(ask->s);
        if (answer_page(ask, id, rows, 0, total))
            js_set(
                ask->s->cursors, id,
                json_pack("{s:O,s:I,s:I}", "rows", rows, "at", (json_int_t)sf_now(ask->s), "total", (json_int_t)total));
    }
}
