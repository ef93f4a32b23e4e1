/* Where changes() stands, as one line of JSON that the engine keeps in the transaction of the page:
 *   learn  reading the events there are, only for the number of the newest
 *   walk   reading all threads, view after view
 *   feed   following events
 * Text of another version or a damaged one starts over with a full enumeration: repeating is allowed, skipping is not. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/inbox/inbox_inner.h"
#include <string.h>

#define CURSOR_VERSION 1

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
    out->view = number(doc, "view", 0);
    out->pages = number(doc, "pages", 0);
    out->restarts = number(doc, "restarts", 0);
    out->at = member(doc, "at", JSON_OBJECT);
    out->mark = member(doc, "mark", JSON_OBJECT);
    out->recent = member(doc, "recent", JSON_ARRAY);
}

char *inbox_cursor_print(const struct inbox_cursor *c)
{
    AUTO_JSON json_t *doc = json_object();
    js_set(doc, "v", json_integer(CURSOR_VERSION));
    js_set(doc, "stage", js_text(stage_names[c->stage]));
    js_set(doc, "seq", json_integer(c->seq));
    js_set(doc, "polled", json_integer(c->polled));
    if (c->stage == INBOX_WALK) {
        js_set(doc, "view", json_integer(c->view));
        js_set(doc, "pages", json_integer(c->pages));
        js_set(doc, "restarts", json_integer(c->restarts));
    }
    if (c->at)
        js_set(doc, "at", json_incref(c->at));
    if (c->mark)
        js_set(doc, "mark", json_incref(c->mark));
    if (c->recent)
        js_set(doc, "recent", json_incref(c->recent));
    return js_print(doc);
}

void inbox_cursor_done(struct inbox_cursor *c)
{
    json_decref(c->at);
    json_decref(c->mark);
    json_decref(c->recent);
    *c = (struct inbox_cursor){0};
}
