/* Stages of opportunities. The description lists their names; which of them end an opportunity, and in which order they come, is
 * another object's; which of them a record type allows is told by a third resource. Here all of it becomes options: one for
 * each record type and stage, the user's own record type first. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_private.h"

#define SALESFORCE_STAGE "StageName"
#define SALESFORCE_TYPE "RecordTypeId"

struct staging {
    struct endpoint *ep;
    struct schema_field *stage, *type; /* type NULL: the organisation has no record types */
    json_t *rows;                      /* of OpportunityStage, in their order */
};

static void salesforce_add_stage(struct staging *s, const char *name, const char *label, const char *group, bool closed)
{
    schema_add_option(s->stage, name, label);
    schema_group_option(s->stage, group, closed);
}

static const json_t *salesforce_listed_value(const json_t *values, const char *name)
{
    size_t i;
    json_t *v;
    json_array_foreach ((json_t *)values, i, v)
        if (str_eq(js_str(v, "value"), name) && js_bool_or(v, "active", true))
            return v;
    return NULL;
}

/* The stages among `values`, in the order people gave them. */
static void salesforce_ordered(struct staging *s, const json_t *values, const char *group)
{
    size_t i;
    json_t *row;
    json_array_foreach ((json_t *)s->rows, i, row) {
        const char *name = js_str(row, "ApiName");
        const json_t *v = name && js_bool_or(row, "IsActive", true) ? salesforce_listed_value(values, name) : NULL;
        if (v)
            salesforce_add_stage(s, name, js_str_or(v, "label", name), group, js_bool_or(row, "IsClosed", false));
    }
}

/* ---- record types ---- */

static bool salesforce_type_stages(struct staging *s, const char *type, struct err *err)
{
    AUTO_FREE char *tail = mem_printf("/ui-api/object-info/Opportunity/picklist-values/%s/" SALESFORCE_STAGE, type);
    AUTO(call_done) struct call c = {0};
    salesforce_call(s->ep, &c, "GET", tail);
    if (!endpoint_call(s->ep, &c, err))
        return err_wrap(err, "asking for the stages of record type %s", type);
    salesforce_ordered(s, json_object_get(c.json, "values"), type);
    return true;
}

static bool salesforce_take_type(struct staging *s, const json_t *info, bool first, struct err *err)
{
    const char *id = js_str(info, "recordTypeId");
    bool mine = js_bool_or(info, "defaultRecordTypeMapping", false), usable = js_bool_or(info, "available", false);
    if (!salesforce_is_id(id) || js_bool_or(info, "master", false) || !usable || mine != first)
        return true;
    schema_add_option(s->type, id, js_str_or(info, "name", id));
    return salesforce_type_stages(s, id, err);
}

static bool salesforce_by_type(struct staging *s, const json_t *infos, struct err *err)
{
    size_t i;
    json_t *info;
    for (int first = 1; first >= 0; first--)
        json_array_foreach ((json_t *)infos, i, info)
            if (!salesforce_take_type(s, info, first, err))
                return false;
    return true;
}

/* Record types beside the one every object has. */
static bool salesforce_has_types(const json_t *infos)
{
    size_t i;
    json_t *info;
    json_array_foreach ((json_t *)infos, i, info)
        if (js_bool_or(info, "available", false) && !js_bool_or(info, "master", false))
            return true;
    return false;
}

/* ---- all of it ---- */

static const json_t *salesforce_definition(const json_t *description, const char *name)
{
    size_t i;
    json_t *def;
    json_array_foreach (json_object_get(description, "fields"), i, def)
        if (str_eq(js_str(def, "name"), name))
            return def;
    return NULL;
}

const char *salesforce_first_stage(struct endpoint *ep)
{
    struct err err = {0};
    const struct schema *types = salesforce_types(ep, "Opportunity", &err);
    const struct schema_field *stage = types ? schema_find(types, SALESFORCE_STAGE) : NULL;
    for (size_t i = 0; stage && i < stage->n_options; i++)
        if (!stage->options[i].closed)
            return stage->options[i].id;
    return NULL;
}

static void salesforce_take_stages(void *self, const json_t *rows)
{
    json_array_extend(self, (json_t *)rows);
}

bool salesforce_stages(struct endpoint *ep, const json_t *description, struct schema *out, struct err *err)
{
    const json_t *infos = json_object_get(description, "recordTypeInfos");
    const json_t *def = salesforce_definition(description, SALESFORCE_STAGE),
                 *contact = salesforce_definition(description, "ContactId");
    AUTO_JSON json_t *rows = json_array();
    struct staging s = {.ep = ep, .rows = rows, .stage = (struct schema_field *)schema_find(out, SALESFORCE_STAGE)};
    salesforce_of(ep)->contact_at_birth = js_bool_or(contact, "createable", false);
    if (!s.stage)
        return true;
    if (!salesforce_pages(ep, "SELECT ApiName, IsActive, IsClosed FROM OpportunityStage ORDER BY SortOrder", salesforce_take_stages, rows, err))
        return err_wrap(err, "asking which stages close an opportunity");
    if (salesforce_has_types(infos))
        s.type = (struct schema_field *)schema_find(out, SALESFORCE_TYPE);
    schema_clear_options(s.stage);
    s.stage->open = false;
    if (!s.type) {
        salesforce_ordered(&s, json_object_get(def, "picklistValues"), NULL);
        return true;
    }
    s.stage->within = SALESFORCE_TYPE;
    s.type->type = SCHEMA_CHOICE;
    s.type->open = false;
    return salesforce_by_type(&s, infos, err);
}
