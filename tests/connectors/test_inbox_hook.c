/* Deliveries of Inbox's webhooks: signed, in three formats, and never more than a reason to look. */
#include "bridge/base/hash.h"
#include "connectors/inbox/inbox.h"
#include "tests/connectors/recorded.h"

#define SECRET "ibt_wh_example_0123456789"
#define V1(type, data)                                                                                                 \
    "{\"id\":\"i1\",\"seq\":7,\"teamId\":\"t\",\"type\":\"" type "\",\"timestamp\":\"2026-03-02T09:15:30.250Z\",\"version\":\"1.0\",\"data\":" data "}"
#define V2(type, object, id, data)                                                                                     \
    "{\"id\":\"i1\",\"seq\":7,\"type\":\"" type "\",\"apiVersion\":\"2\",\"createdAt\":\"2026-03-02T09:15:30.250Z\",\"object\":{\"type\":\"" object \
    "\",\"id\":\"" id "\",\"url\":\"/x\"},\"data\":" data "}"
#define PERSON                                                                                                         \
    "{\"platform\":\"twitter\",\"platformId\":\"7\",\"externalId\":\"e7\",\"username\":\"ada\",\"context\":{\"tags\":[\"a\"],\"statusId\":null,\"valuation\":5,\"notes\":null}}"

static char *sign(const char *secret, const char *body, int64_t seconds)
{
    uint8_t mac[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    AUTO_FREE char *text = mem_printf("%lld.%s", (long long)seconds, body);
    hash_hmac_sha256(secret, strlen(secret), text, strlen(text), mac);
    hash_hex(mac, sizeof mac, hex);
    return mem_printf("t=%lld,v1=%s", (long long)seconds, hex);
}

struct hooked {
    struct recorded world;
    struct page page;
    struct err err;
    bool ok;
};

static int setup(void **state)
{
    static struct hooked h;
    h = (struct hooked){0};
    setenv("HOOK_SECRET", SECRET, 1);
    setenv("HOOK_OLD", "ibt_wh_old", 1);
    recorded_open(&h.world, &inbox_connector);
    endpoint_free(h.world.ep);
    h.world.ep = recorded_endpoint(&h.world, &inbox_connector,
                                   "token = \"env:RECORDED_TOKEN\"; hook_secret = \"env:HOOK_SECRET\"; hook_secret_old = \"env:HOOK_OLD\";");
    assert_non_null(h.world.ep);
    *state = &h;
    return 0;
}

static int teardown(void **state)
{
    struct hooked *h = *state;
    page_done(&h->page);
    recorded_close(&h->world);
    return 0;
}

static void post_signed(struct hooked *h, const char *header, const char *body)
{
    AUTO_JSON json_t *headers = json_pack("{s:s}", "x-inbox-signature", header);
    page_done(&h->page);
    h->err = (struct err){0};
    h->ok = inbox_connector.hook(h->world.ep, "POST", "/hooks/inbox", headers, body, strlen(body), RECORDED_NOW, &h->page, &h->err);
    assert_int_equal(h->world.n_asked, 0);
}

static void post(struct hooked *h, const char *body)
{
    AUTO_FREE char *header = sign(SECRET, body, RECORDED_NOW / 1000);
    post_signed(h, header, body);
}

static void assert_looks_at(const struct hooked *h, const char *id, const char *key)
{
    assert_true(h->ok);
    assert_int_equal(h->page.n, 1);
    assert_string_equal(h->page.items[0].object, "prospect");
    assert_string_equal(h->page.items[0].id, id);
    assert_true(str_eq(h->page.items[0].key, key));
    assert_null(h->page.items[0].fields);
}

static void assert_only_rings(const struct hooked *h)
{
    assert_true(h->ok);
    assert_int_equal(h->page.n, 0);
    assert_false(h->page.gap);
}

static void today_s_format_is_read_as_the_feed_reads_it(void **state)
{
    struct hooked *h = *state;
    post(h, V1("prospect.valuationChanged", "{\"prospect\":" PERSON "}"));
    assert_true(h->ok);
    assert_int_equal(h->page.n, 1);
    assert_string_equal(h->page.items[0].id, "e7");
    assert_string_equal(h->page.items[0].key, "x:7");
    assert_int_equal(h->page.items[0].as_of, RECORDED_NOW + 250);
    assert_member(h->page.items[0].fields, "context.valuation", "5");
}

static void version_2_names_contacts_to_look_at(void **state)
{
    struct hooked *h = *state;
    post(h, V2("contact.valuationChanged", "contact", "c1", "{\"valuation\":5200}"));
    assert_looks_at(h, "c1", NULL);
    post(h, V2("target.replied", "campaign", "k", "{\"threadId\":\"t\",\"messageId\":\"m\",\"contactId\":\"c2\"}"));
    assert_looks_at(h, "c2", NULL);
}

static void the_legacy_format_names_the_target_by_its_key(void **state)
{
    struct hooked *h = *state;
    post(h, "{\"event\":\"targetReplied\",\"version\":\"1.0\",\"timestamp\":\"2026-03-02T09:15:30.250Z\",\"platform\":\"twitter\","
            "\"data\":{\"external\":{\"id\":\"legacy1\",\"platformId\":\"7\",\"platform\":\"twitter\",\"username\":\"ada\"}}}");
    assert_looks_at(h, "x:7", "x:7");
}

static void what_names_nobody_only_rings(void **state)
{
    struct hooked *h = *state;
    static const char *const bodies[] = {
        V1("message.created", "{\"message\":{\"id\":\"m\",\"threadId\":\"t\"}}"),
        V1("prospect.enriched", "{}"),
        V1("thread.deleted", "{\"threadId\":\"t\"}"),
        V1("ping", "{}"),
        V2("message.received", "message", "m", "{\"threadId\":\"t\"}"),
        V2("something.new", "thing", "x", "{}"),
        "{\"event\":\"targetReplied\",\"data\":{}}",
        "{\"event\":\"somethingElse\"}",
    };
    for (size_t i = 0; i < COUNT(bodies); i++) {
        post(h, bodies[i]);
        assert_only_rings(h);
    }
}

static void changed_catalogues_are_to_be_learnt_anew(void **state)
{
    struct hooked *h = *state;
    post(h, V1("tag.deleted", "{\"tagId\":\"x\"}"));
    assert_only_rings(h);
    assert_true(h->page.relearn);
    post(h, V2("status.updated", "status", "s", "{}"));
    assert_only_rings(h);
    assert_true(h->page.relearn);
}

static void the_secret_before_still_counts(void **state)
{
    struct hooked *h = *state;
    static const char body[] = V1("ping", "{}");
    AUTO_FREE char *old = sign("ibt_wh_old", body, RECORDED_NOW / 1000), *foreign = sign("ibt_wh_x", body, RECORDED_NOW / 1000),
                   *stale = sign(SECRET, body, RECORDED_NOW / 1000 - 301);
    post_signed(h, old, body);
    assert_only_rings(h);
    post_signed(h, foreign, body);
    assert_false(h->ok);
    assert_int_equal(h->err.kind, ERR_AUTH);
    post_signed(h, stale, body);
    assert_false(h->ok);
    assert_int_equal(h->err.kind, ERR_AUTH);
}

static void signed_nonsense_is_refused_as_such(void **state)
{
    struct hooked *h = *state;
    static const char *const bodies[] = {"", "{", "[]", "{}", "null", "{\"type\":5}", "{\"apiVersion\":\"2\"}"};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        post(h, bodies[i]);
        assert_false(h->ok);
        assert_int_equal(h->err.kind, ERR_REJECT);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(today_s_format_is_read_as_the_feed_reads_it), TEST(version_2_names_contacts_to_look_at),
        TEST(the_legacy_format_names_the_target_by_its_key), TEST(what_names_nobody_only_rings),
        TEST(changed_catalogues_are_to_be_learnt_anew), TEST(the_secret_before_still_counts),
        TEST(signed_nonsense_is_refused_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
