/* Salesforce: three ways to a session, how each is refused, how sessions end, and what the daily limit says. */
#include "bridge/base/hash.h"
#include "tests/sandbox/asking_salesforce.h"
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#define FORM "application/x-www-form-urlencoded"

static int token(struct place *p, const char *form)
{
    return send_with(p, NULL, (struct header){0}, FORM, "POST", "/services/oauth2/token", mem_dup(form));
}

static char *base64url(const void *data, size_t n)
{
    char *text = hash_base64(data, n);
    for (char *c = text; *c; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    text[strcspn(text, "=")] = '\0';
    return text;
}

static char *signature(const char *pem, const char *text)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    unsigned char bytes[512];
    size_t n = sizeof bytes;
    assert_true(key && EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key) == 1);
    assert_true(EVP_DigestSign(c, bytes, &n, (const unsigned char *)text, strlen(text)) == 1);
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return base64url(bytes, n);
}

static int by_jwt(struct place *p, const char *header, const char *claims)
{
    AUTO_FREE char *pem = sandbox_salesforce_key(p->inbox), *h = base64url(header, strlen(header)),
                   *c = base64url(claims, strlen(claims)), *text = mem_printf("%s.%s", h, c);
    AUTO_FREE char *sign = signature(pem, text);
    AUTO_FREE char *form = mem_printf("grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Agrant-type%%3Ajwt-bearer&assertion="
                                      "%s.%s",
                                      text, sign);
    return token(p, form);
}

static char *claims(struct place *p, const char *iss, const char *sub, const char *aud, int64_t seconds)
{
    return mem_printf("{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"%s\",\"exp\":\"%lld\"}", iss, sub, aud,
                      (long long)(sandbox_now(p->box) / 1000 + seconds));
}

static void a_jwt_gives_a_session_without_an_end(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *good = claims(p, "sandbox-client", "integration@sandbox.example", "https://login.salesforce.com",
                                  170);
    assert_int_equal(by_jwt(p, "{\"alg\":\"RS256\"}", good), 200);
    assert_string_equal(text_at(p, "instance_url"), "http://salesforce.sandbox");
    assert_string_equal(text_at(p, "token_type"), "Bearer");
    assert_non_null(strstr(text_at(p, "id"), "/id/00D"));
    assert_null(at(p, "expires_in"));
    assert_null(at(p, "refresh_token"));
    AUTO_FREE char *session = keep(p, "access_token");
    assert_true(str_starts(session, "00D"));
    assert_int_equal(send_with(p, session, (struct header){0}, NULL, "GET", "/services/oauth2/userinfo", NULL), 200);
    assert_true(str_starts(text_at(p, "organization_id"), "00D"));
    assert_int_equal(strlen(text_at(p, "organization_id")), 18);
}

static void every_claim_is_looked_at(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *header, *iss, *sub, *aud;
        int64_t seconds;
        const char *why;
    } cases[] = {
        {"RS256", "somebody", "integration@sandbox.example", "https://login.salesforce.com", 100,
         "client identifier invalid"},
        {"RS256", "sandbox-client", "integration@sandbox.example", "http://salesforce.sandbox", 100,
         "audience is invalid"},
        {"RS256", "sandbox-client", "integration@sandbox.example", "https://test.salesforce.com", -1,
         "expired authorization code"},
        {"RS256", "sandbox-client", "integration@sandbox.example", "https://login.salesforce.com", 600,
         "invalid assertion"},
        {"RS256", "sandbox-client", "nobody@sandbox.example", "https://login.salesforce.com", 100,
         "user hasn't approved this consumer"},
        {"RS256", "sandbox-client", "dora@team.example", "https://login.salesforce.com", 100, "inactive user"},
        {"HS256", "sandbox-client", "integration@sandbox.example", "https://login.salesforce.com", 100,
         "invalid assertion"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_FREE char *c = claims(p, cases[i].iss, cases[i].sub, cases[i].aud, cases[i].seconds);
        AUTO_FREE char *h = mem_printf("{\"alg\":\"%s\"}", cases[i].header);
        assert_int_equal(by_jwt(p, h, c), 400);
        assert_string_equal(text_at(p, "error_description"), cases[i].why);
    }
    assert_int_equal(token(p, "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=a.b.c"), 400);
    assert_string_equal(text_at(p, "error"), "invalid_grant");
}

static void client_credentials_come_in_the_form_or_as_basic(void **state)
{
    struct place *p = *state;
    assert_int_equal(token(p, "grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret"),
                     200);
    assert_null(at(p, "refresh_token"));
    assert_int_equal(send_with(p, NULL,
                               (struct header){"Authorization", "Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ="}, FORM,
                               "POST", "/services/oauth2/token", mem_dup("grant_type=client_credentials")),
                     200);
    assert_int_equal(token(p, "grant_type=client_credentials&client_id=sandbox-client&client_secret=x"), 400);
    assert_string_equal(text_at(p, "error"), "invalid_client");
    set_manner(p, "{'run_as':false}");
    assert_int_equal(token(p, "grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret"),
                     400);
    assert_string_equal(text_at(p, "error_description"), "no client credentials user enabled");
    assert_int_equal(
        send_with(p, NULL, (struct header){0}, "application/json", "POST", "/services/oauth2/token", mem_dup("{}")),
        401);
    assert_null(p->json); /* XML */
}

static void a_rotated_refresh_token_is_dead(void **state)
{
    struct place *p = *state;
    const char *form = "grant_type=refresh_token&client_id=sandbox-client&refresh_token=sandbox-refresh";
    assert_int_equal(token(p, form), 200);
    assert_null(at(p, "refresh_token"));
    set_manner(p, "{'rotation':true}");
    assert_int_equal(token(p, form), 200);
    AUTO_FREE char *next = keep(p, "refresh_token");
    assert_int_equal(token(p, form), 400);
    assert_string_equal(text_at(p, "error_description"), "expired access/refresh token");
    AUTO_FREE char *again = mem_printf("grant_type=refresh_token&client_id=sandbox-client&refresh_token=%s", next);
    assert_int_equal(token(p, again), 200);
}

static void sessions_end_by_idleness_or_on_demand(void **state)
{
    struct place *p = *state;
    const char *form = "grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret";
    assert_int_equal(token(p, form), 200);
    AUTO_FREE char *one = keep(p, "access_token");
    for (int i = 0; i < 4; i++) { /* use keeps it alive */
        sandbox_advance(p->box, 90 * 60000);
        assert_int_equal(send_with(p, one, (struct header){0}, NULL, "GET", DATA "/limits", NULL), 200);
    }
    sandbox_advance(p->box, 121 * 60000);
    assert_int_equal(send_with(p, one, (struct header){0}, NULL, "GET", DATA "/limits", NULL), 401);
    assert_string_equal(code(p), "INVALID_SESSION_ID");
    assert_string_equal(js_str(row_at(p, 0), "message"), "Session expired or invalid");
    assert_int_equal(token(p, form), 200);
    AUTO_FREE char *two = keep(p, "access_token");
    edit(p, "{'object':'session','delete':true}");
    assert_int_equal(send_with(p, two, (struct header){0}, NULL, "GET", DATA "/limits", NULL), 401);
    set_manner(p, "{'policy_401':'This session is not valid for use with the REST API'}");
    assert_int_equal(sf(p, "GET", DATA "/limits", NULL), 401);
    assert_non_null(strstr(js_str(row_at(p, 0), "message"), "not valid for use"));
    set_manner(p, "{'policy_401':'','logins_per_hour':2}");
    assert_int_equal(token(p, form), 200); /* the hour began anew */
    assert_int_equal(token(p, form), 400);
    assert_string_equal(text_at(p, "error_description"), "login rate exceeded");
}

static void the_budget_is_told_and_then_it_is_over(void **state)
{
    struct place *p = *state;
    set_manner(p, "{'daily':3}");
    assert_int_equal(sf(p, "GET", DATA "/limits", NULL), 200);
    assert_string_equal(answer_header(p, "Sforce-Limit-Info"), "api-usage=1/3");
    assert_int_equal(number_at(p, "DailyApiRequests.Remaining"), 2);
    set_manner(p, "{'limit_info':'per_app'}");
    assert_int_equal(sf(p, "GET", DATA "/limits", NULL), 200);
    assert_non_null(strstr(answer_header(p, "Sforce-Limit-Info"), "api-usage=2/3; per-app-api-usage=2/"));
    assert_int_equal(sf(p, "GET", DATA "/limits", NULL), 200);
    assert_int_equal(sf(p, "GET", DATA "/limits", NULL), 403);
    assert_string_equal(code(p), "REQUEST_LIMIT_EXCEEDED");
    assert_string_equal(js_str(row_at(p, 0), "message"), "TotalRequests Limit exceeded.");
    assert_string_equal(answer_header(p, "Retry-After"), "");
    sandbox_advance(p->box, 25 * (int64_t)3600000);
    assert_int_equal(sf(p, "GET", DATA "/limits", NULL), 200);
}

static void versions_come_and_go(void **state)
{
    struct place *p = *state;
    assert_int_equal(send_with(p, NULL, (struct header){0}, NULL, "GET", "/services/data/", NULL), 200);
    assert_string_equal(js_str(row_at(p, 0), "url"), "/services/data/v31.0");
    assert_int_equal(sf(p, "GET", "/services/data/v30.0/sobjects", NULL), 410);
    assert_string_equal(code(p), "UNSUPPORTED_API_VERSION");
    assert_int_equal(sf(p, "GET", "/services/data/v99.0/sobjects", NULL), 404);
    assert_int_equal(sf(p, "GET", "/services/data/v62.0/nothing", NULL), 404);
    assert_int_equal(sf(p, "POST", "%s", "{'LastName':", LEAD), 400);
    assert_string_equal(code(p), "JSON_PARSER_ERROR");
    AUTO_FREE char *name = mem_alloc(16501);
    memset(name, 'A', 16500);
    assert_int_equal(sf(p, "GET", LEAD "?fields=%s", NULL, name), 414);
    assert_null(p->json);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_salesforce, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_jwt_gives_a_session_without_an_end),
        TEST(every_claim_is_looked_at),
        TEST(client_credentials_come_in_the_form_or_as_basic),
        TEST(a_rotated_refresh_token_is_dead),
        TEST(sessions_end_by_idleness_or_on_demand),
        TEST(the_budget_is_told_and_then_it_is_over),
        TEST(versions_come_and_go),
    };
    return cmocka_run_group_tests_name("sandbox.salesforce_oauth", tests, NULL, NULL);
}
