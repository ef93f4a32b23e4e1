/* Object types and their fields by name, in any spelling, and which of them the integration user may see. */
#include "tests/sandbox/salesforce.h"
#include <stdio.h>

/* flags: a under /sobjects, w can be written, t under /tooling */
struct sf_type *sf_type_add(struct sf *s, const char *name, const char *label, const char *prefix, const char *flags)
{
    struct sf_type *t = &s->types[s->n_types++];
    *t = (struct sf_type){.name = name, .label = label, .prefix = prefix, .entity = name};
    t->api = strchr(flags, 'a') != NULL;
    t->writable = strchr(flags, 'w') != NULL;
    t->tooling = strchr(flags, 't') != NULL;
    t->unique = json_object();
    if (str_eq(name, "Task"))
        t->entity = "Activity";
    return t;
}

void sf_types_init(struct sf *s)
{
    static const char *const all[][4] = {{"Account", "Account", "001", "aw"},
                                         {"Contact", "Contact", "003", "aw"},
                                         {"Group", "Group", "00G", "a"},
                                         {"Lead", "Lead", "00Q", "aw"},
                                         {"LeadStatus", "Lead Status Value", "01J", "a"},
                                         {"ObjectPermissions", "Object Permissions", "110", "aw"},
                                         {"FieldPermissions", "Field Permissions", "01k", "aw"},
                                         {"Opportunity", "Opportunity", "006", "aw"},
                                         {"OpportunityContactRole", "Opportunity Contact Role", "00K", "aw"},
                                         {"OpportunityStage", "Opportunity Stage", "01K", "a"},
                                         {"Organization", "Organization", "00D", "a"},
                                         {"PermissionSet", "Permission Set", "0PS", "aw"},
                                         {"PermissionSetAssignment", "Permission Set Assignment", "0Pa", "aw"},
                                         {"Task", "Task", "00T", "aw"},
                                         {"User", "User", "005", "a"},
                                         {"RecordType", "Record Type", "012", "a"},
                                         {"CurrencyType", "Currency Type", "01L", ""},
                                         {"CustomField", "Custom Field", "00N", "t"},
                                         {"EntityDefinition", "Entity Definition", "4ie", "at"},
                                         {"FieldDefinition", "Field Definition", "4fe", "at"}};
    for (size_t i = 0; i < COUNT(all); i++)
        sf_type_add(s, all[i][0], all[i][1], all[i][2], all[i][3]);
    sf_fields_init(s);
    sf_permissions(s);
}

struct sf_type *sf_type_of(struct sf *s, const char *name)
{
    for (size_t i = 0; name && i < s->n_types; i++)
        if (str_eq_nocase(s->types[i].name, name))
            return &s->types[i];
    return NULL;
}

struct sf_type *sf_type_of_id(struct sf *s, const char *id)
{
    for (size_t i = 0; i < s->n_types; i++)
        if (!strncmp(s->types[i].prefix, id, 3))
            return &s->types[i];
    return NULL;
}

/* ---- fields ---- */

struct sf_field *sf_field_add(struct sf *s, struct sf_type *t, const char *name, const char *label, const char *type,
                              int length)
{
    struct sf_field *f = mem_alloc(sizeof *f);
    bool number = str_eq(type, "currency") || str_eq(type, "double") || str_eq(type, "percent");
    str_copy(f->name, sizeof f->name, name);
    str_copy(f->label, sizeof f->label, label);
    str_copy(f->type, sizeof f->type, type);
    f->length = number || str_eq(type, "int") ? 0 : length;
    f->precision = number ? length : 0;
    f->granted = f->read = f->edit = f->nillable = f->createable = f->updateable = true;
    f->since = s->schema_changed = sf_now(s);
    t->fields = mem_grow(t->fields, t->n_fields + 1, sizeof *t->fields);
    t->fields[t->n_fields++] = f;
    return f;
}

struct sf_field *sf_field(const struct sf_type *t, const char *name)
{
    for (size_t i = 0; name && i < t->n_fields; i++)
        if (str_eq_nocase(t->fields[i]->name, name))
            return t->fields[i];
    return NULL;
}

struct sf_field *sf_visible(struct sf *s, const struct sf_type *t, const char *name)
{
    struct sf_field *f = sf_field(t, name);
    return f && f->read && f->since <= sf_now(s) ? f : NULL;
}

void sf_field_free(struct sf_field *f)
{
    json_decref(f->values);
    free(f);
}

void sf_picklist(struct sf_field *f, const char *values)
{
    AUTO_FREE char *copy = mem_dup(values);
    char *save = NULL;
    json_decref(f->values);
    f->values = json_array();
    for (char *one = strtok_r(copy, "|", &save); one; one = strtok_r(NULL, "|", &save)) {
        size_t n = strlen(one);
        bool chosen = n && one[n - 1] == '*';
        if (chosen)
            one[n - 1] = '\0';
        js_add(f->values, json_pack("{s:b,s:b,s:s,s:n,s:s}", "active", 1, "defaultValue", chosen, "label", one,
                                    "validFor", "value", one));
    }
}

const char *sf_default_of(const struct sf_field *f)
{
    size_t i;
    json_t *v;
    json_array_foreach (f->values, i, v)
        if (js_bool_or(v, "defaultValue", false) && js_bool_or(v, "active", false))
            return js_str(v, "value");
    return NULL;
}

/* ---- who may see them ---- */

/* Sets of permissions that the integration user has. */
static bool assigned(struct sf *s, const char *set)
{
    struct sf_type *t = sf_type_of(s, "PermissionSetAssignment");
    for (size_t i = 0; i < t->n; i++)
        if (!t->rows[i]->deleted && str_eq(sf_get(t->rows[i], "PermissionSetId"), set) &&
            str_eq(sf_get(t->rows[i], "AssigneeId"), s->robot))
            return true;
    return false;
}

static void grant(struct sf *s, const struct sf_row *permission)
{
    const char *said = sf_get(permission, "Field"), *dot = said ? strchr(said, '.') : NULL;
    char object[80];
    snprintf(object, sizeof object, "%.*s", dot ? (int)(dot - said) : 0, said ? said : "");
    const struct sf_type *t = sf_type_of(s, object);
    struct sf_field *f = t ? sf_field(t, dot + 1) : NULL;
    if (!f || permission->deleted || !assigned(s, sf_get(permission, "ParentId")))
        return;
    f->edit |= json_is_true(json_object_get(permission->values, "PermissionsEdit"));
    f->read |= f->edit || json_is_true(json_object_get(permission->values, "PermissionsRead"));
}

void sf_permissions(struct sf *s)
{
    struct sf_type *permissions = sf_type_of(s, "FieldPermissions");
    for (size_t i = 0; i < s->n_types; i++)
        for (size_t k = 0; k < s->types[i].n_fields; k++)
            s->types[i].fields[k]->read = s->types[i].fields[k]->edit = s->types[i].fields[k]->granted;
    for (size_t i = 0; i < permissions->n; i++)
        grant(s, permissions->rows[i]);
    for (size_t i = 0; i < s->n_types; i++)
        for (size_t k = 0; k < s->types[i].n_fields; k++) {
            struct sf_field *f = s->types[i].fields[k];
            f->read = f->read && !f->no_read;
            f->edit = f->edit && f->read && !f->no_edit;
        }
    s->schema_changed = sf_now(s);
}
