/* New opportunities of contacts. Where sales made one by converting a lead to this very contact, there must be no second one:
 * it gets the bridge key and nothing else, and the engine finds it like after a lost answer. The others are made under the
 * account their contact has, if it has one. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_task.h"

#define SALESFORCE_LEAD_KEY "inbox_prospect_key__c"

struct dealing {
    struct endpoint *ep;
    struct task **who;
    size_t n;
};

static bool salesforce_newborn_deal(const struct task *t)
{
    return !t->sent && !t->id && t->object && str_eq(t->object->name, "Opportunity") && t->p->parent_id;
}

static void salesforce_give_up(struct task *t, const struct err *err)
{
    t->out->err = *err;
    t->sent = true;
}

/* ---- what conversions made ---- */

struct candidates {
    const char *open, *other; /* the last one of each kind */
    size_t n_open, n_other;
};

/* One that is over already counts only where the lead was ours. */
static void salesforce_weigh(const json_t *lead, const struct record *deal, const char *key_field, struct candidates *c)
{
    bool free = deal->err.kind == ERR_NONE && deal->state == RECORD_LIVE && json_is_null(json_object_get(deal->fields, key_field));
    bool over = js_bool_or(deal->fields, "IsClosed", false);
    if (!free || (over && !js_str(lead, SALESFORCE_LEAD_KEY)))
        return;
    if (over) {
        c->other = deal->id;
        c->n_other++;
    } else {
        c->open = deal->id;
        c->n_open++;
    }
}

static void salesforce_choose(struct task *t, const json_t *leads, const struct record *deals)
{
    struct candidates c = {0};
    size_t i;
    json_t *lead;
    json_array_foreach ((json_t *)leads, i, lead)
        if (salesforce_same_id(js_str(lead, "ConvertedContactId"), t->p->parent_id))
            salesforce_weigh(lead, &deals[i], t->p->key_field, &c);
    size_t n = c.n_open ? c.n_open : c.n_other;
    if (n > 1) {
        err_set(&t->out->err, ERR_LIMIT, "conversions made %zu opportunities of this contact: write %s into %s of the right one", n,
                t->p->key, t->p->key_field);
        t->sent = true;
    } else if (n == 1) {
        t->id = mem_dup(c.open ? c.open : c.other);
    }
}

/* Leads are not for this user's eyes: that is an answer, and no fault. */
static bool salesforce_unseen(struct err *err)
{
    bool unseen = err->kind == ERR_CONFIG || err->kind == ERR_REJECT || err->kind == ERR_GONE;
    if (unseen)
        *err = (struct err){0};
    return unseen;
}

/* The leads that became these contacts and an opportunity; NULL with err. Who may not see leads knows of no conversions. */
static json_t *salesforce_conversions(const struct dealing *d, size_t *n, bool *cut, struct err *err)
{
    const struct schema *types = salesforce_types(d->ep, "Lead", err);
    bool keyed = types && schema_find(types, SALESFORCE_LEAD_KEY);
    AUTO_FREE const char **ids = mem_grow(NULL, d->n + 1, sizeof *ids);
    struct buf soql = {0};
    AUTO(call_done) struct call c = {0};
    if (!types)
        return salesforce_unseen(err) ? json_array() : NULL;
    for (size_t i = 0; i < d->n; i++)
        ids[i] = d->who[i]->p->parent_id;
    buf_printf(&soql, "SELECT Id, ConvertedContactId, ConvertedOpportunityId%s FROM Lead WHERE ConvertedOpportunityId != null AND ",
               keyed ? ", " SALESFORCE_LEAD_KEY : "");
    *n = salesforce_in(&soql, "ConvertedContactId", ids, d->n);
    salesforce_query(d->ep, &c, buf_str(&soql), false);
    buf_done(&soql);
    endpoint_call_many(d->ep, &c, 1);
    const json_t *rows = salesforce_rows(&c);
    *cut = rows && !js_bool_or(c.json, "done", true);
    if (!rows)
        *err = c.err;
    if (!rows && salesforce_unseen(err))
        return json_array();
    if (*cut)
        err_set(err, ERR_TEMP, "the answer about conversions was cut short");
    return json_incref((json_t *)rows);
}

static void salesforce_candidates(const struct dealing *d, const json_t *leads, struct err *err)
{
    size_t n = json_array_size(leads);
    const char *const fields[] = {d->who[0]->p->key_field, "IsClosed", NULL};
    AUTO_FREE const char **ids = mem_grow(NULL, n + 1, sizeof *ids);
    AUTO_FREE struct record *deals = mem_alloc((n + 1) * sizeof *deals);
    const struct schema *types = salesforce_types(d->ep, "Opportunity", err);
    for (size_t i = 0; i < n; i++)
        ids[i] = js_str_or(json_array_get(leads, i), "ConvertedOpportunityId", "?");
    if (types)
        salesforce_read(d->ep, types, ids, n, fields, deals);
    for (size_t i = 0; types && i < n; i++)
        if (deals[i].err.kind != ERR_NONE)
            *err = deals[i].err;
    for (size_t i = 0; types && err->kind == ERR_NONE && i < d->n; i++)
        salesforce_choose(d->who[i], leads, deals);
    for (size_t i = 0; types && i < n; i++)
        record_done(&deals[i]);
}

/* ---- the key for those that are there ---- */

/* Whether it landed is seen by the next look; a create certainly was not done. */
static void salesforce_claimed(struct endpoint *ep, struct task *t, const json_t *row, const struct err *whole)
{
    struct err err = *whole;
    if (row && json_is_false(json_object_get(row, "success")))
        salesforce_row_error(ep, row, &err);
    if (err.kind == ERR_NONE || err.kind == ERR_UNSURE)
        err_set(&err, ERR_STALE, "a conversion made opportunity %s: it has the key now", t->id);
    salesforce_give_up(t, &err);
}

static void salesforce_claim_deals(const struct dealing *d)
{
    AUTO_FREE struct task **who = mem_grow(NULL, d->n + 1, sizeof *who);
    json_t *rows = json_array();
    AUTO_JSON json_t *body = json_pack("{s:b,s:o}", "allOrNone", 0, "records", rows);
    AUTO(call_done) struct call c = {0};
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++)
        if (!d->who[i]->sent && d->who[i]->id) {
            who[n++] = d->who[i];
            js_add(rows, json_pack("{s:{s:s},s:s,s:s}", "attributes", "type", "Opportunity", "id", d->who[i]->id,
                                   d->who[i]->p->key_field, d->who[i]->p->key));
        }
    if (!n)
        return;
    salesforce_call(d->ep, &c, "PATCH", "/composite/sobjects");
    salesforce_write_headers(d->ep, &c);
    call_body(&c, body);
    c.writes = true;
    endpoint_call_many(d->ep, &c, 1);
    const json_t *answers = salesforce_listed(&c);
    for (size_t i = 0; i < n; i++)
        salesforce_claimed(d->ep, who[i], json_array_get(answers, i), &c.err);
}

/* As many as fit into a query and its answer into a page; how many. */
static size_t salesforce_follow(struct dealing d)
{
    struct err err = {0};
    bool cut = false;
    AUTO_JSON json_t *leads = salesforce_conversions(&d, &d.n, &cut, &err);
    if (cut && d.n > 1) {
        d.n /= 2;
        return salesforce_follow(d);
    }
    if (err.kind == ERR_NONE && json_array_size(leads))
        salesforce_candidates(&d, leads, &err);
    for (size_t i = 0; err.kind != ERR_NONE && i < d.n; i++)
        salesforce_give_up(d.who[i], &err);
    salesforce_claim_deals(&d);
    return d.n;
}

/* ---- accounts ---- */

static void salesforce_accounts(const struct dealing *d)
{
    static const char *const fields[] = {"AccountId", NULL};
    AUTO_FREE const char **ids = mem_grow(NULL, d->n + 1, sizeof *ids);
    AUTO_FREE struct record *contacts = mem_alloc((d->n + 1) * sizeof *contacts);
    struct err err = {0};
    const struct schema *types = salesforce_types(d->ep, "Contact", &err);
    for (size_t i = 0; i < d->n; i++)
        ids[i] = d->who[i]->p->parent_id;
    if (types && schema_find(types, "AccountId"))
        salesforce_read(d->ep, types, ids, d->n, fields, contacts);
    for (size_t i = 0; i < d->n; i++) {
        const struct err *why = types ? &contacts[i].err : &err;
        if (why->kind != ERR_NONE)
            salesforce_give_up(d->who[i], why);
        d->who[i]->account = mem_dup(js_str(contacts[i].fields, "AccountId"));
        record_done(&contacts[i]);
    }
}

static size_t salesforce_newborn_deals(const struct writing *w, struct task **who)
{
    size_t n = 0;
    for (struct task *t = w->tasks; t < w->tasks + w->n; t++)
        if (salesforce_newborn_deal(t))
            who[n++] = t;
    return n;
}

void salesforce_deals(const struct writing *w)
{
    AUTO_FREE struct task **who = mem_grow(NULL, w->n + 1, sizeof *who);
    size_t n = salesforce_newborn_deals(w, who);
    for (size_t from = 0; from < n;)
        from += salesforce_follow((struct dealing){.ep = w->ep, .who = who + from, .n = n - from});
    n = salesforce_newborn_deals(w, who);
    if (n)
        salesforce_accounts(&(struct dealing){.ep = w->ep, .who = who, .n = n});
}
