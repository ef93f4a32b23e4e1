/* Pipelines of deals. Stage ids are unique over all of them; metadata are strings. Only deals have pipelines here. */
#include "tests/sandbox/hubspot.h"
#include <stdio.h>

json_t *hub_pipeline(struct hub *h, const char *id)
{
    json_t *p = id ? json_object_get(h->pipelines, id) : NULL;
    return js_bool_or(p, "archived", false) ? NULL : p;
}

bool hub_used(struct hub *h, const char *property, const char *value)
{
    const struct hub_type *t = &h->types[HUB_DEAL];
    for (size_t i = 0; i < t->n; i++)
        if (!t->records[i].archived && !t->records[i].merged_into &&
            str_eq(js_str(t->records[i].props, property), value))
            return true;
    return false;
}

/* ---- the account's first pipeline ---- */

static json_t *new_pipeline(struct hub *h, const char *id, const char *label, int64_t order)
{
    char at[WHEN_TEXT];
    when_print(sandbox_now(hub_box(h)), at);
    json_t *p = json_pack("{s:s,s:s,s:I,s:b,s:[],s:s,s:s}", "id", id, "label", label, "displayOrder", (json_int_t)order,
                          "archived", 0, "stages", "createdAt", at, "updatedAt", at);
    js_set(h->pipelines, id, p);
    return p;
}

void hub_pipelines_init(struct hub *h)
{
    static const struct {
        const char *id, *label, *probability;
    } stages[] = {{"appointmentscheduled", "Appointment Scheduled", "0.2"},
                  {"qualifiedtobuy", "Qualified To Buy", "0.4"},
                  {"presentationscheduled", "Presentation Scheduled", "0.6"},
                  {"decisionmakerboughtin", "Decision Maker Bought-In", "0.8"},
                  {"contractsent", "Contract Sent", "0.9"},
                  {"closedwon", "Closed Won", "1.0"},
                  {"closedlost", "Closed Lost", "0.0"}};
    h->pipelines = json_object();
    json_t *p = new_pipeline(h, "default", "Sales Pipeline", 0);
    for (size_t i = 0; i < COUNT(stages); i++) {
        AUTO_JSON json_t *said = json_pack("{s:s,s:i,s:{s:s}}", "label", stages[i].label, "displayOrder", (int)i,
                                           "metadata", "probability", stages[i].probability);
        hub_add_stage(h, p, stages[i].id, said);
    }
}

/* ---- requests ---- */

/* All stages must do before any is made. */
static bool check_new(const json_t *said, struct hub_bad *bad)
{
    size_t i;
    json_t *stage;
    if (!js_str(said, "label") || !json_is_integer(json_object_get(said, "displayOrder")) ||
        !json_is_array(json_object_get(said, "stages")))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR",
                           "Invalid input JSON: label, displayOrder and stages are required");
    json_array_foreach (json_object_get(said, "stages"), i, stage)
        if (!hub_check_stage(stage, bad))
            return false;
    return true;
}

static json_t *by_label(struct hub *h, const char *label)
{
    const char *id;
    json_t *p;
    json_object_foreach (h->pipelines, id, p)
        if (str_eq(js_str(p, "label"), label) && hub_pipeline(h, id))
            return p;
    return NULL;
}

static json_t *make(struct hub *h, const json_t *said, struct hub_bad *bad)
{
    size_t i;
    json_t *stage;
    char id[24];
    if (!check_new(said, bad))
        return NULL;
    if (by_label(h, js_str(said, "label"))) {
        hub_set_bad(bad, 409, "CONFLICT", "A pipeline with the label '%s' exists", js_str(said, "label"));
        return NULL;
    }
    snprintf(id, sizeof id, "%lld", (long long)h->next_number++);
    json_t *p = new_pipeline(h, id, js_str(said, "label"), js_int_or(said, "displayOrder", 0));
    json_array_foreach (json_object_get(said, "stages"), i, stage)
        hub_add_stage(h, p, NULL, stage);
    return p;
}

static void create(struct hub_ask *ask)
{
    struct hub_bad bad = {0};
    json_t *p = make(ask->h, ask->body, &bad);
    hub_note(ask, p != NULL, "/pipelines/deals");
    if (p)
        hub_reply(ask, 201, json_incref(p));
    else
        hub_refuse(ask->h, ask->a, &bad);
}

static void list(struct hub_ask *ask)
{
    bool archived = str_eq(js_str(ask->query, "archived"), "true");
    json_t *out = json_array(), *p;
    const char *id;
    json_object_foreach (ask->h->pipelines, id, p)
        if (js_bool_or(p, "archived", false) == archived)
            json_array_append(out, p);
    hub_reply(ask, 200, json_pack("{s:o}", "results", out));
}

static void archive(struct hub_ask *ask, json_t *p)
{
    const char *id = js_str(p, "id");
    bool asks = str_eq(js_str(ask->query, "validateReferencesBeforeDelete"), "true") ||
                str_eq(js_str(ask->query, "validateDealStageUsagesBeforeDelete"), "true");
    if (str_eq(id, "default") || (asks && hub_used(ask->h, "pipeline", id))) {
        hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "Pipeline %s is in use", id);
        return;
    }
    js_set(p, "archived", json_true());
    hub_reply(ask, 204, NULL);
}

static void change(struct hub_ask *ask, json_t *p)
{
    static const char *const changeable[] = {"label", "displayOrder"};
    char at[WHEN_TEXT];
    when_print(sandbox_now(hub_box(ask->h)), at);
    for (size_t i = 0; i < COUNT(changeable); i++)
        if (json_object_get(ask->body, changeable[i]))
            json_object_set(p, changeable[i], json_object_get(ask->body, changeable[i]));
    js_set(p, "updatedAt", json_string(at));
    hub_reply(ask, 200, json_incref(p));
}

static void one(struct hub_ask *ask, json_t *p)
{
    hub_note(ask, !hub_is(ask, "GET"), "/pipelines/deals/{id}");
    if (hub_is(ask, "GET"))
        hub_reply(ask, 200, json_incref(p));
    else if (hub_is(ask, "PATCH"))
        change(ask, p);
    else if (hub_is(ask, "DELETE"))
        archive(ask, p);
    else
        hub_wrong_method(ask);
}

/* part: "deals", pipeline, "stages", stage */
void hub_pipelines(struct hub_ask *ask)
{
    const struct hub_type *t = ask->n ? hub_type_of(ask->h, ask->part[0]) : NULL;
    json_t *p = ask->n > 1 ? hub_pipeline(ask->h, ask->part[1]) : NULL;
    hub_note(ask, false, "/pipelines/deals");
    if (!t || t->kind != HUB_DEAL || (ask->n > 1 && !p))
        hub_not_found(ask);
    else if (ask->n == 1 && hub_is(ask, "GET"))
        list(ask);
    else if (ask->n == 1 && hub_is(ask, "POST"))
        create(ask);
    else if (ask->n == 2)
        one(ask, p);
    else if (ask->n > 2 && str_eq(ask->part[2], "stages"))
        hub_stages(ask, p);
    else
        hub_wrong_method(ask);
}

static json_t *stage_of(json_t *pipeline, const char *id)
{
    size_t i;
    json_t *s;
    json_array_foreach (json_object_get(pipeline, "stages"), i, s)
        if (str_eq(js_str(s, "id"), id))
            return s;
    return NULL;
}

/* {"object":"pipeline","create":{label,displayOrder,stages}}, or "id" (and "stage": one of its) with "set" or "delete". */
bool hub_edit_pipeline(struct hub *h, const json_t *edit, json_t **out, struct err *err)
{
    const json_t *create = json_object_get(edit, "create");
    struct hub_bad bad = {0};
    json_t *p = create ? make(h, create, &bad) : hub_pipeline(h, js_str(edit, "id"));
    if (!p) {
        err_set(err, ERR_REJECT, "%s", bad.message ? bad.message : "no such pipeline");
        hub_bad_done(&bad);
        return false;
    }
    p = js_str(edit, "stage") ? stage_of(p, js_str(edit, "stage")) : p;
    if (!p)
        return err_set(err, ERR_REJECT, "no such stage");
    if (js_str(json_object_get(edit, "set"), "label"))
        json_object_set(p, "label", json_object_get(json_object_get(edit, "set"), "label"));
    if (js_bool_or(edit, "delete", false))
        js_set(p, "archived", json_true());
    *out = json_deep_copy(p);
    return true;
}
