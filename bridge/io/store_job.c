/* Jobs: durable dirty marks. A mark made while a job is being worked on is never lost: the job is done only if nobody
 * marked it since it was claimed. */
#include "bridge/base/when.h"
#include "bridge/io/store_private.h"

#define JOB "SELECT id,object,key,lane,attempts,due,mark,why FROM job "

void job_done(struct job *j)
{
    free(j->object);
    free(j->key);
    free(j->why);
    *j = (struct job){0};
}

void jobs_free(struct job *jobs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        job_done(&jobs[i]);
    free(jobs);
}

static struct job job_of(sqlite3_stmt *q)
{
    return (struct job){.id = q_int(q, 0), .object = q_text(q, 1), .key = q_text(q, 2), .lane = (int)q_int(q, 3),
                        .attempts = (int)q_int(q, 4), .due = q_int(q, 5), .mark = q_int(q, 6), .why = q_text(q, 7)};
}

bool store_job_mark(struct store *st, const char *route, const char *object, const char *key, int lane, int64_t due, const char *why, struct err *err)
{
    return q_run(st, err,
                 "INSERT INTO job(route,object,key,lane,attempts,due,mark,why) VALUES(?1,?2,?3,?4,0,?5,1,?6) ON CONFLICT(route,object,key) "
                 "DO UPDATE SET lane=min(lane,?4), due=min(due,?5), mark=mark+1, why=CASE WHEN why='risky' THEN why ELSE ?6 END",
                 "tttiit", route, object, key, (int64_t)lane, due, why);
}

bool store_jobs_due(struct store *st, const char *route, int64_t now, size_t max, struct job **out, size_t *n, struct err *err)
{
    sqlite3_stmt *q = q_open(st, err, JOB "WHERE route=?1 AND due<=?2 ORDER BY why='risky', lane, due, id LIMIT ?3", "tii", route, now,
                             max > INT32_MAX ? (int64_t)INT32_MAX : (int64_t)max);
    struct job *list = NULL;
    size_t count = 0;
    if (!q)
        return false;
    enum err_kind before = err->kind;
    while (q_row(st, q, err)) {
        list = mem_grow(list, count + 1, sizeof *list);
        list[count++] = job_of(q);
    }
    q_close(st, q);
    *out = list;
    *n = count;
    return err->kind == before;
}

bool store_job_get(struct store *st, const char *route, const char *object, const char *key, struct job *out, bool *found, struct err *err)
{
    sqlite3_stmt *q = q_open(st, err, JOB "WHERE route=?1 AND object=?2 AND key=?3", "ttt", route, object, key);
    if (!q)
        return false;
    enum err_kind before = err->kind;
    *found = q_row(st, q, err);
    if (*found)
        *out = job_of(q);
    q_close(st, q);
    return err->kind == before;
}

bool store_job_finish(struct store *st, const struct job *job, struct err *err)
{
    return q_run(st, err, "DELETE FROM job WHERE id=?1 AND mark=?2", "ii", job->id, job->mark) &&
           q_run(st, err, "UPDATE job SET attempts=0 WHERE id=?1", "i", job->id);
}

/* A fresh mark keeps its own due time: somebody wants it looked at now. */
bool store_job_again(struct store *st, const struct job *job, int64_t due, const char *why, bool count_attempt, struct err *err)
{
    return q_run(st, err,
                 "UPDATE job SET due=CASE WHEN mark=?2 THEN ?3 ELSE min(due,?3) END, why=CASE WHEN mark=?2 THEN ?4 ELSE why END, "
                 "attempts=attempts+?5 WHERE id=?1",
                 "iiiti", job->id, job->mark, due, why, (int64_t)count_attempt);
}

bool store_jobs_count(struct store *st, const char *route, int64_t *total, int64_t *next_due, struct err *err)
{
    sqlite3_stmt *q = q_open(st, err, "SELECT count(*), min(due) FROM job WHERE route=?1", "t", route);
    if (!q)
        return false;
    bool ok = q_row(st, q, err);
    if (ok) {
        *total = q_int(q, 0);
        *next_due = *total ? q_int(q, 1) : WHEN_NEVER;
    }
    q_close(st, q);
    return ok;
}

bool store_jobs_delay(struct store *st, const char *route, int64_t until, struct err *err)
{
    return q_run(st, err, "UPDATE job SET due=?2 WHERE route=?1 AND due<?2", "ti", route, until);
}

bool store_jobs_why(struct store *st, const char *route, const char *why, int64_t *count, struct err *err)
{
    sqlite3_stmt *q = q_open(st, err, "SELECT count(*) FROM job WHERE route=?1 AND why=?2", "tt", route, why);
    if (!q)
        return false;
    bool ok = q_row(st, q, err);
    if (ok)
        *count = q_int(q, 0);
    q_close(st, q);
    return ok;
}

bool store_jobs_wake(struct store *st, const char *route, const char *why, struct err *err)
{
    return q_run(st, err, "UPDATE job SET due=0 WHERE route=?1 AND (?2 IS NULL OR why=?2)", "tt", route, why);
}
