/* Any bytes as a page of threads, as a prospect and as a patch: every record has an id, only known fields, and no tag is
 * both added and removed. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "connectors/inbox/inbox_inner.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool true_always)
{
    if (!true_always)
        abort();
}

static void check_record(const struct record *r)
{
    const char *name;
    json_t *value;
    require(r->id && r->id[0]);
    json_object_foreach (r->fields, name, value) {
        const char *const one[] = {name, NULL};
        require(inbox_wants(one) != 0);
    }
}

static void read_threads(const json_t *page)
{
    const json_t *threads = json_object_get(page, "threads");
    AUTO(inbox_tally_done) struct inbox_tally tally;
    inbox_tally_init(&tally);
    for (size_t i = 0; i < json_array_size(threads); i++) {
        AUTO(record_done) struct record r = {0};
        if (inbox_read_thread(json_array_get(threads, i), i & 1, inbox_wants(NULL), &tally, &r))
            check_record(&r);
    }
}

static void read_patch(const json_t *doc)
{
    const struct patch patch = {
        .object = "prospect", .id = "e1", .set = json_object_get(doc, "set"), .seen = json_object_get(doc, "seen")};
    AUTO_JSON json_t *body = json_is_object(patch.set) ? inbox_patch_body(&patch, &(struct err){0}) : NULL;
    const json_t *add = json_object_get(body, "addTags"), *drop = json_object_get(body, "removeTags");
    for (size_t i = 0; i < json_array_size(add); i++)
        for (size_t k = 0; k < json_array_size(drop); k++)
            require(!json_equal(json_array_get(add, i), json_array_get(drop, k)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_JSON json_t *doc = js_parse((const char *)data, n, &(struct err){0});
    AUTO(record_done) struct record r = {0};
    if (!doc)
        return 0;
    read_threads(doc);
    read_patch(doc);
    if (inbox_read_prospect(doc, inbox_wants(NULL), &r))
        check_record(&r);
    return 0;
}
