/* Jobs: durable dirty marks, one per record. A mark made while a job is worked on is never lost: the job is done only if
 * nobody marked it since it was read. Jobs that a guard found risky keep that reason and come last, so that a pass knows
 * how many there are before it does the first. */
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/io/store_private.h"

#define JOB "SELECT id, object, key, lane, attempts, due, mark, why FROM job WHERE route = ?1 "

/* ---- rows ---- */

void job_done(struct job *job)
{
    free(job->object);
    free(job->key);
    free(job->why);
    *job = (struct job){0};
}

static void done_job(void *item)
{
    job_done(item);
}

static bool read_job(struct rows *r, void *item, struct err *err)
{
    (void)err;
    struct job *j = item;
    *j = (struct job){.id = rows_int(r, 0), .object = rows_name(r, 1), .key = rows_text(r, 2), .lane = (int)rows_int(r, 3),
                      .attempts = (int)rows_int(r, 4), .due = rows_int(r, 5), .mark = rows_int(r, 6), .why = rows_text(r, 7)};
    return true;
}

static const struct reader job_reader = {sizeof(struct job), read_job, done_job};

void jobs_free(struct job *jobs, size_t n)
{
    list_free(&job_reader, jobs, n);
}

/* ---- marking ---- */

bool store_job_mark(struct store *st, const char *route, const char *object, const char *key, int lane, int64_t due,
                    const char *why, struct err *err)
{
    VERB(v);
    int64_t r = 0, o = 0;
    return verb_write(&v, st, "mark a job", err) && name_make(st, route, &r, err) && name_make(st, object, &o, err) &&
           sql_run(st,
                   "INSERT INTO job(route, object, key, lane, attempts, due, mark, why) VALUES(?1, ?2, ?3, ?4, 0, ?5, 1, ?6) "
                   "ON CONFLICT(route, object, key) DO UPDATE SET lane = min(lane, ?4), due = min(due, ?5), mark = mark + 1, "
                   "why = CASE WHEN why IN ('risky', 'compare') THEN why ELSE ?6 END",
                   ARGS(INT(r), INT(o), TEXT(key), INT(lane), INT(due), TEXT(why)), err) &&
           verb_commit(&v, err);
}

bool store_job_get(struct store *st, const char *route, const char *object, const char *key, struct job *out, bool *found,
                   struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "read a job", err) &&
           sql_one(st, JOB "AND object = ?2 AND key = ?3",
                   ARGS(INT(name_find(st, route)), INT(name_find(st, object)), TEXT(key)), &job_reader, out, found, err);
}

/* ---- what is due ---- */

struct due_list {
    struct job *jobs;
    size_t n, max;
};

/* Appends what one query finds, as far as there is room. */
static bool take(struct store *st, struct due_list *all, const char *sql, int64_t route, int64_t now, int64_t lane,
                 const char *const but[2], struct err *err)
{
    struct job *more = NULL;
    size_t n = 0;
    if (!sql_all(st, sql, ARGS(INT(route), INT(now), INT(sql_limit(all->max - all->n)), INT(lane), TEXT(but ? but[0] : NULL), TEXT(but ? but[1] : NULL)), &job_reader, &more, &n, err))
        return false;
    if (n) {
        all->jobs = mem_grow(all->jobs, all->n + n, sizeof *all->jobs);
        for (size_t i = 0; i < n; i++)
            all->jobs[all->n++] = more[i];
    }
    free(more);
    return true;
}

/* Lane by lane, so that the index gives each in order of time and jobs of later days are never looked at (+lane: the risky
 * ones are found by their reason, not by walking every lane again). */
static bool take_all(struct store *st, struct due_list *all, int64_t route, int64_t now, int lanes, const char *const but[2],
                     struct err *err)
{
    static const char in_lane[] = JOB "AND lane = ?4 AND due <= ?2 AND why IS NOT 'risky' AND (?5 IS NULL OR why IS NOT ?5) "
                                  "AND (?6 IS NULL OR why IS NOT ?6) ORDER BY due, id LIMIT ?3";
    static const char risky[] = JOB "AND why = 'risky' AND due <= ?2 AND ?4 IS NOT NULL AND ?5 IS NOT 'risky' AND ?6 IS NOT 'risky' ORDER BY +lane, due, id LIMIT ?3";
    static const char next_lane[] = "SELECT ifnull(min(lane), 9223372036854775807) FROM job WHERE route = ? AND lane > ?";
    for (int64_t lane = INT64_MIN; all->n < all->max;) {
        if (!sql_int(st, next_lane, ARGS(INT(route), INT(lane)), &lane, err))
            return false;
        if (lane >= lanes)
            return take(st, all, risky, route, now, 0, but, err);
        if (!take(st, all, in_lane, route, now, lane, but, err))
            return false;
    }
    return true;
}

bool store_jobs_due(struct store *st, const char *route, int64_t now, int lanes, const char *const but[2], size_t max, struct job **out,
                    size_t *n, struct err *err)
{
    struct due_list all = {.max = max};
    VERB(v);
    if (!verb_read(&v, st, "list due jobs", err) || !take_all(st, &all, name_find(st, route), now, lanes, but, err)) {
        jobs_free(all.jobs, all.n);
        return false;
    }
    *out = all.jobs;
    *n = all.n;
    return true;
}

/* ---- done, or once more ---- */

bool store_job_finish(struct store *st, const struct job *job, struct err *err)
{
    VERB(v);
    return verb_write(&v, st, "finish a job", err) &&
           sql_run(st, "DELETE FROM job WHERE id = ? AND mark = ?", ARGS(INT(job->id), INT(job->mark)), err) &&
           (sqlite3_changes(st->db) || sql_run(st, "UPDATE job SET attempts = 0 WHERE id = ?", ARGS(INT(job->id)), err)) &&
           verb_commit(&v, err);
}

/* Marked meanwhile: somebody wants it looked at now, so neither its time nor its reason moves back. */
bool store_job_again(struct store *st, const struct job *job, int64_t due, const char *why, bool count_attempt, struct err *err)
{
    VERB(v);
    return verb_write(&v, st, "put a job back", err) &&
           sql_run(st,
                   "UPDATE job SET due = CASE WHEN mark = ?2 THEN ?3 ELSE min(due, ?3) END, "
                   "why = CASE WHEN mark = ?2 THEN ?4 ELSE why END, attempts = attempts + ?5 WHERE id = ?1",
                   ARGS(INT(job->id), INT(job->mark), INT(due), TEXT(why), INT(count_attempt)), err) &&
           verb_commit(&v, err);
}

/* ---- many at once ---- */

/* Who is only compared waits for a query under way: what is next is that. */
bool store_jobs_count(struct store *st, const char *route, int64_t *total, int64_t *next_due, struct err *err)
{
    VERB(v);
    ROWS(r);
    bool more = false;
    if (!verb_read(&v, st, "count jobs", err) ||
        !rows_open(&r, st,
                   "SELECT count(*), ifnull(min(CASE WHEN lane < ?3 OR NOT EXISTS(SELECT 1 FROM bulk WHERE route = ?1 AND kind = ?4 "
                   "AND over = 0) THEN due END), ?2), (SELECT ifnull(min(due), ?2) FROM bulk WHERE route = ?1) "
                   "FROM job WHERE route = ?1",
                   ARGS(INT(name_find(st, route)), INT(WHEN_NEVER), INT(LANE_RECONCILE), INT(BULK_QUERY)), err) ||
        !rows_next(&r, &more, err))
        return false;
    *total = rows_int(&r, 0);
    *next_due = rows_int(&r, 1) < rows_int(&r, 2) ? rows_int(&r, 1) : rows_int(&r, 2);
    return true;
}

bool store_jobs_lanes(struct store *st, const char *route, int64_t by_lane[LANES], struct err *err)
{
    int64_t counts[LANES] = {0};
    VERB(v);
    if (!verb_read(&v, st, "count jobs", err))
        return false;
    for (int lane = 0; lane < LANES; lane++)
        if (!sql_int(st, "SELECT count(*) FROM job WHERE route = ? AND lane = ?", ARGS(INT(name_find(st, route)), INT(lane)),
                     &counts[lane], err))
            return false;
    for (int lane = 0; lane < LANES; lane++)
        by_lane[lane] = counts[lane];
    return true;
}

bool store_jobs_why(struct store *st, const char *route, const char *why, int64_t *count, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "count jobs", err) &&
           sql_int(st, "SELECT count(*) FROM job WHERE route = ? AND why = ?", ARGS(INT(name_find(st, route)), TEXT(why)), count,
                   err);
}

bool store_jobs_delay(struct store *st, const char *route, int64_t until, struct err *err)
{
    VERB(v);
    return verb_write(&v, st, "delay jobs", err) &&
           sql_run(st, "UPDATE job SET due = ?2 WHERE route = ?1 AND due < ?2", ARGS(INT(name_find(st, route)), INT(until)), err) &&
           verb_commit(&v, err);
}

bool store_jobs_hasten(struct store *st, const char *route, int64_t beyond, struct err *err)
{
    VERB(v);
    if (!verb_write(&v, st, "hasten jobs", err))
        return false;
    int64_t r = name_find(st, route);
    return sql_run(st, "UPDATE job SET due = 0 WHERE route = ? AND due > ?", ARGS(INT(r), INT(beyond)), err) &&
           sql_run(st, "UPDATE bulk SET due = 0 WHERE route = ? AND due > ?", ARGS(INT(r), INT(beyond)), err) && verb_commit(&v, err);
}

bool store_jobs_wake(struct store *st, const char *route, const char *why, struct err *err)
{
    VERB(v);
    if (!verb_write(&v, st, "wake jobs", err))
        return false;
    int64_t r = name_find(st, route);
    bool ok = why ? sql_run(st, "UPDATE job SET due = 0 WHERE route = ? AND why = ?", ARGS(INT(r), TEXT(why)), err)
                  : sql_run(st, "UPDATE job SET due = 0 WHERE route = ?", ARGS(INT(r)), err);
    return ok && verb_commit(&v, err);
}
