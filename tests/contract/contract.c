/* The suite: every promise, each on a trial of its own. */
#include "tests/contract/trial.h"
#include "bridge/base/mem.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct promise *const all[] = {feed_promises, read_promises, write_promises, bulk_promises, survey_promises, hook_promises, refusal_promises};

int contract_run(const struct contract_case *c)
{
    AUTO_FREE struct CMUnitTest *tests = NULL;
    size_t n = 0;
    for (size_t i = 0; i < COUNT(all); i++)
        for (const struct promise *p = all[i]; p->name; p++) {
            tests = mem_grow(tests, n + 1, sizeof *tests);
            tests[n++] = (struct CMUnitTest){p->name, p->kept, trial_setup, trial_teardown, (void *)(uintptr_t)c};
        }
    return _cmocka_run_group_tests(c->name, tests, n, NULL, NULL);
}
