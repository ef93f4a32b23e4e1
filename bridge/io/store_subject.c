/* Subjects: what a source record was when last seen. Found by bridge key, by the source's id, or by what a person types. */
#include "bridge/io/store_private.h"

#define SUBJECT                                                                                                                \
    "SELECT object, key, id, label, fields, as_of, stale, scan, missed_at, changed FROM subject WHERE endpoint = ?1 "

void subject_done(struct subject *s)
{
    free(s->object);
    free(s->key);
    free(s->id);
    free(s->label);
    json_decref(s->fields);
    json_decref(s->changed);
    *s = (struct subject){0};
}

static void done_subject(void *item)
{
    subject_done(item);
}

static bool read_subject(struct rows *r, void *item, struct err *err)
{
    struct subject *s = item;
    *s = (struct subject){.object = rows_name(r, 0), .key = rows_text(r, 1), .id = rows_text(r, 2), .label = rows_text(r, 3),
                          .as_of = rows_int(r, 5), .stale = rows_int(r, 6) != 0, .scan = rows_int(r, 7),
                          .missed_at = rows_int(r, 8)};
    return rows_json(r, 4, &s->fields, err) && rows_json(r, 9, &s->changed, err);
}

static const struct reader subject_reader = {sizeof(struct subject), read_subject, done_subject};

void subjects_free(struct subject *s, size_t n)
{
    list_free(&subject_reader, s, n);
}

bool store_subject_get(struct store *st, const char *endpoint, const char *object, const char *key, struct subject *out,
                       bool *found, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "read a subject", err) &&
           sql_one(st, SUBJECT "AND object = ?2 AND key = ?3",
                   ARGS(INT(name_find(st, endpoint)), INT(name_find(st, object)), TEXT(key)), &subject_reader, out, found, err);
}

bool store_subject_by_id(struct store *st, const char *endpoint, const char *object, const char *id, struct subject *out,
                         bool *found, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "read a subject by its id", err) &&
           sql_one(st, SUBJECT "AND object = ?2 AND id = ?3 ORDER BY as_of DESC LIMIT 1",
                   ARGS(INT(name_find(st, endpoint)), INT(name_find(st, object)), TEXT(id)), &subject_reader, out, found, err);
}

/* From the surest reading of what was typed to the loosest; only the last looks at every row. */
static const struct way {
    const char *sql;
    bool other; /* with the @ that was not typed, or without the one that was */
} ways[] = {
    {SUBJECT "AND object IN (SELECT id FROM name) AND key = ?2 LIMIT 1", false},
    {SUBJECT "AND object IN (SELECT id FROM name) AND id = ?2 LIMIT 1", false},
    {SUBJECT "AND label = ?2 COLLATE NOCASE LIMIT 1", false},
    {SUBJECT "AND label = ?2 COLLATE NOCASE LIMIT 1", true},
    {SUBJECT "AND (key = ?2 COLLATE NOCASE OR id = ?2 COLLATE NOCASE) LIMIT 1", false},
};

bool store_subject_find(struct store *st, const char *endpoint, const char *words, struct subject *out, bool *found,
                        struct err *err)
{
    AUTO_FREE char *other = *words == '@' ? mem_dup(words + 1) : mem_printf("@%s", words);
    bool hit = false;
    VERB(v);
    if (!verb_read(&v, st, "look for a subject", err))
        return false;
    for (size_t i = 0; !hit && i < COUNT(ways); i++)
        if (!sql_one(st, ways[i].sql, ARGS(INT(name_find(st, endpoint)), TEXT(ways[i].other ? other : words)), &subject_reader,
                     out, &hit, err))
            return false;
    *found = hit;
    return true;
}

bool store_subject_put(struct store *st, const char *endpoint, const struct subject *s, struct err *err)
{
    VERB(v);
    int64_t ep = 0, object = 0;
    return verb_write(&v, st, "keep a subject", err) && name_make(st, endpoint, &ep, err) &&
           name_make(st, s->object, &object, err) &&
           sql_run(st,
                   "INSERT INTO subject(endpoint, object, key, id, label, fields, as_of, stale, scan, missed_at, changed) "
                   "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT(endpoint, object, key) DO UPDATE SET "
                   "id = ?4, label = ?5, fields = ?6, as_of = ?7, stale = ?8, scan = ?9, missed_at = ?10, changed = ?11",
                   ARGS(INT(ep), INT(object), TEXT(s->key), TEXT(s->id), TEXT(s->label), JSON(s->fields), INT(s->as_of),
                        INT(s->stale), INT(s->scan), INT(s->missed_at), JSON(s->changed)),
                   err) &&
           verb_commit(&v, err);
}

bool store_subject_count(struct store *st, const char *endpoint, int64_t *out, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "count subjects", err) &&
           sql_int(st, "SELECT count(*) FROM subject WHERE endpoint = ?", ARGS(INT(name_find(st, endpoint))), out, err);
}

bool store_subjects_stale(struct store *st, const char *endpoint, int64_t *out, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "count subjects", err) &&
           sql_int(st, "SELECT count(*) FROM subject WHERE endpoint = ? AND stale", ARGS(INT(name_find(st, endpoint))), out, err);
}

bool store_subjects_after(struct store *st, const char *endpoint, const char *object, const char *key, size_t max,
                          struct subject **out, size_t *n, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "list subjects", err) &&
           sql_all(st, SUBJECT "AND object = ?2 AND key > ?3 ORDER BY key LIMIT ?4",
                   ARGS(INT(name_find(st, endpoint)), INT(name_find(st, object)), TEXT(key ? key : ""), INT(sql_limit(max))),
                   &subject_reader, out, n, err);
}
