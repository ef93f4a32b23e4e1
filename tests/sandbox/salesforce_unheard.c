/* What a person set and the integration wrote over before any answer had told it: nobody could have known. The sandbox alone
 * sees that, by its own order of commits and answers, so that tests excuse those edits and no others. */
#include "tests/sandbox/salesforce.h"

static char *name_of(const char *id, const char *field)
{
    return mem_printf("%s %s", id, field);
}

/* Beside the value, the second before it: a condition on the time of change would have told the two apart. */
static void lose(struct sf *s, const struct sf_row *r, const char *field, json_t *fresh)
{
    json_t *one = json_pack("{s:s,s:s}", "id", r->id, "field", field);
    json_object_update(one, fresh);
    js_add(s->unheard, one);
}

void sf_unheard_put(struct sf *s, const struct sf_row *r, const json_t *old, const json_t *changes, const char *user)
{
    bool robot = user && str_eq(user, s->robot);
    const char *field;
    json_t *v;
    json_object_foreach ((json_t *)changes, field, v) {
        AUTO_FREE char *name = name_of(r->id, field);
        json_t *fresh = json_object_get(s->fresh, name);
        bool other = fresh && !js_equal(json_object_get(fresh, "value"), v);
        if (robot && other)
            lose(s, r, field, fresh);
        if (robot)
            json_object_del(s->fresh, name);
        else if (user && old && !js_equal(json_object_get(old, field), v))
            js_set(s->fresh, name, json_pack("{s:O,s:s,s:s}", "value", v, "was", js_str_or(old, "SystemModstamp", ""), "stamp",
                                             js_str_or(r->values, "SystemModstamp", "")));
    }
}

void sf_unheard_shown(struct sf *s, const json_t *values, const char *field)
{
    AUTO_FREE char *name = name_of(js_str_or(values, "Id", ""), field);
    const json_t *fresh = json_object_get(s->fresh, name);
    if (fresh && js_equal(json_object_get(fresh, "value"), json_object_get(values, field)))
        js_add(s->telling, json_string(name));
}

/* What was in an answer that got lost was not told. */
void sf_unheard_arrived(struct sandbox_service *base, bool whole)
{
    struct sf *s = (struct sf *)base;
    size_t i;
    json_t *name;
    json_array_foreach (s->telling, i, name)
        if (whole)
            json_object_del(s->fresh, json_string_value(name));
    json_array_clear(s->telling);
}
