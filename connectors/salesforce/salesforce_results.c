/* Result lists of a bulk job: CSV whose rows come in any order, and are told apart by the key alone. A list that ends too
 * early says nothing about the rest; what it said until then holds. */
#include "bridge/base/csv.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_private.h"
#include <string.h>

struct columns {
    size_t n, id, said, key; /* said: sf__Created or sf__Error */
};

static bool salesforce_column(const struct csv_row *head, const char *name, size_t *out, struct err *err)
{
    for (size_t i = 0; i < head->n; i++)
        if (str_eq_nocase(head->cells[i], name)) {
            *out = i;
            return true;
        }
    return err_set(err, ERR_TEMP, "a list of results came without the column %s", name);
}

static bool salesforce_head(struct csv *c, enum salesforce_list list, const char *key_field, struct columns *out, struct err *err)
{
    AUTO(csv_row_done) struct csv_row head = {0};
    bool more = false;
    if (!csv_next(c, &head, &more, err))
        return err_set(err, ERR_TEMP, "a list of results cannot be read");
    *out = (struct columns){.n = head.n};
    return salesforce_column(&head, "sf__Id", &out->id, err) &&
           salesforce_column(&head, list == SALESFORCE_DONE ? "sf__Created" : "sf__Error", &out->said, err) &&
           salesforce_column(&head, key_field, &out->key, err);
}

/* "CODE:message:Field1,Field2 --" in the shape of a collections row. */
static json_t *salesforce_error_of(const char *text)
{
    const char *colon = strchr(text, ':'), *last = strrchr(text, ':');
    AUTO_FREE char *code = mem_dup_n(text, colon ? (size_t)(colon - text) : strlen(text));
    AUTO_FREE char *message = colon && last > colon ? mem_dup_n(colon + 1, (size_t)(last - colon - 1)) : mem_dup(colon ? colon + 1 : "");
    json_t *fields = json_array();
    AUTO_FREE char *names = last && last > colon ? mem_dup(last + 1) : mem_dup("");
    char *save = NULL, *end = strstr(names, "--");
    if (end)
        *end = '\0';
    for (char *one = strtok_r(names, ", ", &save); one; one = strtok_r(NULL, ", ", &save))
        js_add(fields, json_string(one));
    return json_pack("{s:[{s:o,s:o,s:o}]}", "errors", "statusCode", js_text(code), "message", js_text(message), "fields", fields);
}

static void salesforce_tell_row(struct endpoint *ep, enum salesforce_list list, const struct csv_row *row,
                                const struct columns *at, struct result *out)
{
    *out = (struct result){.record.key = mem_dup(row->cells[at->key])};
    if (list == SALESFORCE_FAILED) {
        AUTO_JSON json_t *error = salesforce_error_of(row->cells[at->said]);
        salesforce_row_error(ep, error, &out->err);
    } else if (!salesforce_is_id(row->cells[at->id])) {
        err_set(&out->err, ERR_UNSURE, "the list of what was done names no record");
    } else {
        out->record.id = mem_dup(row->cells[at->id]);
        out->created = str_eq_nocase(row->cells[at->said], "true");
    }
}

bool salesforce_results(struct endpoint *ep, enum salesforce_list list, const char *key_field, struct harvest *h, bool *end,
                        struct err *err)
{
    struct csv c = {.at = buf_str(&h->text)};
    struct columns at = {0};
    *end = true;
    if (!*c.at)
        return true; /* no list at all is an empty one */
    if (!salesforce_head(&c, list, key_field, &at, err))
        return false;
    if (h->at)
        c.at = buf_str(&h->text) + h->at;
    h->items = mem_grow(NULL, SALESFORCE_ROWS, sizeof *h->items);
    for (bool more = true; more && h->n < SALESFORCE_ROWS;) {
        AUTO(csv_row_done) struct csv_row row = {0};
        if (!csv_next(&c, &row, &more, err) || (more && row.n != at.n))
            return err_set(err, ERR_TEMP, "a list of results is cut short");
        if (more)
            salesforce_tell_row(ep, list, &row, &at, &h->items[h->n++]);
    }
    h->told += h->n;
    h->at = (size_t)(c.at - buf_str(&h->text));
    *end = !*c.at;
    return true;
}
