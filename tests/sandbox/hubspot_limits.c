/* Calls per ten seconds, per second of search and per day, and what the headers tell of them. Associations have pools
 * of their own. Search counts everywhere and is told nothing. */
#include "tests/sandbox/hubspot.h"
#include <stdio.h>

#define DAY_MS 86400000

int64_t hub_midnight(struct hub *h) /* the account's time zone is UTC */
{
    return (sandbox_now(hub_box(h)) / DAY_MS + 1) * DAY_MS;
}

/* One more call in a window of `span`. False when it is full; refused calls count too. */
static bool count_in(struct hub_window *w, int64_t now, int64_t span, int64_t most)
{
    bool over = span == DAY_MS ? now / span != w->start / span : now - w->start >= span;
    if (over)
        *w = (struct hub_window){.start = now};
    return ++w->n <= most;
}

static void limited(struct hub *h, struct http_answer *a, const char *policy, int64_t wait)
{
    AUTO_FREE char *low = mem_dup(policy), *id = NULL;
    for (char *c = low; *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    id = mem_printf("aeb5f871-0429-4993-9211-%012llx", (unsigned long long)++h->answers);
    json_t *out = json_pack("{s:s,s:o,s:s,s:s,s:s,s:s}", "status", "error", "message",
                            json_sprintf("You have reached your %s limit.", low), "errorType", "RATE_LIMIT",
                            "correlationId", id, "policyName", policy, "requestId", id);
    sandbox_reply_json(a, 429, out);
    if (hub_flag(h, "retry_after")) {
        AUTO_FREE char *seconds = mem_printf("%lld", (long long)((wait + 999) / 1000));
        http_headers_set(&a->headers, "Retry-After", seconds);
    }
}

static void put_number(struct http_answer *a, const char *name, int64_t n)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)(n > 0 ? n : 0));
    http_headers_set(&a->headers, name, text);
}

static void tell(struct http_answer *a, const struct hub_window *burst, int64_t most)
{
    put_number(a, "X-HubSpot-RateLimit-Max", most);
    put_number(a, "X-HubSpot-RateLimit-Remaining", most - burst->n);
    put_number(a, "X-HubSpot-RateLimit-Interval-Milliseconds", 10000);
    put_number(a, "X-HubSpot-RateLimit-Secondly", most / 10);
    put_number(a, "X-HubSpot-RateLimit-Secondly-Remaining", most / 10 - 1);
}

static bool is_static_token(const struct hub *h, const struct http_request *r)
{
    const char *said = http_headers_get(&r->headers, "Authorization");
    return !h->access || !said || !str_starts(said, "Bearer ") || !str_eq(said + 7, h->access);
}

bool hub_within_limits(struct hub *h, const struct http_request *r, const char *path, struct http_answer *a)
{
    int64_t now = sandbox_now(hub_box(h)), wait = 0;
    bool search = strstr(path, "/search") != NULL, links = strstr(path, "/associations/") != NULL;
    struct hub_window *burst = links ? &h->link_burst : &h->burst, *day = links ? &h->link_day : &h->day;
    int64_t most = hub_count(h, links ? "association_ten_secondly" : "ten_secondly");
    int64_t most_daily = hub_count(h, links ? "association_daily" : "daily");
    const char *policy = NULL;
    if (hub_box(h)->no_limits)
        return true;
    if (search && !count_in(&h->second, now, 1000, hub_count(h, "search_per_second")))
        policy = "SECONDLY", wait = h->second.start + 1000 - now;
    else if (!count_in(burst, now, 10000, most))
        policy = "TEN_SECONDLY_ROLLING", wait = burst->start + 10000 - now;
    else if (!count_in(day, now, DAY_MS, most_daily))
        policy = "DAILY", wait = hub_midnight(h) - now;
    if (!search) {
        tell(a, burst, most);
        if (is_static_token(h, r)) {
            put_number(a, "X-HubSpot-RateLimit-Daily", most_daily);
            put_number(a, "X-HubSpot-RateLimit-Daily-Remaining", most_daily - day->n);
        }
    }
    if (policy)
        limited(h, a, policy, wait);
    return policy == NULL;
}
