/* What the files of this folder share. The way through them: message (patch → JSON, JSON → record, pure) → put → read → hook. */
#pragma once
#include "connectors/endpoint.h"
#include "connectors/signature.h"
#include "connectors/webhook/webhook.h"

enum webhook_payload { WEBHOOK_CHANGES, WEBHOOK_FULL };

struct webhook {
    char *url, *read_url, *secret, *secret_old, *token, *hook_secret, *hook_secret_old;
    char *success_path, *success_value, *id_path, *organisation;
    int payload; /* enum webhook_payload */
    int64_t batch, per_minute, in_flight, timeout, hook_tolerance;
    bool nested, allow_private;
    struct opt_list constants; /* "name=value" */
};

static inline struct webhook *webhook_of(struct endpoint *ep)
{
    return ep->state;
}

/* ---- webhook_message.c: pure ---- */

/* webhook_message: what one patch says, as the receiver gets it; a new reference. */
json_t *webhook_message(const struct webhook *w, const struct patch *p, int64_t now);
/* webhook_fields: nested objects become names with dots; a new reference. */
json_t *webhook_fields(const json_t *object);
char *webhook_text(const json_t *text_or_number); /* an id as text; caller frees; NULL */
int64_t webhook_time(const json_t *object, int64_t fallback); /* its "timestamp": ISO 8601 or ms */
/* webhook_record: a record as the receiver tells it: external_id, key, fields, version, timestamp, deleted, merged_into. False
 * when neither external_id nor key names it. */
bool webhook_record(const json_t *object, int64_t as_of, struct record *out);
/* webhook_words: the receiver's own, out of the places where they usually stand; caller frees. */
char *webhook_words(const json_t *answer, const char *otherwise);
/* webhook_accept: a patch whose answer (NULL: none, or not to be understood) means it was taken, as a result. */
void webhook_accept(const struct webhook *w, const struct patch *p, const json_t *answer, int64_t as_of, struct result *out);

/* ---- webhook.c ---- */

/* webhook_sign makes the call a signed one; `signed_text` is what the signature covers. */
bool webhook_sign(struct endpoint *ep, struct call *c, const char *id, const char *signed_text, size_t n, struct err *err) MUST_CHECK;

/* ---- the verbs ---- */
bool webhook_put(struct endpoint *, const struct patch *, size_t, struct result *, struct err *);
bool webhook_fetch(struct endpoint *, const char *, const char *const *, size_t, const char *const *, unsigned, struct record *,
                   struct err *);
bool webhook_find(struct endpoint *, const char *, const char *, const char *const *, size_t, const char *const *, struct found *,
                  struct err *);
bool webhook_hook(struct endpoint *, const char *, const char *, const json_t *, const char *, size_t, int64_t, struct page *,
                  struct err *);
