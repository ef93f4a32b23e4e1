/* Links: round trips, who may share a record, and what goes with a link. */
#include "tests/io/store_kit.h"

static int64_t put(struct kit *k, const char *route, const char *key, const char *t_id, bool secondary)
{
    struct link l = {.route = (char *)route, .object = "prospect", .key = (char *)key, .t_type = "contacts", .t_id = (char *)t_id,
                     .secondary = secondary};
    must(store_link_put(k->st, &l, err));
    return l.id;
}

static void read_id(struct kit *k, int64_t id, struct link *out)
{
    bool found = false;
    must(store_link_by_id(k->st, id, out, &found, err));
    assert_true(found);
}

static void a_link_comes_back_as_it_was_put(void **state)
{
    struct kit *k = *state;
    bool found = false;
    AUTO_JSON json_t *cells = kit_json("{'notes':{'s':'ab 🦊','t':'ab','n':2,'at':1772442930250},'tags':{'s':['a'],'t':null,'n':0,'at':1}}");
    struct link in = {.route = "sales", .object = "prospect", .key = "x:1", .t_type = "contacts", .t_id = "51", .cells = cells,
                      .state = LINK_PAUSED, .reason = "left the filter", .t_version = "v7", .parent = 12, .touched = 99};
    struct link out __attribute__((cleanup(link_done))) = {0};
    must(store_link_put(k->st, &in, err));
    assert_true(in.id > 0);
    must(store_link_get(k->st, "sales", "prospect", "x:1", &out, &found, err));
    assert_true(found);
    assert_int_equal(out.id, in.id);
    assert_string_equal(out.route, "sales");
    assert_string_equal(out.object, "prospect");
    assert_string_equal(out.t_type, "contacts");
    assert_string_equal(out.t_id, "51");
    assert_int_equal(out.state, LINK_PAUSED);
    assert_string_equal(out.reason, "left the filter");
    assert_string_equal(out.t_version, "v7");
    assert_int_equal(out.parent, 12);
    assert_int_equal(out.touched, 99);
    assert_false(out.secondary);
    AUTO_FREE char *bytes = js_print(out.cells), *were = js_print(cells);
    assert_string_equal(bytes, were);
}

static void what_hangs_below_a_key_is_listed_in_order(void **state)
{
    struct kit *k = *state;
    struct link *links = NULL;
    size_t n = 0;
    put(k, "sales", "x:1", "51", false);
    int64_t deal = put(k, "sales", "x:1#deal-1", "52", false), entry = put(k, "sales", "x:1#t9", "53", false);
    put(k, "sales", "x:12#deal-1", "54", false);
    put(k, "other", "x:1#deal-1", "55", false);
    must(store_links_below(k->st, "sales", "x:1#", 0, 10, &links, &n, err));
    assert_int_equal(n, 2);
    assert_int_equal(links[0].id, deal);
    assert_int_equal(links[1].id, entry);
    links_free(links, n);
    must(store_links_below(k->st, "sales", "x:1#", deal, 10, &links, &n, err));
    assert_int_equal(n, 1);
    links_free(links, n);
}

static void a_link_without_a_record_yet_is_kept_too(void **state)
{
    struct kit *k = *state;
    struct link l = {.route = "sales", .object = "prospect", .key = "x:1", .state = LINK_CREATING};
    struct link out __attribute__((cleanup(link_done))) = {0};
    must(store_link_put(k->st, &l, err));
    put(k, "sales", "x:2", NULL, false); /* and another: no record is no clash */
    read_id(k, l.id, &out);
    assert_null(out.t_type);
    assert_null(out.t_id);
    assert_null(out.cells);
    assert_null(out.reason);
}

static void putting_a_link_again_changes_it_in_place(void **state)
{
    struct kit *k = *state;
    struct link l __attribute__((cleanup(link_done))) = {0}, out __attribute__((cleanup(link_done))) = {0};
    int64_t id = put(k, "sales", "x:1", "51", false);
    read_id(k, id, &l);
    l.cells = kit_json("{'name':{'s':'Ada','t':'Ada'}}"); /* what settling does */
    l.touched = 5;
    must(store_link_put(k->st, &l, err));
    free(l.t_id);
    l.t_id = mem_dup("77"); /* what a merge does */
    l.state = LINK_DETACHED;
    must(store_link_put(k->st, &l, err));
    assert_int_equal(l.id, id);
    read_id(k, id, &out);
    assert_string_equal(out.t_id, "77");
    assert_int_equal(out.state, LINK_DETACHED);
    assert_int_equal(out.touched, 5);
    assert_int_equal(json_object_size(out.cells), 1);
}

static void a_second_primary_for_a_record_is_refused_naming_the_first(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    bool found = true;
    put(k, "sales", "x:1", "51", false);
    struct link l = {.route = "sales", .object = "prospect", .key = "x:2", .t_type = "contacts", .t_id = "51"};
    assert_false(store_link_put(k->st, &l, &why));
    assert_int_equal(why.kind, ERR_REJECT);
    assert_non_null(strstr(why.text, "the record contacts 51 is already linked to x:1"));
    assert_int_equal(l.id, 0);
    must(store_link_get(k->st, "sales", "prospect", "x:2", &l, &found, err));
    assert_false(found);
}

static void a_clash_does_not_spoil_the_transaction_around_it(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    int64_t first = put(k, "sales", "x:1", "51", false), second = put(k, "sales", "x:2", "52", false);
    struct link l __attribute__((cleanup(link_done))) = {0}, out __attribute__((cleanup(link_done))) = {0};
    read_id(k, second, &l);
    must(store_begin(k->st, err));
    free(l.t_id);
    l.t_id = mem_dup("51");
    assert_false(store_link_put(k->st, &l, &why));
    assert_int_equal(why.kind, ERR_REJECT);
    l.secondary = true; /* what the engine does then */
    must(store_link_put(k->st, &l, err));
    must(store_commit(k->st, err));
    bool found = false;
    must(store_link_by_target(k->st, "sales", "contacts", "51", &out, &found, err));
    assert_int_equal(out.id, first);
}

static void a_record_is_found_by_its_primary_first(void **state)
{
    struct kit *k = *state;
    struct link a __attribute__((cleanup(link_done))) = {0}, b __attribute__((cleanup(link_done))) = {0};
    bool found = false;
    int64_t second = put(k, "sales", "x:2", "51", true);
    must(store_link_by_target(k->st, "sales", "contacts", "51", &a, &found, err));
    assert_int_equal(a.id, second);
    int64_t first = put(k, "sales", "x:1", "51", false);
    put(k, "sales", "x:3", "51", true);
    must(store_link_by_target(k->st, "sales", "contacts", "51", &b, &found, err));
    assert_int_equal(b.id, first);
    must(store_link_by_target(k->st, "sales", "deals", "51", &b, &found, err));
    assert_false(found);
    must(store_link_by_target(k->st, "sales", "contacts", NULL, &b, &found, err));
    assert_false(found);
}

static void a_subject_has_one_link_for_each_object_and_route(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    put(k, "sales", "x:1", "51", false);
    put(k, "support", "x:1", "51", false);
    struct link l = {.route = "sales", .object = "deal", .key = "x:1", .t_type = "deals", .t_id = "51"};
    must(store_link_put(k->st, &l, err));
    struct link again = {.route = "sales", .object = "prospect", .key = "x:1"};
    assert_false(store_link_put(k->st, &again, &why));
    assert_int_equal(why.kind, ERR_REJECT);
    assert_non_null(strstr(why.text, "prospect x:1 has a link in route sales already"));
}

static void a_link_deleted_meanwhile_is_stale_and_stays_away(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    struct link l __attribute__((cleanup(link_done))) = {0};
    int64_t id = put(k, "sales", "x:1", "51", false);
    read_id(k, id, &l);
    must(store_link_delete(k->st, id, err));
    assert_false(store_link_put(k->st, &l, &why));
    assert_int_equal(why.kind, ERR_STALE);
    assert_true(put(k, "sales", "x:1", "51", false) > id); /* numbers are never used twice: the log speaks of them */
}

static void what_waited_for_a_link_goes_with_it_and_the_log_stays(void **state)
{
    struct kit *k = *state;
    size_t n = 9;
    struct op *ops = NULL;
    struct hold *holds = NULL;
    struct log_row *rows = NULL;
    int64_t id = put(k, "sales", "x:1", "51", false);
    must(store_op_put(k->st, &(struct op){.link = id, .route = "sales", .kind = "update", .trace = "t"}, err));
    must(store_hold_put(k->st, &(struct hold){.link = id, .route = "sales", .field = "notes", .why = "conflict"}, err));
    must(store_log_add(k->st, 1, id, "linked", NULL, err));
    must(store_link_delete(k->st, id, err));
    must(store_ops_of(k->st, id, &ops, &n, err));
    assert_int_equal(n, 0);
    must(store_holds_of(k->st, id, &holds, &n, err));
    assert_int_equal(n, 0);
    must(store_log_of(k->st, id, 0, 10, &rows, &n, err));
    assert_int_equal(n, 1);
    log_rows_free(rows, n);
}

static void links_are_listed_by_number_page_by_page(void **state)
{
    struct kit *k = *state;
    for (int i = 0; i < 10; i++) {
        AUTO_FREE char *key = mem_printf("x:%d", 9 - i);
        put(k, i % 2 ? "support" : "sales", key, NULL, false);
    }
    int64_t after = 0;
    size_t seen = 0;
    for (size_t n = 1; n;) {
        struct link *l = NULL;
        must(store_links_after(k->st, "sales", after, 2, &l, &n, err));
        for (size_t i = 0; i < n; i++) {
            assert_true(l[i].id > after);
            assert_string_equal(l[i].route, "sales");
            after = l[i].id;
        }
        seen += n;
        links_free(l, n);
    }
    assert_int_equal(seen, 5);
}

static void links_are_counted_by_state(void **state)
{
    struct kit *k = *state;
    int64_t counts[8] = {7, 7, 7, 7, 7, 7, 7, 7};
    static const enum link_state states[] = {LINK_LINKED, LINK_LINKED, LINK_TOMBSTONE, LINK_CREATING};
    for (size_t i = 0; i < COUNT(states); i++) {
        AUTO_FREE char *key = mem_printf("x:%zu", i);
        must(store_link_put(k->st, &(struct link){.route = "sales", .object = "prospect", .key = key, .state = states[i]}, err));
    }
    put(k, "support", "x:1", NULL, false);
    must(store_link_counts(k->st, "sales", counts, err));
    assert_int_equal(counts[LINK_LINKED], 2);
    assert_int_equal(counts[LINK_CREATING], 1);
    assert_int_equal(counts[LINK_TOMBSTONE], 1);
    assert_int_equal(counts[LINK_PAUSED], 0);
    assert_int_equal(counts[7], 0);
}

static void states_have_names(void **state)
{
    (void)state;
    assert_string_equal(link_state_name(LINK_LINKED), "linked");
    assert_string_equal(link_state_name(LINK_TOMBSTONE), "tombstone");
    assert_string_equal(link_state_name((enum link_state)99), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_link_comes_back_as_it_was_put),
        KIT_TEST(what_hangs_below_a_key_is_listed_in_order),
        KIT_TEST(a_link_without_a_record_yet_is_kept_too),
        KIT_TEST(putting_a_link_again_changes_it_in_place),
        KIT_TEST(a_second_primary_for_a_record_is_refused_naming_the_first),
        KIT_TEST(a_clash_does_not_spoil_the_transaction_around_it),
        KIT_TEST(a_record_is_found_by_its_primary_first),
        KIT_TEST(a_subject_has_one_link_for_each_object_and_route),
        KIT_TEST(a_link_deleted_meanwhile_is_stale_and_stays_away),
        KIT_TEST(what_waited_for_a_link_goes_with_it_and_the_log_stays),
        KIT_TEST(links_are_listed_by_number_page_by_page),
        KIT_TEST(links_are_counted_by_state),
        KIT_TEST(states_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
