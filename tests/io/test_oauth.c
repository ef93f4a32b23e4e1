/* Tokens: one refresh at a time, in time, and a rotated refresh token on disk before anything is done with its access token. */
#include "bridge/base/str.h"
#include "bridge/io/oauth.h"
#include "tests/base/asserts.h"
#include "tests/kit/script.h"
#include <pthread.h>

#define FRESH(access, refresh) "{\"access_token\":\"" access "\",\"refresh_token\":\"" refresh "\",\"expires_in\":1800}"

struct drawer { /* a vault in memory */
    char *text;
    bool stuck;
    int saves;
};

static bool drawer_load(void *self, const char *name, char **plain, struct err *err)
{
    (void)name;
    (void)err;
    *plain = mem_dup(((struct drawer *)self)->text);
    return true;
}

static bool drawer_save(void *self, const char *name, const char *plain, struct err *err)
{
    struct drawer *d = self;
    (void)name;
    if (d->stuck)
        return err_set(err, ERR_STORE, "the disk is full");
    free(d->text);
    d->text = mem_dup(plain);
    d->saves++;
    return true;
}

static struct oauth *grant(struct drawer *d, const char *refresh)
{
    struct oauth_options o = {.name = "crm", .token_url = "https://crm.example/token", .client_id = "app & co", .client_secret = "s/cret",
                              .refresh_token = refresh};
    struct vault v = {.self = d, .load = drawer_load, .save = drawer_save};
    return oauth_new(&o, d ? &v : NULL);
}

/* The token the next request would carry; NULL and err when there is none. */
static char *token(struct oauth *a, struct script *s, unsigned *generation, struct err *err)
{
    struct http_request r = {0};
    http_request_init(&r, "GET", "https://crm.example/x");
    char *out = oauth_authorise(a, &s->env, &r, generation, err) ? mem_dup(http_headers_get(&r.headers, "authorization")) : NULL;
    http_request_done(&r);
    return out;
}

#define ASSERT_TOKEN(a, s, wanted)                                                                                     \
    do {                                                                                                               \
        unsigned generation_ = 0;                                                                                      \
        struct err err_ = {0};                                                                                         \
        AUTO_FREE char *have_ = token(a, s, &generation_, &err_);                                                      \
        assert_string_equal(have_ ? have_ : err_.text, wanted);                                                        \
    } while (0)

static void a_static_token_is_used_as_it_is_and_never_refreshed(void **state)
{
    struct oauth *a = oauth_new(&(struct oauth_options){.name = "crm", .static_token = "pat-1"}, NULL);
    struct script s;
    struct err err = {0};
    (void)state;
    script_begin(&s, NULL, 0);
    ASSERT_TOKEN(a, &s, "Bearer pat-1");
    assert_false(oauth_refused(a, &s.env, 0, &err));
    assert_int_equal(err.kind, ERR_NONE); /* the 401 itself is the error */
    assert_int_equal(s.at, 0);
    script_end(&s);
    oauth_free(a);
}

static void the_grant_is_asked_once_and_used_until_four_fifths_of_its_life(void **state)
{
    static const struct line lines[] = {{200, FRESH("a1", "r0"), NULL, NULL}, {200, FRESH("a2", "r0"), NULL, NULL}};
    struct oauth *a = grant(NULL, "r0");
    struct script s;
    (void)state;
    script_begin(&s, lines, 2);
    ASSERT_TOKEN(a, &s, "Bearer a1");
    s.now += 1439 * 1000;
    ASSERT_TOKEN(a, &s, "Bearer a1");
    assert_int_equal(s.at, 1);
    s.now += 1000;
    ASSERT_TOKEN(a, &s, "Bearer a2");
    assert_string_equal(s.asked[0], "POST https://crm.example/token - grant_type=refresh_token&client_id=app%20%26%20co&client_secret=s%2Fcret&refresh_token=r0");
    script_end(&s);
    oauth_free(a);
}

static void a_401_refreshes_once_for_all_who_met_it(void **state)
{
    static const struct line lines[] = {{200, FRESH("a1", "r0"), NULL, NULL}, {200, FRESH("a2", "r0"), NULL, NULL}};
    struct oauth *a = grant(NULL, "r0");
    struct script s;
    struct err err = {0};
    unsigned generation = 0;
    (void)state;
    script_begin(&s, lines, 2);
    AUTO_FREE char *first = token(a, &s, &generation, &err);
    assert_true(oauth_refused(a, &s.env, generation, &err));
    assert_true(oauth_refused(a, &s.env, generation, &err)); /* the second one takes the first one's token */
    assert_int_equal(s.at, 2);
    ASSERT_TOKEN(a, &s, "Bearer a2");
    script_end(&s);
    oauth_free(a);
}

static void a_rotated_token_is_kept_and_survives_a_restart(void **state)
{
    static const struct line lines[] = {{200, FRESH("a1", "r1"), NULL, NULL}, {200, FRESH("a2", "r2"), NULL, NULL}};
    struct drawer d = {0};
    struct script s;
    (void)state;
    script_begin(&s, lines, 2);
    struct oauth *a = grant(&d, "r0");
    ASSERT_TOKEN(a, &s, "Bearer a1");
    assert_int_equal(d.saves, 1);
    oauth_free(a);
    a = grant(&d, "r0"); /* the configuration still says r0 */
    ASSERT_TOKEN(a, &s, "Bearer a2");
    assert_holds(s.asked[1], "refresh_token=r1");
    assert_holds(d.text, "r2");
    assert_null(strstr(d.text, "r0")); /* what it descends from is kept as a hash */
    oauth_free(a);
    script_end(&s);
    free(d.text);
}

static void a_token_newly_configured_replaces_the_kept_one(void **state)
{
    static const struct line lines[] = {{200, FRESH("a1", "r1"), NULL, NULL}, {200, FRESH("a2", "n1"), NULL, NULL}};
    struct drawer d = {0};
    struct script s;
    (void)state;
    script_begin(&s, lines, 2);
    struct oauth *a = grant(&d, "r0");
    ASSERT_TOKEN(a, &s, "Bearer a1");
    oauth_free(a);
    a = grant(&d, "new");
    ASSERT_TOKEN(a, &s, "Bearer a2");
    assert_holds(s.asked[1], "refresh_token=new");
    oauth_free(a);
    script_end(&s);
    free(d.text);
}

static void an_access_token_whose_refresh_token_cannot_be_kept_is_not_used(void **state)
{
    static const struct line lines[] = {{200, FRESH("a1", "r1"), NULL, NULL}, {200, FRESH("a2", "r1"), NULL, NULL}};
    struct drawer d = {.stuck = true};
    struct oauth *a = grant(&d, "r0");
    struct script s;
    struct err err = {0};
    unsigned generation = 0;
    (void)state;
    script_begin(&s, lines, 2);
    assert_null(token(a, &s, &generation, &err));
    assert_err(&err, ERR_STORE, "could not be kept");
    assert_holds(err.text, "the disk is full");
    d.stuck = false;
    ASSERT_TOKEN(a, &s, "Bearer a2");
    script_end(&s);
    oauth_free(a);
    free(d.text);
}

static void a_grant_refused_for_good_is_told_apart_from_a_service_in_trouble(void **state)
{
    static const struct {
        struct line line;
        enum err_kind kind;
        const char *words;
    } rows[] = {
        {{400, "{\"error\":\"invalid_grant\",\"error_description\":\"refresh token is revoked\"}", NULL, NULL}, ERR_AUTH, "refresh token is revoked"},
        {{401, "{\"message\":\"no such app\"}", NULL, NULL}, ERR_AUTH, "no such app"},
        {{500, "<html>", NULL, NULL}, ERR_TEMP, "500"},
        {{429, "", NULL, NULL}, ERR_TEMP, "429"},
        {{200, "{\"token_type\":\"bearer\"}", NULL, NULL}, ERR_TEMP, "200"},
        {{200, "{\"access_token\":", NULL, NULL}, ERR_TEMP, "200"},
        {{0, NULL, NULL, NULL}, ERR_TEMP, "not reached"},
        {{-1, NULL, NULL, NULL}, ERR_TEMP, "nobody listens"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct oauth *a = grant(NULL, "r0");
        struct script s;
        struct err err = {0};
        unsigned generation = 0;
        script_begin(&s, &rows[i].line, 1);
        assert_null(token(a, &s, &generation, &err));
        assert_err(&err, rows[i].kind, rows[i].words);
        script_end(&s);
        oauth_free(a);
    }
}

/* ---- many at once ---- */

struct crowd {
    struct oauth *a;
    struct script *s;
};

static void *one_of_many(void *self)
{
    struct crowd *c = self;
    struct err err = {0};
    unsigned generation = 0;
    return token(c->a, c->s, &generation, &err);
}

static void many_threads_share_one_refresh(void **state)
{
    static const struct line lines[] = {{200, FRESH("a1", "r0"), NULL, NULL}, {200, FRESH("a2", "r0"), NULL, NULL}};
    struct script s;
    pthread_t threads[8];
    (void)state;
    script_begin(&s, lines, 2);
    struct crowd c = {grant(NULL, "r0"), &s};
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, one_of_many, &c), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *got = NULL;
        pthread_join(threads[i], &got);
        AUTO_FREE char *text = got;
        assert_string_equal(text, "Bearer a1");
    }
    assert_int_equal(s.at, 1);
    script_end(&s);
    oauth_free(c.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_static_token_is_used_as_it_is_and_never_refreshed),
        cmocka_unit_test(the_grant_is_asked_once_and_used_until_four_fifths_of_its_life),
        cmocka_unit_test(a_401_refreshes_once_for_all_who_met_it),
        cmocka_unit_test(a_rotated_token_is_kept_and_survives_a_restart),
        cmocka_unit_test(a_token_newly_configured_replaces_the_kept_one),
        cmocka_unit_test(an_access_token_whose_refresh_token_cannot_be_kept_is_not_used),
        cmocka_unit_test(a_grant_refused_for_good_is_told_apart_from_a_service_in_trouble),
        cmocka_unit_test(many_threads_share_one_refresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
