/* The generic CRM: options, what may be called, signing, the outcome of an answer. What a receiver must do to be one is in
 * README.md; there is nothing here that knows one. Without read_url it cannot be read: then what it was told, and what it
 * tells, is what it holds. */
#include "connectors/webhook/webhook.h"
#include "bridge/base/js.h"
#include "bridge/base/path.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/io/address.h"
#include "connectors/webhook/webhook_private.h"
#include <string.h>

static const char *const webhook_payloads[] = {"changes", "full", NULL};
static const char *const webhook_objects[] = {NULL};

#define AT(m) offsetof(struct webhook, m)
static const struct opt webhook_options[] = {
    {"url", OPT_TEXT, AT(url), NULL, true, 0, 0, NULL, "where messages are posted to"},
    {"secret", OPT_SECRET, AT(secret), NULL, true, 0, 0, NULL, "signing secret: whsec_ and base64"},
    {"secret_old", OPT_SECRET, AT(secret_old), NULL, false, 0, 0, NULL, "the secret before: while it is given, messages carry both signatures"},
    {"token", OPT_SECRET, AT(token), NULL, false, 0, 0, NULL, "also sent as Authorization: Bearer, for gateways that want one"},
    {"read_url", OPT_TEXT, AT(read_url), NULL, false, 0, 0, NULL, "where records can be read; without it what was last said is believed"},
    {"payload", OPT_CHOICE, AT(payload), "changes", false, 0, 0, webhook_payloads, "what `fields` holds: what changed, or the whole record"},
    {"batch", OPT_INT, AT(batch), "1", false, 1, 500, NULL, "records in one message; more than 1 makes every message a list"},
    {"nested", OPT_BOOL, AT(nested), "false", false, 0, 0, NULL, "names with dots become objects: address.city"},
    {"constants", OPT_LIST, AT(constants), NULL, false, 0, 0, NULL, "name=value: fields that every record carries"},
    {"success_path", OPT_TEXT, AT(success_path), NULL, false, 0, 0, NULL, "path that a 2xx answer must have for success, neither null nor false"},
    {"success_value", OPT_TEXT, AT(success_value), NULL, false, 0, 0, NULL, "what must stand there"},
    {"id_path", OPT_TEXT, AT(id_path), NULL, false, 0, 0, NULL, "path of the record's id in an answer, which must then have one; default external_id, if there"},
    {"organisation", OPT_TEXT, AT(organisation), NULL, false, 0, 0, NULL, "who this is, should the url change one day; default the url"},
    {"hook_secret", OPT_SECRET, AT(hook_secret), NULL, false, 0, 0, NULL, "secret of what comes in; default secret"},
    {"hook_secret_old", OPT_SECRET, AT(hook_secret_old), NULL, false, 0, 0, NULL, "the secret before, while it is being exchanged"},
    {"hook_tolerance", OPT_SPAN, AT(hook_tolerance), "5m", false, 1000, 86400000, NULL, "how old the signature of a delivery may be"},
    {"allow_private", OPT_BOOL, AT(allow_private), "false", false, 0, 0, NULL, "loopback and private addresses may be called too"},
    {"per_minute", OPT_INT, AT(per_minute), "600", false, 1, 1000000, NULL, "messages per minute at most"},
    {"in_flight", OPT_INT, AT(in_flight), "4", false, 1, 64, NULL, "messages on the way at once"},
    {"timeout", OPT_SPAN, AT(timeout), "20s", false, 1000, 120000, NULL, "how long an answer may take"},
    OPT_END};

/* ---- signing ---- */

bool webhook_sign(struct endpoint *ep, struct call *c, const char *id, const char *signed_text, size_t n, struct err *err)
{
    const struct webhook *w = webhook_of(ep);
    const struct signature_secrets secrets = {{w->secret, w->secret_old}};
    int64_t seconds = ep->env->now(ep->env) / 1000;
    AUTO_FREE char *at = mem_printf("%lld", (long long)seconds);
    AUTO_FREE char *signature = signature_standard_make(id, seconds, signed_text, n, &secrets, err);
    if (!signature)
        return false;
    http_headers_set(&c->request.headers, "webhook-id", id);
    http_headers_set(&c->request.headers, "webhook-timestamp", at);
    http_headers_set(&c->request.headers, "webhook-signature", signature);
    c->request.timeout_ms = w->timeout;
    c->request.public_only = !w->allow_private;
    c->raw = true; /* receivers answer what they like; whoever asks reads it */
    return true;
}

/* ---- outcomes ---- */

static void webhook_judge(struct endpoint *ep, const struct http_answer *a, bool writes, struct err *err)
{
    AUTO_JSON json_t *body = a->body_n ? js_parse(a->body, a->body_n, NULL) : NULL;
    AUTO_FREE char *words = webhook_words(body, "");
    (void)writes;
    if (a->status == 404 && !json_object_get(body, "error"))
        err_set(err, ERR_CONFIG, "endpoint %s: nobody takes messages at this url (404)", ep->name);
    else if (a->status == 410)
        err_set(err, ERR_CONFIG, "endpoint %s: the receiver wants no more messages (410)%s%s", ep->name, *words ? ": " : "", words);
    else if (a->status == 409)
        err->kind = ERR_STALE;
    else if (a->status >= 502 && a->status <= 504 && err->retry_at)
        err->kind = ERR_RATE;
}

/* ---- life ---- */

/* "https://host:port", and the host alone. */
static bool webhook_split(const char *url, char **origin, char **host)
{
    const char *start = str_starts(url, "https://") ? url + 8 : str_starts(url, "http://") ? url + 7 : NULL;
    if (!start)
        return false;
    size_t n = strcspn(start, "/?#");
    AUTO_FREE char *authority = mem_dup_n(start, n);
    const char *bare = strrchr(authority, '@') ? strrchr(authority, '@') + 1 : authority;
    size_t host_n = *bare == '[' ? strcspn(bare, "]") + 1 : strcspn(bare, ":");
    if (!*bare || strlen(bare) < host_n)
        return false;
    *origin = mem_dup_n(url, (size_t)(start - url) + n);
    *host = mem_dup_n(bare, host_n);
    return true;
}

static bool webhook_may_call(const struct webhook *w, const char *what, const char *url, char **origin, struct err *err)
{
    AUTO_FREE char *host = NULL, *start = NULL;
    if (!webhook_split(url, &start, &host))
        return err_set(err, ERR_CONFIG, "%s \"%s\" is no http or https address", what, url);
    if (!w->allow_private && !address_public_host(host))
        return err_set(err, ERR_CONFIG, "%s: %s is not a public address; say allow_private = true if it is meant", what, host);
    if (origin)
        *origin = mem_dup(start);
    return true;
}

static bool webhook_paths(const struct webhook *w, struct err *err)
{
    const char *const paths[][2] = {{"success_path", w->success_path}, {"id_path", w->id_path}};
    for (size_t i = 0; i < COUNT(paths); i++)
        if (paths[i][1] && !path_check(paths[i][1], err))
            return err_wrap(err, "%s", paths[i][0]);
    if (w->success_value && !w->success_path)
        return err_set(err, ERR_CONFIG, "success_value without success_path");
    for (size_t i = 0; i < w->constants.n; i++)
        if (!strchr(w->constants.items[i], '=') || *w->constants.items[i] == '=')
            return err_set(err, ERR_CONFIG, "constants: \"%s\" is no name=value", w->constants.items[i]);
    return true;
}

static bool webhook_secrets(const struct webhook *w, struct err *err)
{
    const char *const all[][2] = {{"secret", w->secret}, {"secret_old", w->secret_old}, {"hook_secret", w->hook_secret}, {"hook_secret_old", w->hook_secret_old}};
    for (size_t i = 0; i < COUNT(all); i++)
        if (all[i][1] && !signature_standard_secret(all[i][1], err))
            return err_wrap(err, "%s", all[i][0]);
    return true;
}

static bool webhook_open(struct endpoint *ep, struct err *err)
{
    struct webhook *w = webhook_of(ep);
    if (!webhook_may_call(w, "url", w->url, &ep->base_url, err) || (w->read_url && !webhook_may_call(w, "read_url", w->read_url, NULL, err)) ||
        !webhook_secrets(w, err) || !webhook_paths(w, err))
        return false;
    const struct limiter_bucket bucket = {.name = "main", .windows = {{60000, (unsigned)w->per_minute}}};
    const struct oauth_options token = {.name = ep->name, .static_token = w->token};
    ep->limiter = limiter_new(&bucket, 1, 1.0, 1.0);
    ep->oauth = w->token ? oauth_new(&token, &ep->vault) : NULL;
    ep->in_flight = (unsigned)w->in_flight;
    ep->judge = webhook_judge;
    if (!w->read_url)
        ep->caps &= ~(unsigned)(CAP_FETCH | CAP_FIND);
    return true;
}

static void webhook_close(struct endpoint *ep)
{
    (void)ep;
}

/* ---- small verbs ---- */

/* Who it is says the configuration, not an answer that may be empty one day. */
static void webhook_named(const struct webhook *w, const json_t *answer, struct organisation *out)
{
    const json_t *told = json_object_get(answer, "organisation");
    out->id = w->organisation ? mem_dup(w->organisation) : mem_dup_n(w->url, strcspn(w->url, "?#"));
    out->label = mem_dup(js_str(told, "label"));
    out->currency = mem_dup(js_str(told, "currency"));
}

static bool webhook_probe(struct endpoint *ep, struct organisation *out, struct err *err)
{
    AUTO(call_done) struct call c = {0};
    int64_t now = ep->env->now(ep->env);
    AUTO_FREE char *id = mem_printf("ping-%lld-%08llx", (long long)now, (unsigned long long)(ep->env->random(ep->env) & 0xffffffff));
    char at[WHEN_TEXT];
    when_print(now, at);
    AUTO_JSON json_t *body = json_pack("{s:s,s:s,s:s}", "id", id, "type", "ping", "timestamp", at);
    call_init(&c, "POST", "%s", webhook_of(ep)->url);
    call_body(&c, body);
    c.writes = false;
    if (!webhook_sign(ep, &c, id, c.request.body, c.request.body_n, err) || !endpoint_call(ep, &c, err))
        return err_wrap(err, "pinging the receiver");
    AUTO_JSON json_t *answer = c.answer.body_n ? js_parse(c.answer.body, c.answer.body_n, NULL) : NULL;
    webhook_named(webhook_of(ep), answer, out);
    return true;
}

/* Whatever the mapping names is taken. */
static bool webhook_describe(struct endpoint *ep, const char *object, struct schema *out, struct err *err)
{
    (void)ep;
    (void)err;
    out->object = mem_dup(object);
    out->open = true;
    return true;
}

static bool webhook_setup(struct endpoint *ep, const struct schema *wanted, bool apply, json_t **missing, struct err *err)
{
    (void)ep;
    (void)wanted;
    (void)apply;
    (void)err;
    *missing = json_array();
    return true;
}

/* Nothing is followed: what changes there comes in by hook. */
static bool webhook_changes(struct endpoint *ep, const char *object, const char *const *fields, const char *cursor, struct page *out,
                            struct err *err)
{
    (void)ep;
    (void)object;
    (void)fields;
    (void)err;
    *out = (struct page){.next = mem_dup("none"), .walk = cursor == NULL};
    return true;
}

const struct connector webhook_connector = {
    .name = "webhook",
    .about = "any system that takes signed JSON messages, and sends them",
    .caps = CAP_FETCH | CAP_CREATE | CAP_FIND | CAP_HOOK | CAP_DESCRIBE | CAP_SETUP | CAP_REPEAT,
    .state_size = sizeof(struct webhook),
    .options = webhook_options,
    .objects = webhook_objects,
    .open = webhook_open,
    .close = webhook_close,
    .probe = webhook_probe,
    .describe = webhook_describe,
    .setup = webhook_setup,
    .changes = webhook_changes,
    .hook = webhook_hook,
    .find = webhook_find,
    .fetch = webhook_fetch,
    .put = webhook_put,
    .load = connector_no_load,
    .collect = connector_no_collect,
    .survey = connector_no_survey,
};
