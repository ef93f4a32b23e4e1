/* transform.c: each transform forth, and back where it has a way back. */
#include "tests/mappings/kit.h"

static struct step *step(const char *text)
{
    struct opt_faults faults = {0};
    struct step *s = step_parse(text, "m.cfg", 1, &faults);
    assert_non_null(s);
    assert_int_equal(faults.n, 0);
    return s;
}

static const struct {
    const char *step, *in, *out, *back; /* back NULL: there is no way back; "=": gives `in` */
} rows[] = {
    {"copy", "'x'", "'x'", "="},
    {"trim", "'  x y\\n'", "'x y'", "'x y'"},
    {"lower", "'ÄBc'", "'Äbc'", NULL},
    {"upper", "'äbC'", "'äBC'", NULL},
    {"first_word", "' Ada  Lovelace'", "'Ada'", NULL},
    {"rest", "'Ada  King Lovelace '", "'King Lovelace'", NULL},
    {"rest", "'Ada'", "''", NULL},
    {"join:;", "['a','b']", "'a;b'", "="},
    {"join:;", "'a'", "'a'", "['a']"},
    {"join:, ", "[1,2.5]", "'1, 2.5'", "['1','2.5']"},
    {"split:;", "'b; a;;b'", "['a','b']", "'a;b'"},
    {"prefix:@", "'ada'", "'@ada'", "="},
    {"prefix:EUR ", "5", "'EUR 5'", "'5'"},
    {"strip_prefix:@", "'@ada'", "'ada'", "="},
    {"number", "'12'", "12", "="},
    {"number", "'1.25'", "1.25", "="},
    {"number", "7.0", "7", "'7'"},
    {"integer", "'2.5'", "3", "3"},
    {"integer", "-2.5", "-3", "-3"},
    {"boolean:Yes/No", "true", "'Yes'", "="},
    {"boolean:Yes/No", "false", "'No'", "="},
    {"date", "'2026-03-01T10:00:00.000Z'", "'2026-03-01'", NULL},
    {"datetime", "'2026-03-01'", "'2026-03-01T00:00:00.000Z'", "="},
    {"truncate:3", "'äbcd'", "'äbc'", "'äbc'"},
    {"default:none", "'x'", "'x'", "="},
    {"default:none", "null", "'none'", "null"},
    {"url:https://x.com/{}?s=1", "'ada'", "'https://x.com/ada?s=1'", "="},
};

static void each_transform_does_what_it_says_and_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct step *s = step(rows[i].step);
        struct err err = {0};
        AUTO_JSON json_t *in = js(rows[i].in), *out = step_forth(s, in, &err);
        assert_js(out, rows[i].out);
        assert_int_equal(step_invertible(s), rows[i].back != NULL);
        if (rows[i].back) {
            AUTO_JSON json_t *back = step_back(s, out, &err);
            assert_js(back, str_eq(rows[i].back, "=") ? rows[i].in : rows[i].back);
        }
        step_free(s);
    }
}

static void blank_passes_through_all_but_default(void **state)
{
    (void)state;
    static const char *const steps[] = {"trim", "join:;", "number", "date", "url:a{}", "boolean:J/N", "prefix:x"}, *const blanks[] = {"null", "''"};
    for (size_t i = 0; i < COUNT(steps); i++)
        for (size_t k = 0; k < COUNT(blanks); k++) {
            struct step *s = step(steps[i]);
            struct err err = {0};
            AUTO_JSON json_t *in = js(blanks[k]), *out = step_forth(s, in, &err);
            AUTO_JSON json_t *back = step_invertible(s) ? step_back(s, in, &err) : json_incref(in);
            assert_js(out, blanks[k]);
            assert_js(back, blanks[k]);
            step_free(s);
        }
}

static void what_does_not_fit_is_refused_with_the_value(void **state)
{
    (void)state;
    static const struct {
        const char *step, *in;
        bool back;
    } bad[] = {{"number", "'many'", false}, {"number", "true", false}, {"integer", "'x'", false}, {"boolean:Yes/No", "'maybe'", false},
               {"boolean:Yes/No", "'Maybe'", true}, {"date", "'yesterday'", false}, {"date", "5", false}, {"datetime", "'x'", false},
               {"datetime", "7", false}, {"url:https://x.com/{}", "'https://y.com/ada'", true}, {"url:a{}b", "'a'", true}, {"url:a{}b", "'axc'", true}};
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct step *s = step(bad[i].step);
        struct err err = {0};
        AUTO_JSON json_t *in = js(bad[i].in);
        assert_null(bad[i].back ? step_back(s, in, &err) : step_forth(s, in, &err));
        assert_int_equal(err.kind, ERR_REJECT);
        assert_non_null(strstr(err.text, step_name(s)));
        step_free(s);
    }
}

static void a_wrong_argument_or_name_says_what_is_right(void **state)
{
    (void)state;
    static const struct {
        const char *step, *fault;
    } bad[] = {{"trim:x", "no argument"}, {"join", "a text after the colon"}, {"join:", "a text after the colon"}, {"truncate", "a count"},
               {"truncate:0", "a count"}, {"truncate:x", "a count"}, {"boolean", "two words"}, {"boolean:Yes", "two words"},
               {"boolean:/No", "two words"}, {"boolean:Yes/", "two words"}, {"url", "{}"}, {"url:https://x.com", "{}"},
               {"trimm", "did you mean \"trim\"?"}, {"zzzzzzzzzzzz", "unknown transform"}};
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct opt_faults faults = {0};
        assert_null(step_parse(bad[i].step, "m.cfg", 12, &faults));
        AUTO_FREE char *said = all_faults(&faults);
        assert_non_null(strstr(said, bad[i].fault));
        assert_non_null(strstr(said, "m.cfg:12"));
        opt_faults_done(&faults);
    }
    step_free(NULL);
}

static void text_is_what_people_would_write(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"0.1", "'0.1'"}, {"1e21", "'1e+21'"}, {"true", "'true'"}, {"12", "'12'"}, {"0.30000000000000004", "'0.30000000000000004'"}};
    for (size_t i = 0; i < COUNT(pairs); i++) {
        AUTO_JSON json_t *v = js(pairs[i][0]), *text = step_text(v);
        assert_js(text, pairs[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_transform_does_what_it_says_and_comes_back),
        cmocka_unit_test(blank_passes_through_all_but_default),
        cmocka_unit_test(what_does_not_fit_is_refused_with_the_value),
        cmocka_unit_test(a_wrong_argument_or_name_says_what_is_right),
        cmocka_unit_test(text_is_what_people_would_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
