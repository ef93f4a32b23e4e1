/* Rows as answers show them: attributes first, then fields in their declared spelling, null for what is not set. */
#include "tests/sandbox/salesforce.h"

char *sf_url(int version, const struct sf_type *t, const char *id)
{
    return mem_printf("/services/data/v%d.0/%ssobjects/%s/%s", version, t->tooling ? "tooling/" : "", t->name, id);
}

static json_t *attributes(int version, const struct sf_type *t, const json_t *values)
{
    AUTO_FREE char *url = sf_url(version, t, js_str_or(values, "Id", ""));
    return json_pack("{s:s,s:s}", "type", t->name, "url", url);
}

/* Booleans are never null. */
static json_t *shown(const struct sf_field *f, const json_t *values)
{
    json_t *v = json_object_get(values, f->name);
    if (v)
        return json_incref(v);
    return str_eq(f->type, "boolean") ? json_false() : json_null();
}

/* "Owner.Email" becomes {"Owner":{"attributes":…,"Email":…}}, or null without an owner. */
static void show_related(struct sf *s, int version, const struct sf_type *t, const json_t *values, const char *path,
                         json_t *out)
{
    const struct sf_type *to = NULL;
    const struct sf_field *f = soql_field(s, t, path, &to);
    AUTO_FREE char *name = mem_dup_n(path, strcspn(path, "."));
    const char *id = NULL;
    for (size_t i = 0; i < t->n_fields; i++)
        if (str_eq_nocase(t->fields[i]->relationship, name)) {
            id = js_str(values, t->fields[i]->name);
            free(name);
            name = mem_dup(t->fields[i]->relationship);
        }
    const struct sf_row *r = id ? sf_find(s, id) : NULL;
    json_t *inner = json_object_get(out, name);
    if (!r && !inner)
        js_set(out, name, json_null());
    if (!r || !f)
        return;
    if (!json_is_object(inner)) {
        const struct sf_type *other = sf_type_of_id(s, id);
        js_set(out, name, json_pack("{s:o}", "attributes", attributes(version, other, r->values)));
        inner = json_object_get(out, name);
    }
    js_set(inner, f->name, shown(f, r->values));
}

/* A definition's own "EntityDefinition.QualifiedApiName". */
static void show_inner(const struct sf_field *f, const json_t *values, json_t *out)
{
    const char *dot = strchr(f->name, '.');
    AUTO_FREE char *name = mem_dup_n(f->name, (size_t)(dot - f->name));
    if (!json_object_get(out, name))
        js_set(out, name, json_object());
    js_set(json_object_get(out, name), dot + 1, shown(f, values));
}

json_t *sf_show(struct sf *s, int version, const struct sf_type *t, const json_t *values, const json_t *names)
{
    json_t *out = json_pack("{s:o}", "attributes", attributes(version, t, values)), *name;
    size_t i;
    for (size_t k = 0; !names && k < t->n_fields; k++)
        if (sf_visible(s, t, t->fields[k]->name)) {
            js_set(out, t->fields[k]->name, shown(t->fields[k], values));
            sf_unheard_shown(s, values, t->fields[k]->name);
        }
    json_array_foreach ((json_t *)names, i, name) {
        const char *path = json_string_value(name);
        const struct sf_field *f = sf_field(t, path);
        if (f && strchr(f->name, '.'))
            show_inner(f, values, out);
        else if (f) {
            js_set(out, f->name, shown(f, values));
            sf_unheard_shown(s, values, f->name);
        } else
            show_related(s, version, t, values, path, out);
    }
    return out;
}
