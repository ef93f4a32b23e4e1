/* A person's edits, by kind of object. Each prints the object as it is afterwards; nothing when it is gone. */
#pragma once
#include "tests/sandbox/inbox_inner.h"

struct prospect *edited_prospect(struct inbox *x, const json_t *id); /* by externalId or platformId; NULL */
bool edit_prospects(struct inbox *x, const json_t *edit, struct buf *out, struct err *err) MUST_CHECK;
