/* What the files of the imitated Inbox share. Plain structs for people, threads and messages; JSON only at the edges, as
 * text written straight into a buffer. */
#pragma once
#include "bridge/base/buf.h"
#include "tests/sandbox/sandbox.h"

#define ID_SIZE 25
#define X_ID_SIZE 32

/* ---- things ---- */

struct label { /* a tag or a status */
    char id[ID_SIZE];
    char *name, *color; /* color may be NULL for a status */
    int64_t created;
};

struct labels {
    struct label **items;
    size_t n;
};

struct member {
    char id[ID_SIZE], user_id[ID_SIZE];
    char *name, *email; /* name may be NULL */
    const char *role;
    int64_t created;
    bool left; /* removed from the team: threads keep naming the id, nothing else does */
};

struct account {
    char id[ID_SIZE], platform_id[X_ID_SIZE];
    const char *name, *username, *status;
    int64_t created;
};

/* What changes about a person, so that its previous state can be kept whole. */
struct card {
    char *name, *bio, *notes; /* bio, notes may be NULL */
    struct label *status;     /* status may be NULL */
    struct label **tags;
    size_t n_tags;
    bool has_value;
    double value;
    int64_t updated;
};

struct thread;

struct prospect {
    char platform_id[X_ID_SIZE], external_id[ID_SIZE]; /* external_id is "" while not imported */
    char *username;
    const char *location, *domain; /* of the names room, or NULL */
    char *place;                   /* place is a location somebody edited; NULL: location */
    uint64_t seed;                 /* seed gives the rest of the profile */
    int64_t joined, first_seen, enriched, document;
    int64_t followers; /* -1: as the seed says */
    struct card now, *was;
    struct thread **threads;
    size_t n_threads;
    bool gone;
};

enum origin { ORIGIN_NONE, ORIGIN_INTERNAL, ORIGIN_EXTERNAL, ORIGIN_API };

struct version {
    char *content;
    int64_t at;
    enum origin origin; /* of the edit; none for the first */
};

struct reaction {
    char *emoji;
    bool ours;
    int64_t at;
};

struct message {
    char id[ID_SIZE], platform_id[X_ID_SIZE], reply_to[ID_SIZE]; /* reply_to may be "" */
    char *content;
    const struct member *sender; /* sender is who sent it from Inbox; NULL otherwise */
    bool ours, deleted_for_all;
    enum origin origin, edit_origin;
    int64_t created, edited, deleted; /* 0: never */
    struct version *versions;         /* versions before the present one */
    size_t n_versions;
    struct reaction *reactions;
    size_t n_reactions;
};

struct thread {
    char id[ID_SIZE];
    struct prospect *prospect;
    struct account *account;
    struct member *assignee;
    bool done, idle, request, heard, spoke; /* heard: the prospect wrote; spoke: we did */
    bool syncing;                           /* older messages are still being imported */
    signed char typing;                     /* -1: the team's default */
    unsigned char older;                    /* older seeded messages that are not made yet */
    int64_t created, sort, last_at;         /* last_at 0: no message yet */
    struct message **messages, *last;       /* messages oldest first; last is NULL when none is left */
    size_t n_messages, cap_messages;
    struct member *was_assignee;
    bool was_done, has_was;
};

struct event {
    int64_t seq, at, visible;
    char id[ID_SIZE];
    const char *type;
    char *own_type; /* own_type is set when type is not a literal */
    char *data;
};

/* ---- indexes ---- */

struct table { /* text → thing; keys belong to the things */
    struct slot {
        const char *key;
        void *value;
    } * slots;
    size_t n, cap;
};
void *table_get(const struct table *t, const char *key);
void table_put(struct table *t, const char *key, void *value);
void table_drop(struct table *t, const char *key);
void table_done(struct table *t);

enum view { VIEW_ALL, VIEW_DEFAULT, VIEW_NO_REPLY, VIEW_REQUESTS, VIEW_ARCHIVED, VIEWS };

struct order { /* threads by (sort, id) */
    struct thread **items;
    size_t n, cap;
};

/* ---- manners ---- */

enum error_shape { ERROR_NESTED, ERROR_STRING, ERROR_FLAT, ERROR_HTML, ERROR_EMPTY };
enum profile_shape { PROFILE_FULL, PROFILE_NEWER, PROFILE_MIXED };
enum body_shape { BODY_EMPTY, BODY_NULL, BODY_OBJECT };
enum retention { RETENTION_OLDEST, RETENTION_400, RETENTION_410 };
enum deleted_shape { DELETED_ID, DELETED_OBJECT, DELETED_PLAIN };
enum retry_shape { RETRY_SECONDS, RETRY_DATE, RETRY_MISSING };

struct manners {
    int error_shape, omitted_inbox, prospect_shape, profile_shape, delete_body, retention_answer, deleted_data,
        retry_after, rate_window, author_id, thread_exists, tag_in_both, unknown_label, empty_notes;
    bool seq_gaps, disorder, late_insert, boundary_repeat, bump_last_updated, unchanged_event, strict_fields,
        strict_arrays, outbound, strip_events, list_idle, list_deleted, context_assignee, record_events,
        message_prospect, single_reactions;
    double drop_data;
    int64_t tag_limit, keep_events;
};
void manners_init(struct manners *m);
bool manners_read(struct manners *m, const json_t *said, struct err *err) MUST_CHECK;
json_t *manners_json(const struct manners *m);

/* ---- the service ---- */

struct windows { /* three sliding windows over one ring of times */
    int64_t *at;
    size_t cap;
    uint64_t head, tail[3];
};

struct inbox {
    struct sandbox_service base;
    struct manners manners;
    uint64_t seed, random;
    bool stale; /* reads answer the previous state */
    int64_t began;
    char team[ID_SIZE];
    struct account accounts[2];
    struct member **members;
    size_t n_members;
    struct labels tags, statuses;
    struct prospect **prospects; /* in order of creation, the gone included */
    size_t n_prospects, cap_prospects;
    uint64_t made; /* made counts ids */
    struct table by_external, by_platform, by_username, by_thread;
    struct order order[VIEWS];
    struct event *events; /* ring */
    size_t first_event, n_events, cap_events;
    int64_t next_seq, lost_seq; /* lost_seq is the last one dropped; -1: none */
    struct windows windows;
};

static inline int64_t inbox_now(struct inbox *x)
{
    return sandbox_now(x->base.box);
}

/* inbox_data.c: making things. */
uint64_t inbox_random(struct inbox *x);
uint64_t inbox_mix(uint64_t z);
void inbox_id(uint64_t seed, char out[ID_SIZE]);
void inbox_new_id(struct inbox *x, char out[ID_SIZE]);
void inbox_seed(struct inbox *x, size_t prospects);
struct prospect *inbox_add_prospect(struct inbox *x, const char *platform_id); /* NULL: a new X user; raises nothing */
struct thread *inbox_add_thread(struct inbox *x, struct prospect *p, struct account *a,
                                int64_t at); /* in no view yet */
struct message *inbox_add_message(struct inbox *x, struct thread *t, const char *content, bool ours, int64_t at);
void inbox_fill(struct inbox *x, struct thread *t); /* makes the older seeded messages */
struct label *inbox_add_label(struct inbox *x, struct labels *labels, const char *name, const char *color);
struct member *inbox_add_member(struct inbox *x, const char *name, const char *email, const char *role);
/* inbox_free.c: and the end of them. */
void inbox_free_label(struct label *l);
void inbox_free_thread(struct thread *t);
void card_done(struct card *c);
void card_copy(struct card *to, const struct card *from);
void inbox_free(struct sandbox_service *s);

/* inbox_views.c: threads in order. Out of the views before a change, back into them after it. */
void views_out(struct inbox *x, struct thread *t);
void views_in(struct inbox *x, struct thread *t);
void views_sort(struct inbox *x); /* after seeding: all threads at once */
struct cursor {
    bool given;
    char id[ID_SIZE];
    int64_t at;
};
/* Where a walk begins: ascending takes items[i++], descending items[--i]. */
size_t views_from(const struct inbox *x, enum view view, const struct cursor *from, bool ascending);

/* ---- inbox_print.c: things as the API's JSON text ---- */

#define PUT(b, literal) buf_add((b), (literal), sizeof(literal) - 1)
void write_text(struct buf *b, const char *s); /* NULL: null */
void write_time(struct buf *b, int64_t ms);    /* 0: null */
void write_number(struct buf *b, int64_t n);
void write_real(struct buf *b, double v);
/* In what company a prospect is shown decides how much of it. */
enum shown { SHOWN_ALONE, SHOWN_IN_STATE, SHOWN_IN_THREAD, SHOWN_IN_EVENT, SHOWN_BRIEFLY };
void write_prospect(struct inbox *x, struct buf *b, const struct prospect *p, enum shown shown);
void write_thread(struct inbox *x, struct buf *b, const struct thread *t, enum shown shown);
void write_message(struct inbox *x, struct buf *b, const struct thread *t, const struct message *m);
void write_author(struct inbox *x, struct buf *b, const struct thread *t, const struct message *m);
void write_label(struct buf *b, const struct label *l, bool status);
void write_member(struct buf *b, const struct member *m);
void write_account(struct buf *b, const struct account *a);
const char *origin_name(enum origin o);

/* ---- inbox_events.c ---- */

void event_raise(struct inbox *x, const char *type, struct buf *data); /* takes the buffer's text */
void event_raise_named(struct inbox *x, const char *type, char *stolen_data);
void tell_prospect(struct inbox *x, const char *type, const struct prospect *p);
void tell_thread(struct inbox *x, const char *type, const struct thread *t);
void tell_thread_gone(struct inbox *x, const struct thread *t);
void tell_message(struct inbox *x, const char *type, const struct thread *t, const struct message *m);
void tell_reaction(struct inbox *x, const char *type, const struct thread *t, const struct message *m,
                   const struct reaction *r);
void tell_label(struct inbox *x, const char *type, const struct label *l, bool status);
void tell_label_gone(struct inbox *x, const struct label *l, bool status);
void events_retire(struct inbox *x);
void write_event(struct inbox *x, struct buf *b, const struct event *e);

/* inbox_hooks.c */
void answer_deliveries(struct inbox *x, const char *query, struct http_answer *a);

/* ---- changes, by the API and by people alike; each raises its events. True when something changed. ---- */

/* inbox_change.c */
struct change {
    bool has_status, has_tags, has_value, value_is_null, has_notes, has_assignee, has_done, has_name, has_bio;
    struct label *status;
    struct label **tags; /* the whole set after */
    size_t n_tags;
    double value;
    const char *notes, *name, *bio;
    struct member *assignee;
    bool done;
};
bool change_prospect(struct inbox *x, struct prospect *p, const struct change *c);
bool change_thread(struct inbox *x, struct thread *t, const struct change *c); /* assignee and done */
/* inbox_deeds.c */
struct thread *open_thread(struct inbox *x, struct prospect *p, struct account *a); /* found or made, with its events */
struct prospect *meet_prospect(struct inbox *x, const char *platform_id);           /* made, with its event */
/* sender: the member; NULL for the prospect and for messages written in X itself. */
struct message *say(struct inbox *x, struct thread *t, const char *content, bool ours, enum origin origin,
                    const struct member *sender);
struct message *say_late(struct inbox *x, struct thread *t, const char *content, bool ours, int64_t at);
bool edit_message(struct inbox *x, struct thread *t, struct message *m, const char *content, enum origin origin);
bool delete_message(struct inbox *x, struct thread *t, struct message *m, bool for_all);
bool react(struct inbox *x, struct thread *t, struct message *m, const char *emoji, bool ours, bool add);
void delete_thread(struct inbox *x, struct thread *t);
void delete_prospect(struct inbox *x, struct prospect *p);
void merge_prospect(struct inbox *x, struct prospect *from, struct prospect *into);
void delete_label(struct inbox *x, struct labels *labels, struct label *l);
bool rename_label(struct inbox *x, struct labels *labels, struct label *l, const char *name, bool has_color,
                  const char *color);

/* lookups */
struct label *find_label(const struct labels *labels, const char *id_or_name);
struct label *find_label_id(const struct labels *labels, const char *id);
struct member *find_member(const struct inbox *x, const char *id, bool by_name_too);
struct account *find_account(struct inbox *x, const char *id_or_username);
struct thread *find_thread_of(const struct prospect *p, const struct account *a);
struct message *find_message(struct inbox *x, struct thread *t, const char *id);

/* inbox_edit.c, inbox_state.c */
bool inbox_edit(struct sandbox_service *s, const json_t *edit, json_t **out, struct err *err);
json_t *inbox_state(struct sandbox_service *s);
void inbox_write_state(struct sandbox_service *s, struct buf *out);
json_t *parsed(struct buf *b); /* the JSON in a buffer, which is emptied */

/* ---- one exchange ---- */

struct exchange {
    struct inbox *x;
    const struct http_request *request;
    struct http_answer *answer;
    const char *ids[2];   /* of the path */
    json_t *query, *body; /* body is NULL when there was none; else an object */
    bool wrote;
};

void reply(struct exchange *e, struct buf *text); /* 200, takes the text */
void reply_null(struct exchange *e);
void reply_nothing(struct exchange *e); /* the success of a DELETE */
void reply_error(struct exchange *e, int status, const char *code, const char *fmt, ...) PRINTF_LIKE(4, 5);
void fill_error(struct inbox *x, struct http_answer *a, int status, const char *code, const char *message);
const char *status_code_name(int status);

/* inbox_ask.c: what a request asks for; false: answered with an error already. */
bool ask_limit(struct exchange *e, int64_t most, int64_t fallback, int64_t *out);
bool ask_cursor(struct exchange *e, struct cursor *out);
bool ask_list(struct exchange *e, const json_t *in, const char *name, const json_t **out); /* NULL: not given */
bool ask_flag(struct exchange *e, const json_t *in, const char *name, bool *out);
bool ask_text(struct exchange *e, const char *name, bool required, size_t most,
              const char **out);                             /* of the body; most in code points, 0 = any */
bool ask_only(struct exchange *e, const char *const *names); /* with strict_fields: no others */
bool ask_thread(struct exchange *e, struct thread **out);    /* ids[0] */
bool ask_message(struct exchange *e, struct thread **t, struct message **m);
bool ask_person(struct exchange *e, const json_t *in, bool create,
                struct prospect **out); /* externalPlatformId or externalId */
bool ask_account(struct exchange *e, const json_t *in, struct account **out);
bool ask_member(struct exchange *e, const json_t *value, struct member **out);
bool is_id(const char *s);
void write_cursor(struct buf *b, int64_t at, const char *id);

/* The handlers, by file. */
typedef void handler(struct exchange *e);
handler list_threads, create_thread, lookup_thread, lookup_by_username, read_thread, patch_thread, remove_thread,
    type_in_thread, set_thread; /* inbox_threads.c */
handler list_messages, send_message, patch_message, remove_message, read_history, add_reaction, remove_reaction,
    quick_send;                                        /* inbox_messages.c */
handler read_prospect, lookup_prospect, patch_context; /* inbox_prospects.c */
handler list_tags, create_tag, read_tag, patch_tag, remove_tag, list_statuses, create_status, read_status, patch_status,
    remove_status, list_colors;                              /* inbox_labels.c */
handler read_team, list_accounts, list_members, read_member; /* inbox_team.c */
handler list_events;                                         /* inbox_events.c */

/* inbox_limits.c */
bool limits_pass(struct inbox *x, int64_t now, int64_t *wait_ms); /* counts it when it passes */
void limits_headers(struct inbox *x, int64_t now, struct http_answer *a);
