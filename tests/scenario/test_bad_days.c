/* Bad days of everything around the bridge: a full disk, a clock that was wrong, a service that denies its people or forgets
 * what it said. When the day is over all is as it should be, and meanwhile nobody was flooded. */
#include "bridge/base/str.h"
#include "tests/kit/world.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
/* after the standard headers */
#include <cmocka.h>

#define must(call)                                                                                                     \
    do {                                                                                                               \
        struct err err_ = {0}, *err = &err_;                                                                           \
        if (!(call))                                                                                                   \
            fail_msg("%s: %s", #call, err->text);                                                                      \
    } while (0)

#define MINUTES(n) ((n) * INT64_C(60000))

/* ---- people ---- */

static void edit_inbox(struct world *w, size_t i, const char *set)
{
    AUTO_JSON json_t *p = world_prospect(w, i);
    json_decref(world_edit(w, 0, "{'object':'prospect','id':'%s','set':{%s}}", js_str(p, "platformId"), set));
}

static void assert_prop(struct world *w, size_t i, const char *name, const char *wanted)
{
    AUTO_FREE char *key = world_key(w, i);
    AUTO_JSON json_t *c = world_contact(w, key);
    assert_non_null(c);
    assert_string_equal(js_str_or(json_object_get(c, "properties"), name, ""), wanted);
}

/* ---- the disk ---- */

/* Every write beyond the first byte of a file fails. */
static void disk(bool full)
{
    static struct rlimit before;
    if (full)
        getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, full ? SIG_IGN : SIG_DFL);
    setrlimit(RLIMIT_FSIZE, full ? &(struct rlimit){1, before.rlim_max} : &before);
}

static void an_event_that_a_full_disk_did_not_take_is_heard_again(void **state)
{
    struct world *w = world_new(1, 4, world_mapping);
    struct err err = {0};
    bool more = false;
    (void)state;
    world_settle(w);
    edit_inbox(w, 0, "'context.valuation':4711");
    disk(true);
    bool taken = intake_page(&w->intake[0], "prospect", &more, &err);
    disk(false);
    assert_false(taken);
    assert_int_equal(err.kind, ERR_STORE);
    world_settle(w);
    assert_prop(w, 0, "inbox_valuation", "4711");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_that_a_full_disk_did_not_take_is_heard_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
