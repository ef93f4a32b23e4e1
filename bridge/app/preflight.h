/* Before everything is compared: what it will cost, and whether the day's calls suffice for it. Whose accounts these are, which
 * rights the tokens have and what the schemas look like was asked by app_learn_route. */
#pragma once
#include "bridge/app/app.h"

/* preflight_cost: calls a full comparison takes at most, by side: as many pages of Inbox as all of its views may have and
 * reads of those who must be read by id; a read of the CRM for every hundred links, and lookups of those without one. From what
 * the store knows: the changes that were never taken in cost as many calls as their feeds have pages, beside this. */
bool preflight_cost(struct route *r, int64_t cost[2], struct err *err) MUST_CHECK;

/* preflight_quota: RATE, in words, when a window of a day or longer has not so many calls left for it. */
bool preflight_quota(struct app *app, struct route *r, const int64_t cost[2], struct err *err) MUST_CHECK;
