/* The names of policies, flows and the like, in one place. */
#include "bridge/base/str.h"
#include "mappings/mapping.h"

static const char *const names[POLICIES] = {"crm", "source", "crm_unless_blank", "source_unless_blank", "newest", "max",
                                            "min", "monotone", "union", "append", "hold"};

const char *policy_name(enum policy p)
{
    return p < POLICIES ? names[p] : "?";
}

bool policy_of(const char *name, enum policy *out)
{
    for (int i = 0; i < POLICIES; i++)
        if (str_eq(names[i], name)) {
            *out = (enum policy)i;
            return true;
        }
    return false;
}
