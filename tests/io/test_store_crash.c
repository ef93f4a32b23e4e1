/* A process killed at any moment: what it was told is kept is there, what it was not told is there whole or not at all. */
#include "tests/io/store_kit.h"
#include <signal.h>
#include <sys/wait.h>

/* Each transaction moves both counters and adds a row to the log; after each commit one byte goes to the parent. */
static void count_until_killed(struct kit *k, int out)
{
    struct err why = {0};
    struct store *st = store_open(k->path, &k->env, NULL, &why);
    for (int i = 1; st; i++) {
        AUTO_FREE char *text = mem_printf("%d", i);
        if (!store_begin(st, &why) || !store_meta_set(st, "left", text, &why) || !store_log_add(st, 1, i, "synced", NULL, &why) ||
            !store_meta_set(st, "right", text, &why) || !store_commit(st, &why) || write(out, "+", 1) != 1)
            _exit(1);
    }
    _exit(2);
}

static int heard(int in)
{
    char some[256];
    int all = 0;
    for (ssize_t n; (n = read(in, some, sizeof some)) > 0;)
        all += (int)n;
    return all;
}

/* Returns how many commits the process was told of before it was killed, `wait` commits after its start. */
static int killed_after(struct kit *k, int wait)
{
    int pipe_of[2], told = 0, status = 0;
    assert_int_equal(pipe(pipe_of), 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(pipe_of[0]);
        count_until_killed(k, pipe_of[1]);
    }
    close(pipe_of[1]);
    for (char one; told < wait && read(pipe_of[0], &one, 1) == 1;)
        told++;
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    told += heard(pipe_of[0]);
    close(pipe_of[0]);
    assert_true(WIFSIGNALED(status));
    return told;
}

static int number(struct kit *k, const char *name)
{
    AUTO_FREE char *text = kit_meta(k, name);
    return text ? atoi(text) : 0;
}

static void a_killed_process_loses_nothing_it_was_told_is_kept(void **state)
{
    struct kit *k = *state;
    for (int round = 0; round < 12; round++) {
        int told = killed_after(k, 1 + 7 * round);
        struct log_row *rows = NULL;
        size_t n = 0;
        int64_t before = 0;
        kit_open(k);
        int left = number(k, "left"), right = number(k, "right");
        assert_int_equal(left, right);
        assert_true(left == told || left == told + 1);
        must(store_log_of(k->st, 0, before, 100000, &rows, &n, err));
        assert_true(n >= (size_t)left);
        assert_int_equal(rows[n - 1].link, left);
        log_rows_free(rows, n);
        kit_close(k);
    }
}

static void what_a_killed_process_had_not_committed_is_gone(void **state)
{
    struct kit *k = *state;
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        kit_open(k);
        must(store_meta_set(k->st, "kept", "1", err));
        must(store_begin(k->st, err));
        must(store_meta_set(k->st, "lost", "1", err));
        sqlite3_db_cacheflush(k->st->db); /* even if the pages had reached the log */
        raise(SIGKILL);
    }
    waitpid(pid, &status, 0);
    kit_open(k);
    assert_true(kit_has_meta(k, "kept"));
    assert_false(kit_has_meta(k, "lost"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST_DIR(a_killed_process_loses_nothing_it_was_told_is_kept),
        KIT_TEST_DIR(what_a_killed_process_had_not_committed_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
