/* The standard fields of each object, as tables. */
#include "tests/sandbox/salesforce.h"

/* flags: r required, d has a default, o read only, c on create only, i idLookup, f restricted picklist */
struct seed {
    const char *type, *name, *label, *kind;
    int length;
    const char *flags, *to;
};

static const struct seed seeds[] = {
    {"Lead", "LastName", "Last Name", "string", 80, "r", NULL},
    {"Lead", "FirstName", "First Name", "string", 40, "", NULL},
    {"Lead", "Name", "Full Name", "string", 121, "ro", NULL},
    {"Lead", "Title", "Title", "string", 128, "", NULL},
    {"Lead", "Company", "Company", "string", 255, "r", NULL},
    {"Lead", "Street", "Street", "textarea", 255, "", NULL},
    {"Lead", "City", "City", "string", 40, "", NULL},
    {"Lead", "State", "State/Province", "string", 80, "", NULL},
    {"Lead", "PostalCode", "Zip/Postal Code", "string", 20, "", NULL},
    {"Lead", "Country", "Country", "string", 80, "", NULL},
    {"Lead", "Phone", "Phone", "phone", 40, "", NULL},
    {"Lead", "MobilePhone", "Mobile Phone", "phone", 40, "", NULL},
    {"Lead", "Fax", "Fax", "phone", 40, "", NULL},
    {"Lead", "Email", "Email", "email", 80, "i", NULL},
    {"Lead", "Website", "Website", "url", 255, "", NULL},
    {"Lead", "Description", "Description", "textarea", 32000, "", NULL},
    {"Lead", "LeadSource", "Lead Source", "picklist", 255, "", NULL},
    {"Lead", "Status", "Lead Status", "picklist", 255, "rd", NULL},
    {"Lead", "Industry", "Industry", "picklist", 255, "", NULL},
    {"Lead", "Rating", "Rating", "picklist", 255, "f", NULL},
    {"Lead", "AnnualRevenue", "Annual Revenue", "currency", 18, "", NULL},
    {"Lead", "NumberOfEmployees", "Employees", "int", 8, "", NULL},
    {"Lead", "HasOptedOutOfEmail", "Email Opt Out", "boolean", 0, "rd", NULL},
    {"Lead", "IsConverted", "Converted", "boolean", 0, "rdo", NULL},
    {"Lead", "ConvertedDate", "Converted Date", "date", 0, "o", NULL},
    {"Lead", "ConvertedAccountId", "Converted Account ID", "reference", 18, "o", "Account"},
    {"Lead", "ConvertedContactId", "Converted Contact ID", "reference", 18, "o", "Contact"},
    {"Lead", "ConvertedOpportunityId", "Converted Opportunity ID", "reference", 18, "o", "Opportunity"},
    {"Contact", "AccountId", "Account ID", "reference", 18, "", "Account"},
    {"Contact", "LastName", "Last Name", "string", 80, "r", NULL},
    {"Contact", "FirstName", "First Name", "string", 40, "", NULL},
    {"Contact", "Name", "Full Name", "string", 121, "ro", NULL},
    {"Contact", "MailingStreet", "Mailing Street", "textarea", 255, "", NULL},
    {"Contact", "MailingCity", "Mailing City", "string", 40, "", NULL},
    {"Contact", "MailingState", "Mailing State/Province", "string", 80, "", NULL},
    {"Contact", "MailingPostalCode", "Mailing Zip/Postal Code", "string", 20, "", NULL},
    {"Contact", "MailingCountry", "Mailing Country", "string", 80, "", NULL},
    {"Contact", "Phone", "Business Phone", "phone", 40, "", NULL},
    {"Contact", "MobilePhone", "Mobile Phone", "phone", 40, "", NULL},
    {"Contact", "Email", "Email", "email", 80, "i", NULL},
    {"Contact", "Title", "Title", "string", 128, "", NULL},
    {"Contact", "Department", "Department", "string", 80, "", NULL},
    {"Contact", "LeadSource", "Lead Source", "picklist", 255, "", NULL},
    {"Contact", "Description", "Contact Description", "textarea", 32000, "", NULL},
    {"Contact", "HasOptedOutOfEmail", "Email Opt Out", "boolean", 0, "rd", NULL},
    {"Account", "Name", "Account Name", "string", 255, "r", NULL},
    {"Account", "Type", "Account Type", "picklist", 255, "", NULL},
    {"Account", "Industry", "Industry", "picklist", 255, "", NULL},
    {"Account", "Phone", "Account Phone", "phone", 40, "", NULL},
    {"Account", "Website", "Website", "url", 255, "", NULL},
    {"Account", "AnnualRevenue", "Annual Revenue", "currency", 18, "", NULL},
    {"Account", "NumberOfEmployees", "Employees", "int", 8, "", NULL},
    {"Account", "Description", "Account Description", "textarea", 32000, "", NULL},
    {"Opportunity", "AccountId", "Account ID", "reference", 18, "", "Account"},
    {"Opportunity", "Name", "Name", "string", 120, "r", NULL},
    {"Opportunity", "Description", "Description", "textarea", 32000, "", NULL},
    {"Opportunity", "StageName", "Stage", "picklist", 255, "r", NULL},
    {"Opportunity", "Amount", "Amount", "currency", 18, "", NULL},
    {"Opportunity", "Probability", "Probability (%)", "percent", 3, "d", NULL},
    {"Opportunity", "CloseDate", "Close Date", "date", 0, "r", NULL},
    {"Opportunity", "Type", "Opportunity Type", "picklist", 255, "", NULL},
    {"Opportunity", "NextStep", "Next Step", "string", 255, "", NULL},
    {"Opportunity", "LeadSource", "Lead Source", "picklist", 255, "", NULL},
    {"Opportunity", "IsClosed", "Closed", "boolean", 0, "rdo", NULL},
    {"Opportunity", "IsWon", "Won", "boolean", 0, "rdo", NULL},
    {"Opportunity", "ContactId", "Contact ID", "reference", 18, "c", "Contact"},
    {"OpportunityContactRole", "OpportunityId", "Opportunity ID", "reference", 18, "rc", "Opportunity"},
    {"OpportunityContactRole", "ContactId", "Contact ID", "reference", 18, "r", "Contact"},
    {"OpportunityContactRole", "Role", "Role", "picklist", 255, "", NULL},
    {"OpportunityContactRole", "IsPrimary", "Primary", "boolean", 0, "rd", NULL},
    {"Task", "WhoId", "Name ID", "reference", 18, "", "Contact,Lead"},
    {"Task", "WhatId", "Related To ID", "reference", 18, "", "Opportunity,Account"},
    {"Task", "Subject", "Subject", "combobox", 255, "", NULL},
    {"Task", "ActivityDate", "Due Date Only", "date", 0, "", NULL},
    {"Task", "Status", "Status", "picklist", 255, "rd", NULL},
    {"Task", "Priority", "Priority", "picklist", 255, "rd", NULL},
    {"Task", "Description", "Description", "textarea", 32000, "", NULL},
    {"Task", "TaskSubtype", "Task Subtype", "picklist", 40, "dcf", NULL},
    {"Task", "IsClosed", "Closed", "boolean", 0, "rdo", NULL},
    {"Task", "IsArchived", "Archived", "boolean", 0, "rdo", NULL},
    {"User", "Username", "Username", "string", 80, "ro", NULL},
    {"User", "LastName", "Last Name", "string", 80, "ro", NULL},
    {"User", "FirstName", "First Name", "string", 40, "o", NULL},
    {"User", "Name", "Full Name", "string", 121, "ro", NULL},
    {"User", "Email", "Email", "email", 128, "roi", NULL},
    {"User", "IsActive", "Active", "boolean", 0, "rdo", NULL},
    {"User", "UserType", "User Type", "picklist", 40, "o", NULL},
    {"Group", "Name", "Name", "string", 40, "ro", NULL},
    {"Group", "DeveloperName", "Developer Name", "string", 80, "o", NULL},
    {"Group", "Type", "Type", "picklist", 40, "o", NULL},
    {"Organization", "Name", "Name", "string", 80, "ro", NULL},
    {"Organization", "OrganizationType", "Edition", "picklist", 40, "o", NULL},
    {"Organization", "IsSandbox", "Is Sandbox", "boolean", 0, "rdo", NULL},
    {"Organization", "InstanceName", "Instance Name", "string", 5, "o", NULL},
    {"LeadStatus", "MasterLabel", "Master Label", "string", 255, "o", NULL},
    {"LeadStatus", "ApiName", "API Name", "string", 255, "o", NULL},
    {"LeadStatus", "SortOrder", "Sort Order", "int", 9, "o", NULL},
    {"LeadStatus", "IsDefault", "Is Default", "boolean", 0, "rdo", NULL},
    {"LeadStatus", "IsConverted", "Is Converted", "boolean", 0, "rdo", NULL},
    {"OpportunityStage", "MasterLabel", "Master Label", "string", 255, "o", NULL},
    {"OpportunityStage", "ApiName", "API Name", "string", 255, "o", NULL},
    {"OpportunityStage", "SortOrder", "Sort Order", "int", 9, "o", NULL},
    {"OpportunityStage", "IsActive", "Is Active", "boolean", 0, "rdo", NULL},
    {"OpportunityStage", "IsClosed", "Is Closed", "boolean", 0, "rdo", NULL},
    {"OpportunityStage", "IsWon", "Is Won", "boolean", 0, "rdo", NULL},
    {"OpportunityStage", "DefaultProbability", "Probability (%)", "percent", 3, "o", NULL},
    {"RecordType", "Name", "Name", "string", 80, "o", NULL},
    {"RecordType", "DeveloperName", "Record Type Name", "string", 80, "o", NULL},
    {"RecordType", "SobjectType", "SObject Type Name", "picklist", 40, "o", NULL},
    {"RecordType", "IsActive", "Active", "boolean", 0, "rdo", NULL},
    {"CurrencyType", "IsoCode", "Currency ISO Code", "picklist", 3, "o", NULL},
    {"CurrencyType", "IsActive", "Active", "boolean", 0, "rdo", NULL},
    {"CurrencyType", "IsCorporate", "Corporate Currency", "boolean", 0, "rdo", NULL},
    {"PermissionSet", "Name", "Permission Set Name", "string", 80, "r", NULL},
    {"PermissionSet", "Label", "Permission Set Label", "string", 80, "r", NULL},
    {"PermissionSet", "Description", "Description", "string", 255, "", NULL},
    {"PermissionSet", "IsOwnedByProfile", "Is Owned By Profile", "boolean", 0, "rdo", NULL},
    {"ObjectPermissions", "ParentId", "Parent ID", "reference", 18, "rc", "PermissionSet"},
    {"ObjectPermissions", "SobjectType", "Object Type Name", "picklist", 40, "rc", NULL},
    {"ObjectPermissions", "PermissionsRead", "Read Records", "boolean", 0, "rd", NULL},
    {"ObjectPermissions", "PermissionsCreate", "Create Records", "boolean", 0, "rd", NULL},
    {"ObjectPermissions", "PermissionsEdit", "Edit Records", "boolean", 0, "rd", NULL},
    {"ObjectPermissions", "PermissionsDelete", "Delete Records", "boolean", 0, "rd", NULL},
    {"ObjectPermissions", "PermissionsViewAllRecords", "View All Records", "boolean", 0, "rd", NULL},
    {"ObjectPermissions", "PermissionsModifyAllRecords", "Modify All Records", "boolean", 0, "rd", NULL},
    {"FieldPermissions", "ParentId", "Parent ID", "reference", 18, "rc", "PermissionSet"},
    {"FieldPermissions", "SobjectType", "Object Type Name", "picklist", 40, "rc", NULL},
    {"FieldPermissions", "Field", "Field Name", "picklist", 255, "rc", NULL},
    {"FieldPermissions", "PermissionsRead", "Read Field", "boolean", 0, "rd", NULL},
    {"FieldPermissions", "PermissionsEdit", "Edit Field", "boolean", 0, "rd", NULL},
    {"PermissionSetAssignment", "PermissionSetId", "PermissionSet ID", "reference", 18, "rc", "PermissionSet"},
    {"PermissionSetAssignment", "AssigneeId", "Assignee ID", "reference", 18, "rc", "User"},
    {"CustomField", "DeveloperName", "Developer Name", "string", 80, "o", NULL},
    {"CustomField", "TableEnumOrId", "Entity", "string", 40, "o", NULL},
    {"CustomField", "FullName", "Full Name", "string", 255, "o", NULL},
    {"EntityDefinition", "DurableId", "Durable ID", "string", 80, "o", NULL},
    {"EntityDefinition", "QualifiedApiName", "Qualified API Name", "string", 80, "o", NULL},
    {"EntityDefinition", "DeveloperName", "Developer Name", "string", 80, "o", NULL},
    {"EntityDefinition", "Label", "Label", "string", 80, "o", NULL},
    {"EntityDefinition", "KeyPrefix", "Key Prefix", "string", 3, "o", NULL},
    {"FieldDefinition", "DurableId", "Durable ID", "string", 160, "o", NULL},
    {"FieldDefinition", "QualifiedApiName", "Qualified API Name", "string", 80, "o", NULL},
    {"FieldDefinition", "DeveloperName", "Developer Name", "string", 80, "o", NULL},
    {"FieldDefinition", "Label", "Label", "string", 80, "o", NULL},
    {"FieldDefinition", "DataType", "Data Type", "string", 80, "o", NULL},
    {"FieldDefinition", "Length", "Length", "int", 9, "o", NULL},
    {"FieldDefinition", "IsIndexed", "Indexed", "boolean", 0, "o", NULL},
    {"FieldDefinition", "EntityDefinitionId", "Entity", "string", 80, "o", NULL},
    {"FieldDefinition", "EntityDefinition.QualifiedApiName", "Entity", "string", 80, "o", NULL},
    {"FieldDefinition", "EntityDefinition.DurableId", "Entity", "string", 80, "o", NULL},
};

static const struct {
    const char *type, *field, *values;
} picklists[] = {
    {"Lead", "Status", "Open - Not Contacted*|Working - Contacted|Closed - Converted|Closed - Not Converted"},
    {"Lead", "LeadSource", "Web|Phone Inquiry|Partner Referral|Purchased List|Other"},
    {"Lead", "Industry", "Agriculture|Banking|Education|Media|Technology|Other"},
    {"Lead", "Rating", "Hot|Warm|Cold"},
    {"Contact", "LeadSource", "Web|Phone Inquiry|Partner Referral|Purchased List|Other"},
    {"Account", "Type", "Prospect|Customer - Direct|Other"},
    {"Account", "Industry", "Agriculture|Banking|Education|Media|Technology|Other"},
    {"Opportunity", "StageName",
     "Prospecting|Qualification|Needs Analysis|Value Proposition|Proposal/Price Quote|Negotiation/Review|Closed Won|"
     "Closed Lost"},
    {"Opportunity", "Type", "Existing Customer - Upgrade|New Customer"},
    {"Opportunity", "LeadSource", "Web|Phone Inquiry|Partner Referral|Purchased List|Other"},
    {"OpportunityContactRole", "Role", "Business User|Decision Maker|Economic Buyer|Evaluator|Influencer|Other"},
    {"Task", "Status", "Not Started*|In Progress|Completed|Waiting on someone else|Deferred"},
    {"Task", "Priority", "High|Normal*|Low"},
    {"Task", "TaskSubtype", "Task*|Email|Call|ListEmail|Cadence|LinkedIn"},
};

static bool has(const struct seed *seed, char flag)
{
    return strchr(seed->flags, flag) != NULL;
}

static void add(struct sf *s, struct sf_type *t, const struct seed *seed)
{
    struct sf_field *f = sf_field_add(s, t, seed->name, seed->label, seed->kind, seed->length);
    f->nillable = !has(seed, 'r');
    f->defaulted = has(seed, 'd') || str_eq(seed->kind, "boolean");
    f->createable = t->writable && !has(seed, 'o');
    f->updateable = f->createable && !has(seed, 'c');
    f->restricted = has(seed, 'f');
    f->id_lookup = has(seed, 'i');
    if (seed->to) {
        const char *comma = strchr(seed->to, ',');
        str_copy(f->to[0], comma ? (size_t)(comma - seed->to + 1) : sizeof f->to[0], seed->to);
        str_copy(f->to[1], sizeof f->to[1], comma ? comma + 1 : "");
        str_copy(f->relationship, strlen(f->name) - 1, f->name); /* OwnerId → Owner */
    }
}

/* What every object has, most of it read only. */
static void add_system(struct sf *s, struct sf_type *t)
{
    struct seed all[] = {{t->name, "Id", t->label, "id", 18, "rdoi", NULL},
                         {t->name, "IsDeleted", "Deleted", "boolean", 0, "rdo", NULL},
                         {t->name, "CreatedDate", "Created Date", "datetime", 0, "rdo", NULL},
                         {t->name, "CreatedById", "Created By ID", "reference", 18, "rdo", "User"},
                         {t->name, "LastModifiedDate", "Last Modified Date", "datetime", 0, "rdo", NULL},
                         {t->name, "LastModifiedById", "Last Modified By ID", "reference", 18, "rdo", "User"},
                         {t->name, "SystemModstamp", "System Modstamp", "datetime", 0, "rdo", NULL},
                         {t->name, "MasterRecordId", "Master Record ID", "reference", 18, "o", t->name},
                         {t->name, "OwnerId", "Owner ID", "reference", 18, "rd", "User,Group"}};
    bool merges = str_eq(t->name, "Lead") || str_eq(t->name, "Contact") || str_eq(t->name, "Account");
    bool owned = merges || str_eq(t->name, "Opportunity") || str_eq(t->name, "Task");
    for (size_t i = 0; i < COUNT(all) - 2; i++)
        add(s, t, &all[i]);
    if (merges)
        add(s, t, &all[COUNT(all) - 2]);
    if (owned && !str_eq(t->name, "Lead") && !str_eq(t->name, "Task"))
        all[COUNT(all) - 1].to = "User"; /* queues own leads and tasks only */
    if (owned)
        add(s, t, &all[COUNT(all) - 1]);
}

void sf_fields_init(struct sf *s)
{
    for (size_t i = 0; i < s->n_types; i++)
        add_system(s, &s->types[i]);
    for (size_t i = 0; i < COUNT(seeds); i++)
        add(s, sf_type_of(s, seeds[i].type), &seeds[i]);
    for (size_t i = 0; i < COUNT(picklists); i++)
        sf_picklist(sf_field(sf_type_of(s, picklists[i].type), picklists[i].field), picklists[i].values);
}
