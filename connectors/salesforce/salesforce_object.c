/* The objects the connector holds, and what ids look like. Nothing here talks to anybody. */
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_private.h"
#include <string.h>

static const struct salesforce_object salesforce_objects[] = {
    {"Lead", "00Q", "Lead", {"LastName", "Company", NULL}, "Contact", "ConvertedContactId", true},
    {"Contact", "003", "Contact", {"LastName", NULL, NULL}, NULL, NULL, true},
    {"Opportunity", "006", "Opportunity", {NULL, NULL, NULL}, NULL, NULL, false},
    {"Task", "00T", "Activity", {NULL, NULL, NULL}, NULL, NULL, false},
};

const struct salesforce_object *salesforce_object_of(const char *name)
{
    for (size_t i = 0; name && i < COUNT(salesforce_objects); i++)
        if (str_eq_nocase(salesforce_objects[i].name, name))
            return &salesforce_objects[i];
    return NULL;
}

const struct salesforce_object *salesforce_object_at(size_t i)
{
    return i < COUNT(salesforce_objects) ? &salesforce_objects[i] : NULL;
}

const struct salesforce_object *salesforce_object_by_id(const char *id)
{
    for (size_t i = 0; salesforce_is_id(id) && i < COUNT(salesforce_objects); i++)
        if (str_starts(id, salesforce_objects[i].prefix))
            return &salesforce_objects[i];
    return NULL;
}

const char *salesforce_required(const struct salesforce_object *o, size_t i)
{
    return o && i < COUNT(o->required) ? o->required[i] : NULL;
}

bool salesforce_requires(const struct salesforce_object *o, const char *field)
{
    for (size_t i = 0; o && i < COUNT(o->required) && o->required[i]; i++)
        if (str_eq(o->required[i], field))
            return true;
    return false;
}

bool salesforce_is_id(const char *id)
{
    size_t n = id ? strspn(id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") : 0;
    return (n == 15 || n == 18) && id[n] == '\0';
}

/* The last three characters only say which of the first fifteen are capitals. */
bool salesforce_same_id(const char *a, const char *b)
{
    return salesforce_is_id(a) && salesforce_is_id(b) && !memcmp(a, b, 15);
}
