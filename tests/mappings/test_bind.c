/* bind.c: a mapping against live schemas, and what the CRM must have for it. */
#include "tests/mappings/kit.h"

static void make_schemas(struct schema *s, struct schema *t)
{
    *s = (struct schema){.object = mem_dup("prospect")};
    *t = (struct schema){.object = mem_dup("contacts")};
    schema_add(s, "displayName", "Name", SCHEMA_TEXT)->read_only = true;
    struct schema_field *status = schema_add(s, "context.status", "Status", SCHEMA_CHOICE);
    status->by_label = true;
    schema_add_option(status, "s1", "New");
    schema_add_option(status, "s2", "Won");
    struct schema_field *tags = schema_add(s, "context.tags", "Tags", SCHEMA_SET);
    tags->by_label = true;
    schema_add_option(tags, "t1", "VIP");
    struct schema_field *assignee = schema_add(s, "context.assignee", "Assignee", SCHEMA_CHOICE), *owner = schema_add(t, "owner", "Owner", SCHEMA_CHOICE);
    assignee->by_label = assignee->people = owner->by_label = owner->people = owner->required = true;
    schema_add_option(assignee, "m1", "ada@team.example");
    schema_add_option(owner, "7", "ada@team.example");
    schema_add_option(owner, "8", "robot@team.example");
    schema_add_option(owner, "9", "left@team.example");
    schema_gone_option(owner);
    schema_add(s, "context.notes", "Notes", SCHEMA_TEXT)->max_len = 10000;
    schema_add(s, "context.valuation", "Valuation", SCHEMA_NUMBER);
    schema_add(s, "lastMessageAt", "Last", SCHEMA_DATETIME)->read_only = true;
    schema_add(t, "k", "Key", SCHEMA_TEXT)->unique = true;
    schema_add(t, "loose", "Loose", SCHEMA_TEXT);
    schema_add(t, "firstname", "First", SCHEMA_TEXT);
    struct schema_field *stage = schema_add(t, "stage", "Stage", SCHEMA_CHOICE);
    schema_add_option(stage, "new", "New");
    schema_add_option(stage, "won", "Won");
    struct schema_field *open = schema_add(t, "source", "Source", SCHEMA_CHOICE);
    open->open = true;
    schema_add_option(open, "x", "X");
    struct schema_field *set = schema_add(t, "tags", "Tags", SCHEMA_SET);
    schema_add_option(set, "VIP", "VIP");
    schema_add(t, "short", "Short", SCHEMA_TEXT)->max_len = 100;
    schema_add(t, "calculated", "Calculated", SCHEMA_NUMBER)->read_only = true;
    schema_add(t, "amount", "Amount", SCHEMA_NUMBER);
}

static char *bind_with(const char *fields, const char *more, const char *key, struct mapping **out)
{
    struct schema *s = mem_alloc(sizeof *s), *t = mem_alloc(sizeof *t);
    struct opt_faults faults = {0};
    make_schemas(s, t);
    struct mapping *m = mapping_with(fields, more);
    free(m->objects[0].key);
    m->objects[0].key = mem_dup(key);
    bool ok = mapping_bind(m, &m->objects[0], s, t, &faults);
    char *said = all_faults(&faults);
    assert_int_equal(ok, faults.n == 0);
    opt_faults_done(&faults);
    if (out)
        *out = m;
    else
        mapping_free(m);
    schema_done(s);
    schema_done(t);
    free(s);
    free(t);
    return said;
}

#define OWNER "{ name = \"f\"; inbox = \"context.assignee\"; crm = \"owner\"; "

static const struct {
    const char *fields, *more, *fault; /* fault NULL: none */
} rows[] = {
    {"{ name = \"f\"; inbox = \"displayName\"; crm = \"firstname\"; flow = \"to_crm\"; }", "", NULL},
    {"{ name = \"f\"; inbox = \"displayNam\"; crm = \"firstname\"; flow = \"to_crm\"; }", "", "Inbox has no \"displayNam\" on prospect; did you mean \"displayName\"?"},
    {"{ name = \"f\"; inbox = \"displayName\"; crm = \"inbox_new\"; flow = \"to_crm\"; }", "", "setup --apply creates it"},
    {"{ name = \"f\"; inbox = \"displayName\"; crm = \"qqqqqqqqqqqq\"; flow = \"to_crm\"; }", "", "the CRM has no \"qqqqqqqqqqqq\" on contacts"},
    {"{ name = \"f\"; inbox = \"displayName\"; crm = \"firstname\"; }", "", "displayName is read-only in Inbox, but the field flows there; say flow = \"to_crm\""},
    {"{ name = \"f\"; inbox = \"context.valuation\"; crm = \"calculated\"; }", "", "calculated is read-only in the CRM, but the field flows there; say flow = \"to_inbox\""},
    {"{ name = \"f\"; inbox = \"context.valuation\"; crm = \"calculated\"; flow = \"to_inbox\"; }", "", NULL},
    {"{ name = \"f\"; inbox = \"context.status\"; crm = \"stage\"; table = \"t\"; }", "t = ( (\"New\", \"new\"), (\"Won\", \"won\") );", NULL},
    {"{ name = \"f\"; inbox = \"context.status\"; crm = \"stage\"; table = \"t\"; }", "t = ( (\"New\", \"new\") );", "Inbox's \"Won\" of context.status is neither mapped, ignored nor else'd"},
    {"{ name = \"f\"; inbox = \"context.status\"; crm = \"stage\"; table = \"t\"; }", "t = { pairs = ( (\"New\", \"new\") ); ignore_inbox = ( \"Won\" ); ignore_crm = ( \"won\" ); };", NULL},
    {"{ name = \"f\"; inbox = \"context.status\"; crm = \"stage\"; table = \"t\"; }", "t = { pairs = ( (\"New\", \"new\") ); else_inbox = \"New\"; else_crm = \"new\"; };", NULL},
    {"{ name = \"f\"; inbox = \"context.status\"; crm = \"stage\"; table = \"t\"; }", "t = ( (\"New\", \"new\"), (\"Won\", \"wonn\") );", "\"wonn\" is no option of stage in the CRM; did you mean \"won\"?"},
    {"{ name = \"f\"; inbox = \"context.status\"; crm = \"stage\"; table = \"t\"; }", "t = ( (\"New\", \"new\"), (\"Woon\", \"won\") );", "\"Woon\" is no option of context.status in Inbox; did you mean \"Won\"?"},
    {"{ name = \"f\"; inbox = \"context.status\"; crm = \"source\"; table = \"t\"; }", "t = ( (\"New\", \"anything\"), (\"Won\", \"else\") );", NULL},
    {OWNER "on_blank = \"keep\"; }", "", NULL},
    {OWNER "flow = \"to_inbox\"; }", "", NULL},
    {OWNER "}", "", "owner is never blank in the CRM: say on_blank = \"keep\", or in its table blank_crm = who stands for nobody"},
    {OWNER "table = \"t\"; }", "t = { pairs = (); blank_crm = \"Robot@team.example\"; };", NULL},
    {OWNER "table = \"t\"; }", "t = { pairs = ( (\"Ada@team.example\", \"8\") ); blank_crm = \"7\"; };", NULL},
    {OWNER "table = \"t\"; on_blank = \"keep\"; }", "t = ( (\"ada@team.example\", \"left@team.example\") );", NULL},
    {OWNER "table = \"t\"; on_blank = \"keep\"; }", "t = ( (\"ada@team.example\", \"bob@team.example\") );", "\"bob@team.example\" is nobody of owner in the CRM"},
    {OWNER "table = \"t\"; on_blank = \"keep\"; }", "t = ( (\"ida@team.example\", \"7\") );", "\"ida@team.example\" is nobody of context.assignee in Inbox; did you mean \"ada@team.example\"?"},
    {OWNER "table = \"t\"; }", "t = { pairs = (); blank_crm = \"nobody@team.example\"; };", "\"nobody@team.example\" is nobody of owner in the CRM"},
    {"{ name = \"f\"; inbox = \"context.tags\"; crm = \"tags\"; conflict = \"union\"; }", "", NULL},
    {"{ name = \"f\"; inbox = \"context.tags\"; crm = \"firstname\"; }", "", "say transform = \"join:;\""},
    {"{ name = \"f\"; inbox = \"context.tags\"; crm = \"firstname\"; transform = ( \"join:;\" ); }", "", NULL},
    {"{ name = \"f\"; inbox = \"context.notes\"; crm = \"tags\"; }", "", "say transform = \"split:;\""},
    {"{ name = \"f\"; inbox = \"context.notes\"; crm = \"tags\"; transform = ( \"split:;\" ); }", "", NULL},
    {"{ name = \"f\"; inbox = \"context.notes\"; crm = \"firstname\"; conflict = \"union\"; }", "", "union is for sets"},
    {"{ name = \"f\"; inbox = \"context.valuation\"; crm = \"amount\"; conflict = \"append\"; }", "", "append is for text"},
    {"{ name = \"f\"; inbox = \"context.notes\"; crm = \"short\"; }", "", "truncate:100"},
    {"{ name = \"f\"; inbox = \"context.notes\"; crm = \"short\"; transform = ( \"truncate:100\" ); }", "", NULL},
    {"{ name = \"f\"; inbox = \"context.notes\"; crm = \"short\"; flow = \"to_crm\"; }", "", NULL},
};

static void each_misfit_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        AUTO_FREE char *said = bind_with(rows[i].fields, rows[i].more, "k", NULL);
        bool right = rows[i].fault ? strstr(said, rows[i].fault) && strstr(said, "m.cfg:") : !*said;
        if (!right)
            print_error("row %zu said: %s\n", i, said);
        assert_true(right);
    }
}

static void a_misfit_counts_however_many_were_told_before(void **state)
{
    struct schema s, t;
    struct opt_faults faults = {0};
    (void)state;
    make_schemas(&s, &t);
    struct mapping *m = mapping_with("{ name = \"f\"; inbox = \"displayNam\"; crm = \"firstname\"; flow = \"to_crm\"; }", "");
    for (int i = 0; i < 300; i++) /* more than are kept */
        assert_false(mapping_bind(m, &m->objects[0], &s, &t, &faults));
    assert_int_equal(faults.all, 300);
    assert_true(faults.n < 300);
    opt_faults_done(&faults);
    mapping_free(m);
    schema_done(&s);
    schema_done(&t);
}

static void the_bridge_key_must_be_there_and_unique(void **state)
{
    (void)state;
    AUTO_FREE char *gone = bind_with(rows[0].fields, "", "nokey", NULL), *loose = bind_with(rows[0].fields, "", "loose", NULL);
    assert_non_null(strstr(gone, "the CRM has no \"nokey\""));
    assert_non_null(strstr(loose, "\"loose\" is not unique"));
}

static void what_the_crm_must_have_is_typed_from_inbox_and_the_transforms(void **state)
{
    (void)state;
    static const struct {
        const char *inbox, *more;
        enum schema_type type;
    } want[] = {{"context.notes", "", SCHEMA_TEXT}, {"context.valuation", "", SCHEMA_NUMBER}, {"context.tags", "", SCHEMA_SET},
                {"context.tags", "transform = ( \"join:;\" );", SCHEMA_TEXT}, {"context.notes", "transform = ( \"split:;\" );", SCHEMA_SET},
                {"context.notes", "transform = ( \"number\" );", SCHEMA_NUMBER}, {"lastMessageAt", "flow = \"to_crm\"; transform = ( \"date\" );", SCHEMA_DATE},
                {"lastMessageAt", "flow = \"to_crm\";", SCHEMA_DATETIME}, {"context.notes", "transform = ( \"datetime\" );", SCHEMA_DATETIME},
                {"context.valuation", "transform = ( \"prefix:EUR \" );", SCHEMA_TEXT}, {"nowhere", "", SCHEMA_TEXT},
                {"context.status", "table = \"t\";", SCHEMA_CHOICE}};
    for (size_t i = 0; i < COUNT(want); i++) {
        struct schema s, t, wanted = {0};
        make_schemas(&s, &t);
        AUTO_FREE char *field = mem_printf("{ name = \"f\"; inbox = \"%s\"; crm = \"inbox_f\"; %s }, { name = \"g\"; inbox = \"displayName\"; crm = \"firstname\"; flow = \"to_crm\"; }", want[i].inbox, want[i].more);
        struct mapping *m = mapping_with(field, strstr(want[i].more, "table") ? "t = ( (\"New\", \"new\"), (\"Won\", \"won\") );" : "");
        (void)m;
        mapping_wanted(&m->objects[0], &s, &wanted);
        assert_int_equal(wanted.n, 2); /* the key and ours; not firstname */
        assert_true(wanted.fields[0].unique);
        const struct schema_field *f = schema_find(&wanted, "inbox_f");
        if (f->type != want[i].type)
            print_error("row %zu is %s\n", i, schema_type_name(f->type));
        assert_int_equal(f->type, want[i].type);
        if (f->type == SCHEMA_CHOICE)
            assert_int_equal(f->n_options, 2);
        schema_done(&wanted);
        schema_done(&s);
        schema_done(&t);
        mapping_free(m);
    }
}

static void a_side_is_asked_for_fields_filters_and_the_key(void **state)
{
    (void)state;
    struct mapping *m = mapping_with("{ name = \"f\"; inbox = \"bio\"; crm = \"c\"; flow = \"to_crm\"; }", "filter = { replied = \"yes\"; };");
    AUTO_FREE const char **s = mapping_needed(&m->objects[0], SIDE_S), **t = mapping_needed(&m->objects[0], SIDE_T);
    bool replied = false, others = false;
    for (size_t i = 0; s[i]; i++) {
        replied |= str_eq(s[i], "replied");
        others |= str_eq(s[i], "accountLinks") || str_eq(s[i], "context.tags");
    }
    assert_true(replied);
    assert_false(others); /* what the filter does not ask about */
    assert_string_equal(s[0], "bio");
    assert_string_equal(t[0], "k");
    assert_string_equal(t[1], "c");
    assert_null(t[2]);
    mapping_free(m);
}

/* A side that takes whatever it is given is asked for what the mapping names, in types that lose nothing. */
static void an_open_schema_has_whatever_the_mapping_names(void **state)
{
    (void)state;
    struct schema s = {0}, none = {0}, t = {.object = mem_dup("people"), .open = true};
    struct opt_faults faults = {0};
    make_schemas(&s, &none);
    struct mapping *m = mapping_with("{ name = \"a\"; inbox = \"context.status\"; crm = \"their.stage\"; },"
                                     "{ name = \"b\"; inbox = \"context.tags\"; crm = \"labels\"; },"
                                     "{ name = \"c\"; inbox = \"context.valuation\"; crm = \"value\"; }", "");
    mapping_open(&m->objects[0], &s, &t);
    bool ok = mapping_bind(m, &m->objects[0], &s, &t, &faults);
    AUTO_FREE char *said = all_faults(&faults);
    assert_string_equal(said, "");
    assert_true(ok);
    assert_true(schema_find(&t, m->objects[0].key)->unique);
    assert_int_equal(schema_find(&t, "their.stage")->type, SCHEMA_TEXT);
    assert_int_equal(schema_find(&t, "labels")->type, SCHEMA_SET);
    assert_int_equal(schema_find(&t, "value")->type, SCHEMA_NUMBER);
    mapping_free(m);
    schema_done(&s);
    schema_done(&none);
    schema_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_schema_has_whatever_the_mapping_names),
        cmocka_unit_test(each_misfit_is_named),
        cmocka_unit_test(a_misfit_counts_however_many_were_told_before),
        cmocka_unit_test(the_bridge_key_must_be_there_and_unique),
        cmocka_unit_test(what_the_crm_must_have_is_typed_from_inbox_and_the_transforms),
        cmocka_unit_test(a_side_is_asked_for_fields_filters_and_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
