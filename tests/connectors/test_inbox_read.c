/* Reading prospects, the catalogue and the team; what answers mean. */
#include "connectors/inbox/inbox.h"
#include "connectors/inbox/inbox_inner.h"
#include "tests/connectors/recorded.h"

#define ADA "{\"platformId\":\"7\",\"externalId\":\"e7\",\"username\":\"ada\"}"

static struct record fetch_one(struct recorded *world, const char *id)
{
    struct record r = {0};
    struct err err = {0};
    assert_true(inbox_connector.fetch(world->ep, "prospect", &id, 1, NULL, FETCH_FRESH, &r, &err));
    return r;
}

static void a_prospect_is_read_by_its_id(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "GET https://service.example/prospects/e7 ", 200, ADA);
    AUTO(record_done) struct record r = fetch_one(world, "e7");
    assert_int_equal(r.err.kind, ERR_NONE);
    assert_int_equal(r.state, RECORD_LIVE);
    assert_string_equal(r.key, "x:7");
    assert_int_equal(r.as_of, RECORDED_NOW + 1000);
}

static void nobody_is_an_answer(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/prospects/e7 ", 404, "{\"error\":{\"code\":\"PROSPECT_NOT_FOUND\"}}");
    recorded_add(world, "/prospects/e8 ", 200, "null");
    recorded_add(world, "/prospects/lookup?platformId=9 ", 200, "null");
    static const char *const ids[] = {"e7", "e8", "x:9"};
    for (size_t i = 0; i < COUNT(ids); i++) {
        AUTO(record_done) struct record r = fetch_one(world, ids[i]);
        assert_int_equal(r.err.kind, ERR_NONE);
        assert_int_equal(r.state, RECORD_GONE);
        assert_string_equal(r.id, ids[i]);
    }
}

static void an_answer_under_another_id_is_a_merge(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/prospects/e1 ", 200, ADA);
    AUTO(record_done) struct record r = fetch_one(world, "e1");
    assert_int_equal(r.state, RECORD_MERGED);
    assert_string_equal(r.id, "e1");
    assert_string_equal(r.moved_to, "e7");
}

static void one_fault_leaves_the_others_alone(void **state)
{
    struct recorded *world = *state;
    const char *const ids[] = {"e7", "e8", "e9"};
    struct record out[3] = {0};
    struct err err = {0};
    recorded_add(world, "/prospects/e7 ", 200, ADA);
    recorded_add(world, "/prospects/e8 ", 500, "<html>oops</html>");
    recorded_add(world, "/prospects/e9 ", 200, "{\"platformId\":\"9\",\"externalId\":\"e9\"}");
    assert_true(inbox_connector.fetch(world->ep, "prospect", ids, 3, NULL, 0, out, &err));
    assert_int_equal(out[0].err.kind, ERR_NONE);
    assert_int_equal(out[1].err.kind, ERR_TEMP);
    assert_string_equal(out[1].id, "e8");
    assert_int_equal(out[2].err.kind, ERR_NONE);
    for (int i = 0; i < 3; i++)
        record_done(&out[i]);
}

static void the_newest_thread_tells_what_the_prospect_leaves_out(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/prospects/e7 ", 200,
                 "{\"platformId\":\"7\",\"externalId\":\"e7\",\"context\":{\"threads\":["
                 "{\"id\":\"t1\",\"accountLinkId\":\"l1\",\"lastMessageTimestamp\":\"2026-03-01T10:00:00Z\"},"
                 "{\"id\":\"t2\",\"accountLinkId\":\"l2\",\"lastMessageTimestamp\":null}]}}");
    recorded_add(
        world, "/threads/t1 ", 200,
        "{\"id\":\"t1\",\"platformId\":\"3:7\",\"accountLinkId\":\"l1\",\"assigneeId\":\"m1\",\"lastMessage\":null}");
    AUTO(record_done) struct record r = fetch_one(world, "e7");
    assert_member(r.fields, "context.assignee", "'m1'");
    assert_member(r.fields, "accountLinks", "['l1','l2']");
    assert_member(r.fields, "conversationUrl", "'https://x.com/i/chat/3:7'");
    assert_member(r.fields, "replied", NULL);
}

static void a_thread_that_cannot_be_read_is_the_items_fault(void **state)
{
    struct recorded *world = *state;
    const char *id = "e7", *const fields[] = {"context.assignee", NULL}, *const bio[] = {"bio", NULL};
    struct record r = {0};
    struct err err = {0};
    static const char ada[] =
        "{\"platformId\":\"7\",\"externalId\":\"e7\",\"context\":{\"threads\":[{\"id\":\"t1\"}]}}";
    recorded_add(world, "/prospects/e7 ", 200, ada);
    recorded_add(world, "/threads/t1 ", 500, "");
    assert_true(inbox_connector.fetch(world->ep, "prospect", &id, 1, fields, 0, &r, &err));
    assert_int_equal(r.err.kind, ERR_TEMP);
    record_done(&r);
    recorded_add(world, "/prospects/e7 ", 200, ada);
    assert_true(inbox_connector.fetch(world->ep, "prospect", &id, 1, bio, 0, &r, &err));
    assert_int_equal(r.err.kind, ERR_NONE);
    record_done(&r);
    assert_int_equal(recorded_count(world, "/threads/"), 1);
}

static void ids_are_escaped(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/prospects/a%2Fb%3Fc ", 404, "");
    AUTO(record_done) struct record r = fetch_one(world, "a/b?c");
    assert_int_equal(r.state, RECORD_GONE);
}

static void find_asks_the_lookup_and_absence_is_an_answer(void **state)
{
    struct recorded *world = *state;
    const char *const values[] = {"7", "x:8"};
    struct found out[2] = {0};
    struct err err = {0};
    recorded_add(world, "/prospects/lookup?platformId=7 ", 200, ADA);
    recorded_add(world, "/prospects/lookup?platformId=8 ", 200, "null");
    assert_true(inbox_connector.find(world->ep, "prospect", "platformId", values, 2, NULL, out, &err));
    assert_int_equal(out[0].n, 1);
    assert_string_equal(out[0].items[0].id, "e7");
    assert_int_equal(out[1].n, 0);
    assert_int_equal(out[1].err.kind, ERR_NONE);
    found_done(&out[0]);
    found_done(&out[1]);
    assert_false(inbox_connector.find(world->ep, "prospect", "displayName", values, 1, NULL, out, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
}

static void the_catalogue_names_tags_statuses_members_and_accounts(void **state)
{
    struct recorded *world = *state;
    AUTO(schema_done) struct schema schema = {0};
    struct err err = {0};
    recorded_add(world, "/tags ", 200, "[{\"id\":\"a\",\"name\":\"Lead\",\"color\":null}]");
    recorded_add(world, "/statuses ", 200, "[{\"id\":\"s\",\"name\":\"New\"},{\"name\":\"no id\"}]");
    recorded_add(world, "/members ", 200, "[{\"id\":\"m\",\"email\":\"ada@team.example\",\"name\":\"Ada\"}]");
    recorded_add(world, "/account-links ", 200, "{\"accountLinks\":[{\"id\":\"l\",\"username\":\"team\"}]}");
    assert_true(inbox_connector.describe(world->ep, "prospect", &schema, &err));
    assert_int_equal(schema.n, INBOX_FIELDS);
    const struct schema_field *tags = schema_find(&schema, "context.tags");
    assert_true(tags->by_label && !tags->read_only && tags->type == SCHEMA_SET);
    assert_string_equal(schema_option_by_label(tags, "Lead")->id, "a");
    assert_int_equal(schema_find(&schema, "context.status")->n_options, 1);
    assert_non_null(schema_option_by_label(schema_find(&schema, "context.assignee"), "ada@team.example"));
    assert_non_null(schema_option_by_label(schema_find(&schema, "accountLinks"), "team"));
    assert_true(schema_find(&schema, "displayName")->read_only);
    assert_true(schema_find(&schema, "platformId")->unique);
}

static void a_catalogue_with_a_missing_part_is_not_believed(void **state)
{
    struct recorded *world = *state;
    struct schema schema = {0};
    struct err err = {0};
    recorded_add(world, "/tags ", 200, "[]");
    recorded_add(world, "/statuses ", 503, "");
    recorded_add(world, "/members ", 200, "[]");
    recorded_add(world, "/account-links ", 200, "[]");
    assert_false(inbox_connector.describe(world->ep, "prospect", &schema, &err));
    assert_non_null(strstr(err.text, "/statuses"));
    assert_null(schema.fields);
}

static void the_team_is_the_organisation(void **state)
{
    struct recorded *world = *state;
    AUTO(organisation_done) struct organisation team = {0};
    struct err err = {0};
    recorded_add(world, "/team ", 200, "{\"id\":\"k\",\"name\":\"Fjordworks\",\"currency\":\"USD\"}");
    assert_true(inbox_connector.probe(world->ep, &team, &err));
    assert_string_equal(team.id, "k");
    assert_string_equal(team.label, "Fjordworks");
    assert_string_equal(team.currency, "USD");
    recorded_add(world, "/team ", 401, "{\"error\":\"Unauthorized\",\"message\":\"expired\"}");
    assert_false(inbox_connector.probe(world->ep, &team, &err));
    assert_int_equal(err.kind, ERR_AUTH);
}

static void too_many_calls_mean_waiting_even_without_a_time(void **state)
{
    struct recorded *world = *state;
    struct recording *told = recorded_add(world, "/prospects/e7 ", 429, "{\"error\":{\"code\":\"RATE_LIMITED\"}}");
    told->header = "retry-after";
    told->value = "41";
    AUTO(record_done) struct record r = fetch_one(world, "e7");
    assert_int_equal(r.err.kind, ERR_RATE);
    assert_int_equal(r.err.retry_at, RECORDED_NOW + 41000);
}

static void rate_headers_are_believed(void **state)
{
    struct recorded *world = *state;
    struct recording *told = recorded_add(world, "/prospects/e7 ", 200, ADA);
    told->header = "x-ratelimit-remaining";
    told->value = "0";
    AUTO(record_done) struct record r = fetch_one(world, "e7");
    assert_int_equal(limiter_room(world->ep->limiter, RECORDED_NOW, 0, LANE_LIVE), 0);
}

static void an_object_it_does_not_have_is_a_fault_of_the_configuration(void **state)
{
    struct recorded *world = *state;
    struct err err = {0};
    struct page page = {0};
    assert_false(inbox_connector.changes(world->ep, "contacts", NULL, NULL, &page, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_int_equal(world->n_asked, 0);
}

static void a_share_of_the_limits_beyond_them_is_refused(void **state)
{
    struct recorded *world = *state;
    assert_null(recorded_endpoint(world, &inbox_connector, "token = \"env:RECORDED_TOKEN\"; fill = 1.5;"));
    assert_null(recorded_endpoint(world, &inbox_connector, "fill = 0.5;"));
}

RECORDED_WORLD(inbox_connector)

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_prospect_is_read_by_its_id),
        TEST(nobody_is_an_answer),
        TEST(an_answer_under_another_id_is_a_merge),
        TEST(one_fault_leaves_the_others_alone),
        TEST(the_newest_thread_tells_what_the_prospect_leaves_out),
        TEST(a_thread_that_cannot_be_read_is_the_items_fault),
        TEST(ids_are_escaped),
        TEST(find_asks_the_lookup_and_absence_is_an_answer),
        TEST(the_catalogue_names_tags_statuses_members_and_accounts),
        TEST(a_catalogue_with_a_missing_part_is_not_believed),
        TEST(the_team_is_the_organisation),
        TEST(too_many_calls_mean_waiting_even_without_a_time),
        TEST(rate_headers_are_believed),
        TEST(an_object_it_does_not_have_is_a_fault_of_the_configuration),
        TEST(a_share_of_the_limits_beyond_them_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
