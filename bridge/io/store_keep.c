/* Keeping house: what is old goes, and who asked to be forgotten goes without a trace. Rows of the log may be deleted only
 * here, in a transaction that says why. */
#include "bridge/base/hash.h"
#include "bridge/io/store_private.h"
#include <string.h>

/* ---- the permit ---- */

static bool permit(struct store *st, const char *why, struct err *err)
{
    return sql_run(st, "INSERT INTO permit(why) VALUES(?)", ARGS(TEXT(why)), err);
}

static bool revoke(struct store *st, struct err *err)
{
    return sql_run(st, "DELETE FROM permit", NO_ARGS, err);
}

/* Deletes and counts. */
static bool drop(struct store *st, const char *sql, const struct arg *args, size_t n, int64_t *count, struct err *err)
{
    if (!sql_run(st, sql, args, n, err))
        return false;
    *count += sqlite3_changes(st->db);
    return true;
}

/* ---- the old ---- */

/* A row stays while it is the last that tells the shadows of one of its cells, and its link lives. */
static const char old_rows[] =
    "DELETE FROM log WHERE at < ?1 AND NOT EXISTS ("
    " SELECT 1 FROM json_each(ifnull(log.cells, '{}')) c WHERE json_type(c.value, '$.s') IS NOT NULL"
    " AND EXISTS (SELECT 1 FROM link WHERE link.id = log.link)"
    " AND NOT EXISTS (SELECT 1 FROM log l, json_each(ifnull(l.cells, '{}')) d WHERE l.link = log.link AND l.seq > "
    "log.seq"
    " AND d.key = c.key AND json_type(d.value, '$.s') IS NOT NULL))";

bool store_prune(struct store *st, int64_t before, struct pruned *out, struct err *err)
{
    struct pruned p = {0};
    VERB(v);
    if (!verb_write(&v, st, "prune the old", err) || !permit(st, "prune", err) ||
        !drop(st, old_rows, ARGS(INT(before)), &p.log, err) ||
        !drop(st,
              "DELETE FROM run WHERE started < ?1 AND ended < ?1 AND NOT EXISTS (SELECT 1 FROM log WHERE log.run = "
              "run.id)",
              ARGS(INT(before)), &p.runs, err) ||
        !drop(st,
              "DELETE FROM subject WHERE missed_at > 0 AND missed_at < ?1 AND NOT EXISTS (SELECT 1 FROM link WHERE "
              "link.key = "
              "subject.key) AND NOT EXISTS (SELECT 1 FROM job WHERE job.key = subject.key)",
              ARGS(INT(before)), &p.subjects, err) ||
        !revoke(st, err) || !verb_commit(&v, err))
        return false;
    *out = p;
    return true;
}

/* ---- the forgotten ---- */

/* Whoever has the store without the key file cannot try out whose digest it is. */
static void digest(const struct store *st, const char *key, char hex[2 * HASH_SIZE + 1])
{
    static const char context[] = "forgotten";
    uint8_t derived[HASH_SIZE], mac[HASH_SIZE];
    hash_hmac_sha256(st->key.bytes, sizeof st->key.bytes, context, sizeof context - 1, derived);
    hash_hmac_sha256(derived, sizeof derived, key, strlen(key), mac);
    hash_hex(mac, sizeof mac, hex);
    mem_wipe(derived, sizeof derived);
}

#define THEIRS                                                                                                         \
    "WITH RECURSIVE theirs(id) AS (SELECT id FROM link WHERE key = ?1 "                                                \
    "UNION SELECT link.id FROM link JOIN theirs ON link.parent = theirs.id) "

/* What was said with them: conversations stand under their key, entries name it. */
#define SAID "OR substr(key, 1, length(?1) + 1) = ?1 || '/' "

static bool erase(struct store *st, const char *key, int64_t *rows, struct err *err)
{
    static const char *const steps[] = {
        THEIRS "DELETE FROM log WHERE link IN theirs",
        THEIRS "DELETE FROM hold WHERE link IN theirs",
        THEIRS "DELETE FROM op WHERE link IN theirs",
        THEIRS "DELETE FROM seen WHERE link IN theirs",
        THEIRS "DELETE FROM job WHERE key = ?1 " SAID "OR key IN (SELECT key FROM subject WHERE json_extract(fields, '$.parent') = ?1) "
               "OR (route, object, key) IN (SELECT route, object, key FROM link WHERE id IN theirs)",
        /* a delivery of many is taken at the next start, which passes over who is forgotten */
        THEIRS "DELETE FROM delivery WHERE instr(text, ?1) AND json_array_length(text, '$.items') = 1",
        THEIRS "DELETE FROM subject WHERE key = ?1 " SAID "OR json_extract(fields, '$.parent') = ?1 "
               "OR key IN (SELECT key FROM link WHERE id IN theirs)",
        THEIRS "DELETE FROM link WHERE id IN theirs"};
    for (size_t i = 0; i < COUNT(steps); i++)
        if (!drop(st, steps[i], ARGS(TEXT(key)), rows, err))
            return false;
    return true;
}

bool store_forget(struct store *st, const char *key, int64_t *rows, struct err *err)
{
    char mac[2 * HASH_SIZE + 1];
    int64_t gone = 0;
    VERB(v);
    if (!st->sealed)
        return err_set(err, ERR_STORE, "forget somebody: there is no key file: name one in the settings");
    digest(st, key, mac);
    if (!verb_write(&v, st, "forget somebody", err) || !permit(st, "forget", err) || !erase(st, key, &gone, err) ||
        !sql_run(st, "INSERT INTO forgotten(mac, at) VALUES(?, ?) ON CONFLICT(mac) DO NOTHING",
                 ARGS(TEXT(mac), INT(st->env->now(st->env))), err) ||
        !revoke(st, err) || !verb_commit(&v, err))
        return false;
    *rows = gone;
    return true;
}

bool store_forgotten(struct store *st, const char *key, bool *yes, struct err *err)
{
    char mac[2 * HASH_SIZE + 1];
    int64_t n = 0;
    VERB(v);
    if (st->sealed && (!verb_read(&v, st, "look whether somebody was forgotten", err) ||
                       !sql_int(st, "SELECT EXISTS (SELECT 1 FROM forgotten)", NO_ARGS, &n, err)))
        return false;
    if (n) { /* the digest costs more than all else that is asked about a newcomer */
        digest(st, key, mac);
        if (!sql_int(st, "SELECT count(*) FROM forgotten WHERE mac = ?", ARGS(TEXT(mac)), &n, err))
            return false;
    }
    *yes = n > 0;
    return true;
}

bool store_forgive(struct store *st, const char *key, bool *was, struct err *err)
{
    char mac[2 * HASH_SIZE + 1];
    int64_t n = 0;
    VERB(v);
    digest(st, key, mac);
    if (!verb_write(&v, st, "let somebody in again", err) ||
        !drop(st, "DELETE FROM forgotten WHERE mac = ?", ARGS(TEXT(mac)), &n, err) || !verb_commit(&v, err))
        return false;
    *was = n > 0;
    return true;
}

/* ---- the file ---- */

/* The new file is written through the log, and the log is emptied into it: neither keeps a byte of what was deleted. */
bool store_compact(struct store *st, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "compact the file", err) &&
           sql_script(st, "PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE)", err);
}
