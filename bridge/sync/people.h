/* The names people go by: their e-mail when first seen, as statuses keep theirs, for one account may rename somebody long
 * before the other does. Part of learning; private to this room. */
#pragma once
#include "bridge/sync/route.h"

/* people_name names the options of every field of people in the object's schemas and pins the names. After both sides are
 * described, before the mapping is bound; inside a transaction. */
bool people_name(struct route *r, struct bound *b, struct err *err) MUST_CHECK;

/* learn_file_says: does a table of the mapping name this option of that side's field? (learn.c) */
bool learn_file_says(struct route *r, int side, const char *field, const char *label);
