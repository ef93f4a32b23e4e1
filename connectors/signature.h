/* Who sent this? The one home of checking and making signatures of deliveries: Inbox, HubSpot v3 and v1, Standard
 * Webhooks. Pure: bytes, headers and a moment in, yes or AUTH out. Comparisons take the same time wherever two values
 * differ; what is compared are the raw bytes that came, never JSON printed again. */
#pragma once
#include "bridge/base/err.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNATURE_SECRETS 2

/* A delivery as it came. */
struct delivery {
    const char *method;
    const json_t *headers;  /* headers: {"name":"value"}, names in any case */
    const char *body;       /* body: the raw bytes; may be NULL when body_n is 0 */
    size_t body_n;
    int64_t now;            /* now: the receiver's clock, ms */
    int64_t tolerance;      /* tolerance: signatures made so many ms earlier or later than now still count */
};

/* The secrets of one sender: the current one and, while it is being exchanged, the one before. Members may be NULL. */
struct signature_secrets {
    const char *of[SIGNATURE_SECRETS];
};

const char *signature_header(const json_t *headers, const char *name); /* any case; NULL */

/* signature_inbox: X-Inbox-Signature "t=<seconds>,v1=<hex>", any of several v1 and any of the secrets will do. */
bool signature_inbox(const struct delivery *d, const struct signature_secrets *secrets, struct err *err) MUST_CHECK;

/* signature_hubspot: X-HubSpot-Signature-v3 over method, public URL, body and time. With v1_too, a delivery that carries
 * no v3 may prove itself by v1, which knows no time and so no replay. */
bool signature_hubspot(const struct delivery *d, const char *public_url, bool v1_too, const struct signature_secrets *secrets,
                       struct err *err) MUST_CHECK;
/* signature_hubspot_url: as it is signed, with the percent-escapes decoded that HubSpot decodes; caller frees. */
char *signature_hubspot_url(const char *url);

/* Standard Webhooks: secrets are base64, usually behind "whsec_". */
bool signature_standard(const struct delivery *d, const struct signature_secrets *secrets, struct err *err) MUST_CHECK;
/* signature_standard_make: the webhook-signature header, one "v1,…" per secret; NULL with CONFIG when a secret is no
 * base64. Caller frees. */
char *signature_standard_make(const char *id, int64_t seconds, const char *body, size_t body_n,
                              const struct signature_secrets *secrets, struct err *err) MUST_CHECK;
bool signature_standard_secret(const char *secret, struct err *err) MUST_CHECK; /* is it one? CONFIG */
