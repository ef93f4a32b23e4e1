/* Conversations as entries of a timeline. A CRM logs what was said as notes or tasks: one entry per conversation and day, or
 * one per message. Entries are derived, never edited: the same messages under the same rules always give the same entries,
 * each under its natural key, so that writing them is the work of the ordinary road.
 *
 * A conversation is what a source connector makes of one thread, in no service's words:
 *   {"conversation":id, "parent":key of the person, "with":"@ada", "url":…, "syncing":bool,
 *    "messages":[{"id", "at":ms, "sent":bool, "by":name or null, "text", "edited", "deleted", "encrypted":bools,
 *                 "attachments":[kind, …]}, …]}     oldest first, each once
 * Pure: no I/O, no clock. */
#pragma once
#include "bridge/base/opt.h"
#include "bridge/base/schema.h"
#include <jansson.h>

struct digest; /* the rules of one object: private to digest_rules.c and digest.c */
struct map_object;

extern const char *const digest_members[]; /* their names in a mapping file; NULL-terminated */
/* digest_parse reads them from an object in append mode; `others` are the members it does not read. */
struct digest *digest_parse(const struct opt_node *object, const char *const *others, struct opt_faults *faults);
void digest_free(struct digest *d); /* accepts NULL */
bool digest_asks_tags(const struct digest *d);
/* digest_silences: the first tag (by its label) for which nothing is logged; NULL = logged. Borrowed from d. */
const char *digest_silences(const struct digest *d, const char *tag_label);

/* digest_grouping: what the keys of entries hang on, "day +02:00" or "none"; the caller frees. */
char *digest_grouping(const struct digest *d);

/* digest_describe adds to the source's schema what an entry has: body, title, timestamp, day, direction, … */
void digest_describe(struct schema *out);

struct entry {
    char *key;      /* natural key: "conversation:2026-03-02", "conversation:message id"; "#2" for a second part */
    json_t *fields; /* fields of digest_describe, "parent", and "print": a digest of what it says but for the names of people */
};
struct entries {
    struct entry *items;
    size_t n;
};
void entries_done(struct entries *e);

/* digest_limit: characters the CRM takes as a body (the bound field that takes "body"); the rules may ask for less. */
size_t digest_limit(const struct digest *d, const struct map_object *o);
/* digest_render: every message of the conversation is in exactly one entry (a message longer than the limit in several
 * parts of one day); nothing is cut. In order of time. */
void digest_render(const struct digest *d, size_t limit, const json_t *conversation, struct entries *out);
/* digest_emptied: what an entry says whose messages are all gone; made from what it said. New reference. */
json_t *digest_emptied(const struct digest *d, const json_t *fields);
