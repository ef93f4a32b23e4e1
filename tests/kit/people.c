/* People of a world: what they do on either side, and what stands there, by the sandbox's own state. */
#include "bridge/base/str.h"
#include "tests/kit/world.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

json_t *world_edit(struct world *w, int side, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    world_must(!w->still, "an edit while nothing moves", NULL);
    va_start(ap, fmt);
    world_must(vasprintf(&text, fmt, ap) >= 0, "edit", NULL);
    va_end(ap);
    for (char *c = text; *c; c++)
        if (*c == '\'')
            *c = '"';
    struct err err = {0};
    AUTO_JSON json_t *edit = js_parse(text, strlen(text), &err);
    json_t *out = NULL;
    world_must(edit && sandbox_edit(w->box, w->service[side], edit, &out, &err), text, &err);
    free(text);
    return out;
}

void world_edit_inbox(struct world *w, size_t i, const char *set)
{
    AUTO_JSON json_t *p = world_prospect(w, i);
    json_decref(world_edit(w, 0, "{'object':'prospect','id':'%s','set':{%s}}", js_str(p, "platformId"), set));
}

json_t *world_state(struct world *w, int side)
{
    if (!w->still)
        return sandbox_state(w->box, w->service[side]);
    if (!w->seen[side])
        w->seen[side] = sandbox_state(w->box, w->service[side]);
    return json_incref(w->seen[side]);
}

void world_still(struct world *w)
{
    w->still = true;
}

void world_moves(struct world *w)
{
    w->still = false;
    for (size_t side = 0; side <= w->n; side++) {
        json_decref(w->seen[side]);
        w->seen[side] = NULL;
    }
}

static int64_t counter(struct world *w, int side, const char *name)
{
    AUTO_JSON json_t *calls = sandbox_calls_json(w->box, w->service[side]);
    return js_int_or(calls, name, 0);
}

int64_t world_writes(struct world *w, int side)
{
    return counter(w, side, "writes");
}

int64_t world_calls(struct world *w, int side)
{
    return counter(w, side, "total");
}

int64_t world_asked(struct world *w, int side, const char *route)
{
    AUTO_JSON json_t *calls = sandbox_calls_json(w->box, w->service[side]);
    return js_int_or(json_object_get(calls, "routes"), route, 0);
}

void world_manners(struct world *w, int side, const char *json)
{
    AUTO_FREE char *url = mem_printf("http://%s.sandbox/_sandbox/manners", side ? w->crm[side - 1].kind : "inbox");
    struct http_request r = {.method = (char *)"POST", .url = url, .body = (char *)json, .body_n = strlen(json)};
    struct http_answer a = {0};
    struct err err = {0};
    int64_t delay = 0;
    sandbox_serve(w->box, w->service[side], &r, &a, &delay);
    world_must(a.status == 200, json, &err);
    http_answer_done(&a);
}

json_t *world_prospect(struct world *w, size_t i)
{
    AUTO_JSON json_t *state = world_state(w, 0);
    return json_incref(json_array_get(json_object_get(state, "prospect"), i));
}

char *world_key(struct world *w, size_t i)
{
    AUTO_JSON json_t *p = world_prospect(w, i);
    return p ? mem_printf("x:%s", js_str_or(p, "platformId", "?")) : NULL;
}

struct link world_link(struct world *w, const char *route, size_t i)
{
    AUTO_FREE char *key = world_key(w, i);
    struct link link = {0};
    bool found = false;
    struct err err = {0};
    world_must(store_link_get(w->store, route, "prospect", key, &link, &found, &err), "a link", &err);
    world_must(found, "no link of the prospect", NULL);
    return link;
}

static bool live(const json_t *contact)
{
    return !js_bool_or(contact, "archived", false) && !js_str(contact, "mergedInto") && !js_bool_or(contact, "IsDeleted", false) &&
           !js_bool_or(contact, "IsConverted", false);
}

/* The bridge key, wherever the service keeps it. */
static const char *key_of(const json_t *contact)
{
    const char *key = js_str(json_object_get(contact, "properties"), "inbox_prospect_key");
    if (!key)
        key = js_str(contact, "inbox_prospect_key__c");
    return key ? key : js_str(contact, "key");
}

json_t *world_person(struct world *w, int side, const char *key, size_t *n)
{
    static const char *const lists[] = {"record", "contact", "Lead", "Contact"};
    AUTO_JSON json_t *state = world_state(w, side);
    json_t *found = NULL, *c;
    size_t i;
    *n = 0;
    for (size_t k = 0; k < COUNT(lists); k++)
        json_array_foreach (json_object_get(state, lists[k]), i, c)
            if (live(c) && str_eq(key_of(c), key)) {
                (*n)++;
                json_decref(found);
                found = json_incref(c);
            }
    return found;
}

json_t *world_contact(struct world *w, const char *key)
{
    size_t n = 0;
    json_t *c = world_person(w, 1, key, &n);
    world_must(n <= 1, "two contacts of one key", NULL);
    return c;
}
