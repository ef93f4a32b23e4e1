/* Evidence of time, for the policy `newest`: no service tells when every field changed, but what was read when bounds it. */
#pragma once
#include "bridge/sync/decide.h"
#include <jansson.h>

/* evidence_note remembers, for every field told now that differs from before, that it changed in (from, to]. *changed is
 * replaced, never altered in place; fields that did not change keep what was known. */
void evidence_note(json_t **changed, const json_t *before, const json_t *told, int64_t from, int64_t to);

/* The interval of one field's last change. changed: as above; history: of a record fetched with FETCH_HISTORY. What neither
 * tells lies between the last agreement and the moment the content was read (or the record was modified). */
struct evidence evidence_source(const json_t *changed, const char *field, int64_t agreed, int64_t as_of);
struct evidence evidence_target(const json_t *history, const char *field, int64_t agreed, int64_t modified);
