/* Digests against published vectors, encodings both ways. */
#include "bridge/base/hash.h"
#include "tests/base/asserts.h"

static void sha256_agrees_with_the_standard(void **state)
{
    (void)state;
    AUTO_FREE char *empty = hash_sha256_hex("", 0);
    AUTO_FREE char *abc = hash_sha256_hex("abc", 3);
    assert_string_equal(empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_string_equal(abc, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* RFC 4231, cases 1, 2 and 6 (a key longer than a block). */
static void hmac_agrees_with_the_rfc(void **state)
{
    (void)state;
    uint8_t key[131], out[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    memset(key, 0x0b, 20);
    hash_hmac_sha256(key, 20, "Hi There", 8, out);
    hash_hex(out, HASH_SIZE, hex);
    assert_string_equal(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    hash_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
    hash_hex(out, HASH_SIZE, hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    hash_hmac_sha256(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54, out);
    hash_hex(out, HASH_SIZE, hex);
    assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void an_empty_key_and_an_empty_text_are_fine(void **state)
{
    (void)state;
    uint8_t out[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    hash_hmac_sha256("", 0, "", 0, out);
    hash_hex(out, HASH_SIZE, hex);
    assert_string_equal(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void base64_agrees_with_the_rfc_both_ways(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t n = 99;
        AUTO_FREE char *text = hash_base64((const uint8_t *)rows[i][0], strlen(rows[i][0]));
        AUTO_FREE uint8_t *back = hash_base64_decode(text, &n);
        assert_string_equal(text, rows[i][1]);
        assert_non_null(back);
        assert_int_equal(n, strlen(rows[i][0]));
        assert_memory_equal(back, rows[i][0], n);
    }
}

static void every_byte_survives_base64(void **state)
{
    (void)state;
    uint8_t all[256];
    size_t n = 0;
    for (int i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    AUTO_FREE char *text = hash_base64(all, sizeof all);
    AUTO_FREE uint8_t *back = hash_base64_decode(text, &n);
    assert_int_equal(n, sizeof all);
    assert_memory_equal(back, all, sizeof all);
}

static void malformed_base64_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"Z",        "Zg",     "Zg=",   "Zg===", "====",     "A===",   "=Zg=",
                                      "Zg==Zg==", "Zm9v\n", " Zm9v", "Zm-_",  "Zm9v Zg=", "Zm9\xc3"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        size_t n = 99;
        assert_null(hash_base64_decode(bad[i], &n));
        assert_int_equal(n, 99);
    }
}

static void sameness_looks_at_every_byte(void **state)
{
    (void)state;
    assert_true(hash_same("abcd", "abcd", 4));
    assert_false(hash_same("abcd", "abce", 4));
    assert_false(hash_same("abcd", "bbcd", 4));
    assert_true(hash_same("a", "b", 0));
}

static void the_fast_hash_spreads_and_follows_its_seed(void **state)
{
    (void)state;
    int buckets[16] = {0};
    for (int i = 0; i < 16000; i++) {
        char text[16];
        int n = snprintf(text, sizeof text, "x:%d", i);
        buckets[hash_fast(text, (size_t)n, 0) & 15]++;
    }
    for (int i = 0; i < 16; i++)
        assert_in_range(buckets[i], 850, 1150);
    assert_true(hash_fast("a", 1, 1) == hash_fast("a", 1, 1));
    assert_true(hash_fast("a", 1, 1) != hash_fast("a", 1, 2));
    assert_true(hash_fast("a", 1, 1) != hash_fast("b", 1, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_agrees_with_the_standard),
        cmocka_unit_test(hmac_agrees_with_the_rfc),
        cmocka_unit_test(an_empty_key_and_an_empty_text_are_fine),
        cmocka_unit_test(base64_agrees_with_the_rfc_both_ways),
        cmocka_unit_test(every_byte_survives_base64),
        cmocka_unit_test(malformed_base64_is_refused),
        cmocka_unit_test(sameness_looks_at_every_byte),
        cmocka_unit_test(the_fast_hash_spreads_and_follows_its_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
