/* The switches of the imitated HubSpot: what no source states, and some bad habits. The table's own values are the
 * defaults and say the type; words list what a text may be. */
#include "tests/sandbox/hubspot.h"

struct manner {
    const char *name, *fallback; /* fallback: as JSON */
    const char *words[3];        /* of a text; none: any text */
};

static const struct manner table[] = {
    {"index_lag_ms", "2000", {0}},
    {"ten_secondly", "190", {0}},
    {"daily", "625000", {0}},
    {"search_per_second", "5", {0}},
    {"association_ten_secondly", "150", {0}},
    {"association_daily", "500000", {0}},
    {"retry_after", "false", {0}},
    {"missing_scopes", "\"\"", {0}},
    {"rotation", "false", {0}},
    {"trim", "false", {0}},
    {"truncate", "0", {0}},
    {"bad_row", "\"batch\"", {"batch", "row"}},
    {"second_delete", "\"204\"", {"204", "404"}},
    {"lifecycle_back", "\"ignore\"", {"ignore", "400"}},
    {"new_lifecycle", "\"lead\"", {0}},
    {"read_only_code", "\"READ_ONLY_VALUE\"", {0}},
    {"to_object_id", "\"number\"", {"number", "string"}},
    {"primary_id_preservation", "false", {0}},
    {"merge_fill", "false", {0}},
    {"association_touch", "false", {0}},
    {"unique_activities", "true", {0}},
    {"ignore_on_activities", "false", {0}},
    {"owner_check", "true", {0}},
    {"pipeline_required", "true", {0}},
    {"contact_needs_name", "false", {0}},
    {"deal_moves_lifecycle", "false", {0}},
};

json_t *hub_manners_new(void)
{
    json_t *out = json_object();
    for (size_t i = 0; i < COUNT(table); i++) {
        json_t *value = js_parse(table[i].fallback, strlen(table[i].fallback), NULL);
        js_set(out, table[i].name, value);
    }
    return out;
}

static const json_t *manner(const struct hub *h, const char *name)
{
    const json_t *v = json_object_get(h->manners, name);
    if (!v)
        abort(); /* a name the table does not have: misspelt here */
    return v;
}

bool hub_flag(const struct hub *h, const char *name)
{
    return json_is_true(manner(h, name));
}

int64_t hub_count(const struct hub *h, const char *name)
{
    return json_integer_value(manner(h, name));
}

bool hub_says(const struct hub *h, const char *name, const char *word)
{
    return str_eq(json_string_value(manner(h, name)), word);
}

const char *hub_text(const struct hub *h, const char *name)
{
    return json_string_value(manner(h, name));
}

static bool fits(const struct manner *m, const json_t *value, const json_t *now)
{
    bool known = !m->words[0] || !json_is_string(value);
    for (size_t i = 0; i < COUNT(m->words) && m->words[i]; i++)
        known |= str_eq(m->words[i], json_string_value(value));
    return known && (json_is_boolean(now) ? json_is_boolean(value) : json_typeof(value) == json_typeof(now));
}

static bool read_one(const char *name, json_t *value, json_t *into, struct err *err)
{
    const char *names[COUNT(table)];
    for (size_t i = 0; i < COUNT(table); i++) {
        names[i] = table[i].name;
        /* "204" may be said as 204 */
        AUTO_JSON json_t *text = table[i].words[0] && json_is_integer(value)
                                     ? json_sprintf("%lld", (long long)json_integer_value(value))
                                     : json_incref(value);
        if (!str_eq(table[i].name, name))
            continue;
        if (!fits(&table[i], text, json_object_get(into, name)))
            return err_set(err, ERR_REJECT, "%s cannot be that", name);
        json_object_set(into, name, text);
        return true;
    }
    const char *near = str_nearest(name, names, COUNT(table));
    return err_set(err, ERR_REJECT, "no manner %s%s%s", name, near ? "; did you mean " : "", near ? near : "");
}

void hub_answer_manners(struct hub *h, const char *method, const json_t *said, struct http_answer *a)
{
    struct err err = {0};
    AUTO_JSON json_t *next = str_eq(method, "DELETE") ? hub_manners_new() : json_copy(h->manners);
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)said, name, value)
        if (!read_one(name, value, next, &err)) {
            sandbox_reply_json(a, 400, json_pack("{s:s}", "error", err.text));
            return;
        }
    json_decref(h->manners);
    h->manners = json_incref(next);
    sandbox_reply_json(a, 200, json_incref(next));
}
