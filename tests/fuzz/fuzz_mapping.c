/* A mapping file of any bytes: read, or refused with at least one fault. What is read translates odd values without harm,
 * and a value table comes back to where it started. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "mappings/parts.h"
#include "mappings/value.h"
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig";
}

static const char odd_values[] = "[null,\"\",\" \",\"a b c\",\"@ada\",\"2026-03-01\",\"2026-03-01T10:00:00Z\",\"9007199254740993\",12,-0.5,1e300,true,"
                                 "[],[\"a\",\"b\"],[1,null],{},\"\\u05e9\\u05dc\",\"a\\r\\n\\r\\nb\"]";

static void translate_all(const struct map_field *f, const json_t *odd)
{
    for (size_t i = 0; i < json_array_size(odd); i++)
        for (int side = 0; side < 2; side++) {
            struct err err = {0};
            const json_t *v = json_array_get(odd, i);
            AUTO_JSON json_t *out = map_translate(f, side, v, &err);
            if (out && err.kind != ERR_NONE)
                abort();
            map_same(f, v, json_array_get(odd, (i + 3) % json_array_size(odd)));
        }
}

/* dec(enc(x)) = x, unless the operator said that several collapse. */
static void tables_come_back(const struct map_object *o)
{
    for (size_t i = 0; i < o->n_tables; i++) {
        const struct table *t = o->tables[i];
        for (size_t k = 0; !t->collapse && k < t->n; k++) {
            struct err err = {0};
            AUTO_JSON json_t *enc = table_map(t, SIDE_S, t->pairs[k].v[SIDE_S], &err), *dec = enc ? table_map(t, SIDE_T, enc, &err) : NULL;
            if (!js_equal(dec, t->pairs[k].v[SIDE_S]))
                abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_FREE char *text = mem_dup_n((const char *)data, n);
    AUTO(opt_faults_done) struct opt_faults faults = {0};
    if (strstr(text, "@include"))
        return 0;
    struct mapping *m = mapping_load_text("fuzz.cfg", text, &faults);
    if (!m != (faults.n > 0))
        abort();
    AUTO_JSON json_t *odd = js_parse(odd_values, strlen(odd_values), NULL);
    for (size_t i = 0; m && i < m->n; i++) {
        tables_come_back(&m->objects[i]);
        for (size_t k = 0; k < m->objects[i].n_fields; k++)
            translate_all(&m->objects[i].fields[k], odd);
    }
    mapping_free(m);
    return 0;
}
