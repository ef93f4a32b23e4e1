/* filter.c: who is in, and why somebody is out. */
#include "tests/mappings/kit.h"

static const struct {
    const char *filter, *record, *out; /* out NULL: in */
} rows[] = {
    {"any_tag = ( \"Lead\", \"VIP\" );", "{'context.tags':['t1']}", NULL},
    {"any_tag = ( \"lead\" );", "{'context.tags':['t1']}", NULL}, /* people write names in any case */
    {"any_tag = ( \"VIP\" );", "{'context.tags':['t1']}", "has none of the tags: VIP"},
    {"any_tag = ( \"VIP\", \"Press\" );", "{}", "has none of the tags: VIP, Press"},
    {"all_tags = ( \"Lead\", \"VIP\" );", "{'context.tags':['t1','t2']}", NULL},
    {"all_tags = ( \"Lead\", \"VIP\" );", "{'context.tags':['t1']}", "lacks one of the tags"},
    {"none_tag = ( \"Spam\" );", "{'context.tags':['t1']}", NULL},
    {"none_tag = ( \"Lead\" );", "{'context.tags':['t1']}", "has one of the tags: Lead"},
    {"status = ( \"New\" );", "{'context.status':'s1'}", NULL},
    {"status = ( \"New\" );", "{'context.status':'s2'}", "status is none of: New"},
    {"status = ( \"New\" );", "{'context.status':null}", "status is none of: New"},
    {"not_status = ( \"New\" );", "{'context.status':'s1'}", "status is one of: New"},
    {"not_status = ( \"New\" );", "{'context.status':'s2'}", NULL},
    {"account_link = ( \"greta\" );", "{'accountLinks':['greta']}", NULL},
    {"account_link = ( \"greta\" );", "{'accountLinks':[]}", "not talked to from: greta"},
    {"assignee = ( \"ben@team.example\" );", "{'context.assignee':'ben@team.example'}", NULL},
    {"assignee = ( \"ben@team.example\" );", "{}", "not assigned to: ben@team.example"},
    {"verified = ( \"business\" );", "{'verified':'business'}", NULL},
    {"verified = ( \"business\" );", "{'verified':'none'}", "verification is none of: business"},
    {"valuation_min = 10.0;", "{'context.valuation':10}", NULL},
    {"valuation_min = 10.0;", "{'context.valuation':9}", "valuation is too small or missing"},
    {"valuation_min = 10.0;", "{'context.valuation':null}", "valuation is too small or missing"},
    {"has_valuation = \"yes\";", "{'context.valuation':1}", NULL},
    {"has_valuation = \"yes\";", "{}", "has no valuation"},
    {"has_valuation = \"no\";", "{'context.valuation':1}", "has a valuation"},
    {"has_valuation = \"no\";", "{}", NULL},
    {"followers_min = 5;", "{'followerCount':5}", NULL},
    {"followers_min = 5;", "{'followerCount':4}", "has too few followers"},
    {"replied = \"yes\";", "{'replied':true}", NULL},
    {"replied = \"yes\";", "{'replied':false}", "has never written"},
    {"replied = \"no\";", "{'replied':true}", "has written"},
    {"replied = \"no\";", "{}", NULL},
    {"status = ( \"New\" ); replied = \"yes\";", "{'context.status':'s1'}", "has never written"},
};

static void every_condition_must_hold_and_says_why_it_does_not(void **state)
{
    (void)state;
    struct vocabulary *v = vocabulary_new();
    vocabulary_add(v, "context.tags", "t1", "Lead");
    vocabulary_add(v, "context.tags", "t2", "VIP");
    vocabulary_add(v, "context.status", "s1", "New");
    vocabulary_add(v, "context.status", "s2", "Won");
    for (size_t i = 0; i < COUNT(rows); i++) {
        AUTO_FREE char *more = mem_printf("filter = { %s };", rows[i].filter);
        struct mapping *m = mapping_with("{ name = \"f\"; inbox = \"bio\"; crm = \"c\"; flow = \"to_crm\"; }", more);
        AUTO_JSON json_t *rec = js(rows[i].record);
        const char *out = map_filter(&m->objects[0], rec, v);
        bool right = rows[i].out ? out && str_starts(out, rows[i].out) : !out;
        if (!right)
            print_error("row %zu: %s\n", i, out ? out : "in");
        assert_true(right);
        mapping_free(m);
    }
    vocabulary_free(v);
}

static void without_a_filter_everybody_is_in(void **state)
{
    (void)state;
    struct mapping *m = mapping_with("{ name = \"f\"; inbox = \"bio\"; crm = \"c\"; flow = \"to_crm\"; }", "");
    AUTO_JSON json_t *rec = js("{}");
    assert_null(map_filter(&m->objects[0], rec, NULL));
    mapping_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_condition_must_hold_and_says_why_it_does_not),
        cmocka_unit_test(without_a_filter_everybody_is_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
