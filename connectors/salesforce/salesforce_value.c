/* Salesforce's JSON as the contract's, and back: sets are one text with semicolons, date-times have no colon in their
 * offset, and a required text that has nothing to say holds a filler, which is nothing to everybody else. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "connectors/salesforce/salesforce_private.h"
#include <string.h>

static json_t *salesforce_time(const json_t *raw, bool day)
{
    int64_t ms;
    bool told = json_is_string(raw) && when_parse(json_string_value(raw), &ms);
    return told ? connector_moment(ms, day) : json_incref((json_t *)raw);
}

static json_t *salesforce_number(const json_t *raw)
{
    double r = json_real_value(raw);
    bool whole = json_is_real(raw) && r > -9e15 && r < 9e15 && r == (double)(json_int_t)r;
    return whole ? json_integer((json_int_t)r) : json_incref((json_t *)raw);
}

const char *salesforce_filler(struct endpoint *ep, const char *field)
{
    const struct salesforce *s = salesforce_of(ep);
    return str_eq(field, "CloseDate") ? s->close_date : str_eq(field, "StageName") ? NULL : s->filler;
}

json_t *salesforce_typed(struct endpoint *ep, const struct schema *types, const char *name, const json_t *raw)
{
    const struct schema_field *f = schema_find(types, name);
    const char *text = json_string_value(raw), *filler = salesforce_filler(ep, name);
    enum schema_type type = f ? f->type : SCHEMA_TEXT;
    bool nothing = !raw || json_is_null(raw) || (text && !*text);
    if (type == SCHEMA_SET)
        return connector_choices(nothing || !text ? "" : text);
    if (nothing || (filler && str_eq(text, filler) && salesforce_requires(salesforce_object_of(types->object), name)))
        return json_null();
    if (type == SCHEMA_DATE || type == SCHEMA_DATETIME)
        return salesforce_time(raw, type == SCHEMA_DATE);
    if (type == SCHEMA_NUMBER)
        return salesforce_number(raw);
    return json_incref((json_t *)raw);
}

static json_t *salesforce_joined(const json_t *set)
{
    struct buf b = {0};
    size_t i;
    json_t *one;
    json_array_foreach ((json_t *)set, i, one)
        if (json_is_string(one))
            buf_printf(&b, "%s%s", b.n ? ";" : "", json_string_value(one));
    json_t *out = b.n ? json_string(buf_str(&b)) : json_null();
    buf_done(&b);
    return out;
}

json_t *salesforce_raw(const json_t *v)
{
    const char *text = json_string_value(v);
    return json_is_array(v) ? salesforce_joined(v) : text && !*text ? json_null() : json_incref((json_t *)v);
}

static bool salesforce_wanted(const char *const *fields, const char *name)
{
    if (!fields)
        return true;
    for (; *fields; fields++)
        if (str_eq(*fields, name))
            return true;
    return false;
}

/* A stamp counts seconds and is set before its transaction commits: while one that began in that second may be under way,
 * the same stamp may still come to mean something newer. */
static void salesforce_version(const char *stamp, int64_t as_of, struct record *out)
{
    int64_t ms = 0;
    if (!stamp || !when_parse(stamp, &ms))
        return;
    out->modified = ms;
    if (!as_of || as_of >= ms + SALESFORCE_UNDER_WAY_MS)
        out->version = mem_dup(stamp);
}

/* The hand that made it was the last one there, within the second a creation may take: what flows do at once is part of it. */
static bool salesforce_untouched(const json_t *row)
{
    const char *born = js_str(row, SALESFORCE_CREATED), *stamp = js_str(row, SALESFORCE_MODIFIED);
    const char *maker = js_str(row, SALESFORCE_MAKER);
    int64_t from = 0, to = 0;
    return born && stamp && maker && str_eq(maker, js_str(row, SALESFORCE_LAST_HAND)) && when_parse(born, &from) &&
           when_parse(stamp, &to) && to - from <= 1000;
}

bool salesforce_record(struct endpoint *ep, const struct schema *types, const json_t *row, int64_t as_of,
                       const char *const *fields, struct record *out)
{
    const struct salesforce_object *o = salesforce_object_of(types->object);
    const char *name, *id = js_str(row, "Id");
    json_t *raw;
    if (!id)
        return false;
    *out = (struct record){.id = mem_dup(id), .as_of = as_of};
    salesforce_version(js_str(row, SALESFORCE_MODIFIED), as_of, out);
    out->untouched = salesforce_untouched(row);
    if (o && o->becomes && js_bool_or(row, "IsConverted", false)) {
        out->state = RECORD_CONVERTED;
        out->moved_type = mem_dup(o->becomes);
        out->moved_to = mem_dup(js_str(row, o->moved_by));
        if (!out->moved_to)
            err_set(&out->err, ERR_REJECT, "%s %s was converted, but the integration user may not see to what (%s)",
                    o->name, id, o->moved_by);
        return true;
    }
    out->state = js_bool_or(row, "IsDeleted", false) ? RECORD_ARCHIVED : RECORD_LIVE;
    out->fields = json_object();
    json_object_foreach ((json_t *)row, name, raw)
        if (salesforce_wanted(fields, name) && !str_eq(name, "attributes"))
            js_set(out->fields, name, salesforce_typed(ep, types, name, raw));
    if (fields && salesforce_wanted(fields, SALESFORCE_ADDRESS) && salesforce_of(ep)->home)
        js_set(out->fields, SALESFORCE_ADDRESS, json_sprintf("%s/%s", salesforce_of(ep)->home, id));
    out->key = mem_dup(js_str(out->fields, "inbox_prospect_key__c"));
    return true;
}
