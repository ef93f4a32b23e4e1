/* Tokens: the three grants, one login for many, the instance that comes with a token, and no login in a loop. */
#include "bridge/base/hash.h"
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/io/oauth.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1772442930000)
#define DATE_THEN "Mon, 02 Mar 2026 09:15:30 GMT"
#define GOOD "{\"access_token\":\"T\",\"instance_url\":\"https://acme.example/\"}"

struct world {
    struct http_transport transport;
    struct env env;
    int64_t now;
    int status;
    const char *body, *date;
    unsigned logins;
    char *form, *saved;
    struct oauth *oauth;
};

static struct world world;

static void perform(struct http_transport *self, const struct http_request *r, struct http_answer *a, size_t n,
                    unsigned in_flight)
{
    (void)self;
    (void)in_flight;
    assert_int_equal(n, 1);
    free(world.form);
    world.form = mem_dup(r->body);
    world.logins++;
    *a = (struct http_answer){
        .fate = HTTP_ANSWERED, .status = world.status, .body = mem_dup(world.body), .body_n = strlen(world.body)};
    http_headers_add(&a->headers, "date", world.date);
}

static int64_t now(struct env *env)
{
    (void)env;
    return world.now;
}

static bool load(void *self, const char *name, char **plain, struct err *err)
{
    (void)self;
    (void)name;
    (void)err;
    *plain = mem_dup(world.saved);
    return true;
}

static bool save(void *self, const char *name, const char *plain, struct err *err)
{
    (void)self;
    (void)name;
    (void)err;
    free(world.saved);
    world.saved = mem_dup(plain);
    return true;
}

static int set_up(void **state)
{
    (void)state;
    world = (struct world){.transport = {.perform = perform},
                           .env = {.now = now},
                           .now = NOW,
                           .status = 200,
                           .body = GOOD,
                           .date = DATE_THEN};
    world.env.transport = &world.transport;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    oauth_free(world.oauth);
    free(world.form);
    free(world.saved);
    return 0;
}

static void open_with(struct oauth_options o)
{
    const struct vault vault = {.load = load, .save = save};
    oauth_free(world.oauth);
    o.name = "t";
    o.token_url = "https://login.example/token";
    o.client_id = "id";
    world.oauth = oauth_new(&o, &vault);
}

/* One authorised request; what became of its address and header, or NULL. */
static char *authorised(const char *url, unsigned *generation, struct err *err)
{
    struct http_request r = {0};
    char *line = NULL;
    http_request_init(&r, "GET", url);
    if (oauth_authorise(world.oauth, &world.env, &r, generation, err))
        line = mem_printf("%s %s", r.url, http_headers_get(&r.headers, "Authorization"));
    http_request_done(&r);
    return line;
}

static void asks(void)
{
    unsigned generation = 0;
    struct err err = {0};
    AUTO_FREE char *line = authorised("/x", &generation, &err);
    if (!line)
        fail_msg("%s", err.text);
}

static enum err_kind refused_with(int status, const char *body, char words[512])
{
    unsigned generation = 0;
    struct err err = {0};
    world.status = status;
    world.body = body;
    AUTO_FREE char *line = authorised("/x", &generation, &err);
    assert_null(line);
    str_copy(words, 512, err.text);
    return err.kind;
}

/* ---- grants ---- */

static uint8_t *url_decoded(const char *text, size_t n, size_t *out_n)
{
    AUTO_FREE char *copy = mem_printf("%.*s%s", (int)n, text, n % 4 == 2 ? "==" : n % 4 == 3 ? "=" : "");
    for (char *c = copy; *c; c++)
        *c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
    return hash_base64_decode(copy, out_n);
}

static char *pem_of(EVP_PKEY *key)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *at = NULL;
    assert_int_equal(PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
    long n = BIO_get_mem_data(out, &at);
    char *pem = mem_dup_n(at, (size_t)n);
    BIO_free(out);
    return pem;
}

static void assert_signed(EVP_PKEY *key, const char *jwt)
{
    const char *last = strrchr(jwt, '.');
    size_t n = 0;
    AUTO_FREE uint8_t *signature = url_decoded(last + 1, strlen(last + 1), &n);
    assert_non_null(signature);
    EVP_MD_CTX *check = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(check, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestVerify(check, signature, n, (const unsigned char *)jwt, (size_t)(last - jwt)), 1);
    EVP_MD_CTX_free(check);
}

static void an_assertion_is_signed_and_says_who_for_whom_and_how_long(void **state)
{
    (void)state;
    static const char type[] = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    EVP_PKEY *key = EVP_RSA_gen(2048);
    AUTO_FREE char *pem = pem_of(key);
    struct err err = {0};
    assert_true(oauth_key_usable(pem, &err));
    open_with(
        (struct oauth_options){.private_key = pem, .subject = "ada@acme.example", .audience = "https://login.example"});
    asks();
    assert_true(str_starts(world.form, type));
    const char *jwt = world.form + sizeof type - 1, *claims = strchr(jwt, '.') + 1;
    size_t n = 0;
    AUTO_FREE uint8_t *text = url_decoded(claims, strcspn(claims, "."), &n);
    AUTO_JSON json_t *v = js_parse((const char *)text, n, &err);
    assert_string_equal(js_str(v, "iss"), "id");
    assert_string_equal(js_str(v, "sub"), "ada@acme.example");
    assert_string_equal(js_str(v, "aud"), "https://login.example");
    assert_true(js_int_or(v, "exp", 0) > NOW / 1000 && js_int_or(v, "exp", 0) <= NOW / 1000 + 180);
    assert_null(strpbrk(jwt, "=+/"));
    assert_signed(key, jwt);
    EVP_PKEY_free(key);
}

static void a_key_that_cannot_sign_is_a_fault_of_the_configuration(void **state)
{
    (void)state;
    struct err err = {0};
    unsigned generation;
    assert_false(oauth_key_usable("-----BEGIN PRIVATE KEY-----\nno\n-----END PRIVATE KEY-----\n", &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    open_with((struct oauth_options){.private_key = "nonsense"});
    assert_null(authorised("/x", &generation, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_int_equal(world.logins, 0);
}

static void a_client_may_speak_for_itself(void **state)
{
    (void)state;
    open_with((struct oauth_options){.client_secret = "s&t"});
    asks();
    assert_string_equal(world.form, "grant_type=client_credentials&client_id=id&client_secret=s%26t");
}

static void a_rotated_refresh_token_is_kept_and_used(void **state)
{
    (void)state;
    world.body = "{\"access_token\":\"T\",\"refresh_token\":\"two\"}";
    open_with((struct oauth_options){.refresh_token = "one"});
    asks();
    assert_string_equal(world.form, "grant_type=refresh_token&client_id=id&refresh_token=one");
    assert_non_null(strstr(world.saved, "two"));
    open_with((struct oauth_options){.refresh_token = "one"}); /* a restart */
    asks();
    assert_non_null(strstr(world.form, "refresh_token=two"));
    open_with((struct oauth_options){.refresh_token = "newly configured"});
    asks();
    assert_non_null(strstr(world.form, "refresh_token=newly%20configured"));
}

/* ---- the life of a token ---- */

static void a_token_lives_as_long_as_its_answer_or_the_options_say(void **state)
{
    (void)state;
    open_with((struct oauth_options){.client_secret = "s", .life_ms = 3600000});
    asks();
    world.now += 3600000 / 5 * 4 - 1;
    asks();
    assert_int_equal(world.logins, 1);
    world.now += 1;
    world.body = "{\"access_token\":\"T\",\"expires_in\":100}";
    asks();
    assert_int_equal(world.logins, 2);
    world.now += 80000;
    asks();
    assert_int_equal(world.logins, 3);
}

static void the_instance_comes_with_the_token(void **state)
{
    (void)state;
    unsigned generation = 0;
    struct err err = {0};
    open_with((struct oauth_options){.client_secret = "s"});
    AUTO_FREE char *relative = authorised("/data", &generation, &err),
                   *absolute = authorised("https://else.example/", &generation, &err);
    assert_string_equal(relative, "https://acme.example/data Bearer T");
    assert_string_equal(absolute, "https://else.example/ Bearer T");
    world.body = "{\"access_token\":\"U\",\"instance_url\":\"https://moved.example\"}";
    assert_true(oauth_refused(world.oauth, &world.env, generation, &err));
    AUTO_FREE char *moved = authorised("/data", &generation, &err);
    assert_string_equal(moved, "https://moved.example/data Bearer U");
}

static void an_instance_without_tls_is_refused(void **state)
{
    (void)state;
    char words[512];
    open_with((struct oauth_options){.client_secret = "s"});
    assert_int_equal(refused_with(200, "{\"access_token\":\"T\",\"instance_url\":\"http://evil.example\"}", words),
                     ERR_AUTH);
}

/* ---- refusals ---- */

static void many_refused_calls_make_one_login(void **state)
{
    (void)state;
    unsigned generation = 0, again = 0;
    struct err err = {0};
    open_with((struct oauth_options){.client_secret = "s"});
    AUTO_FREE char *one = authorised("/x", &generation, &err), *two = authorised("/y", &again, &err);
    assert_int_equal(generation, again);
    for (int i = 0; i < 10; i++)
        assert_true(oauth_refused(world.oauth, &world.env, generation, &err));
    assert_int_equal(world.logins, 2);
}

static void a_new_token_refused_at_once_ends_the_logins(void **state)
{
    (void)state;
    unsigned generation = 0;
    struct err err = {0};
    open_with((struct oauth_options){.client_secret = "s"});
    for (int i = 0; i < 20; i++) {
        AUTO_FREE char *line = authorised("/x", &generation, &err);
        bool ok = oauth_refused(world.oauth, &world.env, generation, &err);
        assert_int_equal(ok, i == 0);
    }
    assert_int_equal(err.kind, ERR_AUTH);
    assert_int_equal(world.logins, 2);
    world.now += 60000;
    assert_true(oauth_refused(world.oauth, &world.env, generation, &err));
    generation++;
    oauth_worked(world.oauth, generation);
    assert_true(oauth_refused(world.oauth, &world.env, generation, &err));
    assert_int_equal(world.logins, 4);
}

static void a_grant_refused_for_good_is_not_asked_for_in_a_loop(void **state)
{
    (void)state;
    char words[512];
    static const char inactive[] = "{\"error\":\"invalid_grant\",\"error_description\":\"inactive user\"}";
    open_with((struct oauth_options){.client_secret = "s"});
    for (int i = 0; i < 10; i++) {
        assert_int_equal(refused_with(400, inactive, words), ERR_AUTH);
        assert_string_equal(words, "the token service answered 400: invalid_grant: inactive user");
    }
    assert_int_equal(world.logins, 1);
    world.now += 30000;
    world.status = 200;
    world.body = GOOD;
    asks();
}

static void a_crowded_login_and_a_sick_one_pass_by_themselves(void **state)
{
    (void)state;
    char words[512];
    open_with((struct oauth_options){.client_secret = "s"});
    assert_int_equal(refused_with(503, "<html>", words), ERR_TEMP);
    assert_int_equal(
        refused_with(400, "{\"error\":\"invalid_grant\",\"error_description\":\"login rate exceeded\"}", words),
        ERR_RATE);
    assert_int_equal(refused_with(200, GOOD, words), ERR_RATE);
    assert_int_equal(world.logins, 2);
    world.now += 15 * 60000;
    asks();
}

static void a_wrong_clock_is_named(void **state)
{
    (void)state;
    char words[512];
    EVP_PKEY *key = EVP_RSA_gen(2048);
    AUTO_FREE char *pem = pem_of(key);
    EVP_PKEY_free(key);
    open_with((struct oauth_options){.private_key = pem, .subject = "s", .audience = "a"});
    world.now += 600000;
    refused_with(400, "{\"error\":\"invalid_grant\",\"error_description\":\"invalid assertion\"}", words);
    assert_non_null(strstr(words, "clock is 600 s off"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_assertion_is_signed_and_says_who_for_whom_and_how_long, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_that_cannot_sign_is_a_fault_of_the_configuration, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_client_may_speak_for_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_rotated_refresh_token_is_kept_and_used, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_token_lives_as_long_as_its_answer_or_the_options_say, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_instance_comes_with_the_token, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_instance_without_tls_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_refused_calls_make_one_login, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_new_token_refused_at_once_ends_the_logins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_grant_refused_for_good_is_not_asked_for_in_a_loop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_crowded_login_and_a_sick_one_pass_by_themselves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_clock_is_named, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
