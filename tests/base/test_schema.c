/* Schemas: fields and options are found again by name, id and label. */
#include "bridge/base/schema.h"
#include "tests/base/asserts.h"

static void fill(struct schema *schema)
{
    schema->object = mem_dup("contacts");
    schema_add(schema, "email", "E-mail", SCHEMA_TEXT)->unique = true;
    struct schema_field *stage = schema_add(schema, "lifecyclestage", "Lifecycle stage", SCHEMA_CHOICE);
    schema_add_option(stage, "lead", "Lead");
    schema_add_option(stage, "LEAD2", "lead");
    schema_add_option(stage, "42", "Customer");
}

static void fields_are_found_by_their_exact_name(void **state)
{
    (void)state;
    AUTO(schema_done) struct schema schema = {0};
    fill(&schema);
    assert_true(schema_find(&schema, "email")->unique);
    assert_string_equal(schema_find(&schema, "lifecyclestage")->label, "Lifecycle stage");
    assert_null(schema_find(&schema, "Email"));
    assert_null(schema_find(&schema, "missing"));
}

static void options_are_found_by_id_and_by_label(void **state)
{
    (void)state;
    AUTO(schema_done) struct schema schema = {0};
    fill(&schema);
    const struct schema_field *stage = schema_find(&schema, "lifecyclestage");
    assert_string_equal(schema_option_by_id(stage, "42")->label, "Customer");
    assert_null(schema_option_by_id(stage, "Customer"));
    assert_string_equal(schema_option_by_label(stage, "CUSTOMER")->id, "42");
    assert_null(schema_option_by_label(stage, "42"));
}

static void an_exact_label_wins_over_one_in_another_case(void **state)
{
    (void)state;
    AUTO(schema_done) struct schema schema = {0};
    fill(&schema);
    const struct schema_field *stage = schema_find(&schema, "lifecyclestage");
    assert_string_equal(schema_option_by_label(stage, "lead")->id, "LEAD2");
    assert_string_equal(schema_option_by_label(stage, "Lead")->id, "lead");
    assert_string_equal(schema_option_by_label(stage, "LEAD")->id, "lead");
}

static void many_fields_keep_their_order(void **state)
{
    (void)state;
    AUTO(schema_done) struct schema schema = {0};
    for (int i = 0; i < 500; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        schema_add(&schema, name, NULL, SCHEMA_NUMBER);
    }
    assert_int_equal(schema.n, 500);
    assert_ptr_equal(schema_find(&schema, "f499"), &schema.fields[499]);
    assert_null(schema.fields[0].label);
}

static void every_type_has_a_word(void **state)
{
    (void)state;
    assert_string_equal(schema_type_name(SCHEMA_TEXT), "text");
    assert_string_equal(schema_type_name(SCHEMA_SET), "set");
    assert_string_equal(schema_type_name((enum schema_type)99), "unknown");
}

static void done_accepts_nothing_and_twice(void **state)
{
    (void)state;
    struct schema schema = {0};
    schema_done(NULL);
    fill(&schema);
    schema_done(&schema);
    schema_done(&schema);
    assert_int_equal(schema.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_found_by_their_exact_name),
        cmocka_unit_test(options_are_found_by_id_and_by_label),
        cmocka_unit_test(an_exact_label_wins_over_one_in_another_case),
        cmocka_unit_test(many_fields_keep_their_order),
        cmocka_unit_test(every_type_has_a_word),
        cmocka_unit_test(done_accepts_nothing_and_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
