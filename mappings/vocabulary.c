/* Pinned labels: which name the mapping file knows an id by. A small sorted-by-arrival list per field; teams have dozens. */
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "mappings/mapping.h"

struct word {
    char *field, *id, *label;
    bool gone;
};

struct vocabulary {
    struct word *words;
    size_t n;
};

struct vocabulary *vocabulary_new(void)
{
    return mem_alloc(sizeof(struct vocabulary));
}

void vocabulary_free(struct vocabulary *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < v->n; i++) {
        free(v->words[i].field);
        free(v->words[i].id);
        free(v->words[i].label);
    }
    free(v->words);
    free(v);
}

void vocabulary_add(struct vocabulary *v, const char *field, const char *id, const char *label)
{
    v->words = mem_grow(v->words, v->n + 1, sizeof *v->words);
    v->words[v->n++] = (struct word){mem_dup(field), mem_dup(id), mem_dup(label), false};
}

void vocabulary_leave(struct vocabulary *v)
{
    v->words[v->n - 1].gone = true;
}

const char *vocabulary_label(const struct vocabulary *v, const char *field, const char *id)
{
    for (size_t i = v ? v->n : 0; i-- > 0;)
        if (str_eq(v->words[i].id, id) && str_eq(v->words[i].field, field))
            return v->words[i].label;
    return NULL;
}

const char *vocabulary_id(const struct vocabulary *v, const char *field, const char *label)
{
    const char *loose = NULL;
    for (size_t i = v ? v->n : 0; i-- > 0;) {
        if (v->words[i].gone || !str_eq(v->words[i].field, field))
            continue;
        if (str_eq(v->words[i].label, label))
            return v->words[i].id;
        if (str_eq_nocase(v->words[i].label, label))
            loose = v->words[i].id;
    }
    return loose;
}

bool vocabulary_left(const struct vocabulary *v, const char *field, const char *label)
{
    for (size_t i = 0; v && i < v->n; i++)
        if (v->words[i].gone && str_eq(v->words[i].field, field) && str_eq_nocase(v->words[i].label, label))
            return true;
    return false;
}
