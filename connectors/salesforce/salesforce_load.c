/* Many creates as one job of the Bulk API 2.0: rows are gathered as CSV, uploaded in one piece, and left there. An open job
 * does nothing, so it may be forgotten at any moment; salesforce_collect.c sets it going. */
#include "bridge/base/csv.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_private.h"
#include <string.h>

#define SALESFORCE_BULK_ROWS 10000     /* the service cuts a job into batches of so many */
#define SALESFORCE_BULK_MAX (4u << 20) /* bytes; the service takes 100 MB, but a request is held in memory */
#define SALESFORCE_CLEAR "#N/A"        /* an empty cell is left alone */

/* ---- columns ---- */

static bool salesforce_has_column(const struct load *l, const char *name)
{
    for (size_t i = 0; l->fields[i]; i++)
        if (str_eq(l->fields[i], name))
            return true;
    return str_eq(l->key_field, name);
}

static void salesforce_header(const struct salesforce_object *o, struct load *l)
{
    csv_cell(&l->text, l->key_field);
    for (size_t i = 0; l->fields[i]; i++) {
        buf_putc(&l->text, ',');
        csv_cell(&l->text, l->fields[i]);
    }
    for (size_t i = 0; salesforce_required(o, i); i++)
        if (!salesforce_has_column(l, salesforce_required(o, i))) {
            buf_putc(&l->text, ',');
            csv_cell(&l->text, salesforce_required(o, i));
        }
    buf_putc(&l->text, '\n');
}

/* ---- rows ---- */

/* As the cell says it: nothing = leave alone. The engine has just looked and found no such record, so what a record must have
 * and nobody told is filled. */
static char *salesforce_cell(struct endpoint *ep, const struct salesforce_object *o, const char *name, const json_t *value)
{
    AUTO_JSON json_t *raw = value ? salesforce_raw(value) : NULL;
    bool blank = !raw || json_is_null(raw);
    if (blank && salesforce_requires(o, name))
        return mem_dup(salesforce_of(ep)->filler);
    if (blank)
        return mem_dup(raw ? SALESFORCE_CLEAR : "");
    return json_is_string(raw) ? mem_dup(json_string_value(raw)) : js_print(raw);
}

static void salesforce_load_row(struct endpoint *ep, const struct salesforce_object *o, const struct patch *p, struct load *l)
{
    csv_cell(&l->text, p->key);
    for (size_t i = 0; l->fields[i]; i++) {
        AUTO_FREE char *cell = salesforce_cell(ep, o, l->fields[i], json_object_get(p->set, l->fields[i]));
        buf_putc(&l->text, ',');
        csv_cell(&l->text, cell);
    }
    for (size_t i = 0; salesforce_required(o, i); i++)
        if (!salesforce_has_column(l, salesforce_required(o, i))) {
            buf_putc(&l->text, ',');
            csv_cell(&l->text, salesforce_of(ep)->filler);
        }
    buf_putc(&l->text, '\n');
}

/* A text that is exactly the sign for "clear" cannot be said in CSV. */
static bool salesforce_sayable(const struct patch *p)
{
    const char *name;
    json_t *v;
    json_object_foreach (p->set, name, v)
        if (str_eq(json_string_value(v), SALESFORCE_CLEAR))
            return false;
    return !str_blank(p->key) && !p->id && !p->parent_id;
}

static void salesforce_take(struct endpoint *ep, const struct salesforce_object *o, const struct patch *p, struct load *l,
                            struct result *out)
{
    *out = (struct result){0};
    if (l->full) {
        err_set(&out->err, ERR_TEMP, "the job is full");
        return;
    }
    if (!salesforce_sayable(p)) {
        err_set(&out->err, ERR_LIMIT, "a bulk job cannot say this one");
        return;
    }
    salesforce_load_row(ep, o, p, l);
    l->n++;
    l->full = l->n >= SALESFORCE_BULK_ROWS || l->text.n >= SALESFORCE_BULK_MAX;
}

/* ---- handing over ---- */

/* Whatever is lost on the way is lost with the open job, which nobody will ever set going: it is no write yet. */
static bool salesforce_harmless(struct endpoint *ep, struct call *c, struct err *err)
{
    c->writes = false;
    if (endpoint_call(ep, c, err))
        return true;
    if (err->kind == ERR_GONE)
        err->kind = ERR_CONFIG; /* not a record, but the API */
    return false;
}

static bool salesforce_open_job(struct endpoint *ep, const struct load *l, char **id, struct err *err)
{
    AUTO(call_done) struct call c = {0};
    AUTO_JSON json_t *body = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "object", l->object, "operation", "upsert",
                                       "externalIdFieldName", l->key_field, "contentType", "CSV", "lineEnding", "LF",
                                       "columnDelimiter", "COMMA");
    salesforce_call(ep, &c, "POST", "/jobs/ingest");
    call_body(&c, body);
    if (!salesforce_harmless(ep, &c, err))
        return false;
    if (!salesforce_is_id(js_str(c.json, "id")))
        return err_set(err, ERR_TEMP, "the answer names no job");
    *id = mem_dup(js_str(c.json, "id"));
    return true;
}

static bool salesforce_upload(struct endpoint *ep, struct load *l, const char *id, struct err *err)
{
    AUTO(call_done) struct call c = {0};
    AUTO_FREE char *tail = mem_printf("/jobs/ingest/%s/batches", id);
    size_t n = l->text.n;
    salesforce_call(ep, &c, "PUT", tail);
    c.raw = true;
    http_request_body(&c.request, buf_take(&l->text), n, "text/csv");
    return salesforce_harmless(ep, &c, err);
}

static bool salesforce_hand_over(struct endpoint *ep, struct load *l, struct err *err)
{
    AUTO_FREE char *id = NULL;
    if (!salesforce_open_job(ep, l, &id, err) || !salesforce_upload(ep, l, id, err))
        return err_wrap(err, "handing %zu records to a bulk job", l->n);
    l->ticket = mem_printf("%s %s", id, l->key_field);
    return true;
}

bool salesforce_load(struct endpoint *ep, const struct patch *patches, size_t n, struct load *l, struct result *out,
                     struct err *err)
{
    const struct salesforce_object *o = salesforce_object_of(l->object);
    if (!o)
        return err_set(err, ERR_CONFIG, "salesforce has no object \"%s\" here", l->object);
    if (!n)
        return salesforce_hand_over(ep, l, err);
    if (!l->n && !l->text.n)
        salesforce_header(o, l);
    for (size_t i = 0; i < n; i++)
        salesforce_take(ep, o, &patches[i], l, &out[i]);
    return true;
}
