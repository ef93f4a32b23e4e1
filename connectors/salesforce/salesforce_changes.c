/* What changed. A stamp is set before its transaction commits, so rows may appear behind one that was read: a pass reads
 * everything from the cursor on, deleted rows too, and the next pass begins where the service itself says that nothing
 * older is still under way. Pages are keysets over (stamp, id), so that nothing moves under the reader's feet. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "connectors/salesforce/salesforce_private.h"
#include <string.h>

#define MINUTE_MS INT64_C(60000)
#define DELETES_MS (60 * MINUTE_MS)                /* how often rows that left the bin are asked for */
#define DELETES_KEPT_MS (14 * 24 * 60 * MINUTE_MS) /* the service forgets them after 15 days */

/* {"walk":id,"start":ms} in an enumeration; {"from":ms,"deletes":ms} between passes; within one also "until" (where the
 * next begins), "at" and "id" (the last row told). */
struct cursor {
    int64_t start, from, until, at, deletes;
    const char *walk, *id;
};

static struct cursor salesforce_read_cursor(const json_t *v)
{
    struct cursor c = {.start = js_int_or(v, "start", 0),
                       .from = js_int_or(v, "from", 0),
                       .until = js_int_or(v, "until", 0),
                       .at = js_int_or(v, "at", 0),
                       .deletes = js_int_or(v, "deletes", 0),
                       .walk = js_str(v, "walk"),
                       .id = js_str(v, "id")};
    c.walk = salesforce_is_id(c.walk) && c.start > 0 ? c.walk : NULL;
    c.id = salesforce_is_id(c.id) && c.at > 0 && c.until > 0 ? c.id : NULL;
    return c;
}

static char *salesforce_print_cursor(const struct cursor *c)
{
    AUTO_JSON json_t *v = c->walk
                              ? json_pack("{s:s,s:I}", "walk", c->walk, "start", (json_int_t)c->start)
                              : json_pack("{s:I,s:I}", "from", (json_int_t)c->from, "deletes", (json_int_t)c->deletes);
    if (!c->walk && c->id) {
        js_set(v, "until", json_integer(c->until));
        js_set(v, "at", json_integer(c->at));
        js_set(v, "id", json_string(c->id));
    }
    return js_print(v);
}

/* ---- what the service covers ---- */

/* Whole minutes: seconds are ignored there. */
static void salesforce_window(struct endpoint *ep, struct call *c, const char *object, const char *what, int64_t from,
                              int64_t until)
{
    char text[2][WHEN_TEXT];
    when_print(from - from % MINUTE_MS, text[0]);
    when_print(until - until % MINUTE_MS, text[1]);
    AUTO_FREE char *tail = mem_printf("/sobjects/%s/%s/?start=%.19s%%2B00%%3A00&end=%.19s%%2B00%%3A00", object, what,
                                      text[0], text[1]);
    salesforce_call(ep, c, "GET", tail);
}

static bool salesforce_refused(const struct call *c)
{
    return c->err.kind == ERR_REJECT || c->err.kind == ERR_BUG || c->err.kind == ERR_CONFIG || c->err.kind == ERR_GONE;
}

/* The moment before which nothing is under way any more, by the service's clock. Our own clock only says which minutes to
 * ask about; where it is wrong, or the object is not one that is replicated, the answer's date does. */
static bool salesforce_horizon(struct endpoint *ep, const char *object, int64_t *out, struct err *err)
{
    AUTO(call_done) struct call c = {0};
    int64_t now = ep->env->now(ep->env), covered = 0;
    salesforce_window(ep, &c, object, "updated", now - SALESFORCE_UNDER_WAY_MS, now);
    endpoint_call_many(ep, &c, 1);
    if (c.err.kind != ERR_NONE && !salesforce_refused(&c)) {
        *err = c.err;
        return false;
    }
    int64_t date = endpoint_answer_date(&c.answer);
    const char *told = js_str(c.json, "latestDateCovered");
    if (!told || !when_parse(told, &covered) || (date && covered > date))
        covered = date ? date - SALESFORCE_UNDER_WAY_MS : 0;
    if (covered <= 0)
        return err_set(err, ERR_TEMP, "Salesforce does not tell up to when changes of %s are complete", object);
    *out = covered;
    return true;
}

static struct record *salesforce_mention(struct page *out, const char *id)
{
    out->items = mem_grow(out->items, out->n + 1, sizeof *out->items);
    out->items[out->n] = (struct record){.id = mem_dup(id)};
    return &out->items[out->n++];
}

/* Rows that left the bin are in no query; for some days a list still names them. What is older is lost: enumerate. */
static bool salesforce_deletes(struct endpoint *ep, const char *object, struct cursor *at, int64_t until,
                               struct page *out, struct err *err)
{
    AUTO(call_done) struct call c = {0};
    int64_t from = at->deletes, earliest = 0;
    size_t i;
    json_t *one;
    if (until - from < DELETES_MS)
        return true;
    out->gap = until - from > DELETES_KEPT_MS;
    from = out->gap ? until - DELETES_KEPT_MS : from;
    salesforce_window(ep, &c, object, "deleted", from, until);
    endpoint_call_many(ep, &c, 1);
    if (c.err.kind != ERR_NONE && !salesforce_refused(&c)) {
        *err = c.err;
        return false;
    }
    const char *told = js_str(c.json, "earliestDateAvailable");
    if (told && when_parse(told, &earliest) && earliest > from + MINUTE_MS)
        out->gap = true;
    json_array_foreach (json_object_get(c.json, "deletedRecords"), i, one)
        if (js_str(one, "id"))
            salesforce_mention(out, js_str(one, "id"))->state = RECORD_ARCHIVED;
    if (json_is_array(json_object_get(c.json, "deletedRecords")))
        at->deletes = until;
    return true;
}

/* ---- pages ---- */

static void salesforce_tell(const struct salesforce_object *o, const json_t *row, struct page *out)
{
    struct record *r = salesforce_mention(out, js_str(row, "Id"));
    const char *stamp = js_str(row, SALESFORCE_MODIFIED), *master = o->merges ? js_str(row, "MasterRecordId") : NULL;
    r->version = mem_dup(stamp);
    if (stamp && !when_parse(stamp, &r->modified))
        r->modified = 0;
    if (js_bool_or(row, "IsDeleted", false))
        r->state = master ? RECORD_MERGED : RECORD_ARCHIVED;
    r->moved_to = mem_dup(master);
}

/* Reads one page; *last is the last row, borrowed from the call; more when the query has more to say. */
static bool salesforce_page(struct endpoint *ep, const struct salesforce_object *o, struct call *c, struct page *out,
                            const json_t **last, struct err *err)
{
    size_t i;
    json_t *row;
    endpoint_call_many(ep, c, 1);
    const json_t *rows = salesforce_rows(c);
    if (!rows) {
        *err = c->err;
        return false;
    }
    json_array_foreach ((json_t *)rows, i, row) {
        if (!salesforce_is_id(js_str(row, "Id")))
            return err_set(err, ERR_TEMP, "a row of %s came without an id", o->name);
        salesforce_tell(o, row, out);
        *last = row;
    }
    bool all = js_bool_or(c->json, "done", true);
    if (!*last && !all)
        return err_set(err, ERR_TEMP, "a page of %s came without a row, and is not the last", o->name);
    out->more = *last && (json_array_size(rows) >= SALESFORCE_PAGE || !all);
    return true;
}

/* Everybody, in the order of ids: edits do not move them. The feed then goes on from before the beginning. */
static bool salesforce_walk(struct endpoint *ep, const struct salesforce_object *o, struct cursor at, struct page *out,
                            struct err *err)
{
    AUTO(call_done) struct call c = {0};
    const json_t *last = NULL;
    if (!at.walk && !salesforce_horizon(ep, o->name, &at.start, err))
        return false;
    AUTO_FREE char *where = at.walk ? mem_printf(" WHERE Id > '%s'", at.walk) : mem_dup("");
    AUTO_FREE char *soql = mem_printf("SELECT Id, " SALESFORCE_MODIFIED " FROM %s%s ORDER BY Id LIMIT %d", o->name,
                                      where, SALESFORCE_PAGE);
    salesforce_query(ep, &c, soql, false);
    if (!salesforce_page(ep, o, &c, out, &last, err))
        return false;
    out->walk = true;
    if (out->more && str_eq(js_str(last, "Id"), at.walk))
        return err_set(err, ERR_TEMP, "the enumeration of %s does not get on", o->name);
    at.walk = out->more ? js_str(last, "Id") : NULL;
    at.from = at.deletes = at.start;
    out->next = salesforce_print_cursor(&at);
    return true;
}

static char *salesforce_feed_query(const struct salesforce_object *o, const struct cursor *at)
{
    char stamp[WHEN_TEXT];
    when_print(at->id ? at->at : at->from, stamp);
    AUTO_FREE char *where = at->id ? mem_printf("((" SALESFORCE_MODIFIED " = %s AND Id > '%s') OR " SALESFORCE_MODIFIED
                                                " > %s)",
                                                stamp, at->id, stamp)
                                   : mem_printf(SALESFORCE_MODIFIED " >= %s", stamp);
    return mem_printf("SELECT Id, IsDeleted, %s" SALESFORCE_MODIFIED " FROM %s WHERE %s ORDER BY " SALESFORCE_MODIFIED
                      ", Id LIMIT %d",
                      o->merges ? "MasterRecordId, " : "", o->name, where, SALESFORCE_PAGE);
}

static bool salesforce_feed(struct endpoint *ep, const struct salesforce_object *o, struct cursor at, struct page *out,
                            struct err *err)
{
    AUTO(call_done) struct call c = {0};
    const json_t *last = NULL;
    bool begins = !at.id;
    if (begins &&
        (!salesforce_horizon(ep, o->name, &at.until, err) || !salesforce_deletes(ep, o->name, &at, at.until, out, err)))
        return false;
    AUTO_FREE char *soql = salesforce_feed_query(o, &at);
    salesforce_query(ep, &c, soql, true);
    if (!salesforce_page(ep, o, &c, out, &last, err))
        return false;
    int64_t stamp = out->n ? out->items[out->n - 1].modified : 0;
    if (out->more && (!stamp || (stamp == at.at && str_eq(js_str(last, "Id"), at.id))))
        return err_set(err, ERR_TEMP, "the changes of %s do not get on", o->name);
    at.id = out->more ? js_str(last, "Id") : NULL;
    at.at = stamp;
    if (!out->more && at.until > at.from)
        at.from = at.until; /* never backwards, and never past what is complete */
    out->next = salesforce_print_cursor(&at);
    return true;
}

static bool salesforce_from_now(struct endpoint *ep, const struct salesforce_object *o, struct page *out,
                                struct err *err)
{
    struct cursor at = {0};
    if (!salesforce_horizon(ep, o->name, &at.from, err))
        return false;
    at.deletes = at.from;
    out->next = salesforce_print_cursor(&at);
    return true;
}

bool salesforce_changes(struct endpoint *ep, const char *object, const char *const *fields, const char *cursor,
                        struct page *out, struct err *err)
{
    const struct salesforce_object *o = salesforce_object_of(object);
    (void)fields; /* the engine reads by id what it is told of */
    if (!o)
        return err_set(err, ERR_CONFIG, "salesforce has no object \"%s\" here", object);
    AUTO_JSON json_t *v = cursor && !str_eq(cursor, "now") ? js_parse(cursor, strlen(cursor), NULL) : NULL;
    struct cursor at = salesforce_read_cursor(v);
    bool ok = str_eq(cursor, "now") ? salesforce_from_now(ep, o, out, err)
              : at.from && !at.walk ? salesforce_feed(ep, o, at, out, err)
                                    : salesforce_walk(ep, o, at, out, err);
    if (!ok)
        page_done(out);
    return ok;
}
