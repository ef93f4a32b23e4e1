/* People in a Salesforce of leads. */
#include "tests/kit/leads.h"
#include "bridge/base/str.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

struct world *leads_begin(uint64_t seed, size_t people, const char *options, const char *manners)
{
    setenv("WORLD_SECRET", "sandbox-secret", 1);
    struct world *w = world_new_salesforce(seed, people, world_leads, options);
    if (manners)
        world_manners(w, 1, manners);
    return w;
}

void leads_finish(struct world *w)
{
    char *broken = world_broken(w);
    if (broken)
        fail_msg("%s", broken);
    world_free(w);
}

/* ---- rows ---- */

static bool live(const json_t *row)
{
    return !js_bool_or(row, "IsDeleted", false);
}

json_t *leads_of(struct world *w, size_t i)
{
    AUTO_FREE char *key = world_key(w, i);
    AUTO_JSON json_t *state = world_state(w, 1);
    json_t *row, *found = NULL;
    size_t k;
    json_array_foreach (json_object_get(state, "Lead"), k, row)
        if (str_eq(js_str(row, "inbox_prospect_key__c"), key) && live(row)) {
            assert_null(found);
            found = row;
        }
    return json_incref(found);
}

json_t *leads_row(struct world *w, const char *object, const char *id)
{
    AUTO_JSON json_t *state = world_state(w, 1);
    json_t *row;
    size_t k;
    json_array_foreach (json_object_get(state, object), k, row)
        if (str_eq(js_str(row, "Id"), id))
            return json_incref(row);
    return NULL;
}

size_t leads_count(struct world *w, const char *object)
{
    AUTO_JSON json_t *state = world_state(w, 1);
    size_t n = 0, k;
    json_t *row;
    json_array_foreach (json_object_get(state, object), k, row)
        n += live(row);
    return n;
}

size_t leads_keys(struct world *w)
{
    AUTO_JSON json_t *state = world_state(w, 1), *keys = json_object();
    size_t k;
    json_t *row;
    json_array_foreach (json_object_get(state, "Lead"), k, row)
        if (live(row) && js_str(row, "inbox_prospect_key__c"))
            js_set(keys, js_str(row, "inbox_prospect_key__c"), json_true());
    return json_object_size(keys);
}

/* ---- people ---- */

void leads_edit(struct world *w, size_t i, const char *edit)
{
    AUTO_JSON json_t *l = leads_of(w, i);
    assert_non_null(l);
    json_decref(world_edit(w, 1, "{'object':'Lead','id':'%s',%s}", js_str(l, "Id"), edit));
}

void leads_abort_job(struct world *w, const char *kind)
{
    struct bulk *list = NULL;
    size_t n = 0;
    struct err err = {0};
    assert_true(store_bulks(w->store, "r", &list, &n, &err));
    assert_int_equal(n, 1);
    AUTO_FREE char *url = mem_printf("http://salesforce.sandbox/services/data/v62.0/jobs/%s/%.18s", kind, list[0].ticket);
    struct http_request request = {0};
    struct http_answer answer = {0};
    int64_t delay = 0;
    http_request_init(&request, "PATCH", url);
    http_headers_add(&request.headers, "Authorization", "Bearer sandbox-token");
    http_request_body(&request, mem_dup("{\"state\":\"Aborted\"}"), 19, "application/json");
    sandbox_serve(w->box, w->service[1], &request, &answer, &delay);
    assert_int_equal(answer.status, 200);
    http_request_done(&request);
    http_answer_done(&answer);
    bulks_free(list, n);
}

void leads_assert(struct world *w, size_t i, const char *field, const char *value)
{
    AUTO_JSON json_t *l = leads_of(w, i);
    assert_non_null(l);
    const char *have = js_str(l, field);
    if (!str_eq(have, value))
        fail_msg("lead %zu: %s is %s, not %s", i, field, have ? have : "null", value ? value : "null");
}

void leads_assert_context(struct world *w, size_t i, const char *member, const char *value)
{
    AUTO_JSON json_t *p = world_prospect(w, i);
    const char *have = js_str_or(json_object_get(p, "context"), member, "");
    if (strcmp(have, value) != 0)
        fail_msg("prospect %zu: %s is \"%s\", not \"%s\"", i, member, have, value);
}

void leads_assert_status(struct world *w, size_t i, const char *name)
{
    AUTO_JSON json_t *state = world_state(w, 0), *p = world_prospect(w, i);
    const char *id = js_str(json_object_get(p, "context"), "statusId"), *have = "";
    size_t k;
    json_t *one;
    json_array_foreach (json_object_get(state, "status"), k, one)
        if (str_eq(js_str(one, "id"), id))
            have = js_str_or(one, "name", "?");
    if (strcmp(have, name) != 0)
        fail_msg("prospect %zu: its status is \"%s\", not \"%s\"", i, have, name);
}
