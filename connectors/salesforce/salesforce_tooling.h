/* Creating custom fields and making them visible, for setup. */
#pragma once
#include "connectors/salesforce/salesforce_private.h"

#define SALESFORCE_SET_NAME "Inbox_Bridge"
#define SALESFORCE_SET_LABEL "Inbox Bridge"

/* salesforce_field_steps: what an administrator does by hand to get the field; caller frees. */
char *salesforce_field_steps(const struct salesforce_object *o, const struct schema_field *f);
/* salesforce_field_create: true when the field is there now, or with *words (caller frees) why the service refuses it. */
bool salesforce_field_create(struct endpoint *ep, const struct salesforce_object *o, const struct schema_field *f,
                             char **words, struct err *err) MUST_CHECK;
/* salesforce_permit: makes the fields (JSON array of names) readable and editable to the integration user through one
 * permission set. True when that worked, or with *words (caller frees) what was refused. */
bool salesforce_permit(struct endpoint *ep, const struct salesforce_object *o, const json_t *fields, char **words,
                       struct err *err) MUST_CHECK;
