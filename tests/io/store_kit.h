/* What the tests of the store share: a directory in memory where there is one, a clock that stands still, a power switch. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/io/store_private.h"
#include "tests/kit/must.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct kit {
    struct env env; /* first: fake_touch casts from it */
    int64_t now;
    int touches;    /* outside effects seen */
    int cut_at;     /* the power goes at this touch; 0 = never */
    char *dir, *path;
    struct store *st;
};

static inline int64_t kit_now(struct env *env)
{
    return ((struct kit *)env)->now;
}

static inline bool kit_touch(struct env *env, const char *what, bool after)
{
    struct kit *k = (struct kit *)env;
    assert_string_equal(what, "commit");
    (void)after;
    k->touches++;
    return !k->cut_at || k->touches < k->cut_at;
}

static inline struct store *kit_open(struct kit *k)
{
    struct err err = {0};
    k->st = store_open(k->path, &k->env, NULL, &err);
    if (!k->st)
        fail_msg("%s", err.text);
    return k->st;
}

/* Says why the store cannot be opened. */
static inline const char *kit_refusal(struct kit *k, struct err *err)
{
    *err = (struct err){0};
    assert_null(store_open(k->path, &k->env, NULL, err));
    assert_int_equal(err->kind, ERR_STORE);
    return err->text;
}

static inline void kit_close(struct kit *k)
{
    store_close(k->st);
    k->st = NULL;
}

static inline int kit_new_dir(void **state)
{
    struct kit *k = mem_alloc(sizeof *k);
    k->env = (struct env){.now = kit_now, .touch = kit_touch};
    k->now = 1772442930250;
    k->dir = mem_printf("%s/store-test-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(k->dir));
    k->path = mem_printf("%s/bridge.db", k->dir);
    *state = k;
    return 0;
}

static inline int kit_new(void **state)
{
    kit_new_dir(state);
    kit_open(*state);
    return 0;
}

static inline int kit_free(void **state)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-journal", ".lock", ".key"};
    struct kit *k = *state;
    kit_close(k);
    for (size_t i = 0; i < COUNT(tails); i++) {
        AUTO_FREE char *name = mem_printf("%s%s", k->path, tails[i]);
        unlink(name);
    }
    rmdir(k->dir);
    free(k->path);
    free(k->dir);
    free(k);
    return 0;
}

#define KIT_TEST(name) cmocka_unit_test_setup_teardown(name, kit_new, kit_free)
#define KIT_TEST_DIR(name) cmocka_unit_test_setup_teardown(name, kit_new_dir, kit_free)

static inline json_t *kit_json(const char *single_quoted)
{
    AUTO_FREE char *text = mem_dup(single_quoted);
    for (char *c = text; *c; c++)
        if (*c == '\'')
            *c = '"';
    struct err err = {0};
    json_t *v = js_parse(text, strlen(text), &err);
    if (!v)
        fail_msg("%s", err.text);
    return v;
}

static inline char *kit_meta(struct kit *k, const char *name)
{
    char *out = NULL;
    must(store_meta_get(k->st, name, &out, err));
    return out;
}

static inline bool kit_has_meta(struct kit *k, const char *name)
{
    AUTO_FREE char *text = kit_meta(k, name);
    return text != NULL;
}
