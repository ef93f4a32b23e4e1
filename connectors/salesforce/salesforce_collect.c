/* What became of a bulk job. The first look sets it going; later ones wait for its end and then read who was done and who was
 * refused. Who is in neither list was not processed, for the reason the job gives; a list that tells of fewer rows than the
 * job counted is asked for again. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_private.h"
#include <string.h>

enum step { STEP_STATE, STEP_DONE, STEP_FAILED, STEP_OVER };

/* "750… Key__c" */
static bool salesforce_ticket(const char *ticket, char **id, const char **key_field, struct err *err)
{
    const char *space = strchr(ticket, ' ');
    *id = mem_dup_n(ticket, space ? (size_t)(space - ticket) : 0);
    *key_field = space ? space + 1 : "";
    return (salesforce_is_id(*id) && **key_field) || err_set(err, ERR_GONE, "\"%s\" is no job of ours", ticket);
}

/* ---- the job ---- */

/* Refused or lost: the next look tells where it stands. */
static bool salesforce_set_going(struct endpoint *ep, const char *id, struct harvest *h, struct err *err)
{
    AUTO(call_done) struct call c = {0};
    AUTO_FREE char *tail = mem_printf("/jobs/ingest/%s", id);
    AUTO_JSON json_t *body = json_pack("{s:s}", "state", "UploadComplete");
    salesforce_call(ep, &c, "PATCH", tail);
    call_body(&c, body);
    h->running = true;
    if (endpoint_call(ep, &c, err))
        return true;
    if (err->kind == ERR_UNSURE || err->kind == ERR_REJECT || err->kind == ERR_GONE)
        err->kind = ERR_TEMP;
    return err_wrap(err, "setting the bulk job going");
}

static void salesforce_ended(const json_t *job, const char *state, struct harvest *h)
{
    int64_t processed = js_int_or(job, "numberRecordsProcessed", 0), failed = js_int_or(job, "numberRecordsFailed", 0);
    const char *why = js_str_or(job, "errorMessage", "");
    h->wanted[1] = failed > 0 ? (size_t)failed : 0;
    h->wanted[0] = processed > failed ? (size_t)(processed - failed) : 0;
    h->step = STEP_DONE;
    if (str_eq(state, "JobComplete"))
        err_set(&h->rest, ERR_TEMP, "the bulk job ended without a word about this one");
    else
        err_set(&h->rest, ERR_TEMP, "not done: the bulk job is %s%s%.240s", state, *why ? ": " : "", why);
}

static bool salesforce_job(struct endpoint *ep, const char *id, struct harvest *h, struct err *err)
{
    AUTO(call_done) struct call c = {0};
    AUTO_FREE char *tail = mem_printf("/jobs/ingest/%s", id);
    salesforce_call(ep, &c, "GET", tail);
    if (!endpoint_call(ep, &c, err))
        return err_wrap(err, "looking at a bulk job");
    const char *state = js_str_or(c.json, "state", "");
    if (str_eq(state, "Open"))
        return salesforce_set_going(ep, id, h, err);
    if (str_eq(state, "JobComplete") || str_eq(state, "Failed") || str_eq(state, "Aborted"))
        salesforce_ended(c.json, state, h);
    else if (*state)
        h->running = true;
    else
        return err_set(err, ERR_TEMP, "a bulk job that tells no state");
    return true;
}

/* ---- its lists ---- */

static bool salesforce_list(struct endpoint *ep, const char *id, struct harvest *h, struct err *err)
{
    AUTO(call_done) struct call c = {0};
    AUTO_FREE char *tail = mem_printf("/jobs/ingest/%s/%s", id, h->step == STEP_DONE ? "successfulResults" : "failedResults");
    salesforce_call(ep, &c, "GET", tail);
    http_headers_set(&c.request.headers, "Accept", "text/csv");
    c.raw = true;
    if (!endpoint_call(ep, &c, err))
        return err_wrap(err, "reading the results of a bulk job");
    h->text = (struct buf){.s = c.answer.body, .n = c.answer.body_n, .cap = c.answer.body ? c.answer.body_n + 1 : 0};
    c.answer.body = NULL;
    c.answer.body_n = 0;
    return true;
}

static void salesforce_next_list(struct harvest *h)
{
    buf_done(&h->text);
    h->at = h->told = 0;
    h->step++;
}

/* The next rows of the list at hand; none left: on to the next list. */
static bool salesforce_rows_of(struct endpoint *ep, const char *id, const char *key_field, struct harvest *h, struct err *err)
{
    size_t wanted = h->wanted[h->step - STEP_DONE];
    bool end = false;
    if (!wanted) {
        salesforce_next_list(h);
        return true;
    }
    if (!h->at && !salesforce_list(ep, id, h, err))
        return false;
    if (!salesforce_results(ep, h->step == STEP_DONE ? SALESFORCE_DONE : SALESFORCE_FAILED, key_field, h, &end, err))
        return false;
    if (end && h->told < wanted)
        return err_set(err, ERR_TEMP, "the bulk job counts %zu rows, its list tells of %zu", wanted, h->told);
    if (end)
        salesforce_next_list(h);
    return true;
}

bool salesforce_collect(struct endpoint *ep, const char *ticket, struct harvest *h, struct err *err)
{
    AUTO_FREE char *id = NULL;
    const char *key_field = NULL;
    harvest_clear(h);
    if (!salesforce_ticket(ticket, &id, &key_field, err))
        return false;
    if (h->step == STEP_STATE && !salesforce_job(ep, id, h, err))
        return false;
    while (!h->running && !h->n && h->step < STEP_OVER)
        if (!salesforce_rows_of(ep, id, key_field, h, err))
            return false;
    h->more = !h->running && h->step < STEP_OVER;
    return true;
}
