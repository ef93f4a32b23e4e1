/* Option tables: what is read, and that every fault is named with its place, all of them at once. */
#include "bridge/base/opt.h"
#include "tests/base/asserts.h"
#include <unistd.h>

struct sample {
    char *name;
    char *token;
    int64_t port;
    double share;
    bool dry;
    int64_t poll;
    int mode;
    struct opt_list tags;
};

static const char *const modes[] = {"live", "plan", "off", NULL};

static const struct opt table[] = {
    {"name", OPT_TEXT, offsetof(struct sample, name), NULL, true, 0, 0, NULL, "what it is called"},
    {"token", OPT_SECRET, offsetof(struct sample, token), NULL, false, 0, 0, NULL, "how to sign in"},
    {"port", OPT_INT, offsetof(struct sample, port), "8080", false, 1, 65535, NULL, "where to listen"},
    {"share", OPT_REAL, offsetof(struct sample, share), "0.7", false, 0, 1, NULL, "of the daily quota"},
    {"dry", OPT_BOOL, offsetof(struct sample, dry), NULL, false, 0, 0, NULL, "write nothing"},
    {"poll", OPT_SPAN, offsetof(struct sample, poll), "15s", false, 1000, 3600000, NULL, "between two looks"},
    {"mode", OPT_CHOICE, offsetof(struct sample, mode), "plan", false, 0, 0, modes, "how far to go"},
    {"tags", OPT_LIST, offsetof(struct sample, tags), "( \"Lead\", \"VIP\" )", false, 0, 0, NULL, "which ones"},
    OPT_END,
};

struct fixture {
    struct sample out;
    struct opt_faults faults;
    bool ok;
};

static struct fixture reading(const char *text)
{
    static const char *const also[] = {"fields", NULL};
    struct fixture f = {0};
    struct opt_file *file = opt_open_text("bridge.cfg", text, &f.faults);
    f.ok = file && opt_read(opt_root(file), table, also, &f.out, &f.faults);
    opt_close(file);
    return f;
}

static void fixture_done(struct fixture *f)
{
    opt_clear(table, &f->out);
    opt_faults_done(&f->faults);
}

static void assert_fault(const char *text, const char *words)
{
    AUTO(fixture_done) struct fixture f = reading(text);
    assert_false(f.ok);
    assert_int_equal(f.faults.n, 1);
    assert_string_equal(f.faults.lines[0], words);
}

static void every_type_is_read(void **state)
{
    (void)state;
    setenv("BASE_TEST_TOKEN", "hunter2", 1);
    AUTO(fixture_done)
    struct fixture f = reading(
        "name = \"sales\"; token = \"env:BASE_TEST_TOKEN\"; port = 0x50; share = 1; dry = true; poll = \"2m\";\n"
        "mode = \"off\"; tags = [ \"a\", \"b\", \"c\" ]; fields = ();");
    assert_true(f.ok);
    assert_int_equal(f.faults.n, 0);
    assert_string_equal(f.out.name, "sales");
    assert_string_equal(f.out.token, "hunter2");
    assert_int_equal(f.out.port, 80);
    assert_true(f.out.share > 0.99);
    assert_true(f.out.dry);
    assert_int_equal(f.out.poll, 120000);
    assert_int_equal(f.out.mode, 2);
    assert_int_equal(f.out.tags.n, 3);
    assert_string_equal(f.out.tags.items[2], "c");
}

static void what_is_absent_gets_its_default(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = reading("name = \"sales\";");
    assert_true(f.ok);
    assert_null(f.out.token);
    assert_int_equal(f.out.port, 8080);
    assert_true(f.out.share > 0.69 && f.out.share < 0.71);
    assert_false(f.out.dry);
    assert_int_equal(f.out.poll, 15000);
    assert_int_equal(f.out.mode, 1);
    assert_int_equal(f.out.tags.n, 2);
    assert_string_equal(f.out.tags.items[1], "VIP");
}

static void defaults_can_be_had_without_a_file(void **state)
{
    (void)state;
    struct sample s;
    memset(&s, 0xa5, sizeof s);
    opt_default(table, &s);
    assert_null(s.name);
    assert_int_equal(s.port, 8080);
    assert_int_equal(s.tags.n, 2);
    assert_false(s.dry);
    opt_clear(table, &s);
    assert_int_equal(s.port, 0);
    assert_null(s.tags.items);
}

static void a_struct_that_was_not_zeroed_is_filled_whole(void **state)
{
    (void)state;
    static const char *const also[] = {"fields", NULL};
    struct sample s;
    memset(&s, 0xa5, sizeof s);
    struct opt_file *file = opt_open_text("bridge.cfg", "name = \"x\";", NULL);
    assert_true(opt_read(opt_root(file), table, also, &s, NULL));
    opt_close(file);
    assert_null(s.token);
    opt_clear(table, &s);
}

static void an_empty_list_is_not_an_absent_one(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = reading("name = \"x\"; tags = ();");
    assert_true(f.ok);
    assert_int_equal(f.out.tags.n, 0);
}

static void one_text_is_a_list_of_one_and_numbers_in_lists_become_texts(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture one = reading("name = \"x\"; tags = \"Lead\";");
    AUTO(fixture_done) struct fixture mixed = reading("name = \"x\"; tags = ( 5, 0.1, true, \"x\" );");
    assert_int_equal(one.out.tags.n, 1);
    assert_string_equal(one.out.tags.items[0], "Lead");
    assert_string_equal(mixed.out.tags.items[0], "5");
    assert_string_equal(mixed.out.tags.items[1], "0.1");
    assert_string_equal(mixed.out.tags.items[2], "true");
}

static void a_missing_option_is_named(void **state)
{
    (void)state;
    assert_fault("port = 5;", "bridge.cfg: name: is missing");
}

static void an_unknown_option_is_named_with_line_and_the_nearest_one(void **state)
{
    (void)state;
    assert_fault("name = \"x\";\n\nprot = 5;", "bridge.cfg:3: unknown option \"prot\"; did you mean \"port\"?");
    assert_fault("name = \"x\"; organisation = 5;", "bridge.cfg:1: unknown option \"organisation\"");
    assert_fault("name = \"x\"; field = ();", "bridge.cfg:1: unknown option \"field\"; did you mean \"fields\"?");
}

static void texts_and_numbers_do_not_stand_for_each_other(void **state)
{
    (void)state;
    assert_fault("name = 5;", "bridge.cfg:1: name: must be a text in quotes");
    assert_fault("name = \"x\"; port = \"80\";", "bridge.cfg:1: port: must be a whole number");
    assert_fault("name = \"x\"; port = 80.5;", "bridge.cfg:1: port: must be a whole number");
    assert_fault("name = \"x\"; share = \"0.5\";", "bridge.cfg:1: share: must be a number");
    assert_fault("name = \"x\"; dry = 1;", "bridge.cfg:1: dry: must be true or false");
    assert_fault("name = \"x\"; poll = 15;", "bridge.cfg:1: poll: must be a time span in quotes, like \"15s\"");
    assert_fault("name = \"x\"; tags = { a = 1; };", "bridge.cfg:1: tags: must be a list of texts");
    assert_fault("name = \"x\"; tags = ( \"a\", ( \"b\" ) );", "bridge.cfg:1: tags: must be a list of texts");
}

static void values_out_of_range_are_told_the_range(void **state)
{
    (void)state;
    assert_fault("name = \"x\"; port = 0;", "bridge.cfg:1: port: must be between 1 and 65535");
    assert_fault("name = \"x\"; port = 65536;", "bridge.cfg:1: port: must be between 1 and 65535");
    assert_fault("name = \"x\"; share = 1.5;", "bridge.cfg:1: share: must be between 0 and 1");
    assert_fault("name = \"x\"; poll = \"2h\";", "bridge.cfg:1: poll: must be between 1s and 1h");
}

static void a_large_number_is_not_cut(void **state)
{
    (void)state;
    assert_fault("name = \"x\"; port = 4294967376L;", "bridge.cfg:1: port: must be between 1 and 65535");
}

static void a_wrong_choice_is_told_the_choices(void **state)
{
    (void)state;
    assert_fault("name = \"x\"; mode = \"lvie\";",
                 "bridge.cfg:1: mode: \"lvie\" is none of live, plan, off; did you mean \"live\"?");
}

static void a_wrong_span_is_told_how_to_say_it(void **state)
{
    (void)state;
    assert_fault("name = \"x\"; poll = \"15\";",
                 "bridge.cfg:1: poll: \"15\" is no time span: say for example 250ms, 15s, 5m, 2h or 7d");
}

static void all_faults_are_told_at_once_in_order(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = reading("prot = 1;\nport = 0;\nmode = \"x\";");
    assert_false(f.ok);
    assert_int_equal(f.faults.n, 4);
    assert_holds(f.faults.lines[0], "bridge.cfg:1: unknown option");
    assert_holds(f.faults.lines[1], "name: is missing");
    assert_holds(f.faults.lines[2], "bridge.cfg:2: port");
    assert_holds(f.faults.lines[3], "bridge.cfg:3: mode");
}

static void a_hundred_faults_are_enough(void **state)
{
    (void)state;
    AUTO(opt_faults_done) struct opt_faults faults = {0};
    for (int i = 0; i < 150; i++)
        opt_fault(&faults, "f", i, "fault %d", i);
    assert_int_equal(faults.n, 100);
    assert_string_equal(faults.lines[0], "f: fault 0");
    assert_string_equal(faults.lines[99], "f:99: fault 99");
    opt_fault(NULL, "f", 1, "nowhere to go");
}

static void a_literal_secret_is_refused_and_never_repeated(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = reading("name = \"x\"; token = \"pat-na1-hunter2\";");
    assert_false(f.ok);
    assert_holds(f.faults.lines[0], "bridge.cfg:1: token: a secret is never written into the file");
    assert_null(strstr(f.faults.lines[0], "hunter2"));
}

static void a_broken_file_is_named_with_its_line(void **state)
{
    (void)state;
    AUTO(opt_faults_done) struct opt_faults faults = {0};
    assert_null(opt_open_text("bridge.cfg", "a = 1;\nb = = 2;\n", &faults));
    assert_int_equal(faults.n, 1);
    assert_string_equal(faults.lines[0], "bridge.cfg:2: syntax error");
    assert_null(opt_open_text("twice.cfg", "a = 1;\na = 2;\n", &faults));
    assert_holds(faults.lines[1], "twice.cfg:2: duplicate");
}

/* ---- files ---- */

static char dir[] = "/tmp/opt-test-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    static const char *const names[] = {"a.cfg", "b.cfg", "secret", "key.pem"};
    for (size_t i = 0; i < COUNT(names); i++) {
        AUTO_FREE char *path = mem_printf("%s/%s", dir, names[i]);
        unlink(path);
    }
    return rmdir(dir);
}

static char *written(const char *name, const char *bytes, size_t n)
{
    char *path = mem_printf("%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
    return path;
}

static void a_file_is_read_and_its_places_carry_its_name(void **state)
{
    (void)state;
    const char *text = "a = 1;\nb = { c = ( 1, { d = true; } ); };\n";
    AUTO_FREE char *path = written("a.cfg", text, strlen(text));
    AUTO(opt_faults_done) struct opt_faults faults = {0};
    struct opt_file *file = opt_open(path, &faults);
    const struct opt_node *c = opt_member(opt_member(opt_root(file), "b"), "c");
    const struct opt_node *d = opt_member(opt_item(c, 1), "d");
    assert_int_equal(opt_place_line(d), 2);
    assert_string_equal(opt_place_file(d), path);
    opt_close(file);
}

static void an_included_file_is_found_beside_and_named_in_faults(void **state)
{
    (void)state;
    const char *outer = "@include \"b.cfg\"\nname = \"x\";\n", *inner = "\n\nport = 0;\n";
    AUTO_FREE char *a = written("a.cfg", outer, strlen(outer));
    AUTO_FREE char *b = written("b.cfg", inner, strlen(inner));
    AUTO(opt_faults_done) struct opt_faults faults = {0};
    struct sample s = {0};
    struct opt_file *file = opt_open(a, &faults);
    assert_non_null(file);
    assert_false(opt_read(opt_root(file), table, NULL, &s, &faults));
    assert_non_null(b);
    assert_string_equal(faults.lines[0], "b.cfg:3: port: must be between 1 and 65535");
    opt_clear(table, &s);
    opt_close(file);
}

static void a_file_that_cannot_be_read_is_a_fault(void **state)
{
    (void)state;
    AUTO(opt_faults_done) struct opt_faults faults = {0};
    assert_null(opt_open("/nonexistent/bridge.cfg", &faults));
    assert_null(opt_open(dir, &faults));
    AUTO_FREE char *nul = written("a.cfg", "a = 1;\0", 7);
    assert_null(opt_open(nul, &faults));
    assert_string_equal(faults.lines[0], "/nonexistent/bridge.cfg: cannot be read: No such file or directory");
    assert_holds(faults.lines[1], "cannot be read: Is a directory");
    assert_holds(faults.lines[2], "holds a NUL byte");
}

static void nodes_that_are_not_there_answer_calmly(void **state)
{
    (void)state;
    struct opt_file *file = opt_open_text("x", "a = 1; g = { b = 2; };", NULL);
    const struct opt_node *a = opt_member(opt_root(file), "a");
    assert_null(opt_member(NULL, "a"));
    assert_null(opt_member(a, "b"));
    assert_null(opt_member(opt_root(file), "g.b"));
    assert_null(opt_item(NULL, 0));
    assert_null(opt_item(a, 0));
    assert_null(opt_item(opt_root(file), 2));
    assert_int_equal(opt_count(NULL), 0);
    assert_null(opt_text(NULL));
    assert_null(opt_text(a));
    assert_null(opt_name(NULL));
    assert_null(opt_scalar_text(NULL));
    assert_null(opt_scalar_text(opt_member(opt_root(file), "g")));
    assert_int_equal(opt_kind(NULL), OPT_KIND_NONE);
    opt_close(file);
    opt_close(NULL);
}

static void scalars_read_as_the_text_a_person_would_write(void **state)
{
    (void)state;
    static const char *const expected[] = {"12", "0.1", "true", "text", "-5", "5000000000", "2"};
    struct opt_file *file = opt_open_text("x", "l = ( 12, 0.1, true, \"text\", -5, 5000000000L, 2.0 );", NULL);
    const struct opt_node *l = opt_member(opt_root(file), "l");
    assert_int_equal(opt_count(l), COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        AUTO_FREE char *text = opt_scalar_text(opt_item(l, i));
        assert_string_equal(text, expected[i]);
    }
    opt_close(file);
}

static void unknown_members_can_be_asked_for_alone(void **state)
{
    (void)state;
    static const char *const known[] = {"crm", "key", NULL};
    AUTO(opt_faults_done) struct opt_faults faults = {0};
    struct opt_file *file = opt_open_text("m.cfg", "crm = 1;\nkye = 2;", NULL);
    opt_unknown(opt_root(file), known, &faults);
    assert_int_equal(faults.n, 1);
    assert_string_equal(faults.lines[0], "m.cfg:2: unknown option \"kye\"; did you mean \"key\"?");
    opt_close(file);
}

static void what_is_no_group_cannot_be_read_as_one(void **state)
{
    (void)state;
    AUTO(opt_faults_done) struct opt_faults faults = {0};
    struct sample s = {0};
    struct opt_file *file = opt_open_text("x", "a = 1;", NULL);
    assert_false(opt_read(opt_member(opt_root(file), "a"), table, NULL, &s, &faults));
    assert_false(opt_read(NULL, table, NULL, &s, &faults));
    assert_string_equal(faults.lines[0], "x:1: must be a group: { … }");
    opt_close(file);
}

/* ---- secrets ---- */

static void a_secret_comes_from_the_environment(void **state)
{
    (void)state;
    struct err err = {0};
    setenv("BASE_TEST_TOKEN", "hunter2", 1);
    setenv("BASE_TEST_EMPTY", "", 1);
    AUTO_FREE char *secret = opt_secret("env:BASE_TEST_TOKEN", &err);
    assert_string_equal(secret, "hunter2");
    assert_null(opt_secret("env:BASE_TEST_MISSING", &err));
    assert_err(&err, ERR_CONFIG, "BASE_TEST_MISSING is not set");
    assert_null(opt_secret("env:BASE_TEST_EMPTY", &err));
    assert_null(opt_secret("env:", &err));
}

static void a_secret_file_loses_only_its_last_newline(void **state)
{
    (void)state;
    const char *pem = "-----BEGIN KEY-----\nabc\n-----END KEY-----\n";
    AUTO_FREE char *path = written("key.pem", pem, strlen(pem));
    AUTO_FREE char *spec = mem_printf("file:%s", path);
    AUTO_FREE char *secret = opt_secret(spec, NULL);
    assert_string_equal(secret, "-----BEGIN KEY-----\nabc\n-----END KEY-----");
}

static void a_systemd_credential_is_a_file_in_its_directory(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO_FREE char *path = written("secret", "hunter2\r\n", 9);
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_null(opt_secret("cred:secret", &err));
    assert_err(&err, ERR_CONFIG, "CREDENTIALS_DIRECTORY");
    setenv("CREDENTIALS_DIRECTORY", dir, 1);
    AUTO_FREE char *secret = opt_secret("cred:secret", &err);
    assert_string_equal(secret, "hunter2");
    assert_null(opt_secret("cred:../etc/passwd", &err));
    assert_null(opt_secret("cred:", &err));
    assert_err(&err, ERR_CONFIG, "is no name of a credential");
}

static void a_secret_file_that_cannot_serve_is_refused(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO_FREE char *big = mem_printf("%070000d", 1);
    AUTO_FREE char *path = written("secret", "\n\n", 2);
    AUTO_FREE char *spec = mem_printf("file:%s", path);
    assert_null(opt_secret(spec, &err));
    assert_err(&err, ERR_CONFIG, "is empty");
    free(written("secret", "a\0b", 3));
    assert_null(opt_secret(spec, &err));
    assert_err(&err, ERR_CONFIG, "NUL");
    free(written("secret", big, strlen(big)));
    assert_null(opt_secret(spec, &err));
    assert_err(&err, ERR_CONFIG, "larger than 64 KiB");
    assert_null(opt_secret("file:/nonexistent/key", &err));
    assert_err(&err, ERR_CONFIG, "/nonexistent/key No such file");
    assert_null(opt_secret("file:/tmp", &err));
}

static void the_reference_page_names_type_range_and_default(void **state)
{
    (void)state;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    opt_reference(out, table);
    fclose(out);
    assert_holds(text, "| option | type | default | meaning |\n|---|---|---|---|\n");
    assert_holds(text, "| `name` | text | required | what it is called |\n");
    assert_holds(text, "| `token` | secret | – | how to sign in |\n");
    assert_holds(text, "| `port` | whole number, 1 to 65535 | `8080` | where to listen |\n");
    assert_holds(text, "| `poll` | time span, 1s to 1h | `15s` | between two looks |\n");
    assert_holds(text, "| `mode` | one of `live`, `plan`, `off` | `plan` | how far to go |\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(what_is_absent_gets_its_default),
        cmocka_unit_test(defaults_can_be_had_without_a_file),
        cmocka_unit_test(a_struct_that_was_not_zeroed_is_filled_whole),
        cmocka_unit_test(an_empty_list_is_not_an_absent_one),
        cmocka_unit_test(one_text_is_a_list_of_one_and_numbers_in_lists_become_texts),
        cmocka_unit_test(a_missing_option_is_named),
        cmocka_unit_test(an_unknown_option_is_named_with_line_and_the_nearest_one),
        cmocka_unit_test(texts_and_numbers_do_not_stand_for_each_other),
        cmocka_unit_test(values_out_of_range_are_told_the_range),
        cmocka_unit_test(a_large_number_is_not_cut),
        cmocka_unit_test(a_wrong_choice_is_told_the_choices),
        cmocka_unit_test(a_wrong_span_is_told_how_to_say_it),
        cmocka_unit_test(all_faults_are_told_at_once_in_order),
        cmocka_unit_test(a_hundred_faults_are_enough),
        cmocka_unit_test(a_literal_secret_is_refused_and_never_repeated),
        cmocka_unit_test(a_broken_file_is_named_with_its_line),
        cmocka_unit_test(a_file_is_read_and_its_places_carry_its_name),
        cmocka_unit_test(an_included_file_is_found_beside_and_named_in_faults),
        cmocka_unit_test(a_file_that_cannot_be_read_is_a_fault),
        cmocka_unit_test(nodes_that_are_not_there_answer_calmly),
        cmocka_unit_test(scalars_read_as_the_text_a_person_would_write),
        cmocka_unit_test(unknown_members_can_be_asked_for_alone),
        cmocka_unit_test(what_is_no_group_cannot_be_read_as_one),
        cmocka_unit_test(a_secret_comes_from_the_environment),
        cmocka_unit_test(a_secret_file_loses_only_its_last_newline),
        cmocka_unit_test(a_systemd_credential_is_a_file_in_its_directory),
        cmocka_unit_test(a_secret_file_that_cannot_serve_is_refused),
        cmocka_unit_test(the_reference_page_names_type_range_and_default),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
