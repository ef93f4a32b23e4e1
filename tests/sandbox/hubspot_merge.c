/* Merging: a third record takes the place of two, whose ids go on resolving to it. Its values are the primary's; the
 * other's key disappears, its associations and its email do not. */
#include "tests/sandbox/hubspot.h"

static bool is_own(const struct hub_type *t, const char *name)
{
    return str_eq(name, "hs_object_id") || str_eq(name, t->created);
}

static void copy_values(const struct hub_type *t, const struct hub_record *from, struct hub_record *to)
{
    const char *name;
    json_t *v;
    json_object_foreach (from->props, name, v)
        if (!is_own(t, name))
            json_object_set(to->props, name, v);
    json_decref(to->history);
    to->history = json_deep_copy(from->history);
}

static void fill_gaps(const struct hub_type *t, const struct hub_record *from, struct hub_record *to)
{
    const char *name;
    json_t *v;
    json_object_foreach (from->props, name, v)
        if (!json_object_get(to->props, name) && !hub_is_unique(t, name) && !str_eq(name, "hs_additional_emails")) {
            json_object_set(to->props, name, v);
            json_object_set(to->history, name, json_object_get(from->history, name));
        }
}

static void move_unique(struct hub_type *t, struct hub_record *loser, struct hub_record *survivor)
{
    const char *name;
    json_t *v;
    json_object_foreach (loser->props, name, v)
        if (hub_is_unique(t, name))
            hub_index_unique(t, loser, name, json_string_value(v), "");
    json_object_foreach (survivor->props, name, v)
        if (hub_is_unique(t, name))
            hub_index_unique(t, survivor, name, NULL, json_string_value(v));
}

static void add_to_list(struct hub_record *r, const char *name, const char *more)
{
    const char *old = js_str(r->props, name);
    AUTO_FREE char *list = mem_printf("%s%s%s", old ? old : "", old ? ";" : "", more);
    hub_put(r, name, list);
}

static void keep_emails(struct hub_type *t, const struct hub_record *loser, struct hub_record *survivor)
{
    static const char *const from[] = {"email", "hs_additional_emails"};
    for (size_t i = 0; i < COUNT(from); i++) {
        AUTO_FREE char *copy = mem_dup(js_str_or(loser->props, from[i], ""));
        char *save = NULL;
        for (char *one = strtok_r(copy, ";", &save); one; one = strtok_r(NULL, ";", &save)) {
            add_to_list(survivor, "hs_additional_emails", one);
            hub_index_unique(t, survivor, "hs_additional_emails", NULL, one);
        }
    }
}

/* Both ids of every merge; the contacts' own list knows only the one that gave way. */
static void note_ids(struct hub *h, const struct hub_type *t, const struct hub_record *winner,
                     const struct hub_record *loser, struct hub_record *survivor)
{
    AUTO_FREE char *first = mem_printf("%lld", (long long)winner->id),
                   *second = mem_printf("%lld", (long long)loser->id),
                   *vid = mem_printf("%lld:%lld", (long long)loser->id, (long long)sandbox_now(hub_box(h)));
    if (js_str(loser->props, "hs_merged_object_ids"))
        add_to_list(survivor, "hs_merged_object_ids", js_str(loser->props, "hs_merged_object_ids"));
    if (winner != survivor)
        add_to_list(survivor, "hs_merged_object_ids", first);
    add_to_list(survivor, "hs_merged_object_ids", second);
    if (t->kind == HUB_CONTACT)
        add_to_list(survivor, "hs_calculated_merged_vids", vid);
}

struct hub_record *hub_merge(struct hub *h, struct hub_type *t, struct hub_record *winner, struct hub_record *loser)
{
    size_t w = (size_t)(winner - t->records), l = (size_t)(loser - t->records);
    struct hub_record *survivor = winner;
    if (!hub_flag(h, "primary_id_preservation")) {
        survivor = hub_create(h, t, HUB_BY_PERSON); /* may move the records */
        winner = &t->records[w];
        loser = &t->records[l];
        copy_values(t, winner, survivor);
        winner->merged_into = survivor->id;
        hub_move_links(h, t, winner, survivor);
    }
    loser->merged_into = survivor->id;
    if (hub_flag(h, "merge_fill"))
        fill_gaps(t, loser, survivor);
    move_unique(t, loser, survivor);
    if (t->kind == HUB_CONTACT)
        keep_emails(t, loser, survivor);
    note_ids(h, t, winner, loser, survivor);
    hub_move_links(h, t, loser, survivor);
    hub_touch(h, t, survivor);
    hub_tell_merge(h, t, winner, loser, survivor);
    return survivor;
}
