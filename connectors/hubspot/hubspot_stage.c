/* Pipelines of deals. HubSpot keeps the options of `pipeline` and `dealstage` outside their definitions; here they come back in:
 * stages by their ids, which are unique over all pipelines, each with its pipeline and whether it ends a deal. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/hubspot/hubspot_private.h"

static void hubspot_stages_of(struct schema_field *stage, const json_t *pipeline)
{
    size_t i;
    json_t *s;
    json_array_foreach (json_object_get(pipeline, "stages"), i, s) {
        if (!js_str(s, "id") || js_bool_or(s, "archived", false))
            continue;
        schema_add_option(stage, js_str(s, "id"), js_str_or(s, "label", js_str(s, "id")));
        schema_group_option(stage, js_str(pipeline, "id"), str_eq(js_str(json_object_get(s, "metadata"), "isClosed"), "true"));
    }
}

bool hubspot_stages(struct endpoint *ep, struct schema *out, struct err *err)
{
    struct schema_field *pipeline = (struct schema_field *)schema_find(out, "pipeline"), *stage = (struct schema_field *)schema_find(out, "dealstage");
    AUTO_FREE char *path = hubspot_path(ep, "pipelines", "/deals");
    struct call c __attribute__((cleanup(call_done)));
    size_t i;
    json_t *p;
    call_init(&c, "GET", "%s", path);
    if (!pipeline || !stage)
        return true;
    if (!hubspot_list(ep, &c, err))
        return false;
    json_array_foreach (json_object_get(c.json, "results"), i, p) {
        if (!js_str(p, "id") || js_bool_or(p, "archived", false))
            continue;
        schema_add_option(pipeline, js_str(p, "id"), js_str_or(p, "label", js_str(p, "id")));
        hubspot_stages_of(stage, p);
    }
    pipeline->open = stage->open = false;
    stage->within = "pipeline";
    return true;
}
