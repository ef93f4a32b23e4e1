/* Whatever a service sends: it is refused with one line of words, or what was read survives printing and reading. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void survives(const json_t *v, char *(*print)(const json_t *))
{
    struct err err = {0};
    AUTO_FREE char *text = print(v);
    AUTO_JSON json_t *again = js_parse(text, strlen(text), &err);
    if (!again || !js_equal(v, again))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct err err = {0};
    AUTO_JSON json_t *v = js_parse((const char *)data, n, &err);
    if (!v) {
        if (err.kind != ERR_TEMP || !*err.text || strchr(err.text, '\n') || !str_utf8_valid(err.text, strlen(err.text)))
            abort();
        return 0;
    }
    survives(v, js_print);
    survives(v, js_print_sorted);
    survives(v, js_print_pretty);
    return 0;
}
