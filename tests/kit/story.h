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
    int64_t every; /* every: the power is cut at each so many-th touch; 0 = at each. STORY_EVERY=1 cuts at each by hand */
};

void story_tell(const struct telling *t); /* cmocka assertions; prints the number of touches */

#define STORY(function, index)         \
    static void function(void **state) \
    {                                  \
        (void)state;                   \
        tell(&stories[index]);         \
    }
