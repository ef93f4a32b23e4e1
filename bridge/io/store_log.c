/* Runs and the change log. The database itself refuses to change a row of the log, and to delete one unless store_keep.c
 * says why. */
#include "bridge/io/store_private.h"

#define LOG "SELECT seq, at, run, link, event, cells FROM log "

bool store_run_start(struct store *st, const char *route, const char *kind, int64_t *run, struct err *err)
{
    VERB(v);
    int64_t r = 0;
    if (!verb_write(&v, st, "start a run", err) || !name_make(st, route, &r, err) ||
        !sql_run(st, "INSERT INTO run(route, kind, started) VALUES(?, ?, ?)",
                 ARGS(INT(r), TEXT(kind), INT(st->env->now(st->env))), err))
        return false;
    int64_t id = sqlite3_last_insert_rowid(st->db);
    if (!verb_commit(&v, err))
        return false;
    *run = id;
    return true;
}

bool store_run_end(struct store *st, int64_t run, const json_t *counts, struct err *err)
{
    VERB(v);
    return verb_write(&v, st, "end a run", err) &&
           sql_run(st, "UPDATE run SET ended = ?, counts = ? WHERE id = ?",
                   ARGS(INT(st->env->now(st->env)), JSON(counts), INT(run)), err) &&
           verb_commit(&v, err);
}

void run_done(struct run *run)
{
    free(run->route);
    free(run->kind);
    *run = (struct run){0};
}

static void done_run(void *item)
{
    run_done(item);
}

static bool read_run(struct rows *r, void *item, struct err *err)
{
    (void)err;
    struct run *run = item;
    *run = (struct run){rows_int(r, 0), rows_name(r, 1), rows_text(r, 2), rows_int(r, 3), rows_int(r, 4)};
    return true;
}

static const struct reader run_reader = {sizeof(struct run), read_run, done_run};

bool store_run_get(struct store *st, int64_t id, struct run *out, bool *found, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "read a run", err) &&
           sql_one(st, "SELECT id, route, kind, started, ended FROM run WHERE id = ?", ARGS(INT(id)), &run_reader, out, found,
                   err);
}

/* ---- the log ---- */

static void done_row(void *item)
{
    struct log_row *row = item;
    free(row->event);
    json_decref(row->cells);
}

static bool read_row(struct rows *r, void *item, struct err *err)
{
    struct log_row *row = item;
    *row = (struct log_row){.seq = rows_int(r, 0), .at = rows_int(r, 1), .run = rows_int(r, 2), .link = rows_int(r, 3),
                            .event = rows_text(r, 4)};
    return rows_json(r, 5, &row->cells, err);
}

static const struct reader row_reader = {sizeof(struct log_row), read_row, done_row};

void log_rows_free(struct log_row *rows, size_t n)
{
    list_free(&row_reader, rows, n);
}

bool store_log_add(struct store *st, int64_t run, int64_t link, const char *event, const json_t *cells, struct err *err)
{
    VERB(v);
    return verb_write(&v, st, "write the change log", err) &&
           sql_run(st, "INSERT INTO log(at, run, link, event, cells) VALUES(?, ?, ?, ?, ?)",
                   ARGS(INT(st->env->now(st->env)), INT(run), INT(link), TEXT(event), JSON(cells)), err) &&
           verb_commit(&v, err);
}

bool store_log_of(struct store *st, int64_t link, int64_t after_seq, size_t max, struct log_row **out, size_t *n,
                  struct err *err)
{
    VERB(v);
    if (!verb_read(&v, st, "read the change log", err))
        return false;
    if (!link)
        return sql_all(st, LOG "WHERE seq > ? ORDER BY seq LIMIT ?", ARGS(INT(after_seq), INT(sql_limit(max))), &row_reader, out,
                       n, err);
    return sql_all(st, LOG "WHERE link = ? AND seq > ? ORDER BY seq LIMIT ?",
                   ARGS(INT(link), INT(after_seq), INT(sql_limit(max))), &row_reader, out, n, err);
}

bool store_log_run(struct store *st, int64_t run, int64_t after_seq, size_t max, struct log_row **out, size_t *n,
                   struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "read what a run did", err) &&
           sql_all(st, LOG "WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?",
                   ARGS(INT(run), INT(after_seq), INT(sql_limit(max))), &row_reader, out, n, err);
}
