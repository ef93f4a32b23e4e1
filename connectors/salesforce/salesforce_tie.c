/* Records and their parents. A task names its lead or contact itself; an opportunity may name its contact at birth, which makes
 * the role in the same transaction, and is tied by a role of its own where it may not, or where nobody knows. What is there
 * is not made again: the service would take a second role of the same contact without a word. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_task.h"

#define SALESFORCE_ROLE "OpportunityContactRole"

struct tying {
    struct endpoint *ep;
    struct task **who;
    size_t n;
};

bool salesforce_born_tied(struct endpoint *ep, const struct task *t)
{
    bool deal = str_eq(t->object->belongs_by, "ContactId");
    return t->p->parent_id && t->object->belongs_by && (!deal || salesforce_of(ep)->contact_at_birth);
}

static const char *salesforce_child(const struct task *t)
{
    return t->p->id ? t->p->id : t->out->record.id;
}

/* A record that was made just now and not tied is half done: the engine finds it and ties it. */
static void salesforce_not_tied(const struct task *t, const struct err *err)
{
    t->out->err = *err;
    if (!t->p->id)
        t->out->err.kind = ERR_UNSURE;
}

static void salesforce_all_failed(const struct tying *t, const struct err *err)
{
    for (size_t i = 0; i < t->n; i++)
        salesforce_not_tied(t->who[i], err);
}

/* ---- making what is missing ---- */

static void salesforce_tie_row(const struct tying *t, const struct task *task, const json_t *row)
{
    struct err err = {0};
    if (js_bool_or(row, "success", false)) {
        task->out->tied = true;
        return;
    }
    if (json_is_false(json_object_get(row, "success")))
        salesforce_row_error(t->ep, row, &err);
    else
        err_set(&err, ERR_UNSURE, "the answer tells nothing about this record's parent");
    if (err.kind == ERR_REJECT || err.kind == ERR_GONE)
        err.kind = ERR_STALE; /* the parent or the child has moved */
    salesforce_not_tied(task, &err);
}

/* rows: one for each task. */
static void salesforce_tie_send(const struct tying *t, const char *method, json_t *stolen_rows)
{
    AUTO_JSON json_t *body = json_pack("{s:b,s:o}", "allOrNone", 0, "records", stolen_rows);
    AUTO(call_done) struct call c = {0};
    salesforce_call(t->ep, &c, method, "/composite/sobjects");
    salesforce_write_headers(t->ep, &c);
    call_body(&c, body);
    c.writes = true;
    endpoint_call_many(t->ep, &c, 1);
    const json_t *answers = salesforce_listed(&c);
    if (!answers)
        salesforce_all_failed(t, &c.err);
    for (size_t i = 0; answers && i < t->n; i++)
        salesforce_tie_row(t, t->who[i], json_array_get(answers, i));
}

/* ---- opportunities ---- */

/* Whether the contact has a role there; *any: whether anybody has. */
static bool salesforce_has_role(const json_t *rows, const struct task *t, bool *any)
{
    bool mine = false;
    size_t i;
    json_t *row;
    *any = false;
    json_array_foreach ((json_t *)rows, i, row) {
        if (!salesforce_same_id(js_str(row, "OpportunityId"), salesforce_child(t)))
            continue;
        *any = true;
        mine |= salesforce_same_id(js_str(row, "ContactId"), t->p->parent_id);
    }
    return mine;
}

/* Nobody is made the primary contact where there is one already. */
static void salesforce_roles(const struct tying *t, const json_t *rows)
{
    AUTO_FREE struct task **lacking = mem_grow(NULL, t->n + 1, sizeof *lacking);
    struct tying missing = {.ep = t->ep, .who = lacking};
    json_t *roles = json_array();
    for (size_t i = 0; i < t->n; i++) {
        bool any = false;
        if (salesforce_has_role(rows, t->who[i], &any))
            continue;
        lacking[missing.n++] = t->who[i];
        js_add(roles, json_pack("{s:{s:s},s:s,s:s,s:b}", "attributes", "type", SALESFORCE_ROLE, "OpportunityId",
                                salesforce_child(t->who[i]), "ContactId", t->who[i]->p->parent_id, "IsPrimary", !any));
    }
    if (missing.n)
        salesforce_tie_send(&missing, "POST", roles);
    else
        json_decref(roles);
}

/* As many as fit into a query and its answer into a page; how many. */
static size_t salesforce_tie_deals(struct tying t)
{
    AUTO_FREE const char **ids = mem_grow(NULL, t.n + 1, sizeof *ids);
    struct buf soql = {0};
    AUTO(call_done) struct call c = {0};
    for (size_t i = 0; i < t.n; i++)
        ids[i] = salesforce_child(t.who[i]);
    buf_puts(&soql, "SELECT OpportunityId, ContactId FROM " SALESFORCE_ROLE " WHERE ");
    t.n = salesforce_in(&soql, "OpportunityId", ids, t.n);
    salesforce_query(t.ep, &c, buf_str(&soql), false);
    buf_done(&soql);
    endpoint_call_many(t.ep, &c, 1);
    const json_t *rows = salesforce_rows(&c);
    bool cut = rows && !js_bool_or(c.json, "done", true);
    if (cut && t.n > 1) {
        t.n /= 2;
        return salesforce_tie_deals(t);
    }
    if (cut)
        err_set(&c.err, ERR_TEMP, "the answer about contact roles was cut short");
    if (c.err.kind != ERR_NONE)
        salesforce_all_failed(&t, &c.err);
    else
        salesforce_roles(&t, rows);
    return t.n;
}

/* ---- tasks ---- */

/* Salesforce moves activities with conversions and merges by itself. One that names somebody else was moved by people. */
static size_t salesforce_tie_tasks(struct tying t)
{
    static const char *const fields[] = {"WhoId", NULL};
    AUTO_FREE const char **ids = mem_grow(NULL, t.n + 1, sizeof *ids);
    AUTO_FREE struct task **lacking = mem_grow(NULL, t.n + 1, sizeof *lacking);
    AUTO_FREE struct record *records = mem_alloc((t.n + 1) * sizeof *records);
    struct tying missing = {.ep = t.ep, .who = lacking};
    struct err err = {0};
    json_t *rows = json_array();
    t.n = t.n < SALESFORCE_ROWS ? t.n : SALESFORCE_ROWS;
    for (size_t i = 0; i < t.n; i++)
        ids[i] = salesforce_child(t.who[i]);
    const struct schema *types = salesforce_types(t.ep, t.who[0]->object->name, &err);
    if (types)
        salesforce_read(t.ep, types, ids, t.n, fields, records);
    for (size_t i = 0; types && i < t.n; i++) {
        bool none = records[i].err.kind == ERR_NONE && json_is_null(json_object_get(records[i].fields, "WhoId"));
        if (records[i].err.kind != ERR_NONE)
            salesforce_not_tied(t.who[i], &records[i].err);
        if (none) {
            lacking[missing.n++] = t.who[i];
            js_add(rows, json_pack("{s:{s:s},s:s,s:s}", "attributes", "type", t.who[i]->object->name, "id", ids[i], "WhoId",
                                   t.who[i]->p->parent_id));
        }
        record_done(&records[i]);
    }
    if (!types)
        salesforce_all_failed(&t, &err);
    if (missing.n)
        salesforce_tie_send(&missing, "PATCH", rows);
    else
        json_decref(rows);
    return t.n;
}

/* ---- all of them ---- */

/* Records that are there and have a parent: updated ones, and new ones that could not name theirs. */
static bool salesforce_to_tie(struct endpoint *ep, const struct task *t)
{
    bool newborn = !t->p->id && !t->id && salesforce_born_tied(ep, t);
    return t->p->parent_id && !newborn && t->object && salesforce_child(t) && t->out->err.kind == ERR_NONE;
}

static void salesforce_tie_object(const struct writing *w, const struct salesforce_object *o)
{
    AUTO_FREE struct task **who = mem_grow(NULL, w->n + 1, sizeof *who);
    size_t n = 0;
    for (struct task *t = w->tasks; t < w->tasks + w->n; t++)
        if (t->object == o && salesforce_to_tie(w->ep, t))
            who[n++] = t;
    for (size_t from = 0; from < n;) {
        struct tying t = {.ep = w->ep, .who = who + from, .n = n - from};
        from += o->archives ? salesforce_tie_tasks(t) : salesforce_tie_deals(t);
    }
}

void salesforce_tie(const struct writing *w)
{
    for (struct task *t = w->tasks; t < w->tasks + w->n; t++)
        if (t->object && t->p->id && t->p->parent_id && !salesforce_belongs(t->object, t->p->parent_type))
            err_set(&t->out->err, ERR_REJECT, "salesforce: a %s does not belong to a %s", t->object->name, t->p->parent_type);
    for (size_t i = 0; salesforce_object_at(i); i++)
        if (salesforce_object_at(i)->belongs_by)
            salesforce_tie_object(w, salesforce_object_at(i));
}
