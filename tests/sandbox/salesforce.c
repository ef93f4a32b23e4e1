/* Salesforce as a service: the way of a request from its path to the file that answers; birth, state and end. */
#include "tests/sandbox/salesforce.h"
#include <stdio.h>

#define PARTS_MOST 12
#define URL_MOST 16384
#define DATA "/services/data"

/* ---- paths ---- */

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* In place, so that a part may hold an encoded slash. */
static void decode(char *text)
{
    char *to = text;
    for (const char *c = text; *c; c++)
        if (*c == '%' && c[1] && hex(c[1]) >= 0 && hex(c[2]) >= 0) {
            *to++ = (char)(hex(c[1]) * 16 + hex(c[2]));
            c += 2;
        } else {
            *to++ = *c;
        }
    *to = '\0';
    for (char *c = text; !str_utf8_valid(text, (size_t)(to - text)) && c < to; c++)
        *c = (unsigned char)*c < 0x80 ? *c : '?';
}

static const char *path_of(const char *url)
{
    const char *host = strstr(url, "://"), *mark = strchr(url, '?');
    if (!host || (mark && mark < host))
        return url;
    const char *slash = strchr(host + 3, '/');
    return slash ? slash : "/";
}

void sf_dispatch(struct sf_ask *ask)
{
    static const char *const resources[] = {"sobjects", "query", "queryAll", "composite", "limits", "tooling", "jobs",
                                            "ui-api"};
    const char *name = ask->n ? ask->part[0] : "";
    if (!ask->n) {
        json_t *out = json_object();
        for (size_t i = 0; i < COUNT(resources); i++)
            js_set(out, resources[i], json_sprintf(DATA "/v%d.0/%s", ask->version, resources[i]));
        sf_reply(ask, 200, out);
    } else if (str_eq(name, "sobjects"))
        sf_sobjects(ask);
    else if (str_eq(name, "query") || str_eq(name, "queryAll"))
        sf_query(ask, str_eq(name, "queryAll"), false);
    else if (str_eq(name, "composite"))
        sf_composite(ask);
    else if (str_eq(name, "limits") && ask->n == 1)
        sf_limits(ask);
    else if (str_eq(name, "tooling"))
        sf_tooling(ask);
    else if (str_eq(name, "jobs"))
        sf_jobs(ask);
    else if (str_eq(name, "ui-api"))
        sf_ui_api(ask);
    else
        sf_not_there(ask);
}

static bool read_version(struct sf_ask *ask, const char *text)
{
    int version = 0, minor = -1;
    if (sscanf(text, "v%d.%d", &version, &minor) != 2 || minor || version > SF_VERSION_NEWEST || version < 20)
        sf_not_there(ask);
    else if (version < SF_VERSION_OLDEST)
        sf_error(ask, 410, "UNSUPPORTED_API_VERSION", "API version %d.0 is retired", version);
    else
        ask->version = version;
    return ask->version != 0;
}

static bool takes_json(const struct http_request *r)
{
    const char *type = http_headers_get(&r->headers, "Content-Type");
    return r->body_n && (!type || !str_starts(type, "text/csv"));
}

void sf_serve(struct sf *s, const struct http_request *r, struct http_answer *a)
{
    const char *path = path_of(r->url), *mark = strchr(path, '?');
    AUTO_FREE char *copy = mem_dup_n(path, strcspn(path, "?"));
    AUTO_JSON json_t *query = sandbox_query_json(mark ? mark + 1 : "");
    AUTO_JSON json_t *body = takes_json(r) ? js_parse(r->body, r->body_n, NULL) : json_object();
    char *parts[PARTS_MOST], *save = NULL;
    size_t n = 0;
    for (char *part = strtok_r(copy, "/", &save); part && n < PARTS_MOST; part = strtok_r(NULL, "/", &save))
        decode(parts[n++] = part);
    struct sf_ask ask = {.s = s, .request = r, .method = r->method, .query = query, .body = body, .a = a};
    ask.part = parts + 3;
    ask.n = n > 3 ? n - 3 : 0;
    if (n < 3 || !str_starts(path, DATA "/"))
        sf_not_there(&ask);
    else if (!read_version(&ask, parts[2]))
        return;
    else if (!json_is_object(body))
        sf_error(&ask, 400, "JSON_PARSER_ERROR", "Unexpected character or wrong kind of value at [line:1, column:1]");
    else
        sf_dispatch(&ask);
}

/* ---- before that ---- */

static void list_versions(struct http_answer *a)
{
    json_t *out = json_array();
    for (int v = SF_VERSION_OLDEST; v <= SF_VERSION_NEWEST; v++)
        js_add(out, json_pack("{s:o,s:o,s:o}", "label", json_sprintf("Version %d", v), "url",
                              json_sprintf(DATA "/v%d.0", v), "version", json_sprintf("%d.0", v)));
    sandbox_reply_json(a, 200, out);
}

/* Where the client found us: that is our instance. */
static void find_base(struct sf *s, const struct http_request *r)
{
    const char *host = http_headers_get(&r->headers, "Host"), *path = path_of(r->url),
               *own = sf_text(s, "instance_url");
    free(s->base_url);
    if (*own)
        s->base_url = mem_dup(own);
    else if (path != r->url && strstr(r->url, "://"))
        s->base_url = mem_dup_n(r->url,
                                *path == '/' && strchr(r->url + 8, '/') ? (size_t)(path - r->url) : strlen(r->url));
    else
        s->base_url = mem_printf("http://%s", host ? host : "salesforce.sandbox");
}

static bool too_long(const struct http_request *r, struct http_answer *a)
{
    size_t headers = 0;
    for (size_t i = 0; i < r->headers.n; i++)
        headers += strlen(r->headers.items[i].name) + strlen(r->headers.items[i].value) + 4;
    if (strlen(path_of(r->url)) > URL_MOST)
        sf_page(a, 414, "text/html", "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>");
    else if (headers > URL_MOST)
        sf_page(a, 431, "text/html", "<h1>Bad Message 431</h1><pre>reason: Request Header Fields Too Large</pre>");
    return a->status != 0;
}

static void answer(struct sandbox_service *base, const struct http_request *r, const char *path, const char *query,
                   struct http_answer *a)
{
    struct sf *s = (struct sf *)base;
    (void)query;
    find_base(s, r);
    if (str_eq(path, "/_sandbox/manners")) {
        AUTO_JSON json_t *said = r->body_n ? js_parse(r->body, r->body_n, NULL) : json_object();
        sf_answer_manners(s, r->method, said, a);
    } else if (str_eq(path, "/services/oauth2/token"))
        sf_token(s, r, a);
    else if (too_long(r, a))
        return;
    else if (str_eq(path, DATA) || str_eq(path, DATA "/"))
        list_versions(a);
    else if (!sf_authorised(s, r, a))
        return;
    else if (str_eq(path, "/services/oauth2/userinfo") || str_starts(path, "/id/"))
        sf_userinfo(s, a);
    else if (sf_within_limits(s, a))
        sf_serve(s, r, a);
}

/* ---- life ---- */

static json_t *state(struct sandbox_service *base)
{
    struct sf *s = (struct sf *)base;
    json_t *out = json_object(), *fields = json_array();
    for (size_t i = 0; i < s->n_types; i++) {
        const struct sf_type *t = &s->types[i];
        json_t *rows = json_array();
        for (size_t k = 0; k < t->n && !t->tooling; k++)
            js_add(rows, sf_row_state(t->rows[k]));
        if (t->tooling)
            json_decref(rows);
        else
            js_set(out, t->name, rows);
        for (size_t k = 0; k < t->n_fields; k++)
            if (t->fields[k]->custom)
                js_add(fields, json_pack("{s:s,s:s,s:b,s:b}", "type", t->name, "name", t->fields[k]->name, "read",
                                         t->fields[k]->read, "edit", t->fields[k]->edit));
    }
    js_set(out, "field", fields);
    js_set(out, "rule", json_deep_copy(s->rules));
    js_set(out, "_unheard", json_deep_copy(s->unheard));
    return out;
}

static void set_stale(struct sandbox_service *base, bool on)
{
    ((struct sf *)base)->stale = on;
}

static void tick(struct sandbox_service *base)
{
    struct sf *s = (struct sf *)base;
    sf_jobs_tick(s);
    sf_purge(s);
}

static void free_sf(struct sandbox_service *base)
{
    struct sf *s = (struct sf *)base;
    for (size_t i = 0; i < s->n_types; i++)
        sf_type_done(&s->types[i]);
    json_decref(s->manners);
    json_decref(s->sessions);
    json_decref(s->cursors);
    json_decref(s->rules);
    json_decref(s->jobs);
    json_decref(s->fresh);
    json_decref(s->telling);
    json_decref(s->unheard);
    sf_key_free(s);
    free(s->refresh);
    free(s->base_url);
    free(s->undo);
    free(s);
}

char *sandbox_salesforce_key(struct sandbox_service *base)
{
    return sf_key_pem((struct sf *)base);
}

struct sandbox_service *sandbox_salesforce_new(struct sandbox *box)
{
    struct sf *s = mem_alloc(sizeof *s);
    s->base = (struct sandbox_service){.name = "salesforce",
                                       .answer = answer,
                                       .state = state,
                                       .edit = sf_edit,
                                       .tick = tick,
                                       .free = free_sf,
                                       .stale = set_stale,
                                       .arrived = sf_unheard_arrived,
                                       .refuse = sf_refuse_status};
    sandbox_attach(box, &s->base);
    s->manners = sf_manners_new();
    s->sessions = json_object();
    s->cursors = json_object();
    s->rules = json_array();
    s->jobs = json_object();
    s->fresh = json_object();
    s->telling = json_array();
    s->unheard = json_array();
    s->refresh = mem_dup("sandbox-refresh");
    s->base_url = mem_dup("http://salesforce.sandbox");
    s->purged_hour = sf_now(s) / SF_HOUR;
    sf_types_init(s);
    sf_town_init(s);
    return &s->base;
}
