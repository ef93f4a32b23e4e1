/* The token endpoint: JWT bearer, client credentials, refresh token. Its errors have a shape of their own, and a form
 * that is none is answered with XML. */
#include "bridge/base/hash.h"
#include "tests/sandbox/salesforce.h"

#define CLIENT "sandbox-client"
#define SECRET "sandbox-secret"
#define JWT_GRANT "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define JWT_SECONDS 180

static void refuse(struct http_answer *a, const char *error, const char *why)
{
    sandbox_reply_json(a, 400, json_pack("{s:s,s:s}", "error", error, "error_description", why));
}

static void grant(struct sf *s, const char *user, bool refreshed, struct http_answer *a)
{
    AUTO_FREE char *token = sf_session_new(s, user), *id = mem_printf("%s/id/%s/%s", s->base_url, s->org, user);
    json_t *out = json_pack("{s:s,s:s,s:s,s:s,s:s}", "access_token", token, "scope", "api refresh_token",
                            "instance_url", s->base_url, "id", id, "token_type", "Bearer");
    if (refreshed && sf_flag(s, "rotation")) {
        free(s->refresh);
        s->refresh = mem_printf("sandbox-refresh-%lld", (long long)++s->issued);
        js_set(out, "refresh_token", json_string(s->refresh));
    }
    sandbox_reply_json(a, 200, out);
}

/* Logins per hour; refused ones count, too. */
static bool counted(struct sf *s, struct http_answer *a)
{
    if (sf_now(s) - s->logins_since >= SF_HOUR) {
        s->logins_since = sf_now(s);
        s->logins = 0;
    }
    if (++s->logins <= sf_count(s, "logins_per_hour"))
        return true;
    refuse(a, "invalid_grant", "login rate exceeded");
    return false;
}

/* ---- JWT ---- */

static const struct sf_row *user_named(struct sf *s, const char *name)
{
    struct sf_type *t = sf_type_of(s, "User");
    for (size_t i = 0; i < t->n; i++)
        if (name && str_eq_nocase(sf_get(t->rows[i], "Username"), name))
            return t->rows[i];
    return NULL;
}

static bool audience_fits(struct sf *s, const char *said)
{
    return str_eq(said, "https://login.salesforce.com") || str_eq(said, "https://test.salesforce.com") ||
           (sf_flag(s, "my_domain_audience") && str_eq(said, s->base_url));
}

static void by_jwt(struct sf *s, const char *assertion, struct http_answer *a)
{
    AUTO_JSON json_t *claims = sf_jwt_claims(s, assertion ? assertion : "");
    int64_t now = sf_now(s) / 1000, until = js_int_or(claims, "exp", 0);
    const struct sf_row *user = user_named(s, js_str_or(claims, "sub", js_str(claims, "prn")));
    if (!claims)
        refuse(a, "invalid_grant", "invalid assertion");
    else if (!str_eq(js_str(claims, "iss"), CLIENT))
        refuse(a, "invalid_client_id", "client identifier invalid");
    else if (!audience_fits(s, js_str(claims, "aud")))
        refuse(a, "invalid_grant", "audience is invalid");
    else if (until <= now)
        refuse(a, "invalid_grant", "expired authorization code");
    else if (until > now + JWT_SECONDS)
        refuse(a, "invalid_grant", "invalid assertion");
    else if (!user || !sf_flag(s, "approved"))
        refuse(a, "invalid_grant", "user hasn't approved this consumer");
    else if (!json_is_true(json_object_get(user->values, "IsActive")))
        refuse(a, "invalid_grant", "inactive user");
    else
        grant(s, user->id, false, a);
}

/* ---- client id and secret, in the form or as HTTP Basic ---- */

static void client_of(const struct http_request *r, const char *form, char **id, char **secret)
{
    const char *header = http_headers_get(&r->headers, "Authorization");
    size_t n = 0;
    AUTO_FREE char *pair = header && str_starts(header, "Basic ") ? (char *)hash_base64_decode(header + 6, &n) : NULL;
    char *colon = pair ? memchr(pair, ':', n) : NULL;
    *id = colon ? mem_dup_n(pair, (size_t)(colon - pair)) : sandbox_query_get(form, "client_id");
    *secret = colon ? mem_dup_n(colon + 1, n - (size_t)(colon + 1 - pair)) : sandbox_query_get(form, "client_secret");
}

static void by_client(struct sf *s, const char *kind, const char *id, const char *secret, const char *form,
                      struct http_answer *a)
{
    AUTO_FREE char *token = sandbox_query_get(form, "refresh_token");
    bool refresh = str_eq(kind, "refresh_token");
    if (!refresh && !str_eq(kind, "client_credentials"))
        refuse(a, "unsupported_grant_type", "grant type not supported");
    else if (!str_eq(id, CLIENT))
        refuse(a, "invalid_client_id", "client identifier invalid");
    else if ((!refresh || secret) && !str_eq(secret, SECRET))
        refuse(a, "invalid_client", "invalid client credentials");
    else if (refresh && !str_eq(token, s->refresh))
        refuse(a, "invalid_grant", "expired access/refresh token");
    else if (!refresh && !sf_flag(s, "run_as"))
        refuse(a, "invalid_grant", "no client credentials user enabled");
    else
        grant(s, s->robot, refresh, a);
}

void sf_token(struct sf *s, const struct http_request *r, struct http_answer *a)
{
    const char *type = http_headers_get(&r->headers, "Content-Type"), *form = r->body ? r->body : "";
    AUTO_FREE char *kind = sandbox_query_get(form, "grant_type"), *assertion = sandbox_query_get(form, "assertion");
    AUTO_FREE char *id = NULL, *secret = NULL;
    sandbox_note(sf_box(s), "POST /services/oauth2/token", false);
    client_of(r, form, &id, &secret);
    if (!str_eq(r->method, "POST") || !type || !str_starts(type, "application/x-www-form-urlencoded"))
        sf_page(a, 401, "application/xml",
                "<OAuth><error>unsupported_grant_type</error><error_description>grant type "
                "not supported</error_description></OAuth>");
    else if (!counted(s, a))
        return;
    else if (str_eq(kind, JWT_GRANT))
        by_jwt(s, assertion, a);
    else
        by_client(s, kind, id, secret, form, a);
}
