/* The rows of an ingest job: each saved like one of the API's, told apart afterwards in another order. */
#include "tests/sandbox/salesforce.h"

struct work {
    struct sf *s;
    json_t *job, *head;
    struct sf_type *type;
    const struct sf_field *key; /* of an upsert */
    const char *operation;
    json_t *done, *failed, *left;
};

/* An empty cell leaves alone, #N/A clears; "Account.Ext__c" names a parent. */
static json_t *record_of(const struct work *w, const json_t *cells)
{
    json_t *out = json_object(), *name;
    size_t i;
    json_array_foreach (w->head, i, name) {
        const char *cell = json_string_value(json_array_get(cells, i)), *path = json_string_value(name);
        const char *dot = strchr(path, '.');
        if (!cell || !*cell)
            continue;
        json_t *value = str_eq(cell, "#N/A") ? json_null() : json_string(cell);
        AUTO_FREE char *parent = dot ? mem_dup_n(path, (size_t)(dot - path)) : NULL;
        if (dot)
            js_set(out, parent, json_pack("{s:o}", dot + 1, value));
        else
            js_set(out, path, value);
    }
    return out;
}

static struct sf_row *row_of(const struct work *w, json_t *record, struct sf_bad *bad)
{
    char id[SF_ID];
    AUTO_FREE char *said = mem_dup(js_str(record, "Id") ? js_str(record, "Id") : js_str(record, "id"));
    struct sf_row *r = sf_id_read(said, id) && sf_type_of_id(w->s, id) == w->type ? sf_find(w->s, id) : NULL;
    json_object_del(record, "Id");
    json_object_del(record, "id");
    if (!said)
        sf_set_bad(bad, 400, "MISSING_ARGUMENT", "Id", "Id not specified in an update call");
    else if (!r)
        sf_set_bad(bad, 400, "INVALID_CROSS_REFERENCE_KEY", NULL, "invalid cross reference id");
    return r;
}

static struct sf_row *write_one(const struct work *w, json_t *record, bool *created, struct sf_bad *bad)
{
    struct sf_hand hand = {.user = w->s->robot};
    *created = str_eq(w->operation, "insert");
    if (*created)
        return sf_save(w->s, w->type, NULL, record, &hand, bad);
    if (w->key) {
        AUTO_JSON json_t *value = json_incref(json_object_get(record, w->key->name));
        if (!str_eq(w->key->name, "Id"))
            json_object_del(record, "Id"); /* the empty column some clients send is no cell at all */
        return sf_upsert(w->s, w->type, w->key, value, record, &hand, created, bad);
    }
    struct sf_row *r = row_of(w, record, bad);
    if (!r || !strstr(w->operation, "elete"))
        return r ? sf_save(w->s, w->type, r, record, &hand, bad) : NULL;
    if (!sf_erase(w->s, w->type, r, &hand, bad))
        return NULL;
    r->purged |= str_eq(w->operation, "hardDelete");
    return r;
}

/* "CODE:message:fields --" */
static json_t *told(struct sf_bad *bad)
{
    struct buf b = {0};
    size_t i;
    json_t *f;
    buf_printf(&b, "%s:%s:", bad->status == 300 ? "DUPLICATE_EXTERNAL_ID" : bad->code, bad->message);
    if (bad->status != 300)
        json_array_foreach (bad->fields, i, f)
            buf_printf(&b, "%s%s", i ? "," : "", json_string_value(f));
    buf_puts(&b, json_array_size(bad->fields) && bad->status != 300 ? " --" : "--");
    json_t *out = json_string(buf_str(&b));
    buf_done(&b);
    return out;
}

/* Somewhere among those there are already: results do not come in the order of the upload. */
static void put_among(struct sf *s, json_t *list, json_t *stolen)
{
    size_t n = json_array_size(list);
    bool shuffle = sf_flag(s, "bulk_shuffle");
    json_array_insert_new(list, shuffle ? (size_t)(sandbox_random(sf_box(s)) % (n + 1)) : n, stolen);
}

static void do_row(struct work *w, const json_t *cells)
{
    struct sf_bad bad = {0};
    bool created = false;
    AUTO_JSON json_t *record = record_of(w, cells);
    const struct sf_row *r = write_one(w, record, &created, &bad);
    json_t *out = r ? json_pack("[s,s]", r->id, created ? "true" : "false") : json_pack("[s,o]", "", told(&bad));
    json_array_extend(out, (json_t *)cells);
    put_among(w->s, r ? w->done : w->failed, out);
    sf_bad_done(&bad);
}

static const char *unknown_column(const struct work *w)
{
    size_t i;
    json_t *name;
    json_array_foreach (w->head, i, name)
        if (!strchr(json_string_value(name), '.') && !sf_visible(w->s, w->type, json_string_value(name)))
            return json_string_value(name);
    return NULL;
}

static void fail(struct work *w, const json_t *rows, const char *why)
{
    js_set(w->job, "state", json_string("Failed"));
    js_set(w->job, "errorMessage", json_string(why));
    for (size_t i = 1; i < json_array_size(rows); i++)
        js_add(w->left, json_incref(json_array_get(rows, i)));
}

static void do_rows(struct work *w, const json_t *rows)
{
    size_t n = json_array_size(rows), left = (size_t)sf_count(w->s, "bulk_unprocessed");
    for (size_t i = 1; i < n; i++)
        if (i + left >= n)
            js_add(w->left, json_incref(json_array_get(rows, i)));
        else
            do_row(w, json_array_get(rows, i));
    js_set(w->job, "state", json_string(json_array_size(w->left) ? "Failed" : "JobComplete"));
    if (json_array_size(w->left))
        js_set(w->job, "errorMessage", json_string("TooManyLockFailure : Too many lock failure"));
}

static char separator_of(const json_t *job)
{
    static const struct {
        const char *name, *c;
    } all[] = {{"COMMA", ","}, {"TAB", "\t"}, {"SEMICOLON", ";"}, {"PIPE", "|"}, {"CARET", "^"}, {"BACKQUOTE", "`"}};
    for (size_t i = 0; i < COUNT(all); i++)
        if (str_eq(all[i].name, js_str(job, "columnDelimiter")))
            return all[i].c[0];
    return ',';
}

void sf_ingest_run(struct sf *s, json_t *job)
{
    struct sf_bad bad = {0};
    const char *csv = js_str_or(job, "_csv", "");
    struct work w = {.s = s, .job = job, .type = sf_type_of(s, js_str(job, "object")), .done = json_array()};
    AUTO_JSON json_t *rows = sf_csv_read(csv, strlen(csv), separator_of(job), str_eq(js_str(job, "lineEnding"), "CRLF"),
                                         &bad);
    w.failed = json_array();
    w.left = json_array();
    w.head = rows && json_array_size(rows) ? json_incref(json_array_get(rows, 0)) : json_array();
    w.operation = js_str(job, "operation");
    w.key = str_eq(w.operation, "upsert") ? sf_field(w.type, js_str(job, "externalIdFieldName")) : NULL;
    js_set(job, "_done", w.done);
    js_set(job, "_failed", w.failed);
    js_set(job, "_left", w.left);
    js_set(job, "_head", w.head);
    const char *column = unknown_column(&w);
    AUTO_FREE char *why = column ? mem_printf("InvalidBatch : Field name not found : %s", column)
                                 : mem_printf("%s : %s", bad.code ? bad.code : "", bad.message ? bad.message : "");
    if (!rows || column)
        fail(&w, rows, why);
    else
        do_rows(&w, rows);
    size_t failed = json_array_size(w.failed);
    js_set(job, "numberRecordsProcessed", json_integer((json_int_t)(json_array_size(w.done) + failed)));
    js_set(job, "numberRecordsFailed", json_integer((json_int_t)failed));
    json_object_del(job, "_csv");
    sf_bad_done(&bad);
}
