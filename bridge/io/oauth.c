/* Tokens. One login at a time; whoever comes second waits and takes its result. A rotated refresh token is on disk before
 * the access token that came with it is used. What was refused for good is not asked for again at once: a service that is
 * asked in a loop locks the user out. */
#include "bridge/io/oauth.h"
#include "bridge/base/hash.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <string.h>

#define LIFE_MS (30 * 60 * 1000) /* of a token whose answer names none */
#define ASSERTION_S 120          /* services take at most three minutes */
#define REFUSED_MS (30 * 1000)   /* how long a refusal for good is believed */
#define FRESH_MS (60 * 1000)     /* two new tokens refused within this: a third one would not help */
#define LOGIN_RATE_MS (15 * 60 * 1000)
#define SKEW_MS (60 * 1000) /* a clock so far off is worth naming */

enum grant { GRANT_REFRESH, GRANT_ASSERTION, GRANT_CLIENT };

struct oauth {
    pthread_mutex_t lock; /* held during a login: that is the single flight */
    enum grant grant;
    char *name, *fixed, *url, *client_id, *client_secret, *refresh;
    char *key, *subject, *audience;
    char *origin; /* hash of the configured refresh token: what the vault keeps descends from it */
    struct vault vault;
    char *access;
    char *instance; /* the address the access token is for; NULL = not told */
    int64_t life_ms, renew_at, minted_at;
    unsigned generation;
    unsigned unproven;  /* tokens got since one was last taken by the service */
    struct err refused; /* refused: the last refusal, believed until refused_until */
    int64_t refused_until;
    bool loaded;
};

struct oauth *oauth_new(const struct oauth_options *o, const struct vault *vault)
{
    struct oauth *a = mem_alloc(sizeof *a);
    pthread_mutex_init(&a->lock, NULL);
    a->grant = o->private_key ? GRANT_ASSERTION : o->refresh_token ? GRANT_REFRESH : GRANT_CLIENT;
    a->name = mem_dup(o->name);
    a->fixed = mem_dup(o->static_token);
    a->url = mem_dup(o->token_url);
    a->client_id = mem_dup(o->client_id);
    a->client_secret = mem_dup(o->client_secret);
    a->refresh = mem_dup(o->refresh_token);
    a->key = mem_dup(o->private_key);
    a->subject = mem_dup(o->subject);
    a->audience = mem_dup(o->audience);
    a->life_ms = o->life_ms ? o->life_ms : LIFE_MS;
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
    wipe(a->key);
    wipe(a->access);
    free(a->name);
    free(a->url);
    free(a->client_id);
    free(a->subject);
    free(a->audience);
    free(a->instance);
    free(a->origin);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

/* ---- what survives a restart ---- */

/* The kept token counts only when it descends from the configured one: a newly configured token replaces it. */
static bool load_kept(struct oauth *a, struct err *err)
{
    AUTO_FREE char *text = NULL;
    if (a->loaded || !a->vault.load || a->grant != GRANT_REFRESH)
        return true;
    if (!a->vault.load(a->vault.self, a->name, &text, err))
        return false;
    a->loaded = true;
    AUTO_JSON json_t *kept = text ? js_parse(text, strlen(text), NULL) : NULL;
    if (kept && str_eq(js_str(kept, "origin"), a->origin) && js_str(kept, "refresh")) {
        wipe(a->refresh);
        a->refresh = mem_dup(js_str(kept, "refresh"));
    }
    if (text)
        mem_wipe(text, strlen(text));
    return true;
}

static bool keep(struct oauth *a, const char *refresh, struct err *err)
{
    if (a->grant != GRANT_REFRESH || !a->vault.save || str_eq(refresh, a->refresh))
        return true;
    AUTO_JSON json_t *kept = json_pack("{s:s?,s:s}", "origin", a->origin, "refresh", refresh);
    AUTO_FREE char *text = js_print(kept);
    bool ok = a->vault.save(a->vault.self, a->name, text, err);
    mem_wipe(text, strlen(text));
    return ok;
}

/* ---- the signed assertion ---- */

static void key_free(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void signing_free(EVP_MD_CTX **signing)
{
    EVP_MD_CTX_free(*signing);
}

static EVP_PKEY *read_key(const char *pem)
{
    BIO *text = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = text ? PEM_read_bio_PrivateKey(text, NULL, NULL, (void *)"") : NULL;
    BIO_free(text);
    return key;
}

bool oauth_key_usable(const char *pem, struct err *err)
{
    AUTO(key_free) EVP_PKEY *key = read_key(pem);
    if (!key)
        return err_set(err, ERR_CONFIG, "the private key cannot be read: it must be PEM, without a passphrase");
    return EVP_PKEY_is_a(key, "RSA") || err_set(err, ERR_CONFIG, "the private key is not an RSA key");
}

static char *base64url(const void *data, size_t n)
{
    char *text = hash_base64(data, n);
    for (char *c = text; *c; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    text[strcspn(text, "=")] = '\0';
    return text;
}

/* RS256: SHA-256 with PKCS#1 v1.5, as base64url; NULL when the key cannot. */
static char *sign(const char *pem, const char *text)
{
    AUTO(key_free) EVP_PKEY *key = read_key(pem);
    AUTO(signing_free) EVP_MD_CTX *signing = EVP_MD_CTX_new();
    size_t n = 0;
    if (!key || !signing || EVP_DigestSignInit(signing, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(signing, NULL, &n, (const unsigned char *)text, strlen(text)) != 1)
        return NULL;
    AUTO_FREE unsigned char *signature = mem_alloc(n + 1);
    if (EVP_DigestSign(signing, signature, &n, (const unsigned char *)text, strlen(text)) != 1)
        return NULL;
    return base64url(signature, n);
}

static char *assertion(const struct oauth *a, struct env *env)
{
    static const char header[] = "{\"alg\":\"RS256\"}";
    AUTO_JSON json_t *claims = json_pack("{s:s?,s:s?,s:s?,s:I}", "iss", a->client_id, "sub", a->subject, "aud",
                                         a->audience, "exp", (json_int_t)(env->now(env) / 1000 + ASSERTION_S));
    AUTO_FREE char *text = js_print(claims), *head = base64url(header, sizeof header - 1),
                   *body = base64url(text, strlen(text));
    AUTO_FREE char *plain = mem_printf("%s.%s", head, body), *signature = sign(a->key, plain);
    return signature ? mem_printf("%s.%s", plain, signature) : NULL;
}

/* ---- asking for a token ---- */

static char *form_of(const struct oauth *a, struct env *env)
{
    AUTO_FREE char *id = http_escape(a->client_id ? a->client_id : ""),
                   *secret = http_escape(a->client_secret ? a->client_secret : "");
    AUTO_FREE char *token = http_escape(a->refresh ? a->refresh : "");
    AUTO_FREE char *signed_text = a->grant == GRANT_ASSERTION ? assertion(a, env) : NULL;
    const char *also = a->client_secret ? "&client_secret=" : "";
    char *form = NULL;
    if (a->grant == GRANT_REFRESH)
        form = mem_printf("grant_type=refresh_token&client_id=%s%s%s&refresh_token=%s", id, also, secret, token);
    else if (a->grant == GRANT_CLIENT)
        form = mem_printf("grant_type=client_credentials&client_id=%s%s%s", id, also, secret);
    else if (signed_text)
        form = mem_printf("grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Agrant-type%%3Ajwt-bearer&assertion=%s",
                          signed_text);
    mem_wipe(secret, strlen(secret));
    mem_wipe(token, strlen(token));
    return form;
}

static bool refused_for_good(const struct http_answer *x)
{
    return x->status == 400 || x->status == 401 || x->status == 403;
}

/* A wrong clock makes every assertion invalid, and nobody thinks of it. */
static void name_clock(const struct oauth *a, int64_t now, int64_t date, struct err *err)
{
    int64_t off = now - date;
    if (a->grant == GRANT_ASSERTION && date && (off > SKEW_MS || off < -SKEW_MS)) {
        AUTO_FREE char *text = mem_dup(err->text);
        err_set(err, err->kind, "%s (this machine's clock is %lld s off)", text, (long long)(off / 1000));
    }
}

static bool refusal(struct oauth *a, struct env *env, const struct http_answer *x, const json_t *body, struct err *err)
{
    const char *words = js_str(body, "message") ? js_str(body, "message") : js_str_or(body, "error_description", "");
    const char *code = js_str_or(body, "error", "");
    int64_t now = env->now(env), date = 0;
    bool crowded = strstr(words, "rate exceeded") != NULL;
    err_set(err,
            crowded               ? ERR_RATE
            : refused_for_good(x) ? ERR_AUTH
                                  : ERR_TEMP,
            "the token service answered %d: %s%s%s", x->status, code, *code && *words ? ": " : "", words);
    err->retry_at = crowded ? now + LOGIN_RATE_MS : 0;
    const char *header = http_headers_get(&x->headers, "date");
    if (header && when_parse_http(header, &date))
        name_clock(a, now, date, err);
    a->refused = *err;
    a->refused_until = crowded ? err->retry_at : err->kind == ERR_AUTH ? now + REFUSED_MS : 0;
    return false;
}

/* The instance is told over the same TLS as the token; it may not be weaker than that. */
static bool instance_of(const struct oauth *a, const json_t *body, char **out, struct err *err)
{
    const char *told = js_str(body, "instance_url");
    if (told && !str_starts(told, "https://") && !(str_starts(a->url, "http://") && str_starts(told, "http://")))
        return err_set(err, ERR_AUTH, "the token service names an instance without TLS: %s", told);
    size_t n = told ? strlen(told) : 0;
    while (n && told[n - 1] == '/')
        n--;
    *out = n ? mem_dup_n(told, n) : NULL;
    return true;
}

static bool take(struct oauth *a, struct env *env, const struct http_answer *x, struct err *err)
{
    AUTO_JSON json_t *body = x->body_n ? js_parse(x->body, x->body_n, NULL) : NULL;
    const char *access = js_str(body, "access_token");
    AUTO_FREE char *instance = NULL;
    if (x->status != 200 || !access)
        return refusal(a, env, x, body, err);
    const char *refresh = js_str_or(body, "refresh_token", a->refresh);
    if (!instance_of(a, body, &instance, err))
        return false;
    if (!keep(a, refresh, err))
        return err_wrap(err, "the new refresh token could not be kept, so the new access token is not used");
    char *copy = mem_dup(refresh);
    wipe(a->refresh);
    a->refresh = copy;
    wipe(a->access);
    a->access = mem_dup(access);
    free(a->instance);
    a->instance = instance;
    instance = NULL;
    a->minted_at = env->now(env);
    a->renew_at = a->minted_at +
                  (js_int_or(body, "expires_in", 0) > 0 ? js_int_or(body, "expires_in", 0) * 800 : a->life_ms / 5 * 4);
    a->generation++;
    a->unproven++;
    return true;
}

static void answer_wipe(struct http_answer *x)
{
    if (x->body)
        mem_wipe(x->body, x->body_n);
    http_answer_done(x);
}

static bool send_form(struct oauth *a, struct env *env, char *stolen_form, struct err *err)
{
    struct http_request r = {0};
    struct http_answer x = {0};
    bool ok = false, lit = env_touch(env, "refresh", false);
    http_request_init(&r, "POST", a->url);
    http_request_body(&r, stolen_form, strlen(stolen_form), "application/x-www-form-urlencoded");
    if (lit)
        env->transport->perform(env->transport, &r, &x, 1, 1);
    if (!lit)
        err_set(err, ERR_TEMP, "power is out");
    else if (env_touch(env, "refresh", true) && x.fate == HTTP_ANSWERED)
        ok = take(a, env, &x, err);
    else
        err_set(err, ERR_TEMP, "the token service was not reached: %s", x.err.text);
    mem_wipe(r.body, r.body_n);
    http_request_done(&r);
    answer_wipe(&x);
    return ok;
}

static bool login(struct oauth *a, struct env *env, struct err *err)
{
    if (env->now(env) < a->refused_until) {
        *err = a->refused;
        return false;
    }
    if ((a->grant == GRANT_REFRESH && a->vault.may && !a->vault.may(a->vault.self, err)) || !load_kept(a, err))
        return false;
    char *form = form_of(a, env);
    return form ? send_form(a, env, form, err) : err_set(err, ERR_CONFIG, "the private key cannot sign");
}

/* ---- what the door asks ---- */

static void complete(const struct oauth *a, struct http_request *request)
{
    if (!a->instance || request->url[0] != '/')
        return;
    char *full = mem_printf("%s%s", a->instance, request->url);
    free(request->url);
    request->url = full;
}

bool oauth_authorise(struct oauth *a, struct env *env, struct http_request *request, unsigned *generation,
                     struct err *err)
{
    bool ok = true;
    pthread_mutex_lock(&a->lock);
    if (!a->fixed && (!a->access || env->now(env) >= a->renew_at))
        ok = login(a, env, err);
    if (ok) {
        AUTO_FREE char *value = mem_printf("Bearer %s", a->fixed ? a->fixed : a->access);
        http_headers_set(&request->headers, "Authorization", value);
        mem_wipe(value, strlen(value));
        complete(a, request);
        *generation = a->generation;
    }
    pthread_mutex_unlock(&a->lock);
    return ok;
}

bool oauth_refused(struct oauth *a, struct env *env, unsigned generation, struct err *err)
{
    if (a->fixed)
        return false;
    bool ok = true;
    pthread_mutex_lock(&a->lock);
    if (generation == a->generation && a->unproven > 1 && env->now(env) - a->minted_at < FRESH_MS)
        ok = err_set(err, ERR_AUTH,
                     "the service refuses tokens that were issued a moment ago: another login would not help");
    else if (generation == a->generation)
        ok = login(a, env, err);
    pthread_mutex_unlock(&a->lock);
    return ok;
}

void oauth_worked(struct oauth *a, unsigned generation)
{
    pthread_mutex_lock(&a->lock);
    if (generation == a->generation)
        a->unproven = 0;
    pthread_mutex_unlock(&a->lock);
}
