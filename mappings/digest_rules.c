/* The rules of logged conversations: read, checked with file and line, and what of them is not about rendering. */
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "mappings/digest_parts.h"
#include <stdio.h>

#define AT(m) offsetof(struct digest, m)
#define WORD(m) offsetof(struct digest, words.m)

static const char *const spans[] = {"day", "none", NULL};
static const char *const formats[] = {"html", "text", NULL};
static const struct opt rules[] = {
    {"digest", OPT_CHOICE, AT(span), "day", false, 0, 0, spans, "one entry per conversation and day, or one per message"},
    {"format", OPT_CHOICE, AT(format), "html", false, 0, 0, formats, "what the CRM's body field takes"},
    {"limit", OPT_INT, AT(limit), "0", false, 0, 1000000, NULL, "characters of one entry; 0 = what the CRM takes"},
    {"timezone", OPT_TEXT, AT(timezone), "UTC", false, 0, 0, NULL, "where days begin: \"UTC\" or \"+02:00\""},
    {"redact", OPT_LIST, AT(redact), NULL, false, 0, 0, NULL, "extended regular expressions: what matches is not logged"},
    {"never_log", OPT_LIST, AT(never_log), NULL, false, 0, 0, NULL, "tags of people whose conversations are not logged"},
    OPT_END};
static const struct opt words[] = {
    {"received", OPT_TEXT, WORD(received), "\u2190", false, 0, 0, NULL, "before messages from outside"},
    {"sent", OPT_TEXT, WORD(sent), "\u2192", false, 0, 0, NULL, "before our own"},
    {"deleted", OPT_TEXT, WORD(deleted), "(deleted)", false, 0, 0, NULL, "instead of what was taken back"},
    {"edited", OPT_TEXT, WORD(edited), "(edited)", false, 0, 0, NULL, "behind what was edited"},
    {"encrypted", OPT_TEXT, WORD(encrypted), "(encrypted)", false, 0, 0, NULL, "instead of what cannot be read"},
    {"attachment", OPT_TEXT, WORD(attachment), "(attachment)", false, 0, 0, NULL, "for a file or picture"},
    {"redacted", OPT_TEXT, WORD(redacted), "[redacted]", false, 0, 0, NULL, "instead of what a pattern of redact matches"},
    OPT_END};

/* "UTC", "+02:00", "-0530": a fixed distance, so that the same messages give the same days for ever. */
static bool read_zone(const char *text, int64_t *out)
{
    int hours = 0, minutes = 0, used = 0;
    char sign = 0;
    *out = 0;
    if (str_eq_nocase(text, "utc") || str_eq_nocase(text, "z"))
        return true;
    bool told = sscanf(text, "%c%2d:%2d%n", &sign, &hours, &minutes, &used) == 3 ||
                sscanf(text, "%c%2d%2d%n", &sign, &hours, &minutes, &used) == 3;
    if (!told || text[used] || (sign != '+' && sign != '-') || hours < 0 || hours > 14 || minutes < 0 || minutes > 59)
        return false;
    *out = (sign == '-' ? -1 : 1) * (hours * INT64_C(60) + minutes) * 60000;
    return true;
}

static void compile(struct digest *d, const struct opt_node *list, struct opt_faults *faults)
{
    d->patterns = mem_grow(NULL, d->redact.n + 1, sizeof *d->patterns);
    for (size_t i = 0; i < d->redact.n; i++) {
        char why[200];
        int bad = regcomp(&d->patterns[d->n_patterns], d->redact.items[i], REG_EXTENDED);
        if (!bad) {
            d->n_patterns++;
            continue;
        }
        regerror(bad, NULL, why, sizeof why);
        const struct opt_node *item = opt_item(list, i);
        opt_fault(faults, opt_place_file(item ? item : list), opt_place_line(item ? item : list), "redact: \"%s\": %s", d->redact.items[i], why);
    }
}

const char *const digest_members[] = {"digest", "format", "limit", "timezone", "redact", "never_log", "labels", NULL};

static void read_words(struct digest *d, const struct opt_node *said, struct opt_faults *faults)
{
    if (said && opt_is_group(said)) {
        opt_read(said, words, NULL, d, faults);
        return;
    }
    opt_default(words, d);
    if (said)
        opt_fault(faults, opt_place_file(said), opt_place_line(said), "labels: must be a group: { received = \"…\"; sent = \"…\"; }");
}

struct digest *digest_parse(const struct opt_node *object, const char *const *others, struct opt_faults *faults)
{
    struct digest *d = mem_alloc(sizeof *d);
    const struct opt_node *zone = opt_member(object, "timezone"), *limit = opt_member(object, "limit");
    opt_read(object, rules, others, d, faults);
    read_words(d, opt_member(object, "labels"), faults);
    if (d->timezone && !read_zone(d->timezone, &d->offset))
        opt_fault(faults, opt_place_file(zone), opt_place_line(zone), "timezone: must be \"UTC\" or a distance like \"+02:00\"");
    if (d->limit && d->limit < DIGEST_LEAST)
        opt_fault(faults, opt_place_file(limit), opt_place_line(limit), "limit: an entry needs at least %d characters", DIGEST_LEAST);
    compile(d, opt_member(object, "redact"), faults);
    return d;
}

void digest_free(struct digest *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->n_patterns; i++)
        regfree(&d->patterns[i]);
    free(d->patterns);
    opt_clear(words, d);
    opt_clear(rules, d);
    free(d);
}

bool digest_asks_tags(const struct digest *d)
{
    return d && d->never_log.n;
}

const char *digest_silences(const struct digest *d, const char *tag)
{
    for (size_t i = 0; tag && i < d->never_log.n; i++)
        if (str_eq_nocase(d->never_log.items[i], tag))
            return d->never_log.items[i];
    return NULL;
}

void digest_describe(struct schema *out)
{
    static const struct {
        const char *name, *label;
        enum schema_type type;
    } fields[] = {{"body", "What was said", SCHEMA_TEXT},          {"title", "Title", SCHEMA_TEXT},
                  {"timestamp", "First message", SCHEMA_DATETIME}, {"day", "Day", SCHEMA_DATE},
                  {"messages", "Messages", SCHEMA_NUMBER},         {"with", "Who it is with", SCHEMA_TEXT},
                  {"url", "Conversation", SCHEMA_TEXT}};
    static const char *const ways[] = {"sent", "received", "both"};
    for (size_t i = 0; i < COUNT(fields); i++)
        if (!schema_find(out, fields[i].name))
            schema_add(out, fields[i].name, fields[i].label, fields[i].type)->read_only = true;
    if (schema_find(out, "direction"))
        return;
    struct schema_field *f = schema_add(out, "direction", "Direction", SCHEMA_CHOICE);
    f->read_only = true;
    for (size_t i = 0; i < COUNT(ways); i++)
        schema_add_option(f, ways[i], ways[i]);
}
