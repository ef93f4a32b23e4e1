/* Writing, through collections: creates carry the bridge key, which is unique, so that a repeated one is found and nothing is
 * overwritten; updates by id. Every row has an outcome of its own, and what was written is read back, since the answers tell
 * no values. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_task.h"

/* ---- requests ---- */

void salesforce_write_headers(struct endpoint *ep, struct call *c)
{
    const struct salesforce *s = salesforce_of(ep);
    if (!s->auto_assign)
        http_headers_set(&c->request.headers, "Sforce-Auto-Assign", "FALSE");
    if (s->duplicates == SALESFORCE_ALLOW)
        http_headers_set(&c->request.headers, "Sforce-Duplicate-Rule-Header", "allowSave=true");
}

static bool salesforce_blank(const json_t *v)
{
    return !v || json_is_null(v) || str_eq(json_string_value(v), "");
}

/* What a record must have cannot be cleared: what is there stays, and is read back. */
static bool salesforce_stays(const struct task *t, const char *name, const json_t *v)
{
    return salesforce_blank(v) && salesforce_requires(t->object, name);
}

static void salesforce_unless(json_t *row, const char *name, const char *text)
{
    if (text && !json_object_get(row, name))
        js_set(row, name, json_string(text));
}

const char *salesforce_stand_in(struct endpoint *ep, const char *field)
{
    const char *filler = salesforce_filler(ep, field);
    return filler ? filler : salesforce_first_stage(ep);
}

/* What a new record has beside what the mapping says. */
static void salesforce_newborn(struct endpoint *ep, const struct task *t, json_t *row)
{
    for (size_t i = 0; t->fill && salesforce_required(t->object, i); i++)
        salesforce_unless(row, salesforce_required(t->object, i), salesforce_stand_in(ep, salesforce_required(t->object, i)));
    js_set(row, t->p->key_field, json_string(t->p->key));
    if (salesforce_born_tied(ep, t))
        salesforce_unless(row, t->object->belongs_by, t->p->parent_id);
    salesforce_unless(row, "AccountId", t->account);
    if (t->object->archives)
        salesforce_unless(row, "Status", salesforce_of(ep)->task_status);
}

json_t *salesforce_row_of(struct endpoint *ep, const struct task *t)
{
    json_t *row = json_pack("{s:{s:s}}", "attributes", "type", t->object->name), *v;
    const char *name;
    json_object_foreach (t->p->set, name, v)
        if (!salesforce_stays(t, name, v))
            js_set(row, name, salesforce_raw(v));
    if (t->id)
        js_set(row, "id", json_string(t->id));
    else
        salesforce_newborn(ep, t, row);
    return row;
}

static void salesforce_call_for(struct endpoint *ep, struct call *c, struct task *const *tasks, size_t n)
{
    const struct task *first = tasks[0];
    AUTO_FREE char *upsert = first->id || first->insert ? NULL
                                                        : mem_printf("/composite/sobjects/%s/%s", first->object->name,
                                                                     first->p->key_field);
    json_t *rows = json_array();
    for (size_t i = 0; i < n; i++)
        js_add(rows, salesforce_row_of(ep, tasks[i]));
    AUTO_JSON json_t *body = json_pack("{s:b,s:o}", "allOrNone", 0, "records", rows);
    salesforce_call(ep, c, first->insert ? "POST" : "PATCH", upsert ? upsert : "/composite/sobjects");
    salesforce_write_headers(ep, c);
    call_body(c, body);
    c->writes = true;
}

/* ---- answers ---- */

static void salesforce_settle(struct endpoint *ep, struct call *c, struct task **tasks, size_t n);

static void salesforce_send(struct endpoint *ep, struct task **tasks, size_t n)
{
    AUTO(call_done) struct call c = {0};
    salesforce_call_for(ep, &c, tasks, n);
    endpoint_call_many(ep, &c, 1);
    salesforce_settle(ep, &c, tasks, n);
}

/* One unreadable row fails the request as a whole: it is halved down to that row; at most eight levels deep. */
static void salesforce_settle(struct endpoint *ep, struct call *c, struct task **tasks, size_t n)
{
    const json_t *rows = salesforce_listed(c);
    bool whole = c->err.kind == ERR_REJECT || c->err.kind == ERR_BUG;
    for (size_t i = 0; rows && i < n; i++)
        salesforce_outcome(ep, tasks[i], json_array_get(rows, i));
    if (rows)
        return;
    if (whole && n > 1) {
        salesforce_send(ep, tasks, n / 2);
        salesforce_send(ep, tasks + n / 2, n - n / 2);
        return;
    }
    if (c->err.kind == ERR_GONE) /* not a record but the key field or the object */
        c->err.kind = ERR_CONFIG;
    for (size_t i = 0; i < n; i++) {
        tasks[i]->out->err = c->err;
        if (c->err.kind == ERR_BUG)
            tasks[i]->out->err.kind = ERR_REJECT;
    }
}

/* ---- batches ---- */

static bool salesforce_together(const struct task *a, const struct task *b)
{
    return a->object == b->object && !a->id == !b->id && a->insert == b->insert &&
           (a->id || str_eq(a->p->key_field, b->p->key_field));
}

/* All tasks that can go with the first of them, in chunks. */
static void salesforce_send_like(const struct writing *w, struct task *first)
{
    AUTO_FREE struct task **which = mem_grow(NULL, w->n + 1, sizeof *which);
    size_t n = 0;
    for (struct task *t = first; t < w->tasks + w->n; t++)
        if (!t->sent && salesforce_together(t, first)) {
            t->sent = true;
            which[n++] = t;
        }
    size_t n_calls = (n + SALESFORCE_ROWS - 1) / SALESFORCE_ROWS;
    AUTO_FREE struct call *calls = mem_alloc((n_calls + 1) * sizeof *calls);
    for (size_t i = 0; i < n_calls; i++) {
        size_t from = i * SALESFORCE_ROWS;
        salesforce_call_for(w->ep, &calls[i], which + from, n - from < SALESFORCE_ROWS ? n - from : SALESFORCE_ROWS);
    }
    endpoint_call_many(w->ep, calls, n_calls);
    for (size_t i = 0; i < n_calls; i++) {
        size_t from = i * SALESFORCE_ROWS;
        salesforce_settle(w->ep, &calls[i], which + from, n - from < SALESFORCE_ROWS ? n - from : SALESFORCE_ROWS);
        call_done(&calls[i]);
    }
}

/* ---- creates whose key is taken, or may be ---- */

static bool salesforce_lacks(const struct task *t)
{
    for (size_t i = 0; i < COUNT(t->object->required) && t->object->required[i]; i++)
        if (salesforce_blank(json_object_get(t->p->set, t->object->required[i])))
            return true;
    return false;
}

/* An insert makes a new record or is refused. An upsert, though, would put fillers over real values; and where an insert was
 * refused there is a record to be found. */
static bool salesforce_must_look(const struct task *t)
{
    return !t->sent && !t->id && !t->insert && !t->fill && (t->taken || salesforce_lacks(t));
}

static void salesforce_take_known(struct task *t, const struct found *f)
{
    const struct record *r = f->n == 1 ? &f->items[0] : NULL;
    if (f->err.kind != ERR_NONE)
        t->out->err = f->err;
    else if (f->n > 1)
        err_set(&t->out->err, ERR_REJECT, "several records have this %s", t->p->key_field);
    else if (r && r->state != RECORD_LIVE)
        err_set(&t->out->err, ERR_STALE, "%s %s has this key and was converted", t->object->name, r->id);
    else if (r)
        t->id = mem_dup(r->id);
    t->fill = !r;
    t->sent = t->out->err.kind != ERR_NONE;
}

/* The key is looked for first: what is there is updated, and the fillers go only into a new record. */
static bool salesforce_look_first(const struct writing *w, const struct task *like, struct err *err)
{
    AUTO_FREE const char **keys = mem_grow(NULL, w->n + 1, sizeof *keys);
    AUTO_FREE struct task **who = mem_grow(NULL, w->n + 1, sizeof *who);
    AUTO_FREE struct found *found = mem_alloc((w->n + 1) * sizeof *found);
    const char *const fields[] = {like->p->key_field, NULL};
    size_t n = 0;
    for (struct task *t = w->tasks; t < w->tasks + w->n; t++)
        if (salesforce_must_look(t) && salesforce_together(t, like)) {
            who[n] = t;
            keys[n++] = t->p->key;
        }
    bool ok = salesforce_find(w->ep, like->object->name, like->p->key_field, keys, n, fields, found, err);
    for (size_t i = 0; i < n; i++) {
        if (ok)
            salesforce_take_known(who[i], &found[i]);
        else
            who[i]->out->err = *err;
        who[i]->sent |= !ok;
        found_done(&found[i]);
    }
    return ok;
}

/* Only a field that is unique makes the service refuse a second record with the key. */
static void salesforce_choose_way(const struct writing *w, struct task *t)
{
    struct err err = {0};
    const struct schema *types = t->sent || t->id ? NULL : salesforce_types(w->ep, t->object->name, &err);
    const struct schema_field *key = types ? schema_find(types, t->p->key_field) : NULL;
    t->insert = t->fill = key && key->unique;
}

static bool salesforce_again(struct task *t)
{
    if (!t->insert || !t->taken)
        return false;
    t->out->err = (struct err){0};
    t->insert = t->fill = t->sent = false;
    return true;
}

static void salesforce_write(const struct writing *w)
{
    struct err err = {0};
    for (size_t i = 0; i < w->n; i++)
        if (salesforce_must_look(&w->tasks[i]))
            (void)!salesforce_look_first(w, &w->tasks[i], &err); /* a failure is in the items */
    salesforce_deals(w);
    salesforce_guarded(w);
    for (size_t i = 0; i < w->n; i++)
        if (!w->tasks[i].sent)
            salesforce_send_like(w, &w->tasks[i]);
}

/* ---- reading back ---- */

static void salesforce_keep(json_t *to, const struct record *r, const char *name)
{
    json_t *v = json_object_get(r->fields, name);
    if (v)
        json_object_set(to, name, v);
}

/* What was set; of a new record nobody has touched since also what the service gave it. */
static void salesforce_keep_told(struct record *r, const struct patch *p, bool created)
{
    json_t *only = json_object(), *v;
    const char *name;
    json_object_foreach (p->set, name, v)
        salesforce_keep(only, r, name);
    for (const char *const *tell = p->tell; created && r->untouched && tell && *tell; tell++)
        salesforce_keep(only, r, *tell);
    json_decref(r->fields);
    r->fields = only;
}

struct names {
    const char **list;
    size_t n;
    json_t *seen;
};

static void salesforce_add_name(struct names *names, const char *name)
{
    if (json_object_get(names->seen, name))
        return;
    js_set(names->seen, name, json_true());
    names->list = mem_grow(names->list, names->n + 2, sizeof *names->list);
    names->list[names->n++] = name;
}

/* The names of everything that is to be told; they are borrowed from the patches. */
static const char **salesforce_all_told(struct task *const *who, size_t n)
{
    AUTO_JSON json_t *seen = json_object();
    struct names names = {.list = mem_grow(NULL, 1, sizeof *names.list), .seen = seen};
    const char *name;
    json_t *v;
    for (size_t i = 0; i < n; i++) {
        json_object_foreach (who[i]->p->set, name, v)
            salesforce_add_name(&names, name);
        for (const char *const *tell = who[i]->p->tell; who[i]->out->created && tell && *tell; tell++)
            salesforce_add_name(&names, *tell);
    }
    names.list[names.n] = NULL;
    return names.list;
}

/* What cannot be read back now was written all the same: the engine looks again. */
static void salesforce_read_back(const struct writing *w, const struct salesforce_object *o)
{
    AUTO_FREE const char **ids = mem_grow(NULL, w->n + 1, sizeof *ids);
    AUTO_FREE struct task **who = mem_grow(NULL, w->n + 1, sizeof *who);
    AUTO_FREE struct record *records = mem_alloc((w->n + 1) * sizeof *records);
    struct err err = {0};
    size_t n = 0;
    for (struct task *t = w->tasks; t < w->tasks + w->n; t++)
        if (t->object == o && t->out->err.kind == ERR_NONE && t->out->record.id) {
            who[n] = t;
            ids[n++] = t->out->record.id;
        }
    const struct schema *types = n ? salesforce_types(w->ep, o->name, &err) : NULL;
    if (!types)
        return;
    AUTO_FREE const char **fields = salesforce_all_told(who, n);
    salesforce_read(w->ep, types, ids, n, fields, records);
    for (size_t i = 0; i < n; i++) {
        if (records[i].err.kind != ERR_NONE || records[i].state != RECORD_LIVE) {
            record_done(&records[i]);
            continue;
        }
        salesforce_keep_told(&records[i], who[i]->p, who[i]->out->created);
        record_done(&who[i]->out->record);
        who[i]->out->record = records[i];
    }
}

/* ---- the verb ---- */

static bool salesforce_twice(const struct task *tasks, size_t at)
{
    const struct patch *p = tasks[at].p;
    for (size_t i = 0; i < at; i++)
        if (p->id ? salesforce_same_id(tasks[i].p->id, p->id) : !tasks[i].p->id && str_eq(tasks[i].p->key, p->key))
            return true;
    return false;
}

/* An update that would only clear what cannot be cleared: there is nothing to send, but something to tell. */
static bool salesforce_only_stays(const struct task *t)
{
    const char *name;
    json_t *v;
    json_object_foreach (t->p->set, name, v)
        if (!salesforce_stays(t, name, v))
            return false;
    return true;
}

static void salesforce_task(struct writing *w, size_t i, const struct patch *p, struct result *out)
{
    struct task *t = &w->tasks[i];
    const struct salesforce_object *of = salesforce_object_by_id(p->id);
    *t = (struct task){.p = p, .out = out, .object = of ? of : salesforce_object_of(p->object), .id = mem_dup(p->id)};
    if (p->id && !json_object_size(p->set))
        t->sent = true; /* nothing to do is done */
    else if (!t->object)
        err_set(&out->err, ERR_CONFIG, "salesforce has no object \"%s\" here", p->object);
    else if (p->id && !salesforce_is_id(p->id))
        err_set(&out->err, ERR_GONE, "\"%s\" is no id of Salesforce", p->id);
    else if (!p->id && (!p->key_field || str_blank(p->key)))
        err_set(&out->err, ERR_CONFIG, "a create needs a bridge key, or nobody could find it again");
    else if (!p->id && p->parent_id && !salesforce_belongs(t->object, p->parent_type))
        err_set(&out->err, ERR_REJECT, "salesforce: a %s does not belong to a %s", p->object, p->parent_type);
    else if (salesforce_twice(w->tasks, i))
        err_set(&out->err, ERR_STALE, "the same record twice in one batch");
    else if (p->id && salesforce_only_stays(t)) {
        out->record.id = mem_dup(p->id);
        t->sent = true;
    }
    t->sent |= out->err.kind != ERR_NONE;
}

bool salesforce_put(struct endpoint *ep, const struct patch *patches, size_t n, struct result *out, struct err *err)
{
    bool again = false;
    (void)err;
    AUTO_FREE struct task *tasks = mem_alloc((n + 1) * sizeof *tasks);
    struct writing w = {.ep = ep, .tasks = tasks, .n = n};
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct result){0};
        salesforce_task(&w, i, &patches[i], &out[i]);
        salesforce_choose_way(&w, &tasks[i]);
    }
    salesforce_write(&w);
    for (size_t i = 0; i < n; i++)
        again |= salesforce_again(&tasks[i]);
    if (again)
        salesforce_write(&w);
    for (size_t i = 0; salesforce_object_at(i); i++)
        salesforce_read_back(&w, salesforce_object_at(i));
    salesforce_tie(&w);
    for (size_t i = 0; i < n; i++) {
        free(tasks[i].id);
        free(tasks[i].account);
    }
    return true;
}
