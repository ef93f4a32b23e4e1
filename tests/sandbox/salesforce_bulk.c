/* Bulk API 2.0, ingest: a job takes one CSV, and after UploadComplete works by itself. JobComplete says nothing about
 * rows. */
#include "tests/sandbox/salesforce.h"

#define JOB_LIFE_MS (7 * 24 * SF_HOUR)
#define ENCODED_MOST ((size_t)150000000) /* of base64, so 112 MB of CSV */

/* ---- jobs of both kinds ---- */

json_t *sf_job_new(struct sf_ask *ask, const char *kind)
{
    char id[SF_ID], at[SF_STAMP];
    sf_id_make("750", (int64_t)json_object_size(ask->s->jobs) + 1, id);
    sf_stamp(sf_now(ask->s), at);
    json_t *job = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:f,s:s}", "id", id, "_kind", kind, "createdById", ask->s->robot,
                            "createdDate", at, "systemModstamp", at, "concurrencyMode", "Parallel", "apiVersion",
                            (double)ask->version, "contentType", "CSV");
    js_set(job, "lineEnding", json_string(js_str_or(ask->body, "lineEnding", "LF")));
    js_set(job, "columnDelimiter", json_string(js_str_or(ask->body, "columnDelimiter", "COMMA")));
    js_set(job, "operation", json_string(js_str_or(ask->body, "operation", "")));
    js_set(job, "_made", json_integer(sf_now(ask->s)));
    js_set(ask->s->jobs, id, job);
    return job;
}

json_t *sf_job_named(struct sf *s, const char *id, const char *kind)
{
    char full[SF_ID];
    json_t *job = sf_id_read(id, full) ? json_object_get(s->jobs, full) : NULL;
    bool forgotten = sf_now(s) - js_int_or(job, "_made", 0) > JOB_LIFE_MS;
    return str_eq(js_str(job, "_kind"), kind) && !forgotten ? job : NULL;
}

json_t *sf_job_json(const json_t *job)
{
    json_t *out = json_object(), *v;
    const char *name;
    json_object_foreach ((json_t *)job, name, v)
        if (name[0] != '_')
            json_object_set(out, name, v);
    return out;
}

static void set_state(json_t *job, const char *state)
{
    js_set(job, "state", json_string(state));
}

static bool in_state(const json_t *job, const char *state)
{
    return str_eq(js_str(job, "state"), state);
}

static bool ended(const json_t *job)
{
    return in_state(job, "JobComplete") || in_state(job, "Failed") || in_state(job, "Aborted");
}

void sf_jobs_tick(struct sf *s)
{
    int64_t takes = sf_count(s, "bulk_ms");
    const char *id;
    json_t *job;
    json_object_foreach (s->jobs, id, job) {
        int64_t since = sf_now(s) - js_int_or(job, "_at", INT64_MAX);
        if (in_state(job, "UploadComplete") && since >= takes / 4)
            set_state(job, "InProgress");
        if (!in_state(job, "InProgress") || since < takes)
            continue;
        if (str_eq(js_str(job, "_kind"), "ingest"))
            sf_ingest_run(s, job);
        else
            sf_query_run(s, job);
    }
}

void sf_reply_csv(struct sf_ask *ask, struct buf *b)
{
    ask->a->status = 200;
    ask->a->body_n = b->n;
    ask->a->body = buf_take(b);
    http_headers_set(&ask->a->headers, "content-type", "text/csv");
}

/* ---- ingest ---- */

static void create(struct sf_ask *ask)
{
    static const char *const operations[] = {"insert", "update", "upsert", "delete", "hardDelete"};
    const struct sf_type *t = sf_type_of(ask->s, js_str(ask->body, "object"));
    const char *op = js_str(ask->body, "operation"), *key = js_str(ask->body, "externalIdFieldName");
    struct sf_bad bad = {0};
    bool known = false;
    for (size_t i = 0; i < COUNT(operations); i++)
        known |= str_eq(operations[i], op);
    if (!t || !t->api || !t->writable)
        sf_set_bad(&bad, 400, "INVALIDENTITY", NULL, "Unable to find object: %s",
                   js_str_or(ask->body, "object", "null"));
    else if (!known)
        sf_set_bad(&bad, 400, "INVALIDJOB", NULL, "operation is missing or unknown: %s", op ? op : "null");
    else if (str_eq(op, "upsert") && !sf_key_field(ask->s, t, key ? key : "", &bad))
        sf_set_bad(&bad, 400, "INVALIDJOB", NULL,
                   "InvalidJob : Field name provided, %s does not match an External ID, "
                   "Salesforce Id, or indexed field for %s",
                   key ? key : "null", t->name);
    sf_note(ask, false, "/jobs/ingest");
    if (bad.code) {
        sf_refuse(ask, &bad);
        return;
    }
    json_t *job = sf_job_new(ask, "ingest");
    js_set(job, "object", json_string(t->name));
    if (key)
        js_set(job, "externalIdFieldName", json_string(key));
    js_set(job, "jobType", json_string("V2Ingest"));
    set_state(job, "Open");
    js_set(job, "contentUrl",
           json_sprintf("services/data/v%d.0/jobs/ingest/%s/batches", ask->version, js_str(job, "id")));
    sf_reply(ask, 200, sf_job_json(job));
}

static void upload(struct sf_ask *ask, json_t *job)
{
    const char *type = http_headers_get(&ask->request->headers, "Content-Type");
    sf_note(ask, false, "/jobs/ingest/{id}/batches");
    if (!sf_is(ask, "PUT"))
        sf_wrong_method(ask, "PUT");
    else if (!in_state(job, "Open"))
        sf_error(ask, 400, "INVALIDJOBSTATE", "Job state is %s", js_str(job, "state"));
    else if (json_object_get(job, "_csv"))
        sf_error(
            ask, 400, "CLIENTINPUTERROR",
            "Found multiple contents for job: <%s>, please 'Close' / 'Abort' / 'Delete' the current Job then create "
            "a new Job and make sure you only do 'PUT' once on a given Job.",
            js_str(job, "id"));
    else if (!type || !str_starts(type, "text/csv"))
        sf_error(ask, 415, "UNSUPPORTED_MEDIA_TYPE", "The content must be text/csv");
    else if (ask->request->body_n / 3 * 4 > ENCODED_MOST)
        sf_error(ask, 413, "CLIENTINPUTERROR", "The content is over 150 MB");
    else if (!str_utf8_valid(ask->request->body ? ask->request->body : "", ask->request->body_n))
        sf_error(ask, 400, "CLIENTINPUTERROR", "The content must be UTF-8");
    else {
        js_set(job, "_csv", json_stringn(ask->request->body ? ask->request->body : "", ask->request->body_n));
        ask->a->status = 201;
    }
}

static void change(struct sf_ask *ask, json_t *job)
{
    const char *state = js_str_or(ask->body, "state", "");
    bool done = str_eq(state, "UploadComplete"), open = in_state(job, "Open");
    if (!done && !str_eq(state, "Aborted")) {
        sf_error(ask, 400, "INVALIDJOB", "state can only become UploadComplete or Aborted");
        return;
    }
    if (done ? !open : ended(job)) {
        sf_error(ask, 400, "INVALIDJOBSTATE", "Job state is %s", js_str(job, "state"));
        return;
    }
    set_state(job, state);
    js_set(job, "_at", json_integer(sf_now(ask->s)));
    sf_note(ask, done, "/jobs/ingest/{id}");
    sf_reply(ask, 200, sf_job_json(job));
}

/* Columns of ours before those of the upload. */
static void results(struct sf_ask *ask, const json_t *job, const char *what)
{
    static const char *const kinds[][4] = {{"successfulResults", "_done", "sf__Id", "sf__Created"},
                                           {"failedResults", "_failed", "sf__Id", "sf__Error"},
                                           {"unprocessedrecords", "_left", NULL, NULL}};
    struct buf b = {0};
    size_t k;
    json_t *row;
    AUTO_FREE char *route = mem_printf("/jobs/ingest/{id}/%s", what);
    sf_note(ask, false, route);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (!str_eq(kinds[i][0], what) || !ended(job))
            continue;
        AUTO_JSON json_t *head = kinds[i][2] ? json_pack("[s,s]", kinds[i][2], kinds[i][3]) : json_array();
        json_array_extend(head, json_object_get(job, "_head"));
        sf_csv_row(&b, head, "\n");
        json_array_foreach (json_object_get(job, kinds[i][1]), k, row)
            sf_csv_row(&b, row, "\n");
        sf_reply_csv(ask, &b);
        return;
    }
    sf_not_there(ask);
}

static void one(struct sf_ask *ask, json_t *job)
{
    sf_note(ask, false, "/jobs/ingest/{id}");
    if (sf_is(ask, "GET")) {
        sf_reply(ask, 200, sf_job_json(job));
    } else if (sf_is(ask, "PATCH")) {
        change(ask, job);
    } else if (!sf_is(ask, "DELETE")) {
        sf_wrong_method(ask, "GET,PATCH,DELETE");
    } else if (!ended(job)) {
        sf_error(ask, 400, "INVALIDJOBSTATE", "Job state is %s", js_str(job, "state"));
    } else {
        js_set(job, "_kind", json_string("deleted"));
        sf_reply(ask, 204, NULL);
    }
}

void sf_jobs(struct sf_ask *ask)
{
    json_t *job = ask->n > 2 ? sf_job_named(ask->s, ask->part[2], "ingest") : NULL;
    if (ask->n > 1 && str_eq(ask->part[1], "query"))
        sf_query_jobs(ask);
    else if (ask->n < 2 || !str_eq(ask->part[1], "ingest"))
        sf_not_there(ask);
    else if (ask->n == 2 && sf_is(ask, "POST"))
        create(ask);
    else if (!job)
        sf_not_there(ask);
    else if (ask->n == 3)
        one(ask, job);
    else if (ask->n == 4 && str_eq(ask->part[3], "batches"))
        upload(ask, job);
    else
        results(ask, job, ask->part[3]);
}
