/* A page of a bulk query's result as records: CSV with a header of its own, in which everything is text and an empty cell is
 * null. What a row of the other API would hold is made of it again, so that both are read the same way. */
#include "bridge/base/csv.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_private.h"
#include <string.h>

static json_t *salesforce_cell_value(const struct schema *types, const char *name, const char *cell)
{
    const struct schema_field *f = schema_find(types, name);
    if (!*cell)
        return json_null();
    if (f && f->type == SCHEMA_BOOL)
        return json_boolean(str_eq_nocase(cell, "true"));
    json_t *number = f && f->type == SCHEMA_NUMBER ? js_parse(cell, strlen(cell), NULL) : NULL;
    if (json_is_number(number))
        return number;
    json_decref(number);
    return json_string(cell);
}

/* The header repeats the names as they were asked for. */
static json_t *salesforce_row_object(const struct schema *types, const struct csv_row *head, const struct csv_row *row)
{
    json_t *out = json_object();
    for (size_t i = 0; i < row->n; i++) {
        const struct schema_field *f = schema_find(types, head->cells[i]);
        const char *name = f ? f->name : head->cells[i];
        js_set(out, name, salesforce_cell_value(types, name, row->cells[i]));
    }
    return out;
}

static bool salesforce_page_row(struct endpoint *ep, const struct schema *types, int64_t as_of, const struct csv_row *head,
                                struct survey *s, const struct csv_row *row, struct err *err)
{
    if (row->n != head->n)
        return err_set(err, ERR_TEMP, "a row of a bulk query has %zu columns instead of %zu", row->n, head->n);
    AUTO_JSON json_t *object = salesforce_row_object(types, head, row);
    s->items = mem_grow(s->items, s->n + 1, sizeof *s->items);
    if (!salesforce_record(ep, types, object, as_of, s->fields, &s->items[s->n]))
        return err_set(err, ERR_TEMP, "a row of a bulk query has no id");
    s->n++;
    return true;
}

/* The header is read again for each piece of the page; it is one line. */
bool salesforce_page_rows(struct endpoint *ep, const struct schema *types, int64_t as_of, struct survey *s, bool *end, struct err *err)
{
    const char *text = buf_str(&s->text);
    struct csv c = {.at = text};
    AUTO(csv_row_done) struct csv_row head = {0};
    bool more = false;
    if (!csv_next(&c, &head, &more, err) || (!more && s->wanted))
        return err_set(err, ERR_TEMP, "a page of a bulk query cannot be read");
    if (s->at)
        c.at = text + s->at;
    while (s->n < SALESFORCE_ROWS) {
        AUTO(csv_row_done) struct csv_row row = {0};
        if (!csv_next(&c, &row, &more, err))
            return err_set(err, ERR_TEMP, "a page of a bulk query cannot be read");
        if (!more)
            break;
        if (!salesforce_page_row(ep, types, as_of, &head, s, &row, err))
            return false;
    }
    s->at = (size_t)(c.at - text);
    s->told += s->n;
    *end = !*c.at;
    return !*end || s->told >= s->wanted ||
           err_set(err, ERR_TEMP, "a page of a bulk query counts %zu records and tells of %zu", s->wanted, s->told);
}
