/* JSON paths: "context.tags", "a.b[0].c", "['odd key'].x". Absent, null and empty stay three different answers. */
#pragma once
#include "bridge/base/err.h"
#include <jansson.h>

#define PATH_MAX_STEPS 16

/* path_get: the value at path, borrowed; NULL when any step is absent (JSON null is returned as JSON null).
 * A malformed path is absent too: check it once with path_check. */
json_t *path_get(const json_t *root, const char *path);

/* path_set: puts value (stolen) at path, making the objects in between; false when a step meets a non-object
 * or an index beyond the end. */
bool path_set(json_t *root, const char *path, json_t *stolen, struct err *err) MUST_CHECK;

bool path_check(const char *path, struct err *err) MUST_CHECK; /* CONFIG with the column */
