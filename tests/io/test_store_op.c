/* Ops: write intents that survive until somebody resolves them. */
#include "tests/io/store_kit.h"

static struct op *ops_of(struct kit *k, int64_t link, size_t *n)
{
    struct op *ops = NULL;
    must(store_ops_of(k->st, link, &ops, n, err));
    return ops;
}

static char *long_note(size_t n)
{
    char *note = mem_alloc(4 * n + 1);
    for (size_t i = 0; i < n; i++)
        memcpy(note + strlen(note), i % 100 ? "x" : "🦊", i % 100 ? 1 : 4);
    return note;
}

static void an_op_comes_back_as_it_was_put_with_emoji_and_long_notes(void **state)
{
    struct kit *k = *state;
    size_t n = 0;
    AUTO_FREE char *note = long_note(10000);
    AUTO_JSON json_t *payload = json_pack("{s:s,s:{s:n,s:[s,i,f]}}", "notes", note, "was", "a", "b", "é\n\"", 7, 2.25);
    struct op in = {.link = 5, .route = "sales", .side = 1, .kind = "update", .trace = "x:1-00ff", .payload = payload,
                    .created = 11, .run = 3, .revive = "hash"};
    must(store_op_put(k->st, &in, err));
    assert_true(in.id > 0);
    struct op *ops = ops_of(k, 5, &n);
    assert_int_equal(n, 1);
    assert_int_equal(ops->id, in.id);
    assert_int_equal(ops->link, 5);
    assert_string_equal(ops->route, "sales");
    assert_int_equal(ops->side, 1);
    assert_string_equal(ops->kind, "update");
    assert_string_equal(ops->trace, "x:1-00ff");
    assert_true(json_equal(ops->payload, payload));
    assert_int_equal(ops->state, OP_OPEN);
    assert_int_equal(ops->created, 11);
    assert_int_equal(ops->run, 3);
    assert_string_equal(ops->revive, "hash");
    assert_null(ops->error);
    ops_free(ops, n);
}

static void an_op_dies_with_the_words_of_the_service(void **state)
{
    struct kit *k = *state;
    size_t n = 0;
    int64_t open = 0, dead = 0;
    struct op op = {.link = 5, .route = "sales", .kind = "create", .trace = "a"};
    struct op other = {.link = 5, .route = "sales", .kind = "update", .trace = "b"};
    must(store_op_put(k->st, &op, err));
    must(store_op_put(k->st, &other, err));
    op.state = OP_DEAD;
    op.attempts = 4;
    op.error = "INVALID_EMAIL: “ada@” ist keine Adresse";
    must(store_op_put(k->st, &op, err));
    must(store_ops_counts(k->st, "sales", &open, &dead, err));
    assert_int_equal(open, 1);
    assert_int_equal(dead, 1);
    struct op *ops = ops_of(k, 5, &n);
    assert_int_equal(n, 2); /* oldest first */
    assert_int_equal(ops[0].state, OP_DEAD);
    assert_int_equal(ops[0].attempts, 4);
    assert_string_equal(ops[0].error, op.error);
    assert_string_equal(ops[1].trace, "b");
    ops_free(ops, n);
}

static void dead_ops_are_listed_by_route_page_by_page(void **state)
{
    struct kit *k = *state;
    struct op *ops = NULL;
    size_t n = 0;
    for (int i = 0; i < 6; i++) {
        AUTO_FREE char *trace = mem_printf("t%d", i);
        struct op op = {.link = i, .route = i == 5 ? "support" : "sales", .kind = "update", .trace = trace,
                        .state = i == 0 ? OP_OPEN : OP_DEAD};
        must(store_op_put(k->st, &op, err));
    }
    must(store_ops_dead(k->st, "sales", 0, 3, &ops, &n, err));
    assert_int_equal(n, 3);
    assert_string_equal(ops[0].trace, "t1");
    int64_t last = ops[2].id;
    ops_free(ops, n);
    must(store_ops_dead(k->st, "sales", last, 3, &ops, &n, err));
    assert_int_equal(n, 1);
    assert_string_equal(ops[0].trace, "t4");
    ops_free(ops, n);
}

static void the_same_trace_twice_is_refused(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    struct op a = {.link = 5, .route = "sales", .kind = "create", .trace = "same"}, b = a;
    must(store_op_put(k->st, &a, err));
    assert_false(store_op_put(k->st, &b, &why));
    assert_int_equal(why.kind, ERR_REJECT);
    assert_int_equal(b.id, 0);
}

static void a_resolved_op_is_gone_and_cannot_be_put_back(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    size_t n = 9;
    struct op op = {.link = 5, .route = "sales", .kind = "create", .trace = "a"};
    must(store_op_put(k->st, &op, err));
    must(store_op_delete(k->st, op.id, err));
    must(store_op_delete(k->st, op.id, err));
    struct op *ops = ops_of(k, 5, &n);
    assert_int_equal(n, 0);
    ops_free(ops, n);
    assert_false(store_op_put(k->st, &op, &why));
    assert_int_equal(why.kind, ERR_STALE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(an_op_comes_back_as_it_was_put_with_emoji_and_long_notes),
        KIT_TEST(an_op_dies_with_the_words_of_the_service),
        KIT_TEST(dead_ops_are_listed_by_route_page_by_page),
        KIT_TEST(the_same_trace_twice_is_refused),
        KIT_TEST(a_resolved_op_is_gone_and_cannot_be_put_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
