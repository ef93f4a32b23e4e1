/* Where changes() stands, as one line of JSON that the engine keeps in the transaction of the page:
 *   learn  reading the events there are, only for the number of the newest
 *   walk   reading all threads, a page of every view at a time
 *   feed   following events
 * Text of another version or a damaged one starts over with a full enumeration: repeating is allowed, skipping is not. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/inbox/inbox_inner.h"
#include <string.h>

#define CURSOR_VERSION 2

static const char *const stage_names[] = {"learn", "walk", "feed"};

static bool read_stage(const json_t *doc, enum inbox_stage *out)
{
    const char *name = js_str(doc, "stage");
    for (size_t i = 0; name && i < COUNT(stage_names); i++)
        if (!strcmp(name, stage_names[i])) {
            *out = (enum inbox_stage)i;
            return true;
        }
    return false;
}

static json_t *member(const json_t *doc, const char *name, json_type type)
{
    json_t *v = json_object_get(doc, name);
    return v && json_typeof(v) == type ? json_incref(v) : NULL;
}

static int64_t number(const json_t *doc, const char *name, int64_t least)
{
    int64_t n = js_int_or(doc, name, least);
    return n < least || n == INT64_MAX ? least : n;
}

static void read_place(const json_t *doc, struct inbox_place *out)
{
    out->done = js_bool_or(doc, "done", false);
    out->pages = number(doc, "pages", 0);
    out->restarts = number(doc, "restarts", 0);
    out->at = member(doc, "at", JSON_OBJECT);
    out->mark = member(doc, "mark", JSON_OBJECT);
}

static json_t *print_place(const struct inbox_place *p)
{
    if (p->done)
        return json_pack("{s:b}", "done", 1);
    return json_pack("{s:I,s:I,s:O*,s:O*}", "pages", (json_int_t)p->pages, "restarts", (json_int_t)p->restarts, "at", p->at, "mark", p->mark);
}

void inbox_cursor_read(const char *text, struct inbox_cursor *out)
{
    *out = (struct inbox_cursor){.stage = INBOX_LEARN, .seq = -1};
    AUTO_JSON json_t *doc = text ? js_parse(text, strlen(text), &(struct err){0}) : NULL;
    enum inbox_stage stage;
    if (js_int_or(doc, "v", 0) != CURSOR_VERSION || !read_stage(doc, &stage))
        return;
    out->stage = stage;
    out->seq = number(doc, "seq", -1);
    out->polled = number(doc, "polled", 0);
    out->recent = member(doc, "recent", JSON_ARRAY);
    for (size_t i = 0; i < INBOX_VIEWS; i++)
        read_place(json_array_get(json_object_get(doc, "views"), i), &out->views[i]);
}

char *inbox_cursor_print(const struct inbox_cursor *c)
{
    AUTO_JSON json_t *doc = json_object();
    js_set(doc, "v", json_integer(CURSOR_VERSION));
    js_set(doc, "stage", js_text(stage_names[c->stage]));
    js_set(doc, "seq", json_integer(c->seq));
    js_set(doc, "polled", json_integer(c->polled));
    if (c->recent)
        js_set(doc, "recent", json_incref(c->recent));
    json_t *views = c->stage == INBOX_WALK ? json_array() : NULL;
    for (size_t i = 0; views && i < INBOX_VIEWS; i++)
        js_add(views, print_place(&c->views[i]));
    if (views)
        js_set(doc, "views", views);
    return js_print(doc);
}

void inbox_cursor_done(struct inbox_cursor *c)
{
    for (size_t i = 0; i < INBOX_VIEWS; i++) {
        json_decref(c->views[i].at);
        json_decref(c->views[i].mark);
    }
    json_decref(c->recent);
    *c = (struct inbox_cursor){0};
}
