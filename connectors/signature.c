/* Each scheme is a few lines of its own over the same three steps: find the header, check the time, compare a MAC. */
#include "connectors/signature.h"
#include "bridge/base/buf.h"
#include "bridge/base/hash.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include <string.h>
#include <strings.h>

#define BASE64_SIZE 44 /* of 32 bytes */

const char *signature_header(const json_t *headers, const char *name)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)headers, key, value)
        if (str_eq_nocase(key, name))
            return json_string_value(value);
    return NULL;
}

/* ---- what all schemes share ---- */

static bool refused(struct err *err, const char *scheme, const char *why)
{
    return err_set(err, ERR_AUTH, "%s signature: %s", scheme, why);
}

static bool in_time(const struct delivery *d, int64_t at, const char *scheme, struct err *err)
{
    int64_t apart = d->now > at ? d->now - at : at - d->now;
    if (apart <= d->tolerance)
        return true;
    return err_set(err, ERR_AUTH, "%s signature: made %lld s %s, further than %lld s", scheme, (long long)(apart / 1000),
                   d->now > at ? "ago" : "in the future", (long long)(d->tolerance / 1000));
}

/* How long a given value is, is no secret; what it is, is. */
static bool same_text(const char *given, size_t n, const char *expected)
{
    return n == strlen(expected) && hash_same(given, expected, n);
}

static void hex_mac(const void *key, size_t key_n, const struct buf *text, char out[2 * HASH_SIZE + 1])
{
    uint8_t mac[HASH_SIZE];
    hash_hmac_sha256(key, key_n, buf_str(text), text->n, mac);
    hash_hex(mac, sizeof mac, out);
}

static char *base64_mac(const void *key, size_t key_n, const struct buf *text)
{
    uint8_t mac[HASH_SIZE];
    hash_hmac_sha256(key, key_n, buf_str(text), text->n, mac);
    return hash_base64(mac, sizeof mac);
}

static bool any_secret(const struct signature_secrets *s, struct err *err)
{
    for (size_t i = 0; i < SIGNATURE_SECRETS; i++)
        if (s->of[i] && *s->of[i])
            return true;
    return err_set(err, ERR_CONFIG, "no secret to check deliveries with is configured");
}

/* ---- Inbox ---- */

/* "t=…,v1=…,v1=…": the next part of it; NULL past the last. */
static const char *next_part(const char **at, size_t *name_n, const char **value, size_t *value_n)
{
    const char *part = *at + strspn(*at, ", \t");
    if (!*part)
        return NULL;
    size_t n = strcspn(part, ",");
    const char *equals = memchr(part, '=', n);
    *at = part + n;
    *name_n = equals ? (size_t)(equals - part) : n;
    *value = equals ? equals + 1 : part + n;
    *value_n = equals ? n - *name_n - 1 : 0;
    while (*value_n && ((*value)[*value_n - 1] == ' ' || (*value)[*value_n - 1] == '\t'))
        --*value_n;
    return part;
}

static bool is_named(const char *part, size_t n, const char *name)
{
    return n == strlen(name) && !strncmp(part, name, n);
}

static char *inbox_time(const char *header)
{
    const char *part, *value;
    size_t name_n, value_n;
    while ((part = next_part(&header, &name_n, &value, &value_n)))
        if (is_named(part, name_n, "t"))
            return mem_dup_n(value, value_n);
    return NULL;
}

static bool inbox_matches(const char *header, const char *expected)
{
    const char *part, *value;
    size_t name_n, value_n;
    bool any = false;
    while ((part = next_part(&header, &name_n, &value, &value_n))) {
        if (!is_named(part, name_n, "v1") || value_n != 2 * HASH_SIZE)
            continue;
        AUTO_FREE char *low = mem_dup_n(value, value_n);
        for (char *c = low; *c; c++)
            *c = *c >= 'A' && *c <= 'F' ? (char)(*c - 'A' + 'a') : *c;
        any |= same_text(low, value_n, expected);
    }
    return any;
}

bool signature_inbox(const struct delivery *d, const struct signature_secrets *secrets, struct err *err)
{
    const char *header = signature_header(d->headers, "x-inbox-signature");
    AUTO(buf_done) struct buf text = {0};
    char hex[2 * HASH_SIZE + 1];
    int64_t seconds = 0;
    bool any = false;
    if (!any_secret(secrets, err))
        return false;
    AUTO_FREE char *t = header ? inbox_time(header) : NULL;
    if (!t || !*t || strspn(t, "0123456789") != strlen(t) || !str_to_int(t, 0, INT64_MAX / 1000, &seconds))
        return refused(err, "Inbox", header ? "it names no time" : "missing");
    if (!in_time(d, seconds * 1000, "Inbox", err))
        return false;
    buf_puts(&text, t);
    buf_putc(&text, '.');
    buf_add(&text, d->body ? d->body : "", d->body_n);
    for (size_t i = 0; i < SIGNATURE_SECRETS; i++) {
        if (!secrets->of[i])
            continue;
        hex_mac(secrets->of[i], strlen(secrets->of[i]), &text, hex);
        any |= inbox_matches(header, hex);
    }
    return any || refused(err, "Inbox", "wrong");
}

/* ---- HubSpot ---- */

char *signature_hubspot_url(const char *url)
{
    static const char *const codes[] = {"3A", "2F", "3F", "40", "21", "24", "27", "28", "29", "2A", "2C", "3B"};
    static const char plain[] = ":/?@!$'()*,;";
    struct buf out = {0};
    while (*url) {
        size_t i = 0;
        while (i < COUNT(codes) && !(*url == '%' && !strncasecmp(url + 1, codes[i], 2)))
            i++;
        buf_putc(&out, i < COUNT(codes) ? plain[i] : *url);
        url += i < COUNT(codes) ? 3 : 1;
    }
    return buf_take(&out);
}

static bool hubspot_v3(const struct delivery *d, const char *given, const char *public_url,
                       const struct signature_secrets *secrets, struct err *err)
{
    const char *stamp = signature_header(d->headers, "x-hubspot-request-timestamp");
    AUTO_FREE char *url = signature_hubspot_url(public_url);
    AUTO(buf_done) struct buf text = {0};
    int64_t at = 0;
    bool any = false;
    if (!stamp || !str_to_int(stamp, 0, INT64_MAX / 2, &at))
        return refused(err, "HubSpot", "it names no time");
    if (!in_time(d, at, "HubSpot", err))
        return false;
    buf_printf(&text, "%s%s", d->method, url);
    buf_add(&text, d->body ? d->body : "", d->body_n);
    buf_puts(&text, stamp);
    for (size_t i = 0; i < SIGNATURE_SECRETS; i++) {
        const char *secret = secrets->of[i];
        AUTO_FREE char *expected = secret ? base64_mac(secret, strlen(secret), &text) : NULL;
        any |= expected && same_text(given, strlen(given), expected);
    }
    return any || refused(err, "HubSpot", "wrong");
}

static bool hubspot_v1(const struct delivery *d, const char *given, const struct signature_secrets *secrets, struct err *err)
{
    bool any = false;
    for (size_t i = 0; i < SIGNATURE_SECRETS; i++) {
        AUTO(buf_done) struct buf text = {0};
        if (!secrets->of[i])
            continue;
        buf_puts(&text, secrets->of[i]);
        buf_add(&text, d->body ? d->body : "", d->body_n);
        AUTO_FREE char *expected = hash_sha256_hex(buf_str(&text), text.n);
        any |= same_text(given, strlen(given), expected);
        mem_wipe(text.s, text.n);
    }
    return any || refused(err, "HubSpot", "wrong");
}

bool signature_hubspot(const struct delivery *d, const char *public_url, bool v1_too, const struct signature_secrets *secrets,
                       struct err *err)
{
    const char *v3 = signature_header(d->headers, "x-hubspot-signature-v3");
    const char *plain = signature_header(d->headers, "x-hubspot-signature");
    const char *version = signature_header(d->headers, "x-hubspot-signature-version");
    if (!any_secret(secrets, err))
        return false;
    if (v3 && !public_url)
        return err_set(err, ERR_CONFIG, "say hook_url: HubSpot signs the public URL of the hook");
    if (v3)
        return hubspot_v3(d, v3, public_url, secrets, err);
    if (!plain)
        return refused(err, "HubSpot", "missing");
    if (!v1_too || (version && !str_eq(version, "v1")))
        return refused(err, "HubSpot", "only an older version than v3, which is not accepted");
    return hubspot_v1(d, plain, secrets, err);
}

/* ---- Standard Webhooks ---- */

struct standard_key {
    uint8_t *bytes;
    size_t n;
};

static void standard_key_done(struct standard_key *k)
{
    if (k->bytes)
        mem_wipe(k->bytes, k->n);
    free(k->bytes);
}

static bool standard_key_of(const char *secret, struct standard_key *out, struct err *err)
{
    out->bytes = hash_base64_decode(secret + (str_starts(secret, "whsec_") ? 6 : 0), &out->n);
    if (out->bytes && out->n)
        return true;
    return err_set(err, ERR_CONFIG, "a secret of Standard Webhooks is \"whsec_\" and base64; this one is not");
}

bool signature_standard_secret(const char *secret, struct err *err)
{
    AUTO(standard_key_done) struct standard_key key = {0};
    return standard_key_of(secret, &key, err);
}

static void standard_text(struct buf *out, const char *id, const char *seconds, const char *body, size_t body_n)
{
    buf_printf(out, "%s.%s.", id, seconds);
    buf_add(out, body ? body : "", body_n);
}

char *signature_standard_make(const char *id, int64_t seconds, const char *body, size_t body_n,
                              const struct signature_secrets *secrets, struct err *err)
{
    AUTO(buf_done) struct buf text = {0}, out = {0};
    AUTO_FREE char *at = mem_printf("%lld", (long long)seconds);
    if (!any_secret(secrets, err))
        return NULL;
    standard_text(&text, id, at, body, body_n);
    for (size_t i = 0; i < SIGNATURE_SECRETS; i++) {
        AUTO(standard_key_done) struct standard_key key = {0};
        if (!secrets->of[i])
            continue;
        if (!standard_key_of(secrets->of[i], &key, err))
            return NULL;
        AUTO_FREE char *mac = base64_mac(key.bytes, key.n, &text);
        buf_printf(&out, "%sv1,%s", out.n ? " " : "", mac);
    }
    return buf_take(&out);
}

/* The header lists signatures with spaces between them; those of versions nobody here knows are passed over. */
static bool standard_matches(const char *header, const char *expected)
{
    bool any = false;
    for (size_t n; *header; header += n) {
        header += strspn(header, " ");
        n = strcspn(header, " ");
        if (n == 3 + BASE64_SIZE && !strncmp(header, "v1,", 3))
            any |= same_text(header + 3, n - 3, expected);
    }
    return any;
}

bool signature_standard(const struct delivery *d, const struct signature_secrets *secrets, struct err *err)
{
    const char *id = signature_header(d->headers, "webhook-id"), *stamp = signature_header(d->headers, "webhook-timestamp"),
               *header = signature_header(d->headers, "webhook-signature");
    AUTO(buf_done) struct buf text = {0};
    int64_t seconds = 0;
    bool any = false;
    if (!any_secret(secrets, err))
        return false;
    if (!id || !stamp || !header)
        return refused(err, "webhook", "webhook-id, webhook-timestamp and webhook-signature must all be there");
    if (!str_to_int(stamp, 0, INT64_MAX / 1000, &seconds))
        return refused(err, "webhook", "webhook-timestamp is no time");
    if (!in_time(d, seconds * 1000, "webhook", err))
        return false;
    standard_text(&text, id, stamp, d->body, d->body_n);
    for (size_t i = 0; i < SIGNATURE_SECRETS; i++) {
        AUTO(standard_key_done) struct standard_key key = {0};
        if (!secrets->of[i])
            continue;
        if (!standard_key_of(secrets->of[i], &key, err))
            return false;
        AUTO_FREE char *expected = base64_mac(key.bytes, key.n, &text);
        any |= standard_matches(header, expected);
    }
    return any || refused(err, "webhook", "wrong");
}
