/* Routes that share an Inbox write the same records there. What one of them wrote with an unknown outcome only it can find
 * out, by looking at what stands there: so nobody else writes over it before it has looked. */
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"
#include "bridge/sync/intake.h"

#define LOOK_AGAIN_MS (5 * 1000)
#define WAIT_MOST_MS (10 * 60 * 1000) /* a route that stands still must not stop the others; what it cannot find out then is held */

static bool in_doubt(struct route *other, const struct map_object *o, const char *subject, bool *yes, struct err *err)
{
    struct kin kin __attribute__((cleanup(kin_done))) = {0};
    struct op *ops = NULL;
    size_t n = 0;
    int64_t now = other->env->now(other->env);
    if (!family_newest(other, o, subject, &kin, err) || (kin.found && !store_ops_of(other->store, kin.link.id, &ops, &n, err)))
        return false;
    for (size_t i = 0; i < n; i++)
        *yes |= ops[i].state == OP_OPEN && ops[i].side == SIDE_S && now - ops[i].created < WAIT_MOST_MS;
    ops_free(ops, n);
    return true;
}

static bool others_in_doubt(const struct route *r, const struct item *it, bool *yes, struct err *err)
{
    for (size_t i = 0; i < r->source->n && !*yes; i++) {
        struct route *other = r->source->routes[i];
        for (size_t k = 0; other != r && k < other->n; k++) {
            const struct map_object *o = other->objects[k].o;
            if (!o->digest && str_eq(o->type[SIDE_S], it->b->o->type[SIDE_S]) && !in_doubt(other, o, it->who, yes, err))
                return false;
        }
    }
    return true;
}

bool others_wait(struct batch *b, struct err *err)
{
    bool alone = !b->r->source || b->r->source->n < 2;
    for (size_t i = 0; i < b->n && !alone && !b->dry; i++) {
        struct item *it = &b->items[i];
        bool yes = false;
        if (it->off || !it->planned || !it->plan.writes[SIDE_S])
            continue;
        if (!others_in_doubt(b->r, it, &yes, err))
            return false;
        if (!yes)
            continue;
        it->due = b->r->env->now(b->r->env) + LOOK_AGAIN_MS;
        item_off(it, NEXT_LATER, "another route has yet to see what it wrote there");
    }
    return true;
}
