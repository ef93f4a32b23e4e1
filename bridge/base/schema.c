/* What one object of one service looks like, as plain data: fields in the order they were added, looked up by walking.
 * It asks no service and judges no mapping. */
#include "bridge/base/schema.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"

struct schema_field *schema_add(struct schema *schema, const char *name, const char *label, enum schema_type type)
{
    schema->fields = mem_grow(schema->fields, schema->n + 1, sizeof *schema->fields);
    struct schema_field *field = &schema->fields[schema->n++];
    *field = (struct schema_field){.name = mem_dup(name), .label = mem_dup(label), .type = type};
    return field;
}

void schema_add_option(struct schema_field *field, const char *id, const char *label)
{
    field->options = mem_grow(field->options, field->n_options + 1, sizeof *field->options);
    field->options[field->n_options++] = (struct schema_option){.id = mem_dup(id), .label = mem_dup(label)};
}

void schema_gone_option(struct schema_field *field)
{
    field->options[field->n_options - 1].gone = true;
}

void schema_group_option(struct schema_field *field, const char *group, bool closed)
{
    struct schema_option *last = &field->options[field->n_options - 1];
    free(last->group);
    last->group = mem_dup(group);
    last->closed = closed;
}

const struct schema_field *schema_find(const struct schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->n; i++)
        if (str_eq(schema->fields[i].name, name))
            return &schema->fields[i];
    return NULL;
}

const struct schema_option *schema_option_by_id(const struct schema_field *field, const char *id)
{
    for (size_t i = 0; i < field->n_options; i++)
        if (str_eq(field->options[i].id, id))
            return &field->options[i];
    return NULL;
}

static const struct schema_option *labelled(const struct schema_field *field, const char *label,
                                            bool (*same)(const char *, const char *))
{
    for (size_t i = 0; i < field->n_options; i++)
        if (same(field->options[i].label, label))
            return &field->options[i];
    return NULL;
}

const struct schema_option *schema_option_by_label(const struct schema_field *field, const char *label)
{
    const struct schema_option *exact = labelled(field, label, str_eq);
    return exact ? exact : labelled(field, label, str_eq_nocase);
}

const char *schema_type_name(enum schema_type type)
{
    static const char *const names[] = {"text", "number", "bool", "date", "datetime", "choice", "set"};
    return (size_t)type < COUNT(names) ? names[type] : "unknown";
}

static void field_done(struct schema_field *field)
{
    for (size_t i = 0; i < field->n_options; i++) {
        free(field->options[i].id);
        free(field->options[i].label);
        free(field->options[i].group);
    }
    free(field->options);
    free(field->name);
    free(field->label);
}

void schema_done(struct schema *schema)
{
    if (!schema)
        return;
    for (size_t i = 0; i < schema->n; i++)
        field_done(&schema->fields[i]);
    free(schema->fields);
    free(schema->object);
    *schema = (struct schema){0};
}
