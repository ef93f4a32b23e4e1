/* What the files of this connector share. */
#pragma once
#include "connectors/endpoint.h"
#include "connectors/hubspot/hubspot.h"

#define HUBSPOT_BATCH 100
enum { HUBSPOT_V3 = 2 }; /* of hubspot_versions */
enum hubspot_bucket { HUBSPOT_MAIN, HUBSPOT_SEARCH };

struct hubspot_object {
    const char *name;     /* native name in mappings and paths */
    const char *modified; /* property that moves with every change */
    const char *number;   /* HubSpot's number of the type, as addresses have it; NULL = has no page of its own */
    bool activity;        /* accounts may refuse unique properties on it */
};

struct hubspot {
    char *token, *client_id, *client_secret, *refresh_token, *base_url;
    int version; /* index into hubspot_versions */
    char *channel;
    char *home; /* home: where people see the account's records: "https://app.hubspot.com/contacts/4242"; NULL until it was asked */
    char *hook_secret, *hook_secret_old, *hook_url;
    bool hook_v1;
    int64_t hook_tolerance;
    int64_t ten_secondly, search_per_second, daily, overlap, margin;
    double fill;
    struct schema known[8]; /* property types per object, as last described */
    size_t n_known;
};

static inline struct hubspot *hubspot_of(struct endpoint *ep)
{
    return ep->state;
}

const struct hubspot_object *hubspot_object_of(const char *name); /* NULL */
char *hubspot_path(struct endpoint *ep, const char *family, const char *tail); /* "/crm/objects/2026-09/contacts/…"; caller frees */
const struct schema *hubspot_types(struct endpoint *ep, const char *object, struct err *err); /* learnt once; NULL with err */

/* hubspot_listed: the rows of an answer; NULL with c->err when it failed, or when it is a success that lists nothing at all:
 * an empty answer says nothing about any record, least of all that it is gone. */
const json_t *hubspot_listed(struct call *c);
bool hubspot_list(struct endpoint *ep, struct call *c, struct err *err) MUST_CHECK; /* makes the call; false unless it lists */

#define HUBSPOT_ADDRESS "record_url" /* a field of our own: where people see the record */
bool hubspot_probe(struct endpoint *ep, struct organisation *out, struct err *err);
/* hubspot_address: of a record; NULL where there is none to tell. Caller frees. */
char *hubspot_address(struct endpoint *ep, const char *object, const char *id);

/* hubspot_tie.c: the kind of association between a record and its parent; 0 = there is none. */
int hubspot_tie_type(const char *object, const char *parent);
json_t *hubspot_tie_inline(const struct patch *p); /* as a create says it; new reference */
/* hubspot_tie: patches[which[i]], all of one object and one type of parent, are tied to their parents where they are not. */
void hubspot_tie(struct endpoint *ep, const struct patch *patches, const size_t *which, size_t n, struct result *out);

/* hubspot_stage.c: pipelines of deals and their stages become options of both properties. */
bool hubspot_stages(struct endpoint *ep, struct schema *out, struct err *err) MUST_CHECK;

/* hubspot_owner.c: the account's owners, those who left too, become options of hubspot_owner_id. */
bool hubspot_owners(struct endpoint *ep, struct schema *out, struct err *err) MUST_CHECK;

/* hubspot_value.c: HubSpot's strings as natural JSON, and back. */
json_t *hubspot_typed(const struct schema *types, const char *name, const json_t *raw);
json_t *hubspot_raw(const json_t *value);
void hubspot_record(const struct schema *types, const json_t *row, int64_t as_of, struct record *out);

/* hubspot_hook.c: the records one event names go into the page, each once. Pure. */
void hubspot_take_event(struct page *out, const json_t *event);

/* the vtable's verbs */
bool hubspot_hook(struct endpoint *, const char *, const char *, const json_t *, const char *, size_t, int64_t, struct page *, struct err *);
bool hubspot_fetch(struct endpoint *, const char *, const char *const *, size_t, const char *const *, unsigned, struct record *, struct err *);
bool hubspot_find(struct endpoint *, const char *, const char *, const char *const *, size_t, const char *const *, struct found *, struct err *);
bool hubspot_put(struct endpoint *, const struct patch *, size_t, struct result *, struct err *);
bool hubspot_changes(struct endpoint *, const char *, const char *const *, const char *, struct page *, struct err *);
bool hubspot_describe(struct endpoint *, const char *, struct schema *, struct err *);
bool hubspot_setup(struct endpoint *, const struct schema *, bool, json_t **, struct err *);
