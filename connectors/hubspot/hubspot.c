/* HubSpot: options, limits, tokens, and how its errors are read. The dialect is in the files beside. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/hubspot/hubspot_private.h"

static const char *const hubspot_versions[] = {"2026-09", "2026-03", "v3", NULL};
static const char *const hubspot_objects[] = {"contacts", "deals", "notes", "communications", NULL};
static const struct hubspot_object hubspot_kinds[] = {
    {"contacts", "lastmodifieddate", "0-1", false},
    {"deals", "hs_lastmodifieddate", "0-3", false},
    {"notes", "hs_lastmodifieddate", NULL, true},
    {"communications", "hs_lastmodifieddate", NULL, true}};

#define AT(m) offsetof(struct hubspot, m)
static const struct opt hubspot_options[] = {
    {"token", OPT_SECRET, AT(token), NULL, false, 0, 0, NULL, "service key or private app token"},
    {"client_id", OPT_TEXT, AT(client_id), NULL, false, 0, 0, NULL, "OAuth app, instead of token"},
    {"client_secret", OPT_SECRET, AT(client_secret), NULL, false, 0, 0, NULL, "OAuth app's secret"},
    {"refresh_token", OPT_SECRET, AT(refresh_token), NULL, false, 0, 0, NULL, "OAuth refresh token of the account"},
    {"base_url", OPT_TEXT, AT(base_url), "https://api.hubapi.com", false, 0, 0, NULL, "where the API is"},
    {"version", OPT_CHOICE, AT(version), "2026-09", false, 0, 0, hubspot_versions, "API version"},
    {"ten_secondly", OPT_INT, AT(ten_secondly), "100", false, 1, 1000, NULL, "calls per 10 seconds of the account's plan"},
    {"search_per_second", OPT_INT, AT(search_per_second), "5", false, 1, 100, NULL, "searches per second, shared by all apps"},
    {"daily", OPT_INT, AT(daily), "250000", false, 1000, 100000000, NULL, "calls per day of the account's plan"},
    {"fill", OPT_REAL, AT(fill), "0.8", false, 0, 0, NULL, "share of the limits to use"},
    {"overlap", OPT_SPAN, AT(overlap), "2m", false, 0, 3600000, NULL, "how far a change window reaches back: at least the search index's lag"},
    {"margin", OPT_SPAN, AT(margin), "0s", false, 0, 600000, NULL, "how far a change window stays behind now"},
    {"channel", OPT_TEXT, AT(channel), "CUSTOM_CHANNEL_CONVERSATION", false, 0, 0, NULL,
     "channel of logged communications: HubSpot has none for X; WHATS_APP, LINKEDIN_MESSAGE and SMS are the documented ones"},
    {"hook_secret", OPT_SECRET, AT(hook_secret), NULL, false, 0, 0, NULL, "client secret of the app whose webhooks come here; default client_secret"},
    {"hook_secret_old", OPT_SECRET, AT(hook_secret_old), NULL, false, 0, 0, NULL, "the secret before, while it is being exchanged"},
    {"hook_url", OPT_TEXT, AT(hook_url), NULL, false, 0, 0, NULL, "target URL of the webhooks, exactly as HubSpot has it: it is signed"},
    {"hook_v1", OPT_BOOL, AT(hook_v1), "false", false, 0, 0, NULL, "also take deliveries that are signed by v1 only (old private apps)"},
    {"hook_tolerance", OPT_SPAN, AT(hook_tolerance), "5m", false, 1000, 3600000, NULL, "how old the signature of a delivery may be"},
    OPT_END};

const json_t *hubspot_listed(struct call *c)
{
    const json_t *rows = json_object_get(c->json, "results");
    if (c->err.kind != ERR_NONE)
        return NULL;
    if (!json_is_array(rows))
        err_set(&c->err, c->writes ? ERR_UNSURE : ERR_TEMP, "%s %s answered without a list of results", c->request.method, c->request.url);
    return json_is_array(rows) ? rows : NULL;
}

bool hubspot_list(struct endpoint *ep, struct call *c, struct err *err)
{
    endpoint_call_many(ep, c, 1);
    if (hubspot_listed(c))
        return true;
    *err = c->err;
    return false;
}

const struct hubspot_object *hubspot_object_of(const char *name)
{
    for (size_t i = 0; i < COUNT(hubspot_kinds); i++)
        if (str_eq(hubspot_kinds[i].name, name))
            return &hubspot_kinds[i];
    return NULL;
}

/* v3 puts the version before the family, the dated ones behind it. */
char *hubspot_path(struct endpoint *ep, const char *family, const char *tail)
{
    const char *version = hubspot_versions[hubspot_of(ep)->version];
    if (str_eq(version, "v3"))
        return mem_printf("/crm/v3/%s%s", family, tail);
    return mem_printf("/crm/%s/%s%s", family, version, tail);
}

/* ---- errors and limits ---- */

static void hubspot_rate(struct endpoint *ep, const json_t *body, struct err *err)
{
    const char *policy = js_str_or(body, "policyName", "TEN_SECONDLY_ROLLING");
    int64_t now = ep->env->now(ep->env), wait = 10000;
    if (str_eq(policy, "SECONDLY"))
        wait = 1000;
    else if (str_eq(policy, "DAILY"))
        wait = 60 * 60 * 1000;
    err->retry_at = now + wait;
}

static void hubspot_judge(struct endpoint *ep, const struct http_answer *a, bool writes, struct err *err)
{
    AUTO_JSON json_t *body = a->body_n ? js_parse(a->body, a->body_n, NULL) : NULL;
    const json_t *first = json_array_get(json_object_get(body, "errors"), 0);
    AUTO_FREE char *scopes = NULL;
    (void)writes;
    if (a->status == 429 && !http_headers_get(&a->headers, "retry-after"))
        hubspot_rate(ep, body, err);
    if (a->status == 403) {
        const json_t *needed = json_object_get(json_object_get(first, "context"), "requiredGranularScopes");
        scopes = needed ? js_print(needed) : NULL;
    }
    if (scopes) {
        AUTO_FREE char *text = mem_dup(err->text);
        err_set(err, ERR_AUTH, "%s; missing scopes %s", text, scopes);
    }
    if (a->status == 409)
        err->kind = ERR_STALE;
}

static unsigned hubspot_number(const struct http_answer *a, const char *name, bool *told)
{
    int64_t n = 0;
    *told = str_to_int(http_headers_get(&a->headers, name), 0, INT32_MAX, &n);
    return (unsigned)n;
}

static void hubspot_heed(struct endpoint *ep, unsigned bucket, const struct http_answer *a)
{
    bool told = false, told_left = false;
    unsigned limit = hubspot_number(a, "x-hubspot-ratelimit-max", &told), left = hubspot_number(a, "x-hubspot-ratelimit-remaining", &told_left);
    int64_t now = ep->env->now(ep->env);
    if (bucket == HUBSPOT_MAIN && told && told_left)
        limiter_seen(ep->limiter, now, HUBSPOT_MAIN, 10000, limit, left);
    limit = hubspot_number(a, "x-hubspot-ratelimit-daily", &told);
    left = hubspot_number(a, "x-hubspot-ratelimit-daily-remaining", &told_left);
    if (told && told_left)
        limiter_seen(ep->limiter, now, HUBSPOT_MAIN, 86400000, limit, left);
}

/* ---- life ---- */

static bool hubspot_open(struct endpoint *ep, struct err *err)
{
    struct hubspot *h = hubspot_of(ep);
    bool oauth = h->client_id && h->client_secret && h->refresh_token;
    if (!h->token && !oauth)
        return err_set(err, ERR_CONFIG, "say token, or client_id, client_secret and refresh_token");
    struct limiter_bucket buckets[] = {
        {.name = "main", .windows = {{10000, (unsigned)h->ten_secondly}, {86400000, (unsigned)h->daily}}},
        {.name = "search", .windows = {{1000, (unsigned)h->search_per_second}}}};
    AUTO_FREE char *token_url = mem_printf("%s/oauth/v3/token", h->base_url), *name = mem_printf("oauth:%s", ep->name);
    struct oauth_options o = {.name = name, .static_token = h->token, .token_url = token_url, .client_id = h->client_id,
                              .client_secret = h->client_secret, .refresh_token = h->refresh_token};
    ep->base_url = mem_dup(h->base_url);
    ep->limiter = limiter_new(buckets, COUNT(buckets), h->fill, 0.7);
    ep->oauth = oauth_new(&o, &ep->vault);
    ep->judge = hubspot_judge;
    ep->heed = hubspot_heed;
    return true;
}

static void hubspot_close(struct endpoint *ep)
{
    struct hubspot *h = hubspot_of(ep);
    for (size_t i = 0; i < h->n_known; i++)
        schema_done(&h->known[i]);
    h->n_known = 0;
    free(h->home);
    h->home = NULL;
}

char *hubspot_address(struct endpoint *ep, const char *object, const char *id)
{
    const struct hubspot *h = hubspot_of(ep);
    const struct hubspot_object *o = hubspot_object_of(object);
    return h->home && o && o->number && id ? mem_printf("%s/record/%s/%s", h->home, o->number, id) : NULL;
}

bool hubspot_probe(struct endpoint *ep, struct organisation *out, struct err *err)
{
    struct call c __attribute__((cleanup(call_done)));
    const char *version = hubspot_versions[hubspot_of(ep)->version];
    call_init(&c, "GET", "/account-info/%s/details", version);
    if (!endpoint_call(ep, &c, err))
        return false;
    int64_t portal = js_int_or(c.json, "portalId", 0);
    if (!portal)
        return err_set(err, ERR_TEMP, "the account's details name no portalId");
    free(hubspot_of(ep)->home);
    hubspot_of(ep)->home = mem_printf("https://%s/contacts/%lld", js_str_or(c.json, "uiDomain", "app.hubspot.com"), (long long)portal);
    out->id = mem_printf("%lld", (long long)portal);
    out->label = mem_dup(js_str(c.json, "uiDomain"));
    out->currency = mem_dup(js_str(c.json, "companyCurrency"));
    return true;
}

const struct connector hubspot_connector = {
    .name = "hubspot",
    .about = "HubSpot contacts, deals, notes and communications, through the dated API or v3; service key, private app or OAuth",
    .caps = CAP_FETCH | CAP_CREATE | CAP_FIND | CAP_FEED | CAP_HOOK | CAP_HISTORY | CAP_DESCRIBE | CAP_SETUP,
    .state_size = sizeof(struct hubspot),
    .options = hubspot_options,
    .objects = hubspot_objects,
    .open = hubspot_open,
    .close = hubspot_close,
    .probe = hubspot_probe,
    .describe = hubspot_describe,
    .setup = hubspot_setup,
    .changes = hubspot_changes,
    .hook = hubspot_hook,
    .find = hubspot_find,
    .fetch = hubspot_fetch,
    .put = hubspot_put,
    .load = connector_no_load,
    .collect = connector_no_collect,
    .survey = connector_no_survey,
};
