/* The switches of the imitated Salesforce: what no source states, and what an organisation may have set up. */
#include "tests/sandbox/crm_manners.h"
#include "tests/sandbox/salesforce.h"

static const struct crm_manner table[] = {
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
    {"bulk_query_fails", "false", {0}},
    {"bulk_query_daily", "10000", {0}},
};

#define KNOWN ((struct crm_manners){table, COUNT(table)})

json_t *sf_manners_new(void)
{
    return crm_manners_new(KNOWN);
}

bool sf_flag(const struct sf *s, const char *name)
{
    return json_is_true(crm_manner(s->manners, name));
}

int64_t sf_count(const struct sf *s, const char *name)
{
    return (int64_t)json_number_value(crm_manner(s->manners, name));
}

double sf_share(const struct sf *s, const char *name)
{
    return json_number_value(crm_manner(s->manners, name));
}

const char *sf_text(const struct sf *s, const char *name)
{
    return json_string_value(crm_manner(s->manners, name));
}

bool sf_says(const struct sf *s, const char *name, const char *word)
{
    return str_eq(sf_text(s, name), word);
}

void sf_answer_manners(struct sf *s, const char *method, const json_t *said, struct http_answer *a)
{
    crm_manners_answer(KNOWN, &s->manners, method, said, a);
}
