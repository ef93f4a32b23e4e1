/* What the files of this room share: steps, tables and filters as they were read. Private to mappings. */
#pragma once
#include "mappings/mapping.h"

/* transform.c */
struct transform;
struct step {
    const struct transform *kind;
    char *arg;
    int line;
};
struct step *step_parse(const char *text, const char *file, int line, struct opt_faults *faults); /* NULL with a fault */
void step_free(struct step *s);
bool step_invertible(const struct step *s); /* backwards gives what went in, up to white space and cut length */
const char *step_name(const struct step *s);
json_t *step_forth(const struct step *s, const json_t *value, struct err *err); /* new reference; NULL with err */
json_t *step_back(const struct step *s, const json_t *value, struct err *err);
json_t *step_text(const json_t *value); /* any scalar as people write it */
int step_makes_set(const struct step *s); /* 1 makes a set, -1 unmakes one, 0 neither */

/* table.c */
struct pair {
    json_t *v[2];
    int line;
};
struct table {
    char *name;
    struct pair *pairs;
    size_t n;
    json_t *otherwise[2]; /* else_inbox, else_crm; NULL = none */
    json_t *ignore[2];    /* arrays */
    json_t *blank[2];     /* blank_inbox, blank_crm: what stands for nothing there; NULL = none */
    bool collapse;
    bool used;
    int line;
};
struct table *table_parse(const struct opt_node *node, struct opt_faults *faults);
void table_free(struct table *t);
void table_laws(const struct table *t, const char *file, struct opt_faults *faults);
/* table_map: NULL with ERR_NONE = ignored; NULL with REJECT = no entry. */
json_t *table_map(const struct table *t, int from, const json_t *value, struct err *err);
bool table_has(const struct table *t, int side, const char *text);
bool table_ignores(const struct table *t, int side, const char *text);
bool table_blank(const struct table *t, int side, const char *text); /* does it stand for nothing there? t may be NULL */

/* filter.c */
struct filter;
struct filter *filter_parse(const struct opt_node *node, struct opt_faults *faults);
void filter_free(struct filter *f);
const char *filter_out(struct filter *f, const json_t *s_fields, const struct vocabulary *v);
const char *const *filter_needs(const struct filter *f); /* native S fields; NULL-terminated */

/* append.c */
bool append_is(const struct opt_node *object); /* mode = "append" */
const char **append_names(const char *const *a, const char *const *b); /* both lists in one; free the array only */
/* append_parse reads what only appended objects have; `others` are the members that are not a digest's. After the fields. */
void append_parse(struct map_object *o, const struct opt_node *node, const char *const *others, const char *file, struct opt_faults *faults);
void append_parents(struct mapping *m); /* what children ask of their parents; after all objects */
const struct opt_list *filter_set(const struct filter *f); /* native S fields that must have a value; NULL = no filter */
struct filter *filter_parse_when(const struct opt_node *node, struct opt_faults *faults); /* also: just the name of a field */
/* filter_order: the statuses, earliest first, for `reached`; borrowed. False when that one is not among them. */
bool filter_order(struct filter *f, char *const *order, size_t n);
const char *filter_reached(const struct filter *f); /* NULL = not asked */
bool filter_asks(const struct filter *f, const char *field); /* does it depend on this S field? */

/* child.c: objects of a parent. */
void child_laws(const struct mapping *m, struct opt_faults *faults);

/* stage.c: pipelines, stages and currencies of the live schema. */
void stage_bind(struct mapping *m, struct map_object *o, const struct schema *const schema[2], struct opt_faults *faults);
/* stage_option: may a table name this option: is it of the object's pipeline? */
bool stage_option(const struct map_object *o, const struct schema_field *f, const struct schema_option *option);

/* table.c again */
/* table_resolve: the words of one side become what `other_of` knows for them; NULL = they stay. True when any did. */
bool table_resolve(struct table *t, int side, const char *(*other_of)(const void *self, const char *word), const void *self);
