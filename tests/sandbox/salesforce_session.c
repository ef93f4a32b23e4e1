/* Sessions: opaque tokens that live as long as they are used, and who the user behind one is. */
#include "tests/sandbox/salesforce.h"

char *sf_session_new(struct sf *s, const char *user)
{
    char *token = mem_printf("%.15s!AQ%016llx.%016llx", s->org, (unsigned long long)sandbox_random(sf_box(s)),
                             (unsigned long long)++s->issued);
    js_set(s->sessions, token, json_pack("{s:s,s:I}", "user", user, "at", (json_int_t)sf_now(s)));
    return token;
}

static const char *token_of(const struct http_request *r)
{
    const char *header = http_headers_get(&r->headers, "Authorization");
    if (header && str_starts(header, "Bearer "))
        return header + 7;
    return header && str_starts(header, "OAuth ") ? header + 6 : "";
}

static bool alive(struct sf *s, const char *token)
{
    json_t *session = json_object_get(s->sessions, token);
    int64_t idle = sf_now(s) - js_int_or(session, "at", 0);
    if (str_eq(token, "sandbox-token") && sf_flag(s, "static_token"))
        return true;
    if (!session || idle >= sf_count(s, "session_minutes") * SF_MINUTE)
        return false;
    js_set(session, "at", json_integer(sf_now(s)));
    return true;
}

bool sf_authorised(struct sf *s, const struct http_request *r, struct http_answer *a)
{
    const char *policy = sf_text(s, "policy_401");
    if (!*policy && alive(s, token_of(r)))
        return true;
    sf_error_to(a, 401, "INVALID_SESSION_ID", *policy ? policy : "Session expired or invalid");
    return false;
}

void sf_userinfo(struct sf *s, struct http_answer *a)
{
    const struct sf_row *user = sf_find(s, s->robot);
    AUTO_FREE char *sub = mem_printf("%s/id/%s/%s", s->base_url, s->org, s->robot);
    sandbox_note(sf_box(s), "GET /services/oauth2/userinfo", false);
    sandbox_reply_json(a, 200,
                       json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:s,s:s,s:i}", "sub", sub, "user_id", s->robot,
                                 "organization_id", s->org, "preferred_username", sf_get(user, "Username"), "name",
                                 sf_get(user, "Name"), "email", sf_get(user, "Email"), "zoneinfo", "GMT", "active", 1,
                                 "user_type", "STANDARD", "language", "en_US", "utcOffset", 0));
}
