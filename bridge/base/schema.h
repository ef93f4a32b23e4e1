/* What one object of one service looks like: fields, their types, lengths and allowed values. Connectors fill it,
 * mappings are checked against it. Plain data. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum schema_type { SCHEMA_TEXT, SCHEMA_NUMBER, SCHEMA_BOOL, SCHEMA_DATE, SCHEMA_DATETIME, SCHEMA_CHOICE, SCHEMA_SET };

struct schema_option {
    char *id;    /* id is what the service stores */
    char *label; /* label is what people see */
    char *group; /* group: the option of `within` it belongs to (a stage's pipeline); NULL = none */
    bool closed; /* closed: a record that holds it is over (won, lost) */
    bool gone;   /* gone: records may still hold it, nobody can choose it any more (an owner who left) */
};

struct schema_field {
    char *name; /* name in the service's own words; a JSON path for nested answers ("context.status") */
    char *label;
    enum schema_type type;
    bool read_only;
    bool unique;
    bool by_label;  /* by_label: mappings name the options by label, the service stores ids; labels are pinned in the
                       store, so that a rename breaks nothing (Inbox statuses, tags, members) */
    bool people;    /* people: the options are people (or queues), named by e-mail in any case; by_label too */
    bool required;  /* required: the service refuses a blank here; told of people only */
    bool open;      /* open: the list of options is not complete (external options): do not validate against it */
    const char *within; /* within: the field whose value says which group of options may be chosen; static; NULL = none */
    size_t max_len; /* max_len in code points; 0 = not known */
    struct schema_option *options;
    size_t n_options;
};

struct schema {
    char *object;
    struct schema_field *fields;
    size_t n;
    bool open; /* open: fields that are not listed are taken too, of whatever type they come */
};

struct schema_field *schema_add(struct schema *schema, const char *name, const char *label, enum schema_type type);
void schema_add_option(struct schema_field *field, const char *id, const char *label);
void schema_gone_option(struct schema_field *field); /* the option added last is gone */
void schema_group_option(struct schema_field *field, const char *group, bool closed); /* of the option added last */
const struct schema_field *schema_find(const struct schema *schema, const char *name); /* NULL */
const struct schema_option *schema_option_by_id(const struct schema_field *field, const char *id);
/* schema_option_by_label: the exact label, else the first that differs only in case. */
const struct schema_option *schema_option_by_label(const struct schema_field *field, const char *label);
const char *schema_type_name(enum schema_type type);
void schema_done(struct schema *schema);
