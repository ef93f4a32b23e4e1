/* One row per kind. Whoever meets an error asks here; nobody decides it again. */
#include "bridge/sync/verdict.h"

#define BACKOFF_FIRST_MS 2000
#define BACKOFF_MOST_MS (10 * 60 * 1000)

static const struct verdict table[ERR_KINDS] = {
    [ERR_NONE] = {THEN_DONE, false, false, 0},
    [ERR_TEMP] = {THEN_RETRY, false, true, 3},
    [ERR_RATE] = {THEN_WAIT, false, false, 3},
    [ERR_UNSURE] = {THEN_PROBE, true, true, 3},
    [ERR_STALE] = {THEN_AGAIN, false, true, 3},
    [ERR_GONE] = {THEN_LOST, false, true, 3},
    [ERR_REJECT] = {THEN_DEAD, false, false, 3},
    [ERR_AUTH] = {THEN_PAUSE, false, false, 4},
    [ERR_CONFIG] = {THEN_PAUSE, false, false, 2},
    [ERR_LIMIT] = {THEN_DEAD, false, false, 3},
    [ERR_STORE] = {THEN_PAUSE, true, false, 6},
    [ERR_BUG] = {THEN_DEAD, false, false, 3},
};

const struct verdict *verdict_of(enum err_kind kind)
{
    return &table[kind < ERR_KINDS ? kind : ERR_BUG];
}

int64_t verdict_due(const struct err *err, int attempts, struct env *env)
{
    int64_t base = BACKOFF_FIRST_MS;
    for (int i = 0; i < attempts && base < BACKOFF_MOST_MS; i++)
        base *= 2;
    if (base > BACKOFF_MOST_MS)
        base = BACKOFF_MOST_MS;
    int64_t due = env->now(env) + base / 2 + (int64_t)(env->random(env) % (uint64_t)(base / 2 + 1));
    return err->retry_at > due ? err->retry_at : due;
}
