/* What must be true of a world when all is quiet. */
#include "bridge/base/str.h"
#include "bridge/sync/sync.h"
#include "mappings/value.h"
#include "tests/kit/world.h"
#include <stdio.h>

static char *broken_cell(const json_t *cell, const char *key)
{
    const char *act = js_str(cell, "act");
    bool quiet = str_eq(act, "none") || str_eq(act, "hold");
    const json_t *s = json_object_get(cell, "inbox"), *base_s = json_object_get(cell, "base_inbox");
    const json_t *t = json_object_get(cell, "crm"), *base_t = json_object_get(cell, "base_crm");
    static const char *const settled[] = {"one-way", "the mapping ignores"};
    bool ignored = false;
    for (size_t i = 0; i < COUNT(settled); i++)
        ignored |= str_starts(js_str_or(cell, "why", ""), settled[i]);
    bool moved = s && t && base_s && base_t && str_eq(act, "none") && !ignored && (!value_same(s, base_s) || !value_same(t, base_t));
    if (quiet && !moved)
        return NULL;
    AUTO_FREE char *text = js_print(cell);
    return mem_printf("%s: %s: %s", moved ? "I11" : "I1", key, text);
}

/* Replays the log of one link into cells and compares them with the link's. */
static char *broken_log(struct world *w, const struct link *link)
{
    struct log_row *rows = NULL;
    size_t n = 0;
    struct err err = {0};
    AUTO_JSON json_t *cells = json_object();
    world_must(store_log_of(w->store, link->id, 0, 100000, &rows, &n, &err), "log", &err);
    for (size_t i = 0; i < n; i++) {
        const char *field;
        json_t *note;
        json_object_foreach (rows[i].cells, field, note)
            if (json_object_get(note, "s"))
                js_set(cells, field, json_pack("{s:O,s:O}", "s", json_object_get(note, "s"), "t", json_object_get(note, "t")));
    }
    log_rows_free(rows, n);
    const char *field;
    json_t *cell;
    json_object_foreach (link->cells, field, cell) {
        const json_t *replayed = json_object_get(cells, field);
        if (!js_equal(json_object_get(cell, "s"), json_object_get(replayed, "s")) ||
            !js_equal(json_object_get(cell, "t"), json_object_get(replayed, "t"))) {
            AUTO_FREE char *a = js_print(cell), *b = replayed ? js_print(replayed) : mem_dup("nothing");
            return mem_printf("I12: %s.%s: cell %s, replayed %s", link->key, field, a, b);
        }
    }
    return NULL;
}

/* One CRM record of one key. */
static char *broken_once(struct world *w, const struct link *link)
{
    size_t n = 0;
    int side = 1 + (int)(world_route(w, link->route) - w->route);
    json_decref(world_person(w, side, link->key, &n));
    return n > 1 ? mem_printf("I3: %zu contacts carry %s", n, link->key) : NULL;
}

/* What the store and the CRM's state say of one link. */
static char *broken_link(struct world *w, const struct link *link)
{
    char *broken = broken_log(w, link);
    if (!broken && link->state == LINK_LINKED && !link->secondary)
        broken = world_broken_deal(w, link);
    if (!broken && link->state == LINK_LINKED && !link->secondary)
        broken = broken_once(w, link);
    return broken;
}

/* What the bridge would do about it now. */
static char *broken_plan(struct world *w, const struct link *link)
{
    struct err err = {0};
    size_t i;
    char *broken = NULL;
    AUTO_JSON json_t *out = NULL;
    json_t *cell;
    struct job job = {.object = link->object, .key = link->key, .why = "look"};
    if (link->state != LINK_LINKED || link->secondary)
        return NULL;
    world_must(sync_explain(world_route(w, link->route), &job, &out, &err), "explain", &err);
    json_array_foreach (json_object_get(out, "cells"), i, cell)
        if ((broken = broken_cell(cell, link->key)))
            break;
    return broken;
}

/* Nothing moves while states are compared; the plans make calls, so they come after. */
static char *broken_links(struct world *w, const struct route *r)
{
    struct link *links = NULL;
    size_t n = 0;
    struct err err = {0};
    char *broken = NULL;
    world_must(store_links_after(w->store, r->name, 0, 1000000, &links, &n, &err), "links", &err);
    world_still(w);
    for (size_t i = 0; i < n && !broken; i++)
        broken = broken_link(w, &links[i]);
    world_moves(w);
    for (size_t i = 0; i < n && !broken; i++)
        broken = broken_plan(w, &links[i]);
    links_free(links, n);
    return broken;
}

/* A full look at everything by every route. */
static char *broken_rest(struct world *w)
{
    struct err err = {0};
    int64_t before[1 + WORLD_CRMS];
    for (size_t side = 0; side <= w->n; side++)
        before[side] = world_writes(w, (int)side);
    for (size_t i = 0; i < w->n; i++)
        world_must(intake_mark_all(&w->route[i], LANE_RECONCILE, &err), "mark", &err);
    world_must(intake_restart(&w->intake[0], &err), "mark", &err);
    world_settle(w);
    for (size_t side = 0; side <= w->n; side++) {
        int64_t more = world_writes(w, (int)side) - before[side];
        if (more)
            return mem_printf("I2: the second run wrote %lld times to side %zu", (long long)more, side);
    }
    return NULL;
}

char *world_broken(struct world *w)
{
    w->touches = w->cut_at = 0;
    for (size_t i = 0; i < w->n; i++) {
        char *broken = broken_links(w, &w->route[i]);
        if (broken)
            return broken;
    }
    return broken_rest(w);
}
