/* Records that are not where they were: in the bin, merged into another, or unknown. Only a query over everything, deleted
 * rows included, can tell; and only for as long as the bin keeps them. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_private.h"

struct lost {
    const char **ids;
    size_t *where; /* index of each in the records */
    size_t n;
};

static void salesforce_gone_ones(const char *const *ids, const struct record *out, size_t n, struct lost *lost)
{
    for (size_t i = 0; i < n; i++)
        if (out[i].err.kind == ERR_NONE && out[i].state == RECORD_GONE && salesforce_is_id(ids[i])) {
            lost->where[lost->n] = i;
            lost->ids[lost->n++] = ids[i];
        }
}

static void salesforce_fate(const struct salesforce_object *o, const json_t *row, struct record *r)
{
    const char *master = o->merges ? js_str(row, "MasterRecordId") : NULL;
    if (master) {
        r->state = RECORD_MERGED;
        r->moved_to = mem_dup(master);
    } else if (js_bool_or(row, "IsDeleted", false)) {
        r->state = RECORD_ARCHIVED;
    } else { /* alive after all: a late commit, or undeleted between two calls */
        err_set(&r->err, ERR_TEMP, "%s %s was missing and is there again", o->name, r->id);
    }
}

static size_t salesforce_look(struct endpoint *ep, const struct salesforce_object *o, const struct lost *lost,
                              size_t from, struct record *out)
{
    struct buf soql = {0};
    AUTO(call_done) struct call c = {0};
    buf_printf(&soql, "SELECT Id, IsDeleted%s FROM %s WHERE ", o->merges ? ", MasterRecordId" : "", o->name);
    size_t n = salesforce_in(&soql, "Id", lost->ids + from, lost->n - from);
    salesforce_query(ep, &c, buf_str(&soql), true);
    buf_done(&soql);
    endpoint_call_many(ep, &c, 1);
    const json_t *rows = salesforce_rows(&c);
    bool whole = js_bool_or(c.json, "done", true);
    for (size_t i = from; i < from + n; i++) {
        struct record *r = &out[lost->where[i]];
        const json_t *row = NULL;
        for (size_t k = 0; k < json_array_size(rows) && !row; k++)
            row = salesforce_same_id(js_str(json_array_get(rows, k), "Id"), lost->ids[i]) ? json_array_get(rows, k)
                                                                                          : NULL;
        if (!rows)
            r->err = c.err;
        else if (row)
            salesforce_fate(o, row, r);
        else if (!whole)
            err_set(&r->err, ERR_TEMP, "the answer about deleted records was cut short");
    }
    return n;
}

void salesforce_lost(struct endpoint *ep, const char *object, const char *const *ids, size_t n, struct record *out)
{
    AUTO_FREE const char **lost_ids = mem_grow(NULL, n + 1, sizeof *lost_ids);
    AUTO_FREE size_t *where = mem_grow(NULL, n + 1, sizeof *where);
    struct lost lost = {.ids = lost_ids, .where = where};
    salesforce_gone_ones(ids, out, n, &lost);
    for (size_t from = 0; from < lost.n;)
        from += salesforce_look(ep, salesforce_object_of(object), &lost, from, out);
}
