/* The shape of what is mapped: types and options of the mapped fields on both sides, kept from one full comparison to the next,
 * so that a comparison can tell what somebody changed in the schemas meanwhile. */
#pragma once
#include "bridge/sync/route.h"

/* shape_changes: what differs from the last shape kept, as sentences; an empty array when nothing does or none was kept. Works
 * for a route that could not learn, too, as far as its sides were described. New reference. */
bool shape_changes(const struct route *r, json_t **out, struct err *err) MUST_CHECK;
bool shape_keep(const struct route *r, struct err *err) MUST_CHECK;
