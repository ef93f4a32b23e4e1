/* Kinds of association: HubSpot's own with their numbers, direction and reverse, and labels people add. */
#include "tests/sandbox/hubspot.h"
#include <stdio.h>

static const struct {
    enum hub_kind from, to;
    int code, reverse;
    bool primary;
    const char *name, *back;
} known[] = {
    {HUB_DEAL, HUB_CONTACT, 3, 4, false, "deal_to_contact", "contact_to_deal"},
    {HUB_CONTACT, HUB_COMPANY, 279, 280, false, "contact_to_company_unlabeled", "company_to_contact_unlabeled"},
    {HUB_CONTACT, HUB_COMPANY, 1, 2, true, "contact_to_company", "company_to_contact"},
    {HUB_DEAL, HUB_COMPANY, 341, 342, false, "deal_to_company_unlabeled", "company_to_deal_unlabeled"},
    {HUB_DEAL, HUB_COMPANY, 5, 6, true, "deal_to_company", "company_to_deal"},
    {HUB_CONTACT, HUB_CONTACT, 449, 449, false, "contact_to_contact", "contact_to_contact"},
    {HUB_NOTE, HUB_CONTACT, 202, 201, false, "note_to_contact", "contact_to_note"},
    {HUB_NOTE, HUB_DEAL, 214, 213, false, "note_to_deal", "deal_to_note"},
    {HUB_NOTE, HUB_COMPANY, 190, 189, false, "note_to_company", "company_to_note"},
    {HUB_COMMUNICATION, HUB_CONTACT, 81, 82, false, "communication_to_contact", "contact_to_communication"},
    {HUB_COMMUNICATION, HUB_DEAL, 85, 86, false, "communication_to_deal", "deal_to_communication"},
    {HUB_COMMUNICATION, HUB_COMPANY, 87, 88, false, "communication_to_company", "company_to_communication"},
    {HUB_TASK, HUB_CONTACT, 204, 203, false, "task_to_contact", "contact_to_task"},
    {HUB_TASK, HUB_DEAL, 216, 215, false, "task_to_deal", "deal_to_task"},
};

static struct hub_link_type *add(struct hub *h, enum hub_kind from, enum hub_kind to, int code, int reverse)
{
    if (h->n_link_types == HUB_LINK_TYPES)
        return NULL;
    struct hub_link_type *lt = &h->link_types[h->n_link_types++];
    *lt = (struct hub_link_type){.from = from, .to = to, .code = code, .reverse = reverse};
    return lt;
}

void hub_link_types_init(struct hub *h)
{
    for (size_t i = 0; i < COUNT(known); i++)
        for (int back = 0; back < 2; back++) {
            enum hub_kind from = back ? known[i].to : known[i].from, to = back ? known[i].from : known[i].to;
            if (back && from == to)
                continue;
            struct hub_link_type *lt = add(h, from, to, back ? known[i].reverse : known[i].code,
                                           back ? known[i].code : known[i].reverse);
            lt->primary = known[i].primary;
            str_copy(lt->name, sizeof lt->name, back ? known[i].back : known[i].name);
            str_copy(lt->label, sizeof lt->label, lt->primary ? "Primary" : "");
        }
}

const struct hub_link_type *hub_link_type(struct hub *h, enum hub_kind from, enum hub_kind to, int code)
{
    for (size_t i = 0; i < h->n_link_types; i++) {
        const struct hub_link_type *lt = &h->link_types[i];
        if (lt->from == from && lt->to == to && lt->code == code)
            return lt;
    }
    return NULL;
}

const struct hub_link_type *hub_plain_link(struct hub *h, enum hub_kind from, enum hub_kind to)
{
    for (size_t i = 0; i < h->n_link_types; i++) {
        const struct hub_link_type *lt = &h->link_types[i];
        if (lt->from == from && lt->to == to && !*lt->label)
            return lt;
    }
    return NULL;
}

const struct hub_link_type *hub_named_link(struct hub *h, enum hub_kind from, enum hub_kind to, const char *name)
{
    int64_t code = 0;
    if (str_to_int(name, 1, HUB_OWN_LABEL, &code))
        return hub_link_type(h, from, to, (int)code);
    for (size_t i = 0; i < h->n_link_types; i++) {
        const struct hub_link_type *lt = &h->link_types[i];
        if (lt->from == from && lt->to == to && *lt->name && str_eq(lt->name, name))
            return lt;
    }
    return NULL;
}

json_t *hub_spec_json(const struct hub_link_type *lt)
{
    bool own = lt->code >= HUB_OWN_LABEL;
    json_t *out = json_pack("{s:s,s:i}", "category", own ? "USER_DEFINED" : "HUBSPOT_DEFINED", "typeId",
                            own ? lt->code - HUB_OWN_LABEL : lt->code);
    js_set(out, "label", *lt->label ? json_string(lt->label) : json_null());
    return out;
}

static bool read_spec(struct hub *h, const struct hub_link *l, const json_t *spec, json_t *codes, struct hub_bad *bad)
{
    const char *category = js_str_or(spec, "associationCategory", "");
    int64_t id = js_int_or(spec, "associationTypeId", -1);
    bool own = str_eq(category, "USER_DEFINED");
    int code = (int)(own ? id + HUB_OWN_LABEL : id);
    if (!own && !str_eq(category, "HUBSPOT_DEFINED") && !str_eq(category, "INTEGRATOR_DEFINED"))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "Invalid input JSON: associationCategory \"%s\"", category);
    if (!hub_link_type(h, l->from_type->kind, l->to_type->kind, code))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "No association type %lld from %s to %s exists", (long long)id,
                           l->from_type->names[2], l->to_type->names[2]);
    js_add(codes, json_integer(code));
    return true;
}

bool hub_specs(struct hub *h, const struct hub_link *l, const json_t *specs, json_t **codes, struct hub_bad *bad)
{
    AUTO_JSON json_t *read = json_array();
    size_t i;
    json_t *spec;
    if (!json_array_size(specs))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "Invalid input JSON: association types must not be empty");
    json_array_foreach ((json_t *)specs, i, spec)
        if (!read_spec(h, l, spec, read, bad))
            return false;
    *codes = json_incref(read);
    return true;
}

/* ---- labels ---- */

static void list(struct hub_ask *ask, const struct hub_type *from, const struct hub_type *to)
{
    json_t *out = json_array();
    for (size_t i = 0; i < ask->h->n_link_types; i++) {
        const struct hub_link_type *lt = &ask->h->link_types[i];
        if (lt->from == from->kind && lt->to == to->kind)
            js_add(out, hub_spec_json(lt));
    }
    hub_reply(ask, 200, json_pack("{s:o}", "results", out));
}

/* Both directions get a number of their own. */
static void create(struct hub_ask *ask, const struct hub_type *from, const struct hub_type *to)
{
    const char *label = js_str(ask->body, "label"), *name = js_str(ask->body, "name");
    int code = ask->h->next_label + HUB_OWN_LABEL;
    if (!label || !name || !hub_plain_link(ask->h, from->kind, to->kind)) {
        hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "Invalid input JSON: label and name are required");
        return;
    }
    struct hub_link_type *there = add(ask->h, from->kind, to->kind, code, code + 1);
    struct hub_link_type *back = there ? add(ask->h, to->kind, from->kind, code + 1, code) : NULL;
    if (!back) {
        hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "The limit of association labels is reached");
        return;
    }
    ask->h->next_label += 2;
    str_copy(there->label, sizeof there->label, label);
    str_copy(there->name, sizeof there->name, name);
    str_copy(back->label, sizeof back->label, js_str_or(ask->body, "inverseLabel", label));
    str_copy(back->name, sizeof back->name, name);
    hub_reply(ask, 200, json_pack("{s:[o,o]}", "results", hub_spec_json(there), hub_spec_json(back)));
}

static void forget(struct hub *h, int code)
{
    for (size_t i = 0; i < h->n_link_types; i++)
        if (h->link_types[i].code == code)
            h->link_types[i--] = h->link_types[--h->n_link_types];
}

void hub_labels(struct hub_ask *ask, struct hub_type *from, struct hub_type *to, const char *id)
{
    int64_t code = 0;
    hub_note(ask, !hub_is(ask, "GET"), "/associations/labels");
    if (hub_is(ask, "GET") && !id) {
        list(ask, from, to);
    } else if (hub_is(ask, "POST") && !id) {
        create(ask, from, to);
    } else if (!hub_is(ask, "DELETE") || !id) {
        hub_wrong_method(ask);
    } else if (str_to_int(id, 1, HUB_OWN_LABEL, &code) &&
               hub_link_type(ask->h, from->kind, to->kind, (int)code + HUB_OWN_LABEL)) {
        int reverse = hub_link_type(ask->h, from->kind, to->kind, (int)code + HUB_OWN_LABEL)->reverse;
        forget(ask->h, (int)code + HUB_OWN_LABEL);
        forget(ask->h, reverse);
        hub_reply(ask, 204, NULL);
    } else {
        hub_not_found(ask);
    }
}
