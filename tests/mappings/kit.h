/* What the tests of this room share: JSON written with single quotes, a mapping from one field line, faults as one text. */
#pragma once
#include "bridge/base/buf.h"
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "mappings/parts.h"
#include "mappings/value.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

static inline json_t *js(const char *single_quoted)
{
    AUTO_FREE char *text = mem_dup(single_quoted);
    for (char *c = text; *c; c++)
        if (*c == '\'')
            *c = '"';
    AUTO_FREE char *boxed = mem_printf("[%s]", text);
    AUTO_JSON json_t *box = js_parse(boxed, strlen(boxed), NULL);
    assert_non_null(box);
    return json_incref(json_array_get(box, 0));
}

static inline void assert_js(const json_t *have, const char *single_quoted)
{
    AUTO_JSON json_t *want = js(single_quoted);
    AUTO_FREE char *a = have ? js_print(have) : mem_dup("absent"), *b = js_print(want);
    assert_string_equal(a, b);
}

static inline char *all_faults(const struct opt_faults *faults)
{
    struct buf b = {0};
    for (size_t i = 0; i < faults->n; i++)
        buf_printf(&b, "%s\n", faults->lines[i]);
    return buf_take(&b);
}

/* One object with these field lines (and tables after them). */
static inline char *object_text(const char *fields, const char *more)
{
    return mem_printf("prospect = { crm = \"contacts\"; key = \"k\";\nfields = ( %s );\n%s };\n", fields, more);
}

static inline struct mapping *mapping_with(const char *fields, const char *more)
{
    struct opt_faults faults = {0};
    AUTO_FREE char *text = object_text(fields, more);
    struct mapping *m = mapping_load_text("m.cfg", text, &faults);
    AUTO_FREE char *said = all_faults(&faults);
    opt_faults_done(&faults);
    if (!m)
        print_error("%s", said);
    assert_non_null(m);
    return m;
}
