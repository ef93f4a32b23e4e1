/* must: a verb that has to work, with its own words when it does not. */
#pragma once
#include "bridge/base/err.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the standard headers */
#include <cmocka.h>

/* call: takes `err`, which is the macro's own. */
#define must(call)                                    \
    do {                                              \
        struct err err_ = {0}, *err = &err_;          \
        if (!(call))                                  \
            fail_msg("%s: %s", #call, err->text);     \
    } while (0)
