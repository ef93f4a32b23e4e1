/* Reading by id, through collections, and by the value of a field, through queries: both see what is committed. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_private.h"

static void salesforce_name(json_t *names, const struct schema *types, const char *name)
{
    size_t i;
    json_t *have;
    if (!schema_find(types, name))
        return;
    json_array_foreach (names, i, have)
        if (str_eq(json_string_value(have), name))
            return;
    js_add(names, json_string(name));
}

json_t *salesforce_names(const struct schema *types, const char *const *fields)
{
    const struct salesforce_object *o = salesforce_object_of(types->object);
    json_t *names = json_array();
    js_add(names, json_string("Id"));
    static const char *const always[] = {SALESFORCE_MODIFIED, SALESFORCE_CREATED, SALESFORCE_MAKER, SALESFORCE_LAST_HAND};
    for (size_t i = 0; i < COUNT(always); i++)
        salesforce_name(names, types, always[i]);
    if (o && o->becomes) {
        salesforce_name(names, types, "IsConverted");
        salesforce_name(names, types, o->moved_by);
    }
    if (o && o->archives)
        salesforce_name(names, types, "IsArchived");
    for (size_t i = 0; !fields && i < types->n; i++)
        salesforce_name(names, types, types->fields[i].name);
    for (; fields && *fields; fields++)
        salesforce_name(names, types, *fields);
    return names;
}

/* ---- by id ---- */

static void salesforce_build(struct endpoint *ep, struct call *c, const struct schema *types, const char *const *ids,
                             size_t n, const char *const *fields)
{
    AUTO_FREE char *tail = mem_printf("/composite/sobjects/%s", types->object);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        js_add(list, json_string(ids[i]));
    AUTO_JSON json_t *body = json_pack("{s:o,s:o}", "ids", list, "fields", salesforce_names(types, fields));
    salesforce_call(ep, c, "POST", tail);
    call_body(c, body);
    c->writes = false; /* a POST that only reads */
}

/* The row at the place of the id, or the one that has it; JSON null and absence both mean that there is none. */
static const json_t *salesforce_row(const json_t *rows, const char *id, size_t hint)
{
    const json_t *near = json_array_get(rows, hint);
    if (salesforce_same_id(js_str(near, "Id"), id))
        return near;
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (salesforce_same_id(js_str(json_array_get(rows, i), "Id"), id))
            return json_array_get(rows, i);
    return NULL;
}

static void salesforce_answered(struct endpoint *ep, const struct schema *types, struct call *c, const char *id,
                                size_t hint, const char *const *fields, struct record *out)
{
    const json_t *rows = salesforce_listed(c), *row = rows ? salesforce_row(rows, id, hint) : NULL;
    *out = (struct record){.state = RECORD_GONE};
    if (!rows)
        out->err = c->err;
    else if (row && salesforce_record(ep, types, row, endpoint_answer_date(&c->answer), fields, out))
        free(out->id);
    else if (hint >= json_array_size(rows))
        err_set(&out->err, ERR_TEMP, "the answer is shorter than the question: it says nothing about %s", id);
    out->id = mem_dup(id); /* as it was asked for: 15 characters stay 15 */
}

void salesforce_read(struct endpoint *ep, const struct schema *types, const char *const *ids, size_t n,
                     const char *const *fields, struct record *out)
{
    size_t n_calls = (n + SALESFORCE_ROWS - 1) / SALESFORCE_ROWS;
    AUTO_FREE struct call *calls = mem_alloc((n_calls + 1) * sizeof *calls);
    for (size_t i = 0; i < n_calls; i++) {
        size_t from = i * SALESFORCE_ROWS, count = n - from < SALESFORCE_ROWS ? n - from : SALESFORCE_ROWS;
        salesforce_build(ep, &calls[i], types, ids + from, count, fields);
    }
    endpoint_call_many(ep, calls, n_calls);
    for (size_t i = 0; i < n; i++)
        salesforce_answered(ep, types, &calls[i / SALESFORCE_ROWS], ids[i], i % SALESFORCE_ROWS, fields, &out[i]);
    for (size_t i = 0; i < n_calls; i++)
        call_done(&calls[i]);
}

/* The ids of one object among those asked for: a converted lead's link goes on under the contact's id. What is no id of
 * ours at all is asked for as the object named, or not at all when it cannot be an id. */
static bool salesforce_fetch_of(struct endpoint *ep, const struct salesforce_object *o,
                                const struct salesforce_object *asked, const char *const *ids, size_t n,
                                const char *const *fields, struct record *out, struct err *err)
{
    AUTO_FREE const char **mine = mem_grow(NULL, n + 1, sizeof *mine);
    AUTO_FREE size_t *where = mem_grow(NULL, n + 1, sizeof *where);
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        const struct salesforce_object *of = salesforce_object_by_id(ids[i]);
        if (!salesforce_is_id(ids[i]) || (of ? of : asked) != o)
            continue;
        where[k] = i;
        mine[k++] = ids[i];
    }
    const struct schema *types = k ? salesforce_types(ep, o->name, err) : NULL;
    if (!types)
        return k == 0;
    AUTO_FREE struct record *records = mem_alloc((k + 1) * sizeof *records);
    salesforce_read(ep, types, mine, k, fields, records);
    salesforce_lost(ep, types, mine, k, fields, records);
    for (size_t i = 0; i < k; i++)
        out[where[i]] = records[i];
    return true;
}

static void salesforce_give_back(struct record *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        record_done(&out[i]);
}

bool salesforce_fetch(struct endpoint *ep, const char *object, const char *const *ids, size_t n,
                      const char *const *fields, unsigned flags, struct record *out, struct err *err)
{
    const struct salesforce_object *asked = salesforce_object_of(object);
    (void)flags; /* every read is from the primary; there is no history */
    if (!asked)
        return err_set(err, ERR_CONFIG, "salesforce has no object \"%s\" here", object);
    for (size_t i = 0; i < n; i++)
        out[i] = (struct record){0};
    for (size_t i = 0; salesforce_object_at(i); i++)
        if (!salesforce_fetch_of(ep, salesforce_object_at(i), asked, ids, n, fields, out, err)) {
            salesforce_give_back(out, n);
            return false;
        }
    for (size_t i = 0; i < n; i++)
        if (!out[i].id)
            out[i] = (struct record){.id = mem_dup(ids[i]), .state = RECORD_GONE}; /* cannot be an id of theirs */
    return true;
}
