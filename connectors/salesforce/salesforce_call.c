/* Paths, queries and answers that must be lists. An answer that lists nothing at all says nothing about any record. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_private.h"
#include <string.h>

#define SALESFORCE_PAGES_MOST 10000
#define SALESFORCE_TIMEOUT_MS 120000
#define SALESFORCE_ANSWER_MAX (32u << 20) /* 2,000 rows with long texts; a description alone may have megabytes */

void salesforce_call(struct endpoint *ep, struct call *c, const char *method, const char *tail)
{
    call_init(c, method, "/services/data/v%s%s", salesforce_of(ep)->version, tail);
    http_headers_set(&c->request.headers, "Sforce-Call-Options", "client=inbox-bridge");
    c->request.timeout_ms = SALESFORCE_TIMEOUT_MS;
    c->request.answer_max = SALESFORCE_ANSWER_MAX;
}

void salesforce_query(struct endpoint *ep, struct call *c, const char *soql, bool all)
{
    AUTO_FREE char *text = http_escape(soql), *tail = mem_printf("/%s?q=%s", all ? "queryAll" : "query", text);
    salesforce_call(ep, c, "GET", tail);
    http_headers_set(&c->request.headers, "Sforce-Query-Options", "batchSize=2000");
}

static const json_t *salesforce_list_or(struct call *c, const json_t *list)
{
    if (c->err.kind != ERR_NONE)
        return NULL;
    if (!json_is_array(list))
        err_set(&c->err, c->writes ? ERR_UNSURE : ERR_TEMP, "%s %s answered without a list", c->request.method,
                c->path ? c->path : "");
    return json_is_array(list) ? list : NULL;
}

const json_t *salesforce_rows(struct call *c)
{
    bool told = json_is_boolean(json_object_get(c->json, "done")); /* whether it is all: no rows may mean no such record */
    return salesforce_list_or(c, told ? json_object_get(c->json, "records") : NULL);
}

/* Where the rest of an answer is: "/services/data/v62.0/query/01g…-2000", to be asked for in our own version. NULL: this was all. */
static char *salesforce_rest(const struct call *c)
{
    const char *next = js_str(c->json, "nextRecordsUrl"), *at = next ? strstr(next, "/query") : NULL;
    return !js_bool_or(c->json, "done", true) && at ? mem_dup(at) : NULL;
}

bool salesforce_pages(struct endpoint *ep, const char *soql, void (*take)(void *self, const json_t *rows), void *self, struct err *err)
{
    AUTO_FREE char *rest = NULL;
    for (int i = 0; i < SALESFORCE_PAGES_MOST; i++) {
        AUTO(call_done) struct call c = {0};
        if (rest)
            salesforce_call(ep, &c, "GET", rest);
        else
            salesforce_query(ep, &c, soql, false);
        endpoint_call_many(ep, &c, 1);
        const json_t *rows = salesforce_rows(&c);
        if (!rows) {
            *err = c.err;
            return false;
        }
        take(self, rows);
        char *next = salesforce_rest(&c);
        free(rest);
        rest = next;
        if (!rest)
            return js_bool_or(c.json, "done", true) || err_set(err, ERR_TEMP, "an answer that is not all does not say where the rest is");
    }
    return err_set(err, ERR_TEMP, "a query whose pages do not end");
}

const json_t *salesforce_listed(struct call *c)
{
    return salesforce_list_or(c, c->json);
}

void salesforce_quote(struct buf *b, const char *text)
{
    buf_putc(b, '\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            buf_putc(b, '\\');
        if (*text == '\n')
            buf_puts(b, "\\n");
        else if (*text == '\r')
            buf_puts(b, "\\r");
        else
            buf_putc(b, *text);
    }
    buf_putc(b, '\'');
}

/* What a text takes in an address: every byte but letters and digits becomes three. */
static size_t salesforce_cost(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += (*text >= '0' && *text <= '9') || (*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z') ? 1 : 3;
    return n;
}

/* The same quoted, with the comma before it. */
static size_t salesforce_cost_quoted(const char *text)
{
    size_t n = salesforce_cost(text) + 3 * 3;
    for (; *text; text++)
        n += *text == '\'' || *text == '\\' || *text == '\n' || *text == '\r' ? 3 : 0;
    return n;
}

size_t salesforce_in(struct buf *b, const char *field, const char *const *values, size_t n)
{
    size_t cost = 0, count = 0;
    buf_printf(b, "%s IN (", field);
    cost = salesforce_cost(buf_str(b)) + 3;
    while (count < n && count < SALESFORCE_ROWS) {
        cost += salesforce_cost_quoted(values[count]);
        if (count && cost > SALESFORCE_QUERY_MAX)
            break;
        if (count)
            buf_putc(b, ',');
        salesforce_quote(b, values[count++]);
    }
    buf_puts(b, ")");
    return count;
}
