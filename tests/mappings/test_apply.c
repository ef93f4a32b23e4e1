/* apply.c: values read from records, translated, compared, written into patches. */
#include "tests/mappings/kit.h"

/* Two fields of every shape, bound to schemas that live as long as the test. */
struct fixture {
    struct schema s, t;
    struct mapping *m;
    struct vocabulary *v;
};

static const char lines[] =
    "{ name = \"status\"; inbox = \"context.status\"; crm = \"stage\"; table = \"t\"; },"
    "{ name = \"tags\"; inbox = \"context.tags\"; crm = \"tags\"; conflict = \"union\"; },"
    "{ name = \"topics\"; inbox = \"topics\"; crm = \"topics\"; table = \"u\"; },"
    "{ name = \"value\"; inbox = \"context.valuation\"; crm = \"amount\"; },"
    "{ name = \"words\"; inbox = \"context.notes\"; crm = \"count\"; },"
    "{ name = \"figure\"; inbox = \"followers\"; crm = \"text\"; flow = \"to_crm\"; },"
    "{ name = \"day\"; inbox = \"last\"; crm = \"day\"; flow = \"to_crm\"; },"
    "{ name = \"moment\"; inbox = \"day\"; crm = \"moment\"; },"
    "{ name = \"loud\"; inbox = \"bio\"; crm = \"loud\"; flow = \"to_crm\"; transform = ( \"trim\", \"upper\" ); },"
    "{ name = \"handle\"; inbox = \"handle\"; crm = \"handle\"; transform = ( \"strip_prefix:@\", \"prefix:x/\" ); }";

static const char tables[] = "t = { pairs = ( (\"New\", \"new\"), (\"Won\", \"won\") ); ignore_crm = ( \"old\" ); };"
                             "u = ( (\"Red\", \"r\"), (\"Blue\", \"b\") );";

static int set_up(void **state)
{
    struct fixture *x = mem_alloc(sizeof *x);
    struct opt_faults faults = {0};
    struct schema_field *f;
    x->s.object = mem_dup("prospect");
    x->t.object = mem_dup("contacts");
    f = schema_add(&x->s, "context.status", "", SCHEMA_CHOICE);
    f->by_label = true;
    schema_add_option(f, "s1", "New");
    schema_add_option(f, "s2", "Won");
    f = schema_add(&x->s, "context.tags", "", SCHEMA_SET);
    f->by_label = true;
    schema_add_option(f, "t1", "VIP");
    schema_add_option(f, "t2", "Press");
    schema_add(&x->s, "topics", "", SCHEMA_SET);
    schema_add(&x->s, "context.valuation", "", SCHEMA_NUMBER);
    schema_add(&x->s, "context.notes", "", SCHEMA_TEXT);
    schema_add(&x->s, "followers", "", SCHEMA_NUMBER);
    schema_add(&x->s, "last", "", SCHEMA_DATETIME);
    schema_add(&x->s, "day", "", SCHEMA_DATE);
    schema_add(&x->s, "bio", "", SCHEMA_TEXT);
    schema_add(&x->s, "handle", "", SCHEMA_TEXT);
    schema_add(&x->t, "k", "", SCHEMA_TEXT)->unique = true;
    f = schema_add(&x->t, "stage", "", SCHEMA_CHOICE);
    schema_add_option(f, "new", "New");
    schema_add_option(f, "won", "Won");
    schema_add_option(f, "old", "Old");
    f = schema_add(&x->t, "tags", "", SCHEMA_SET);
    schema_add_option(f, "VIP", "VIP");
    f = schema_add(&x->t, "topics", "", SCHEMA_SET);
    schema_add_option(f, "r", "Red");
    schema_add_option(f, "b", "Blue");
    schema_add(&x->t, "amount", "", SCHEMA_NUMBER);
    schema_add(&x->t, "count", "", SCHEMA_NUMBER);
    schema_add(&x->t, "text", "", SCHEMA_TEXT);
    schema_add(&x->t, "day", "", SCHEMA_DATE);
    schema_add(&x->t, "moment", "", SCHEMA_DATETIME);
    schema_add(&x->t, "loud", "", SCHEMA_TEXT);
    schema_add(&x->t, "handle", "", SCHEMA_TEXT);
    x->m = mapping_with(lines, tables);
    assert_true(mapping_bind(x->m, &x->m->objects[0], &x->s, &x->t, &faults));
    opt_faults_done(&faults);
    x->v = vocabulary_new();
    vocabulary_add(x->v, "context.status", "s1", "New");
    vocabulary_add(x->v, "context.status", "s2", "Won");
    vocabulary_add(x->v, "context.tags", "t1", "VIP");
    vocabulary_add(x->v, "context.tags", "t2", "Press");
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    mapping_free(x->m);
    vocabulary_free(x->v);
    vocabulary_free(NULL);
    schema_done(&x->s);
    schema_done(&x->t);
    free(x);
    return 0;
}

static const struct map_field *field(const struct fixture *x, const char *name)
{
    for (size_t i = 0; i < x->m->objects[0].n_fields; i++)
        if (str_eq(x->m->objects[0].fields[i].name, name))
            return &x->m->objects[0].fields[i];
    fail_msg("no field %s", name);
    return NULL;
}

static void reading_names_ids_and_tells_what_it_cannot_name(void **state)
{
    const struct fixture *x = *state;
    AUTO_JSON json_t *rec = js("{'context.status':'s2','context.tags':['t2','t1'],'context.valuation':5.0}");
    bool unknown = false;
    AUTO_JSON json_t *status = map_read(field(x, "status"), SIDE_S, rec, x->v, &unknown);
    AUTO_JSON json_t *tags = map_read(field(x, "tags"), SIDE_S, rec, x->v, &unknown), *value = map_read(field(x, "value"), SIDE_S, rec, x->v, &unknown);
    assert_js(status, "'Won'");
    assert_js(tags, "['Press','VIP']");
    assert_js(value, "5");
    assert_null(map_read(field(x, "words"), SIDE_S, rec, x->v, &unknown)); /* not told is not null */
    assert_false(unknown);
    AUTO_JSON json_t *odd = js("{'context.status':'s9','context.tags':['t1','t9'],'topics':null}");
    assert_null(map_read(field(x, "status"), SIDE_S, odd, x->v, &unknown));
    assert_true(unknown);
    unknown = false;
    assert_null(map_read(field(x, "tags"), SIDE_S, odd, x->v, &unknown));
    assert_true(unknown);
    AUTO_JSON json_t *none = js("{'context.status':null}"), *null = map_read(field(x, "status"), SIDE_S, none, x->v, &unknown);
    AUTO_JSON json_t *topics = map_read(field(x, "topics"), SIDE_S, odd, x->v, &unknown);
    assert_js(null, "null");
    assert_js(topics, "[]");
}

static void values_translate_both_ways(void **state)
{
    const struct fixture *x = *state;
    static const struct {
        const char *field;
        int from;
        const char *in, *out; /* out NULL: ignored; "!": refused */
    } rows[] = {
        {"status", SIDE_S, "'Won'", "'won'"}, {"status", SIDE_T, "'new'", "'New'"}, {"status", SIDE_T, "'old'", NULL}, {"status", SIDE_S, "'Odd'", "!"},
        {"status", SIDE_S, "null", "null"}, {"tags", SIDE_S, "['Press','VIP']", "['VIP']"}, {"tags", SIDE_T, "['VIP','Ghost']", "['VIP']"},
        {"topics", SIDE_S, "['Blue','Green']", "['b']"}, {"topics", SIDE_T, "['b','r']", "['Blue','Red']"}, {"topics", SIDE_S, "[]", "[]"},
        {"value", SIDE_S, "5", "5"}, {"words", SIDE_S, "'12'", "12"}, {"words", SIDE_S, "'many'", "!"}, {"words", SIDE_T, "12", "'12'"},
        {"figure", SIDE_S, "7", "'7'"}, {"day", SIDE_S, "'2026-01-02T23:00:00.000Z'", "'2026-01-02'"}, {"moment", SIDE_S, "'2026-01-02'", "'2026-01-02T00:00:00.000Z'"},
        {"moment", SIDE_T, "'2026-01-02T00:00:00.000Z'", "'2026-01-02'"}, {"loud", SIDE_S, "' a b '", "'A B'"}, {"loud", SIDE_T, "'A'", "!"},
        {"loud", SIDE_S, "''", "null"}, {"handle", SIDE_S, "'@ada'", "'x/ada'"}, {"handle", SIDE_T, "'x/ada'", "'@ada'"}, {"day", SIDE_S, "'soon'", "!"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = {0};
        AUTO_JSON json_t *in = js(rows[i].in), *out = map_translate(field(x, rows[i].field), rows[i].from, in, &err);
        bool refused = rows[i].out && str_eq(rows[i].out, "!");
        assert_int_equal(err.kind, refused ? ERR_REJECT : ERR_NONE);
        if (refused || !rows[i].out)
            assert_null(out);
        else
            assert_js(out, rows[i].out);
    }
}

static void writing_turns_names_into_ids_or_refuses(void **state)
{
    const struct fixture *x = *state;
    struct err err = {0};
    AUTO_JSON json_t *patch = json_object(), *won = js("'won'"), *Won = js("'Won'"), *both = js("['VIP','Press']"), *null = js("null"), *odd = js("'Odd'"), *odds = js("['VIP','Odd']");
    assert_true(map_write(field(x, "status"), SIDE_T, won, x->v, patch, &err));
    assert_true(map_write(field(x, "status"), SIDE_S, Won, x->v, patch, &err));
    assert_true(map_write(field(x, "tags"), SIDE_S, both, x->v, patch, &err));
    assert_js(patch, "{'stage':'won','context.status':'s2','context.tags':['t1','t2']}");
    assert_true(map_write(field(x, "status"), SIDE_S, null, x->v, patch, &err));
    assert_true(json_is_null(json_object_get(patch, "context.status")));
    assert_false(map_write(field(x, "status"), SIDE_S, odd, x->v, patch, &err));
    assert_non_null(strstr(err.text, "Inbox has no context.status called \"Odd\""));
    assert_false(map_write(field(x, "tags"), SIDE_S, odds, x->v, patch, &err));
}

static void a_label_in_another_case_is_found_when_no_exact_one_is(void **state)
{
    const struct fixture *x = *state;
    assert_string_equal(vocabulary_id(x->v, "context.status", "won"), "s2");
    vocabulary_add(x->v, "context.status", "s3", "WON");
    assert_string_equal(vocabulary_id(x->v, "context.status", "Won"), "s2");
    assert_null(vocabulary_id(x->v, "context.status", "Lost"));
    assert_null(vocabulary_id(NULL, "context.status", "Won"));
    assert_null(vocabulary_label(x->v, "context.tags", "s1"));
    assert_null(vocabulary_label(NULL, "context.tags", "s1"));
}

static void an_element_is_managed_when_both_sides_can_name_it(void **state)
{
    const struct fixture *x = *state;
    assert_true(map_managed(field(x, "tags"), SIDE_S, "VIP", x->v));
    assert_false(map_managed(field(x, "tags"), SIDE_S, "Press", x->v));
    assert_true(map_managed(field(x, "topics"), SIDE_S, "Red", x->v));
    assert_false(map_managed(field(x, "topics"), SIDE_S, "Green", x->v));
    assert_true(map_managed(field(x, "words"), SIDE_S, "anything", x->v));
}

static void the_same_in_each_sides_words_is_the_same(void **state)
{
    const struct fixture *x = *state;
    static const struct {
        const char *field, *s, *t;
        bool same;
    } rows[] = {{"status", "'Won'", "'won'", true}, {"status", "'Won'", "'new'", false}, {"status", "null", "''", true}, {"status", "null", "'won'", false},
                {"words", "'12'", "12", true}, {"handle", "'@ada'", "'x/ada '", true}, {"loud", "'a'", "'A'", true}, {"loud", "'a'", "'a'", false},
                {"tags", "['VIP']", "['VIP']", true}, {"moment", "'2026-01-02'", "'2026-01-02T00:00:00.000Z'", true},
                {"moment", "'2026-01-02'", "'2026-01-02T10:00:00.000Z'", true}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        AUTO_JSON json_t *s = js(rows[i].s), *t = js(rows[i].t);
        if (map_same(field(x, rows[i].field), s, t) != rows[i].same)
            print_error("row %zu\n", i);
        assert_int_equal(map_same(field(x, rows[i].field), s, t), rows[i].same);
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(reading_names_ids_and_tells_what_it_cannot_name), T(values_translate_both_ways), T(writing_turns_names_into_ids_or_refuses),
        T(a_label_in_another_case_is_found_when_no_exact_one_is), T(an_element_is_managed_when_both_sides_can_name_it),
        T(the_same_in_each_sides_words_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
