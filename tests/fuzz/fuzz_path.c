/* A path from a mapping file: what path_check accepts can be set in an empty object and found there again, unless an
 * index has no place; what it refuses finds nothing. */
#include "bridge/base/js.h"
#include "bridge/base/path.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void look_in_a_page(const char *path)
{
    static const char page[] = "{\"a\":{\"b\":[{\"c\":null},[1,2]]},\"odd key\":[\"x\"],\"\":0}";
    AUTO_JSON json_t *v = js_parse(page, sizeof page - 1, NULL);
    json_t *found = path_get(v, path);
    if (found && !path_check(path, NULL))
        abort();
    if (found && !path_set(v, path, json_true(), NULL))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_FREE char *path = mem_dup_n((const char *)data, n);
    AUTO_JSON json_t *root = json_object();
    struct err err = {0};
    bool good = path_check(path, &err);
    bool set = path_set(root, path, json_integer(7), &err);
    if (set && (!good || json_integer_value(path_get(root, path)) != 7))
        abort();
    if (!set && (json_object_size(root) || err.kind == ERR_NONE))
        abort();
    look_in_a_page(path);
    return 0;
}
