/* Conversations become entries: each message exactly once, nothing cut, nothing said that must not be said. */
#include "mappings/digest.h"
#include "tests/mappings/kit.h"

#define DAY INT64_C(86400000)
#define NOON (INT64_C(1772442000000)) /* 2026-03-02T09:00:00Z */

static struct mapping *load(const char *rules, struct opt_faults *faults)
{
    AUTO_FREE char *text = mem_printf("prospect = { crm = \"contacts\"; key = \"k\"; fields = ( { name = \"n\"; inbox = \"displayName\"; crm = \"f\"; } ); };\n"
                                      "message = { crm = \"notes\"; of = \"prospect\"; mode = \"append\"; key = \"e\";\n%s\n"
                                      "fields = ( { name = \"text\"; inbox = \"body\"; crm = \"b\"; flow = \"to_crm\"; } ); };\n",
                                      rules);
    return mapping_load_text("m.cfg", text, faults);
}

static struct entries render(const char *rules, size_t limit, const char *messages)
{
    struct opt_faults faults = {0};
    struct mapping *m = load(rules, &faults);
    if (!m)
        fail_msg("%s", faults.lines[0]);
    AUTO_JSON json_t *list = js(messages);
    AUTO_JSON json_t *c = json_pack("{s:s,s:s,s:s,s:s,s:O}", "conversation", "t1", "parent", "x:1", "with", "@ada", "account", "greta", "messages", list);
    struct entries out;
    digest_render(m->objects[1].digest, limit, c, &out);
    mapping_free(m);
    return out;
}

static const char *body(const struct entries *e, size_t i)
{
    assert_true(i < e->n);
    return js_str(e->items[i].fields, "body");
}

static void a_day_of_a_conversation_is_one_entry(void **state)
{
    (void)state;
    AUTO(entries_done) struct entries e =
        render("", 65536,
               "[{'id':'a','at':1772442000000,'sent':false,'by':'Ada','text':'Hi'},{'id':'b','at':1772442060000,'sent':true,'by':'Ben','text':'Hello'}]");
    assert_int_equal(e.n, 1);
    assert_string_equal(e.items[0].key, "t1:2026-03-02");
    assert_string_equal(body(&e, 0), "<strong>Conversation with @ada, 2026-03-02</strong><br>09:00 <strong>\u2190 Ada</strong>: Hi<br>"
                                     "09:01 <strong>\u2192 Ben</strong>: Hello<br>");
    assert_string_equal(js_str(e.items[0].fields, "timestamp"), "2026-03-02T09:00:00.000Z");
    assert_string_equal(js_str(e.items[0].fields, "direction"), "both");
    assert_string_equal(js_str(e.items[0].fields, "parent"), "x:1");
}

static void midnight_parts_days_where_the_rules_say_it_is(void **state)
{
    static const char *const two = "[{'id':'a','at':1772495999000,'text':'before'},{'id':'b','at':1772496001000,'text':'after'}]";
    (void)state;
    AUTO(entries_done) struct entries utc = render("", 65536, two);
    assert_int_equal(utc.n, 2);
    assert_string_equal(utc.items[0].key, "t1:2026-03-02");
    assert_string_equal(utc.items[1].key, "t1:2026-03-03");
    AUTO(entries_done) struct entries east = render("timezone = \"+02:00\";", 65536, two);
    assert_int_equal(east.n, 1);
    assert_non_null(strstr(body(&east, 0), "01:59 "));
    AUTO(entries_done) struct entries west = render("timezone = \"-05:30\";", 65536, two);
    assert_string_equal(west.items[0].key, "t1:2026-03-02");
}

static void without_a_digest_every_message_is_an_entry(void **state)
{
    (void)state;
    AUTO(entries_done) struct entries e = render("digest = \"none\";", 65536, "[{'id':'a','at':1772442000000,'text':'1'},{'id':'b','at':1772442000000,'sent':true,'text':'2'}]");
    assert_int_equal(e.n, 2);
    assert_string_equal(e.items[0].key, "t1:a");
    assert_string_equal(e.items[1].key, "t1:b");
    assert_string_equal(js_str(e.items[1].fields, "direction"), "sent");
}

static void markup_in_messages_is_only_text(void **state)
{
    static const char *const one = "[{'id':'a','at':1772442000000,'text':'<b>1 & 2</b>\\nnext'}]";
    (void)state;
    AUTO(entries_done) struct entries html = render("", 65536, one);
    assert_non_null(strstr(body(&html, 0), ": &lt;b&gt;1 &amp; 2&lt;/b&gt;<br>next<br>"));
    AUTO(entries_done) struct entries text = render("format = \"text\";", 65536, one);
    assert_non_null(strstr(body(&text, 0), ": <b>1 & 2</b>\nnext\n"));
    assert_null(strstr(body(&text, 0), "<strong>"));
}

static void what_a_pattern_matches_is_not_logged(void **state)
{
    (void)state;
    AUTO(entries_done) struct entries e =
        render("redact = ( \"[0-9]{4}( ?[0-9]{4}){3}\", \"[[:alnum:].]+@[[:alnum:].]+\", \"x*\" );", 65536,
               "[{'id':'a','at':1772442000000,'text':'card 4111 1111 1111 1111, ada@x.example, xx, \u00e9'}]");
    assert_non_null(strstr(body(&e, 0), "card [redacted], [redacted], [redacted], \u00e9<br>"));
}

static void a_match_across_a_cut_is_redacted_too(void **state)
{
    struct buf text = {0};
    (void)state;
    for (int i = 0; i < 95; i++)
        buf_puts(&text, "aaaa ");
    AUTO_FREE char *messages = mem_printf("[{'id':'a','at':1772442000000,'text':'%ssecret%s'}]", text.s, text.s);
    AUTO(entries_done) struct entries e = render("redact = ( \"secret\" );", 500, messages);
    assert_true(e.n >= 2);
    for (size_t i = 0; i < e.n; i++) {
        assert_null(strstr(body(&e, i), "secret"));
        assert_true(str_utf8_len(body(&e, i)) <= 500);
    }
    buf_done(&text);
}

static void a_day_too_long_is_split_and_every_message_is_there_once(void **state)
{
    struct buf list = {0};
    (void)state;
    for (int i = 0; i < 60; i++)
        buf_printf(&list, "%s{'id':'m%d','at':%lld,'text':'message number <%02d>'}", i ? "," : "", i, (long long)(NOON + i * 1000), i);
    AUTO_FREE char *messages = mem_printf("[%s]", list.s);
    AUTO(entries_done) struct entries e = render("", 600, messages);
    assert_true(e.n > 3);
    assert_string_equal(e.items[1].key, "t1:2026-03-02#2");
    for (int i = 0; i < 60; i++) {
        AUTO_FREE char *needle = mem_printf("message number &lt;%02d&gt;<br>", i);
        size_t hits = 0;
        for (size_t k = 0; k < e.n; k++)
            hits += strstr(body(&e, k), needle) != NULL;
        assert_int_equal(hits, 1);
    }
    for (size_t k = 0; k < e.n; k++)
        assert_true(str_utf8_len(body(&e, k)) <= 600);
    buf_done(&list);
}

static void a_message_longer_than_an_entry_loses_nothing(void **state)
{
    struct buf text = {0};
    (void)state;
    for (int i = 0; i < 400; i++)
        buf_puts(&text, "&\U0001F44B");
    AUTO_FREE char *messages = mem_printf("[{'id':'a','at':1772442000000,'text':'%s'}]", text.s);
    AUTO(entries_done) struct entries e = render("", 500, messages);
    size_t ands = 0, hands = 0;
    for (size_t k = 0; k < e.n; k++) {
        for (const char *at = body(&e, k); (at = strstr(at, "&amp;")); at++)
            ands++;
        for (const char *at = body(&e, k); (at = strstr(at, "\U0001F44B")); at++)
            hands++;
    }
    assert_int_equal(ands, 400);
    assert_int_equal(hands, 400);
    buf_done(&text);
}

static void what_cannot_be_shown_has_a_word_in_its_place(void **state)
{
    (void)state;
    AUTO(entries_done) struct entries e =
        render("labels = { deleted = \"(gone)\"; };", 65536,
               "[{'id':'a','at':1772442000000,'text':'taken back','deleted':true},{'id':'b','at':1772442000000,'text':'better','edited':true},"
               "{'id':'c','at':1772442000000,'text':'','encrypted':true},{'id':'d','at':1772442000000,'text':'see','attachments':['image','']}]");
    assert_null(strstr(body(&e, 0), "taken back"));
    assert_non_null(strstr(body(&e, 0), ": (gone)<br>"));
    assert_non_null(strstr(body(&e, 0), ": better (edited)<br>"));
    assert_non_null(strstr(body(&e, 0), ": (encrypted)<br>"));
    assert_non_null(strstr(body(&e, 0), ": see (attachment) image (attachment)<br>"));
}

static void a_new_name_alone_changes_no_print(void **state)
{
    (void)state;
    AUTO(entries_done) struct entries a = render("", 65536, "[{'id':'a','at':1772442000000,'by':'Ada','text':'Hi'}]");
    AUTO(entries_done) struct entries b = render("", 65536, "[{'id':'a','at':1772442000000,'by':'Ada L.','text':'Hi'}]");
    AUTO(entries_done) struct entries c = render("", 65536, "[{'id':'a','at':1772442000000,'by':'Ada','text':'Ho'}]");
    assert_string_equal(js_str(a.items[0].fields, "print"), js_str(b.items[0].fields, "print"));
    assert_string_not_equal(js_str(a.items[0].fields, "print"), js_str(c.items[0].fields, "print"));
}

static void assert_fault(const char *rules, const char *words)
{
    struct opt_faults faults = {0};
    struct mapping *m = load(rules, &faults);
    AUTO_FREE char *said = all_faults(&faults);
    if (m || !strstr(said, words))
        print_error("wanted \"%s\", have: %s\n", words, said);
    assert_null(m);
    assert_non_null(strstr(said, words));
    opt_faults_done(&faults);
}

static void faults_name_their_line(void **state)
{
    (void)state;
    assert_fault("redact = (\n\"fine\",\n\"[broken\" );", "m.cfg:5: redact: \"[broken\"");
    assert_fault("timezone = \"Berlin\";", "m.cfg:3: timezone: must be");
    assert_fault("\nlimit = 20;", "m.cfg:4: limit: an entry needs at least 500");
    assert_fault("digest = \"week\";", "m.cfg:3: digest");
    assert_fault("labels = { recieved = \"<\"; };", "received");
    assert_fault("filter = { replied = \"yes\"; };", "parent's filter");
}

static void what_is_appended_belongs_to_a_record(void **state)
{
    struct opt_faults faults = {0};
    (void)state;
    assert_null(mapping_load_text("m.cfg", "message = { crm = \"notes\"; mode = \"append\"; key = \"e\"; of = \"prospct\"; fields = ( { name = \"t\"; inbox = \"title\"; crm = \"b\"; } ); };", &faults));
    AUTO_FREE char *said = all_faults(&faults);
    assert_non_null(strstr(said, "no object above it"));
    assert_non_null(strstr(said, "only flows to the CRM"));
    assert_non_null(strstr(said, "no field takes the body"));
    opt_faults_done(&faults);
}

static void never_log_makes_the_parent_tell_its_tags(void **state)
{
    struct opt_faults faults = {0};
    (void)state;
    struct mapping *m = load("never_log = ( \"Private\" );", &faults);
    assert_non_null(m);
    AUTO_FREE const char **names = mapping_needed(&m->objects[0], SIDE_S);
    bool asked = false;
    for (size_t i = 0; names[i]; i++)
        asked |= str_eq(names[i], "context.tags");
    assert_true(asked);
    assert_string_equal(digest_silences(m->objects[1].digest, "private"), "Private");
    assert_null(digest_silences(m->objects[1].digest, "VIP"));
    mapping_free(m);
}

/* The section of a shipped mapping that operators switch on by taking the marks off. */
static void switch_on(const char *name)
{
    AUTO_FREE char *path = mem_printf(SOURCE_DIR "/mappings/%s", name);
    struct opt_faults faults = {0};
    struct buf text = {0};
    bool on = false;
    char line[1000];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        on |= str_starts(line, "# message = {");
        buf_puts(&text, on && str_starts(line, "# ") ? line + 2 : line);
        on &= !str_starts(line, "# };");
    }
    fclose(f);
    struct mapping *m = mapping_load_text(name, text.s, &faults);
    AUTO_FREE char *said = all_faults(&faults);
    if (!m)
        print_error("%s", said);
    assert_non_null(m);
    assert_string_equal(m->objects[m->n - 1].name, "message");
    assert_non_null(m->objects[m->n - 1].digest);
    mapping_free(m);
    buf_done(&text);
    opt_faults_done(&faults);
}

static void the_shipped_sections_are_right_once_they_are_switched_on(void **state)
{
    (void)state;
    switch_on("hubspot.cfg");
    switch_on("salesforce-leads.cfg");
    switch_on("salesforce-contacts.cfg");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_of_a_conversation_is_one_entry),
        cmocka_unit_test(midnight_parts_days_where_the_rules_say_it_is),
        cmocka_unit_test(without_a_digest_every_message_is_an_entry),
        cmocka_unit_test(markup_in_messages_is_only_text),
        cmocka_unit_test(what_a_pattern_matches_is_not_logged),
        cmocka_unit_test(a_match_across_a_cut_is_redacted_too),
        cmocka_unit_test(a_day_too_long_is_split_and_every_message_is_there_once),
        cmocka_unit_test(a_message_longer_than_an_entry_loses_nothing),
        cmocka_unit_test(what_cannot_be_shown_has_a_word_in_its_place),
        cmocka_unit_test(a_new_name_alone_changes_no_print),
        cmocka_unit_test(faults_name_their_line),
        cmocka_unit_test(what_is_appended_belongs_to_a_record),
        cmocka_unit_test(never_log_makes_the_parent_tell_its_tags),
        cmocka_unit_test(the_shipped_sections_are_right_once_they_are_switched_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
