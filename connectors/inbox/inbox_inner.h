/* What the files of this folder share and nobody else may include: the private state and the pure readers. The way
 * through them: fields (one table of what a prospect has) → prospect (JSON → record) → facts and tally (what threads
 * add) → events, walk, feed (changes) → read, put. */
#pragma once
#include "connectors/endpoint.h"
#include "connectors/inbox/inbox_tally.h"

struct inbox {
    char *token, *base_url, *hook_secret, *hook_secret_old;
    int64_t per_minute, per_hour, per_day, hook_tolerance;
    double fill;
    struct inbox_tally tally;
};

/* ---- inbox_fields.c: the one table of fields, and which of them a caller asked for ---- */

enum inbox_field_id {
    INBOX_DISPLAY_NAME,
    INBOX_USERNAME,
    INBOX_HANDLE,
    INBOX_BIO,
    INBOX_LOCATION,
    INBOX_IMAGE,
    INBOX_PROFILE_URL,
    INBOX_WEBSITE_URL,
    INBOX_WEBSITE_DOMAIN,
    INBOX_VERIFIED,
    INBOX_PROFILE_TYPE,
    INBOX_FOLLOWERS,
    INBOX_FOLLOWING,
    INBOX_POSTS,
    INBOX_PLATFORM_ID,
    INBOX_EXTERNAL_ID,
    INBOX_PROTECTED,
    INBOX_CONVERSATION,
    INBOX_STATUS,
    INBOX_TAGS,
    INBOX_NOTES,
    INBOX_VALUATION,
    INBOX_ASSIGNEE,
    INBOX_ACCOUNT_LINKS,
    INBOX_REPLIED,
    INBOX_LAST_MESSAGE,
    INBOX_FIELDS
};

enum inbox_source { INBOX_OF_PROSPECT, INBOX_OF_CONTEXT, INBOX_OF_THREAD };

enum inbox_field_flags { INBOX_WRITABLE = 1, INBOX_UNIQUE = 2, INBOX_BY_LABEL = 4, INBOX_OPEN = 8 };

struct inbox_field {
    const char *name, *label;
    enum schema_type type;
    unsigned flags;
    enum inbox_source source;
    /* read: the value in the object `source` names, in the contract's terms; a new reference, NULL = not told. NULL for
     * fields of threads, which inbox_facts.c reads. */
    json_t *(*read)(const json_t *object, const char *member);
    const char *member; /* member in Inbox's own JSON */
};
extern const struct inbox_field inbox_fields[INBOX_FIELDS];

typedef uint32_t inbox_want;                       /* one bit per inbox_field_id */
#define INBOX_SAID ((inbox_want)1 << 31)           /* conversations are wanted, not prospects */
inbox_want inbox_wants(const char *const *fields); /* NULL = all; names it does not know are left out */
static inline bool inbox_wanted(inbox_want want, enum inbox_field_id id)
{
    return want >> id & 1;
}
bool inbox_wants_threads(inbox_want want); /* anything only threads tell */
/* inbox_members: names of the members that reading threads for these fields needs; NULL-terminated. Caller frees the array. */
const char **inbox_members(inbox_want want);

/* ---- inbox_prospect.c: JSON of a prospect → record ---- */

/* inbox_identify fills id, key and label. False when nothing names this prospect. */
bool inbox_identify(const json_t *prospect, struct record *out);
bool inbox_is_key(const char *id);                  /* "x:123", "linkedin:abc": a key, not an Inbox id */
const char *inbox_key_platform_id(const char *key); /* what stands after the colon; the text itself without one */
bool inbox_has_context(const json_t *prospect);     /* tags, status, valuation and notes are all told */
/* inbox_read_fields: a new object with what is told and wanted. */
json_t *inbox_read_fields(const json_t *prospect, inbox_want want);
/* inbox_read_prospect: identity and fields, context.threads included. False as inbox_identify. */
bool inbox_read_prospect(const json_t *prospect, inbox_want want, struct record *out);
const char *inbox_id_of(const json_t *text_or_object); /* "abc" and {"id":"abc"} alike; NULL */
json_t *inbox_time(const char *text);                  /* ISO 8601 in one precision; NULL when it is no time */

/* ---- inbox_facts.c: what one thread adds to its prospect ---- */

enum inbox_truth { INBOX_UNTOLD = -1, INBOX_FALSE, INBOX_TRUE };
struct inbox_facts {
    const char *links[INBOX_LINKS_MAX]; /* links: accounts known to talk to the prospect; borrowed */
    size_t n_links;
    bool newest; /* newest: no other thread of the prospect is known to be newer, so its assignee counts */
    bool last_told;
    int64_t last; /* last message in ms; 0 = none yet */
    enum inbox_truth replied;
    bool assignee_told;
    const char *assignee;     /* NULL = nobody */
    const char *conversation; /* X's id of the conversation; NULL = not told */
};
void inbox_read_facts(const json_t *thread, bool waits_for_us, struct inbox_facts *out);
bool inbox_is_ours(const json_t *message, const char *account_link); /* outbound, as far as a message tells */
void inbox_put_facts(const struct inbox_facts *facts, inbox_want want, json_t *fields);
/* inbox_read_thread: a thread of a listing → its prospect's record, with what earlier threads of the same walk told
 * (tally NULL: none). False when the thread names no prospect. */
bool inbox_read_thread(const json_t *thread, bool waits_for_us, inbox_want want, struct inbox_tally *tally,
                       struct record *out);

/* ---- inbox_events.c: events → records, pure ---- */

struct inbox_harvest {
    struct record *items;
    size_t n, cap;
    char **threads; /* threads whose prospect no event named: to be looked up */
    size_t n_threads, cap_threads;
    bool gap, relearn;
};
void inbox_harvest_event(struct inbox_harvest *h, const json_t *event, inbox_want want);
/* inbox_harvest_record: takes the record over, or joins it with the one of the same prospect. */
void inbox_harvest_record(struct inbox_harvest *h, struct record *stolen);
void inbox_harvest_done(struct inbox_harvest *h);
/* inbox_harvest_complete (inbox_lookup.c) reads what the events left open; false: ask for the page again. */
bool inbox_harvest_complete(struct endpoint *ep, struct inbox_harvest *h, inbox_want want, struct err *err);

/* inbox_harvest_delivery (inbox_hook.c): one webhook delivery in any of the three formats. REJECT when it is none. Pure. */
bool inbox_harvest_delivery(struct inbox_harvest *h, const json_t *event, struct err *err);

/* inbox_harvest_thread: a thread somebody has to look up. */
void inbox_harvest_thread(struct inbox_harvest *h, const char *id);
/* inbox_harvest_said: takes the record of a conversation over, or joins it with the one of the same conversation. */
void inbox_harvest_said(struct inbox_harvest *h, struct record *stolen);

/* ---- inbox_messages.c, inbox_team.c: conversations and what is said in them ---- */

struct inbox_team {
    json_t *members; /* members' user id → name */
    json_t *links;   /* links: account link id → name */
};
bool inbox_learn_team(struct endpoint *ep, struct inbox_team *out, struct err *err);
void inbox_team_done(struct inbox_team *t);
bool inbox_read_conversation(const json_t *thread, struct record *out);
/* inbox_walk_conversation: the same out of a walk that began when `seq` was the newest event: a walk after any news says
 * something new of every conversation, so that each is read again. */
bool inbox_walk_conversation(const json_t *thread, int64_t seq, struct record *out);
void inbox_harvest_message(struct inbox_harvest *h, const json_t *event);
json_t *inbox_read_message(const json_t *message, const struct inbox_team *team); /* NULL when it is none */
bool inbox_fetch_conversations(struct endpoint *ep, const char *const *ids, size_t n, struct record *out, struct err *err);

/* ---- inbox_cursor.c: where changes() stands, as text the engine keeps ---- */

enum inbox_stage { INBOX_LEARN, INBOX_WALK, INBOX_FEED };

#define INBOX_VIEWS 5
struct inbox_place { /* place in one view of the walk */
    bool done;
    int64_t pages;    /* pages read of this view */
    int64_t restarts; /* restarts because the page cursor was refused */
    json_t *at;       /* at: {id, timestamp} of the page to ask for; NULL = the first */
    json_t *mark;     /* mark: an earlier `at`, to notice a circle */
};
struct inbox_cursor {
    enum inbox_stage stage;
    int64_t seq;      /* seq of the newest event known; -1 = none */
    int64_t polled;   /* polled: when Inbox last told the newest event (its Date); 0 = not known */
    json_t *recent;   /* recent ids of events, for the overlap */
    struct inbox_place views[INBOX_VIEWS]; /* views of the walk */
};
/* inbox_cursor_read: NULL and text it cannot read are the start of a full enumeration: never skips. */
void inbox_cursor_read(const char *text, struct inbox_cursor *out);
char *inbox_cursor_print(const struct inbox_cursor *c);
void inbox_cursor_done(struct inbox_cursor *c);

/* ---- inbox_walk.c, inbox_feed.c: the two ways changes() goes ---- */

bool inbox_walk(struct endpoint *ep, inbox_want want, struct inbox_cursor *at, struct page *out, struct err *err);
bool inbox_learn(struct endpoint *ep, inbox_want want, struct inbox_cursor *at, struct page *out, struct err *err);
bool inbox_follow(struct endpoint *ep, inbox_want want, struct inbox_cursor *at, struct page *out, struct err *err);
/* inbox_walk_move: on to the next page of a view (NULL: there is none). Pure. */
void inbox_walk_move(struct inbox_place *place, json_t *next);
/* inbox_judge_gap: did an events page that was asked for after `at` lose something in between? Pure. */
bool inbox_judge_gap(const struct inbox_cursor *at, const json_t *events, int64_t date);

/* ---- the verbs ---- */

void inbox_judge(struct endpoint *ep, const struct http_answer *answer, bool writes, struct err *err);
void inbox_heed(struct endpoint *ep, unsigned bucket, const struct http_answer *answer);
bool inbox_describe(struct endpoint *ep, const char *object, struct schema *out, struct err *err);
bool inbox_hook(struct endpoint *ep, const char *method, const char *url, const json_t *headers, const char *body,
                size_t body_n, int64_t now, struct page *out, struct err *err);
bool inbox_fetch(struct endpoint *ep, const char *object, const char *const *ids, size_t n, const char *const *fields,
                 unsigned flags, struct record *out, struct err *err);
bool inbox_find_by(struct endpoint *ep, const char *object, const char *field, const char *const *values, size_t n,
                   const char *const *fields, struct found *out, struct err *err);
bool inbox_put(struct endpoint *ep, const struct patch *patches, size_t n, struct result *out, struct err *err);
/* inbox_patch_body: the request for one patch; NULL with err when Inbox cannot take it. Pure; a new reference. */
json_t *inbox_patch_body(const struct patch *patch, struct err *err);
/* inbox_call_prospect: the read of one prospect by Inbox id or by key. */
void inbox_call_prospect(struct call *call, const char *id);
/* inbox_complete (inbox_complete.c): asks the newest thread for what prospects[i] leaves out of records[i]; a read that
 * fails becomes the record's err. Records without fields are passed over. */
void inbox_complete(struct endpoint *ep, inbox_want want, const json_t *const *prospects, struct record *records,
                    size_t n);
/* inbox_as_of: content read in this answer holds everything events say up to here (the Date header has whole seconds). */
int64_t inbox_as_of(const struct http_answer *answer);
