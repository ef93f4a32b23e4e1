/* aim: what the links of a route were made of. Where the mapping means something else now, their shadows mean nothing. */
#pragma once
#include "bridge/sync/route.h"

/* aim_take compares with what the store remembers and remembers what is. A field that is mapped from or to another place loses
 * its shadows, open intents and holds: it is decided as at first contact. An object that means another kind of record while
 * links exist is refused (CONFIG), for their ids are of the old kind. Called when the route has learnt its schemas. */
bool aim_take(struct route *r, struct err *err) MUST_CHECK;
