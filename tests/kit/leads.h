/* A world whose CRM is Salesforce, with the usual mapping of leads, and what people do there. */
#pragma once
#include "tests/kit/world.h"

#define LEADS_STATIC "token = \"env:WORLD_TOKEN\"; base_url = \"http://salesforce.sandbox\";"
#define LEADS_LOGIN \
    "client_id = \"sandbox-client\"; client_secret = \"env:WORLD_SECRET\"; login_url = \"http://salesforce.sandbox\";"

/* manners: JSON; NULL = the best ones */
struct world *leads_begin(uint64_t seed, size_t people, const char *options, const char *manners);
void leads_finish(struct world *w); /* fails unless all is as it should be, and frees the world */

json_t *leads_of(struct world *w, size_t i);                      /* the lead of the i-th prospect, which has at most one; NULL */
json_t *leads_row(struct world *w, const char *object, const char *id); /* NULL */
size_t leads_count(struct world *w, const char *object);          /* live rows */
size_t leads_keys(struct world *w);                               /* how many different bridge keys live leads carry */

void leads_edit(struct world *w, size_t i, const char *edit);       /* of the i-th prospect's lead: "'set':{…}" */
/* An administrator aborts the one job of the route that is at work; kind: "ingest" or "query". */
void leads_abort_job(struct world *w, const char *kind);
void leads_assert(struct world *w, size_t i, const char *field, const char *value); /* NULL: null */
void leads_assert_status(struct world *w, size_t i, const char *name); /* in Inbox; "": none */
void leads_assert_context(struct world *w, size_t i, const char *member, const char *value);
