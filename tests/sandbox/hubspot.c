/* HubSpot as a service: tokens, limits, the three path families, properties, owners, account. */
#include "tests/sandbox/hubspot.h"
#include <stdio.h>

/* ---- properties ---- */

json_t *hub_define(struct hub_type *t, const char *name, const char *label, const char *type, const char *field_type)
{
    json_t *def = json_pack("{s:s,s:s,s:s,s:s,s:s,s:[],s:b,s:{s:b},s:b}", "name", name, "label", label, "type", type, "fieldType", field_type, "groupName",
                            "contactinformation", "options", "hasUniqueValue", 0, "modificationMetadata", "readOnlyValue", 0, "calculated", 0);
    js_set(t->defs, name, def);
    return def;
}

static void options(json_t *def, const char *const *values)
{
    for (; *values; values++)
        js_add(json_object_get(def, "options"), json_pack("{s:s,s:s,s:b}", "label", *values, "value", *values, "hidden", 0));
}

static void read_only(json_t *def)
{
    js_set(def, "modificationMetadata", json_pack("{s:b}", "readOnlyValue", 1));
}

void hub_add_defaults(struct hub *h)
{
    static const char *const texts[] = {"email", "firstname", "lastname", "phone", "company", "website", "twitterhandle", "jobtitle", "city", "dealname", "message"};
    static const char *const dates[] = {"createdate", "lastmodifieddate", "hs_lastmodifieddate"};
    static const char *const hidden[] = {"hs_object_id", "hs_object_source", "hs_merged_object_ids", "hs_calculated_merged_vids"};
    static const char *const stages[] = {"subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist", "other", NULL};
    static const char *const statuses[] = {"NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL", "UNQUALIFIED", "ATTEMPTED_TO_CONTACT", "CONNECTED", "BAD_TIMING", NULL};
    for (size_t k = 0; k < h->n_types; k++) {
        struct hub_type *t = &h->types[k];
        for (size_t i = 0; i < COUNT(texts); i++)
            hub_define(t, texts[i], texts[i], "string", "text");
        for (size_t i = 0; i < COUNT(dates); i++)
            read_only(hub_define(t, dates[i], dates[i], "datetime", "date"));
        for (size_t i = 0; i < COUNT(hidden); i++)
            read_only(hub_define(t, hidden[i], hidden[i], "string", "text"));
        js_set(json_object_get(t->defs, "email"), "hasUniqueValue", json_true());
        options(hub_define(t, "lifecyclestage", "Lifecycle stage", "enumeration", "radio"), stages);
        options(hub_define(t, "hs_lead_status", "Lead status", "enumeration", "radio"), statuses);
        json_t *owner = hub_define(t, "hubspot_owner_id", "Owner", "enumeration", "select");
        js_set(owner, "externalOptions", json_true());
        hub_define(t, "amount", "Amount", "number", "number");
    }
}

static json_t *all_defs(const struct hub_type *t)
{
    json_t *out = json_array(), *def;
    const char *name;
    json_object_foreach (t->defs, name, def)
        json_array_append(out, def);
    return json_pack("{s:o}", "results", out);
}

static void create_property(struct hub *h, struct hub_type *t, const json_t *body, struct http_answer *a)
{
    const char *name = js_str(body, "name"), *type = js_str(body, "type"), *field = js_str(body, "fieldType");
    if (!name || !type || !field || !js_str(body, "label") || !js_str(body, "groupName")) {
        hub_error(a, 400, "VALIDATION_ERROR", "name, label, type, fieldType and groupName are required");
        return;
    }
    if (json_object_get(t->defs, name)) {
        hub_error(a, 409, "OBJECT_ALREADY_EXISTS", "A property with that name exists");
        return;
    }
    json_t *def = hub_define(t, name, js_str(body, "label"), type, field);
    json_object_update_existing(def, (json_t *)body);
    if (js_bool_or(body, "hasUniqueValue", false))
        js_set(def, "hasUniqueValue", json_true());
    sandbox_note(hub_box(h), "POST /properties", true);
    sandbox_reply_json(a, 201, json_incref(def));
}

void hub_properties(struct hub *h, struct hub_type *t, const char *method, char **part, size_t n, const json_t *body, struct http_answer *a)
{
    json_t *def = n > 0 ? json_object_get(t->defs, part[0]) : NULL;
    sandbox_note(hub_box(h), "GET /properties", false);
    if (n > 0 && str_eq(part[0], "groups")) {
        sandbox_reply_json(a, str_eq(method, "POST") ? 201 : 200, str_eq(method, "POST") ? json_incref((json_t *)body) : json_pack("{s:[]}", "results"));
    } else if (n == 0 && str_eq(method, "POST")) {
        create_property(h, t, body, a);
    } else if (n == 0) {
        sandbox_reply_json(a, 200, all_defs(t));
    } else if (!def) {
        hub_error(a, 404, "OBJECT_NOT_FOUND", "Property does not exist");
    } else {
        if (str_eq(method, "PATCH")) {
            json_object_update(def, (json_t *)body);
            sandbox_note(hub_box(h), "PATCH /properties/{name}", true);
        }
        sandbox_reply_json(a, 200, json_incref(def));
    }
}

/* ---- tokens and limits ---- */

static bool authorised(struct hub *h, const struct http_request *r, struct http_answer *a)
{
    const char *header = http_headers_get(&r->headers, "Authorization");
    const char *token = header && str_starts(header, "Bearer ") ? header + 7 : "";
    if (str_eq(token, "sandbox-token"))
        return true;
    if (h->access && str_eq(token, h->access) && sandbox_now(hub_box(h)) < h->access_until)
        return true;
    hub_error(a, 401, h->access && str_eq(token, h->access) ? "EXPIRED_AUTHENTICATION" : "INVALID_AUTHENTICATION",
              "Authentication credentials not found or expired");
    return false;
}

static void oauth(struct hub *h, const struct http_request *r, struct http_answer *a)
{
    AUTO_FREE char *refresh = sandbox_query_get(r->body ? r->body : "", "refresh_token");
    AUTO_FREE char *secret = sandbox_query_get(r->body ? r->body : "", "client_secret");
    if (!str_eq(secret, "sandbox-secret") || !str_eq(refresh, h->refresh)) {
        sandbox_reply_json(a, 400, json_pack("{s:s,s:s,s:s,s:s}", "error", "invalid_grant", "error_description", "refresh token is invalid, expired or revoked",
                                             "status", "BAD_REFRESH_TOKEN", "message", "missing or invalid refresh token"));
        return;
    }
    free(h->access);
    h->access = mem_printf("access-%lld", (long long)++h->issued);
    h->access_until = sandbox_now(hub_box(h)) + 1800 * 1000;
    if (js_bool_or(h->manners, "rotation", false)) {
        free(h->refresh);
        h->refresh = mem_printf("refresh-%lld", (long long)h->issued);
    }
    sandbox_reply_json(a, 200, json_pack("{s:s,s:s,s:i,s:s,s:i}", "access_token", h->access, "refresh_token", h->refresh, "expires_in", 1800, "token_type",
                                         "bearer", "hub_id", 4242));
}

static void limited(struct http_answer *a, const char *policy, const char *message)
{
    sandbox_reply_json(a, 429, json_pack("{s:s,s:s,s:s,s:s,s:s}", "status", "error", "message", message, "errorType", "RATE_LIMIT", "correlationId", "c1",
                                         "policyName", policy));
}

static bool within_limits(struct hub *h, bool search, struct http_answer *a)
{
    int64_t now = sandbox_now(hub_box(h)), burst = js_int_or(h->manners, "ten_secondly", 190);
    if (hub_box(h)->no_limits)
        return true;
    if (now - h->window_start >= 10000) {
        h->window_start = now;
        h->window_n = 0;
    }
    if (now - h->second_start >= 1000) {
        h->second_start = now;
        h->second_n = 0;
    }
    if (search && ++h->second_n > js_int_or(h->manners, "search_per_second", 5))
        return limited(a, "SECONDLY", "You have reached your secondly limit."), false;
    if (++h->window_n > burst)
        return limited(a, "TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit."), false;
    if (++h->day_n > js_int_or(h->manners, "daily", 650000))
        return limited(a, "DAILY", "You have reached your daily limit."), false;
    if (search)
        return true;
    AUTO_FREE char *max = mem_printf("%lld", (long long)burst), *left = mem_printf("%lld", (long long)(burst - h->window_n));
    http_headers_set(&a->headers, "X-HubSpot-RateLimit-Max", max);
    http_headers_set(&a->headers, "X-HubSpot-RateLimit-Remaining", left);
    http_headers_set(&a->headers, "X-HubSpot-RateLimit-Interval-Milliseconds", "10000");
    return true;
}

/* ---- routes ---- */

struct hub_route {
    struct hub *h;
    const char *method;
    char *part[8];
    size_t n;
    json_t *query, *body;
    struct http_answer *a;
};

static void one_record(struct hub_route *r, struct hub_type *t, const char *id)
{
    struct hub_record *rec = hub_get(t, id);
    AUTO_JSON json_t *names = json_array();
    const char *list = js_str(r->query, "properties");
    AUTO_FREE char *copy = mem_dup(list ? list : "");
    char *save = NULL;
    for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save))
        js_add(names, json_string(name));
    if (rec && rec->merged_into)
        rec = hub_follow(t, rec);
    sandbox_note(hub_box(r->h), str_eq(r->method, "DELETE") ? "DELETE /objects/{id}" : "GET /objects/{id}", false);
    if (!rec || rec->archived != str_eq(js_str(r->query, "archived"), "true")) {
        hub_error(r->a, 404, "OBJECT_NOT_FOUND", "resource not found");
    } else if (str_eq(r->method, "DELETE")) {
        rec->archived = true;
        sandbox_note(hub_box(r->h), "DELETE /objects/{id}", true);
        r->a->status = 204;
    } else {
        sandbox_reply_json(r->a, 200, hub_record_json(r->h, t, rec, names, NULL));
    }
}

static void list(struct hub_route *r, struct hub_type *t)
{
    int64_t limit = js_int_or(r->query, "limit", 10), after = js_int_or(r->query, "after", 0);
    bool archived = str_eq(js_str(r->query, "archived"), "true");
    json_t *results = json_array(), *out;
    size_t i = 0;
    sandbox_note(hub_box(r->h), "GET /objects", false);
    for (; i < t->n && (int64_t)json_array_size(results) < limit; i++)
        if (t->records[i].id >= after && t->records[i].archived == archived && !t->records[i].merged_into)
            js_add(results, hub_record_json(r->h, t, &t->records[i], NULL, NULL));
    out = json_pack("{s:o}", "results", results);
    if (i < t->n) {
        AUTO_FREE char *next = mem_printf("%lld", (long long)t->records[i].id);
        js_set(out, "paging", json_pack("{s:{s:s}}", "next", "after", next));
    }
    sandbox_reply_json(r->a, 200, out);
}

static void merge(struct hub_route *r, struct hub_type *t)
{
    struct hub_record *winner = hub_get(t, js_str(r->body, "primaryObjectId")), *loser = hub_get(t, js_str(r->body, "objectIdToMerge"));
    if (!winner || !loser) {
        hub_error(r->a, 404, "OBJECT_NOT_FOUND", "no such record");
        return;
    }
    sandbox_note(hub_box(r->h), "POST /objects/merge", true);
    sandbox_reply_json(r->a, 200, hub_record_json(r->h, t, hub_merge(r->h, t, winner, loser), NULL, NULL));
}

/* part[0] is the object's name: version and family are already taken away. */
static void objects(struct hub_route *r, char **part, size_t n)
{
    struct hub_type *t = n ? hub_type_of(r->h, part[0]) : NULL;
    if (!t)
        hub_error(r->a, 404, "OBJECT_NOT_FOUND", "no such object type");
    else if (n == 2 && str_eq(part[1], "search"))
        hub_search(r->h, t, r->body, r->a);
    else if (n == 2 && str_eq(part[1], "merge"))
        merge(r, t);
    else if (n == 3 && str_eq(part[1], "batch"))
        hub_batch(r->h, t, part[2], str_eq(js_str(r->query, "archived"), "true"), r->body, r->a);
    else if (n == 1)
        list(r, t);
    else
        one_record(r, t, part[1]);
}

static void owners(struct hub_route *r)
{
    static const char *const people[] = {"ann", "ben", "cy"};
    json_t *out = json_array();
    for (size_t i = 0; i < COUNT(people); i++) {
        AUTO_FREE char *mail = mem_printf("%s@team.example", people[i]), *id = mem_printf("%zu", 7001 + i);
        js_add(out, json_pack("{s:s,s:s,s:s,s:s,s:s,s:b}", "id", id, "email", mail, "firstName", people[i], "lastName", "Team", "type", "PERSON", "archived", 0));
    }
    sandbox_reply_json(r->a, 200, json_pack("{s:o}", "results", out));
}

static void account(struct hub_route *r)
{
    sandbox_reply_json(r->a, 200, json_pack("{s:i,s:s,s:s,s:s,s:s}", "portalId", 4242, "timeZone", "UTC", "accountType", "STANDARD", "uiDomain",
                                            "app.hubspot.com", "dataHostingLocation", "na1"));
}

/* /crm/v3/objects/… and /crm/objects/2026-09/… are the same thing. */
static void dispatch(struct hub_route *r)
{
    char **p = r->part;
    bool old = r->n > 2 && (str_eq(p[1], "v3") || str_eq(p[1], "v4"));
    const char *family = r->n > 2 ? p[old ? 2 : 1] : "";
    if (r->n && str_eq(p[0], "account-info"))
        account(r);
    else if (str_eq(family, "objects"))
        objects(r, p + 3, r->n - 3);
    else if (str_eq(family, "properties") && r->n > 3 && hub_type_of(r->h, p[3]))
        hub_properties(r->h, hub_type_of(r->h, p[3]), r->method, p + 4, r->n - 4, r->body, r->a);
    else if (str_eq(family, "owners"))
        owners(r);
    else
        hub_error(r->a, 404, "OBJECT_NOT_FOUND", "no such route");
}

static void answer(struct sandbox_service *s, const struct http_request *req, const char *path, const char *query, struct http_answer *a)
{
    struct hub *h = (struct hub *)s;
    struct hub_route r = {.h = h, .method = req->method, .a = a};
    AUTO_JSON json_t *body = req->body_n && req->body[0] == '{' ? js_parse(req->body, req->body_n, NULL) : json_object();
    if (str_eq(path, "/_sandbox/manners")) {
        json_object_update(h->manners, body);
        sandbox_reply_json(a, 200, json_incref(h->manners));
        return;
    }
    if (str_starts(path, "/oauth/")) {
        oauth(h, req, a);
        return;
    }
    if (!authorised(h, req, a) || !within_limits(h, strstr(path, "/search") != NULL, a))
        return;
    AUTO_FREE char *copy = mem_dup(path);
    char *save = NULL;
    for (char *part = strtok_r(copy, "/", &save); part && r.n < COUNT(r.part); part = strtok_r(NULL, "/", &save))
        r.part[r.n++] = part;
    AUTO_JSON json_t *q = sandbox_query_json(query);
    r.query = q;
    r.body = body;
    if (body)
        dispatch(&r);
    else
        hub_error(a, 400, "VALIDATION_ERROR", "Invalid input JSON");
}

/* ---- the service ---- */

static json_t *state(struct sandbox_service *s)
{
    struct hub *h = (struct hub *)s;
    json_t *out = json_object();
    for (size_t k = 0; k < h->n_types; k++) {
        json_t *all = json_array();
        for (size_t i = 0; i < h->types[k].n; i++) {
            struct hub_record *r = &h->types[k].records[i];
            AUTO_FREE char *id = mem_printf("%lld", (long long)r->id), *into = r->merged_into ? mem_printf("%lld", (long long)r->merged_into) : NULL;
            json_t *one = json_pack("{s:s,s:O,s:b,s:O}", "id", id, "properties", r->props, "archived", r->archived, "history", r->history);
            if (into)
                js_set(one, "mergedInto", json_string(into));
            js_add(all, one);
        }
        js_set(out, h->types[k].names[2], all);
    }
    return out;
}

static void set_stale(struct sandbox_service *s, bool on)
{
    ((struct hub *)s)->stale = on;
}

static void free_hub(struct sandbox_service *s)
{
    struct hub *h = (struct hub *)s;
    for (size_t k = 0; k < h->n_types; k++) {
        struct hub_type *t = &h->types[k];
        for (size_t i = 0; i < t->n; i++) {
            json_decref(t->records[i].props);
            json_decref(t->records[i].before);
            json_decref(t->records[i].history);
        }
        free(t->records);
        json_decref(t->unique);
        json_decref(t->defs);
    }
    json_decref(h->manners);
    free(h->access);
    free(h->refresh);
    free(h);
}

struct sandbox_service *sandbox_hubspot_new(struct sandbox *box)
{
    struct hub *h = mem_alloc(sizeof *h);
    static const struct {
        const char *names[3], *modified;
    } kinds[] = {{{"contacts", "0-1", "contact"}, "lastmodifieddate"}, {{"deals", "0-3", "deal"}, "hs_lastmodifieddate"}, {{"notes", "0-46", "note"}, "hs_lastmodifieddate"}};
    h->base = (struct sandbox_service){.name = "hubspot", .answer = answer, .state = state, .edit = hub_edit, .free = free_hub, .stale = set_stale};
    sandbox_attach(box, &h->base);
    h->manners = json_object();
    h->next_id = 100001;
    h->refresh = mem_dup("sandbox-refresh");
    h->n_types = COUNT(kinds);
    for (size_t k = 0; k < h->n_types; k++) {
        struct hub_type *t = &h->types[k];
        memcpy(t->names, kinds[k].names, sizeof t->names);
        t->modified = kinds[k].modified;
        t->unique = json_object();
        t->defs = json_object();
    }
    hub_add_defaults(h);
    return &h->base;
}
