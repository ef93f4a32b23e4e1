/* Subjects: round trips, and the ways to find one. */
#include "tests/io/store_kit.h"

static void put(struct kit *k, const char *key, const char *id, const char *label)
{
    struct subject s = {.object = "prospect", .key = (char *)key, .id = (char *)id, .label = (char *)label};
    must(store_subject_put(k->st, "inbox", &s, err));
}

static char *key_of(struct kit *k, const char *words)
{
    struct subject s __attribute__((cleanup(subject_done))) = {0};
    bool found = false;
    must(store_subject_find(k->st, "inbox", words, &s, &found, err));
    return found ? mem_dup(s.key) : mem_dup("none");
}

#define assert_finds(k, words, key)                                                                                            \
    do {                                                                                                                       \
        AUTO_FREE char *got_ = key_of(k, words);                                                                               \
        assert_string_equal(got_, key);                                                                                        \
    } while (0)

static void a_subject_comes_back_as_it_was_put(void **state)
{
    struct kit *k = *state;
    AUTO_JSON json_t *fields = kit_json("{'displayName':'Ada 🦊','context.tags':['Lead','VIP'],'none':null,'n':1.5}");
    struct subject in = {.object = "prospect", .key = "x:1", .id = "p1", .label = "@ada", .fields = fields, .as_of = 5,
                         .stale = true, .scan = 3, .missed_at = 9};
    struct subject out __attribute__((cleanup(subject_done))) = {0};
    bool found = false;
    must(store_subject_put(k->st, "inbox", &in, err));
    must(store_subject_get(k->st, "inbox", "prospect", "x:1", &out, &found, err));
    assert_true(found);
    assert_string_equal(out.object, "prospect");
    assert_string_equal(out.id, "p1");
    assert_string_equal(out.label, "@ada");
    assert_true(json_equal(out.fields, fields));
    assert_true(out.stale);
    assert_int_equal(out.as_of, 5);
    assert_int_equal(out.scan, 3);
    assert_int_equal(out.missed_at, 9);
}

static void putting_it_again_changes_the_one_there_is(void **state)
{
    struct kit *k = *state;
    int64_t n = 0;
    bool found = true;
    struct subject s __attribute__((cleanup(subject_done))) = {0};
    put(k, "x:1", NULL, NULL);
    put(k, "x:1", "p1", "@ada");
    put(k, "x:1", "p2", "@ada2");
    must(store_subject_count(k->st, "inbox", &n, err));
    assert_int_equal(n, 1);
    must(store_subject_by_id(k->st, "inbox", "prospect", "p1", &s, &found, err));
    assert_false(found);
    must(store_subject_by_id(k->st, "inbox", "prospect", "p2", &s, &found, err));
    assert_true(found);
    assert_null(s.fields);
}

static void endpoints_and_objects_are_told_apart(void **state)
{
    struct kit *k = *state;
    bool found = true;
    int64_t n = 7;
    struct subject s = {0};
    put(k, "x:1", "p1", "@ada");
    must(store_subject_get(k->st, "other", "prospect", "x:1", &s, &found, err));
    assert_false(found);
    must(store_subject_get(k->st, "inbox", "message", "x:1", &s, &found, err));
    assert_false(found);
    must(store_subject_count(k->st, "other", &n, err));
    assert_int_equal(n, 0);
}

static void a_person_finds_it_by_key_id_or_label_with_or_without_at_in_any_case(void **state)
{
    struct kit *k = *state;
    put(k, "x:1", "P1", "@Ada");
    put(k, "x:2", "p2", "Grace");
    put(k, "x:3", NULL, NULL);
    assert_finds(k, "x:1", "x:1");
    assert_finds(k, "X:3", "x:3");
    assert_finds(k, "p1", "x:1");
    assert_finds(k, "ada", "x:1");
    assert_finds(k, "@ADA", "x:1");
    assert_finds(k, "@grace", "x:2");
    assert_finds(k, "GRACE", "x:2");
    assert_finds(k, "linus", "none");
    assert_finds(k, "", "none");
    assert_finds(k, "%", "none");
}

static void what_was_typed_exactly_wins(void **state)
{
    struct kit *k = *state;
    put(k, "x:1", "p1", "x:2");
    put(k, "x:2", "p2", "@ada");
    assert_finds(k, "x:2", "x:2");
}

static void a_scan_walks_all_in_the_order_of_their_keys(void **state)
{
    struct kit *k = *state;
    static const char *const keys[] = {"x:3", "x:1", "x:20", "x:2"};
    static const char *const sorted[] = {"x:1", "x:2", "x:20", "x:3"};
    for (size_t i = 0; i < COUNT(keys); i++)
        put(k, keys[i], NULL, NULL);
    AUTO_FREE char *after = NULL;
    size_t seen = 0;
    for (size_t n = 1; n;) {
        struct subject *s = NULL;
        must(store_subjects_after(k->st, "inbox", "prospect", after, 3, &s, &n, err));
        for (size_t i = 0; i < n; i++) {
            assert_string_equal(s[i].key, sorted[seen++]);
            free(after);
            after = mem_dup(s[i].key);
        }
        subjects_free(s, n);
    }
    assert_int_equal(seen, COUNT(keys));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_subject_comes_back_as_it_was_put),
        KIT_TEST(putting_it_again_changes_the_one_there_is),
        KIT_TEST(endpoints_and_objects_are_told_apart),
        KIT_TEST(a_person_finds_it_by_key_id_or_label_with_or_without_at_in_any_case),
        KIT_TEST(what_was_typed_exactly_wins),
        KIT_TEST(a_scan_walks_all_in_the_order_of_their_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
