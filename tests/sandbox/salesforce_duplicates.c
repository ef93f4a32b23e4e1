/* The duplicate rule: when switched on, new leads and contacts that look like others are refused, with what they look
 * like; an alert can be overridden by a header, a block cannot. */
#include "tests/sandbox/salesforce.h"

static bool alike(const struct sf_row *r, const json_t *changes)
{
    const char *mail = js_str(changes, "Email"), *last = js_str(changes, "LastName"),
               *company = js_str(changes, "Company");
    return (mail && str_eq_nocase(mail, sf_get(r, "Email"))) ||
           (last && company && str_eq_nocase(last, sf_get(r, "LastName")) &&
            str_eq_nocase(company, sf_get(r, "Company")) &&
            str_eq_nocase(js_str(changes, "FirstName"), sf_get(r, "FirstName")));
}

static json_t *match_of(struct sf *s, const struct sf_type *t, const struct sf_row *r, bool details)
{
    AUTO_JSON json_t *names = json_pack("[s]", "Id");
    json_t *record = sf_show(s, SF_VERSION_NEWEST, t, r->values, details ? NULL : names);
    return json_pack("{s:[],s:[],s:f,s:o}", "additionalInformation", "fieldDiffs", "matchConfidence", 100.0, "record",
                     record);
}

bool sf_no_duplicate(struct sf *s, struct sf_type *t, const json_t *changes, const struct sf_hand *hand,
                     struct sf_bad *bad)
{
    bool asked = str_eq(t->name, "Lead") || str_eq(t->name, "Contact"), alert = sf_says(s, "duplicate_rule", "alert");
    AUTO_JSON json_t *matches = json_array();
    if (!asked || hand->person || sf_says(s, "duplicate_rule", "off") || (alert && hand->allow_save))
        return true;
    for (size_t i = 0; i < t->n; i++)
        if (sf_live(s, t->rows[i]) && alike(t->rows[i], changes))
            js_add(matches, match_of(s, t, t->rows[i], hand->details));
    if (!json_array_size(matches))
        return true;
    AUTO_FREE char *rule = mem_printf("Standard_%s_Duplicate_Rule", t->name),
                   *matching = mem_printf("Standard_%s_Match_Rule_v1_0", t->name);
    json_int_t n = (json_int_t)json_array_size(matches);
    sf_set_bad(bad, 400, "DUPLICATES_DETECTED", NULL, "Use one of these records?");
    bad->duplicates = json_pack("{s:b,s:s,s:s,s:s,s:[{s:s,s:[],s:s,s:O,s:s,s:I,s:b}]}", "allowSave", alert,
                                "duplicateRule", rule, "duplicateRuleEntityType", t->name, "errorMessage",
                                "Use one of these records?", "matchResults", "entityType", t->name, "errors",
                                "matchEngine", "FuzzyMatchEngine", "matchRecords", matches, "rule", matching, "size", n,
                                "success", 1);
    return false;
}
