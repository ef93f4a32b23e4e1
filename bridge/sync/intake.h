/* Intake: what an endpoint says has changed becomes jobs of every route that uses it, in the same transaction as the
 * cursor. It belongs to the endpoint, not to a route: one cursor, fanned out. */
#pragma once
#include "bridge/sync/route.h"

struct intake {
    struct endpoint *ep;
    struct route **routes; /* all routes that use ep, on whichever side */
    size_t n;
    struct store *store;
    struct env *env;
    bool relearn;          /* set when options changed: describe again before the next sync */
    int64_t items, pages;  /* what came in since the start */
    int64_t marked;        /* jobs that came of it */
    int64_t echoes;        /* items of a feed or a delivery that said nothing new */
    uint64_t heard[4096];  /* digests of source events taken in since the start, each in the place of its digest; 0 = none */
};

bool intake_is_source(const struct intake *in); /* an Inbox side, as opposed to a CRM */

/* intake_page takes one page of one native object. *more: another page is ready now. */
bool intake_page(struct intake *in, const char *object, bool *more, struct err *err) MUST_CHECK;

/* intake_delivery takes what hook() made of a delivery, in one transaction: once it returns true nothing of it can be lost.
 * No cursor moves: whoever has a feed tells it again there. TEMP until every route has learnt its schemas. */
bool intake_delivery(struct intake *in, const struct page *page, struct err *err) MUST_CHECK;

/* intake_take is the same inside the caller's transaction, which may hold several. When that is rolled back, nothing of it was
 * heard: say so with intake_unheard, or hearing it again would be nothing. */
bool intake_take(struct intake *in, const struct page *page, struct err *err) MUST_CHECK;
void intake_unheard(struct intake *in);
bool intake_ready(const struct intake *in); /* have all its routes learnt their schemas? */

/* intake_some: one page, for a source one of each object, so that a long walk leaves room for what is urgent (*more: go on).
 * The mass-change guard must see a flood of detaches as one: until a target has told all there is, its routes are `hearing`. */
bool intake_some(struct intake *in, bool *more, struct err *err) MUST_CHECK;

/* intake_others: one route wrote or read something new on the source side, in the transaction at hand; every other route that
 * shares it has to look. The event that tells the same later finds nothing new. */
bool intake_others(const struct route *from, const char *object, const char *key, int lane, struct err *err) MUST_CHECK;

/* intake_all: pages until there are no more, for every object. progress may be NULL. */
bool intake_all(struct intake *in, void (*progress)(void *self, int64_t items), void *self, struct err *err) MUST_CHECK;

/* intake_restart forgets the cursor of the source side: the next page starts a full enumeration (sweep). */
bool intake_restart(struct intake *in, struct err *err) MUST_CHECK;

/* intake_walk takes one page of each object of a full enumeration that stands beside the feed, which goes on meanwhile: whoever
 * edits is not kept waiting by it. *more: it is not through. Where it stands is in the store; intake_walk_again begins a new
 * one. for_route not NULL: that route will compare everything once the walk is through (a comparison under way), so what the
 * walk finds new waits for that, a day at most; other routes look at once. */
bool intake_walk(struct intake *in, const struct route *for_route, bool *more, struct err *err) MUST_CHECK;
bool intake_walk_again(struct intake *in, struct err *err) MUST_CHECK;

/* intake_mark_all: every link and every known subject of the route becomes a job (a full compare). */
bool intake_mark_all(struct route *r, int lane, struct err *err) MUST_CHECK;
