/* Stages of a pipeline of deals: each has a probability as text, and is closed when that is nothing or one. */
#include "tests/sandbox/hubspot.h"
#include <stdio.h>

static json_t *stage_in(const json_t *pipeline, const char *id)
{
    size_t i;
    json_t *s;
    json_array_foreach (json_object_get(pipeline, "stages"), i, s)
        if (str_eq(js_str(s, "id"), id) && !js_bool_or(s, "archived", false))
            return s;
    return NULL;
}

const json_t *hub_stage(struct hub *h, const char *pipeline, const char *id)
{
    const char *name;
    json_t *p;
    json_object_foreach (h->pipelines, name, p) {
        const json_t *s = id && hub_pipeline(h, name) && (!pipeline || str_eq(name, pipeline)) ? stage_in(p, id) : NULL;
        if (s)
            return s;
    }
    return NULL;
}

static bool check_probability(const json_t *metadata, struct hub_bad *bad)
{
    const json_t *said = json_object_get(metadata, "probability");
    double p = json_is_number(said) ? json_number_value(said) : -1;
    if (json_is_string(said) && !str_to_real(json_string_value(said), &p))
        p = -1;
    return (p >= 0 && p <= 1) ||
           hub_set_bad(bad, 400, "VALIDATION_ERROR", "Stages of deals need metadata.probability between 0.0 and 1.0");
}

bool hub_check_stage(const json_t *said, struct hub_bad *bad)
{
    if (!js_str(said, "label") || !json_is_integer(json_object_get(said, "displayOrder")))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "Invalid input JSON: label and displayOrder are required");
    return check_probability(json_object_get(said, "metadata"), bad);
}

static void set_probability(json_t *stage, const json_t *metadata)
{
    const json_t *said = json_object_get(metadata, "probability");
    double p = json_number_value(said);
    if (json_is_string(said) && !str_to_real(json_string_value(said), &p))
        p = 0;
    char text[STR_REAL];
    str_of_real(p, text);
    json_t *odds = strchr(text, '.') ? json_string(text) : json_sprintf("%s.0", text);
    js_set(stage, "metadata",
           json_pack("{s:s,s:o}", "isClosed", p <= 0 || p >= 1 ? "true" : "false", "probability", odds));
}

json_t *hub_add_stage(struct hub *h, json_t *pipeline, const char *id, const json_t *said)
{
    char number[24], at[WHEN_TEXT];
    snprintf(number, sizeof number, "%lld", (long long)h->next_number++);
    when_print(sandbox_now(hub_box(h)), at);
    json_t *s = json_pack("{s:s,s:s,s:I,s:b,s:s,s:s,s:s}", "id", id ? id : number, "label", js_str(said, "label"),
                          "displayOrder", (json_int_t)js_int_or(said, "displayOrder", 0), "archived", 0, "createdAt",
                          at, "updatedAt", at, "writePermissions", "CRM_PERMISSIONS_ENFORCEMENT");
    set_probability(s, json_object_get(said, "metadata"));
    js_add(json_object_get(pipeline, "stages"), s);
    return s;
}

static void create(struct hub_ask *ask, json_t *pipeline)
{
    struct hub_bad bad = {0};
    if (!hub_check_stage(ask->body, &bad)) {
        hub_refuse(ask->h, ask->a, &bad);
        return;
    }
    hub_note(ask, true, "/pipelines/deals/{id}/stages");
    hub_reply(ask, 201, json_incref(hub_add_stage(ask->h, pipeline, NULL, ask->body)));
}

static void change(struct hub_ask *ask, json_t *stage)
{
    static const char *const changeable[] = {"label", "displayOrder"};
    const json_t *metadata = json_object_get(ask->body, "metadata");
    struct hub_bad bad = {0};
    if (metadata && !check_probability(metadata, &bad)) {
        hub_refuse(ask->h, ask->a, &bad);
        return;
    }
    for (size_t i = 0; i < COUNT(changeable); i++)
        if (json_object_get(ask->body, changeable[i]))
            json_object_set(stage, changeable[i], json_object_get(ask->body, changeable[i]));
    if (metadata)
        set_probability(stage, metadata);
    hub_note(ask, true, "/pipelines/deals/{id}/stages/{id}");
    hub_reply(ask, 200, json_incref(stage));
}

static void archive(struct hub_ask *ask, json_t *stage)
{
    if (hub_used(ask->h, "dealstage", js_str(stage, "id"))) {
        hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "Stage %s is in use", js_str(stage, "id"));
        return;
    }
    js_set(stage, "archived", json_true());
    hub_note(ask, true, "/pipelines/deals/{id}/stages/{id}");
    hub_reply(ask, 204, NULL);
}

void hub_stages(struct hub_ask *ask, json_t *pipeline)
{
    json_t *stage = ask->n == 4 ? stage_in(pipeline, ask->part[3]) : NULL;
    hub_note(ask, false, "/pipelines/deals/{id}/stages");
    if (ask->n == 3 && hub_is(ask, "POST"))
        create(ask, pipeline);
    else if (ask->n == 3 && hub_is(ask, "GET"))
        hub_reply(ask, 200, json_pack("{s:O}", "results", json_object_get(pipeline, "stages")));
    else if (!stage)
        hub_not_found(ask);
    else if (hub_is(ask, "GET"))
        hub_reply(ask, 200, json_incref(stage));
    else if (hub_is(ask, "PATCH"))
        change(ask, stage);
    else if (hub_is(ask, "DELETE"))
        archive(ask, stage);
    else
        hub_wrong_method(ask);
}
