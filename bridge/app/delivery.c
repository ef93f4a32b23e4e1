/* Members that a hook leaves empty are not written; a record that names nobody is not worth keeping. */
#include "bridge/app/delivery.h"
#include "bridge/base/js.h"
#include <string.h>

struct text_member {
    const char *name;
    size_t offset;
};

static const struct text_member texts[] = {
    {"object", offsetof(struct record, object)},     {"id", offsetof(struct record, id)},
    {"key", offsetof(struct record, key)},           {"label", offsetof(struct record, label)},
    {"moved_to", offsetof(struct record, moved_to)}, {"moved_type", offsetof(struct record, moved_type)},
    {"version", offsetof(struct record, version)}};

static char **member(struct record *r, const struct text_member *m)
{
    return (char **)(void *)((char *)r + m->offset);
}

static json_t *record_json(struct record *r)
{
    json_t *out = json_object();
    for (size_t i = 0; i < COUNT(texts); i++)
        if (*member(r, &texts[i]))
            js_set(out, texts[i].name, json_string(*member(r, &texts[i])));
    if (r->state)
        js_set(out, "state", json_integer(r->state));
    if (r->modified)
        js_set(out, "modified", json_integer(r->modified));
    if (r->as_of)
        js_set(out, "as_of", json_integer(r->as_of));
    if (r->fields)
        json_object_set(out, "fields", r->fields);
    return out;
}

static void record_of(const json_t *row, struct record *r)
{
    for (size_t i = 0; i < COUNT(texts); i++)
        *member(r, &texts[i]) = mem_dup(js_str(row, texts[i].name));
    r->state = (enum record_state)js_int_or(row, "state", RECORD_LIVE);
    r->modified = js_int_or(row, "modified", 0);
    r->as_of = js_int_or(row, "as_of", 0);
    r->fields = json_incref(json_object_get(row, "fields"));
}

char *delivery_text(const struct page *page)
{
    json_t *items = json_array();
    for (size_t i = 0; i < page->n; i++)
        js_add(items, record_json(&page->items[i]));
    AUTO_JSON json_t *out = json_object();
    js_set(out, "items", items);
    if (page->late)
        js_set(out, "late", json_integer(page->late));
    if (page->relearn)
        js_set(out, "relearn", json_true());
    return js_print(out);
}

bool delivery_page(const char *text, struct page *out, struct err *err)
{
    AUTO_JSON json_t *all = js_parse(text, strlen(text), err);
    const json_t *items = json_object_get(all, "items");
    if (!all)
        return err_wrap(err, "a kept delivery");
    struct page page = {.late = js_int_or(all, "late", 0), .relearn = js_bool_or(all, "relearn", false)};
    page.n = json_array_size(items);
    page.items = mem_alloc((page.n + 1) * sizeof *page.items);
    for (size_t i = 0; i < page.n; i++)
        record_of(json_array_get(items, i), &page.items[i]);
    *out = page;
    return true;
}
