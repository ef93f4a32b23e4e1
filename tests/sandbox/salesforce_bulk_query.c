/* Bulk API 2.0, query: a job whose result is read in pages of CSV, each with its header row, again and again. */
#include "tests/sandbox/salesforce.h"
#include <stdio.h>

/* ---- making one ---- */

/* The result as CSV cells, taken when the job is made; dates end in Z here. */
static json_t *cell_of(const json_t *record, const char *path)
{
    AUTO_FREE char *copy = mem_dup(path);
    const json_t *at = record;
    char *save = NULL;
    for (char *step = strtok_r(copy, ".", &save); step; step = strtok_r(NULL, ".", &save)) {
        const char *name;
        json_t *v;
        const json_t *found = NULL;
        json_object_foreach ((json_t *)at, name, v)
            if (str_eq_nocase(name, step))
                found = v;
        at = found;
    }
    const char *text = json_string_value(at);
    size_t n = text ? strlen(text) : 0;
    if (n == 28 && str_eq(text + 19, ".000+0000"))
        return json_sprintf("%.23sZ", text);
    if (text)
        return json_string(text);
    AUTO_FREE char *printed = at && !json_is_null(at) ? js_print(at) : mem_dup("");
    return json_string(printed);
}

static json_t *cells_of(const json_t *records, const json_t *names)
{
    json_t *rows = json_array(), *record, *name;
    size_t i, k;
    json_array_foreach ((json_t *)records, i, record) {
        json_t *row = json_array();
        json_array_foreach ((json_t *)names, k, name)
            js_add(row, cell_of(record, json_string_value(name)));
        js_add(rows, row);
    }
    return rows;
}

int64_t sf_query_jobs_today(const struct sf *s)
{
    const char *id;
    json_t *job;
    int64_t n = 0;
    json_object_foreach (s->jobs, id, job)
        n += js_bool_or(job, "_reads", false) && sf_now((struct sf *)s) - js_int_or(job, "_made", 0) < 24 * SF_HOUR;
    return n;
}

/* Compound fields are read through their parts here. */
static bool compound(struct sf *s, const struct soql *q)
{
    const struct sf_type *to = NULL;
    size_t i;
    json_t *path;
    json_array_foreach (q->select, i, path) {
        const struct sf_field *f = soql_field(s, sf_type_of(s, q->from), json_string_value(path), &to);
        if (f && (str_eq(f->type, "address") || str_eq(f->type, "location")))
            return true;
    }
    return false;
}

void sf_query_run(struct sf *s, json_t *job)
{
    bool fails = sf_flag(s, "bulk_query_fails");
    js_set(job, "state", json_string(fails ? "Failed" : "JobComplete"));
    if (fails)
        js_set(job, "errorMessage", json_string("InternalServerError : the query could not be processed"));
}

static void create(struct sf_ask *ask)
{
    const char *text = js_str_or(ask->body, "query", ""), *op = js_str_or(ask->body, "operation", "");
    struct sf_bad bad = {0};
    struct soql q = {0};
    int64_t total = 0;
    bool all = str_eq(op, "queryAll");
    AUTO_JSON json_t *records = sf_run(ask->s, ask->version, text, all, false, &total, &bad);
    bool read = records && soql_parse(text, &q, &bad);
    sf_note(ask, false, "/jobs/query");
    if (read && (q.count || !json_array_size(q.select)))
        sf_error(ask, 400, "API_ERROR", "Aggregates are not supported in bulk queries");
    else if (read && compound(ask->s, &q))
        sf_error(ask, 400, "API_ERROR", "FeatureNotEnabled : Selecting compound data not supported in Bulk Query");
    else if (!read)
        sf_refuse(ask, &bad);
    else if (sf_query_jobs_today(ask->s) >= sf_count(ask->s, "bulk_query_daily"))
        sf_error(ask, 400, "LIMIT_EXCEEDED", "The number of bulk query jobs of 24 hours is used up");
    else if (!all && !str_eq(op, "query"))
        sf_error(ask, 400, "INVALIDJOB", "operation is missing or unknown: %s", op);
    else {
        json_t *job = sf_job_new(ask, "query");
        js_set(job, "object", json_string(sf_type_of(ask->s, q.from)->name));
        js_set(job, "state", json_string("UploadComplete"));
        js_set(job, "_at", json_integer(sf_now(ask->s)));
        js_set(job, "_reads", json_true());
        js_set(job, "_head", json_incref(q.select));
        js_set(job, "_rows", cells_of(records, q.select));
        sf_reply(ask, 200, sf_job_json(job));
    }
    soql_done(&q);
}

/* ---- reading it ---- */

/* Without maxRecords everything is one page. */
static void results(struct sf_ask *ask, const json_t *job)
{
    const json_t *rows = json_object_get(job, "_rows");
    const char *locator = js_str(ask->query, "locator");
    int64_t most = js_int_or(ask->query, "maxRecords", INT64_MAX), from = 0;
    size_t n = json_array_size(rows), i;
    struct buf b = {0};
    char next[24] = "null", count[24];
    sf_note(ask, false, "/jobs/query/{id}/results");
    if (!str_eq(js_str(job, "state"), "JobComplete") || most < 1) {
        sf_error(ask, 400, "INVALIDJOBSTATE", "Job state is %s", js_str(job, "state"));
        return;
    }
    if (locator && (locator[0] != 'L' || !str_to_int(locator + 1, 0, (int64_t)n, &from))) {
        sf_error(ask, 400, "INVALID_QUERY_LOCATOR", "invalid query locator");
        return;
    }
    if (json_object_get(ask->query, "maxRecords") && sf_flag(ask->s, "short_pages"))
        most = 1 + (int64_t)(sandbox_random(sf_box(ask->s)) % ((size_t)most < n || !n ? (uint64_t)most : (uint64_t)n));
    const char *end = str_eq(js_str(job, "lineEnding"), "CRLF") ? "\r\n" : "\n";
    sf_csv_row(&b, json_object_get(job, "_head"), end);
    for (i = (size_t)from; i < n && (int64_t)i - from < most; i++)
        sf_csv_row(&b, json_array_get(rows, i), end);
    snprintf(count, sizeof count, "%zu", i - (size_t)from);
    if (i < n)
        snprintf(next, sizeof next, "L%zu", i);
    http_headers_set(&ask->a->headers, "Sforce-NumberOfRecords", count);
    http_headers_set(&ask->a->headers, "Sforce-Locator", next);
    sf_reply_csv(ask, &b);
}

static json_t *shown(const json_t *job)
{
    json_t *out = sf_job_json(job);
    if (str_eq(js_str(job, "state"), "JobComplete")) {
        js_set(out, "jobType", json_string("V2Query"));
        js_set(out, "numberRecordsProcessed", json_integer((json_int_t)json_array_size(json_object_get(job, "_rows"))));
        js_set(out, "retries", json_integer(0));
    }
    return out;
}

static void one(struct sf_ask *ask, json_t *job)
{
    bool ended = !str_eq(js_str(job, "state"), "UploadComplete") && !str_eq(js_str(job, "state"), "InProgress");
    sf_note(ask, false, "/jobs/query/{id}");
    if (sf_is(ask, "GET")) {
        sf_reply(ask, 200, shown(job));
    } else if (sf_is(ask, "PATCH") && str_eq(js_str(ask->body, "state"), "Aborted") && !ended) {
        js_set(job, "state", json_string("Aborted"));
        sf_reply(ask, 200, shown(job));
    } else if (sf_is(ask, "DELETE") && ended) {
        js_set(job, "_kind", json_string("deleted"));
        sf_reply(ask, 204, NULL);
    } else {
        sf_error(ask, 400, "INVALIDJOBSTATE", "Job state is %s", js_str(job, "state"));
    }
}

void sf_query_jobs(struct sf_ask *ask)
{
    json_t *job = ask->n > 2 ? sf_job_named(ask->s, ask->part[2], "query") : NULL;
    if (ask->n == 2 && sf_is(ask, "POST"))
        create(ask);
    else if (!job)
        sf_not_there(ask);
    else if ((double)ask->version != json_number_value(json_object_get(job, "apiVersion")))
        sf_error(ask, 409, "API_ERROR", "the job belongs to another API version");
    else if (ask->n == 3)
        one(ask, job);
    else if (ask->n == 4 && str_eq(ask->part[3], "results"))
        results(ask, job);
    else
        sf_not_there(ask);
}
