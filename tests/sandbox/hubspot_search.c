/* Search: groups of filters over what the index knows, which is seconds old, at most ten thousand deep. */
#include "tests/sandbox/hubspot.h"
#include <strings.h>

#define DEEP_MOST 10000
#define BODY_MOST 3000

/* ---- comparing ---- */

static bool is_number(const json_t *def)
{
    const char *type = js_str_or(def, "type", "string");
    return str_eq(type, "number") || str_eq(type, "datetime") || str_eq(type, "date");
}

static double as_number(const char *text)
{
    int64_t n = 0;
    double r = 0;
    if (text && str_to_real(text, &r))
        return r;
    return text && when_parse(text, &n) ? (double)n : 0;
}

/* Without regard to case, except for enumerations. */
static int compare(const json_t *def, const char *have, const char *value)
{
    if (is_number(def)) {
        double a = as_number(have), b = as_number(value);
        return (a > b) - (a < b);
    }
    if (!have || !value)
        return (have != NULL) - (value != NULL);
    return str_eq(js_str(def, "type"), "enumeration") ? strcmp(have, value) : strcasecmp(have, value);
}

/* The index holds strings in lower case and compares lists with them as they are said. */
static bool in_list(const json_t *def, const json_t *values, const char *have)
{
    bool text = str_eq(js_str(def, "type"), "string");
    AUTO_FREE char *low = mem_dup(have);
    size_t i;
    json_t *v;
    for (char *c = low; text && c && *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    json_array_foreach ((json_t *)values, i, v) {
        const char *one = json_string_value(v);
        if (low && one && (is_number(def) ? compare(def, low, one) == 0 : str_eq(low, one)))
            return true;
    }
    return false;
}

/* A token is a word; a star at its end or beginning stands for the rest. */
static bool token_fits(const char *word, size_t n, const char *token)
{
    size_t m = strlen(token);
    bool open_end = m && token[m - 1] == '*', open_start = m && token[0] == '*';
    const char *core = token + open_start;
    size_t k = m - open_start - (open_end && m > open_start);
    if (k > n || (!open_end && !open_start && k != n))
        return false;
    if (open_start && open_end) {
        for (size_t i = 0; i + k <= n; i++)
            if (strncasecmp(word + i, core, k) == 0)
                return true;
        return false;
    }
    return strncasecmp(open_start ? word + n - k : word, core, k) == 0;
}

static bool has_token(const char *text, const char *token)
{
    static const char gaps[] = " \t\r\n,;.@-_/";
    for (const char *at = text; text && token && *at;) {
        at += strspn(at, gaps);
        size_t n = strcspn(at, gaps);
        if (n && token_fits(at, n, token))
            return true;
        at += n;
    }
    return text && token && token_fits(text, strlen(text), token);
}

/* ---- filters ---- */

struct searching {
    struct hub_ask *ask;
    struct hub_type *t;
    const json_t *groups, *names;
    const char *query;
    const char *sort; /* NULL: by id */
    bool descending;
};

static bool linked(const struct searching *s, const struct hub_record *r, const json_t *f)
{
    struct hub_type *to = hub_type_of(s->ask->h, js_str_or(f, "propertyName", "") + strlen("associations."));
    const json_t *links = to ? hub_linked(r, to) : NULL;
    const char *op = js_str_or(f, "operator", ""), *id = js_str(f, "value");
    size_t i;
    json_t *v;
    if (str_eq(op, "HAS_PROPERTY") || str_eq(op, "NOT_HAS_PROPERTY"))
        return (json_object_size(links) > 0) == str_eq(op, "HAS_PROPERTY");
    json_array_foreach (json_object_get(f, "values"), i, v)
        if (json_object_get(links, json_string_value(v)))
            return true;
    return id && json_object_get(links, id);
}

static bool matches(const struct searching *s, const struct hub_record *r, const json_t *props, const json_t *f)
{
    const char *name = js_str_or(f, "propertyName", ""), *op = js_str_or(f, "operator", ""),
               *value = js_str(f, "value");
    const json_t *def = hub_def(s->t, name);
    const char *have = js_str(props, name);
    if (str_starts(name, "associations."))
        return linked(s, r, f);
    if (str_eq(op, "HAS_PROPERTY") || str_eq(op, "NOT_HAS_PROPERTY"))
        return (have != NULL) == str_eq(op, "HAS_PROPERTY");
    if (str_eq(op, "IN") || str_eq(op, "NOT_IN"))
        return in_list(def, json_object_get(f, "values"), have) == str_eq(op, "IN");
    if (str_eq(op, "CONTAINS_TOKEN") || str_eq(op, "NOT_CONTAINS_TOKEN"))
        return has_token(have, value) == str_eq(op, "CONTAINS_TOKEN");
    if (!have)
        return str_eq(op, "NEQ");
    int c = compare(def, have, value);
    if (str_eq(op, "BETWEEN"))
        return c >= 0 && compare(def, have, js_str(f, "highValue")) <= 0;
    return str_eq(op, "EQ")    ? c == 0
           : str_eq(op, "NEQ") ? c != 0
           : str_eq(op, "GT")  ? c > 0
           : str_eq(op, "GTE") ? c >= 0
           : str_eq(op, "LT")  ? c < 0
                               : c <= 0;
}

static bool has_query(const struct searching *s, const json_t *props)
{
    static const char *const searched[] = {"firstname", "lastname", "email",    "phone",      "company",
                                           "name",      "domain",   "dealname", "description"};
    bool found = !s->query || !*s->query;
    for (size_t i = 0; i < COUNT(searched) && !found; i++)
        found = js_str(props, searched[i]) && strcasestr(js_str(props, searched[i]), s->query);
    return found;
}

static bool in_groups(const struct searching *s, const struct hub_record *r, const json_t *props)
{
    size_t g, k;
    json_t *group, *f;
    bool any = !json_array_size(s->groups);
    json_array_foreach ((json_t *)s->groups, g, group) {
        bool all = true;
        json_array_foreach (json_object_get(group, "filters"), k, f)
            all = all && matches(s, r, props, f);
        any |= all;
    }
    return any && has_query(s, props);
}

/* ---- what is refused ---- */

static bool check_filter(const struct searching *s, const json_t *f, struct hub_bad *bad)
{
    static const char *const operators[] = {"LT",
                                            "LTE",
                                            "GT",
                                            "GTE",
                                            "EQ",
                                            "NEQ",
                                            "BETWEEN",
                                            "IN",
                                            "NOT_IN",
                                            "HAS_PROPERTY",
                                            "NOT_HAS_PROPERTY",
                                            "CONTAINS_TOKEN",
                                            "NOT_CONTAINS_TOKEN"};
    const char *name = js_str_or(f, "propertyName", ""), *op = js_str_or(f, "operator", "");
    bool known = false, list = str_eq(op, "IN") || str_eq(op, "NOT_IN");
    for (size_t i = 0; i < COUNT(operators); i++)
        known |= str_eq(operators[i], op);
    if (!known)
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "Invalid input JSON: %s is no operator", op);
    if (!str_starts(name, "associations.") && !hub_def(s->t, name))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR",
                           "There was a problem with the request: property %s does not exist", name);
    if (list && !json_is_array(json_object_get(f, "values")))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "operator %s requires values", op);
    if (!list && !strstr(op, "HAS_PROPERTY") && !js_str(f, "value"))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "operator %s requires a value", op);
    return true;
}

static bool check_groups(const struct searching *s, struct hub_bad *bad)
{
    size_t g, k, all = 0;
    json_t *group, *f;
    if (json_array_size(s->groups) > 5)
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "at most 5 filterGroups");
    json_array_foreach ((json_t *)s->groups, g, group) {
        const json_t *filters = json_object_get(group, "filters");
        all += json_array_size(filters);
        if (json_array_size(filters) > 6 || all > 18)
            return hub_set_bad(bad, 400, "VALIDATION_ERROR", "at most 6 filters in a group, 18 in all");
        json_array_foreach ((json_t *)filters, k, f)
            if (!check_filter(s, f, bad))
                return false;
    }
    return true;
}

static bool check_search(const struct searching *s, int64_t limit, int64_t after, struct hub_bad *bad)
{
    const json_t *body = s->ask->body, *said = json_object_get(body, "after");
    int64_t n = 0;
    if (s->ask->body_n > BODY_MOST)
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "The request body is longer than %d characters", BODY_MOST);
    if (limit < 0 || limit > 200)
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "limit must be at most 200");
    if (said && !json_is_integer(said) && !str_to_int(json_string_value(said), 0, INT64_MAX, &n))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "after must be an integer");
    if (after < 0 || after + limit > DEEP_MOST)
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "paging beyond %d results is not supported", DEEP_MOST);
    if (json_array_size(json_object_get(body, "sorts")) > 1)
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "at most one sort");
    if (s->sort && !hub_def(s->t, s->sort))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "sort: property %s does not exist", s->sort);
    return check_groups(s, bad);
}

/* ---- hits ---- */

/* What the index holds of a record: NULL while it does not know it. */
static const json_t *indexed(const struct searching *s, const struct hub_record *r)
{
    if (r->archived || r->merged_into || r->erased)
        return NULL;
    return r->seen > sandbox_now(hub_box(s->ask->h)) ? r->indexed : r->props;
}

static int by_sort(const void *a, const void *b, void *context)
{
    const struct searching *s = context;
    const struct hub_record *x = &s->t->records[*(const size_t *)a], *y = &s->t->records[*(const size_t *)b];
    int c = compare(hub_def(s->t, s->sort), js_str(indexed(s, x), s->sort), js_str(indexed(s, y), s->sort));
    c = s->descending ? -c : c;
    return c ? c : (x->id > y->id) - (x->id < y->id);
}

/* Record order is id order. */
static size_t *find_hits(struct searching *s, size_t *n)
{
    size_t *hits = mem_grow(NULL, s->t->n + 1, sizeof *hits);
    *n = 0;
    for (size_t i = 0; i < s->t->n; i++) {
        const json_t *props = indexed(s, &s->t->records[i]);
        if (props && in_groups(s, &s->t->records[i], props))
            hits[(*n)++] = i;
    }
    if (s->sort && *n && (s->descending || !str_eq(s->sort, "hs_object_id")))
        qsort_r(hits, *n, sizeof *hits, by_sort, s);
    return hits;
}

static void answer_hits(struct searching *s, size_t limit, size_t after)
{
    size_t n = 0;
    AUTO_FREE size_t *hits = find_hits(s, &n);
    json_t *results = json_array(), *out = json_pack("{s:I,s:o}", "total", (json_int_t)n, "results", results);
    for (size_t i = after; i < n && i < after + limit; i++) {
        const struct hub_record *r = &s->t->records[hits[i]];
        struct hub_view view = {.names = s->names, .props = indexed(s, r), .url = s->ask->version >= HUB_2026_03};
        js_add(results, hub_show(s->ask->h, s->t, r, &view));
    }
    if (after + limit < n) {
        AUTO_FREE char *next = mem_printf("%zu", after + limit);
        js_set(out, "paging", json_pack("{s:{s:s}}", "next", "after", next));
    }
    hub_reply(s->ask, 200, out);
}

/* {"propertyName","direction"}, "createdate" or "-createdate". */
static void read_sort(struct searching *s, const json_t *body)
{
    const json_t *first = json_array_get(json_object_get(body, "sorts"), 0);
    const char *text = json_string_value(first);
    s->descending = text ? *text == '-' : str_eq(js_str(first, "direction"), "DESCENDING");
    s->sort = text ? text + s->descending : js_str(first, "propertyName");
}

void hub_search(struct hub_ask *ask, struct hub_type *t)
{
    const json_t *body = ask->body, *root = json_object_get(body, "filters");
    int64_t limit = js_int_or(body, "limit", 10), after = js_int_or(body, "after", 0);
    AUTO_JSON json_t *alone = root ? json_pack("[{s:O}]", "filters", root) : NULL;
    struct searching s = {.ask = ask,
                          .t = t,
                          .groups = alone ? alone : json_object_get(body, "filterGroups"),
                          .names = json_object_get(body, "properties"),
                          .query = js_str(body, "query")};
    struct hub_bad bad = {0};
    hub_note(ask, false, "/objects/search");
    read_sort(&s, body);
    if (check_search(&s, limit, after, &bad))
        answer_hits(&s, (size_t)limit, (size_t)after);
    else
        hub_refuse(ask->h, ask->a, &bad);
}
