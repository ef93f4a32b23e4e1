/* Fault rules: which request meets which bad luck. The first rule that matches and whose turn it is decides; its
 * counters are its own. Rules that come over a service's port concern that service. */
#include "bridge/base/str.h"
#include "tests/sandbox/sandbox_inner.h"
#include <string.h>

struct rule {
    char *service, *method, *path; /* NULL: any */
    json_t *text;                  /* text is the rule as it was given */
    struct fault fault;
    int64_t left; /* left of "times"; -1: no end */
    int64_t every, seen, met;
    double chance;
};

struct sandbox_rules {
    struct rule *items;
    size_t n, cap;
};

static const char *const kinds[] = {"",     "status", "reset_before", "reset_after", "delay",
                                    "html", "empty",  "truncate",     "stale", "flood"};

#define FLOOD_BYTES (5u << 20)

struct sandbox_rules *rules_new(void)
{
    return mem_alloc(sizeof(struct sandbox_rules));
}

static void rule_done(struct rule *r)
{
    free(r->service);
    free(r->method);
    free(r->path);
    json_decref(r->text);
}

void rules_clear(struct sandbox_rules *rules, const struct sandbox_service *service)
{
    size_t kept = 0;
    for (size_t i = 0; i < rules->n; i++) {
        struct rule *r = &rules->items[i];
        if (service && !str_eq(r->service, service->name))
            rules->items[kept++] = *r;
        else
            rule_done(r);
    }
    rules->n = kept;
}

void rules_free(struct sandbox_rules *rules)
{
    rules_clear(rules, NULL);
    free(rules->items);
    free(rules);
}

/* ---- reading ---- */

static bool read_kind(const json_t *rule, enum fault_kind *out, struct err *err)
{
    const char *word = js_str(rule, "do");
    for (size_t i = 1; i < COUNT(kinds); i++)
        if (str_eq(word, kinds[i])) {
            *out = (enum fault_kind)i;
            return true;
        }
    const char *near = word ? str_nearest(word, kinds, COUNT(kinds)) : NULL;
    return err_set(err, ERR_REJECT, "a rule's \"do\" cannot be %s%s%s", word ? word : "left out",
                   near && *near ? "; did you mean " : "", near ? near : "");
}

static struct rule *new_rule(struct sandbox_rules *rules)
{
    if (rules->n == rules->cap) {
        rules->cap = rules->cap ? rules->cap * 2 : 4;
        rules->items = mem_grow(rules->items, rules->cap, sizeof *rules->items);
    }
    return &rules->items[rules->n++];
}

bool rules_add(struct sandbox_rules *rules, const struct sandbox_service *service, const json_t *rule, struct err *err)
{
    enum fault_kind kind = FAULT_NONE;
    const json_t *match = json_object_get(rule, "match"), *chance = json_object_get(rule, "chance");
    if (!json_is_object(rule))
        return err_set(err, ERR_REJECT, "a rule is an object");
    if (!read_kind(rule, &kind, err))
        return false;
    *new_rule(rules) = (struct rule){
        .service = mem_dup(js_str_or(match, "service", service ? service->name : NULL)),
        .method = mem_dup(js_str(match, "method")),
        .path = mem_dup(js_str(match, "path")),
        .text = json_deep_copy(rule),
        .fault = {.kind = kind,
                  .status = (int)js_int_or(rule, "status", 0),
                  .retry_after = js_int_or(rule, "retry_after", -1),
                  .ms = js_int_or(rule, "ms", 0)},
        .left = js_int_or(rule, "times", -1),
        .every = js_int_or(rule, "every", 1),
        .chance = chance ? json_number_value(chance) : 1,
    };
    return true;
}

json_t *rules_json(const struct sandbox_rules *rules, const struct sandbox_service *service)
{
    json_t *out = json_array();
    for (size_t i = 0; i < rules->n; i++) {
        const struct rule *r = &rules->items[i];
        if (service && r->service && !str_eq(r->service, service->name))
            continue;
        json_t *one = json_copy(r->text);
        js_set(one, "seen", json_integer(r->seen));
        js_set(one, "met", json_integer(r->met));
        js_add(out, one);
    }
    return out;
}

/* ---- matching ---- */

static bool glob(const char *pattern, const char *s)
{
    for (; *pattern; pattern++, s++) {
        if (*pattern == '*') {
            for (;; s++) {
                if (glob(pattern + 1, s))
                    return true;
                if (!*s)
                    return false;
            }
        }
        if (*pattern != *s)
            return false;
    }
    return !*s;
}

static bool fits(const char *pattern, const char *path)
{
    return strchr(pattern, '*') ? glob(pattern, path) : str_starts(path, pattern);
}

/* "/threads" means /api/v1/threads as well. */
static bool path_fits(const char *pattern, const char *path)
{
    static const char prefix[] = "/api/v1";
    return !pattern || fits(pattern, path) || (str_starts(path, prefix) && fits(pattern, path + strlen(prefix)));
}

static bool is_its_turn(struct sandbox *box, struct rule *r)
{
    if (r->left == 0)
        return false;
    r->seen++;
    if (r->every > 1 && r->seen % r->every != 0)
        return false;
    if (r->chance < 1 && sandbox_chance(box) >= r->chance)
        return false;
    r->met++;
    r->left -= r->left > 0;
    return true;
}

struct fault rules_meet(struct sandbox *box, const struct sandbox_service *s, const char *method, const char *path)
{
    for (size_t i = 0; i < box->rules->n; i++) {
        struct rule *r = &box->rules->items[i];
        bool fit = (!r->service || str_eq(r->service, s->name)) && (!r->method || str_eq_nocase(r->method, method)) &&
                   path_fits(r->path, path);
        if (fit && is_its_turn(box, r))
            return r->fault;
    }
    return (struct fault){.kind = FAULT_NONE};
}

/* ---- what they do ---- */

static void replace_body(struct http_answer *a, int status, const char *type, const char *text)
{
    free(a->body);
    a->status = status;
    a->body = mem_dup(text);
    a->body_n = strlen(text);
    http_headers_set(&a->headers, "content-type", type);
}

static void refuse(const struct fault *f, struct sandbox_service *s, struct http_answer *a)
{
    int status = f->status ? f->status : 500;
    if (s->refuse)
        s->refuse(s, status, a);
    else
        replace_body(a, status, "application/json",
                     "{\"status\":\"error\",\"message\":\"sandbox "
                     "fault\",\"category\":\"SANDBOX\",\"correlationId\":\"sandbox-1\"}");
    a->status = status;
    if (f->retry_after >= 0) {
        AUTO_FREE char *text = mem_printf("%lld", (long long)f->retry_after);
        http_headers_set(&a->headers, "retry-after", text);
    }
}

bool fault_before(const struct fault *f, struct sandbox_service *s, struct http_answer *a)
{
    if (f->kind == FAULT_RESET_BEFORE) {
        a->fate = HTTP_NOT_SENT;
        err_set(&a->err, ERR_TEMP, "connection refused (sandbox)");
    } else if (f->kind == FAULT_STATUS) {
        refuse(f, s, a);
    } else if (f->kind == FAULT_HTML) {
        replace_body(a, f->status ? f->status : 502, "text/html", "<html><body><h1>502 Bad Gateway</h1></body></html>");
    } else {
        return false;
    }
    return true;
}

/* Well-formed, well-meant and far too much. */
static void flood(struct http_answer *a)
{
    free(a->body);
    a->body = mem_alloc(FLOOD_BYTES + 1);
    a->body_n = FLOOD_BYTES;
    memset(a->body, ' ', FLOOD_BYTES);
    memcpy(a->body, "{\"results\":[", 12);
    memcpy(a->body + FLOOD_BYTES - 2, "]}", 2);
}

void fault_after(const struct fault *f, struct http_answer *a)
{
    if (f->kind == FAULT_RESET_AFTER) {
        http_answer_done(a);
        *a = (struct http_answer){.fate = HTTP_LOST};
        err_set(&a->err, ERR_UNSURE, "connection reset (sandbox)");
    } else if (f->kind == FAULT_EMPTY) {
        replace_body(a, f->status ? f->status : a->status, "application/json", "");
    } else if (f->kind == FAULT_TRUNCATE && a->body_n > 1) {
        a->body_n /= 2;
        a->body[a->body_n] = '\0';
    } else if (f->kind == FAULT_FLOOD) {
        flood(a);
    }
}
