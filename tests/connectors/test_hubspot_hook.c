/* Deliveries of HubSpot's webhooks: which records they name, and which signatures they need. */
#include "bridge/base/hash.h"
#include "connectors/hubspot/hubspot_private.h"
#include "tests/connectors/recorded.h"

#define SECRET "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
#define URL "https://bridge.example/hooks/hubspot"

static struct page pages(const char *events_single_quoted)
{
    AUTO_FREE char *text = mem_dup(events_single_quoted);
    struct page page = {0};
    for (char *c = text; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    AUTO_JSON json_t *events = recorded_json(text);
    for (size_t i = 0; i < json_array_size(events); i++)
        hubspot_take_event(&page, json_array_get(events, i));
    return page;
}

static void assert_names(const char *events, const char *ids)
{
    AUTO(page_done) struct page page = pages(events);
    char *got = mem_dup("");
    for (size_t i = 0; i < page.n; i++) {
        char *longer = mem_printf("%s%s%s", got, i ? " " : "", page.items[i].id);
        free(got);
        got = longer;
        assert_string_equal(page.items[i].object, "contacts");
        assert_null(page.items[i].fields);
    }
    assert_string_equal(got, ids);
    free(got);
}

static void many_edits_of_one_contact_are_one_look(void **state)
{
    (void)state;
    assert_names("[{'subscriptionType':'contact.propertyChange','objectId':106651134132,'propertyName':'a'},"
                 "{'subscriptionType':'contact.propertyChange','objectId':106651134132,'propertyName':'b'},"
                 "{'eventType':'contact.creation','objectId':'7'}]",
                 "106651134132 7");
}

static void merges_name_everybody_who_took_part(void **state)
{
    (void)state;
    assert_names("[{'subscriptionType':'contact.merge','objectId':1,'primaryObjectId':1,'mergedObjectIds':[2,3],'newObjectId':4}]", "1 4 2 3");
}

static void deletions_are_looked_at_too(void **state)
{
    (void)state;
    assert_names("[{'subscriptionType':'contact.deletion','objectId':5},{'subscriptionType':'contact.privacyDeletion','objectId':6},"
                 "{'subscriptionType':'contact.restore','objectId':8}]",
                 "5 6 8");
}

static void newer_apps_say_objects_by_number(void **state)
{
    (void)state;
    assert_names("[{'subscriptionType':'object.propertyChange','objectTypeId':'0-1','objectId':5},"
                 "{'subscriptionType':'object.propertyChange','objectTypeId':'2-999','objectId':6}]",
                 "5");
}

static void events_about_other_things_are_passed_over(void **state)
{
    (void)state;
    assert_names("[{'subscriptionType':'ticket.creation','objectId':5},{'subscriptionType':'conversation.newMessage','objectId':6},{},[],"
                 "'x',null,{'subscriptionType':'contact.creation'},{'subscriptionType':'contact.creation','objectId':0},"
                 "{'subscriptionType':'contact.creation','objectId':{}}]",
                 "");
}

static char *sign(const char *url, const char *body)
{
    uint8_t mac[HASH_SIZE];
    AUTO_FREE char *text = mem_printf("POST%s%s%lld", url, body, (long long)RECORDED_NOW);
    hash_hmac_sha256(SECRET, strlen(SECRET), text, strlen(text), mac);
    return hash_base64(mac, sizeof mac);
}

static struct err post(const char *options, const char *path, const char *signed_url, const char *body)
{
    struct recorded world = {.transport = {.perform = recorded_perform}, .env = {.now = recorded_now, .sleep = recorded_sleep, .random = recorded_random}};
    AUTO_FREE char *all = mem_printf("token = \"env:HUB_SECRET\"; %s", options), *signature = sign(signed_url, body);
    AUTO_FREE char *now = mem_printf("%lld", (long long)RECORDED_NOW);
    AUTO_JSON json_t *headers = json_pack("{s:s,s:s}", "x-hubspot-signature-v3", signature, "x-hubspot-request-timestamp", now);
    AUTO(page_done) struct page page = {0};
    struct err err = {0};
    setenv("HUB_SECRET", SECRET, 1);
    struct endpoint *ep = recorded_endpoint(&world, &hubspot_connector, all);
    assert_non_null(ep);
    if (ep->kind->hook(ep, "POST", path, headers, body, strlen(body), RECORDED_NOW, &page, &err))
        err = (struct err){0};
    endpoint_free(ep);
    return err;
}

static void the_public_url_is_what_is_signed(void **state)
{
    (void)state;
    static const char options[] = "hook_secret = \"env:HUB_SECRET\"; hook_url = \"" URL "\";";
    assert_int_equal(post(options, "/hooks/hubspot", URL, "[]").kind, ERR_NONE);
    assert_int_equal(post(options, "/hooks/hubspot?a=b", URL "?a=b", "[]").kind, ERR_NONE);
    assert_int_equal(post(options, "/hooks/hubspot", "http://127.0.0.1/hooks/hubspot", "[]").kind, ERR_AUTH);
    assert_int_equal(post("hook_secret = \"env:HUB_SECRET\";", "/hooks/hubspot", URL, "[]").kind, ERR_CONFIG);
    assert_int_equal(post("hook_url = \"" URL "\";", "/hooks/hubspot", URL, "[]").kind, ERR_CONFIG);
}

static void an_oauth_app_signs_with_its_client_secret(void **state)
{
    (void)state;
    assert_int_equal(post("client_secret = \"env:HUB_SECRET\"; hook_url = \"" URL "\";", "/hooks/hubspot", URL, "[]").kind, ERR_NONE);
}

static void signed_nonsense_is_refused_as_such(void **state)
{
    (void)state;
    static const char options[] = "hook_secret = \"env:HUB_SECRET\"; hook_url = \"" URL "\";";
    static const char *const bodies[] = {"", "{}", "[", "null"};
    for (size_t i = 0; i < COUNT(bodies); i++)
        assert_int_equal(post(options, "/hooks/hubspot", URL, bodies[i]).kind, ERR_REJECT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_edits_of_one_contact_are_one_look),
        cmocka_unit_test(merges_name_everybody_who_took_part),
        cmocka_unit_test(deletions_are_looked_at_too),
        cmocka_unit_test(newer_apps_say_objects_by_number),
        cmocka_unit_test(events_about_other_things_are_passed_over),
        cmocka_unit_test(the_public_url_is_what_is_signed),
        cmocka_unit_test(an_oauth_app_signs_with_its_client_secret),
        cmocka_unit_test(signed_nonsense_is_refused_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
