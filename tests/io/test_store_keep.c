/* Keeping house: what may go goes, what must stay stays, and a forgotten person is nowhere in the file. */
#include "tests/io/store_kit.h"

#define DAY (24 * 3600 * 1000LL)

static int open_sealed(void **state)
{
    kit_new_dir(state);
    struct kit *k = *state;
    struct err why = {0};
    k->st = store_open(k->path, &k->env, &(struct seal_key){"a key of tests"}, &why);
    assert_non_null(k->st);
    return 0;
}
#define SEALED_TEST(name) cmocka_unit_test_setup_teardown(name, open_sealed, kit_free)

static struct link make_link(struct kit *k, const char *key, const char *t_id, int64_t parent)
{
    struct link l = {.route = mem_dup("sales"),
                     .object = mem_dup("prospect"),
                     .key = mem_dup(key),
                     .t_type = mem_dup("contacts"),
                     .t_id = mem_dup(t_id),
                     .parent = parent,
                     .cells = kit_json("{'notes':{'s':'Wombat','t':'Wombat'}}")};
    must(store_link_put(k->st, &l, err));
    return l;
}

static void note(struct kit *k, int64_t run, int64_t link, const char *cells)
{
    AUTO_JSON json_t *json = cells ? kit_json(cells) : NULL;
    must(store_log_add(k->st, run, link, "synced", json, err));
}

/* Everything the store can hold about somebody. */
static int64_t remember(struct kit *k, const char *key, const char *t_id)
{
    struct link l = make_link(k, key, t_id, 0);
    struct subject s = {.object = (char *)"prospect",
                        .key = (char *)key,
                        .id = (char *)"p-77",
                        .label = (char *)"@wombat",
                        .fields = l.cells};
    struct op op = {.link = l.id,
                    .route = (char *)"sales",
                    .side = 1,
                    .kind = (char *)"update",
                    .trace = mem_printf("%s-1", key),
                    .payload = l.cells};
    struct hold h = {
        .link = l.id, .route = (char *)"sales", .field = (char *)"notes", .why = (char *)"conflict", .about = l.cells};
    must(store_subject_put(k->st, "inbox", &s, err));
    must(store_subject_put(k->st, "webhook", &s, err));
    must(store_job_mark(k->st, "sales", "prospect", key, 0, 1, "event", err));
    must(store_op_put(k->st, &op, err));
    must(store_hold_put(k->st, &h, err));
    note(k, 1, l.id, "{'notes':{'old':'Wombat','s':'Wombat','t':'Wombat'}}");
    struct link deal = make_link(k, "deal-of-Wombat", "Wombat-d", l.id);
    note(k, 1, deal.id, NULL);
    int64_t id = l.id;
    free(op.trace);
    link_done(&l);
    link_done(&deal);
    return id;
}

static bool file_says(const struct kit *k, const char *tail, const char *words)
{
    AUTO_FREE char *path = mem_printf("%s%s", k->path, tail);
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    AUTO_FREE char *all = mem_alloc((size_t)n + 1);
    assert_int_equal(fread(all, 1, (size_t)n, f), n);
    fclose(f);
    return memmem(all, (size_t)n, words, strlen(words)) != NULL;
}

static void a_forgotten_person_is_nowhere_in_the_file(void **state)
{
    struct kit *k = *state;
    int64_t gone = 0, left = 0;
    bool yes = false;
    for (int i = 0; i < 50; i++) { /* rows before and after, so that pages are shared */
        AUTO_FREE char *other = mem_printf("x:%d", i);
        struct link l = make_link(k, other, other, 0);
        json_decref(l.cells);
        l.cells = NULL;
        must(store_link_put(k->st, &l, err));
        link_done(&l);
        if (i == 25)
            remember(k, "x:Wombat", "Wombat-c");
    }
    AUTO_JSON json_t *said = json_pack("{s:s,s:s}", "parent", "x:Wombat", "body", "Wombat says hello");
    struct subject whole = {.object = (char *)"message", .key = (char *)"x:Wombat/t1", .fields = said};
    struct subject entry = {.object = (char *)"entry", .key = (char *)"t1:2026-03-02", .fields = said};
    must(store_subject_put(k->st, "inbox", &whole, err) && store_subject_put(k->st, "r/message", &entry, err));
    must(store_job_mark(k->st, "r", "message", whole.key, 0, 0, "waits", err) && store_job_mark(k->st, "r", "message", entry.key, 0, 0, "said", err));
    must(store_forget(k->st, "x:Wombat", &gone, err));
    assert_int_equal(gone, 13);
    must(store_compact(k->st, err));
    static const char *const tails[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < COUNT(tails); i++) {
        assert_false(file_says(k, tails[i], "ombat"));
        assert_false(file_says(k, tails[i], "p-77"));
    }
    must(sql_int(k->st, "SELECT count(*) FROM link", NO_ARGS, &left, err));
    assert_int_equal(left, 50);
    must(store_forgotten(k->st, "x:Wombat", &yes, err));
    assert_true(yes);
    must(store_forgotten(k->st, "x:1", &yes, err));
    assert_false(yes);
    must(store_forgive(k->st, "x:Wombat", &yes, err));
    assert_true(yes);
    must(store_forgotten(k->st, "x:Wombat", &yes, err));
    assert_false(yes);
}

static void without_a_key_nobody_can_be_forgotten(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    int64_t gone = 0;
    bool yes = true;
    assert_false(store_forget(k->st, "x:1", &gone, &why));
    assert_non_null(strstr(why.text, "there is no key file"));
    must(store_forgotten(k->st, "x:1", &yes, err));
    assert_false(yes);
}

static size_t rows_of(struct kit *k, int64_t link, int64_t *first)
{
    struct log_row *rows = NULL;
    size_t n = 0;
    must(store_log_of(k->st, link, 0, 100, &rows, &n, err));
    *first = n ? rows[0].seq : 0;
    log_rows_free(rows, n);
    return n;
}

static void pruning_leaves_the_rows_that_still_tell_the_shadows(void **state)
{
    struct kit *k = *state;
    struct pruned p = {0};
    int64_t run = 0, first = 0;
    struct err why = {0};
    struct link l = make_link(k, "x:1", "1", 0);
    must(store_run_start(k->st, "sales", "sync", &run, err));
    must(store_run_end(k->st, run, NULL, err));
    note(k, 0, l.id, "{'a':{'s':1,'t':1},'b':{'s':1,'t':1}}"); /* the last that tells b */
    note(k, 0, l.id, "{'a':{'s':2,'t':2}}");
    note(k, 0, l.id, NULL);
    note(k, 0, 99, "{'a':{'s':2,'t':2}}"); /* of a link that is no more */
    k->now += 10 * DAY;
    note(k, 0, l.id, "{'a':{'s':3,'t':3}}");
    must(store_prune(k->st, k->now - 5 * DAY, &p, err));
    assert_int_equal(p.log, 3);
    assert_int_equal(p.runs, 1);
    assert_int_equal(rows_of(k, l.id, &first), 2);
    assert_int_equal(first, 1);
    assert_int_equal(rows_of(k, 99, &first), 0);
    assert_false(sql_run(k->st, "DELETE FROM log", NO_ARGS, &why)); /* the log is closed again */
    link_done(&l);
}

static void pruning_forgets_who_left_inbox_long_ago_and_was_never_linked(void **state)
{
    struct kit *k = *state;
    struct pruned p = {0};
    int64_t n = 0;
    struct link l = make_link(k, "x:2", "2", 0);
    static const char *const keys[] = {"x:1", "x:2", "x:3"};
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct subject s = {
            .object = (char *)"prospect", .key = (char *)keys[i], .missed_at = i == 2 ? 0 : k->now - 9 * DAY};
        must(store_subject_put(k->st, "inbox", &s, err));
    }
    must(store_prune(k->st, k->now - 5 * DAY, &p, err));
    assert_int_equal(p.subjects, 1);
    must(store_subject_count(k->st, "inbox", &n, err));
    assert_int_equal(n, 2);
    link_done(&l);
}

static void a_backup_is_a_store_of_its_own_made_while_the_first_is_open(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    AUTO_FREE char *to = mem_printf("%s/copy.db", k->dir), *key = mem_printf("%s.lock", to), *text = NULL;
    must(store_meta_set(k->st, "a", "1", err));
    must(store_backup(k->path, to, err));
    struct stat s;
    assert_int_equal(stat(to, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    must(store_meta_set(k->st, "a", "2", err));
    assert_false(store_backup(k->path, to, &why));
    assert_non_null(strstr(why.text, "exists: name a new file"));
    kit_close(k);
    k->st = store_open(to, &k->env, NULL, &why);
    assert_non_null(k->st);
    must(store_meta_get(k->st, "a", &text, err));
    assert_string_equal(text, "1");
    kit_close(k);
    unlink(to);
    unlink(key);
}

static void a_backup_of_nothing_leaves_nothing(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    AUTO_FREE char *from = mem_printf("%s/none.db", k->dir), *to = mem_printf("%s/copy.db", k->dir);
    assert_false(store_backup(from, to, &why));
    assert_int_equal(why.kind, ERR_STORE);
    assert_int_not_equal(access(to, F_OK), 0);
    AUTO_FREE char *part = mem_printf("%s.part", to);
    assert_int_not_equal(access(part, F_OK), 0);
}

static void a_store_of_the_first_schema_keeps_its_log_and_can_prune_it(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    struct pruned p = {0};
    k->st = store_open_schema(k->path, &k->env, NULL, store_steps, 1, &why);
    assert_non_null(k->st);
    note(k, 7, 5, "{'a':{'s':1,'t':1}}");
    kit_close(k);
    kit_open(k);
    struct log_row *rows = NULL;
    size_t n = 0;
    must(store_log_run(k->st, 7, 0, 10, &rows, &n, err));
    assert_int_equal(n, 1);
    log_rows_free(rows, n);
    must(store_prune(k->st, k->now + 1, &p, err));
    assert_int_equal(p.log, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEALED_TEST(a_forgotten_person_is_nowhere_in_the_file),
        KIT_TEST(without_a_key_nobody_can_be_forgotten),
        KIT_TEST(pruning_leaves_the_rows_that_still_tell_the_shadows),
        KIT_TEST(pruning_forgets_who_left_inbox_long_ago_and_was_never_linked),
        KIT_TEST(a_backup_is_a_store_of_its_own_made_while_the_first_is_open),
        KIT_TEST_DIR(a_backup_of_nothing_leaves_nothing),
        KIT_TEST_DIR(a_store_of_the_first_schema_keeps_its_log_and_can_prune_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
