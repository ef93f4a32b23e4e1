/* The switches of the imitated HubSpot: what no source states, and some bad habits. */
#include "tests/sandbox/crm_manners.h"
#include "tests/sandbox/hubspot.h"

static const struct crm_manner table[] = {
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

#define KNOWN ((struct crm_manners){table, COUNT(table)})

json_t *hub_manners_new(void)
{
    return crm_manners_new(KNOWN);
}

bool hub_flag(const struct hub *h, const char *name)
{
    return json_is_true(crm_manner(h->manners, name));
}

int64_t hub_count(const struct hub *h, const char *name)
{
    return json_integer_value(crm_manner(h->manners, name));
}

bool hub_says(const struct hub *h, const char *name, const char *word)
{
    return str_eq(json_string_value(crm_manner(h->manners, name)), word);
}

const char *hub_text(const struct hub *h, const char *name)
{
    return json_string_value(crm_manner(h->manners, name));
}

void hub_answer_manners(struct hub *h, const char *method, const json_t *said, struct http_answer *a)
{
    crm_manners_answer(KNOWN, &h->manners, method, said, a);
}
