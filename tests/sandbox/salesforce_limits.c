/* Calls of the last 24 hours, which belong to the whole organisation, and what the header and /limits tell of them. */
#include "tests/sandbox/salesforce.h"

/* The ring of hours, moved to the present. */
static int64_t used(struct sf *s)
{
    int64_t hour = sf_now(s) / SF_HOUR, sum = 0;
    for (int64_t steps = 0; s->used_hour < hour && steps < 24; steps++)
        s->used[++s->used_hour % 24] = 0;
    s->used_hour = hour;
    for (int i = 0; i < 24; i++)
        sum += s->used[i];
    return sum;
}

static void tell(struct sf *s, int64_t n, int64_t most, struct http_answer *a)
{
    AUTO_FREE char *plain = mem_printf("api-usage=%lld/%lld", (long long)n, (long long)most);
    AUTO_FREE char *longer = mem_printf("%s; per-app-api-usage=%lld/250000(appName=inbox-bridge)", plain, (long long)n);
    if (!sf_says(s, "limit_info", "missing"))
        http_headers_set(&a->headers, "Sforce-Limit-Info", sf_says(s, "limit_info", "per_app") ? longer : plain);
}

bool sf_within_limits(struct sf *s, struct http_answer *a)
{
    int64_t most = sf_count(s, "daily"), n = used(s) + 1;
    bool over = n > most && !sf_box(s)->no_limits;
    if (!over)
        s->used[s->used_hour % 24]++;
    tell(s, over ? n - 1 : n, most, a);
    if (over)
        sf_error_to(a, 403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.");
    return !over;
}

static json_t *pair(int64_t most, int64_t n)
{
    return json_pack("{s:I,s:I}", "Max", (json_int_t)most, "Remaining", (json_int_t)(most > n ? most - n : 0));
}

void sf_limits(struct sf_ask *ask)
{
    sf_note(ask, false, "/limits");
    if (!sf_is(ask, "GET")) {
        sf_wrong_method(ask, "GET,HEAD");
        return;
    }
    sf_reply(ask, 200,
             json_pack("{s:o,s:o,s:o,s:o}", "DailyApiRequests", pair(sf_count(ask->s, "daily"), used(ask->s)),
                       "DailyBulkV2QueryJobs", pair(sf_count(ask->s, "bulk_query_daily"), sf_query_jobs_today(ask->s)), "DailyBulkApiBatches", pair(15000, 0), "DataStorageMB",
                       pair(1024, 3)));
}
