/* What the answer to a write says about one row: done, refused and why, looked at again, or open. An answer that does not
 * tell about a row leaves it open. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_task.h"
#include <string.h>

/* A rule found somebody like this. Only a question about the one record tells whom. */
static void salesforce_ask_whom(struct endpoint *ep, const struct task *t)
{
    AUTO_FREE char *key = http_escape(t->p->key),
                   *tail = mem_printf("/sobjects/%s/%s/%s", t->object->name, t->p->key_field, key);
    AUTO(call_done) struct call c = {0};
    AUTO_JSON json_t *row = salesforce_row_of(ep, t);
    json_object_del(row, "attributes");
    json_object_del(row, t->p->key_field);
    salesforce_call(ep, &c, "PATCH", tail);
    salesforce_write_headers(ep, &c);
    call_body(&c, row);
    endpoint_call_many(ep, &c, 1);
    t->out->err = c.err;
    if (c.err.kind == ERR_NONE && js_str(c.json, "id")) { /* the rule has nothing against it any more */
        t->out->record.id = mem_dup(js_str(c.json, "id"));
        t->out->created = js_bool_or(c.json, "created", false);
    } else if (c.err.kind == ERR_NONE) {
        err_set(&t->out->err, ERR_UNSURE, "the answer names no record");
    } else if (c.answer.status == 300) {
        err_set(&t->out->err, ERR_REJECT, "several records have this %s", t->p->key_field);
    } else if (c.answer.status == 400) {
        AUTO_JSON json_t *body = c.answer.body_n ? js_parse(c.answer.body, c.answer.body_n, NULL) : NULL;
        salesforce_link(ep, t->p, body, &t->out->err);
    }
}

/* A refused create is offered again by the engine with its key alone, which would pass any rule: so a held one must not
 * look refused. */
static void salesforce_duplicate(struct endpoint *ep, const struct task *t)
{
    if (t->id)
        return;
    if (salesforce_of(ep)->duplicates == SALESFORCE_LINK)
        salesforce_ask_whom(ep, t);
    else
        t->out->err.kind = ERR_LIMIT;
}

/* The service does not always say which field it is about. */
static bool salesforce_about_key(const struct task *t, const char *message)
{
    return strstr(message, t->p->key_field) || (t->insert && strstr(message, "<unknown>"));
}

static void salesforce_failed(struct endpoint *ep, struct task *t, const json_t *row)
{
    const json_t *error = json_array_get(json_object_get(row, "errors"), 0);
    const char *code = salesforce_code(error), *message = js_str_or(error, "message", "");
    salesforce_row_error(ep, row, &t->out->err);
    if (str_eq(code, "DUPLICATE_VALUE") && !t->id && salesforce_about_key(t, message)) {
        t->out->err.kind = ERR_STALE; /* somebody made it a moment ago */
        t->taken = t->insert;
    } else if (str_eq(code, "DUPLICATES_DETECTED"))
        salesforce_duplicate(ep, t);
}

void salesforce_outcome(struct endpoint *ep, struct task *t, const json_t *row)
{
    const char *id = js_str(row, "id");
    if (!json_is_boolean(json_object_get(row, "success")))
        err_set(&t->out->err, ERR_UNSURE, "the answer tells nothing about this record");
    else if (json_is_false(json_object_get(row, "success")))
        salesforce_failed(ep, t, row);
    else if (!salesforce_is_id(id) || (t->id && !salesforce_same_id(id, t->id)))
        err_set(&t->out->err, ERR_UNSURE, "the answer names another record");
    else {
        t->out->record.id = mem_dup(t->p->id ? t->p->id : id);
        t->out->created = !t->id && js_bool_or(row, "created", t->insert);
    }
}
