/* Who may: static tokens, OAuth's access tokens of half an hour, and scopes. The token endpoints are not counted by
 * any limit and need no bearer. */
#include "tests/sandbox/hubspot.h"
#include <stdio.h>

#define ACCESS_SECONDS 1800

static const char *const scopes[] = {"oauth",
                                     "crm.objects.contacts.read",
                                     "crm.objects.contacts.write",
                                     "crm.objects.companies.read",
                                     "crm.objects.companies.write",
                                     "crm.objects.deals.read",
                                     "crm.objects.deals.write",
                                     "crm.objects.owners.read",
                                     "crm.schemas.contacts.read",
                                     "crm.schemas.contacts.write",
                                     "crm.schemas.deals.read",
                                     "crm.schemas.deals.write"};

static json_t *scope_list(void)
{
    json_t *out = json_array();
    for (size_t i = 0; i < COUNT(scopes); i++)
        js_add(out, json_string(scopes[i]));
    return out;
}

/* ---- the bearer ---- */

static void expired(struct hub *h, struct http_answer *a)
{
    struct hub_bad bad = {0};
    char at[WHEN_TEXT];
    when_print(h->access_until, at);
    hub_set_bad(&bad, 401, "EXPIRED_AUTHENTICATION",
                "The OAuth token used to make this call expired %lld second(s) ago.",
                (long long)((sandbox_now(hub_box(h)) - h->access_until) / 1000));
    bad.context = json_pack("{s:[s]}", "expire time", at);
    hub_refuse(h, a, &bad);
}

bool hub_authorised(struct hub *h, const struct http_request *r, struct http_answer *a)
{
    const char *header = http_headers_get(&r->headers, "Authorization");
    const char *token = header && str_starts(header, "Bearer ") ? header + 7 : "";
    bool issued = h->access && str_eq(token, h->access);
    if (str_eq(token, "sandbox-token") || (issued && sandbox_now(hub_box(h)) < h->access_until))
        return true;
    if (issued)
        expired(h, a);
    else
        hub_error(h, a, 401, "INVALID_AUTHENTICATION",
                  "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find "
                  "more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview");
    return false;
}

/* ---- scopes ---- */

/* Activities ride on the scopes of contacts; definitions need schemas; a POST that only reads is a read. */
static char *scope_of(struct hub_ask *ask, const char *family)
{
    const struct hub_type *t = ask->n ? hub_type_of(ask->h, ask->part[0]) : NULL;
    const char *verb = ask->n ? ask->part[ask->n - 1] : "", *name = t ? t->names[0] : "contacts";
    bool reads = hub_is(ask, "GET") || str_eq(verb, "search") || str_eq(verb, "read");
    if (str_eq(family, "owners"))
        return mem_dup("crm.objects.owners.read");
    if (str_eq(family, "pipelines"))
        name = "deals";
    if (t && hub_is_activity(t))
        name = "contacts";
    return mem_printf("crm.%s.%s.%s", str_eq(family, "properties") ? "schemas" : "objects", name,
                      reads ? "read" : "write");
}

static bool listed(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += n)
        if ((at == list || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
            return true;
    return false;
}

bool hub_has_scope(struct hub_ask *ask, const char *family)
{
    AUTO_FREE char *scope = scope_of(ask, family);
    struct hub_bad bad = {0};
    if (!listed(json_string_value(json_object_get(ask->h->manners, "missing_scopes")), scope))
        return true;
    hub_set_bad(&bad, 403, "MISSING_SCOPES",
                "This app hasn't been granted all required scopes to make this call. Read more about required scopes "
                "here: https://developers.hubspot.com/scopes.");
    bad.errors = json_pack("[{s:s,s:{s:[s]}}]", "message", "One or more of the following scopes are required.",
                           "context", "requiredGranularScopes", scope);
    hub_refuse(ask->h, ask->a, &bad);
    return false;
}

/* ---- tokens ---- */

static void refuse_token(struct http_answer *a, const char *error, const char *why, const char *status)
{
    sandbox_reply_json(
        a, 400,
        json_pack("{s:s,s:s,s:s,s:s}", "error", error, "error_description", why, "status", status, "message", why));
}

static void issue(struct hub *h, struct http_answer *a, bool refreshed)
{
    free(h->access);
    h->access = mem_printf("access-%lld", (long long)++h->issued);
    h->access_until = sandbox_now(hub_box(h)) + ACCESS_SECONDS * 1000;
    if (refreshed && hub_flag(h, "rotation")) {
        free(h->refresh);
        h->refresh = mem_printf("refresh-%lld", (long long)h->issued);
    }
    json_t *out = json_pack("{s:s,s:i,s:s,s:i,s:o}", "access_token", h->access, "expires_in", ACCESS_SECONDS,
                            "token_type", "bearer", "hub_id", HUB_PORTAL, "scopes", scope_list());
    if (refreshed)
        js_set(out, "refresh_token", json_string(h->refresh));
    sandbox_reply_json(a, 200, out);
}

/* v1 also reads the URL; from v3 on everything must be in the body. */
static void token(struct hub *h, const char *version, const char *body, struct http_answer *a)
{
    AUTO_FREE char *grant = sandbox_query_get(body, "grant_type"), *refresh = sandbox_query_get(body, "refresh_token"),
                   *secret = sandbox_query_get(body, "client_secret"), *id = sandbox_query_get(body, "client_id");
    bool journal = str_eq(version, "v3") || str_eq(version, "2026-03");
    if (!id || !str_eq(secret, "sandbox-secret"))
        refuse_token(a, "invalid_client", "client_id or client_secret is missing or wrong", "BAD_CLIENT_ID");
    else if (str_eq(grant, "client_credentials") && journal)
        issue(h, a, false);
    else if (!str_eq(grant, "refresh_token"))
        refuse_token(a, "unsupported_grant_type", "grant_type is missing or unknown", "BAD_GRANT_TYPE");
    else if (!refresh || !str_eq(refresh, h->refresh))
        refuse_token(a, "invalid_grant", "refresh token is invalid, expired or revoked", "BAD_REFRESH_TOKEN");
    else
        issue(h, a, true);
}

static void introspect(struct hub *h, const char *body, struct http_answer *a)
{
    AUTO_FREE char *said = sandbox_query_get(body, "token");
    bool active = said && ((h->access && str_eq(said, h->access)) || str_eq(said, h->refresh));
    sandbox_reply_json(a, 200,
                       json_pack("{s:b,s:i,s:s,s:o}", "active", active, "hub_id", HUB_PORTAL, "token_type", "bearer",
                                 "scopes", scope_list()));
}

static void revoke(struct hub *h, const char *body, struct http_answer *a)
{
    AUTO_FREE char *said = sandbox_query_get(body, "token");
    if (said && str_eq(said, h->refresh)) {
        free(h->refresh);
        h->refresh = NULL;
    }
    a->status = 204;
}

void hub_oauth(struct hub *h, const struct http_request *r, const char *path, const char *query, struct http_answer *a)
{
    static const char *const versions[] = {"v1", "v3", "2026-03", "2026-09"};
    const char *type = http_headers_get(&r->headers, "Content-Type"), *body = r->body ? r->body : "";
    char version[16] = "", tail[48] = "";
    sscanf(path, "/oauth/%15[^/]/%47s", version, tail);
    bool known = str_eq(tail, "private-apps/get/access-token-info") && str_eq(version, "v2");
    for (size_t i = 0; i < COUNT(versions); i++)
        known |= str_eq(version, versions[i]);
    AUTO_FREE char *route = mem_printf("%s %s", r->method, path);
    sandbox_note(hub_box(h), route, false);
    if (!known || !str_eq(r->method, "POST"))
        hub_error(h, a, 404, "OBJECT_NOT_FOUND", "no such route");
    else if (str_eq(version, "v2"))
        sandbox_reply_json(
            a, 200,
            json_pack("{s:i,s:i,s:i,s:o}", "userId", 7, "hubId", HUB_PORTAL, "appId", 1, "scopes", scope_list()));
    else if (!type || !str_starts(type, "application/x-www-form-urlencoded"))
        hub_error(h, a, 415, "VALIDATION_ERROR", "HTTP 415 Unsupported Media Type");
    else if (str_eq(tail, "token"))
        token(h, version, str_eq(version, "v1") && *query ? query : body, a);
    else if (str_eq(tail, "token/introspect"))
        introspect(h, body, a);
    else if (str_eq(tail, "token/revoke") || str_eq(tail, "revoke"))
        revoke(h, body, a);
    else
        hub_error(h, a, 404, "OBJECT_NOT_FOUND", "no such route");
}
