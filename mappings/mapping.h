/* A mapping file: which fields of which objects correspond, which way they flow, who wins, and how values are translated.
 * Everything here is a pure function of its input: no I/O beyond reading the file, no clock, no memory of its own.
 *
 * Sides are indexed: 0 = S, the source (Inbox), 1 = T, the target (CRM). A value is JSON in the side's own terms: by-label
 * fields hold labels (not ids), everything else is as the connector gave it. Absent (NULL), JSON null and "" are three
 * different things; null and "" and an empty set are `blank`. */
#pragma once
#include "bridge/base/opt.h"
#include "bridge/base/schema.h"
#include <jansson.h>

enum { SIDE_S = 0, SIDE_T = 1 };

enum flow { FLOW_BOTH, FLOW_TO_CRM, FLOW_TO_INBOX, FLOW_NONE };
enum policy {
    POLICY_CRM, POLICY_SOURCE, POLICY_CRM_UNLESS_BLANK, POLICY_SOURCE_UNLESS_BLANK, POLICY_NEWEST,
    POLICY_MAX, POLICY_MIN, POLICY_MONOTONE, POLICY_UNION, POLICY_APPEND, POLICY_HOLD, POLICIES
};
const char *policy_name(enum policy p);
bool policy_of(const char *name, enum policy *out);
enum forbidden { FORBIDDEN_IGNORE, FORBIDDEN_REVERT, FORBIDDEN_ALERT }; /* the side a one-way field must not change, changed */
enum mode { MODE_CREATE, MODE_UPDATE, MODE_LINK }; /* create if missing · only update what matches · only link, write nothing on first contact */

enum reopen { REOPEN_NEVER, REOPEN_NEW, REOPEN_REUSE }; /* what a change in Inbox does to a closed record: nothing · another one · the same again */

struct step;  /* one transform of a chain; private to transform.c */
struct table; /* one value table; private to table.c */
struct digest; /* the rules of logged conversations; mappings/digest.h */

struct map_field {
    char *name;
    char *path[2];        /* native field on each side */
    enum flow flow;
    enum policy conflict;
    enum policy initial;  /* at first link, when both hold different values and there is no shadow (default: non-blank, then hold → as POLICY_HOLD) */
    enum policy otherwise;/* `newest` when evidence overlaps; default hold */
    enum forbidden on_forbidden;
    bool skip_unknown;    /* skip_unknown: what has no counterpart on the other side is ignored; default: it waits for a person */
    bool blank_to[2];     /* blank_to[side]: may a blank be written to that side (default true) */
    struct step **steps;  /* applied in order from S to T; the inverse backwards */
    size_t n_steps;
    struct table *table;  /* NULL = none; applied after the steps on the way to T */
    char **order;         /* S values, earliest first, for monotone and `reached`; default: the table's */
    size_t n_order;
    bool money;           /* in the record's currency; set by mapping_bind */
    bool stirs;           /* a change of it in Inbox is what `reopen` asks for; set by mapping_bind */
    bool is_set;          /* values are sets */
    char *fence;          /* fence: the Inbox field is a text, and this one only its line of the bridge under this tag (fence.h); NULL = not so */
    bool people;          /* people: both sides name people by e-mail: the table lists exceptions only; set by mapping_bind */
    bool label[2];        /* the schema of that side names options by label; set by mapping_bind */
    const struct schema_field *schema[2]; /* set by mapping_bind; NULL before */
    int line;
};

struct map_object {
    char *name;          /* "prospect" */
    char *type[2];       /* native object on each side: "prospect", "contacts" */
    char *of;            /* parent object's name; NULL. What follows up to `stage` is of objects with a parent */
    struct filter *when; /* what it takes for one to be made; private to filter.c; NULL = nothing */
    enum reopen reopen;
    char *pipeline;      /* the CRM's pipeline new ones belong to; its id once bound; NULL = the CRM's own choice */
    char *currency;      /* CRM field that says which currency a record's amounts are in; NULL = not looked at */
    const struct schema_field *stage; /* the CRM field whose options close a record; set by mapping_bind; NULL = none does */
    char *key;           /* CRM field that carries the bridge key */
    char **match;        /* CRM fields tried in order at first contact; the key first */
    size_t n_match;
    enum mode mode;
    struct filter *filter; /* private to filter.c; NULL = everything */
    struct digest *digest; /* digest: mode "append": entries derived from conversations, only ever written to the CRM; NULL otherwise */
    bool tags_asked;       /* tags_asked: a child object's rules ask for this object's tags */
    struct map_field *fields;
    size_t n_fields;
    struct table **tables; /* owned here, borrowed by fields */
    size_t n_tables;
    int64_t max_creates; /* default 100 */
    int line;
};

/* map_shares: made of the same subject as its parent, as a deal is, and not of what was said. */
static inline bool map_shares(const struct map_object *o)
{
    return o->of && !o->digest;
}

/* mapping_tag: whose lines these are; by the engine, before anything is read. */
struct mapping;
void mapping_tag(struct mapping *m, const char *tag);

struct mapping {
    char *file;
    struct map_object *objects;
    size_t n;
    char *hash; /* SHA-256 hex of its meaning (not of its comments) */
};

/* Reads and checks the laws that need no live schema. NULL when faults were added. */
struct mapping *mapping_load(const char *path, struct opt_faults *faults);
struct mapping *mapping_load_text(const char *name, const char *text, struct opt_faults *faults);
void mapping_free(struct mapping *m);

/* Checks an object against both live schemas and binds its fields to them: missing field, wrong type, read-only target of
 * a writing flow, every option mapped / ignored / else'd, table values that are no option (nearest one suggested), text
 * longer than the field. The schemas must outlive the mapping's use. False when faults were added. */
bool mapping_bind(struct mapping *m, struct map_object *o, const struct schema *s, const struct schema *t, struct opt_faults *faults);
/* What the CRM side must have for this object, for the connector's setup: the key field (unique text) and every mapped
 * field whose name starts with "inbox_", typed from the S schema and the transforms. */
void mapping_wanted(const struct map_object *o, const struct schema *s, struct schema *wanted);

/* mapping_open lists in an open T schema what the mapping names and the schema does not, typed from the S schema and the
 * transforms; before mapping_bind. */
void mapping_open(const struct map_object *o, const struct schema *s, struct schema *t);

/* The native field names a side must deliver: fields, filter and label sources. NULL-terminated; free the array only. */
const char **mapping_needed(const struct map_object *o, int side);

/* Pinned labels of by-label fields: id ↔ label. One per endpoint; filled from the store by the engine. */
struct vocabulary;
struct vocabulary *vocabulary_new(void);
void vocabulary_free(struct vocabulary *v);
void vocabulary_add(struct vocabulary *v, const char *field, const char *id, const char *label);
void vocabulary_leave(struct vocabulary *v); /* the word added last: it can be read, nobody can be given it any more */
const char *vocabulary_label(const struct vocabulary *v, const char *field, const char *id); /* NULL */
const char *vocabulary_id(const struct vocabulary *v, const char *field, const char *label); /* NULL; exact, then any case; never one that left */
bool vocabulary_left(const struct vocabulary *v, const char *field, const char *label);

/* map_read: the field's value in a record of that side, in the side's terms, canonical (sets sorted and unique, CRLF → LF,
 * integral reals → integers). New reference; NULL when absent, or when an id has no label yet (*unknown set): but somebody
 * unknown is named by the id, so that a person sees who stands there. */
json_t *map_read(const struct map_field *f, int side, const json_t *record_fields, const struct vocabulary *v, bool *unknown);

/* map_translate: what the value of side `from` becomes on the other side: enc (from S) and dec (from T). New reference; JSON null
 * for what translates to nothing; NULL with err untouched for what the mapping ignores; NULL + err (REJECT) when it has no translation (option not in the table, not a number). */
json_t *map_translate(const struct map_field *f, int from, const json_t *value, struct err *err);

/* map_write: puts a value (in the side's terms) into a patch as the connector wants it (labels → ids). REJECT when a label has
 * no id there. */
bool map_write(const struct map_field *f, int side, const json_t *value, const struct vocabulary *v, json_t *patch_set, struct err *err) MUST_CHECK;

/* map_write_over: the same over what the record holds on that side (NULL: not known): the bridge's lines in texts stay, and a
 * field that is such a line changes nothing else. */
bool map_write_over(const struct map_field *f, int side, const json_t *value, const struct vocabulary *v, const json_t *held,
                    json_t *patch_set, struct err *err) MUST_CHECK;

/* map_named: is there something (or somebody) of that name on that side? REJECT with the reason when not. */
bool map_named(const struct map_field *f, int side, const json_t *value, const struct vocabulary *v, struct err *err) MUST_CHECK;

/* map_managed: is this element of a set inside the vocabulary this mapping manages on that side? Others are left untouched. */
bool map_managed(const struct map_field *f, int side, const char *element, const struct vocabulary *v);

/* map_filter: NULL when the S record is in; else why not, for people ("no tag of: Lead"). Borrowed from o or static. */
const char *map_filter(const struct map_object *o, const json_t *s_fields, const struct vocabulary *v);

/* map_lacks: NULL when one may be made for this S record; else what it takes, for people. Borrowed from o or static. */
const char *map_lacks(const struct map_object *o, const json_t *s_fields, const struct vocabulary *v);
/* map_closed: is this stage of the CRM (an option's id) the end of a record? */
bool map_closed(const struct map_object *o, const json_t *stage);
/* map_first_stage: the stage a new record has when nothing says one; static to the schema; NULL = the CRM knows. */
const char *map_first_stage(const struct map_object *o);
/* map_first: what a new record holds beside its fields: pipeline, currency, and a stage when `set` has none. */
void map_first(const struct map_object *o, const char *currency, json_t *set);

/* map_same: eq(s,t) of the engine: t = enc(s), or s = dec(t), or norm(enc(s)) = norm(t). */
bool map_same(const struct map_field *f, const json_t *s, const json_t *t);
