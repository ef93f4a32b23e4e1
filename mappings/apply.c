/* Values through a field: read from a record, translated to the other side, compared, written into a patch. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "mappings/fence.h"
#include "mappings/parts.h"
#include "mappings/value.h"

/* ---- reading ---- */

static json_t *label_of(const struct map_field *f, int side, const json_t *id, const struct vocabulary *v, bool *unknown)
{
    const char *label = json_is_string(id) ? vocabulary_label(v, f->path[side], json_string_value(id)) : NULL;
    if (value_blank(id) || table_blank(f->table, side, label))
        return json_null();
    if (label)
        return json_string(label);
    *unknown = true;
    return f->people && json_is_string(id) ? json_incref((json_t *)id) : NULL;
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

/* People's text without the lines of the bridge, or such a line alone. */
static json_t *fenced(const struct map_field *f, const json_t *raw)
{
    AUTO_JSON json_t *tidy = value_canonical(raw, false);
    const char *text = json_string_value(tidy);
    if (f->fence) {
        AUTO_FREE char *said = fence_find(text, f->fence);
        return said ? json_string(said) : json_null();
    }
    if (!fence_any(text))
        return NULL;
    AUTO_FREE char *people = fence_strip(text);
    return json_string(people);
}

json_t *map_read(const struct map_field *f, int side, const json_t *fields, const struct vocabulary *v, bool *unknown)
{
    const json_t *raw = json_object_get(fields, f->path[side]);
    if (!raw)
        return NULL;
    AUTO_JSON json_t *own = side == SIDE_S && !f->label[side] ? fenced(f, raw) : NULL;
    raw = own ? own : raw;
    if (f->label[side] && json_is_array(raw))
        return labels_of(f, side, raw, v, unknown);
    if (f->label[side])
        return label_of(f, side, raw, v, unknown);
    if (table_blank(f->table, side, json_string_value(raw)))
        return json_null();
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
    if (f->people && !table_has(f->table, from, json_string_value(v)) && !table_ignores(f->table, from, json_string_value(v)) &&
        !f->table->otherwise[1 - from])
        return json_incref(v); /* no exception: the same e-mail */
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

/* What stands for nothing is what a blank is written as. */
static const json_t *said_for(const struct map_field *f, int side, const json_t *label)
{
    const json_t *blank = f->table ? f->table->blank[side] : NULL;
    return value_blank(label) && blank ? blank : label;
}

static json_t *id_of(const struct map_field *f, int side, const json_t *label, const struct vocabulary *v, struct err *err)
{
    const char *text = json_string_value(label), *id = text ? vocabulary_id(v, f->path[side], text) : NULL;
    const char *where = side == SIDE_S ? "Inbox" : "the CRM";
    if (id)
        return json_string(id);
    if (value_blank(label))
        return json_null();
    AUTO_FREE char *shown = js_print(label);
    if (text && vocabulary_left(v, f->path[side], text))
        err_set(err, ERR_REJECT, "field %s: %s is no longer active in %s", f->name, shown, where);
    else
        err_set(err, ERR_REJECT, "field %s: %s has no %s called %s", f->name, where, f->path[side], shown);
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
    const json_t *said = said_for(f, side, value);
    json_t *raw = json_incref((json_t *)said);
    if (f->label[side]) {
        json_decref(raw);
        raw = json_is_array(said) ? ids_of(f, side, said, v, err) : id_of(f, side, said, v, err);
    }
    if (!raw)
        return false;
    js_set(patch, f->path[side], raw);
    return true;
}

bool map_write_over(const struct map_field *f, int side, const json_t *value, const struct vocabulary *v, const json_t *held,
                    json_t *patch, struct err *err)
{
    const json_t *written = json_object_get(patch, f->path[side]), *before = written ? written : json_object_get(held, f->path[side]);
    const char *old = json_string_value(before), *text = json_string_value(value);
    bool plain = json_is_string(value) || json_is_null(value);
    if (side == SIDE_S && f->fence) {
        AUTO_FREE char *with = fence_put(old, f->fence, value_blank(value) ? NULL : text);
        js_set(patch, f->path[side], *with ? json_string(with) : json_null());
        return true;
    }
    if (side != SIDE_S || f->label[side] || !plain || !fence_any(old))
        return map_write(f, side, value, v, patch, err);
    AUTO_FREE char *people = fence_strip(text ? text : ""), *with = fence_carry(people, old);
    js_set(patch, f->path[side], json_string(with));
    return true;
}

bool map_named(const struct map_field *f, int side, const json_t *value, const struct vocabulary *v, struct err *err)
{
    AUTO_JSON json_t *scratch = json_object();
    return !f->label[side] || map_write(f, side, value, v, scratch, err);
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

/* E-mail addresses are the same in any case. */
static bool same_person(const struct map_field *f, const json_t *enc, const json_t *t)
{
    bool people = (f->schema[SIDE_S] && f->schema[SIDE_S]->people) || (f->schema[SIDE_T] && f->schema[SIDE_T]->people);
    return people && json_is_string(enc) && json_is_string(t) && str_eq_nocase(json_string_value(enc), json_string_value(t));
}

bool map_same(const struct map_field *f, const json_t *s, const json_t *t)
{
    struct err ignored = {0};
    if (value_blank(s) && value_blank(t))
        return true;
    AUTO_JSON json_t *enc = map_translate(f, SIDE_S, s, &ignored);
    if (enc && (value_alike(enc, t) || same_person(f, enc, t)))
        return true;
    bool back = f->flow != FLOW_TO_CRM;
    for (size_t i = 0; back && i < f->n_steps; i++)
        back = step_invertible(f->steps[i]);
    AUTO_JSON json_t *dec = back && !f->is_set ? map_translate(f, SIDE_T, t, &ignored) : NULL;
    return dec && value_same(s, dec);
}
