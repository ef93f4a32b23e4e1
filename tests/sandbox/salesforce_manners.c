/* The switches of the imitated Salesforce: what no source states, and what an organisation may have set up. The table's
 * own values are the defaults and say the type; words list what a text may be. */
#include "tests/sandbox/salesforce.h"

struct manner {
    const char *name, *fallback; /* fallback: as JSON */
    const char *words[4];        /* of a text; none: any text */
};

static const struct manner table[] = {
    {"static_token", "true", {0}},
    {"session_minutes", "120", {0}},
    {"logins_per_hour", "3600", {0}},
    {"policy_401", "\"\"", {0}},
    {"rotation", "false", {0}},
    {"run_as", "true", {0}},
    {"approved", "true", {0}},
    {"my_domain_audience", "false", {0}},
    {"instance_url", "\"\"", {0}},
    {"daily", "100000", {0}},
    {"limit_info", "\"plain\"", {"plain", "per_app", "missing"}},
    {"page_size", "2000", {0}},
    {"short_pages", "false", {0}},
    {"locator_hours", "48", {0}},
    {"late_commit_ms", "0", {0}},
    {"covered_lag_minutes", "0", {0}},
    {"deletes_kept_days", "15", {0}},
    {"id_limit", "600000", {0}},
    {"duplicate_rule", "\"off\"", {"off", "alert", "block"}},
    {"duplicate_key", "\"duplicateResut\"", {"duplicateResut", "duplicateResult"}},
    {"assignment_rule", "\"user\"", {"user", "queue", "off"}},
    {"lock_share", "0", {0}},
    {"failed_created", "\"missing\"", {"missing", "true"}},
    {"restricted_status", "true", {0}},
    {"newlines", "\"keep\"", {"keep", "crlf"}},
    {"lower_email", "false", {0}},
    {"format_phones", "false", {0}},
    {"view_all", "true", {0}},
    {"customize", "true", {0}},
    {"fields_visible", "false", {0}},
    {"metadata_lag_ms", "0", {0}},
    {"conversion_maps_keys", "false", {0}},
    {"touch_parents", "false", {0}},
    {"bulk_ms", "2000", {0}},
    {"bulk_shuffle", "true", {0}},
    {"bulk_unprocessed", "0", {0}},
};

json_t *sf_manners_new(void)
{
    json_t *out = json_object();
    for (size_t i = 0; i < COUNT(table); i++)
        js_set(out, table[i].name, js_parse(table[i].fallback, strlen(table[i].fallback), NULL));
    return out;
}

static const json_t *manner(const struct sf *s, const char *name)
{
    const json_t *v = json_object_get(s->manners, name);
    if (!v)
        abort(); /* a name the table does not have: misspelt here */
    return v;
}

bool sf_flag(const struct sf *s, const char *name)
{
    return json_is_true(manner(s, name));
}

int64_t sf_count(const struct sf *s, const char *name)
{
    return (int64_t)json_number_value(manner(s, name));
}

double sf_share(const struct sf *s, const char *name)
{
    return json_number_value(manner(s, name));
}

const char *sf_text(const struct sf *s, const char *name)
{
    return json_string_value(manner(s, name));
}

bool sf_says(const struct sf *s, const char *name, const char *word)
{
    return str_eq(sf_text(s, name), word);
}

static bool fits(const struct manner *m, const json_t *value, const json_t *now)
{
    bool known = !m->words[0];
    for (size_t i = 0; i < COUNT(m->words) && m->words[i]; i++)
        known |= str_eq(m->words[i], json_string_value(value));
    if (json_is_boolean(now) || json_is_number(now))
        return json_is_boolean(now) ? json_is_boolean(value) : json_is_number(value);
    return known && json_is_string(value);
}

static bool read_one(const char *name, json_t *value, json_t *into, struct err *err)
{
    const char *names[COUNT(table)];
    for (size_t i = 0; i < COUNT(table); i++) {
        names[i] = table[i].name;
        if (!str_eq(table[i].name, name))
            continue;
        if (!fits(&table[i], value, json_object_get(into, name)))
            return err_set(err, ERR_REJECT, "%s cannot be that", name);
        json_object_set(into, name, value);
        return true;
    }
    const char *near = str_nearest(name, names, COUNT(table));
    return err_set(err, ERR_REJECT, "no manner %s%s%s", name, near ? "; did you mean " : "", near ? near : "");
}

void sf_answer_manners(struct sf *s, const char *method, const json_t *said, struct http_answer *a)
{
    struct err err = {0};
    AUTO_JSON json_t *next = str_eq(method, "DELETE") ? sf_manners_new() : json_copy(s->manners);
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)said, name, value)
        if (!read_one(name, value, next, &err)) {
            sandbox_reply_json(a, 400, json_pack("{s:s}", "error", err.text));
            return;
        }
    json_decref(s->manners);
    s->manners = json_incref(next);
    sandbox_reply_json(a, 200, json_incref(next));
}
