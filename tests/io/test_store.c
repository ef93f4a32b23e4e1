/* Transactions, and the small tables: meta, secrets, cursors, terms. */
#include "tests/io/store_kit.h"
#include <pthread.h>

/* ---- transactions ---- */

static void a_committed_transaction_is_there_after_reopening(void **state)
{
    struct kit *k = *state;
    must(store_begin(k->st, err));
    must(store_meta_set(k->st, "a", "1", err));
    must(store_commit(k->st, err));
    kit_close(k);
    kit_open(k);
    AUTO_FREE char *a = kit_meta(k, "a");
    assert_string_equal(a, "1");
}

static bool give_up_midway(struct store *st, struct err *err)
{
    STORE_TX(tx, st);
    if (!store_begin(st, err) || !store_meta_set(st, "a", "1", err))
        return false;
    return err_set(err, ERR_TEMP, "changed my mind");
}

static void an_uncommitted_transaction_rolls_back_at_the_closing_brace(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    assert_false(give_up_midway(k->st, &why));
    assert_int_equal(why.kind, ERR_TEMP);
    assert_false(kit_has_meta(k, "a"));
    must(store_begin(k->st, err)); /* and the lock was given back */
    store_rollback(k->st);
}

static void a_transaction_inside_a_transaction_is_a_bug_that_says_so(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    must(store_begin(k->st, err));
    assert_false(store_begin(k->st, &why));
    assert_int_equal(why.kind, ERR_BUG);
    must(store_meta_set(k->st, "a", "1", err)); /* the outer one goes on */
    must(store_commit(k->st, err));
    assert_true(kit_has_meta(k, "a"));
}

static void a_commit_without_a_transaction_is_a_bug_and_a_rollback_is_nothing(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    assert_false(store_commit(k->st, &why));
    assert_int_equal(why.kind, ERR_BUG);
    store_rollback(k->st);
    store_rollback(NULL);
    store_close(NULL);
}

static void names_of_a_rolled_back_transaction_are_forgotten(void **state)
{
    struct kit *k = *state;
    must(store_begin(k->st, err));
    must(store_cursor_set(k->st, "gone", "events", "7", err));
    store_rollback(k->st);
    must(store_cursor_set(k->st, "inbox", "events", "8", err));
    kit_close(k);
    kit_open(k);
    AUTO_FREE char *gone = NULL, *kept = NULL;
    must(store_cursor_get(k->st, "gone", "events", &gone, err));
    must(store_cursor_get(k->st, "inbox", "events", &kept, err));
    assert_null(gone);
    assert_string_equal(kept, "8");
}

static void a_transaction_that_failed_once_cannot_be_committed(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    must(store_begin(k->st, err));
    must(store_meta_set(k->st, "a", "1", err));
    assert_false(sql_run(k->st, "INSERT INTO no_such_table VALUES(1)", NO_ARGS, &why));
    assert_int_equal(why.kind, ERR_STORE);
    assert_false(store_meta_set(k->st, "b", "2", &why));
    assert_false(store_commit(k->st, &why));
    assert_non_null(strstr(why.text, "nothing of it is kept"));
    assert_false(kit_has_meta(k, "a"));
    must(store_meta_set(k->st, "c", "3", err));
}

/* ---- the power switch ---- */

static void each_commit_touches_the_world_twice_and_reading_never(void **state)
{
    struct kit *k = *state;
    k->touches = 0;
    must(store_meta_set(k->st, "a", "1", err));
    assert_int_equal(k->touches, 2);
    must(store_begin(k->st, err));
    must(store_meta_set(k->st, "a", "2", err));
    must(store_meta_set(k->st, "b", "2", err));
    assert_int_equal(k->touches, 2);
    must(store_commit(k->st, err));
    assert_int_equal(k->touches, 4);
    assert_true(kit_has_meta(k, "a"));
    must(store_begin(k->st, err));
    assert_true(kit_has_meta(k, "a"));
    must(store_commit(k->st, err)); /* changed nothing */
    assert_int_equal(k->touches, 4);
}

static void power_gone_before_a_commit_leaves_nothing(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    k->cut_at = k->touches + 1;
    assert_false(store_meta_set(k->st, "a", "1", &why));
    assert_int_equal(why.kind, ERR_STORE);
    assert_non_null(strstr(why.text, "the power is out"));
    k->cut_at = 0;
    assert_false(kit_has_meta(k, "a"));
}

static void power_gone_after_a_commit_leaves_everything_and_reports_failure(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    k->cut_at = k->touches + 2;
    must(store_begin(k->st, err));
    must(store_cursor_set(k->st, "inbox", "events", "7", err));
    assert_false(store_commit(k->st, &why));
    assert_int_equal(why.kind, ERR_STORE);
    k->cut_at = 0;
    kit_close(k);
    kit_open(k);
    AUTO_FREE char *cursor = NULL;
    must(store_cursor_get(k->st, "inbox", "events", &cursor, err));
    assert_string_equal(cursor, "7");
}

static void power_gone_while_the_file_is_made_leaves_a_file_that_opens(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    k->cut_at = 1; /* before the tables are made */
    assert_non_null(strstr(kit_refusal(k, &why), "the power is out"));
    k->touches = k->cut_at = 0;
    kit_open(k);
    must(store_meta_set(k->st, "a", "1", err));
}

/* ---- threads ---- */

struct teller {
    struct kit *k;
    const char *account;
};

static void *add_a_hundred(void *self)
{
    struct teller *t = self;
    for (int i = 0; i < 100; i++) {
        STORE_TX(tx, t->k->st);
        must(store_begin(t->k->st, err));
        AUTO_FREE char *text = kit_meta(t->k, "sum");
        AUTO_FREE char *next = mem_printf("%d", atoi(text) + 1);
        must(store_meta_set(t->k->st, "sum", next, err));
        if (i % 10 == 9) {
            store_rollback(t->k->st); /* one in ten thinks better of it */
            continue;
        }
        must(store_commit(t->k->st, err));
        must(store_cursor_set(t->k->st, t->account, "events", next, err));
    }
    return NULL;
}

static void threads_take_turns(void **state)
{
    struct kit *k = *state;
    struct teller tellers[] = {{k, "inbox"}, {k, "hubspot"}, {k, "salesforce"}, {k, "webhook"}};
    pthread_t threads[COUNT(tellers)];
    must(store_meta_set(k->st, "sum", "0", err));
    for (size_t i = 0; i < COUNT(tellers); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_a_hundred, &tellers[i]), 0);
    for (size_t i = 0; i < COUNT(tellers); i++)
        pthread_join(threads[i], NULL);
    AUTO_FREE char *sum = kit_meta(k, "sum");
    assert_string_equal(sum, "360");
}

static void *roll_back(void *st)
{
    store_rollback(st);
    return NULL;
}

static void a_rollback_of_one_thread_leaves_the_transaction_of_another(void **state)
{
    struct kit *k = *state;
    pthread_t thread;
    must(store_begin(k->st, err));
    must(store_meta_set(k->st, "a", "1", err));
    assert_int_equal(pthread_create(&thread, NULL, roll_back, k->st), 0);
    pthread_join(thread, NULL);
    must(store_commit(k->st, err));
    assert_true(kit_has_meta(k, "a"));
}

/* ---- the small tables ---- */

static void a_setting_is_kept_changed_and_removed(void **state)
{
    struct kit *k = *state;
    must(store_meta_set(k->st, "org:inbox", "o1", err));
    must(store_meta_set(k->st, "org:inbox", "Zoë's 🏢 'org'; DROP TABLE meta", err));
    AUTO_FREE char *text = kit_meta(k, "org:inbox");
    assert_string_equal(text, "Zoë's 🏢 'org'; DROP TABLE meta");
    must(store_meta_set(k->st, "org:inbox", NULL, err));
    assert_false(kit_has_meta(k, "org:inbox"));
}

static void cursors_are_told_apart_by_endpoint_and_stream(void **state)
{
    struct kit *k = *state;
    AUTO_FREE char *a = NULL, *b = NULL, *c = NULL;
    must(store_cursor_set(k->st, "inbox", "events", "7", err));
    must(store_cursor_set(k->st, "inbox", "threads", "", err));
    must(store_cursor_set(k->st, "inbox", "events", "9", err));
    must(store_cursor_get(k->st, "inbox", "events", &a, err));
    must(store_cursor_get(k->st, "inbox", "threads", &b, err));
    must(store_cursor_get(k->st, "hubspot", "events", &c, err));
    assert_string_equal(a, "9");
    assert_string_equal(b, "");
    assert_null(c);
}

static void labels_are_pinned_in_the_order_they_came(void **state)
{
    struct kit *k = *state;
    struct term *terms = NULL;
    size_t n = 0;
    must(store_term_put(k->st, "inbox", "status", &(struct term){"s2", "Won", "Won", false}, err));
    must(store_term_put(k->st, "inbox", "status", &(struct term){"s1", "New", "New", false}, err));
    must(store_term_put(k->st, "inbox", "tags", &(struct term){"t1", "Lead", "Lead", false}, err));
    must(store_term_put(k->st, "inbox", "status", &(struct term){"s2", "Won", "Closed won", true}, err));
    must(store_terms(k->st, "inbox", "status", &terms, &n, err));
    assert_int_equal(n, 2);
    assert_string_equal(terms[0].id, "s2");
    assert_string_equal(terms[0].label, "Won");
    assert_string_equal(terms[0].now, "Closed won");
    assert_true(terms[0].gone);
    assert_string_equal(terms[1].label, "New");
    terms_free(terms, n);
    must(store_terms(k->st, "hubspot", "status", &terms, &n, err));
    assert_int_equal(n, 0);
    terms_free(terms, n);
}

/* ---- secrets ---- */

static void open_with_key(struct kit *k, uint8_t byte)
{
    struct err why = {0};
    struct seal_key key;
    memset(key.bytes, byte, sizeof key.bytes);
    kit_close(k);
    k->st = store_open(k->path, &k->env, &key, &why);
    assert_non_null(k->st);
}

static bool file_says(const char *path, const char *words)
{
    FILE *f = fopen(path, "r");
    size_t n = f ? strlen(words) : 0, room = 16 << 20;
    AUTO_FREE char *all = mem_alloc(room);
    size_t got = f ? fread(all, 1, room, f) : 0;
    if (f)
        fclose(f);
    return n && memmem(all, got, words, n) != NULL;
}

static void a_secret_is_sealed_in_the_file_and_opened_with_its_key(void **state)
{
    struct kit *k = *state;
    AUTO_FREE char *plain = NULL, *none = NULL;
    open_with_key(k, 7);
    must(store_secret_set(k->st, "token:hubspot", "correct-horse-battery", err));
    must(store_meta_set(k->st, "plain", "staple-in-the-open", err));
    must(store_secret_get(k->st, "token:hubspot", &plain, err));
    must(store_secret_get(k->st, "token:salesforce", &none, err));
    assert_string_equal(plain, "correct-horse-battery");
    assert_null(none);
    kit_close(k);
    assert_true(file_says(k->path, "staple-in-the-open"));
    assert_false(file_says(k->path, "correct-horse-battery"));
}

static void a_secret_under_another_key_or_name_stays_closed(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    AUTO_FREE char *plain = NULL;
    open_with_key(k, 7);
    must(store_secret_set(k->st, "token:hubspot", "correct-horse-battery", err));
    must(sql_script(k->st, "INSERT INTO secret SELECT 'token:other', sealed FROM secret", err));
    assert_false(store_secret_get(k->st, "token:other", &plain, &why));
    open_with_key(k, 8);
    assert_false(store_secret_get(k->st, "token:hubspot", &plain, &why));
    assert_null(plain);
}

static void without_a_key_secrets_are_refused(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    AUTO_FREE char *plain = NULL;
    assert_false(store_secret_set(k->st, "token:hubspot", "x", &why));
    assert_int_equal(why.kind, ERR_STORE);
    assert_non_null(strstr(why.text, "no key file"));
    must(store_secret_get(k->st, "token:hubspot", &plain, err)); /* there is none to open */
    assert_null(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_committed_transaction_is_there_after_reopening),
        KIT_TEST(an_uncommitted_transaction_rolls_back_at_the_closing_brace),
        KIT_TEST(a_transaction_inside_a_transaction_is_a_bug_that_says_so),
        KIT_TEST(a_commit_without_a_transaction_is_a_bug_and_a_rollback_is_nothing),
        KIT_TEST(names_of_a_rolled_back_transaction_are_forgotten),
        KIT_TEST(a_transaction_that_failed_once_cannot_be_committed),
        KIT_TEST(each_commit_touches_the_world_twice_and_reading_never),
        KIT_TEST(power_gone_before_a_commit_leaves_nothing),
        KIT_TEST(power_gone_after_a_commit_leaves_everything_and_reports_failure),
        KIT_TEST_DIR(power_gone_while_the_file_is_made_leaves_a_file_that_opens),
        KIT_TEST(threads_take_turns),
        KIT_TEST(a_rollback_of_one_thread_leaves_the_transaction_of_another),
        KIT_TEST(a_setting_is_kept_changed_and_removed),
        KIT_TEST(cursors_are_told_apart_by_endpoint_and_stream),
        KIT_TEST(labels_are_pinned_in_the_order_they_came),
        KIT_TEST(a_secret_is_sealed_in_the_file_and_opened_with_its_key),
        KIT_TEST(a_secret_under_another_key_or_name_stays_closed),
        KIT_TEST(without_a_key_secrets_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
