/* Finding by the value of a field. A query sees what is committed, so that absence means absent; the rows are compared
 * with the values again, since a query does not say which value a row answers. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_private.h"
#include <string.h>

struct finding {
    struct endpoint *ep;
    const struct schema *types;
    const struct schema_field *field;
    const char *const *fields;
};

/* Salesforce compares without case, beyond ASCII too; a row that fits no value exactly belongs to the one there is. */
static bool salesforce_fits(const struct finding *f, const json_t *row, const char *value, size_t n)
{
    const json_t *raw = json_object_get(row, f->field->name);
    const char *text = json_string_value(raw);
    if (text)
        return str_eq_nocase(text, value) || salesforce_same_id(text, value) ||
               (n == 1 && f->field->type == SCHEMA_TEXT);
    AUTO_FREE char *printed = raw && !json_is_null(raw) ? js_print(raw) : NULL;
    return printed && str_eq(printed, value);
}

static void salesforce_hit(const struct finding *f, const json_t *row, int64_t as_of, struct found *out)
{
    struct record r = {0};
    if (!salesforce_record(f->ep, f->types, row, as_of, f->fields, &r))
        return;
    out->items = mem_grow(out->items, out->n + 1, sizeof *out->items);
    out->items[out->n++] = r;
}

static void salesforce_sort(const struct finding *f, const struct call *c, const json_t *rows,
                            const char *const *values, size_t n, struct found *out)
{
    size_t i;
    json_t *row;
    json_array_foreach ((json_t *)rows, i, row)
        for (size_t k = 0; k < n; k++)
            if (salesforce_fits(f, row, values[k], n))
                salesforce_hit(f, row, endpoint_answer_date(&c->answer), &out[k]);
}

static void salesforce_select(const struct finding *f, struct buf *soql)
{
    AUTO_JSON json_t *names = salesforce_names(f->types, f->fields);
    size_t i;
    json_t *name;
    bool asked = false;
    buf_puts(soql, "SELECT ");
    json_array_foreach (names, i, name) {
        asked |= str_eq(json_string_value(name), f->field->name);
        buf_printf(soql, "%s%s", i ? ", " : "", json_string_value(name));
    }
    buf_printf(soql, "%s%s FROM %s WHERE ", asked ? "" : ", ", asked ? "" : f->field->name, f->types->object);
}

/* Numbers and booleans stand unquoted, and are asked for one by one. */
static size_t salesforce_condition(const struct finding *f, struct buf *soql, const char *const *values, size_t n)
{
    enum schema_type type = f->field->type;
    if (type == SCHEMA_TEXT || type == SCHEMA_CHOICE)
        return salesforce_in(soql, f->field->name, values, n);
    if (type == SCHEMA_SET) {
        buf_printf(soql, "%s INCLUDES (", f->field->name);
        salesforce_quote(soql, *values);
        buf_puts(soql, ")");
        return 1;
    }
    double number;
    bool plain = str_to_real(*values, &number) || str_eq(*values, "true") || str_eq(*values, "false") ||
                 (type != SCHEMA_NUMBER && type != SCHEMA_BOOL);
    bool safe = plain && !strpbrk(*values, " '\\()");
    buf_printf(soql, "%s = %s", f->field->name, safe ? *values : "null");
    return 1;
}

static size_t salesforce_find_some(const struct finding *f, const char *const *values, size_t n, struct found *out)
{
    struct buf soql = {0};
    AUTO(call_done) struct call c = {0};
    salesforce_select(f, &soql);
    size_t count = salesforce_condition(f, &soql, values, n);
    bool archives = salesforce_object_of(f->types->object)->archives; /* the archived ones count, the deleted ones do not */
    buf_puts(&soql, archives ? " AND IsDeleted = false" : "");
    salesforce_query(f->ep, &c, buf_str(&soql), archives);
    buf_done(&soql);
    endpoint_call_many(f->ep, &c, 1);
    const json_t *rows = salesforce_rows(&c);
    if (rows && !js_bool_or(c.json, "done", true)) /* more than a page: one of these values is no key at all */
        err_set(&c.err, count > 1 ? ERR_LIMIT : ERR_REJECT, "more records than a page have these values of %s",
                f->field->name);
    bool narrow = c.err.kind == ERR_LIMIT && count > 1;
    for (size_t i = 0; i < count && !narrow; i++)
        out[i].err = c.err;
    for (size_t i = 0; i < count && narrow; i++)
        salesforce_find_some(f, values + i, 1, out + i);
    if (c.err.kind == ERR_NONE)
        salesforce_sort(f, &c, rows, values, count, out);
    return count;
}

bool salesforce_find(struct endpoint *ep, const char *object, const char *field, const char *const *values, size_t n,
                     const char *const *fields, struct found *out, struct err *err)
{
    struct finding f = {.ep = ep, .types = salesforce_types(ep, object, err), .fields = fields};
    if (!f.types)
        return false;
    f.field = schema_find(f.types, field);
    if (!f.field)
        return err_set(err, ERR_CONFIG, "%s has no field %s that the integration user may see", object, field);
    for (size_t i = 0; i < n; i++)
        out[i] = (struct found){0};
    for (size_t from = 0; from < n;)
        from += salesforce_find_some(&f, values + from, n - from, out + from);
    return true;
}
