/* Durable means that the disk was asked and said yes. The calls that ask it are counted here, and made to fail. */
#include "tests/io/store_kit.h"
#include <errno.h>
#include <sys/syscall.h>

static int asked;
static bool broken;

int fsync(int fd)
{
    asked++;
    errno = EIO;
    return broken ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    asked++;
    errno = EIO;
    return broken ? -1 : (int)syscall(SYS_fdatasync, fd);
}

static void each_commit_asks_the_disk_once(void **state)
{
    struct kit *k = *state;
    must(store_meta_set(k->st, "a", "1", err)); /* the first also begins the log */
    asked = 0;
    for (int i = 0; i < 10; i++) {
        must(store_begin(k->st, err));
        for (int row = 0; row < 20; row++)
            must(store_log_add(k->st, 1, row, "synced", NULL, err));
        must(store_commit(k->st, err));
    }
    assert_int_equal(asked, 10);
}

static void reading_asks_nothing(void **state)
{
    struct kit *k = *state;
    asked = 0;
    assert_false(kit_has_meta(k, "a"));
    must(store_begin(k->st, err));
    assert_false(kit_has_meta(k, "a"));
    must(store_commit(k->st, err));
    assert_int_equal(asked, 0);
}

static void a_relaxed_store_never_asks(void **state)
{
    struct kit *k = *state;
    store_relax(k->st);
    asked = 0;
    for (int i = 0; i < 10; i++)
        must(store_meta_set(k->st, "a", "1", err));
    assert_int_equal(asked, 0);
}

static void a_disk_that_refuses_fails_the_commit(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    must(store_meta_set(k->st, "a", "1", err));
    broken = true;
    bool kept = store_meta_set(k->st, "b", "2", &why);
    broken = false;
    assert_false(kept);
    assert_int_equal(why.kind, ERR_STORE);
    assert_non_null(strstr(why.text, "keep a setting in "));
    assert_non_null(strstr(why.text, "check the disk and its file system"));
    assert_true(kit_has_meta(k, "a"));
    assert_false(kit_has_meta(k, "b"));
    must(store_meta_set(k->st, "c", "3", err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(each_commit_asks_the_disk_once),
        KIT_TEST(reading_asks_nothing),
        KIT_TEST(a_relaxed_store_never_asks),
        KIT_TEST(a_disk_that_refuses_fails_the_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
