/* Opening: whose file it is, who else holds it, how old it is, and whether it can be believed. */
#include "tests/io/store_kit.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- files ---- */

static char *side_file(struct kit *k, const char *tail)
{
    return mem_printf("%s%s", k->path, tail);
}

static int mode_of(struct kit *k, const char *tail)
{
    struct stat s;
    AUTO_FREE char *name = side_file(k, tail);
    assert_int_equal(stat(name, &s), 0);
    return s.st_mode & 0777;
}

static void write_at(const char *path, off_t at, const void *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, n, at), n);
    close(fd);
}

/* A file as another program, or another version of ours, would have left it. */
static void make_with(struct kit *k, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(k->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void the_files_are_for_the_owner_only_whatever_the_umask(void **state)
{
    struct kit *k = *state;
    mode_t before = umask(0);
    kit_open(k);
    must(store_meta_set(k->st, "a", "1", err));
    umask(before);
    assert_int_equal(mode_of(k, ""), 0600);
    assert_int_equal(mode_of(k, "-wal"), 0600);
    assert_int_equal(mode_of(k, "-shm"), 0600);
    assert_int_equal(mode_of(k, ".lock"), 0600);
}

static void an_orderly_end_leaves_one_file_and_a_lock_file(void **state)
{
    struct kit *k = *state;
    kit_open(k);
    must(store_meta_set(k->st, "a", "1", err));
    kit_close(k);
    AUTO_FREE char *log = side_file(k, "-wal"), *shared = side_file(k, "-shm");
    assert_int_not_equal(access(log, F_OK), 0);
    assert_int_not_equal(access(shared, F_OK), 0);
    assert_int_equal(access(k->path, F_OK), 0);
}

static void a_store_in_memory_needs_no_file(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    k->st = store_open(":memory:", &k->env, NULL, &why);
    assert_non_null(k->st);
    must(store_meta_set(k->st, "a", "1", err));
    assert_true(kit_has_meta(k, "a"));
    assert_int_not_equal(access(":memory:.lock", F_OK), 0);
}

static void a_relaxed_store_keeps_what_an_orderly_end_wrote(void **state)
{
    struct kit *k = *state;
    kit_open(k);
    store_relax(k->st);
    must(store_meta_set(k->st, "a", "1", err));
    kit_close(k);
    kit_open(k);
    assert_true(kit_has_meta(k, "a"));
}

static void a_name_that_looks_like_an_address_is_still_the_name_of_a_file(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(k->dir), 0);
    k->st = store_open("file:odd?mode=memory", &k->env, NULL, &why);
    assert_non_null(k->st);
    kit_close(k);
    assert_int_equal(unlink("file:odd?mode=memory"), 0);
    unlink("file:odd?mode=memory.lock");
    assert_int_equal(chdir(before), 0);
}

static void a_missing_directory_is_named(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    AUTO_FREE char *path = mem_printf("%s/nowhere/bridge.db", k->dir), *directory = mem_printf("%s/nowhere", k->dir);
    assert_null(store_open(path, &k->env, NULL, &why));
    assert_int_equal(why.kind, ERR_STORE);
    assert_non_null(strstr(why.text, directory));
    assert_non_null(strstr(why.text, "does not exist: make it"));
}

static void a_directory_is_no_store(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    assert_null(store_open(k->dir, &k->env, NULL, &why));
    assert_int_equal(why.kind, ERR_STORE);
    assert_non_null(strstr(why.text, "this is a directory"));
    AUTO_FREE char *lock = mem_printf("%s.lock", k->dir);
    unlink(lock);
}

/* ---- one process at a time ---- */

/* Runs act in a process of its own, where failures of assertions would go unseen: it answers with its exit code. */
static int in_child(struct kit *k, int (*act)(struct kit *))
{
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(act(k));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int is_refused_naming_the_parent(struct kit *k)
{
    struct err why = {0};
    AUTO_FREE char *words = mem_printf("process %ld holds it: stop that one first", (long)getppid());
    if (store_open(k->path, &k->env, NULL, &why))
        return 1;
    return strstr(why.text, words) && why.kind == ERR_STORE ? 0 : 2;
}

static void a_second_process_is_refused_and_told_whom_to_stop(void **state)
{
    struct kit *k = *state;
    kit_open(k);
    assert_int_equal(in_child(k, is_refused_naming_the_parent), 0);
    must(store_meta_set(k->st, "a", "1", err)); /* and did no harm */
}

static void the_same_process_cannot_open_it_twice(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    kit_open(k);
    assert_non_null(strstr(kit_refusal(k, &why), "holds it"));
}

static int opens_and_dies(struct kit *k)
{
    struct err why = {0};
    if (!store_open(k->path, &k->env, NULL, &why))
        return 1;
    raise(SIGKILL);
    return 2;
}

static void a_lock_goes_with_the_process_that_held_it(void **state)
{
    struct kit *k = *state;
    assert_int_equal(in_child(k, opens_and_dies), -1);
    kit_open(k);
}

/* ---- strangers and versions ---- */

static void a_database_of_another_program_is_refused_and_left_alone(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    make_with(k, "CREATE TABLE wine(id); PRAGMA user_version = 1");
    assert_non_null(strstr(kit_refusal(k, &why), "belongs to another program"));
    make_with(k, "INSERT INTO wine VALUES(1); PRAGMA application_id = 77");
    assert_non_null(strstr(kit_refusal(k, &why), "belongs to another program"));
}

static void a_newer_schema_is_refused_with_both_numbers(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    kit_open(k);
    kit_close(k);
    make_with(k, "PRAGMA user_version = 7");
    AUTO_FREE char *words = mem_printf("was written by a newer inbox-bridge (schema 7, this program knows %d): upgrade the program "
                                       "or restore a backup", store_n_steps);
    assert_non_null(strstr(kit_refusal(k, &why), words));
}

static void an_empty_file_becomes_a_store(void **state)
{
    struct kit *k = *state;
    write_at(k->path, 0, "", 0);
    kit_open(k);
    must(store_meta_set(k->st, "a", "1", err));
}

static const char *const two_steps[] = {NULL, "ALTER TABLE meta ADD COLUMN mood TEXT; UPDATE meta SET mood = 'old'"};
static const char *const bad_step[] = {NULL, "ALTER TABLE meta ADD COLUMN mood TEXT; INSERT INTO no_such_table VALUES(1)"};

static struct store *open_steps(struct kit *k, const char *const *steps, int n, struct err *err)
{
    const char *all[2] = {store_steps[0], steps[1]};
    return store_open_schema(k->path, &k->env, NULL, all, n, err);
}

static void an_older_store_is_brought_forward_with_its_rows(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    AUTO_FREE char *mood = NULL, *fresh = NULL;
    k->st = open_steps(k, two_steps, 1, &why);
    assert_non_null(k->st);
    must(store_meta_set(k->st, "a", "1", err));
    kit_close(k);
    k->st = open_steps(k, two_steps, 2, &why);
    assert_non_null(k->st);
    must(store_meta_set(k->st, "b", "2", err));
    must(sql_text(k->st, "SELECT mood FROM meta WHERE name = 'a'", NO_ARGS, &mood, err));
    must(sql_text(k->st, "SELECT mood FROM meta WHERE name = 'b'", NO_ARGS, &fresh, err));
    assert_string_equal(mood, "old");
    assert_null(fresh);
    kit_close(k);
    k->st = open_steps(k, two_steps, 2, &why); /* once is enough */
    assert_non_null(k->st);
    kit_close(k);
    assert_null(open_steps(k, two_steps, 1, &why));
    assert_non_null(strstr(why.text, "schema 2, this program knows 1"));
}

static void a_migration_that_fails_leaves_the_old_schema(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    k->st = open_steps(k, two_steps, 1, &why);
    kit_close(k);
    assert_null(open_steps(k, bad_step, 2, &why));
    assert_int_equal(why.kind, ERR_STORE);
    assert_non_null(strstr(why.text, "from schema 1 to 2"));
    k->st = open_steps(k, two_steps, 2, &why);
    assert_non_null(k->st);
}

static void a_migration_cut_off_by_the_power_is_done_next_time(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    k->st = open_steps(k, two_steps, 1, &why);
    kit_close(k);
    k->cut_at = k->touches + 1;
    assert_null(open_steps(k, two_steps, 2, &why));
    k->cut_at = 0;
    k->st = open_steps(k, two_steps, 2, &why);
    assert_non_null(k->st);
}

/* ---- damage ---- */

static void fill(struct kit *k)
{
    kit_open(k);
    must(store_begin(k->st, err));
    for (int i = 0; i < 300; i++) {
        AUTO_FREE char *name = mem_printf("name %d", i), *text = mem_alloc(2000);
        memset(text, 'a' + i % 26, 1999);
        must(store_meta_set(k->st, name, text, err));
    }
    must(store_commit(k->st, err));
}

static void text_is_no_database(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    AUTO_FREE char *text = mem_alloc(20000);
    memset(text, 'x', 20000);
    write_at(k->path, 0, text, 40);
    assert_non_null(strstr(kit_refusal(k, &why), "this is not a database"));
    write_at(k->path, 0, text, 20000);
    assert_non_null(strstr(kit_refusal(k, &why), "this is not a database"));
}

static void a_file_without_its_first_page_is_refused(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    static const char zeros[512];
    fill(k);
    kit_close(k);
    write_at(k->path, 0, zeros, sizeof zeros);
    assert_non_null(strstr(kit_refusal(k, &why), "first page is damaged: check the path, or restore a backup"));
}

static void a_truncated_file_is_refused(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    fill(k);
    kit_close(k);
    assert_int_equal(truncate(k->path, 100000), 0);
    assert_non_null(strstr(kit_refusal(k, &why), "damaged: stop, keep a copy of it, and restore a backup"));
}

/* Overwrites pages in the middle of the file: b-trees end there. */
static void scramble(struct kit *k)
{
    struct stat s;
    AUTO_FREE char *junk = mem_alloc(65536);
    assert_int_equal(stat(k->path, &s), 0);
    memset(junk, 0xa5, 65536);
    write_at(k->path, s.st_size / 2 / 8192 * 8192, junk, 65536);
}

static int fills_and_dies(struct kit *k)
{
    fill(k);
    sqlite3_wal_checkpoint_v2(k->st->db, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL);
    scramble(k);
    raise(SIGKILL);
    return 1;
}

static void after_a_disorderly_end_every_page_is_looked_at(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    assert_int_equal(in_child(k, fills_and_dies), -1);
    /* the log still covers the scrambled pages; without it, they show */
    AUTO_FREE char *log = side_file(k, "-wal");
    write_at(log, 0, "not a log", 9);
    assert_non_null(strstr(kit_refusal(k, &why), "the file is damaged"));
}

static void after_an_orderly_end_too(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    fill(k);
    kit_close(k);
    scramble(k);
    assert_non_null(strstr(kit_refusal(k, &why), "the file is damaged"));
}

static void damage_that_shows_later_fails_the_verb_and_not_the_process(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    bool hit = false;
    fill(k);
    kit_close(k);
    kit_open(k);
    must(sql_script(k->st, "PRAGMA shrink_memory", err));
    scramble(k);
    for (int i = 0; i < 300 && !hit; i++) {
        AUTO_FREE char *name = mem_printf("name %d", i), *text = NULL;
        hit = !store_meta_get(k->st, name, &text, &why);
    }
    assert_true(hit);
    assert_int_equal(why.kind, ERR_STORE);
    assert_non_null(strstr(why.text, "read a setting in "));
    assert_non_null(strstr(why.text, k->path));
    assert_non_null(strstr(why.text, "restore a backup"));
}

static void a_row_of_broken_json_is_reported_as_damage(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    struct link *links = NULL;
    size_t n = 0;
    kit_open(k);
    must(store_link_put(k->st, &(struct link){.route = "sales", .object = "prospect", .key = "x:1"}, err));
    must(sql_script(k->st, "UPDATE link SET cells = '{\"a\":'", err));
    assert_false(store_links_after(k->st, "sales", 0, 10, &links, &n, &why));
    assert_int_equal(why.kind, ERR_STORE);
    assert_non_null(strstr(why.text, "a row is damaged"));
}

/* ---- a disk that does not take it ---- */

static int is_refused_as_read_only(struct kit *k)
{
    struct err why = {0};
    if (geteuid() == 0 && (chmod(k->dir, 0755) || setegid(65534) || seteuid(65534)))
        return 3;
    if (store_open(k->path, &k->env, NULL, &why))
        return 1;
    return why.kind == ERR_STORE && strstr(why.text, "write access to the file and its directory") ? 0 : 2;
}

static void a_file_that_may_not_be_written_is_refused(void **state)
{
    struct kit *k = *state;
    fill(k);
    kit_close(k);
    AUTO_FREE char *lock = side_file(k, ".lock");
    assert_int_equal(chmod(k->path, 0444), 0);
    assert_int_equal(chmod(lock, 0666), 0);
    assert_int_equal(in_child(k, is_refused_as_read_only), 0);
}

static int meets_a_full_disk(struct kit *k)
{
    struct err why = {0};
    struct rlimit little = {200000, 200000};
    AUTO_FREE char *text = mem_alloc(300000);
    memset(text, 'x', 299999);
    signal(SIGXFSZ, SIG_IGN);
    kit_open(k);
    must(store_meta_set(k->st, "before", "1", err));
    if (setrlimit(RLIMIT_FSIZE, &little) != 0)
        return 3;
    must(store_begin(k->st, err));
    must(store_meta_set(k->st, "with it", "1", err));
    bool put = store_meta_set(k->st, "big", text, &why);
    if (put && store_commit(k->st, &why))
        return 1;
    store_rollback(k->st);
    if (why.kind != ERR_STORE || !strstr(why.text, "make room and start again, nothing was half-written"))
        return 2;
    return !kit_has_meta(k, "before") || kit_has_meta(k, "with it") || kit_has_meta(k, "big") ? 4 : 0;
}

static void a_full_disk_fails_the_transaction_whole_and_says_what_to_do(void **state)
{
    struct kit *k = *state;
    assert_int_equal(in_child(k, meets_a_full_disk), 0);
    kit_open(k);
    assert_true(kit_has_meta(k, "before"));
    assert_false(kit_has_meta(k, "with it"));
}

static void each_fault_of_the_database_has_a_sentence(void **state)
{
    (void)state;
    static const int faults[] = {SQLITE_FULL, SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_BUSY,
                                 SQLITE_IOERR_FSYNC, SQLITE_LOCKED};
    for (size_t i = 0; i < COUNT(faults); i++)
        assert_non_null(strstr(sql_advice(faults[i], 0), ": "));
    assert_string_equal(sql_advice(SQLITE_IOERR_WRITE, EDQUOT), sql_advice(SQLITE_FULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST_DIR(the_files_are_for_the_owner_only_whatever_the_umask),
        KIT_TEST_DIR(an_orderly_end_leaves_one_file_and_a_lock_file),
        KIT_TEST_DIR(a_store_in_memory_needs_no_file),
        KIT_TEST_DIR(a_relaxed_store_keeps_what_an_orderly_end_wrote),
        KIT_TEST_DIR(a_name_that_looks_like_an_address_is_still_the_name_of_a_file),
        KIT_TEST_DIR(a_missing_directory_is_named),
        KIT_TEST_DIR(a_directory_is_no_store),
        KIT_TEST_DIR(a_second_process_is_refused_and_told_whom_to_stop),
        KIT_TEST_DIR(the_same_process_cannot_open_it_twice),
        KIT_TEST_DIR(a_lock_goes_with_the_process_that_held_it),
        KIT_TEST_DIR(a_database_of_another_program_is_refused_and_left_alone),
        KIT_TEST_DIR(a_newer_schema_is_refused_with_both_numbers),
        KIT_TEST_DIR(an_empty_file_becomes_a_store),
        KIT_TEST_DIR(an_older_store_is_brought_forward_with_its_rows),
        KIT_TEST_DIR(a_migration_that_fails_leaves_the_old_schema),
        KIT_TEST_DIR(a_migration_cut_off_by_the_power_is_done_next_time),
        KIT_TEST_DIR(text_is_no_database),
        KIT_TEST_DIR(a_file_without_its_first_page_is_refused),
        KIT_TEST_DIR(a_truncated_file_is_refused),
        KIT_TEST_DIR(after_a_disorderly_end_every_page_is_looked_at),
        KIT_TEST_DIR(after_an_orderly_end_too),
        KIT_TEST_DIR(damage_that_shows_later_fails_the_verb_and_not_the_process),
        KIT_TEST_DIR(a_row_of_broken_json_is_reported_as_damage),
        KIT_TEST_DIR(a_file_that_may_not_be_written_is_refused),
        KIT_TEST_DIR(a_full_disk_fails_the_transaction_whole_and_says_what_to_do),
        KIT_TEST_DIR(each_fault_of_the_database_has_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
