/* child.c and stage.c: what a mapping may say about objects of a parent, alone and against live schemas. */
#include "tests/mappings/kit.h"

#define PARENT                                                                                                       \
    "prospect = { crm = \"contacts\"; key = \"k\"; fields = (\n"                                                     \
    "  { name = \"status\"; inbox = \"context.status\"; crm = \"s\"; flow = \"to_crm\"; },\n"                        \
    "  { name = \"notes\"; inbox = \"context.notes\"; crm = \"n\"; } ); };\n"
#define STAGE "{ name = \"stage\"; inbox = \"context.status\"; crm = \"dealstage\"; table = \"t\"; conflict = \"monotone\"; }"
#define AMOUNT "{ name = \"amount\"; inbox = \"context.valuation\"; crm = \"amount\"; }"
#define TABLE "t = ( (\"New\", \"first\"), (\"Talks\", \"Second\"), (\"Won\", \"won\"), (\"Lost\", \"lost\") );"
#define DEAL(members, fields) PARENT "deal = { crm = \"deals\"; key = \"dk\"; " members " fields = ( " fields " ); " TABLE " };"

static const struct {
    const char *text, *fault; /* fault NULL: none */
} laws[] = {
    {DEAL("of = \"prospect\"; create_when = \"context.valuation\"; reopen = \"new\"; pipeline = \"p\"; currency = \"cur\";", STAGE ", " AMOUNT), NULL},
    {DEAL("of = \"prospect\"; create_when = { set = ( \"context.valuation\" ); reached = \"Talks\"; any_tag = ( \"VIP\" ); };", STAGE), NULL},
    {DEAL("of = \"prospekt\";", STAGE), "world:4: deal: no object above it is called \"prospekt\""},
    {"deal = { crm = \"deals\"; of = \"prospect\"; key = \"dk\"; fields = ( " AMOUNT " ); };\n" PARENT, "world:1: deal: no object above it"},
    {DEAL("create_when = \"context.valuation\";", STAGE), "world:4: deal: create_when, reopen, pipeline and currency are for objects of a parent"},
    {DEAL("reopen = \"new\";", STAGE), "are for objects of a parent"},
    {DEAL("of = \"prospect\"; reopen = \"always\";", STAGE), "reopen"},
    {DEAL("of = \"prospect\"; create_wen = \"context.valuation\";", STAGE), "create_when"},
    {DEAL("of = \"prospect\"; create_when = { sett = ( \"context.valuation\" ); };", STAGE), "set"},
    {DEAL("of = \"prospect\"; create_when = 5;", STAGE), "world:4: create_when: must name an Inbox field"},
    {DEAL("of = \"prospect\"; create_when = { reached = \"Talkz\"; };", STAGE), "\"Talkz\" is not in the order of field stage (line 4)"},
    {PARENT "deal = { crm = \"deals\"; key = \"dk\"; of = \"prospect\"; create_when = { reached = \"Talks\"; }; fields = ( " AMOUNT " ); };",
     "reached needs the order of statuses"},
    {DEAL("of = \"prospect\";", STAGE ", { name = \"story\"; inbox = \"context.notes\"; crm = \"description\"; }"),
     "world:4: notes of prospect (line 3) and story of deal both write context.notes in Inbox: two masters; say flow = \"to_crm\" in one"},
    {DEAL("of = \"prospect\";", STAGE ", { name = \"story\"; inbox = \"context.notes\"; crm = \"description\"; flow = \"to_inbox\"; }"), "two masters"},
    {DEAL("of = \"prospect\";", STAGE ", { name = \"story\"; inbox = \"context.notes\"; crm = \"description\"; flow = \"to_crm\"; }"), NULL},
    {PARENT "deal = { crm = \"contacts\"; key = \"dk\"; of = \"prospect\"; fields = ( " AMOUNT " ); };", "are both \"contacts\" in the CRM"},
    {DEAL("of = \"prospect\";", STAGE) "item = { crm = \"items\"; key = \"ik\"; of = \"deal\"; fields = ( " AMOUNT " ); };", "one generation is enough"},
};

static void laws_of_children_are_checked_at_load(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(laws); i++) {
        struct opt_faults faults = {0};
        struct mapping *m = mapping_load_text("world", laws[i].text, &faults);
        AUTO_FREE char *said = all_faults(&faults);
        bool right = laws[i].fault ? !m && strstr(said, laws[i].fault) : m != NULL;
        if (!right)
            print_error("row %zu: said \"%s\", wanted \"%s\"\n", i, said, laws[i].fault ? laws[i].fault : "nothing");
        assert_true(right);
        mapping_free(m);
        opt_faults_done(&faults);
    }
}

/* ---- against live schemas ---- */

static void stage(struct schema_field *f, const char *id, const char *label, const char *pipeline, bool closed)
{
    schema_add_option(f, id, label);
    schema_group_option(f, pipeline, closed);
}

static void make_schemas(struct schema *s, struct schema *t)
{
    *s = (struct schema){.object = mem_dup("prospect")};
    *t = (struct schema){.object = mem_dup("deals")};
    struct schema_field *status = schema_add(s, "context.status", "Status", SCHEMA_CHOICE);
    status->by_label = status->open = true;
    static const char *const names[] = {"New", "Talks", "Won", "Lost"};
    for (size_t i = 0; i < COUNT(names); i++)
        schema_add_option(status, names[i], names[i]);
    schema_add(s, "context.valuation", "Valuation", SCHEMA_NUMBER);
    schema_add(t, "dk", "Key", SCHEMA_TEXT)->unique = true;
    schema_add(t, "amount", "Amount", SCHEMA_NUMBER);
    schema_add(t, "cur", "Currency", SCHEMA_TEXT);
    struct schema_field *pipeline = schema_add(t, "pipeline", "Pipeline", SCHEMA_CHOICE);
    schema_add_option(pipeline, "p", "Sales");
    schema_add_option(pipeline, "q", "Partners");
    struct schema_field *f = schema_add(t, "dealstage", "Stage", SCHEMA_CHOICE);
    f->within = "pipeline";
    stage(f, "first", "First", "p", false);
    stage(f, "second", "Second", "p", false);
    stage(f, "won", "Closed", "p", true);
    stage(f, "lost", "Lost", "p", true);
    stage(f, "other", "Second", "q", false);
}

static const struct {
    const char *text, *fault;
} binds[] = {
    {DEAL("of = \"prospect\"; pipeline = \"Sales\"; currency = \"cur\"; create_when = \"context.valuation\";", STAGE ", " AMOUNT), NULL},
    {DEAL("of = \"prospect\"; pipeline = \"p\"; reopen = \"reuse\";", STAGE), NULL},
    {DEAL("of = \"prospect\"; pipeline = \"sale\";", STAGE), "deal: the CRM has no pipeline \"sale\""},
    {DEAL("of = \"prospect\"; pipeline = \"q\";", STAGE), "\"first\" is no option of dealstage in the CRM"},
    {DEAL("of = \"prospect\"; pipeline = \"p\"; currency = \"curr\";", STAGE), "deal: the CRM has no \"curr\" on deals"},
    {DEAL("of = \"prospect\"; pipeline = \"p\"; create_when = \"context.valuatoin\";", STAGE), "did you mean \"context.valuation\"?"},
    {PARENT "deal = { crm = \"deals\"; key = \"dk\"; of = \"prospect\"; reopen = \"reuse\"; fields = ( " AMOUNT " ); };", "needs a field that writes dealstage"},
};

static void stages_pipelines_and_currencies_are_checked_against_the_crm(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(binds); i++) {
        struct opt_faults faults = {0};
        struct schema s, t;
        make_schemas(&s, &t);
        struct mapping *m = mapping_load_text("world", binds[i].text, &faults);
        assert_non_null(m);
        bool ok = mapping_bind(m, &m->objects[1], &s, &t, &faults);
        AUTO_FREE char *said = all_faults(&faults);
        bool right = binds[i].fault ? !ok && strstr(said, binds[i].fault) : ok;
        if (!right)
            print_error("row %zu: said \"%s\", wanted \"%s\"\n", i, said, binds[i].fault ? binds[i].fault : "nothing");
        assert_true(right);
        mapping_free(m);
        opt_faults_done(&faults);
        schema_done(&s);
        schema_done(&t);
    }
}

static void a_bound_deal_knows_its_stages_by_label_and_its_end(void **state)
{
    (void)state;
    struct opt_faults faults = {0};
    struct schema s, t;
    make_schemas(&s, &t);
    struct mapping *m = mapping_load_text("world", binds[0].text, &faults);
    struct map_object *o = &m->objects[1];
    assert_true(mapping_bind(m, o, &s, &t, &faults));
    assert_string_equal(o->pipeline, "p");
    struct err err = {0};
    AUTO_JSON json_t *talks = js("'Talks'"), *record = js("{'context.valuation':5}"), *bare = js("{'context.valuation':null}"), *set = js("{}");
    AUTO_JSON json_t *second = map_translate(&o->fields[0], SIDE_S, talks, &err), *won = js("'won'");
    assert_js(second, "'second'");
    assert_true(map_closed(o, won));
    assert_false(map_closed(o, second));
    assert_true(o->fields[1].money && o->fields[1].stirs && o->fields[0].stirs && !o->fields[0].money);
    assert_null(map_lacks(o, record, NULL));
    assert_string_equal(map_lacks(o, bare, NULL), "context.valuation has no value");
    map_first(o, "USD", set);
    assert_js(set, "{'pipeline':'p','cur':'USD','dealstage':'first'}");
    mapping_free(m);
    opt_faults_done(&faults);
    schema_done(&s);
    schema_done(&t);
}

/* Where pipelines share their stages, each is an option of every one it is in, under one id. */
static void a_stage_may_be_in_several_pipelines(void **state)
{
    static const char *const pipelines[] = {"p", "q"};
    (void)state;
    for (size_t i = 0; i < COUNT(pipelines); i++) {
        struct opt_faults faults = {0};
        struct schema s, t;
        make_schemas(&s, &t);
        struct schema_field *f = &t.fields[t.n - 1];
        stage(f, "first", "First", "q", false);
        stage(f, "second", "Second", "q", false);
        stage(f, "won", "Closed", "q", true);
        stage(f, "lost", "Lost", "q", true);
        AUTO_FREE char *text = mem_printf(PARENT "deal = { crm = \"deals\"; key = \"dk\"; of = \"prospect\"; pipeline = \"%s\"; fields = ( " STAGE
                                                 " ); t = { pairs = ( (\"New\", \"First\"), (\"Talks\", \"second\"), (\"Won\", \"won\"), "
                                                 "(\"Lost\", \"lost\") ); ignore_crm = ( \"other\" ); }; };",
                                          pipelines[i]);
        struct mapping *m = mapping_load_text("world", text, &faults);
        AUTO_FREE char *said = all_faults(&faults);
        if (!m)
            print_error("%s", said);
        assert_non_null(m);
        bool ok = mapping_bind(m, &m->objects[1], &s, &t, &faults);
        AUTO_FREE char *why = all_faults(&faults);
        if (!ok)
            print_error("%s", why);
        assert_true(ok);
        assert_string_equal(map_first_stage(&m->objects[1]), i ? "other" : "first");
        mapping_free(m);
        opt_faults_done(&faults);
        schema_done(&s);
        schema_done(&t);
    }
}

static void a_status_is_reached_from_its_place_on(void **state)
{
    (void)state;
    struct opt_faults faults = {0};
    struct mapping *m = mapping_load_text("world", DEAL("of = \"prospect\"; create_when = { reached = \"Talks\"; not_status = ( \"Lost\" ); };", STAGE), &faults);
    const struct map_object *o = &m->objects[1];
    AUTO_JSON json_t *early = js("{'context.status':'New'}"), *there = js("{'context.status':'Talks'}"), *late = js("{'context.status':'Won'}"),
                     *lost = js("{'context.status':'Lost'}"), *none = js("{'context.status':null}");
    assert_string_equal(map_lacks(o, early, NULL), "status has not reached Talks");
    assert_non_null(map_lacks(o, none, NULL));
    assert_null(map_lacks(o, there, NULL));
    assert_null(map_lacks(o, late, NULL));
    assert_string_equal(map_lacks(o, lost, NULL), "status is one of: Lost");
    mapping_free(m);
    opt_faults_done(&faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(laws_of_children_are_checked_at_load),
        cmocka_unit_test(stages_pipelines_and_currencies_are_checked_against_the_crm),
        cmocka_unit_test(a_bound_deal_knows_its_stages_by_label_and_its_end),
        cmocka_unit_test(a_stage_may_be_in_several_pipelines),
        cmocka_unit_test(a_status_is_reached_from_its_place_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
