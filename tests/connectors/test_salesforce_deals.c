/* Opportunities and tasks below people: who may be a parent, ties that are looked for before they are made, and stages. */
#include "tests/connectors/salesforce_kit.h"

#define DEAL "006000000000001AAA"
#define TASK "00T000000000001AAA"
#define DEAL_KEY                                                                                                       \
    "{\"name\":\"d__c\",\"type\":\"string\",\"length\":64,\"updateable\":true,\"unique\":true,\"externalId\":true}"
#define STAGES                                                                                                         \
    "{\"name\":\"StageName\",\"type\":\"picklist\",\"updateable\":true,\"picklistValues\":[{\"value\":\"Won\",\"label\":" \
    "\"Gewonnen\",\"active\":true},{\"value\":\"Talk\",\"label\":\"Talk\",\"active\":true},{\"value\":\"Gone\",\"active\":false}]}"
#define DEAL_FIELDS(more)                                                                                              \
    "{\"fields\":[{\"name\":\"Id\",\"type\":\"id\"}," STAMP "," DEAL_KEY "," STAGES "," FIELD("Name", "string") ","      \
    FIELD("CloseDate", "date") ",{\"name\":\"ContactId\",\"type\":\"reference\",\"createable\":true}]" more "}"
#define STAGE_ROWS                                                                                                     \
    "{\"done\":true,\"records\":[{\"ApiName\":\"Talk\",\"IsActive\":true,\"IsClosed\":false},{\"ApiName\":\"Won\","        \
    "\"IsActive\":true,\"IsClosed\":true}]}"
#define NO_ROWS "{\"done\":true,\"records\":[]}"
#define ROLES "FROM%20OpportunityContactRole"

static void describe_deals(struct recorded *w, const char *fields)
{
    recorded_add(w, "/sobjects/Opportunity/describe", 200, fields);
    recorded_add(w, "FROM%20OpportunityStage", 200, STAGE_ROWS);
}

/* One patch; the caller frees what it answers. */
static struct result put(struct recorded *w, const struct patch *said)
{
    struct patch p = *said;
    struct result out = {0};
    struct err err = {0};
    AUTO_JSON json_t *set = p.id ? json_object() : recorded_json("{\"StageName\":\"Talk\"}");
    p.set = set;
    p.trace = "t";
    if (!salesforce_connector.put(w->ep, &p, 1, &out, &err))
        fail_msg("%s", err.text);
    return out;
}

static const struct patch update = {.object = "Opportunity", .id = DEAL, .key = "k#deal-1", .parent_type = "Contact", .parent_id = CONTACT};
static const struct patch create = {
    .object = "Opportunity", .key_field = "d__c", .key = "k#deal-1", .parent_type = "Contact", .parent_id = CONTACT};

static void a_lead_is_no_parent_of_an_opportunity(void **state)
{
    struct recorded *w = *state;
    struct patch p = create;
    p.parent_type = "Lead";
    p.parent_id = ONE;
    AUTO(result_done) struct result out = put(w, &p);
    assert_int_equal(out.err.kind, ERR_REJECT);
    assert_int_equal(w->n_asked, 0);
}

static void a_role_that_is_there_is_not_made_again(void **state)
{
    struct recorded *w = *state;
    recorded_add(w, ROLES, 200, "{\"done\":true,\"records\":[{\"OpportunityId\":\"" DEAL "\",\"ContactId\":\"" CONTACT "\"}]}");
    AUTO(result_done) struct result out = put(w, &update);
    assert_int_equal(out.err.kind, ERR_NONE);
    assert_false(out.tied);
    assert_int_equal(w->n_asked, 1);
}

/* Somebody else is the primary contact already. */
static void a_role_that_is_missing_takes_nobodys_place(void **state)
{
    struct recorded *w = *state;
    recorded_add(w, ROLES, 200,
                 "{\"done\":true,\"records\":[{\"OpportunityId\":\"" DEAL "\",\"ContactId\":\"003000000000009AAA\"}]}");
    recorded_add(w, "POST https://service.example/services/data/v62.0/composite/sobjects", 200, "[" DONE("00K000000000001AAA") "]");
    AUTO(result_done) struct result out = put(w, &update);
    assert_int_equal(out.err.kind, ERR_NONE);
    assert_true(out.tied);
    assert_int_equal(recorded_count(w, "\"IsPrimary\":false"), 1);
}

static void a_role_whose_answer_is_lost_is_open(void **state)
{
    struct recorded *w = *state;
    recorded_add(w, ROLES, 200, NO_ROWS);
    recorded_add(w, "POST https://service.example/services/data/v62.0/composite/sobjects", 0, NULL);
    AUTO(result_done) struct result out = put(w, &update);
    assert_int_equal(out.err.kind, ERR_UNSURE);
    assert_int_equal(recorded_count(w, "\"IsPrimary\":true"), 1);
}

static void a_new_opportunity_whose_contact_has_moved_is_looked_at_again(void **state)
{
    struct recorded *w = *state;
    describe_deals(w, DEAL_FIELDS(""));
    recorded_add(w, "FROM%20Lead", 200, NO_ROWS);
    recorded_add(w, "POST https://service.example/services/data/v62.0/composite/sobjects ", 200, "[" FAILED("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id") "]");
    AUTO(result_done) struct result out = put(w, &create);
    assert_int_equal(out.err.kind, ERR_STALE);
    assert_int_equal(recorded_count(w, "\"ContactId\":\"" CONTACT "\""), 1);
    assert_int_equal(recorded_count(w, "\"CloseDate\":\"2099-12-31\""), 1);
}

static void an_answer_about_conversions_that_is_missing_makes_nothing(void **state)
{
    struct recorded *w = *state;
    describe_deals(w, DEAL_FIELDS(""));
    recorded_add(w, "FROM%20Lead", 503, "<html>");
    AUTO(result_done) struct result out = put(w, &create);
    assert_int_equal(out.err.kind, ERR_TEMP);
    assert_int_equal(recorded_count(w, "PATCH"), 0);
}

static void who_may_not_see_leads_knows_of_no_conversions(void **state)
{
    struct recorded *w = *state;
    describe_deals(w, DEAL_FIELDS(""));
    recorded_add(w, "FROM%20Lead", 400, ERRORS("INVALID_TYPE", "sObject type 'Lead' is not supported."));
    recorded_add(w, "POST https://service.example/services/data/v62.0/composite/sobjects ", 200, "[{\"id\":\"" DEAL "\",\"success\":true,\"created\":true}]");
    recorded_add(w, "POST https://service.example/services/data/v62.0/composite/sobjects/Opportunity", 200, "[{\"Id\":\"" DEAL "\"}]");
    AUTO(result_done) struct result out = put(w, &create);
    assert_int_equal(out.err.kind, ERR_NONE);
    assert_true(out.created);
}

/* A task that people moved to somebody else stays there. */
static void a_task_is_tied_only_where_it_belongs_to_nobody(void **state)
{
    struct recorded *w = *state;
    const struct patch p = {.object = "Task", .id = TASK, .key = "k", .parent_type = "Lead", .parent_id = ONE};
    recorded_add(w, "/sobjects/Task/describe", 200, "{\"fields\":[{\"name\":\"Id\",\"type\":\"id\"}," STAMP "," FIELD("WhoId", "reference") "]}");
    recorded_add(w, "/composite/sobjects/Task", 200, "[{\"Id\":\"" TASK "\",\"WhoId\":\"" TWO "\"}]");
    AUTO(result_done) struct result moved = put(w, &p);
    assert_int_equal(moved.err.kind, ERR_NONE);
    assert_false(moved.tied);
    recorded_add(w, "/composite/sobjects/Task", 200, "[{\"Id\":\"" TASK "\",\"WhoId\":null}]");
    recorded_add(w, "PATCH https://service.example/services/data/v62.0/composite/sobjects", 200, "[" DONE(TASK) "]");
    AUTO(result_done) struct result none = put(w, &p);
    assert_true(none.tied);
    assert_int_equal(recorded_count(w, "\"WhoId\":\"" ONE "\""), 1);
}

static void stages_say_what_is_over_and_which_record_type_they_are_of(void **state)
{
    struct recorded *w = *state;
    AUTO(schema_done) struct schema plain = {0}, typed = {0};
    struct err err = {0};
    describe_deals(w, DEAL_FIELDS(""));
    assert_true(salesforce_connector.describe(w->ep, "Opportunity", &plain, &err));
    const struct schema_field *stage = schema_find(&plain, "StageName");
    assert_int_equal(stage->n_options, 2);
    assert_string_equal(stage->options[0].id, "Talk"); /* in the order people gave them */
    assert_true(stage->options[1].closed);
    assert_string_equal(plain.parents[0], "Contact");
    describe_deals(w, "{\"fields\":[" STAGES "," FIELD("RecordTypeId", "reference") "],\"recordTypeInfos\":["
                      "{\"available\":true,\"master\":false,\"name\":\"A\",\"recordTypeId\":\"012000000000001AAA\"},"
                      "{\"available\":true,\"master\":false,\"name\":\"B\",\"recordTypeId\":\"012000000000002AAA\",\"defaultRecordTypeMapping\":true},"
                      "{\"available\":true,\"master\":true,\"name\":\"Master\",\"recordTypeId\":\"012000000000000AAA\"}]}");
    recorded_add(w, "/picklist-values/012000000000001AAA/StageName", 200, "{\"values\":[{\"value\":\"Won\",\"label\":\"W\"}]}");
    recorded_add(w, "/picklist-values/012000000000002AAA/StageName", 200,
                 "{\"values\":[{\"value\":\"Won\",\"label\":\"W\"},{\"value\":\"Talk\",\"label\":\"T\"}]}");
    assert_true(salesforce_connector.describe(w->ep, "Opportunity", &typed, &err));
    stage = schema_find(&typed, "StageName");
    assert_string_equal(stage->within, "RecordTypeId");
    assert_int_equal(stage->n_options, 3);
    assert_string_equal(stage->options[0].group, "012000000000002AAA"); /* the user's own first */
    assert_int_equal(schema_find(&typed, "RecordTypeId")->n_options, 2);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, salesforce_begin, salesforce_end)
    const struct CMUnitTest tests[] = {
        CASE(a_lead_is_no_parent_of_an_opportunity),
        CASE(a_role_that_is_there_is_not_made_again),
        CASE(a_role_that_is_missing_takes_nobodys_place),
        CASE(a_role_whose_answer_is_lost_is_open),
        CASE(a_new_opportunity_whose_contact_has_moved_is_looked_at_again),
        CASE(an_answer_about_conversions_that_is_missing_makes_nothing),
        CASE(who_may_not_see_leads_knows_of_no_conversions),
        CASE(a_task_is_tied_only_where_it_belongs_to_nobody),
        CASE(stages_say_what_is_over_and_which_record_type_they_are_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
