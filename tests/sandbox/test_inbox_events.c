/* Inbox: the feed. Numbers, pages, retention, and the manners no source rules out. */
#include "bridge/base/hash.h"
#include "bridge/base/when.h"
#include "tests/sandbox/asking.h"

static int setup(void **state)
{
    return open_place(state, 8);
}

static void raise_events(struct place *p, int n)
{
    AUTO_FREE char *id = person_id(p, 1);
    for (int i = 0; i < n; i++)
        edit(p, "{'object':'prospect','id':'%s','set':{'context.notes':'note %lld'}}", id,
             (long long)i + sandbox_now(p->box));
}

static void an_empty_feed_has_no_last_number(void **state)
{
    struct place *p = *state;
    assert_int_equal(ask(p, "GET", "/events", NULL), 200);
    assert_string_equal(p->answer.body, "{\"events\":[],\"hasMore\":false,\"lastSeq\":null}");
    assert_int_equal(ask(p, "GET", "/events?limit=1001", NULL), 400);
    assert_int_equal(ask(p, "GET", "/events?afterSeq=-1", NULL), 400);
    assert_int_equal(ask(p, "GET", "/events?afterSeq=x", NULL), 400);
}

static void pages_follow_each_other_without_loss(void **state)
{
    struct place *p = *state;
    int64_t seq = 0, told = 0;
    raise_events(p, 250);
    for (int pages = 0; pages < 10; pages++) {
        ask(p, "GET", "/events?afterSeq=%lld", NULL, (long long)seq);
        told += (int64_t)json_array_size(at(p, "events"));
        if (json_is_null(at(p, "lastSeq")))
            break;
        seq = number_at(p, "lastSeq");
        assert_true(json_is_true(at(p, "hasMore")) == (told < 250));
    }
    assert_int_equal(told, 250);
}

static void numbers_rise_and_may_have_gaps(void **state)
{
    struct place *p = *state;
    raise_events(p, 60);
    ask(p, "GET", "/events?limit=1000", NULL);
    int64_t first = number_at(p, "events[0].seq"), last = number_at(p, "events[59].seq");
    assert_true(first >= 1000);
    assert_true(last - first > 60);
    mannered(p, "{'seq_gaps':false}");
    raise_events(p, 61);
    ask(p, "GET", "/events?limit=1000&afterSeq=%lld", NULL, (long long)last);
    assert_int_equal(number_at(p, "events[60].seq") - number_at(p, "events[1].seq"), 59);
}

static void an_event_tells_the_state_after_it(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = person_id(p, 1);
    char now[WHEN_TEXT];
    edit(p, "{'object':'prospect','id':'%s','set':{'context.valuation':77}}", id);
    when_print(sandbox_now(p->box), now);
    ask(p, "GET", "/events", NULL);
    assert_string_equal(text_at(p, "events[0].type"), "prospect.valuationChanged");
    assert_string_equal(text_at(p, "events[0].version"), "1.0");
    assert_string_equal(text_at(p, "events[0].timestamp"), now);
    assert_string_equal(text_at(p, "events[0].data.prospect.externalId"), id);
    assert_int_equal(number_at(p, "events[0].data.prospect.context.valuation"), 77);
    assert_string_equal(text_at(p, "events[0].data.prospect.lastUpdatedAt"), now);
    assert_null(at(p, "events[0].data.prospect.platformData"));
    assert_null(at(p, "events[0].data.prospect.context.threads"));
}

static void events_are_kept_seven_days(void **state)
{
    struct place *p = *state;
    raise_events(p, 3);
    ask(p, "GET", "/events", NULL);
    int64_t first = number_at(p, "events[0].seq");
    sandbox_advance(p->box, 6 * 86400000LL);
    raise_events(p, 2);
    sandbox_advance(p->box, 2 * 86400000LL);
    ask(p, "GET", "/events", NULL);
    assert_int_equal(json_array_size(at(p, "events")), 2);
    assert_int_equal(ask(p, "GET", "/events?afterSeq=%lld", NULL, (long long)first), 200);
    assert_int_equal(json_array_size(at(p, "events")), 2);
    mannered(p, "{'retention_answer':410}");
    assert_int_equal(ask(p, "GET", "/events?afterSeq=%lld", NULL, (long long)first), 410);
    mannered(p, "{'retention_answer':'400'}");
    assert_int_equal(ask(p, "GET", "/events?afterSeq=%lld", NULL, (long long)first), 400);
}

static void only_so_many_are_kept(void **state)
{
    struct place *p = *state;
    mannered(p, "{'keep_events':10}");
    raise_events(p, 25);
    ask(p, "GET", "/events?limit=1000", NULL);
    assert_int_equal(json_array_size(at(p, "events")), 10);
}

static void a_number_may_become_visible_after_a_higher_one(void **state)
{
    struct place *p = *state;
    mannered(p, "{'late_insert':true}");
    raise_events(p, 40);
    ask(p, "GET", "/events?limit=1000", NULL);
    size_t at_once = json_array_size(at(p, "events"));
    assert_true(at_once < 40 && at_once > 15);
    sandbox_advance(p->box, 10000);
    ask(p, "GET", "/events?limit=1000", NULL);
    assert_int_equal(json_array_size(at(p, "events")), 40);
}

static void data_may_be_missing_and_stays_so(void **state)
{
    struct place *p = *state;
    size_t missing[2] = {0}, i;
    json_t *e;
    mannered(p, "{'drop_data':0.5}");
    raise_events(p, 60);
    for (int round = 0; round < 2; round++) {
        ask(p, "GET", "/events?limit=1000", NULL);
        json_array_foreach ((json_t *)at(p, "events"), i, e)
            missing[round] += !json_object_get(e, "data");
    }
    assert_in_range(missing[0], 15, 45);
    assert_int_equal(missing[0], missing[1]);
}

static void the_migration_page_has_other_names(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = person_id(p, 1), *won = id_of(p, "status", "name", "Won");
    edit(p, "{'object':'prospect','id':'%s','set':{'context.status':null}}", id);
    int64_t seq = 0;
    free(events_after(p, &seq));
    mannered(p, "{'prospect_shape':'migration','author_id':'platform'}");
    edit(p, "{'object':'prospect','id':'%s','set':{'context.status':'Won'}}", id);
    ask(p, "GET", "/events?afterSeq=%lld", NULL, (long long)seq);
    assert_string_equal(text_at(p, "events[0].data.prospect.id"), id);
    assert_string_equal(text_at(p, "events[0].data.prospect.context.status"), won);
    assert_null(at(p, "events[0].data.prospect.externalId"));
}

static void neighbours_may_change_places_and_come_twice(void **state)
{
    struct place *p = *state;
    AUTO_JSON json_t *seen = json_object();
    size_t i;
    json_t *e;
    raise_events(p, 80);
    mannered(p, "{'disorder':true}");
    ask(p, "GET", "/events?limit=1000", NULL);
    assert_true(json_array_size(at(p, "events")) > 80);
    json_array_foreach ((json_t *)at(p, "events"), i, e)
        js_set(seen, js_str(e, "id"), json_true());
    assert_int_equal(json_object_size(seen), 80);
}

static void unknown_types_and_the_catalogue_are_told(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = id_of(p, "tag", "name", "Spam");
    int64_t seq = 0;
    edit(p, "{'object':'event','create':{'type':'ping','data':{'hello':1}}}");
    edit(p, "{'object':'tag','create':{'name':'Fresh'}}");
    edit(p, "{'object':'status','id':'Won','set':{'name':'Customer'}}");
    edit(p, "{'object':'tag','id':'Spam','delete':true}");
    AUTO_FREE char *types = events_after(p, &seq);
    assert_string_equal(types, "ping,tag.created,status.updated,tag.deleted");
    assert_string_equal(text_at(p, "events[3].data.tagId"), id);
    mannered(p, "{'deleted_data':'object'}");
    edit(p, "{'object':'tag','id':'Fresh','delete':true}");
    ask(p, "GET", "/events?afterSeq=%lld", NULL, (long long)seq);
    assert_string_equal(text_at(p, "events[0].data.tag.name"), "Fresh");
}

static void without_a_webhook_nothing_may_be_recorded(void **state)
{
    struct place *p = *state;
    mannered(p, "{'record_events':false}");
    raise_events(p, 3);
    ask(p, "GET", "/events", NULL);
    assert_int_equal(json_array_size(at(p, "events")), 0);
}

static void deliveries_are_signed_over_time_and_body(void **state)
{
    struct place *p = *state;
    uint8_t mac[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    raise_events(p, 1);
    assert_int_equal(ask(p, "GET", "/_sandbox/deliveries?secret=ibt_wh_x", NULL), 200);
    const char *signature = text_at(p, "[0].headers['X-Inbox-Signature']");
    AUTO_FREE char *signed_text = mem_printf("%lld.%s", (long long)(sandbox_now(p->box) / 1000),
                                             text_at(p, "[0].body"));
    hash_hmac_sha256("ibt_wh_x", 8, signed_text, strlen(signed_text), mac);
    hash_hex(mac, sizeof mac, hex);
    AUTO_FREE char *want = mem_printf("t=%lld,v1=%s", (long long)(sandbox_now(p->box) / 1000), hex);
    assert_string_equal(signature, want);
    AUTO_FREE char *body = keep(p, "[0].body");
    ask(p, "GET", "/events", NULL);
    assert_non_null(strstr(p->answer.body, body));
}

static void the_legacy_format_knows_campaign_events_only(void **state)
{
    struct place *p = *state;
    raise_events(p, 1);
    edit(p, "{'object':'event','create':{'type':'target.replied','data':{'prospect':{'id':'x'},'campaign':{}}}}");
    ask(p, "GET", "/_sandbox/deliveries?format=legacy&rotated=true", NULL);
    assert_int_equal(json_array_size(p->json), 1);
    assert_true(str_starts(text_at(p, "[0].body"), "{\"event\":\"targetReplied\""));
    assert_null(strstr(text_at(p, "[0].body"), "seq"));
    assert_non_null(strstr(text_at(p, "[0].headers['X-Inbox-Signature']"), ",v1=00ff00ff,v1="));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, close_place)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_feed_has_no_last_number),
        TEST(pages_follow_each_other_without_loss),
        TEST(numbers_rise_and_may_have_gaps),
        TEST(an_event_tells_the_state_after_it),
        TEST(events_are_kept_seven_days),
        TEST(only_so_many_are_kept),
        TEST(a_number_may_become_visible_after_a_higher_one),
        TEST(data_may_be_missing_and_stays_so),
        TEST(the_migration_page_has_other_names),
        TEST(neighbours_may_change_places_and_come_twice),
        TEST(unknown_types_and_the_catalogue_are_told),
        TEST(without_a_webhook_nothing_may_be_recorded),
        TEST(deliveries_are_signed_over_time_and_body),
        TEST(the_legacy_format_knows_campaign_events_only),
    };
    return cmocka_run_group_tests_name("sandbox.inbox_events", tests, NULL, NULL);
}
