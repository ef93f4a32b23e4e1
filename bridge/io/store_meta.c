/* The small tables: meta, secrets, cursors, terms, runs and the change log. */
#include "bridge/io/store_private.h"
#include <string.h>

/* A query for one text. */
static bool one_text(struct store *st, sqlite3_stmt *q, char **out, struct err *err)
{
    if (!q)
        return false;
    enum err_kind before = err->kind;
    bool row = q_row(st, q, err);
    *out = row ? q_text(q, 0) : NULL;
    q_close(st, q);
    return row || err->kind == before;
}

bool store_meta_get(struct store *st, const char *name, char **out, struct err *err)
{
    return one_text(st, q_open(st, err, "SELECT text FROM meta WHERE name=?1", "t", name), out, err);
}

bool store_meta_set(struct store *st, const char *name, const char *text, struct err *err)
{
    if (!text)
        return q_run(st, err, "DELETE FROM meta WHERE name=?1", "t", name);
    return q_run(st, err, "INSERT OR REPLACE INTO meta VALUES(?1,?2)", "tt", name, text);
}

bool store_secret_get(struct store *st, const char *name, char **plain, struct err *err)
{
    AUTO_FREE char *sealed = NULL;
    *plain = NULL;
    if (!one_text(st, q_open(st, err, "SELECT sealed FROM secret WHERE name=?1", "t", name), &sealed, err) || !sealed)
        return err->kind == ERR_NONE;
    if (!st->has_key)
        return err_set(err, ERR_STORE, "there is no key file to open the sealed %s", name);
    *plain = seal_open(&st->key, name, sealed, err);
    return *plain != NULL;
}

bool store_secret_set(struct store *st, const char *name, const char *plain, struct err *err)
{
    if (!st->has_key)
        return err_set(err, ERR_STORE, "there is no key file to seal %s", name);
    AUTO_FREE char *sealed = seal_close(&st->key, name, plain);
    return q_run(st, err, "INSERT OR REPLACE INTO secret VALUES(?1,?2)", "tt", name, sealed);
}

bool store_cursor_get(struct store *st, const char *endpoint, const char *stream, char **out, struct err *err)
{
    return one_text(st, q_open(st, err, "SELECT cursor FROM cursor WHERE endpoint=?1 AND stream=?2", "tt", endpoint, stream), out, err);
}

bool store_cursor_set(struct store *st, const char *endpoint, const char *stream, const char *cursor, struct err *err)
{
    return q_run(st, err, "INSERT OR REPLACE INTO cursor VALUES(?1,?2,?3)", "ttt", endpoint, stream, cursor);
}

/* ---- terms ---- */

bool store_term_put(struct store *st, const char *endpoint, const char *field, const struct term *t, struct err *err)
{
    return q_run(st, err, "INSERT OR REPLACE INTO term VALUES(?1,?2,?3,?4,?5,?6)", "tttttt", endpoint, field, t->id, t->label, t->now,
                 t->gone ? "1" : "0");
}

bool store_terms(struct store *st, const char *endpoint, const char *field, struct term **out, size_t *n, struct err *err)
{
    sqlite3_stmt *q = q_open(st, err, "SELECT id,label,now,gone FROM term WHERE endpoint=?1 AND field=?2", "tt", endpoint, field);
    struct term *terms = NULL;
    size_t count = 0;
    if (!q)
        return false;
    enum err_kind before = err->kind;
    while (q_row(st, q, err)) {
        terms = mem_grow(terms, count + 1, sizeof *terms);
        terms[count++] = (struct term){q_text(q, 0), q_text(q, 1), q_text(q, 2), q_int(q, 3) != 0};
    }
    q_close(st, q);
    if (err->kind != before) {
        terms_free(terms, count);
        return false;
    }
    *out = terms;
    *n = count;
    return true;
}

void terms_free(struct term *terms, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(terms[i].id);
        free(terms[i].label);
        free(terms[i].now);
    }
    free(terms);
}

/* ---- runs and the log ---- */

static int64_t now(struct store *st)
{
    return st->env->now(st->env);
}

bool store_run_start(struct store *st, const char *route, const char *kind, int64_t *run, struct err *err)
{
    pthread_mutex_lock(&st->lock);
    bool ok = q_run(st, err, "INSERT INTO run(route,kind,started) VALUES(?1,?2,?3)", "tti", route, kind, now(st));
    if (ok)
        *run = sqlite3_last_insert_rowid(st->db);
    pthread_mutex_unlock(&st->lock);
    return ok;
}

bool store_run_end(struct store *st, int64_t run, const json_t *counts, struct err *err)
{
    return q_run(st, err, "UPDATE run SET ended=?2, counts=?3 WHERE id=?1", "iij", run, now(st), counts);
}

bool store_log_add(struct store *st, int64_t run, int64_t link, const char *event, const json_t *cells, struct err *err)
{
    return q_run(st, err, "INSERT INTO log(at,run,link,event,cells) VALUES(?1,?2,?3,?4,?5)", "iiitj", now(st), run, link, event, cells);
}

bool store_log_of(struct store *st, int64_t link, int64_t after, size_t max, struct log_row **out, size_t *n, struct err *err)
{
    sqlite3_stmt *q = link ? q_open(st, err, "SELECT seq,at,run,link,event,cells FROM log WHERE link=?1 AND seq>?2 ORDER BY seq LIMIT ?3",
                                    "iii", link, after, (int64_t)max)
                           : q_open(st, err, "SELECT seq,at,run,link,event,cells FROM log WHERE seq>?2 AND ?1=0 ORDER BY seq LIMIT ?3",
                                    "iii", link, after, (int64_t)max);
    struct log_row *rows = NULL;
    size_t count = 0;
    if (!q)
        return false;
    enum err_kind before = err->kind;
    while (q_row(st, q, err)) {
        rows = mem_grow(rows, count + 1, sizeof *rows);
        rows[count++] = (struct log_row){q_int(q, 0), q_int(q, 1), q_int(q, 2), q_int(q, 3), q_text(q, 4), q_json(q, 5)};
    }
    q_close(st, q);
    if (err->kind != before) {
        log_rows_free(rows, count);
        return false;
    }
    *out = rows;
    *n = count;
    return true;
}

void log_rows_free(struct log_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(rows[i].event);
        json_decref(rows[i].cells);
    }
    free(rows);
}
