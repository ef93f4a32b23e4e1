/* Filters: which prospects a route is about. Every condition given must hold; each says in words why somebody is out. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "mappings/parts.h"
#include "mappings/value.h"
#include <stdio.h>

struct filter {
    struct opt_list any_tag, all_tags, none_tag, status, not_status, account_link, assignee, verified, set;
    char *reached;
    char *const *order; /* statuses, earliest first; borrowed */
    size_t n_order;
    double valuation_min;
    int64_t followers_min;
    int has_valuation, replied; /* 0 = not asked, 1 = yes, 2 = no */
    char why[200];
};

static const char *const tri[] = {"either", "yes", "no", NULL};
#define AT(m) offsetof(struct filter, m)

static const struct opt table[] = {
    {"any_tag", OPT_LIST, AT(any_tag), NULL, false, 0, 0, NULL, "at least one of these tags"},
    {"all_tags", OPT_LIST, AT(all_tags), NULL, false, 0, 0, NULL, "all of these tags"},
    {"none_tag", OPT_LIST, AT(none_tag), NULL, false, 0, 0, NULL, "none of these tags"},
    {"status", OPT_LIST, AT(status), NULL, false, 0, 0, NULL, "one of these statuses"},
    {"not_status", OPT_LIST, AT(not_status), NULL, false, 0, 0, NULL, "none of these statuses"},
    {"account_link", OPT_LIST, AT(account_link), NULL, false, 0, 0, NULL, "talked to from one of these accounts"},
    {"assignee", OPT_LIST, AT(assignee), NULL, false, 0, 0, NULL, "assigned to one of these members (e-mail)"},
    {"verified", OPT_LIST, AT(verified), NULL, false, 0, 0, NULL, "verification is one of these"},
    {"set", OPT_LIST, AT(set), NULL, false, 0, 0, NULL, "these fields have a value"},
    {"reached", OPT_TEXT, AT(reached), NULL, false, 0, 0, NULL, "status is this one or comes later in the order of the status field"},
    {"valuation_min", OPT_REAL, AT(valuation_min), NULL, false, 0, 0, NULL, "valued at least so much"},
    {"followers_min", OPT_INT, AT(followers_min), NULL, false, 0, 0, NULL, "at least so many followers"},
    {"has_valuation", OPT_CHOICE, AT(has_valuation), "either", false, 0, 0, tri, "has a valuation"},
    {"replied", OPT_CHOICE, AT(replied), "either", false, 0, 0, tri, "has ever written"},
    OPT_END};

struct filter *filter_parse(const struct opt_node *node, struct opt_faults *faults)
{
    struct filter *f = mem_alloc(sizeof *f);
    opt_read(node, table, NULL, f, faults);
    return f;
}

/* create_when = "context.valuation" is short for { set = ( "context.valuation" ); } */
struct filter *filter_parse_when(const struct opt_node *node, struct opt_faults *faults)
{
    const char *field = opt_text(node);
    if (opt_is_group(node))
        return filter_parse(node, faults);
    struct filter *f = mem_alloc(sizeof *f);
    if (!field || !*field) {
        opt_fault(faults, opt_place_file(node), opt_place_line(node),
                  "create_when: must name an Inbox field that has to have a value, or be a group as filter is");
        return f;
    }
    f->set.items = mem_grow(NULL, 1, sizeof *f->set.items);
    f->set.items[f->set.n++] = mem_dup(field);
    return f;
}

const struct opt_list *filter_set(const struct filter *f)
{
    return f ? &f->set : NULL;
}

const char *filter_reached(const struct filter *f)
{
    return f ? f->reached : NULL;
}

static int place(const struct filter *f, const char *status)
{
    for (size_t i = 0; status && i < f->n_order; i++)
        if (str_eq_nocase(f->order[i], status))
            return (int)i;
    return -1;
}

bool filter_order(struct filter *f, char *const *order, size_t n)
{
    f->order = order;
    f->n_order = n;
    return place(f, f->reached) >= 0;
}

bool filter_asks(const struct filter *f, const char *field)
{
    for (size_t i = 0; f && i < f->set.n; i++)
        if (str_eq(f->set.items[i], field))
            return true;
    if (!f)
        return false;
    if (str_eq(field, "context.status"))
        return f->status.n || f->not_status.n || f->reached;
    if (str_eq(field, "context.tags"))
        return f->any_tag.n || f->all_tags.n || f->none_tag.n;
    return str_eq(field, "context.valuation") && (f->valuation_min > 0 || f->has_valuation);
}

void filter_free(struct filter *f)
{
    if (!f)
        return;
    opt_clear(table, f);
    free(f);
}

const char *const *filter_needs(const struct filter *f)
{
    static const char *const all[] = {"context.tags", "context.status", "accountLinks", "context.assignee", "verified", "context.valuation",
                                      "followerCount", "replied", NULL};
    static const char *const none[] = {NULL};
    return f ? all : none;
}

static bool listed(const struct opt_list *list, const char *text)
{
    for (size_t i = 0; text && i < list->n; i++)
        if (str_eq_nocase(list->items[i], text))
            return true;
    return false;
}

/* The value's text, or its label where ids are labelled. */
static const char *named(const json_t *v, const char *field, const struct vocabulary *voc)
{
    const char *label = json_is_string(v) ? vocabulary_label(voc, field, json_string_value(v)) : NULL;
    return label ? label : json_string_value(v);
}

static size_t hits(const struct opt_list *list, const json_t *v, const char *field, const struct vocabulary *voc)
{
    size_t n = 0;
    if (!json_is_array(v))
        return listed(list, named(v, field, voc));
    for (size_t i = 0; i < json_array_size(v); i++)
        n += listed(list, named(json_array_get(v, i), field, voc));
    return n;
}

static const char *say(struct filter *f, const char *what, const struct opt_list *list)
{
    int n = snprintf(f->why, sizeof f->why, "%s: ", what);
    for (size_t i = 0; i < list->n && n > 0 && (size_t)n < sizeof f->why; i++)
        n += snprintf(f->why + n, sizeof f->why - (size_t)n, "%s%s", i ? ", " : "", list->items[i]);
    return f->why;
}

static const char *lists_out(struct filter *f, const json_t *r, const struct vocabulary *v)
{
    const json_t *tags = json_object_get(r, "context.tags"), *status = json_object_get(r, "context.status");
    if (f->any_tag.n && !hits(&f->any_tag, tags, "context.tags", v))
        return say(f, "has none of the tags", &f->any_tag);
    if (f->all_tags.n && hits(&f->all_tags, tags, "context.tags", v) < f->all_tags.n)
        return say(f, "lacks one of the tags", &f->all_tags);
    if (f->none_tag.n && hits(&f->none_tag, tags, "context.tags", v))
        return say(f, "has one of the tags", &f->none_tag);
    if (f->status.n && !hits(&f->status, status, "context.status", v))
        return say(f, "status is none of", &f->status);
    if (f->not_status.n && hits(&f->not_status, status, "context.status", v))
        return say(f, "status is one of", &f->not_status);
    if (f->account_link.n && !hits(&f->account_link, json_object_get(r, "accountLinks"), "accountLinks", v))
        return say(f, "not talked to from", &f->account_link);
    if (f->assignee.n && !hits(&f->assignee, json_object_get(r, "context.assignee"), "context.assignee", v))
        return say(f, "not assigned to", &f->assignee);
    if (f->verified.n && !hits(&f->verified, json_object_get(r, "verified"), "verified", v))
        return say(f, "verification is none of", &f->verified);
    return NULL;
}

/* What the longer ways of asking need: fields that hold something, and a place in the pipeline. */
static const char *progress_out(struct filter *f, const json_t *r, const struct vocabulary *v)
{
    for (size_t i = 0; i < f->set.n; i++)
        if (value_blank(json_object_get(r, f->set.items[i]))) {
            snprintf(f->why, sizeof f->why, "%s has no value", f->set.items[i]);
            return f->why;
        }
    const char *status = named(json_object_get(r, "context.status"), "context.status", v);
    if (!f->reached || place(f, status) >= place(f, f->reached))
        return NULL;
    snprintf(f->why, sizeof f->why, "status has not reached %s", f->reached);
    return f->why;
}

const char *filter_out(struct filter *f, const json_t *r, const struct vocabulary *v)
{
    if (!f)
        return NULL;
    const json_t *valuation = json_object_get(r, "context.valuation");
    const char *why = lists_out(f, r, v);
    why = why ? why : progress_out(f, r, v);
    if (why)
        return why;
    if (f->valuation_min > 0 && !(json_is_number(valuation) && json_number_value(valuation) >= f->valuation_min))
        return "valuation is too small or missing";
    if (f->has_valuation && value_blank(valuation) != (f->has_valuation == 2))
        return f->has_valuation == 1 ? "has no valuation" : "has a valuation";
    if (f->followers_min > 0 && json_number_value(json_object_get(r, "followerCount")) < (double)f->followers_min)
        return "has too few followers";
    if (f->replied && json_is_true(json_object_get(r, "replied")) != (f->replied == 1))
        return f->replied == 1 ? "has never written" : "has written";
    return NULL;
}
