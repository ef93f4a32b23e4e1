/* mapping.c and table.c: from the file to the struct, and the laws that need no live schema. */
#include "tests/mappings/kit.h"

#define F "name = \"f\"; inbox = \"context.notes\"; crm = \"c\";"
#define G "name = \"g\"; inbox = \"context.valuation\"; crm = \"d\";"

static void a_field_has_sensible_defaults(void **state)
{
    (void)state;
    struct mapping *m = mapping_with("{ " F " }", "");
    const struct map_object *o = &m->objects[0];
    const struct map_field *f = &o->fields[0];
    assert_string_equal(o->type[SIDE_S], "prospect");
    assert_string_equal(o->type[SIDE_T], "contacts");
    assert_int_equal(o->mode, MODE_CREATE);
    assert_int_equal(o->max_creates, 100);
    assert_int_equal(o->n_match, 1);
    assert_string_equal(o->match[0], "k");
    assert_int_equal(f->flow, FLOW_BOTH);
    assert_int_equal(f->conflict, POLICY_HOLD);
    assert_int_equal(f->initial, POLICY_HOLD);
    assert_int_equal(f->on_forbidden, FORBIDDEN_IGNORE);
    assert_true(f->blank_to[0] && f->blank_to[1]);
    assert_int_equal(f->line, 2);
    mapping_free(m);
    mapping_free(NULL);
}

static void everything_that_can_be_said_is_read(void **state)
{
    (void)state;
    struct mapping *m = mapping_with("{ " F " flow = \"to_crm\"; conflict = \"newest\"; otherwise = \"crm\"; initial = \"source\"; on_forbidden = \"revert\"; "
                                     "on_blank = { to_crm = \"keep\"; }; transform = ( \"trim\", \"prefix:x\" ); }, { " G
                                     " on_blank = \"keep\"; conflict = \"monotone\"; order = ( \"a\", \"b\" ); }",
                                     "match = ( \"email\", \"phone\" ); create = false; max_creates = 5;");
    const struct map_object *o = &m->objects[0];
    const struct map_field *f = &o->fields[0], *g = &o->fields[1];
    assert_int_equal(o->mode, MODE_UPDATE);
    assert_int_equal(o->max_creates, 5);
    assert_int_equal(o->n_match, 3); /* the key goes first */
    assert_string_equal(o->match[2], "phone");
    assert_int_equal(f->flow, FLOW_TO_CRM);
    assert_int_equal(f->conflict, POLICY_NEWEST);
    assert_int_equal(f->otherwise, POLICY_CRM);
    assert_int_equal(f->initial, POLICY_SOURCE);
    assert_int_equal(f->on_forbidden, FORBIDDEN_REVERT);
    assert_false(f->blank_to[SIDE_T]);
    assert_true(f->blank_to[SIDE_S]);
    assert_int_equal(f->n_steps, 2);
    assert_false(g->blank_to[0] || g->blank_to[1]);
    assert_int_equal(g->n_order, 2);
    mapping_free(m);
}

static void modes_have_names(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum mode mode;
    } rows[] = {{"mode = \"link-only\";", MODE_LINK}, {"mode = \"update-only\";", MODE_UPDATE}, {"mode = \"create-if-missing\";", MODE_CREATE}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mapping *m = mapping_with("{ " F " }", rows[i].text);
        assert_int_equal(m->objects[0].mode, rows[i].mode);
        mapping_free(m);
    }
}

static void the_order_of_a_table_serves_monotone(void **state)
{
    (void)state;
    struct mapping *m = mapping_with("{ " F " table = \"t\"; conflict = \"monotone\"; }", "t = ( (\"a\", \"1\"), (\"b\", 2) );");
    const struct map_field *f = &m->objects[0].fields[0];
    assert_int_equal(f->n_order, 2);
    assert_string_equal(f->order[1], "b");
    struct err err = {0};
    AUTO_JSON json_t *b = js("'b'"), *to = table_map(f->table, SIDE_S, b, &err), *two = js("2"), *from = table_map(f->table, SIDE_T, two, &err);
    assert_js(to, "'2'");
    assert_js(from, "'b'");
    mapping_free(m);
}

static void a_table_ignores_and_has_an_else(void **state)
{
    (void)state;
    struct mapping *m = mapping_with("{ " F " table = \"t\"; }", "t = { pairs = ( (\"a\", \"1\"), (\"b\", \"1\") ); collapse = true; ignore_crm = ( \"9\" ); else_crm = \"0\"; };");
    struct table *t = m->objects[0].fields[0].table;
    struct err err = {0};
    AUTO_JSON json_t *one = js("'1'"), *back = table_map(t, SIDE_T, one, &err), *odd = js("'zzz'"), *other = table_map(t, SIDE_S, odd, &err);
    assert_js(back, "'a'"); /* collapse: the first pair is the way back */
    assert_js(other, "'0'");
    AUTO_JSON json_t *nine = js("'9'"), *eight = js("'8'");
    assert_null(table_map(t, SIDE_T, nine, &err));
    assert_int_equal(err.kind, ERR_NONE);
    assert_null(table_map(t, SIDE_T, eight, &err));
    assert_int_equal(err.kind, ERR_REJECT);
    assert_non_null(strstr(err.text, "\"8\" is not in table t"));
    assert_true(table_ignores(t, SIDE_T, "9"));
    assert_false(table_ignores(t, SIDE_S, "9"));
    table_free(NULL);
    mapping_free(m);
}

static const struct {
    const char *fields, *more, *fault;
} bad[] = {
    {"{ " F " transform = ( \"lower\" ); }", "", "transform lower has no way back"},
    {"{ " F " flow = \"to_inbox\"; transform = ( \"date\" ); }", "", "transform date has no way back"},
    {"{ " F " conflict = \"monotone\"; }", "", "monotone needs an order"},
    {"{ " F " conflict = \"union\"; flow = \"to_crm\"; }", "", "union merges both sides"},
    {"{ " F " conflict = \"append\"; flow = \"to_inbox\"; }", "", "append merges both sides"},
    {"{ " F " conflict = \"append\"; table = \"t\"; }", "t = ( (\"a\", \"1\") );", "append is for free text"},
    {"{ " F " initial = \"union\"; }", "", "initial cannot be union"},
    {"{ " F " initial = \"append\"; }", "", "initial cannot be append"},
    {"{ " F " }, { " F " }", "", "two fields are called f"},
    {"{ " F " }, { name = \"h\"; inbox = \"bio\"; crm = \"c\"; }", "", "both write c in the CRM"},
    {"{ " F " }, { name = \"h\"; inbox = \"context.notes\"; crm = \"e\"; }", "", "both write context.notes in Inbox"},
    {"{ name = \"h\"; inbox = \"bio\"; crm = \"k\"; }", "", "which is the bridge key"},
    {"{ " F " line = true; }", "", "a line of the bridge only flows to Inbox"},
    {"{ " F " flow = \"to_inbox\"; line = true; transform = ( \"trim\" ); }", "", "no table, no transform"},
    {"{ " F " flow = \"to_inbox\"; line = true; }, { name = \"h\"; inbox = \"context.notes\"; crm = \"e\"; flow = \"to_inbox\"; line = true; }", "", "both write context.notes in Inbox"},
    {"{ " F " table = \"stagez\"; }, { " G " table = \"stages\"; }", "stages = ( (\"a\", \"1\") );", "no table is called \"stagez\" here; did you mean \"stages\"?"},
    {"{ " F " }", "stages = ( (\"a\", \"1\") );", "no field uses table stages"},
    {"{ " F " table = \"t\"; }", "t = ( (\"a\", \"1\"), (\"b\", \"1\") );", "both become \"1\""},
    {"{ " F " table = \"t\"; }", "t = ( (\"a\", \"1\"), (\"a\", \"2\") );", "stands for both \"1\""},
    {"{ " F " table = \"t\"; }", "t = ( (\"a\", \"1\"), (\"b\") );", "each entry is a pair"},
    {"{ " F " table = \"t\"; }", "t = { pairs = ( (\"a\", \"1\") ); ignore_crn = ( \"x\" ); };", "ignore_crm"},
    {"{ " F " conflct = \"crm\"; }", "", "conflict"},
    {"{ " F " conflict = \"crn\"; }", "", "crm"},
    {"{ " F " on_blank = \"drop\"; }", "", "on_blank: must be"},
    {"{ " F " on_blank = { to_crm = \"drop\"; }; }", "", "to_crm"},
    {"{ " F " transform = ( \"trimm\" ); }", "", "trim"},
    {"{ " F " }", "max_creates = -1;", "max_creates"},
    {"{ " F " }", "filter = { any_tags = ( \"x\" ); };", "any_tag"},
    {"", "", "no fields"},
    {"{ inbox = \"bio\"; crm = \"c\"; }", "", "name"},
};

static void each_broken_law_is_named_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct opt_faults faults = {0};
        AUTO_FREE char *text = object_text(bad[i].fields, bad[i].more);
        struct mapping *m = mapping_load_text("m.cfg", text, &faults);
        AUTO_FREE char *said = all_faults(&faults);
        if (m || !strstr(said, bad[i].fault) || !strstr(said, "m.cfg:"))
            print_error("row %zu: %s\nsaid: %s", i, text, said);
        assert_null(m);
        assert_non_null(strstr(said, bad[i].fault));
        assert_non_null(strstr(said, "m.cfg:"));
        opt_faults_done(&faults);
    }
}

static void a_file_that_is_no_mapping_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "prospect = 5;", "prospect = {", "prospect = { crm = \"c\"; };"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct opt_faults faults = {0};
        assert_null(mapping_load_text("m.cfg", texts[i], &faults));
        assert_true(faults.n > 0);
        opt_faults_done(&faults);
    }
    struct opt_faults faults = {0};
    assert_null(mapping_load("/nowhere/m.cfg", &faults));
    assert_true(faults.n > 0);
    opt_faults_done(&faults);
}

static void the_hash_is_of_the_meaning_not_of_comments(void **state)
{
    (void)state;
    struct mapping *a = mapping_with("{ " F " }", ""), *b = mapping_with("{ " F " # a comment\n }", "\n\n"), *c = mapping_with("{ " G " }", "");
    assert_string_equal(a->hash, b->hash);
    assert_string_not_equal(a->hash, c->hash);
    mapping_free(a);
    mapping_free(b);
    mapping_free(c);
}

static void policies_have_names_both_ways(void **state)
{
    (void)state;
    for (int p = 0; p < POLICIES; p++) {
        enum policy back = POLICIES;
        assert_true(policy_of(policy_name((enum policy)p), &back));
        assert_int_equal(back, p);
    }
    enum policy none = POLICY_CRM;
    assert_false(policy_of("nobody", &none));
    assert_int_equal(none, POLICY_CRM);
}

static void the_shipped_mappings_load(void **state)
{
    static const char *const files[] = {"hubspot", "salesforce-leads", "salesforce-contacts", "webhook"};
    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        AUTO_FREE char *path = mem_printf(SOURCE_DIR "/mappings/%s.cfg", files[i]);
        struct opt_faults faults = {0};
        struct mapping *m = mapping_load(path, &faults);
        for (size_t k = 0; k < faults.n; k++)
            print_error("%s\n", faults.lines[k]);
        assert_int_equal(faults.n, 0);
        assert_non_null(m);
        mapping_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_has_sensible_defaults),
        cmocka_unit_test(everything_that_can_be_said_is_read),
        cmocka_unit_test(modes_have_names),
        cmocka_unit_test(the_order_of_a_table_serves_monotone),
        cmocka_unit_test(a_table_ignores_and_has_an_else),
        cmocka_unit_test(each_broken_law_is_named_with_its_line),
        cmocka_unit_test(a_file_that_is_no_mapping_is_refused),
        cmocka_unit_test(the_hash_is_of_the_meaning_not_of_comments),
        cmocka_unit_test(policies_have_names_both_ways),
        cmocka_unit_test(the_shipped_mappings_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
