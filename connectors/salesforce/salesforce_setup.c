/* What a mapping needs and the organisation lacks: custom fields, on the object and on what it may be converted to, and a
 * permission set, since a new field is visible to nobody. Where the integration user may not do that, the steps for an
 * administrator are told instead. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_private.h"
#include "connectors/salesforce/salesforce_tooling.h"
#include <string.h>

struct setting {
    struct endpoint *ep;
    const struct salesforce_object *object;
    bool apply, aside;    /* aside: not the object asked about, but what it may become */
    json_t *out, *unseen; /* unseen: names of fields that are to be made visible */
};

static void salesforce_say(const struct setting *s, const char *name, const char *what, bool done, const char *manual)
{
    AUTO_FREE char *label = s->aside ? mem_printf("%s (on %s)", name, s->object->name) : mem_dup(name);
    json_t *row = json_pack("{s:s,s:s,s:b}", "field", label, "what", what, "done", done);
    if (manual)
        js_set(row, "manual", json_string(manual));
    js_add(s->out, row);
}

/* ---- fields that are there ---- */

static bool salesforce_suits(const struct schema_field *have, const struct schema_field *f)
{
    bool same = have->type == f->type || (have->type == SCHEMA_TEXT && f->type == SCHEMA_CHOICE);
    return same && (!f->unique || have->unique);
}

static void salesforce_wrong(const struct setting *s, const struct schema_field *have, const struct schema_field *f)
{
    AUTO_FREE char *what = mem_printf("exists, but is %s%s; the mapping needs %s%s", schema_type_name(have->type),
                                      have->unique ? ", unique External ID" : "", schema_type_name(f->type),
                                      f->unique ? ", unique External ID" : "");
    AUTO_FREE char *manual = mem_printf(
        "change it in Setup, Object Manager, %s, Fields & Relationships, or map another field", s->object->name);
    salesforce_say(s, f->name, what, false, manual);
}

/* Only a restricted picklist refuses values it does not have. */
static void salesforce_values(const struct setting *s, const struct schema_field *have, const struct schema_field *f)
{
    struct buf list = {0};
    for (size_t i = 0; !have->open && i < f->n_options; i++)
        if (!schema_option_by_id(have, f->options[i].id))
            buf_printf(&list, "%s%s", list.n ? ", " : "", f->options[i].id);
    if (list.n && have->type != SCHEMA_TEXT) {
        AUTO_FREE char *manual = mem_printf("Setup, Object Manager, %s, Fields & Relationships, %s, Values, New: %s",
                                            s->object->name, f->name, buf_str(&list));
        salesforce_say(s, f->name, "values of a restricted picklist", false, manual);
    }
    buf_done(&list);
}

static bool salesforce_field_set(struct setting *s, const struct schema *live, const struct schema_field *f,
                                 struct err *err)
{
    const struct schema_field *have = schema_find(live, f->name);
    if (have && !salesforce_suits(have, f))
        salesforce_wrong(s, have, f);
    else if (have)
        salesforce_values(s, have, f);
    if (have)
        return true;
    AUTO_FREE char *what = mem_printf("field of type %s%s, visible to the integration user", schema_type_name(f->type),
                                      f->unique ? ", unique External ID" : "");
    AUTO_FREE char *manual = salesforce_field_steps(s->object, f), *words = NULL;
    if (s->apply && !salesforce_field_create(s->ep, s->object, f, &words, err))
        return false;
    AUTO_FREE char *refused = words ? mem_printf("%s (%s)", manual, words) : NULL;
    if (s->apply && !words)
        js_add(s->unseen, json_string(f->name));
    else
        salesforce_say(s, f->name, what, false, refused ? refused : manual);
    return true;
}

/* ---- what was created must be seen ---- */

static void salesforce_verify(struct setting *s, const struct schema *live, const char *words)
{
    size_t i;
    json_t *name;
    json_array_foreach (s->unseen, i, name) {
        bool seen = schema_find(live, json_string_value(name)) != NULL;
        AUTO_FREE char *manual = mem_printf(
            "the field is there, but not visible yet: run setup again in a minute; if it stays so, give the permission "
            "set " SALESFORCE_SET_LABEL " read and edit access to %s.%s and assign it to the integration user%s%s",
            s->object->name, json_string_value(name), words ? ": " : "", words ? words : "");
        salesforce_say(s, json_string_value(name), "field, visible to the integration user", seen,
                       seen ? NULL : manual);
    }
}

static bool salesforce_set_object(struct setting *s, const struct schema *wanted, struct err *err)
{
    const struct schema *live = salesforce_types(s->ep, s->object->name, err);
    AUTO_FREE char *words = NULL;
    for (size_t i = 0; live && i < wanted->n; i++)
        if (!salesforce_field_set(s, live, &wanted->fields[i], err))
            return err_wrap(err, "field %s", wanted->fields[i].name);
    if (!live || !json_array_size(s->unseen))
        return live != NULL;
    if (!salesforce_permit(s->ep, s->object, s->unseen, &words, err))
        return err_wrap(err, "permission set " SALESFORCE_SET_LABEL);
    salesforce_forget(s->ep, s->object->name);
    live = salesforce_types(s->ep, s->object->name, err);
    if (live)
        salesforce_verify(s, live, words);
    return live != NULL;
}

bool salesforce_setup(struct endpoint *ep, const struct schema *wanted, bool apply, json_t **missing, struct err *err)
{
    const struct salesforce_object *o = salesforce_object_of(wanted->object);
    AUTO_JSON json_t *out = json_array();
    if (!o)
        return err_set(err, ERR_CONFIG, "salesforce has no object \"%s\" here", wanted->object ? wanted->object : "");
    for (bool aside = false; o; o = salesforce_object_of(o->becomes), aside = true) {
        AUTO_JSON json_t *unseen = json_array();
        struct setting s = {.ep = ep, .object = o, .apply = apply, .aside = aside, .out = out, .unseen = unseen};
        salesforce_forget(ep, o->name);
        if (!salesforce_set_object(&s, wanted, err))
            return false;
    }
    *missing = json_incref(out);
    return true;
}
