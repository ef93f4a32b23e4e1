/* HubSpot as a service: the way of a request from its path, in three families of versions, to the file that answers;
 * birth, state and end. */
#include "tests/sandbox/hubspot.h"

#define PARTS_MOST 12
#define URL_MOST 8192

/* ---- paths ---- */

static enum hub_version version_of(const char *text)
{
    static const char *const names[] = {"v1", "v2", "v3", "v4", "2026-03", "2026-09"};
    for (int i = 0; i < HUB_NO_VERSION; i++)
        if (str_eq(names[i], text))
            return (enum hub_version)i;
    return HUB_NO_VERSION;
}

static bool is_dated(enum hub_version v)
{
    return v == HUB_2026_03 || v == HUB_2026_09;
}

struct family {
    const char *name;
    void (*answer)(struct hub_ask *ask);
    bool v4; /* v4 has it, too */
};

static const struct family families[] = {
    {"objects", hub_objects, true},
    {"properties", hub_properties, false},
    {"owners", hub_owners, false},
    {"pipelines", hub_pipelines, false},
    {"associations", hub_association_family, true},
    {"limits", hub_custom_limits, false},
};

/* /crm/v3/objects/… and /crm/objects/2026-09/… are the same thing. */
static void dispatch_crm(struct hub_ask *ask, char **part, size_t n)
{
    bool old = n > 1 && version_of(part[1]) != HUB_NO_VERSION && !is_dated(version_of(part[1]));
    const char *name = n > 2 ? part[old ? 2 : 1] : "";
    ask->version = n > 2 ? version_of(part[old ? 1 : 2]) : HUB_NO_VERSION;
    ask->part = part + 3;
    ask->n = n > 3 ? n - 3 : 0;
    for (size_t i = 0; i < COUNT(families); i++) {
        const struct family *f = &families[i];
        bool spoken = ask->version == HUB_V3 || is_dated(ask->version) || (f->v4 && ask->version == HUB_V4);
        if (!str_eq(f->name, name) || !spoken || old == is_dated(ask->version))
            continue;
        if (hub_has_scope(ask, name))
            f->answer(ask);
        return;
    }
    hub_error(ask->h, ask->a, 404, "OBJECT_NOT_FOUND", "no such route");
}

static void dispatch(struct hub_ask *ask, const char *path)
{
    AUTO_FREE char *copy = mem_dup(path);
    char *parts[PARTS_MOST], *save = NULL;
    size_t n = 0;
    for (char *part = strtok_r(copy, "/", &save); part && n < PARTS_MOST; part = strtok_r(NULL, "/", &save))
        parts[n++] = part;
    if (n && str_eq(parts[0], "crm")) {
        dispatch_crm(ask, parts, n);
        return;
    }
    ask->version = n > 1 ? version_of(parts[1]) : HUB_NO_VERSION;
    ask->part = parts + 2;
    ask->n = n > 2 ? n - 2 : 0;
    if (n > 2 && str_eq(parts[0], "account-info") && (ask->version == HUB_V3 || is_dated(ask->version)))
        hub_account(ask);
    else
        hub_error(ask->h, ask->a, 404, "OBJECT_NOT_FOUND", "no such route");
}

static bool is_body(const json_t *v)
{
    return json_is_object(v) || json_is_array(v);
}

static void answer(struct sandbox_service *s, const struct http_request *r, const char *path, const char *query,
                   struct http_answer *a)
{
    struct hub *h = (struct hub *)s;
    AUTO_JSON json_t *body = NULL, *asked = sandbox_query_json(query);
    if (str_starts(path, "/oauth/")) {
        hub_oauth(h, r, path, query, a);
        return;
    }
    body = r->body_n ? js_parse(r->body, r->body_n, NULL) : json_object();
    if (str_eq(path, "/_sandbox/manners")) {
        hub_answer_manners(h, r->method, body, a);
        return;
    }
    if (str_eq(path, "/_sandbox/deliveries")) {
        hub_answer_deliveries(h, asked, a);
        return;
    }
    if (!hub_authorised(h, r, a) || !hub_within_limits(h, r, path, a))
        return;
    struct hub_ask ask = {.h = h, .request = r, .method = r->method, .query = asked, .body = body, .a = a};
    ask.body_n = r->body_n;
    if (strlen(r->url) > URL_MOST)
        hub_error(h, a, 414, "VALIDATION_ERROR", "URI Too Long");
    else if (is_body(body))
        dispatch(&ask, path);
    else
        hub_error(h, a, 400, "VALIDATION_ERROR", "Invalid input JSON on line 1, column 1");
}

/* ---- the account ---- */

static void tell_usage(struct hub_ask *ask)
{
    char resets[WHEN_TEXT], now[WHEN_TEXT];
    when_print(hub_midnight(ask->h), resets);
    when_print(sandbox_now(hub_box(ask->h)), now);
    hub_reply(ask, 200,
              json_pack("{s:[{s:s,s:I,s:I,s:s,s:s,s:s}]}", "results", "name", "api-calls-daily", "usageLimit",
                        (json_int_t)hub_count(ask->h, "daily"), "currentUsage", (json_int_t)ask->h->day.n,
                        "collectedAt", now, "fetchStatus", "SUCCESS", "resetsAt", resets));
}

void hub_account(struct hub_ask *ask)
{
    hub_note(ask, false, "/account-info");
    if (!hub_is(ask, "GET"))
        hub_wrong_method(ask);
    else if (ask->n == 1 && str_eq(ask->part[0], "details"))
        hub_reply(ask, 200,
                  json_pack("{s:i,s:s,s:s,s:s,s:s,s:i,s:s,s:s}", "portalId", HUB_PORTAL, "timeZone", "UTC",
                            "accountType", "STANDARD", "uiDomain", "app.hubspot.com", "dataHostingLocation", "na1",
                            "utcOffsetMilliseconds", 0, "utcOffset", "+00:00", "companyCurrency", "USD"));
    else if (ask->n == 3 && str_eq(ask->part[0], "api-usage") && str_eq(ask->part[2], "private-apps"))
        tell_usage(ask);
    else
        hub_not_found(ask);
}

/* ---- life ---- */

static json_t *record_state(const struct hub_record *r)
{
    json_t *one = json_pack("{s:o,s:O,s:b,s:O}", "id", hub_id(r->id), "properties", r->props, "archived", r->archived,
                            "history", r->history);
    if (r->links)
        js_set(one, "associations", json_deep_copy(r->links));
    if (r->merged_into)
        js_set(one, "mergedInto", hub_id(r->merged_into));
    if (r->erased)
        js_set(one, "erased", json_true());
    return one;
}

static json_t *state(struct sandbox_service *s)
{
    struct hub *h = (struct hub *)s;
    json_t *out = json_object();
    for (size_t k = 0; k < HUB_KINDS; k++) {
        json_t *all = json_array();
        for (size_t i = 0; i < h->types[k].n; i++)
            js_add(all, record_state(&h->types[k].records[i]));
        js_set(out, h->types[k].names[2], all);
    }
    js_set(out, "owner", json_deep_copy(h->owners));
    js_set(out, "pipeline", json_deep_copy(h->pipelines));
    return out;
}

static void set_stale(struct sandbox_service *s, bool on)
{
    ((struct hub *)s)->stale = on;
}

static void free_hub(struct sandbox_service *s)
{
    struct hub *h = (struct hub *)s;
    for (size_t k = 0; k < HUB_KINDS; k++)
        hub_type_done(&h->types[k]);
    json_decref(h->manners);
    json_decref(h->owners);
    json_decref(h->pipelines);
    json_decref(h->rules);
    free(h->access);
    free(h->refresh);
    hub_events_free(h->events);
    free(h);
}

struct sandbox_service *sandbox_hubspot_new(struct sandbox *box)
{
    struct hub *h = mem_alloc(sizeof *h);
    h->base = (struct sandbox_service){.name = "hubspot",
                                       .answer = answer,
                                       .state = state,
                                       .edit = hub_edit,
                                       .free = free_hub,
                                       .stale = set_stale,
                                       .refuse = hub_refuse_status};
    sandbox_attach(box, &h->base);
    h->manners = hub_manners_new();
    h->rules = json_array();
    h->next_label = 1;
    h->next_number = 9000001;
    h->refresh = mem_dup("sandbox-refresh");
    hub_types_init(h);
    hub_pipelines_init(h);
    hub_owners_init(h);
    hub_link_types_init(h);
    return &h->base;
}
