/* People who edit, the meddlers among them, and what must be true of what they wrote. */
#include "tests/kit/crowd.h"
#include "bridge/base/str.h"
#include "tests/kit/deals.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* after the standard headers */
#include <cmocka.h>

#define EDITS 14

uint64_t crowd_roll(struct crowd *c, uint64_t sides)
{
    return seeds_roll(&c->dice, sides);
}

/* ---- edits ---- */

/* Half of them edit what was just edited, on another side. */
static void somebody_edits(struct crowd *c)
{
    int sides = 1 + (int)c->w->n;
    bool again = crowd_roll(c, 2);
    size_t person = crowd_roll(c, c->people);
    unsigned what = (unsigned)crowd_roll(c, c->kinds);
    int side = (int)crowd_roll(c, (uint64_t)sides), other = sides > 2 ? 1 + (int)crowd_roll(c, (uint64_t)sides - 1) : 1;
    if (again) {
        person = c->last_person;
        what = c->last_what;
        side = (c->last_side + other) % sides;
    }
    c->last_person = person;
    c->last_what = what;
    c->last_side = side;
    c->edit(c, person, what, side);
}

static void meddle(struct world *w, void *self)
{
    struct crowd *c = self;
    (void)w;
    if (!c->fewer && crowd_roll(c, 8) == 0)
        somebody_edits(c);
}

void crowd_begin(struct crowd *c, struct world *w, enum set set, uint64_t seed, unsigned without)
{
    c->w = w;
    c->set = set;
    c->dice = seed * 2654435761u + 12345;
    w->without = without;
    seeds_misbehave(w, set);
    if (seeds_has(set, RACES)) {
        w->meddle = meddle;
        w->meddler = c;
    }
    if (c->tidy)
        world_manners(w, 1, "{\"trim\":true,\"truncate\":24}");
}

void crowd_live(struct crowd *c)
{
    seeds_pass(c->w, c->set, &c->dice);
    for (int i = 0; i < EDITS; i++) {
        somebody_edits(c);
        sandbox_advance(c->w->box, (int64_t)crowd_roll(c, 40000));
        if (crowd_roll(c, 3) == 0)
            seeds_pass(c->w, c->set, &c->dice);
    }
    seeds_pass(c->w, c->set, &c->dice);
    seeds_behave(c->w);
    c->fewer = true;
    sandbox_advance(c->w->box, 5000); /* replicas catch up long before the change window leaves them behind */
    seeds_pass(c->w, c->set, &c->dice);
    world_settle(c->w);
}

/* ---- nothing is lost in silence ---- */

/* What the log says of a person and their deals in one CRM, and what stands in deals that are over, which are left alone. */
static void route_log(struct crowd *c, int side, const char *key, json_t *all)
{
    const char *route = c->w->route[side - 1].name;
    bool found = seeds_log(c->w, c->set, route, "prospect", key, all);
    for (int n = 1; c->deals && found; n++) {
        AUTO_FREE char *child = mem_printf("%s#deal-%d", key, n);
        AUTO_JSON json_t *deal = deal_at(c->w, side, child);
        AUTO_FREE char *amount = deal_text(deal, deal_crm_of(c->w, side)->amount);
        found = seeds_log(c->w, c->set, route, "deal", child, all);
        if (deal && !deal_open(deal))
            js_add(all, json_string(amount));
    }
}

static char *log_text(void *self, const char *key)
{
    struct crowd *c = self;
    AUTO_JSON json_t *all = json_array();
    for (size_t side = 1; side <= c->w->n; side++)
        route_log(c, (int)side, key, all);
    return js_print(all);
}

char *crowd_lost(struct crowd *c)
{
    return seeds_lost(&(struct seeds_loss){.w = c->w, .edits = &c->edits, .self = c, .log = log_text});
}

/* ---- two routes do not play ball ---- */

static bool flaps(struct crowd *c, const char *route, const char *object, const char *key, const char *money, bool *found)
{
    struct link link __attribute__((cleanup(link_done))) = {0};
    struct hold *holds = NULL;
    size_t n = 0;
    bool yes = false;
    struct err err = {0};
    assert_true(store_link_get(c->w->store, route, object, key, &link, found, &err));
    assert_true(!*found || store_holds_of(c->w->store, link.id, &holds, &n, &err));
    for (size_t h = 0; h < n; h++)
        yes |= str_eq(holds[h].why, "flapping") && (str_eq(holds[h].field, "notes") || str_eq(holds[h].field, money));
    holds_free(holds, n);
    return yes;
}

/* They are written once only: one that comes back again and again was brought by the bridge itself. */
char *crowd_flapping(struct crowd *c, const char *money)
{
    for (size_t k = 0; k < c->w->n; k++)
        for (size_t i = 0; i < c->people; i++) {
            AUTO_FREE char *key = world_key(c->w, i);
            const char *route = c->w->route[k].name;
            bool found = false, yes = flaps(c, route, "prospect", key, money, &found);
            for (int n = 1; c->deals && found && !yes; n++) {
                AUTO_FREE char *child = mem_printf("%s#deal-%d", key, n);
                yes = flaps(c, route, "deal", child, money, &found);
            }
            if (yes)
                return mem_printf("flapping: %s in route %s", key, route);
        }
    return NULL;
}

/* ---- the end ---- */

static void show(struct crowd *c)
{
    for (size_t i = 0; i < c->people; i++) {
        AUTO_FREE char *key = world_key(c->w, i);
        AUTO_FREE char *log = log_text(c, key);
        AUTO_JSON json_t *prospect = world_prospect(c->w, i);
        AUTO_FREE char *inbox = js_print(json_object_get(prospect, "context"));
        fprintf(stderr, "%s: %s\n  inbox %s\n", key, log, inbox);
        c->show(c, key);
    }
}

char *crowd_end(struct crowd *c, char *broken)
{
    if (broken && getenv("SIM_LOG"))
        show(c);
    world_free(c->w);
    return broken;
}
