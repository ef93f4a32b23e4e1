/* What operators and admins do to a bridge that holds their customers' data: mappings edited between two runs, accounts
 * exchanged under its feet, records that match twice, choices that cannot be. Nothing may be lost, doubled or stand still. */
#include "bridge/base/str.h"
#include "tests/kit/world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
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

static struct link link_of(struct world *w, size_t i)
{
    AUTO_FREE char *key = world_key(w, i);
    struct link link = {0};
    bool found = false;
    must(store_link_get(w->store, "r", "prospect", key, &link, &found, err));
    assert_true(found);
    return link;
}

static char *swapped(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    assert_non_null(at);
    return mem_printf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

/* ---- records that match twice ---- */

static char *make_twin(struct world *w)
{
    AUTO_JSON json_t *made = world_edit(w, 1, "{'object':'contacts','create':{'firstname':'Twin','email':'twin@x.example'}}");
    sandbox_advance(w->box, MINUTES(3)); /* the search index has heard of it */
    return mem_dup(js_str(json_is_array(made) ? json_array_get(made, 0) : made, "id"));
}

/* Two prospects of one batch find the same contact by a field that is not unique. */
static struct world *begin_twins(char **id)
{
    static char *mapping;
    free(mapping);
    mapping = swapped(world_mapping, "match = ( \"inbox_prospect_key\" )", "match = ( \"inbox_prospect_key\", \"firstname\" )");
    struct world *w = world_new(1, 4, mapping);
    *id = make_twin(w);
    edit_inbox(w, 0, "'displayName':'Twin'");
    edit_inbox(w, 1, "'displayName':'Twin'");
    world_settle(w);
    return w;
}

static void two_prospects_of_a_batch_never_share_a_record(void **state)
{
    AUTO_FREE char *id = NULL;
    struct world *w = begin_twins(&id);
    struct link a __attribute__((cleanup(link_done))) = link_of(w, 0), b __attribute__((cleanup(link_done))) = link_of(w, 1);
    int64_t holds = 0;
    (void)state;
    must(store_holds_count(w->store, "r", &holds, err));
    assert_int_equal(holds, 1);
    assert_int_equal((a.state == LINK_LINKED) + (b.state == LINK_LINKED), 1);
    assert_int_equal((a.state == LINK_AMBIGUOUS) + (b.state == LINK_AMBIGUOUS), 1);
    for (size_t i = 2; i < 4; i++) { /* nor do they keep the others of the batch waiting */
        struct link c __attribute__((cleanup(link_done))) = link_of(w, i);
        assert_int_equal(c.state, LINK_LINKED);
    }
    assert_null(world_broken(w));
    world_free(w);
}

static void a_chosen_record_that_is_somebody_elses_is_asked_for_again(void **state)
{
    AUTO_FREE char *id = NULL;
    struct world *w = begin_twins(&id);
    struct hold *holds = NULL;
    size_t n = 0;
    (void)state;
    for (int round = 0; round < 2; round++) {
        must(store_holds(w->store, "r", 0, 10, &holds, &n, err));
        assert_int_equal(n, 1);
        if (round)
            assert_non_null(strstr(holds[0].why, "belongs to another prospect"));
        assert_null(holds[0].choice);
        holds[0].choice = mem_dup(id);
        must(store_hold_put(w->store, &holds[0], err));
        holds_free(holds, n);
        must(intake_mark_all(w->route, LANE_LIVE, err));
        edit_inbox(w, 2, "'context.valuation':4711");
        world_settle(w);
    }
    AUTO_FREE char *key = world_key(w, 2);
    AUTO_JSON json_t *c = world_contact(w, key);
    assert_string_equal(js_str(json_object_get(c, "properties"), "inbox_valuation"), "4711");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_prospects_of_a_batch_never_share_a_record),
        cmocka_unit_test(a_chosen_record_that_is_somebody_elses_is_asked_for_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
