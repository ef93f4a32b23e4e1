/* The object types of an account on its first day: their names, date properties, groups and default properties. */
#include "tests/sandbox/hubspot.h"

#define ALL 0x3f
#define CRM 0x07        /* contacts, companies, deals */
#define ACTIVITIES 0x38 /* notes, communications, tasks */
#define ON(kind) (1u << HUB_##kind)

enum { READ_ONLY = 1, CALCULATED = 2, UNIQUE = 4, EXTERNAL = 8 };

static const struct {
    const char *names[3], *created, *modified, *group;
} kinds[HUB_KINDS] = {
    {{"contacts", "0-1", "contact"}, "createdate", "lastmodifieddate", "contactinformation"},
    {{"companies", "0-2", "company"}, "createdate", "hs_lastmodifieddate", "companyinformation"},
    {{"deals", "0-3", "deal"}, "createdate", "hs_lastmodifieddate", "dealinformation"},
    {{"notes", "0-46", "note"}, "hs_createdate", "hs_lastmodifieddate", "engagement"},
    {{"communications", "0-18", "communication"}, "hs_createdate", "hs_lastmodifieddate", "engagement"},
    {{"tasks", "0-27", "task"}, "hs_createdate", "hs_lastmodifieddate", "task"},
};

static const struct {
    unsigned on;
    const char *name, *label, *type, *field;
    int flags;
    const char *options; /* "a b c" */
} properties[] = {
    {ALL, "hs_object_id", "Record ID", "number", "number", READ_ONLY, NULL},
    {ALL, "hs_object_source", "Record source", "enumeration", "select", READ_ONLY | EXTERNAL, NULL},
    {ALL, "hs_object_source_label", "Record source", "enumeration", "select", READ_ONLY | EXTERNAL, NULL},
    {ALL, "hs_object_source_id", "Record source ID", "string", "text", READ_ONLY, NULL},
    {ALL, "hs_object_source_detail_1", "Record source detail 1", "string", "text", READ_ONLY, NULL},
    {ALL, "hs_object_source_user_id", "Record source user ID", "number", "number", READ_ONLY, NULL},
    {ALL, "hs_merged_object_ids", "Merged record IDs", "enumeration", "checkbox", READ_ONLY | EXTERNAL, NULL},
    {ALL, "hubspot_owner_id", "Owner", "enumeration", "select", EXTERNAL, NULL},
    {CRM, "createdate", "Create date", "datetime", "date", READ_ONLY, NULL},
    {ACTIVITIES, "hs_createdate", "Create date", "datetime", "date", READ_ONLY, NULL},
    {ON(CONTACT), "lastmodifieddate", "Last modified date", "datetime", "date", READ_ONLY, NULL},
    {ALL, "hs_lastmodifieddate", "Last modified date", "datetime", "date", READ_ONLY, NULL},

    {ON(CONTACT), "email", "Email", "string", "text", UNIQUE, NULL},
    {ON(CONTACT), "hs_additional_emails", "Additional emails", "enumeration", "checkbox", EXTERNAL, NULL},
    {ON(CONTACT), "firstname", "First name", "string", "text", 0, NULL},
    {ON(CONTACT), "lastname", "Last name", "string", "text", 0, NULL},
    {ON(CONTACT), "company", "Company name", "string", "text", 0, NULL},
    {ON(CONTACT), "jobtitle", "Job title", "string", "text", 0, NULL},
    {ON(CONTACT), "message", "Message", "string", "textarea", 0, NULL},
    {ON(CONTACT), "twitterhandle", "X username", "string", "text", 0, NULL},
    {ON(CONTACT) | ON(COMPANY), "phone", "Phone number", "string", "phonenumber", 0, NULL},
    {ON(CONTACT) | ON(COMPANY), "website", "Website URL", "string", "text", 0, NULL},
    {ON(CONTACT) | ON(COMPANY), "city", "City", "string", "text", 0, NULL},
    {ON(CONTACT) | ON(COMPANY), "lifecyclestage", "Lifecycle stage", "enumeration", "radio", 0,
     "subscriber lead marketingqualifiedlead salesqualifiedlead opportunity customer evangelist other"},
    {ON(CONTACT) | ON(COMPANY), "hs_lead_status", "Lead status", "enumeration", "radio", 0,
     "NEW OPEN IN_PROGRESS OPEN_DEAL UNQUALIFIED ATTEMPTED_TO_CONTACT CONNECTED BAD_TIMING"},
    {ON(CONTACT), "hs_calculated_merged_vids", "Merged vids", "string", "calculation_equation", READ_ONLY | CALCULATED,
     NULL},
    {ON(CONTACT) | ON(COMPANY), "num_associated_deals", "Associated deals", "number", "calculation_rollup",
     READ_ONLY | CALCULATED, NULL},

    {ON(COMPANY), "name", "Company name", "string", "text", 0, NULL},
    {ON(COMPANY), "domain", "Company domain name", "string", "text", 0, NULL},

    {ON(DEAL), "dealname", "Deal name", "string", "text", 0, NULL},
    {ON(DEAL), "pipeline", "Pipeline", "enumeration", "select", EXTERNAL, NULL},
    {ON(DEAL), "dealstage", "Deal stage", "enumeration", "radio", EXTERNAL, NULL},
    {ON(DEAL), "amount", "Amount", "number", "number", 0, NULL},
    {ON(DEAL), "deal_currency_code", "Currency", "enumeration", "select", 0, "USD EUR NOK"},
    {ON(DEAL), "closedate", "Close date", "datetime", "date", 0, NULL},
    {ON(DEAL), "description", "Deal description", "string", "textarea", 0, NULL},
    {ON(DEAL), "dealtype", "Deal type", "enumeration", "radio", 0, "newbusiness existingbusiness"},
    {ON(DEAL), "hs_is_closed", "Is deal closed?", "bool", "booleancheckbox", READ_ONLY | CALCULATED, "true false"},
    {ON(DEAL), "hs_is_closed_won", "Is closed won", "bool", "booleancheckbox", READ_ONLY | CALCULATED, "true false"},
    {ON(DEAL), "hs_deal_stage_probability", "Deal probability", "number", "number", READ_ONLY | CALCULATED, NULL},
    {ON(DEAL), "num_associated_contacts", "Associated contacts", "number", "calculation_rollup", READ_ONLY | CALCULATED,
     NULL},

    {ACTIVITIES, "hs_timestamp", "Activity date", "datetime", "date", 0, NULL},
    {ON(NOTE), "hs_note_body", "Note body", "string", "html", 0, NULL},
    {ON(NOTE) | ON(COMMUNICATION), "hs_attachment_ids", "Attached file IDs", "enumeration", "checkbox", EXTERNAL, NULL},
    {ON(COMMUNICATION), "hs_communication_channel_type", "Channel type", "enumeration", "select", 0,
     "WHATS_APP LINKEDIN_MESSAGE SMS CUSTOM_CHANNEL_CONVERSATION"},
    {ON(COMMUNICATION), "hs_communication_logged_from", "Logged from", "enumeration", "select", 0, "CRM"},
    {ON(COMMUNICATION), "hs_communication_body", "Communication body", "string", "html", 0, NULL},
    {ON(TASK), "hs_task_subject", "Task title", "string", "text", 0, NULL},
    {ON(TASK), "hs_task_body", "Task notes", "string", "html", 0, NULL},
    {ON(TASK), "hs_task_status", "Task status", "enumeration", "select", 0,
     "NOT_STARTED IN_PROGRESS WAITING COMPLETED DEFERRED"},
    {ON(TASK), "hs_task_priority", "Priority", "enumeration", "select", 0, "NONE LOW MEDIUM HIGH"},
};

static const char *const shown[HUB_KINDS] = {
    "email,firstname,lastname", "domain,name", "amount,closedate,dealname,dealstage,pipeline", "", "", "",
};

json_t *hub_default_names(const struct hub_type *t)
{
    AUTO_JSON json_t *said = json_string(shown[t->kind]);
    return hub_names(said);
}

bool hub_is_activity(const struct hub_type *t)
{
    return t->kind >= HUB_NOTE;
}

struct hub_type *hub_type_of(struct hub *h, const char *name)
{
    for (size_t i = 0; i < HUB_KINDS; i++)
        for (int k = 0; k < 3; k++)
            if (str_eq(h->types[i].names[k], name))
                return &h->types[i];
    return NULL;
}

json_t *hub_define(struct hub_type *t, const char *name, const char *label, const char *type, const char *field_type)
{
    json_t *def = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:[],s:b,s:b,s:b,s:b,s:b,s:i,s:{s:b,s:b,s:b}}", "name", name,
                            "label", label, "description", "", "type", type, "fieldType", field_type, "groupName",
                            kinds[t->kind].group, "options", "hasUniqueValue", 0, "calculated", 0, "externalOptions", 0,
                            "hidden", 0, "archived", 0, "displayOrder", -1, "modificationMetadata", "readOnlyValue", 0,
                            "readOnlyDefinition", 0, "archivable", 1);
    js_set(t->defs, name, def);
    return def;
}

static void set_options(json_t *def, const char *words)
{
    AUTO_FREE char *copy = mem_dup(words);
    char *save = NULL;
    int order = 0;
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
        js_add(json_object_get(def, "options"),
               json_pack("{s:s,s:s,s:b,s:i}", "label", word, "value", word, "hidden", 0, "displayOrder", order++));
}

static void add_property(struct hub_type *t, size_t i)
{
    json_t *def = hub_define(t, properties[i].name, properties[i].label, properties[i].type, properties[i].field);
    json_t *changing = json_object_get(def, "modificationMetadata");
    js_set(def, "hubspotDefined", json_true());
    js_set(changing, "readOnlyDefinition", json_true());
    js_set(changing, "archivable", json_false());
    js_set(changing, "readOnlyValue", json_boolean(properties[i].flags & READ_ONLY));
    js_set(def, "calculated", json_boolean(properties[i].flags & CALCULATED));
    js_set(def, "hasUniqueValue", json_boolean(properties[i].flags & UNIQUE));
    js_set(def, "externalOptions", json_boolean(properties[i].flags & EXTERNAL));
    if (properties[i].options)
        set_options(def, properties[i].options);
}

void hub_types_init(struct hub *h)
{
    for (size_t k = 0; k < HUB_KINDS; k++) {
        struct hub_type *t = &h->types[k];
        memcpy(t->names, kinds[k].names, sizeof t->names);
        t->kind = (enum hub_kind)k;
        t->created = kinds[k].created;
        t->modified = kinds[k].modified;
        t->unique = json_object();
        t->defs = json_object();
        t->groups = json_pack("{s:{s:s,s:s,s:i,s:b}}", kinds[k].group, "name", kinds[k].group, "label",
                              kinds[k].names[2], "displayOrder", 0, "archived", 0);
        for (size_t i = 0; i < COUNT(properties); i++)
            if (properties[i].on & (1u << k))
                add_property(t, i);
    }
}
