/* The generic webhook connector against recorded answers: what goes out, what each answer means, what may be called. */
#include "connectors/signature.h"
#include "connectors/webhook/webhook.h"
#include "tests/connectors/recorded.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define URL "url = \"https://crm.example/in\"; secret = \"env:WEBHOOK_SECRET\";"

struct outside {
    struct recorded world;
    struct result result[4];
};

static int setup(void **state)
{
    static struct outside o;
    o = (struct outside){.world = {.transport = {.perform = recorded_perform},
                                   .env = {.now = recorded_now, .sleep = recorded_sleep, .random = recorded_random}}};
    setenv("WEBHOOK_SECRET", SECRET, 1);
    o.world.env.transport = &o.world.transport;
    *state = &o;
    return 0;
}

static int teardown(void **state)
{
    struct outside *o = *state;
    for (size_t i = 0; i < COUNT(o->result); i++)
        result_done(&o->result[i]);
    recorded_close(&o->world);
    return 0;
}

static void open_with(struct outside *o, const char *options)
{
    AUTO_FREE char *all = mem_printf("%s %s", URL, options);
    o->world.ep = recorded_endpoint(&o->world, &webhook_connector, all);
    assert_non_null(o->world.ep);
}

static json_t *single(const char *text)
{
    AUTO_FREE char *copy = mem_dup(text);
    for (char *c = copy; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return recorded_json(copy);
}

/* Puts n updates of records "1", "2", … that set a and b.c. */
static void put(struct outside *o, size_t n)
{
    static const char *const ids[] = {"1", "2", "3", "4"}, *const traces[] = {"t1", "t2", "t3", "t4"};
    AUTO_JSON json_t *set = single("{'a':'x','b.c':5}"), *seen = single("{'a':null}"), *known = single("{'a':null,'d':true}");
    struct patch patches[4];
    struct err err = {0};
    for (size_t i = 0; i < n; i++) {
        result_done(&o->result[i]);
        patches[i] = (struct patch){.object = "people", .id = ids[i], .key = "x:7", .trace = traces[i], .set = set, .seen = seen, .known = known};
    }
    assert_true(webhook_connector.put(o->world.ep, patches, n, o->result, &err));
}

static struct err answered(struct outside *o, int status, const char *body)
{
    struct recording *r = recorded_add(&o->world, "POST", status, NULL);
    AUTO_FREE char *text = body ? mem_dup(body) : NULL;
    for (char *c = text; c && *c; c++)
        *c = *c == '\'' ? '"' : *c;
    r->body = text;
    put(o, 1);
    return o->result[0].err;
}

static json_t *message(const struct outside *o, size_t i)
{
    const char *line = o->world.asked[i];
    return recorded_json(strchr(line, '{'));
}

/* ---- what goes out ---- */

static void a_message_says_what_changed_and_from_what(void **state)
{
    struct outside *o = *state;
    open_with(o, "");
    recorded_add(&o->world, "https://crm.example/in", 200, "{}");
    put(o, 1);
    AUTO_JSON json_t *said = message(o, 0);
    assert_member(said, "id", "'t1'");
    assert_member(said, "type", "'record.upsert'");
    assert_member(said, "timestamp", "'2026-03-02T09:15:30.000Z'");
    assert_member(said, "object", "'people'");
    assert_member(said, "external_id", "'1'");
    assert_member(said, "key", "'x:7'");
    assert_member(said, "fields", "{'a':'x','b.c':5}");
    assert_member(said, "changed", "{'a':{'from':null,'to':'x'},'b.c':{'to':5}}");
}

static void a_full_message_holds_all_that_is_known_nested_and_constant(void **state)
{
    struct outside *o = *state;
    open_with(o, "payload = \"full\"; nested = true; constants = ( \"source=inbox\", \"b.z=1\" );");
    recorded_add(&o->world, "POST", 200, "{}");
    put(o, 1);
    AUTO_JSON json_t *said = message(o, 0);
    assert_member(said, "fields", "{'source':'inbox','b':{'z':'1','c':5},'a':'x','d':true}");
}

static void a_list_carries_several_and_is_answered_row_by_row(void **state)
{
    struct outside *o = *state;
    open_with(o, "batch = 3;");
    recorded_add(&o->world, "POST", 200,
                 "{\"results\":[{\"id\":\"t3\",\"status\":409,\"fields\":{\"a\":\"y\"}},{\"id\":\"t1\",\"external_id\":\"1\",\"fields\":{\"a\":\"X\"}}]}");
    recorded_add(&o->world, "POST", 200, NULL);
    put(o, 4);
    assert_int_equal(o->world.n_asked, 2);
    AUTO_JSON json_t *said = message(o, 0);
    assert_int_equal(json_array_size(json_object_get(said, "records")), 3);
    assert_int_equal(o->result[0].err.kind, ERR_NONE);
    assert_member(o->result[0].record.fields, "a", "'X'");
    assert_int_equal(o->result[1].err.kind, ERR_UNSURE); /* left out */
    assert_int_equal(o->result[2].err.kind, ERR_STALE);
    assert_member(o->result[2].record.fields, "a", "'y'");
    assert_int_equal(o->result[3].err.kind, ERR_NONE); /* an empty answer takes the whole list */
}

static void a_list_refused_as_a_whole_is_halved_down_to_the_bad_record(void **state)
{
    struct outside *o = *state;
    open_with(o, "batch = 4; in_flight = 1;");
    recorded_add(&o->world, "POST", 413, "too large");
    recorded_add(&o->world, "POST", 200, "");
    recorded_add(&o->world, "POST", 422, "{\"error\":\"no such stage\"}");
    recorded_add(&o->world, "POST", 422, "{\"error\":\"no such stage\"}");
    recorded_add(&o->world, "POST", 200, "");
    put(o, 4);
    assert_int_equal(o->result[0].err.kind, ERR_NONE);
    assert_int_equal(o->result[1].err.kind, ERR_NONE);
    assert_int_equal(o->result[2].err.kind, ERR_REJECT);
    assert_non_null(strstr(o->result[2].err.text, "no such stage"));
    assert_int_equal(o->result[3].err.kind, ERR_NONE);
}

/* ---- what comes back ---- */

static void every_status_means_one_thing(void **state)
{
    struct outside *o = *state;
    static const struct {
        int status;
        const char *body;
        enum err_kind kind;
        const char *words;
    } table[] = {
        {200, "", ERR_NONE, ""},
        {204, NULL, ERR_NONE, ""},
        {200, "thank you", ERR_NONE, ""},
        {200, "{'external_id':", ERR_UNSURE, "cannot be read"},
        {302, NULL, ERR_CONFIG, "redirected"},
        {400, "{'message':'what?'}", ERR_REJECT, "what?"},
        {401, NULL, ERR_AUTH, ""},
        {403, NULL, ERR_AUTH, ""},
        {404, "{'error':'no such record'}", ERR_GONE, ""},
        {404, "<html>", ERR_CONFIG, "nobody takes messages"},
        {409, NULL, ERR_STALE, ""},
        {410, "{'error':{'message':'moved out'}}", ERR_CONFIG, "moved out"},
        {412, NULL, ERR_STALE, ""},
        {413, "too large", ERR_REJECT, "too large"},
        {422, "{'error':{'message':'no such stage'}}", ERR_REJECT, "no such stage"},
        {500, NULL, ERR_UNSURE, ""},
        {503, NULL, ERR_UNSURE, ""},
        {0, NULL, ERR_UNSURE, ""},
        {429, NULL, ERR_RATE, ""}, /* last: nothing goes out for a while */
    };
    open_with(o, "");
    for (size_t i = 0; i < COUNT(table); i++) {
        struct err err = answered(o, table[i].status, table[i].body);
        if (err.kind != table[i].kind || !strstr(err.text, table[i].words))
            fail_msg("%d %s is %s: %s", table[i].status, table[i].body ? table[i].body : "", err_name(err.kind), err.text);
    }
}

static void a_receiver_that_says_when_is_waited_for(void **state)
{
    struct outside *o = *state;
    static const int statuses[] = {503, 429};
    for (size_t i = 0; i < COUNT(statuses); i++) {
        open_with(o, "");
        struct recording *r = recorded_add(&o->world, "POST", statuses[i], NULL);
        r->header = "retry-after";
        r->value = "120";
        put(o, 1);
        assert_int_equal(o->result[0].err.kind, ERR_RATE);
        assert_int_equal(o->result[0].err.retry_at, RECORDED_NOW + 120000);
        endpoint_free(o->world.ep);
    }
    o->world.ep = NULL;
}

static void the_answer_tells_what_it_made_of_it(void **state)
{
    struct outside *o = *state;
    open_with(o, "");
    struct err err = answered(o, 201, "{'external_id':17,'fields':{'a':'X','address':{'city':'Oslo'}},'version':3,'timestamp':'2026-03-02T09:15:29.500Z'}");
    const struct record *r = &o->result[0].record;
    assert_int_equal(err.kind, ERR_NONE);
    assert_string_equal(r->id, "1"); /* known before: it does not change */
    assert_string_equal(r->version, "3");
    assert_int_equal(r->as_of, RECORDED_NOW - 500);
    AUTO_JSON json_t *wanted = single("{'a':'X','b.c':5,'address.city':'Oslo'}");
    assert_true(js_equal(r->fields, wanted));
}

static struct result created(struct outside *o, const char *body)
{
    AUTO_JSON json_t *set = single("{'a':1}");
    const struct patch patch = {.object = "people", .key_field = "k", .key = "x:7", .trace = "t", .set = set};
    struct result out = {0};
    recorded_add(&o->world, "POST", 200, body);
    assert_true(webhook_connector.put(o->world.ep, &patch, 1, &out, &(struct err){0}));
    return out;
}

static void a_new_record_goes_by_the_receivers_id_or_by_its_key(void **state)
{
    struct outside *o = *state;
    open_with(o, "");
    AUTO(result_done) struct result own = created(o, "{\"external_id\":\"17\"}"), none = created(o, "{\"ok\":true}"), twice = created(o, "{\"duplicate\":true}");
    assert_string_equal(own.record.id, "17");
    assert_string_equal(none.record.id, "x:7");
    assert_true(own.created && none.created && !twice.created);
}

static void success_is_what_the_configuration_says(void **state)
{
    struct outside *o = *state;
    open_with(o, "success_path = \"result.ok\"; success_value = \"yes\"; id_path = \"data[0].id\";");
    assert_int_equal(answered(o, 200, "{'result':{'ok':'yes'},'data':[{'id':9}]}").kind, ERR_NONE);
    struct err no = answered(o, 200, "{'result':{'ok':'no'},'message':'quota of your plan'}");
    assert_int_equal(no.kind, ERR_REJECT);
    assert_non_null(strstr(no.text, "quota of your plan"));
    assert_int_equal(answered(o, 200, "{'data':[{'id':9}]}").kind, ERR_REJECT);
    assert_int_equal(answered(o, 200, "{'result':{'ok':'yes'}}").kind, ERR_UNSURE);
    assert_int_equal(answered(o, 200, "").kind, ERR_UNSURE);
}

/* ---- what may be called, and believed ---- */

static bool opens(struct outside *o, const char *options)
{
    struct endpoint *ep = recorded_endpoint(&o->world, &webhook_connector, options);
    bool ok = ep != NULL;
    endpoint_free(ep);
    return ok;
}

static void addresses_at_home_are_refused_unless_they_are_meant(void **state)
{
    struct outside *o = *state;
    static const char *const home[] = {"http://127.0.0.1:8787/x", "http://localhost/x", "https://10.1.2.3/x", "https://[::1]/x", "https://169.254.169.254/latest",
                                       "https://2130706433/", "https://me:pw@192.168.0.1:444/x", "https://crm.internal/x"};
    for (size_t i = 0; i < COUNT(home); i++) {
        AUTO_FREE char *no = mem_printf("url = \"%s\"; secret = \"env:WEBHOOK_SECRET\";", home[i]), *yes = mem_printf("%s allow_private = true;", no);
        AUTO_FREE char *read = mem_printf(URL " read_url = \"%s\";", home[i]);
        assert_false(opens(o, no));
        assert_true(opens(o, yes));
        assert_false(opens(o, read));
    }
    assert_false(opens(o, "url = \"ftp://crm.example/\"; secret = \"env:WEBHOOK_SECRET\";"));
}

static void faults_of_the_configuration_are_told_before_anything_is_sent(void **state)
{
    struct outside *o = *state;
    setenv("BAD_SECRET", "open sesame", 1);
    assert_false(opens(o, "url = \"https://crm.example/\"; secret = \"env:BAD_SECRET\";"));
    assert_false(opens(o, URL " hook_secret = \"env:BAD_SECRET\";"));
    assert_false(opens(o, URL " success_value = \"x\";"));
    assert_false(opens(o, URL " id_path = \"a[\";"));
    assert_false(opens(o, URL " constants = ( \"nothing\" );"));
}

static void without_a_read_url_it_cannot_be_read(void **state)
{
    struct outside *o = *state;
    const char *const ids[] = {"1"};
    struct record r = {0};
    struct err err = {0};
    open_with(o, "");
    assert_int_equal(o->world.ep->caps & (CAP_FETCH | CAP_FIND), 0);
    assert_false(webhook_connector.fetch(o->world.ep, "people", ids, 1, NULL, 0, &r, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
}

static void what_a_read_leaves_out_of_a_record_is_empty_and_an_answer_without_a_list_says_nothing(void **state)
{
    struct outside *o = *state;
    const char *const ids[] = {"1", "2"}, *const fields[] = {"a", "b", NULL};
    struct record r[2] = {0};
    struct err err = {0};
    open_with(o, "read_url = \"https://crm.example/out?x=1\";");
    recorded_add(&o->world, "GET https://crm.example/out?x=1&object=people&id=1&id=2", 200, "{\"records\":[{\"external_id\":1,\"fields\":{\"a\":5,\"c\":6}}]}");
    recorded_add(&o->world, "GET", 200, "{}");
    assert_true(webhook_connector.fetch(o->world.ep, "people", ids, 2, fields, 0, r, &err));
    assert_member(r[0].fields, "a", "5");
    assert_member(r[0].fields, "b", "null");
    assert_member(r[0].fields, "c", NULL);
    assert_int_equal(r[1].state, RECORD_GONE);
    record_done(&r[0]);
    record_done(&r[1]);
    assert_true(webhook_connector.fetch(o->world.ep, "people", ids, 1, fields, 0, r, &err));
    assert_int_equal(r[0].err.kind, ERR_TEMP);
    record_done(&r[0]);
}

/* ---- what it sends ---- */

static struct err hook(struct outside *o, const char *single_quoted, struct page *page)
{
    AUTO_FREE char *body = mem_dup(single_quoted);
    struct err err = {0};
    const struct signature_secrets secrets = {{SECRET, NULL}};
    for (char *c = body; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    AUTO_FREE char *signature = signature_standard_make("m1", RECORDED_NOW / 1000, body, strlen(body), &secrets, &err);
    AUTO_FREE char *at = mem_printf("%lld", (long long)(RECORDED_NOW / 1000));
    AUTO_JSON json_t *headers = json_pack("{s:s,s:s,s:s}", "Webhook-Id", "m1", "Webhook-Timestamp", at, "Webhook-Signature", signature);
    if (webhook_connector.hook(o->world.ep, "POST", "/", headers, body, strlen(body), RECORDED_NOW, page, &err))
        return (struct err){0};
    return err;
}

static void deliveries_name_records_and_what_they_hold_now(void **state)
{
    struct outside *o = *state;
    AUTO(page_done) struct page page = {0};
    open_with(o, "");
    assert_int_equal(hook(o,
                          "{'records':[{'object':'people','external_id':17,'fields':{'a':1,'b':{'c':2}},'timestamp':'2026-03-02T09:15:29.500Z'},"
                          "{'type':'record.deleted','object':'people','key':'x:7'},{'type':'invoice.paid'}]}",
                          &page)
                         .kind,
                     ERR_NONE);
    assert_int_equal(page.n, 2);
    assert_string_equal(page.items[0].id, "17");
    assert_string_equal(page.items[0].object, "people");
    assert_int_equal(page.items[0].as_of, RECORDED_NOW - 500);
    assert_member(page.items[0].fields, "b.c", "2");
    assert_string_equal(page.items[1].id, "x:7");
    assert_string_equal(page.items[1].key, "x:7");
    assert_int_equal(page.items[1].state, RECORD_GONE);
    assert_int_equal(page.items[1].as_of, RECORDED_NOW);
}

static void signed_nonsense_is_refused_as_such(void **state)
{
    struct outside *o = *state;
    static const char *const bodies[] = {"", "{", "5", "null", "{}", "{'object':'people'}", "{'external_id':'1'}", "[[]]", "{'records':[{'object':'people','key':5.5}]}"};
    open_with(o, "");
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct page page = {0};
        struct err err = hook(o, bodies[i], &page);
        if (err.kind != ERR_REJECT)
            fail_msg("%s is %s", bodies[i], err_name(err.kind));
        assert_null(page.items);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_message_says_what_changed_and_from_what),
        TEST(a_full_message_holds_all_that_is_known_nested_and_constant),
        TEST(a_list_carries_several_and_is_answered_row_by_row),
        TEST(a_list_refused_as_a_whole_is_halved_down_to_the_bad_record),
        TEST(every_status_means_one_thing),
        TEST(a_receiver_that_says_when_is_waited_for),
        TEST(the_answer_tells_what_it_made_of_it),
        TEST(a_new_record_goes_by_the_receivers_id_or_by_its_key),
        TEST(success_is_what_the_configuration_says),
        TEST(addresses_at_home_are_refused_unless_they_are_meant),
        TEST(faults_of_the_configuration_are_told_before_anything_is_sent),
        TEST(without_a_read_url_it_cannot_be_read),
        TEST(what_a_read_leaves_out_of_a_record_is_empty_and_an_answer_without_a_list_says_nothing),
        TEST(deliveries_name_records_and_what_they_hold_now),
        TEST(signed_nonsense_is_refused_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
