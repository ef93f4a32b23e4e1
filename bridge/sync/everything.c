/* The place moves by keys and ids, not by counting, so that what comes or goes meanwhile shifts nothing. */
#include "bridge/sync/everything.h"
#include "bridge/base/js.h"
#include "bridge/base/mem.h"

static void add(struct job **jobs, size_t *n, const char *object, const char *key)
{
    *jobs = mem_grow(*jobs, *n + 1, sizeof **jobs);
    (*jobs)[(*n)++] = (struct job){.object = mem_dup(object), .key = mem_dup(key), .lane = LANE_RECONCILE, .why = mem_dup("compare")};
}

static bool next_subjects(struct route *r, const struct bound *b, json_t *place, size_t max, struct job **jobs, size_t *n,
                          struct err *err)
{
    struct subject *all = NULL;
    size_t got = 0;
    if (!store_subjects_after(r->store, r->ep[SIDE_S]->name, b->o->type[SIDE_S], js_str(place, "key"), max, &all, &got, err))
        return false;
    for (size_t i = 0; i < got; i++)
        add(jobs, n, b->o->name, all[i].key);
    if (got)
        js_set(place, "key", json_string(all[got - 1].key));
    if (got < max) {
        json_object_del(place, "key");
        js_set(place, "object", json_integer(js_int_or(place, "object", 0) + 1));
    }
    subjects_free(all, got);
    return true;
}

/* The others came with their subjects. */
static bool left_over(struct route *r, const struct link *l, bool *yes, struct err *err)
{
    struct bound *b = route_object(r, l->object);
    struct subject s __attribute__((cleanup(subject_done))) = {0};
    bool known = false;
    if (b && !b->o->of && !store_subject_get(r->store, r->ep[SIDE_S]->name, b->o->type[SIDE_S], l->key, &s, &known, err))
        return false;
    *yes = b && !known;
    return true;
}

static bool next_links(struct route *r, json_t *place, size_t max, struct job **jobs, size_t *n, struct err *err)
{
    struct link *links = NULL;
    size_t got = 0;
    bool ok = true;
    if (!store_links_after(r->store, r->name, js_int_or(place, "link", 0), max, &links, &got, err))
        return false;
    for (size_t i = 0; ok && i < got; i++) {
        bool yes = false;
        ok = left_over(r, &links[i], &yes, err);
        if (yes)
            add(jobs, n, links[i].object, links[i].key);
    }
    if (got)
        js_set(place, "link", json_integer(links[got - 1].id));
    if (got < max)
        js_set(place, "through", json_true());
    links_free(links, got);
    return ok;
}

bool everything_next(struct route *r, json_t *place, size_t max, struct job **jobs, size_t *n, struct err *err)
{
    struct job *found = NULL;
    size_t count = 0, at = (size_t)js_int_or(place, "object", 0);
    while (at < r->n && r->objects[at].o->of)
        at++;
    js_set(place, "object", json_integer((json_int_t)at));
    bool ok = at < r->n ? next_subjects(r, &r->objects[at], place, max, &found, &count, err)
                        : next_links(r, place, max, &found, &count, err);
    if (!ok) {
        jobs_free(found, count);
        return false;
    }
    *jobs = found;
    *n = count;
    return true;
}

bool everything_about(struct route *r, int64_t *out, struct err *err)
{
    int64_t states[8] = {0}, links = 0, subjects = 0, children = 0;
    if (!store_link_counts(r->store, r->name, states, err) || !store_subject_count(r->store, r->ep[SIDE_S]->name, &subjects, err))
        return false;
    for (size_t i = 0; i < COUNT(states); i++)
        links += states[i];
    for (size_t i = 0; i < r->n; i++)
        children += r->objects[i].o->of != NULL;
    *out = children || subjects < links ? links : subjects;
    return true;
}
