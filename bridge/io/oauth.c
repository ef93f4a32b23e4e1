/* Tokens. One refresh at a time; whoever comes second waits and takes its result. A rotated refresh token is on disk
 * before the access token that came with it is used. */
#include "bridge/io/oauth.h"
#include "bridge/base/hash.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include <pthread.h>
#include <string.h>

struct oauth {
    pthread_mutex_t lock; /* held during a refresh: that is the single flight */
    char *name, *fixed, *url, *client_id, *client_secret, *refresh;
    char *origin; /* hash of the configured refresh token: what the vault keeps descends from it */
    struct vault vault;
    char *access;
    int64_t renew_at;
    unsigned generation;
    bool loaded;
};

struct oauth *oauth_new(const struct oauth_options *o, const struct vault *vault)
{
    struct oauth *a = mem_alloc(sizeof *a);
    pthread_mutex_init(&a->lock, NULL);
    a->name = mem_dup(o->name);
    a->fixed = mem_dup(o->static_token);
    a->url = mem_dup(o->token_url);
    a->client_id = mem_dup(o->client_id);
    a->client_secret = mem_dup(o->client_secret);
    a->refresh = mem_dup(o->refresh_token);
    a->origin = a->refresh ? hash_sha256_hex(a->refresh, strlen(a->refresh)) : NULL;
    if (vault)
        a->vault = *vault;
    return a;
}

static void wipe(char *s)
{
    if (s)
        mem_wipe(s, strlen(s));
    free(s);
}

void oauth_free(struct oauth *a)
{
    if (!a)
        return;
    wipe(a->fixed);
    wipe(a->client_secret);
    wipe(a->refresh);
    wipe(a->access);
    free(a->name);
    free(a->url);
    free(a->client_id);
    free(a->origin);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

/* The kept token counts only when it descends from the configured one: a newly configured token replaces it. */
static bool load_kept(struct oauth *a, struct err *err)
{
    AUTO_FREE char *text = NULL;
    if (a->loaded || !a->vault.load)
        return true;
    if (!a->vault.load(a->vault.self, a->name, &text, err))
        return false;
    a->loaded = true;
    AUTO_JSON json_t *kept = text ? js_parse(text, strlen(text), NULL) : NULL;
    if (kept && str_eq(js_str(kept, "origin"), a->origin) && js_str(kept, "refresh")) {
        wipe(a->refresh);
        a->refresh = mem_dup(js_str(kept, "refresh"));
    }
    return true;
}

static bool keep(struct oauth *a, const char *refresh, struct err *err)
{
    AUTO_JSON json_t *kept = json_pack("{s:s?,s:s}", "origin", a->origin, "refresh", refresh);
    AUTO_FREE char *text = js_print(kept);
    if (!a->vault.save || str_eq(refresh, a->refresh))
        return true;
    return a->vault.save(a->vault.self, a->name, text, err);
}

static void build(struct oauth *a, struct http_request *r)
{
    AUTO_FREE char *id = http_escape(a->client_id), *secret = http_escape(a->client_secret), *token = http_escape(a->refresh);
    char *body = mem_printf("grant_type=refresh_token&client_id=%s&client_secret=%s&refresh_token=%s", id, secret, token);
    http_request_init(r, "POST", a->url);
    http_request_body(r, body, strlen(body), "application/x-www-form-urlencoded");
}

static bool refused_for_good(const struct http_answer *x)
{
    return x->status == 400 || x->status == 401 || x->status == 403;
}

static bool take(struct oauth *a, struct env *env, const struct http_answer *x, struct err *err)
{
    AUTO_JSON json_t *body = x->body_n ? js_parse(x->body, x->body_n, NULL) : NULL;
    const char *access = js_str(body, "access_token");
    if (x->status != 200 || !access) {
        const char *words = js_str(body, "message") ? js_str(body, "message") : js_str_or(body, "error_description", "");
        return err_set(err, refused_for_good(x) ? ERR_AUTH : ERR_TEMP, "the token service answered %d: %s", x->status, words);
    }
    const char *refresh = js_str_or(body, "refresh_token", a->refresh);
    if (!keep(a, refresh, err))
        return err_wrap(err, "the new refresh token could not be kept, so the new access token is not used");
    char *copy = mem_dup(refresh);
    wipe(a->refresh);
    a->refresh = copy;
    wipe(a->access);
    a->access = mem_dup(access);
    a->renew_at = env->now(env) + js_int_or(body, "expires_in", 1800) * 800;
    a->generation++;
    return true;
}

static bool refresh(struct oauth *a, struct env *env, struct err *err)
{
    struct http_request r = {0};
    struct http_answer x = {0};
    if ((a->vault.may && !a->vault.may(a->vault.self, err)) || !load_kept(a, err))
        return false;
    build(a, &r);
    if (!env_touch(env, "refresh", false)) {
        http_request_done(&r);
        return err_set(err, ERR_TEMP, "power is out");
    }
    env->transport->perform(env->transport, &r, &x, 1, 1);
    bool lit = env_touch(env, "refresh", true);
    bool ok = lit && x.fate == HTTP_ANSWERED ? take(a, env, &x, err)
                                             : err_set(err, ERR_TEMP, "the token service was not reached: %s", x.err.text);
    http_request_done(&r);
    http_answer_done(&x);
    return ok;
}

bool oauth_authorise(struct oauth *a, struct env *env, struct http_request *request, unsigned *generation, struct err *err)
{
    bool ok = true;
    pthread_mutex_lock(&a->lock);
    if (!a->fixed && (!a->access || env->now(env) >= a->renew_at))
        ok = refresh(a, env, err);
    if (ok) {
        AUTO_FREE char *value = mem_printf("Bearer %s", a->fixed ? a->fixed : a->access);
        http_headers_set(&request->headers, "Authorization", value);
        mem_wipe(value, strlen(value));
        *generation = a->generation;
    }
    pthread_mutex_unlock(&a->lock);
    return ok;
}

bool oauth_refused(struct oauth *a, struct env *env, unsigned generation, struct err *err)
{
    if (a->fixed)
        return false;
    pthread_mutex_lock(&a->lock);
    bool ok = generation != a->generation || refresh(a, env, err);
    pthread_mutex_unlock(&a->lock);
    return ok;
}
