/* What every connector shares: spellings, freeing what verbs fill in, and the answers of those that cannot do a thing. */
#include "connectors/connector.h"
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/when.h"
#include "connectors/endpoint.h"
#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

json_t *connector_choices(const char *text)
{
    AUTO_FREE char *copy = mem_dup(text);
    AUTO_FREE char **items = NULL;
    size_t n = 0;
    char *save = NULL;
    for (char *one = strtok_r(copy, ";", &save); one; one = strtok_r(NULL, ";", &save)) {
        items = mem_grow(items, n + 1, sizeof *items);
        items[n++] = one;
    }
    if (n)
        qsort(items, n, sizeof *items, by_text);
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++)
        js_add(out, json_string(items[i]));
    return out;
}

json_t *connector_moment(int64_t ms, bool only_day)
{
    char text[WHEN_TEXT];
    when_print(ms, text);
    if (only_day)
        text[10] = '\0'; /* behind YYYY-MM-DD */
    return json_string(text);
}

static bool cannot(const struct endpoint *ep, const char *what, struct err *err)
{
    return err_set(err, ERR_CONFIG, "%s cannot %s", ep->kind->name, what);
}

bool connector_no_setup(struct endpoint *ep, const struct schema *wanted, bool apply, json_t **missing, struct err *err)
{
    (void)wanted;
    (void)apply;
    (void)missing;
    return cannot(ep, "be set up from here", err);
}

bool connector_no_hook(struct endpoint *ep, const char *method, const char *url, const json_t *headers, const char *body,
                       size_t body_n, int64_t now, struct page *out, struct err *err)
{
    (void)method;
    (void)url;
    (void)headers;
    (void)body;
    (void)body_n;
    (void)now;
    (void)out;
    return cannot(ep, "take deliveries", err);
}

bool connector_no_find(struct endpoint *ep, const char *object, const char *field, const char *const *values, size_t n,
                       const char *const *fields, struct found *out, struct err *err)
{
    (void)object;
    (void)field;
    (void)values;
    (void)n;
    (void)fields;
    (void)out;
    return cannot(ep, "find by a field", err);
}

bool connector_no_load(struct endpoint *ep, const struct patch *patches, size_t n, struct load *l, struct result *out, struct err *err)
{
    (void)patches;
    (void)n;
    (void)l;
    (void)out;
    return cannot(ep, "take many creates as one job", err);
}

bool connector_no_collect(struct endpoint *ep, const char *ticket, struct harvest *h, struct err *err)
{
    (void)ticket;
    (void)h;
    return cannot(ep, "take many creates as one job", err);
}

bool connector_no_survey(struct endpoint *ep, struct survey *s, struct err *err)
{
    (void)s;
    return cannot(ep, "read many records as one job", err);
}

void record_copy(struct record *to, const struct record *from)
{
    *to = *from;
    to->object = mem_dup(from->object);
    to->id = mem_dup(from->id);
    to->key = mem_dup(from->key);
    to->label = mem_dup(from->label);
    to->moved_to = mem_dup(from->moved_to);
    to->moved_type = mem_dup(from->moved_type);
    to->version = mem_dup(from->version);
    to->fields = json_incref(from->fields);
    to->history = json_incref(from->history);
}

void record_done(struct record *r)
{
    free(r->object);
    free(r->id);
    free(r->key);
    free(r->label);
    free(r->moved_to);
    free(r->moved_type);
    free(r->version);
    json_decref(r->fields);
    json_decref(r->history);
    *r = (struct record){0};
}

static void records_done(struct record *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        record_done(&items[i]);
    free(items);
}

void page_done(struct page *p)
{
    records_done(p->items, p->n);
    free(p->next);
    *p = (struct page){0};
}

void result_done(struct result *r)
{
    record_done(&r->record);
    *r = (struct result){0};
}

void found_done(struct found *f)
{
    records_done(f->items, f->n);
    *f = (struct found){0};
}

void organisation_done(struct organisation *o)
{
    free(o->id);
    free(o->label);
    free(o->currency);
    *o = (struct organisation){0};
}

void load_done(struct load *l)
{
    buf_done(&l->text);
    free(l->ticket);
    *l = (struct load){0};
}

void harvest_clear(struct harvest *h)
{
    for (size_t i = 0; i < h->n; i++)
        result_done(&h->items[i]);
    free(h->items);
    h->items = NULL;
    h->n = 0;
}

void harvest_done(struct harvest *h)
{
    harvest_clear(h);
    buf_done(&h->text);
    *h = (struct harvest){0};
}

void survey_clear(struct survey *s)
{
    for (size_t i = 0; i < s->n; i++)
        record_done(&s->items[i]);
    free(s->items);
    s->items = NULL;
    s->n = 0;
}

void survey_done(struct survey *s)
{
    survey_clear(s);
    buf_done(&s->text);
    free(s->ticket);
    free(s->next);
    *s = (struct survey){0};
}
