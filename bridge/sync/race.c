/* Races: between our read and our write somebody else set the same cell. Where the service itself refuses such a write
 * (patch.unchanged_since) it never gets this far; elsewhere the record's history tells afterwards, and the field's policy decides
 * then, as if both edits had been seen at once. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"
#include "mappings/value.h"
#include <string.h>

/* CRMs trim and truncate: the front of what was sent is what was sent. */
static bool front_of(const json_t *got, const json_t *sent)
{
    const char *g = json_string_value(got), *s = json_string_value(sent);
    if (!g || !s || !*g)
        return false;
    s += strspn(s, " \t\r\n");
    return strlen(g) >= 8 && str_starts(s, g);
}

bool race_is_it(const json_t *got, const json_t *sent)
{
    return value_alike(got, sent) || front_of(got, sent);
}

json_t *race_past(const struct route *r, const struct map_field *f, const json_t *entry)
{
    bool unknown = false;
    AUTO_JSON json_t *one = json_object();
    json_object_set(one, f->path[SIDE_T], json_object_get(entry, "value"));
    return map_read(f, SIDE_T, one, r->vocab[SIDE_T], &unknown);
}

json_t *race_found(const struct route *r, const struct map_field *f, const json_t *entries, const struct race *race)
{
    bool ours = false;
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        json_t *past = race_past(r, f, entry);
        bool over = !past || js_int_or(entry, "at", 0) < race->since || (ours && value_same(past, race->was));
        if (!over && ours && !race_is_it(past, race->sent))
            return past;
        ours |= past && race_is_it(past, race->sent);
        json_decref(past);
        if (over)
            return NULL;
    }
    return NULL;
}

/* The CRM's value comes back through a hold that already carries its answer; a lost one is logged. */
void race_settle(struct batch *b, struct item *it, const struct map_field *f, const struct race *race, json_t *value)
{
    struct rules rules = rules_of(f);
    bool moved = race->base_s && !value_same(race->base_s, race->s);
    struct cell cell = {.now = {race->s, value}, .base = {moved ? race->base_s : json_null(), race->was}, .rank = {-1, -1}};
    if (value_blank(race->s))
        cell.base[SIDE_S] = json_true(); /* a blank that was written is a change too */
    struct verdict_cell v = decide(&cell, &rules);
    struct err err = {0};
    AUTO_JSON json_t *s = map_translate(f, SIDE_T, value, &err);
    if (v.act != ACT_WRITE_T && s) {
        bool restore = v.act == ACT_WRITE_S;
        it->holds = mem_grow(it->holds, it->n_holds + 1, sizeof *it->holds);
        it->holds[it->n_holds++] =
            (struct hold){.link = it->link.id, .route = mem_dup(b->r->name), .field = mem_dup(f->name),
                          .why = mem_dup(restore ? "raced" : "conflict"),
                          .about = json_pack("{s:O,s:O}", "s", race->s, "t", value), .choice = restore ? mem_dup("value") : NULL,
                          .value = restore ? json_incref(s) : NULL};
    }
    settle_note(it, f->name, "crm", race->was, race->sent, "edited in the CRM while we wrote", policy_name(f->conflict), f->line, value);
    b->r->tally.conflicts++;
    b->r->tally.raced++;
}
