/* Many records as one query of the Bulk API 2.0: the job is begun, looked at until it is complete, and its result read page by
 * page. Where that stands is all in the ticket, "750… as-of rows-a-page where"; `where` is "wait", "first", "@locator" or "end". A
 * page can be read again, and a job that is forgotten is told as GONE. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "connectors/salesforce/salesforce_private.h"
#include <stdio.h>
#include <string.h>

#define SALESFORCE_PAGE_ROWS 5000       /* rows of a page; it is held in memory as it came */
#define SALESFORCE_PAGE_LEAST 20
#define SALESFORCE_PAGE_MAX (6u << 20)  /* bytes; where rows are longer, there are fewer to a page */

struct place {
    char id[20];
    int64_t as_of, most;
    char where[512];
};

static bool salesforce_place(const char *ticket, struct place *at, struct err *err)
{
    long long as_of = 0, most = 0;
    bool read = sscanf(ticket, "%19s %lld %lld %511s", at->id, &as_of, &most, at->where) == 4;
    at->as_of = as_of;
    at->most = most;
    return (read && most > 0 && salesforce_is_id(at->id)) || err_set(err, ERR_GONE, "\"%s\" is no query of ours", ticket);
}

static void salesforce_go_on(struct survey *s, const struct place *at, const char *where)
{
    char *ticket = mem_printf("%s %lld %lld %s", at->id, (long long)at->as_of, (long long)at->most, where);
    free(s->ticket);
    s->ticket = ticket;
}

/* ---- the job ---- */

static char *salesforce_survey_text(const struct schema *types, const struct survey *s, bool archives)
{
    AUTO_JSON json_t *names = salesforce_names(types, s->fields);
    struct buf soql = {0};
    size_t i;
    json_t *name;
    buf_puts(&soql, "SELECT ");
    json_array_foreach (names, i, name)
        buf_printf(&soql, "%s%s", i ? ", " : "", json_string_value(name));
    buf_printf(&soql, " FROM %s WHERE %s != null%s", types->object, s->key_field, archives ? " AND IsDeleted = false" : "");
    return buf_take(&soql);
}

/* The service tells when it took the job: what it reads is not older. */
static bool salesforce_begun(struct survey *s, struct call *c, struct err *err)
{
    struct place at = {.most = SALESFORCE_PAGE_ROWS};
    const char *id = js_str(c->json, "id"), *made = js_str(c->json, "createdDate");
    if (!salesforce_is_id(id))
        return err_set(err, ERR_TEMP, "the answer names no job");
    str_copy(at.id, sizeof at.id, id);
    if (!made || !when_parse(made, &at.as_of))
        at.as_of = endpoint_answer_date(&c->answer);
    salesforce_go_on(s, &at, "wait");
    s->running = true;
    return true;
}

static bool salesforce_survey_begin(struct endpoint *ep, const struct schema *types, struct survey *s, struct err *err)
{
    AUTO(call_done) struct call c = {0};
    bool archives = salesforce_object_of(types->object)->archives;
    AUTO_FREE char *soql = salesforce_survey_text(types, s, archives);
    AUTO_JSON json_t *body = json_pack("{s:s,s:s,s:s,s:s,s:s}", "operation", archives ? "queryAll" : "query", "query", soql, "contentType",
                                       "CSV", "columnDelimiter", "COMMA", "lineEnding", "LF");
    salesforce_call(ep, &c, "POST", "/jobs/query");
    call_body(&c, body);
    c.writes = false; /* a job nobody reads is forgotten */
    if (!endpoint_call(ep, &c, err))
        return err_wrap(err, "beginning a bulk query of %s", types->object);
    return salesforce_begun(s, &c, err);
}

static bool salesforce_survey_look(struct endpoint *ep, struct survey *s, struct place *at, struct err *err)
{
    AUTO(call_done) struct call c = {0};
    AUTO_FREE char *tail = mem_printf("/jobs/query/%s", at->id);
    salesforce_call(ep, &c, "GET", tail);
    if (!endpoint_call(ep, &c, err))
        return err_wrap(err, "looking at a bulk query");
    const char *state = js_str_or(c.json, "state", ""), *why = js_str_or(c.json, "errorMessage", "no reason is told");
    if (str_eq(state, "Failed") || str_eq(state, "Aborted"))
        return err_set(err, ERR_REJECT, "the bulk query of %s %s: %.240s", s->object, str_eq(state, "Failed") ? "failed" : "was aborted", why);
    if (!*state)
        return err_set(err, ERR_TEMP, "a bulk query that tells no state");
    s->running = !str_eq(state, "JobComplete");
    str_copy(at->where, sizeof at->where, s->running ? "wait" : "first");
    return true;
}

/* Read or not wanted: the service need not keep it. That it could not be told so is no fault: it forgets by itself. */
static void salesforce_survey_forget(struct endpoint *ep, const struct place *at, bool abort)
{
    AUTO_FREE char *tail = mem_printf("/jobs/query/%s", at->id);
    AUTO_JSON json_t *body = json_pack("{s:s}", "state", "Aborted");
    struct err ignored = {0};
    for (int step = abort ? 0 : 1; step < 2; step++) {
        AUTO(call_done) struct call c = {0};
        salesforce_call(ep, &c, step ? "DELETE" : "PATCH", tail);
        if (!step)
            call_body(&c, body);
        c.writes = false;
        if (!endpoint_call(ep, &c, &ignored) && step)
            return;
    }
}

/* ---- its pages ---- */

static bool salesforce_survey_page(struct endpoint *ep, struct survey *s, struct place *at, char **locator, struct err *err)
{
    AUTO(call_done) struct call c = {0};
    bool first = *at->where != '@';
    AUTO_FREE char *tail = mem_printf("/jobs/query/%s/results?maxRecords=%lld%s%s", at->id, (long long)at->most,
                                      first ? "" : "&locator=", first ? "" : at->where + 1);
    salesforce_call(ep, &c, "GET", tail);
    http_headers_set(&c.request.headers, "Accept", "text/csv");
    c.request.answer_max = SALESFORCE_PAGE_MAX;
    c.raw = true;
    if (!endpoint_call(ep, &c, err))
        return err_wrap(err, "reading the result of a bulk query");
    const char *next = http_headers_get(&c.answer.headers, "Sforce-Locator");
    if (!next)
        return err_set(err, ERR_TEMP, "a page of a bulk query does not say whether it is the last");
    const char *count = http_headers_get(&c.answer.headers, "Sforce-NumberOfRecords");
    int64_t wanted = 0;
    s->wanted = count && str_to_int(count, 0, INT32_MAX, &wanted) ? (size_t)wanted : 0;
    s->told = 0;
    *locator = mem_dup(next);
    s->text = (struct buf){.s = c.answer.body, .n = c.answer.body_n, .cap = c.answer.body ? c.answer.body_n + 1 : 0};
    s->at = 0;
    c.answer.body = NULL;
    c.answer.body_n = 0;
    return true;
}

/* Pages of long texts are asked for in smaller pieces. */
static bool salesforce_survey_fits(struct endpoint *ep, struct survey *s, struct place *at, char **locator, struct err *err)
{
    while (!salesforce_survey_page(ep, s, at, locator, err)) {
        if (err->kind != ERR_LIMIT || at->most <= SALESFORCE_PAGE_LEAST)
            return false;
        at->most /= 4;
        *err = (struct err){0};
    }
    return true;
}

/* The ticket moves on only with the last record of a page; until then the place after it is kept behind the page's text. */
static bool salesforce_survey_rows(struct endpoint *ep, const struct schema *types, struct survey *s, struct place *at, struct err *err)
{
    bool end = false;
    if (!s->text.s) {
        AUTO_FREE char *locator = NULL;
        if (!salesforce_survey_fits(ep, s, at, &locator, err))
            return false;
        AUTO_FREE char *escaped = http_escape(locator);
        free(s->next);
        s->next = str_eq(locator, "null") ? mem_dup("end") : mem_printf("@%s", escaped);
    }
    if (!salesforce_page_rows(ep, types, at->as_of, s, &end, err))
        return false;
    s->more = !end;
    if (!end)
        return true;
    buf_done(&s->text);
    salesforce_go_on(s, at, s->next);
    return true;
}

bool salesforce_survey(struct endpoint *ep, struct survey *s, struct err *err)
{
    const struct schema *types = salesforce_types(ep, s->object, err);
    struct place at = {0};
    survey_clear(s);
    s->more = false;
    if (!types)
        return false;
    if (!s->ticket)
        return s->drop || salesforce_survey_begin(ep, types, s, err);
    if (!salesforce_place(s->ticket, &at, err))
        return false;
    if (s->drop || str_eq(at.where, "end")) {
        salesforce_survey_forget(ep, &at, s->drop);
        s->over = true;
        return true;
    }
    if (str_eq(at.where, "wait") && !salesforce_survey_look(ep, s, &at, err))
        return false;
    return s->running || salesforce_survey_rows(ep, types, s, &at, err);
}
