/* One member for each mapped field and side: {"prospect.status crm hs_lead_status":{"type","read_only","options":{id:label}}}.
 * Only what stands in both shapes is compared: what the mapping began or ceased to use is the operator's own doing. */
#include "bridge/sync/shape.h"
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include <string.h>

static json_t *field_shape(const struct schema_field *f)
{
    json_t *options = json_object();
    for (size_t i = 0; i < f->n_options; i++)
        js_set(options, f->options[i].id, js_text(f->options[i].label));
    return json_pack("{s:s,s:b,s:o}", "type", schema_type_name(f->type), "read_only", f->read_only, "options", options);
}

static json_t *shape_of(const struct route *r)
{
    json_t *all = json_object();
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->objects[i].o->n_fields; k++)
            for (int side = 0; side < 2; side++) {
                const struct map_field *m = &r->objects[i].o->fields[k];
                const struct schema_field *f = schema_find(&r->objects[i].schema[side], m->path[side]);
                AUTO_FREE char *name = mem_printf("%s.%s %s %s", r->objects[i].o->name, m->name, side == SIDE_S ? "inbox" : "crm",
                                                  m->path[side]);
                if (f)
                    js_set(all, name, field_shape(f));
            }
    return all;
}

static void tell(json_t *out, const char *name, const char *what, const char *value)
{
    AUTO_FREE char *text = mem_printf("%s: %s%s", name, what, value);
    js_add(out, json_string(text));
}

static void compare_options(json_t *out, const char *name, const json_t *was, const json_t *is)
{
    const char *id;
    json_t *label, *old;
    json_object_foreach ((json_t *)is, id, label) {
        old = json_object_get(was, id);
        if (!old)
            tell(out, name, "a new option ", id);
        else if (!js_equal(old, label))
            tell(out, name, "renamed option ", id);
    }
    json_object_foreach ((json_t *)was, id, label)
        if (!json_object_get(is, id))
            tell(out, name, "gone is the option ", id);
}

static json_t *differences(const json_t *was, const json_t *is)
{
    json_t *out = json_array(), *field, *old;
    const char *name;
    json_object_foreach ((json_t *)is, name, field) {
        if (!(old = json_object_get(was, name)))
            continue;
        if (!str_eq(js_str(old, "type"), js_str(field, "type")))
            tell(out, name, "the type is now ", js_str_or(field, "type", "another"));
        if (js_bool_or(old, "read_only", false) != js_bool_or(field, "read_only", false))
            tell(out, name, js_bool_or(field, "read_only", false) ? "may not be written any more" : "may be written now", "");
        compare_options(out, name, json_object_get(old, "options"), json_object_get(field, "options"));
    }
    return out;
}

bool shape_changes(const struct route *r, json_t **out, struct err *err)
{
    AUTO_FREE char *name = mem_printf("shape:%s", r->name), *text = NULL;
    if (!store_meta_get(r->store, name, &text, err))
        return false;
    AUTO_JSON json_t *was = text ? js_parse(text, strlen(text), NULL) : NULL, *is = shape_of(r);
    *out = differences(was, is);
    return true;
}

bool shape_keep(const struct route *r, struct err *err)
{
    AUTO_JSON json_t *is = shape_of(r);
    AUTO_FREE char *name = mem_printf("shape:%s", r->name), *text = js_print(is);
    return store_meta_set(r->store, name, text, err);
}
