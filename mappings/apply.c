/* Values through a field: read from a record, translated to the other side, compared, written into a patch. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "mappings/parts.h"
#include "mappings/value.h"

/* ---- reading ---- */

static json_t *label_of(const struct map_field *f, int side, const json_t *id, const struct vocabulary *v, bool *unknown)
{
    const char *label = json_is_string(id) ? vocabulary_label(v, f->path[side], json_string_value(id)) : NULL;
    if (label)
        return json_string(label);
    if (json_is_null(id))
        return json_null();
    *unknown = true;
    return NULL;
}

static json_t *labels_of(const struct map_field *f, int side, const json_t *ids, const struct vocabulary *v, bool *unknown)
{
    AUTO_JSON json_t *out = json_array();
    for (size_t i = 0; i < json_array_size(ids); i++) {
        json_t *label = label_of(f, side, json_array_get(ids, i), v, unknown);
        if (!label)
            return NULL;
        js_add(out, label);
    }
    return value_canonical(out, true);
}

static bool holds_set(const struct map_field *f, int side)
{
    return f->schema[side] && f->schema[side]->type == SCHEMA_SET;
}

json_t *map_read(const struct map_field *f, int side, const json_t *fields, const struct vocabulary *v, bool *unknown)
{
    const json_t *raw = json_object_get(fields, f->path[side]);
    if (!raw)
        return NULL;
    if (f->label[side] && json_is_array(raw))
        return labels_of(f, side, raw, v, unknown);
    if (f->label[side])
        return label_of(f, side, raw, v, unknown);
    return value_canonical(raw, holds_set(f, side));
}

/* ---- translating ---- */

static bool textual(enum schema_type t)
{
    return t == SCHEMA_TEXT || t == SCHEMA_CHOICE;
}

static json_t *through(const char *step, const json_t *v, struct err *err)
{
    struct step *s = step_parse(step, "", 0, NULL);
    json_t *out = step_forth(s, v, err);
    step_free(s);
    return out;
}

/* Types that differ between the sides meet where nothing is lost: numbers and numeric text, days and midnights. */
static json_t *fit(const struct map_field *f, int to, const json_t *v, struct err *err)
{
    const struct schema_field *s = f->schema[to];
    if (!s || value_blank(v) || json_is_array(v))
        return json_incref((json_t *)v);
    if (s->type == SCHEMA_NUMBER && !json_is_number(v))
        return through("number", v, err);
    if (textual(s->type) && !json_is_string(v))
        return step_text(v);
    if (s->type == SCHEMA_DATETIME)
        return through("datetime", v, err);
    if (s->type == SCHEMA_DATE)
        return through("date", v, err);
    return json_incref((json_t *)v);
}

static json_t *table_set(const struct map_field *f, int from, const json_t *set)
{
    AUTO_JSON json_t *out = json_array();
    for (size_t i = 0; i < json_array_size(set); i++) {
        struct err outside = {0}; /* outside the managed vocabulary: left out */
        json_t *v = table_map(f->table, from, json_array_get(set, i), &outside);
        if (v)
            js_add(out, v);
    }
    return value_canonical(out, true);
}

static json_t *with_table(const struct map_field *f, int from, json_t *stolen, struct err *err)
{
    AUTO_JSON json_t *v = stolen;
    if (!f->table || !v || (value_blank(v) && !json_is_array(v)))
        return json_incref(v);
    return json_is_array(v) ? table_set(f, from, v) : table_map(f->table, from, v, err);
}

/* Elements the CRM has no option for are outside the vocabulary too. */
static json_t *within_options(const struct map_field *f, int to, json_t *stolen)
{
    const struct schema_field *s = f->schema[to];
    if (!stolen || !json_is_array(stolen) || !s || s->open || !s->n_options)
        return stolen;
    json_t *out = json_array();
    for (size_t i = 0; i < json_array_size(stolen); i++) {
        const char *text = json_string_value(json_array_get(stolen, i));
        if (text && (s->by_label ? schema_option_by_label(s, text) : schema_option_by_id(s, text)))
            json_array_append(out, json_array_get(stolen, i));
    }
    json_decref(stolen);
    return out;
}

json_t *map_translate(const struct map_field *f, int from, const json_t *value, struct err *err)
{
    json_t *v = json_incref((json_t *)value);
    if (from == SIDE_T)
        v = with_table(f, SIDE_T, v, err);
    for (size_t i = 0; v && i < f->n_steps; i++) {
        const struct step *s = f->steps[from == SIDE_S ? i : f->n_steps - 1 - i];
        AUTO_JSON json_t *before = v;
        if (from == SIDE_T && !step_invertible(s)) {
            err_set(err, ERR_REJECT, "%s has no way back", step_name(s));
            v = NULL;
        } else {
            v = from == SIDE_S ? step_forth(s, before, err) : step_back(s, before, err);
        }
    }
    if (from == SIDE_S)
        v = with_table(f, SIDE_S, v, err);
    if (!v)
        return NULL;
    AUTO_JSON json_t *rough = v;
    if (value_blank(rough) && !json_is_array(rough))
        return json_null();
    AUTO_JSON json_t *fitted = fit(f, 1 - from, rough, err);
    return fitted ? within_options(f, 1 - from, value_canonical(fitted, holds_set(f, 1 - from))) : NULL;
}

/* ---- writing ---- */

static json_t *id_of(const struct map_field *f, int side, const json_t *label, const struct vocabulary *v, struct err *err)
{
    const char *id = json_is_string(label) ? vocabulary_id(v, f->path[side], json_string_value(label)) : NULL;
    if (id)
        return json_string(id);
    if (value_blank(label))
        return json_null();
    AUTO_FREE char *text = js_print(label);
    err_set(err, ERR_REJECT, "field %s: %s has no %s called %s", f->name, side == SIDE_S ? "Inbox" : "the CRM", f->path[side], text);
    return NULL;
}

static json_t *ids_of(const struct map_field *f, int side, const json_t *labels, const struct vocabulary *v, struct err *err)
{
    AUTO_JSON json_t *out = json_array();
    for (size_t i = 0; i < json_array_size(labels); i++) {
        json_t *id = id_of(f, side, json_array_get(labels, i), v, err);
        if (!id)
            return NULL;
        js_add(out, id);
    }
    return value_canonical(out, true);
}

bool map_write(const struct map_field *f, int side, const json_t *value, const struct vocabulary *v, json_t *patch, struct err *err)
{
    json_t *raw = json_incref((json_t *)value);
    if (f->label[side]) {
        json_decref(raw);
        raw = json_is_array(value) ? ids_of(f, side, value, v, err) : id_of(f, side, value, v, err);
    }
    if (!raw)
        return false;
    js_set(patch, f->path[side], raw);
    return true;
}

bool map_managed(const struct map_field *f, int side, const char *element, const struct vocabulary *v)
{
    (void)v;
    if (f->table)
        return table_has(f->table, side, element);
    for (int i = 0; i < 2; i++) {
        const struct schema_field *s = f->schema[i];
        bool closed = s && s->type == SCHEMA_SET && !s->open && (s->n_options || s->by_label);
        if (closed && !(s->by_label ? schema_option_by_label(s, element) : schema_option_by_id(s, element)))
            return false;
    }
    return true;
}

const char *map_filter(const struct map_object *o, const json_t *s_fields, const struct vocabulary *v)
{
    return filter_out(o->filter, s_fields, v);
}

const char *map_lacks(const struct map_object *o, const json_t *s_fields, const struct vocabulary *v)
{
    return filter_out(o->when, s_fields, v);
}

/* ---- comparing ---- */

bool map_same(const struct map_field *f, const json_t *s, const json_t *t)
{
    struct err ignored = {0};
    if (value_blank(s) && value_blank(t))
        return true;
    AUTO_JSON json_t *enc = map_translate(f, SIDE_S, s, &ignored);
    if (enc && value_alike(enc, t))
        return true;
    bool back = f->flow != FLOW_TO_CRM;
    for (size_t i = 0; back && i < f->n_steps; i++)
        back = step_invertible(f->steps[i]);
    AUTO_JSON json_t *dec = back && !f->is_set ? map_translate(f, SIDE_T, t, &ignored) : NULL;
    return dec && value_same(s, dec);
}
