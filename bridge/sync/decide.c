/* The decision table, one question after the other. Values decide; time never does, except under `newest`. */
#include "bridge/sync/decide.h"
#include "mappings/value.h"

#define SKEW_MS 2000 /* clocks of the two services may differ by this much before `newest` believes an order */

static const char *const action_names[ACTIONS] = {"none", "adopt", "write_S", "write_T", "hold"};

const char *action_name(enum action a)
{
    return action_names[a];
}

struct rules rules_of(const struct map_field *f)
{
    return (struct rules){.flow = f->flow,
                          .conflict = f->conflict,
                          .initial = f->initial,
                          .otherwise = f->otherwise,
                          .on_forbidden = f->on_forbidden,
                          .blank_to = {f->blank_to[SIDE_S], f->blank_to[SIDE_T]}};
}

static struct verdict_cell say(enum action act, const char *why)
{
    return (struct verdict_cell){.act = act, .why = why};
}

/* The winner's value goes to the other side. */
static enum action win(int winner)
{
    return winner == SIDE_S ? ACT_WRITE_T : ACT_WRITE_S;
}

static enum action by_size(const struct cell *c, int sign)
{
    int order = value_compare(c->now[SIDE_S], c->now[SIDE_T]) * sign;
    return order == 0 ? ACT_ADOPT : win(order > 0 ? SIDE_S : SIDE_T);
}

static enum action by_rank(const struct cell *c)
{
    if (c->rank[SIDE_S] < 0 || c->rank[SIDE_T] < 0 || c->rank[SIDE_S] == c->rank[SIDE_T])
        return ACT_HOLD;
    return win(c->rank[SIDE_S] > c->rank[SIDE_T] ? SIDE_S : SIDE_T);
}

/* Both sides hold something else than the other. The side with a value beats a blank one unless the policy says that
 * one side always wins. union and append have been tried by merge() before; here they have nothing to merge. */
static enum action by_policy(const struct cell *c, enum policy policy)
{
    bool blank_s = value_blank(c->now[SIDE_S]), blank_t = value_blank(c->now[SIDE_T]);
    if (policy == POLICY_CRM)
        return ACT_WRITE_S;
    if (policy == POLICY_SOURCE)
        return ACT_WRITE_T;
    if (policy >= POLICY_HOLD)
        return ACT_HOLD;
    if (blank_s != blank_t)
        return win(blank_s ? SIDE_T : SIDE_S);
    switch (policy) {
    case POLICY_CRM_UNLESS_BLANK:
        return ACT_WRITE_S;
    case POLICY_SOURCE_UNLESS_BLANK:
        return ACT_WRITE_T;
    case POLICY_MAX:
        return by_size(c, 1);
    case POLICY_MIN:
        return by_size(c, -1);
    case POLICY_MONOTONE:
        return by_rank(c);
    default:
        return ACT_HOLD;
    }
}

/* Disjoint evidence intervals order two edits; overlapping ones do not, and then nobody guesses. */
static enum action later(const struct cell *c, enum policy otherwise)
{
    const struct evidence *s = &c->seen[SIDE_S], *t = &c->seen[SIDE_T];
    bool known = s->to && t->to;
    if (known && s->from > t->to + SKEW_MS)
        return ACT_WRITE_T;
    if (known && t->from > s->to + SKEW_MS)
        return ACT_WRITE_S;
    return by_policy(c, otherwise == POLICY_NEWEST ? POLICY_HOLD : otherwise);
}

static const char *const conflict_why[POLICIES] = {
    [POLICY_CRM] = "both changed: the CRM wins",
    [POLICY_SOURCE] = "both changed: Inbox wins",
    [POLICY_CRM_UNLESS_BLANK] = "both changed: the CRM wins unless blank",
    [POLICY_SOURCE_UNLESS_BLANK] = "both changed: Inbox wins unless blank",
    [POLICY_NEWEST] = "both changed: the later edit wins",
    [POLICY_MAX] = "both changed: the larger wins",
    [POLICY_MIN] = "both changed: the smaller wins",
    [POLICY_MONOTONE] = "both changed: the later stage wins",
    [POLICY_UNION] = "both changed and cannot be merged",
    [POLICY_APPEND] = "both changed and cannot be merged",
    [POLICY_HOLD] = "both changed: waits for a person",
};

static struct verdict_cell conflict(const struct cell *c, const struct rules *r)
{
    enum action act = r->conflict == POLICY_NEWEST ? later(c, r->otherwise) : by_policy(c, r->conflict);
    return (struct verdict_cell){.act = act, .why = conflict_why[r->conflict], .conflict = true};
}

/* First contact: a value beats a blank; two different values are the operator's choice. */
static struct verdict_cell first_contact(const struct cell *c, const struct rules *r)
{
    bool blank_s = value_blank(c->now[SIDE_S]), blank_t = value_blank(c->now[SIDE_T]);
    if (blank_s != blank_t)
        return say(win(blank_s ? SIDE_T : SIDE_S), blank_s ? "first contact: only the CRM has a value"
                                                           : "first contact: only Inbox has a value");
    enum action act = r->initial == POLICY_NEWEST ? later(c, r->otherwise) : by_policy(c, r->initial);
    return (struct verdict_cell){
        .act = act, .why = "first contact: both have a value", .conflict = true};
}

/* The write goes against the field's direction; `owner` is the side that may not be written. */
static struct verdict_cell forbidden(const struct rules *r, int owner)
{
    if (r->on_forbidden == FORBIDDEN_REVERT)
        return say(win(owner), "one-way field changed on the wrong side: put back");
    if (r->on_forbidden == FORBIDDEN_ALERT)
        return say(ACT_HOLD, "one-way field changed on the wrong side");
    return say(ACT_NONE, "one-way field changed on the wrong side: left alone");
}

/* Direction and blank rules have the last word over what the values say. */
static struct verdict_cell allow(const struct cell *c, const struct rules *r, struct verdict_cell v, bool owner_changed)
{
    if (v.act != ACT_WRITE_S && v.act != ACT_WRITE_T)
        return v;
    int to = v.act == ACT_WRITE_S ? SIDE_S : SIDE_T;
    bool one_way = (r->flow == FLOW_TO_CRM && to == SIDE_S) || (r->flow == FLOW_TO_INBOX && to == SIDE_T);
    if (one_way && owner_changed) { /* the owner of the field changed it too: the direction is the policy */
        v.act = win(to);
        v.why = "one-way field: its owner's value wins";
        to = 1 - to;
    } else if (one_way) {
        v = forbidden(r, to);
        if (v.act != ACT_WRITE_S && v.act != ACT_WRITE_T)
            return v;
        to = v.act == ACT_WRITE_S ? SIDE_S : SIDE_T;
    }
    if (value_blank(c->now[1 - to]) && !r->blank_to[to])
        return say(ACT_NONE, "blank is not written over a value here");
    return v;
}

/* A stage goes backwards only where somebody moved it backwards: a side that went on, though not as far as the other, does
 * not pull the other back. Between two-way sides the later stage wins; a one-way owner waits until it has caught up. */
static struct verdict_cell onward(const struct cell *c, const struct rules *r, struct verdict_cell v)
{
    int to = v.act == ACT_WRITE_S ? SIDE_S : SIDE_T, from = 1 - to;
    bool writes = v.act == ACT_WRITE_S || v.act == ACT_WRITE_T;
    bool back = c->rank[from] >= 0 && c->rank[from] < c->rank[to], meant = c->rank[from] < c->was[from];
    if (r->conflict != POLICY_MONOTONE || !writes || !back || meant)
        return v;
    if (r->flow == FLOW_BOTH)
        return (struct verdict_cell){win(to), "stages do not go backwards: the later one wins", true};
    return say(ACT_NONE, "one-way field: its stages do not go backwards by themselves");
}

static struct verdict_cell decide_agreed(const struct cell *c, const struct rules *r, bool cs, bool ct)
{
    if (cs && ct && r->flow != FLOW_BOTH) /* the direction is the policy */
        return allow(c, r, (struct verdict_cell){win(r->flow == FLOW_TO_CRM ? SIDE_S : SIDE_T),
                                                 "both changed: the owner of a one-way field wins", true}, true);
    if (cs && ct)
        return allow(c, r, conflict(c, r), true);
    return cs ? allow(c, r, say(ACT_WRITE_T, "changed in Inbox"), false)
              : allow(c, r, say(ACT_WRITE_S, "changed in the CRM"), false);
}

struct verdict_cell decide(const struct cell *c, const struct rules *r)
{
    if (r->flow == FLOW_NONE)
        return say(ACT_NONE, "flow is none");
    if (!c->now[SIDE_S] || !c->now[SIDE_T])
        return say(ACT_NONE, "not observed this time");
    bool agreed = c->base[SIDE_S] && c->base[SIDE_T];
    bool cs = !agreed || !value_same(c->now[SIDE_S], c->base[SIDE_S]);
    bool ct = !agreed || !value_same(c->now[SIDE_T], c->base[SIDE_T]);
    if (!cs && !ct)
        return say(ACT_NONE, "in step");
    if (c->same)
        return say(ACT_ADOPT, agreed ? "both sides hold the same" : "first contact: both sides hold the same");
    if (!agreed) {
        int owner = r->flow == FLOW_TO_CRM ? SIDE_S : SIDE_T;
        return allow(c, r, first_contact(c, r), !value_blank(c->now[owner]));
    }
    return onward(c, r, decide_agreed(c, r, cs, ct));
}
