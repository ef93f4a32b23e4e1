/* The list of connectors. Adding one is a line here and a folder beside this file. */
#include "connectors/registry.h"
#include "bridge/base/mem.h"
#include "connectors/hubspot/hubspot.h"
#include "connectors/inbox/inbox.h"
#include "connectors/salesforce/salesforce.h"
#include "connectors/webhook/webhook.h"
#include <string.h>

static const struct connector *const connectors[] = {&inbox_connector, &hubspot_connector, &salesforce_connector, &webhook_connector};

const struct connector *registry_find(const char *name)
{
    for (size_t i = 0; i < COUNT(connectors); i++)
        if (!strcmp(connectors[i]->name, name))
            return connectors[i];
    return NULL;
}

const struct connector *const *registry_all(size_t *n)
{
    *n = COUNT(connectors);
    return connectors;
}
