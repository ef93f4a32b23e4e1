/* Subjects and links. */
#include "bridge/io/store_private.h"

/* ---- subjects ---- */

#define SUBJECT "SELECT object,key,id,label,fields,as_of,stale,scan,missed_at FROM subject "

void subject_done(struct subject *s)
{
    free(s->object);
    free(s->key);
    free(s->id);
    free(s->label);
    json_decref(s->fields);
    *s = (struct subject){0};
}

void subjects_free(struct subject *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        subject_done(&s[i]);
    free(s);
}

static struct subject subject_of(sqlite3_stmt *q)
{
    return (struct subject){.object = q_text(q, 0), .key = q_text(q, 1), .id = q_text(q, 2), .label = q_text(q, 3),
                            .fields = q_json(q, 4), .as_of = q_int(q, 5), .stale = q_int(q, 6) != 0, .scan = q_int(q, 7),
                            .missed_at = q_int(q, 8)};
}

static bool one_subject(struct store *st, sqlite3_stmt *q, struct subject *out, bool *found, struct err *err)
{
    if (!q)
        return false;
    enum err_kind before = err->kind;
    *found = q_row(st, q, err);
    if (*found)
        *out = subject_of(q);
    q_close(st, q);
    return err->kind == before;
}

bool store_subject_get(struct store *st, const char *endpoint, const char *object, const char *key, struct subject *out, bool *found, struct err *err)
{
    return one_subject(st, q_open(st, err, SUBJECT "WHERE endpoint=?1 AND object=?2 AND key=?3", "ttt", endpoint, object, key), out, found, err);
}

bool store_subject_by_id(struct store *st, const char *endpoint, const char *object, const char *id, struct subject *out, bool *found, struct err *err)
{
    return one_subject(st, q_open(st, err, SUBJECT "WHERE endpoint=?1 AND object=?2 AND id=?3", "ttt", endpoint, object, id), out, found, err);
}

bool store_subject_find(struct store *st, const char *endpoint, const char *words, struct subject *out, bool *found, struct err *err)
{
    AUTO_FREE char *at = mem_printf("@%s", *words == '@' ? words + 1 : words);
    return one_subject(st, q_open(st, err, SUBJECT "WHERE endpoint=?1 AND (key=?2 OR id=?2 OR label=?2 COLLATE NOCASE OR label=?3 COLLATE NOCASE) LIMIT 1",
                                  "ttt", endpoint, words, at), out, found, err);
}

bool store_subject_put(struct store *st, const char *endpoint, const struct subject *s, struct err *err)
{
    return q_run(st, err, "INSERT OR REPLACE INTO subject VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)", "tttttjiiii", endpoint, s->object, s->key,
                 s->id, s->label, s->fields, s->as_of, (int64_t)s->stale, s->scan, s->missed_at);
}

static bool one_int(struct store *st, sqlite3_stmt *q, int64_t *out, struct err *err)
{
    if (!q)
        return false;
    bool ok = q_row(st, q, err);
    if (ok)
        *out = q_int(q, 0);
    q_close(st, q);
    return ok;
}

bool store_subject_count(struct store *st, const char *endpoint, int64_t *out, struct err *err)
{
    return one_int(st, q_open(st, err, "SELECT count(*) FROM subject WHERE endpoint=?1", "t", endpoint), out, err);
}

bool store_subjects_after(struct store *st, const char *endpoint, const char *object, const char *key, size_t max, struct subject **out, size_t *n, struct err *err)
{
    sqlite3_stmt *q = q_open(st, err, SUBJECT "WHERE endpoint=?1 AND object=?2 AND key>?3 ORDER BY key LIMIT ?4", "ttti", endpoint, object,
                             key ? key : "", (int64_t)max);
    struct subject *list = NULL;
    size_t count = 0;
    if (!q)
        return false;
    enum err_kind before = err->kind;
    while (q_row(st, q, err)) {
        list = mem_grow(list, count + 1, sizeof *list);
        list[count++] = subject_of(q);
    }
    q_close(st, q);
    *out = list;
    *n = count;
    return err->kind == before;
}

/* ---- links ---- */

#define LINK "SELECT id,route,object,key,t_type,t_id,state,reason,secondary,t_version,cells,parent,touched FROM link "

static const char *const state_names[] = {"linked", "creating", "ambiguous", "paused", "detached", "tombstone"};

const char *link_state_name(enum link_state s)
{
    return s < COUNT(state_names) ? state_names[s] : "?";
}

void link_done(struct link *l)
{
    free(l->route);
    free(l->object);
    free(l->key);
    free(l->t_type);
    free(l->t_id);
    free(l->reason);
    free(l->t_version);
    json_decref(l->cells);
    *l = (struct link){0};
}

void links_free(struct link *l, size_t n)
{
    for (size_t i = 0; i < n; i++)
        link_done(&l[i]);
    free(l);
}

static struct link link_of(sqlite3_stmt *q)
{
    return (struct link){.id = q_int(q, 0), .route = q_text(q, 1), .object = q_text(q, 2), .key = q_text(q, 3), .t_type = q_text(q, 4),
                         .t_id = q_text(q, 5), .state = (enum link_state)q_int(q, 6), .reason = q_text(q, 7),
                         .secondary = q_int(q, 8) != 0, .t_version = q_text(q, 9), .cells = q_json(q, 10), .parent = q_int(q, 11),
                         .touched = q_int(q, 12)};
}

static bool one_link(struct store *st, sqlite3_stmt *q, struct link *out, bool *found, struct err *err)
{
    if (!q)
        return false;
    enum err_kind before = err->kind;
    *found = q_row(st, q, err);
    if (*found)
        *out = link_of(q);
    q_close(st, q);
    return err->kind == before;
}

bool store_link_get(struct store *st, const char *route, const char *object, const char *key, struct link *out, bool *found, struct err *err)
{
    return one_link(st, q_open(st, err, LINK "WHERE route=?1 AND object=?2 AND key=?3", "ttt", route, object, key), out, found, err);
}

bool store_link_by_id(struct store *st, int64_t id, struct link *out, bool *found, struct err *err)
{
    return one_link(st, q_open(st, err, LINK "WHERE id=?1", "i", id), out, found, err);
}

bool store_link_by_target(struct store *st, const char *route, const char *t_type, const char *t_id, struct link *out, bool *found, struct err *err)
{
    return one_link(st, q_open(st, err, LINK "WHERE route=?1 AND t_type=?2 AND t_id=?3 ORDER BY secondary LIMIT 1", "ttt", route, t_type, t_id),
                    out, found, err);
}

/* The unique index refused it: say whose record it is. */
static bool clash(struct store *st, const struct link *l, struct err *err)
{
    struct link other = {0};
    bool found = false;
    struct err ignored = {0};
    if (l->t_id && store_link_by_target(st, l->route, l->t_type, l->t_id, &other, &found, &ignored) && found && other.id != l->id)
        err_set(err, ERR_REJECT, "the record %s is already linked to %s", l->t_id, other.key);
    link_done(&other);
    return false;
}

bool store_link_put(struct store *st, struct link *l, struct err *err)
{
    pthread_mutex_lock(&st->lock);
    bool fresh = l->id == 0;
    bool ok = fresh ? q_run(st, err, "INSERT INTO link(route,object,key,t_type,t_id,state,reason,secondary,t_version,cells,parent,touched) "
                                     "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
                            "tttttititjii", l->route, l->object, l->key, l->t_type, l->t_id, (int64_t)l->state, l->reason,
                            (int64_t)l->secondary, l->t_version, l->cells, l->parent, l->touched)
                    : q_run(st, err, "UPDATE link SET t_type=?2,t_id=?3,state=?4,reason=?5,secondary=?6,t_version=?7,cells=?8,parent=?9,"
                                     "touched=?10 WHERE id=?1",
                            "ittititjii", l->id, l->t_type, l->t_id, (int64_t)l->state, l->reason, (int64_t)l->secondary,
                            l->t_version, l->cells, l->parent, l->touched);
    if (ok && fresh)
        l->id = sqlite3_last_insert_rowid(st->db);
    if (!ok && (sqlite3_errcode(st->db) & 0xff) == SQLITE_CONSTRAINT)
        clash(st, l, err);
    pthread_mutex_unlock(&st->lock);
    return ok;
}

bool store_link_delete(struct store *st, int64_t id, struct err *err)
{
    return q_run(st, err, "DELETE FROM link WHERE id=?1", "i", id);
}

bool store_links_after(struct store *st, const char *route, int64_t after, size_t max, struct link **out, size_t *n, struct err *err)
{
    sqlite3_stmt *q = q_open(st, err, LINK "WHERE id>?2 AND route=?1 ORDER BY id LIMIT ?3", "tii", route, after, (int64_t)max);
    struct link *list = NULL;
    size_t count = 0;
    if (!q)
        return false;
    enum err_kind before = err->kind;
    while (q_row(st, q, err)) {
        list = mem_grow(list, count + 1, sizeof *list);
        list[count++] = link_of(q);
    }
    q_close(st, q);
    *out = list;
    *n = count;
    return err->kind == before;
}

bool store_link_counts(struct store *st, const char *route, int64_t by_state[8], struct err *err)
{
    sqlite3_stmt *q = q_open(st, err, "SELECT state,count(*) FROM link WHERE route=?1 GROUP BY state", "t", route);
    if (!q)
        return false;
    enum err_kind before = err->kind;
    while (q_row(st, q, err))
        if (q_int(q, 0) >= 0 && q_int(q, 0) < 8)
            by_state[q_int(q, 0)] = q_int(q, 1);
    q_close(st, q);
    return err->kind == before;
}
