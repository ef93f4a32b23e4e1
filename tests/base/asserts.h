/* cmocka and the two questions the tests of the ground floor ask most. */
#pragma once
#include "bridge/base/err.h"
#include "bridge/base/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define assert_err(err, its_kind, words)                                                                               \
    do {                                                                                                               \
        assert_string_equal(err_name((err)->kind), err_name(its_kind));                                                \
        if (!strstr((err)->text, words))                                                                               \
            fail_msg("\"%s\" does not say \"%s\"", (err)->text, words);                                                \
    } while (0)

#define assert_holds(text, words)                                                                                      \
    do {                                                                                                               \
        if (!strstr(text, words))                                                                                      \
            fail_msg("\"%s\" does not hold \"%s\"", text, words);                                                      \
    } while (0)
