/* A story is told once undisturbed; then its outside touches are counted, and for k = 1…N the power is cut at touch k, the
 * bridge restarted, and the end must be the same. What begins and what must come of it is each test's own. */
#pragma once
#include "tests/kit/world.h"

struct telling {
    const char *name;
    const void *story;   /* story: what begin and check are given */
    const char *mapping; /* mapping of its worlds; NULL: the usual one */
    /* begin: a world in which everything has been done but the syncing. */
    struct world *(*begin)(const void *story, const char *mapping);
    void (*check)(struct world *w, const void *story); /* check: asserts the end */
    bool mended; /* mended: what is broken at first sight is found by the full compare of the first look, and whole at the second */
    int64_t every; /* every: the power is cut at each so many-th touch; 0 = at each. The environment's STORY_EVERY goes before it */
};

void story_tell(const struct telling *t); /* cmocka assertions; prints the number of touches */

/* What most stories are: a world that is settled, unless the first sync is the story itself; people act; something comes of it. */
struct story {
    const char *name;
    const char *how; /* how: what is said otherwise in this one (a policy, rules, an account): each test's own; NULL */
    bool first;      /* first: the first sync itself is the story */
    void (*act)(struct world *w);
    void (*check)(struct world *w); /* check: NULL: what must be true of every world says it all */
};

struct world *story_begin(const struct story *s, struct world *w); /* w, with everything done but the syncing */
void story_check(struct world *w, const void *story);              /* a telling's check */

#define STORY(function, index)         \
    static void function(void **state) \
    {                                  \
        (void)state;                   \
        tell(&stories[index]);         \
    }
