/* Sealing: what was sealed opens, and nothing else does. */
#include "bridge/base/hash.h"
#include "bridge/io/seal.h"
#include "tests/base/asserts.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/seal.XXXXXX";

static char *in_dir(const char *name)
{
    return mem_printf("%s/%s", dir, name);
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
    static const char *const names[] = {"key", "other", "bad"};
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        AUTO_FREE char *path = in_dir(names[i]);
        unlink(path);
    }
    return rmdir(dir);
}

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static void what_is_sealed_opens(void **state)
{
    struct seal_key key = {.bytes = {1, 2, 3}};
    struct err err = {0};
    static const char *const texts[] = {"", "a", "{\"refresh\":\"geheim – ключ\"}"};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        AUTO_FREE char *sealed = seal_close(&key, "hubspot", texts[i]), *again = seal_close(&key, "hubspot", texts[i]);
        AUTO_FREE char *plain = seal_open(&key, "hubspot", sealed, &err);
        assert_string_equal(plain, texts[i]);
        assert_string_not_equal(sealed, again); /* never the same nonce */
    }
}

static void nothing_of_the_text_shows(void **state)
{
    struct seal_key key = {.bytes = {9}};
    (void)state;
    AUTO_FREE char *sealed = seal_close(&key, "hubspot", "refresh-token-refresh-token");
    size_t n = 0;
    AUTO_FREE uint8_t *raw = hash_base64_decode(sealed + 3, &n);
    assert_null(memmem(raw, n, "refresh", 7));
    assert_int_equal(n, 12 + 27 + 16);
}

static void another_name_or_key_does_not_open_it(void **state)
{
    struct seal_key key = {.bytes = {1}}, other = {.bytes = {2}};
    struct err err = {0};
    (void)state;
    AUTO_FREE char *sealed = seal_close(&key, "hubspot", "secret");
    assert_null(seal_open(&key, "salesforce", sealed, &err));
    assert_err(&err, ERR_STORE, "does not open with this key file");
    assert_null(seal_open(&other, "hubspot", sealed, &err));
}

static void every_changed_byte_is_noticed(void **state)
{
    struct seal_key key = {.bytes = {5}};
    (void)state;
    AUTO_FREE char *sealed = seal_close(&key, "hubspot", "secret");
    size_t n = 0;
    AUTO_FREE uint8_t *raw = hash_base64_decode(sealed + 3, &n);
    for (size_t i = 0; i < n; i++) {
        struct err err = {0};
        raw[i] ^= 1;
        AUTO_FREE char *text = hash_base64(raw, n), *altered = mem_printf("v1:%s", text);
        assert_null(seal_open(&key, "hubspot", altered, &err));
        raw[i] ^= 1;
    }
}

static void what_is_no_sealed_text_is_called_so(void **state)
{
    static const char *const texts[] = {"", "v1:", "v2:AAAA", "v1:AAAA", "v1:not base64!", "plain"};
    struct seal_key key = {.bytes = {5}};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct err err = {0};
        assert_null(seal_open(&key, "hubspot", texts[i], &err));
        assert_err(&err, ERR_STORE, "hubspot");
    }
}

static void a_missing_key_file_is_made_for_the_owner_alone_and_read_again(void **state)
{
    AUTO_FREE char *path = in_dir("key"), *second = in_dir("other");
    struct seal_key a = {0}, b = {0}, c = {0};
    struct err err = {0};
    struct stat st;
    (void)state;
    assert_true(seal_key_file(path, &a, &err) && seal_key_file(path, &b, &err) && seal_key_file(second, &c, &err));
    assert_memory_equal(a.bytes, b.bytes, 32);
    assert_memory_not_equal(a.bytes, c.bytes, 32);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_bad_key_file_is_refused_with_its_name(void **state)
{
    static const char *const texts[] = {"", "abc", "zz00000000000000000000000000000000000000000000000000000000000000",
                                        "0000000000000000000000000000000000000000000000000000000000000000 and more"};
    AUTO_FREE char *path = in_dir("bad"), *nowhere = in_dir("no/such/key");
    struct seal_key key;
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct err err = {0};
        put(path, texts[i]);
        assert_false(seal_key_file(path, &key, &err));
        assert_err(&err, ERR_CONFIG, path);
    }
    struct err err = {0};
    assert_false(seal_key_file(nowhere, &key, &err));
    assert_err(&err, ERR_CONFIG, nowhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens),
        cmocka_unit_test(nothing_of_the_text_shows),
        cmocka_unit_test(another_name_or_key_does_not_open_it),
        cmocka_unit_test(every_changed_byte_is_noticed),
        cmocka_unit_test(what_is_no_sealed_text_is_called_so),
        cmocka_unit_test(a_missing_key_file_is_made_for_the_owner_alone_and_read_again),
        cmocka_unit_test(a_bad_key_file_is_refused_with_its_name),
    };
    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
