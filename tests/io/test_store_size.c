/* How large and how fast a store of 100 000 links is (20 000 under a sanitizer): printed, because machines differ; only the
 * size is asserted. */
#include "tests/io/store_kit.h"
#include <sys/resource.h>
#include <time.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LINKS 20000
#else
#define LINKS 100000
#endif
#define BATCH 500
#define MOST_BYTES ((130 << 20) / 100000 * LINKS)

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void say(const char *what, double since, size_t n)
{
    double took = seconds() - since;
    print_message("%-34s %7.2f s, %7.1f us each\n", what, took, took * 1e6 / (double)n);
}

static json_t *twelve_cells(size_t i)
{
    json_t *cells = json_object();
    for (int f = 0; f < 12; f++) {
        AUTO_FREE char *field = mem_printf("field%d", f), *value = mem_printf("value %zu of %d", i, f);
        js_set(cells, field, json_pack("{s:s,s:s,s:i,s:I}", "s", value, "t", value, "n", 0, "at", (json_int_t)1772442930250));
    }
    return cells;
}

static void put_link(struct kit *k, size_t i)
{
    AUTO_FREE char *key = mem_printf("x:%zu", 1000000000 + i), *id = mem_printf("%zu", 50000000 + i);
    AUTO_JSON json_t *cells = twelve_cells(i);
    struct link l = {.route = "sales", .object = "prospect", .key = key, .t_type = "contacts", .t_id = id, .cells = cells};
    must(store_link_put(k->st, &l, err));
    assert_int_equal(l.id, i + 1);
}

static void mark(struct kit *k, size_t i)
{
    AUTO_FREE char *key = mem_printf("x:%zu", 1000000000 + i);
    must(store_job_mark(k->st, "sales", "prospect", key, 2, (int64_t)i, "scan", err));
}

static void in_batches(struct kit *k, void (*act)(struct kit *, size_t))
{
    for (size_t at = 0; at < LINKS; at += BATCH) {
        STORE_TX(tx, k->st);
        must(store_begin(k->st, err));
        for (size_t i = at; i < at + BATCH; i++)
            act(k, i);
        must(store_commit(k->st, err));
    }
}

static void touch_link(struct kit *k, size_t i)
{
    AUTO_FREE char *key = mem_printf("x:%zu", 1000000000 + (i * 7919) % LINKS); /* each once: 7919 is prime */
    struct link l __attribute__((cleanup(link_done))) = {0};
    bool found = false;
    must(store_link_get(k->st, "sales", "prospect", key, &l, &found, err));
    assert_true(found);
    assert_int_equal(json_object_size(l.cells), 12);
    l.touched = (int64_t)i;
    must(store_link_put(k->st, &l, err));
}

static void take_jobs(struct kit *k)
{
    size_t done = 0, n = BATCH;
    while (n) {
        struct job *jobs = NULL;
        int64_t total = 0, next = 0;
        STORE_TX(tx, k->st);
        must(store_begin(k->st, err));
        must(store_jobs_due(k->st, "sales", LINKS, LANES, NULL, BATCH, &jobs, &n, err));
        for (size_t i = 0; i < n; i++)
            must(store_job_finish(k->st, &jobs[i], err));
        must(store_jobs_count(k->st, "sales", &total, &next, err));
        must(store_commit(k->st, err));
        jobs_free(jobs, n);
        done += n;
        assert_int_equal(total, LINKS - done);
    }
}

static void many_links_of_twelve_cells_stay_small(void **state)
{
    struct kit *k = *state;
    struct rusage use;
    struct stat s;
    double t = seconds();
    in_batches(k, put_link);
    say("insert links", t, LINKS);
    t = seconds();
    in_batches(k, mark);
    say("mark jobs", t, LINKS);
    t = seconds();
    in_batches(k, touch_link);
    say("read and update links, at random", t, LINKS);
    t = seconds();
    take_jobs(k);
    say("claim, count and finish jobs", t, LINKS);
    t = seconds();
    kit_close(k);
    kit_open(k);
    say("close and open", t, 1);
    assert_int_equal(stat(k->path, &s), 0);
    getrusage(RUSAGE_SELF, &use);
    print_message("%-34s %7.1f MB, most memory %.1f MB\n", "file", (double)s.st_size / 1e6, (double)use.ru_maxrss / 1e3);
    assert_true(s.st_size < MOST_BYTES);
}

static void a_small_store_opens_and_closes_quickly(void **state)
{
    struct kit *k = *state;
    enum { times = 100 };
    double t = seconds();
    for (int i = 0; i < times; i++) {
        kit_close(k);
        kit_open(k);
        must(store_meta_set(k->st, "a", "b", err));
    }
    say("close, open and write a little", t, times);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(many_links_of_twelve_cells_stay_small),
        KIT_TEST(a_small_store_opens_and_closes_quickly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
