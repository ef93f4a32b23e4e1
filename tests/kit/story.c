/* Telling a story again and again, with the power cut a touch later each time. */
#include "tests/kit/story.h"
#include "bridge/base/str.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* after the standard headers */
#include <cmocka.h>

/* Deletes and merges are found by the batch read of a full compare, never by the feed: so it is looked twice. */
static void end(struct world *w, const struct telling *t, int64_t k)
{
    AUTO_FREE char *first = world_broken(w);
    AUTO_FREE char *second = world_broken(w);
    const char *broken = first && !t->mended ? first : second;
    if (broken)
        print_error("story %s, cut at %lld: %s\n", t->name, (long long)k, broken);
    assert_null(broken);
    t->check(w, t->story);
    world_free(w);
}

void story_tell(const struct telling *t)
{
    int64_t n = 0, every = t->every ? t->every : 1;
    const char *wish = getenv("STORY_EVERY");
    if (wish && !str_to_int(wish, 1, 1000, &every))
        fail_msg("STORY_EVERY=%s is no number", wish);
    for (int64_t k = 0; k <= n; k += k ? every : 1) {
        struct world *w = t->begin(t->story, t->mapping);
        world_watch(w, k);
        world_settle(w);
        n = k ? n : w->touches;
        end(w, t, k);
    }
    if (every == 1)
        print_message("story %-28s %lld touches, each cut once\n", t->name, (long long)n);
    else
        print_message("story %-28s %lld touches, every %lld. cut\n", t->name, (long long)n, (long long)every);
}

struct world *story_begin(const struct story *s, struct world *w)
{
    if (!s->first)
        world_settle(w);
    s->act(w);
    return w;
}

void story_check(struct world *w, const void *story)
{
    const struct story *s = story;
    if (s->check)
        s->check(w);
}
