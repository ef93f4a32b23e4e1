/* The switches of the imitated Inbox: every behaviour no source states, and some bad ones. One table gives names, words
 * and defaults. */
#include "bridge/base/str.h"
#include "tests/sandbox/inbox_inner.h"
#include <string.h>

enum kind { WORD, FLAG, CHANCE, COUNTED };

struct manner {
    const char *name;
    enum kind kind;
    size_t offset;
    double fallback;
    const char *words[5]; /* of a WORD, in the order of its enum */
};

#define AT(member) offsetof(struct manners, member)
static const struct manner table[] = {
    {"error_shape", WORD, AT(error_shape), 0, {"nested", "string", "flat", "html", "empty"}},
    {"omitted_inbox", WORD, AT(omitted_inbox), 0, {"all", "default"}},
    {"prospect_shape", WORD, AT(prospect_shape), 0, {"event", "migration"}},
    {"profile_shape", WORD, AT(profile_shape), 0, {"full", "newer", "mixed"}},
    {"delete_body", WORD, AT(delete_body), 0, {"empty", "null", "object"}},
    {"retention_answer", WORD, AT(retention_answer), 0, {"oldest", "400", "410"}},
    {"deleted_data", WORD, AT(deleted_data), 0, {"id", "object", "plain"}},
    {"retry_after", WORD, AT(retry_after), 0, {"seconds", "date", "missing"}},
    {"rate_window", WORD, AT(rate_window), 0, {"minute", "tightest"}},
    {"author_id", WORD, AT(author_id), 0, {"external", "platform"}},
    {"thread_exists", WORD, AT(thread_exists), 0, {"200", "409"}},
    {"tag_in_both", WORD, AT(tag_in_both), 0, {"remove", "400"}},
    {"unknown_label", WORD, AT(unknown_label), 0, {"404", "422"}},
    {"empty_notes", WORD, AT(empty_notes), 0, {"keep", "null"}},
    {"seq_gaps", FLAG, AT(seq_gaps), 1, {0}},
    {"disorder", FLAG, AT(disorder), 0, {0}},
    {"late_insert", FLAG, AT(late_insert), 0, {0}},
    {"boundary_repeat", FLAG, AT(boundary_repeat), 0, {0}},
    {"bump_last_updated", FLAG, AT(bump_last_updated), 1, {0}},
    {"unchanged_event", FLAG, AT(unchanged_event), 0, {0}},
    {"strict_fields", FLAG, AT(strict_fields), 0, {0}},
    {"strict_arrays", FLAG, AT(strict_arrays), 1, {0}},
    {"outbound", FLAG, AT(outbound), 1, {0}},
    {"strip_events", FLAG, AT(strip_events), 0, {0}},
    {"list_idle", FLAG, AT(list_idle), 0, {0}},
    {"list_deleted", FLAG, AT(list_deleted), 1, {0}},
    {"context_assignee", FLAG, AT(context_assignee), 0, {0}},
    {"record_events", FLAG, AT(record_events), 1, {0}},
    {"message_prospect", FLAG, AT(message_prospect), 1, {0}},
    {"single_reactions", FLAG, AT(single_reactions), 0, {0}},
    {"drop_data", CHANCE, AT(drop_data), 0, {0}},
    {"tag_limit", COUNTED, AT(tag_limit), 0, {0}},
    {"keep_events", COUNTED, AT(keep_events), 25000, {0}},
};

void manners_init(struct manners *m)
{
    *m = (struct manners){0};
    for (size_t i = 0; i < COUNT(table); i++) {
        char *at = (char *)m + table[i].offset;
        if (table[i].kind == FLAG)
            *(bool *)at = table[i].fallback != 0;
        if (table[i].kind == COUNTED)
            *(int64_t *)(void *)at = (int64_t)table[i].fallback;
    }
}

/* "400" may be said as 400. */
static bool read_word(const struct manner *t, const json_t *value, int *out, struct err *err)
{
    AUTO_FREE char *word = json_is_integer(value) ? mem_printf("%lld", (long long)json_integer_value(value))
                                                  : mem_dup(json_string_value(value));
    for (int i = 0; i < (int)COUNT(t->words) && t->words[i]; i++)
        if (str_eq(word, t->words[i])) {
            *out = i;
            return true;
        }
    return err_set(err, ERR_REJECT, "%s cannot be %s", t->name, word ? word : "other than a word");
}

static bool read_one(struct manners *m, const struct manner *t, const json_t *value, struct err *err)
{
    char *at = (char *)m + t->offset;
    if (t->kind == WORD)
        return read_word(t, value, (int *)(void *)at, err);
    if (t->kind == FLAG ? !json_is_boolean(value) : !json_is_number(value))
        return err_set(err, ERR_REJECT, "%s must be %s", t->name, t->kind == FLAG ? "true or false" : "a number");
    if (t->kind == FLAG)
        *(bool *)at = json_is_true(value);
    else if (t->kind == CHANCE)
        *(double *)(void *)at = json_number_value(value);
    else
        *(int64_t *)(void *)at = (int64_t)json_number_value(value);
    return true;
}

bool manners_read(struct manners *m, const json_t *said, struct err *err)
{
    const char *name, *names[COUNT(table)];
    json_t *value;
    struct manners read = *m;
    if (!json_is_object(said))
        return err_set(err, ERR_REJECT, "manners are an object");
    for (size_t i = 0; i < COUNT(table); i++)
        names[i] = table[i].name;
    json_object_foreach ((json_t *)said, name, value) {
        size_t i = 0;
        while (i < COUNT(table) && strcmp(table[i].name, name) != 0)
            i++;
        const char *near = i == COUNT(table) ? str_nearest(name, names, COUNT(table)) : NULL;
        if (i == COUNT(table))
            return err_set(err, ERR_REJECT, "no manner %s%s%s", name, near ? "; did you mean " : "", near ? near : "");
        if (!read_one(&read, &table[i], value, err))
            return false;
    }
    *m = read;
    return true;
}

json_t *manners_json(const struct manners *m)
{
    json_t *out = json_object();
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct manner *t = &table[i];
        const char *at = (const char *)m + t->offset;
        if (t->kind == WORD)
            js_set(out, t->name, js_text(t->words[*(const int *)(const void *)at]));
        else if (t->kind == FLAG)
            js_set(out, t->name, json_boolean(*(const bool *)at));
        else if (t->kind == CHANCE)
            js_set(out, t->name, json_real(*(const double *)(const void *)at));
        else
            js_set(out, t->name, json_integer(*(const int64_t *)(const void *)at));
    }
    return out;
}
