/* Any bytes as a page of events, and as a cursor: nobody is named twice, nobody without an id, and what is printed of a
 * cursor reads back the same. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "connectors/inbox/inbox_inner.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool true_always)
{
    if (!true_always)
        abort();
}

static void read_events(const json_t *page, const struct inbox_cursor *at)
{
    const json_t *events = json_object_get(page, "events");
    AUTO(inbox_harvest_done) struct inbox_harvest h = {0};
    inbox_judge_gap(at, events, 1772442930000);
    for (size_t i = 0; i < json_array_size(events); i++)
        inbox_harvest_event(&h, json_array_get(events, i), inbox_wants(NULL));
    require(h.n <= json_array_size(events));
    for (size_t i = 0; i < h.n; i++)
        require(h.items[i].id && h.items[i].id[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_FREE char *text = mem_dup_n((const char *)data, n);
    AUTO(inbox_cursor_done) struct inbox_cursor at, again;
    inbox_cursor_read(text, &at);
    AUTO_FREE char *printed = inbox_cursor_print(&at);
    inbox_cursor_read(printed, &again);
    AUTO_FREE char *same = inbox_cursor_print(&again);
    require(!strcmp(printed, same));

    AUTO_JSON json_t *page = js_parse((const char *)data, n, &(struct err){0});
    if (page)
        read_events(page, &at);
    return 0;
}
