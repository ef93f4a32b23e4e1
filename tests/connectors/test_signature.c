/* Signatures of deliveries: the published vectors are accepted, and nothing beside them. */
#include "bridge/base/js.h"
#include "connectors/signature.h"
#include "tests/base/asserts.h"

#define AT_INBOX INT64_C(1772442930)
#define INBOX_BODY                                                                                                     \
    "{\"id\":\"t4wj99ibag7i1mnbqns6puq8\",\"seq\":7,\"teamId\":\"kjzde8gxd6ncf10epf91dhod\",\"type\":\"thread.deleted\"," \
    "\"timestamp\":\"2026-03-02T09:15:30.250Z\",\"version\":\"1.0\",\"data\":{\"threadId\":\"v81u33xtplpft75v2seh60kv\"}}"
#define INBOX_MAC "a4671da8fb10079a6cb7dd63d35a63d0f4a37948bfce3e659988b6a5ea0a324d"
#define INBOX_SECRET "ibt_wh_example_0123456789"

static const struct signature_secrets nobody = {{NULL, NULL}};

static struct delivery delivery(const json_t *headers, const char *body, int64_t now)
{
    return (struct delivery){.method = "POST", .headers = headers, .body = body, .body_n = strlen(body), .now = now, .tolerance = 300000};
}

/* ---- Inbox ---- */

static struct err inbox(const char *header, const char *body, int64_t seconds, const char *secret, const char *old)
{
    json_t *headers = header ? json_pack("{s:s}", "X-Inbox-Signature", header) : json_object();
    struct delivery d = delivery(headers, body, seconds * 1000);
    struct err err = {0};
    const struct signature_secrets secrets = {{secret, old}};
    if (signature_inbox(&d, &secrets, &err))
        err = (struct err){0};
    json_decref(headers);
    return err;
}

static void inbox_accepts_its_published_vector(void **state)
{
    (void)state;
    assert_int_equal(inbox("t=1772442930,v1=" INBOX_MAC, INBOX_BODY, AT_INBOX, INBOX_SECRET, NULL).kind, ERR_NONE);
}

static void inbox_accepts_any_of_several_signatures_and_secrets_in_either_case(void **state)
{
    (void)state;
    static const char upper[] = "A4671DA8FB10079A6CB7DD63D35A63D0F4A37948BFCE3E659988B6A5EA0A324D";
    AUTO_FREE char *header = mem_printf(" k=0, t=1772442930 , v1=00ff00ff,v0=1,v1=%s", upper);
    assert_int_equal(inbox(header, INBOX_BODY, AT_INBOX, "another", INBOX_SECRET).kind, ERR_NONE);
    assert_int_equal(inbox(header, INBOX_BODY, AT_INBOX, INBOX_SECRET, "another").kind, ERR_NONE);
    assert_int_equal(inbox(header, INBOX_BODY, AT_INBOX, "another", "third").kind, ERR_AUTH);
}

static void inbox_refuses_what_was_altered(void **state)
{
    (void)state;
    struct err wrong = inbox("t=1772442930,v1=" INBOX_MAC, INBOX_BODY " ", AT_INBOX, INBOX_SECRET, NULL);
    assert_err(&wrong, ERR_AUTH, "wrong");
    assert_int_equal(inbox("t=1772442931,v1=" INBOX_MAC, INBOX_BODY, AT_INBOX, INBOX_SECRET, NULL).kind, ERR_AUTH);
    assert_int_equal(inbox("t=1772442930,v1=" INBOX_MAC "0", INBOX_BODY, AT_INBOX, INBOX_SECRET, NULL).kind, ERR_AUTH);
}

static void inbox_counts_a_signature_for_five_minutes_either_way(void **state)
{
    (void)state;
    static const char header[] = "t=1772442930,v1=" INBOX_MAC;
    assert_int_equal(inbox(header, INBOX_BODY, AT_INBOX + 300, INBOX_SECRET, NULL).kind, ERR_NONE);
    assert_int_equal(inbox(header, INBOX_BODY, AT_INBOX - 300, INBOX_SECRET, NULL).kind, ERR_NONE);
    struct err late = inbox(header, INBOX_BODY, AT_INBOX + 301, INBOX_SECRET, NULL);
    struct err early = inbox(header, INBOX_BODY, AT_INBOX - 301, INBOX_SECRET, NULL);
    assert_err(&late, ERR_AUTH, "301 s ago");
    assert_err(&early, ERR_AUTH, "in the future");
}

static void inbox_refuses_headers_it_cannot_read(void **state)
{
    (void)state;
    static const char *const bad[] = {NULL, "", ",,,", "v1=" INBOX_MAC, "t=,v1=" INBOX_MAC, "t=-1,v1=" INBOX_MAC, "t=1772442930", "t=1772442930,v1=",
                                      "t=99999999999999999999,v1=" INBOX_MAC, "t=1772442930;v1=" INBOX_MAC, "t", "=", "t=1772442930,v1"};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(inbox(bad[i], INBOX_BODY, AT_INBOX, INBOX_SECRET, NULL).kind, ERR_AUTH);
}

/* ---- HubSpot ---- */

#define HUB_SECRET "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
#define HUB_URL "https://www.example.com/webhook_uri"
#define HUB_BODY "{'example_field':'example_value'}"
#define HUB_V1                                                                                                         \
    "[{\"eventId\":1,\"subscriptionId\":12345,\"portalId\":62515,\"occurredAt\":1564113600000,\"subscriptionType\":"   \
    "\"contact.creation\",\"attemptNumber\":0,\"objectId\":123,\"changeSource\":\"CRM\",\"changeFlag\":\"NEW\",\"appId\":54321}]"
#define HUB_V1_MAC "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de"

static struct err hubspot_v3(const char *mac, const char *stamp, const char *url, int64_t now)
{
    json_t *headers = json_pack("{s:s,s:s}", "x-hubspot-signature-v3", mac, "X-HubSpot-Request-Timestamp", stamp);
    struct delivery d = delivery(headers, HUB_BODY, now);
    const struct signature_secrets secrets = {{HUB_SECRET, NULL}};
    struct err err = {0};
    if (signature_hubspot(&d, url, false, &secrets, &err))
        err = (struct err){0};
    json_decref(headers);
    return err;
}

static void hubspot_accepts_its_published_v3_vectors(void **state)
{
    (void)state;
    assert_int_equal(hubspot_v3("K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=", "1693657560000", HUB_URL, 1693657560000).kind, ERR_NONE);
    assert_int_equal(hubspot_v3("RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw=", "1700000300000", HUB_URL, 1700000300000 + 300000).kind, ERR_NONE);
}

static void hubspot_refuses_what_is_wrong_old_or_from_elsewhere(void **state)
{
    (void)state;
    static const char mac[] = "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=";
    struct err old = hubspot_v3(mac, "1693657560000", HUB_URL, 1693657560000 + 300001);
    assert_err(&old, ERR_AUTH, "ago");
    assert_int_equal(hubspot_v3(mac, "1693657560000", HUB_URL, 1693657560000 - 300001).kind, ERR_AUTH);
    assert_int_equal(hubspot_v3(mac, "1693657560001", HUB_URL, 1693657560000).kind, ERR_AUTH);
    assert_int_equal(hubspot_v3(mac, "soon", HUB_URL, 1693657560000).kind, ERR_AUTH);
    assert_int_equal(hubspot_v3(mac, "1693657560000", HUB_URL "?x=1", 1693657560000).kind, ERR_AUTH);
    assert_int_equal(hubspot_v3("", "1693657560000", HUB_URL, 1693657560000).kind, ERR_AUTH);
    struct err no_url = hubspot_v3(mac, "1693657560000", NULL, 1693657560000);
    assert_err(&no_url, ERR_CONFIG, "hook_url");
}

static void hubspot_decodes_only_what_its_page_lists(void **state)
{
    (void)state;
    AUTO_FREE char *url = signature_hubspot_url("https%3a%2F%2Fh/p%3Fq%40=%21%24%27%28%29%2A%2c%3B%20%26%5B%25%3");
    assert_string_equal(url, "https://h/p?q@=!$'()*,;%20%26%5B%25%3");
}

static struct err hubspot_v1(bool accepted, const char *version, const char *body)
{
    json_t *headers = json_pack("{s:s,s:s}", "X-HubSpot-Signature", HUB_V1_MAC, "X-HubSpot-Signature-Version", version);
    struct delivery d = delivery(headers, body, 0);
    const struct signature_secrets secrets = {{"another", HUB_SECRET}};
    struct err err = {0};
    if (signature_hubspot(&d, NULL, accepted, &secrets, &err))
        err = (struct err){0};
    json_decref(headers);
    return err;
}

static void hubspot_v1_counts_only_where_it_was_asked_for(void **state)
{
    (void)state;
    assert_int_equal(hubspot_v1(true, "v1", HUB_V1).kind, ERR_NONE);
    assert_int_equal(hubspot_v1(true, "v1", HUB_V1 " ").kind, ERR_AUTH);
    assert_int_equal(hubspot_v1(true, "v2", HUB_V1).kind, ERR_AUTH);
    struct err refused = hubspot_v1(false, "v1", HUB_V1);
    assert_err(&refused, ERR_AUTH, "older version");
}

/* A thief of an old v1 must not get past a wrong v3. */
static void a_wrong_v3_is_not_healed_by_a_right_v1(void **state)
{
    (void)state;
    AUTO_JSON json_t *headers = json_pack("{s:s,s:s,s:s}", "X-HubSpot-Signature", HUB_V1_MAC, "X-HubSpot-Signature-v3", "AAAA", "X-HubSpot-Request-Timestamp", "0");
    struct delivery d = delivery(headers, HUB_V1, 0);
    const struct signature_secrets secrets = {{HUB_SECRET, NULL}};
    struct err err = {0};
    assert_false(signature_hubspot(&d, HUB_URL, true, &secrets, &err));
    assert_int_equal(err.kind, ERR_AUTH);
}

/* ---- Standard Webhooks ---- */

#define STD_SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define STD_OTHER "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define STD_ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define STD_AT INT64_C(1614265330)
#define STD_BODY "{\"test\": 2432232314}"
#define STD_MAC "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static struct err standard(const char *header, const char *body, int64_t seconds, const char *secret, const char *old)
{
    json_t *headers = json_pack("{s:s,s:s,s:s*}", "webhook-id", STD_ID, "Webhook-Timestamp", "1614265330", "webhook-signature", header);
    struct delivery d = delivery(headers, body, seconds * 1000);
    const struct signature_secrets secrets = {{secret, old}};
    struct err err = {0};
    if (signature_standard(&d, &secrets, &err))
        err = (struct err){0};
    json_decref(headers);
    return err;
}

static void standard_webhooks_accepts_and_makes_the_known_vector(void **state)
{
    (void)state;
    struct err err = {0};
    const struct signature_secrets one = {{STD_SECRET, NULL}}, bare = {{STD_SECRET + 6, NULL}};
    assert_int_equal(standard(STD_MAC, STD_BODY, STD_AT, STD_SECRET, NULL).kind, ERR_NONE);
    AUTO_FREE char *made = signature_standard_make(STD_ID, STD_AT, STD_BODY, strlen(STD_BODY), &one, &err);
    AUTO_FREE char *again = signature_standard_make(STD_ID, STD_AT, STD_BODY, strlen(STD_BODY), &bare, &err);
    assert_string_equal(made, STD_MAC);
    assert_string_equal(again, STD_MAC);
}

static void a_key_being_exchanged_signs_twice_and_either_is_enough(void **state)
{
    (void)state;
    struct err err = {0};
    const struct signature_secrets both = {{STD_OTHER, STD_SECRET}};
    AUTO_FREE char *made = signature_standard_make(STD_ID, STD_AT, STD_BODY, strlen(STD_BODY), &both, &err);
    assert_non_null(strstr(made, " " STD_MAC));
    assert_int_equal(standard(made, STD_BODY, STD_AT, STD_SECRET, NULL).kind, ERR_NONE);
    assert_int_equal(standard(made, STD_BODY, STD_AT, STD_OTHER, NULL).kind, ERR_NONE);
    assert_int_equal(standard(STD_MAC, STD_BODY, STD_AT, STD_OTHER, STD_SECRET).kind, ERR_NONE);
    assert_int_equal(standard("v1a,xxxx  v2,y " STD_MAC, STD_BODY, STD_AT, STD_SECRET, NULL).kind, ERR_NONE);
}

static void standard_webhooks_refuses_what_was_altered_late_or_unsigned(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "v1,", "v1", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
                                      "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", NULL};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(standard(bad[i], STD_BODY, STD_AT, STD_SECRET, NULL).kind, ERR_AUTH);
    assert_int_equal(standard(STD_MAC, STD_BODY "\n", STD_AT, STD_SECRET, NULL).kind, ERR_AUTH);
    assert_int_equal(standard(STD_MAC, STD_BODY, STD_AT + 301, STD_SECRET, NULL).kind, ERR_AUTH);
    assert_int_equal(standard(STD_MAC, STD_BODY, STD_AT, STD_OTHER, NULL).kind, ERR_AUTH);
}

static void a_secret_that_is_no_base64_is_told_before_anything_is_sent(void **state)
{
    (void)state;
    static const char *const bad[] = {"whsec_not base64!", "whsec_", "whsec_abc", "open sesame"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct err err = {0};
        assert_false(signature_standard_secret(bad[i], &err));
        assert_err(&err, ERR_CONFIG, "base64");
    }
    assert_true(signature_standard_secret(STD_SECRET, &(struct err){0}));
}

static void without_a_secret_nothing_is_believed(void **state)
{
    (void)state;
    struct delivery d = delivery(NULL, "{}", 0);
    struct err err = {0};
    assert_false(signature_inbox(&d, &nobody, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_false(signature_hubspot(&d, HUB_URL, true, &nobody, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_false(signature_standard(&d, &nobody, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inbox_accepts_its_published_vector),
        cmocka_unit_test(inbox_accepts_any_of_several_signatures_and_secrets_in_either_case),
        cmocka_unit_test(inbox_refuses_what_was_altered),
        cmocka_unit_test(inbox_counts_a_signature_for_five_minutes_either_way),
        cmocka_unit_test(inbox_refuses_headers_it_cannot_read),
        cmocka_unit_test(hubspot_accepts_its_published_v3_vectors),
        cmocka_unit_test(hubspot_refuses_what_is_wrong_old_or_from_elsewhere),
        cmocka_unit_test(hubspot_decodes_only_what_its_page_lists),
        cmocka_unit_test(hubspot_v1_counts_only_where_it_was_asked_for),
        cmocka_unit_test(a_wrong_v3_is_not_healed_by_a_right_v1),
        cmocka_unit_test(standard_webhooks_accepts_and_makes_the_known_vector),
        cmocka_unit_test(a_key_being_exchanged_signs_twice_and_either_is_enough),
        cmocka_unit_test(standard_webhooks_refuses_what_was_altered_late_or_unsigned),
        cmocka_unit_test(a_secret_that_is_no_base64_is_told_before_anything_is_sent),
        cmocka_unit_test(without_a_secret_nothing_is_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
