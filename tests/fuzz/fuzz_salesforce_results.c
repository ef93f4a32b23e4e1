/* Any bytes as a list of results of a bulk job. Reading it ends, every outcome has a key, and "done" names a record. The first
 * byte picks the list. */
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "connectors/registry.h"
#include "connectors/salesforce/salesforce_private.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int64_t now(struct env *env)
{
    (void)env;
    return 1772442930000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct env env = {.now = now};
    struct endpoint ep = {.env = &env};
    AUTO(harvest_done) struct harvest h = {0};
    enum salesforce_list list = n && data[0] & 1 ? SALESFORCE_FAILED : SALESFORCE_DONE;
    bool end = false;
    size_t told = 0;
    buf_add(&h.text, n ? data + 1 : data, n ? n - 1 : 0);
    for (size_t rounds = 0; !end; rounds++) {
        struct err err = {0};
        harvest_clear(&h);
        if (!salesforce_results(&ep, list, "k__c", &h, &end, &err)) {
            if (err.kind != ERR_TEMP)
                abort();
            return 0;
        }
        told += h.n;
        for (size_t i = 0; i < h.n; i++)
            if (!h.items[i].record.key || (h.items[i].err.kind == ERR_NONE) != (h.items[i].record.id != NULL))
                abort();
        if (told != h.told || rounds > n)
            abort();
    }
    return 0;
}
