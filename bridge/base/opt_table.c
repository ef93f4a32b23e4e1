/* Option tables: one table per struct says what there may be; this file fills the struct, says what was wrong and
 * where, and prints the reference. It reads nodes only through opt.h and knows no option by name. */
#include "bridge/base/buf.h"
#include "bridge/base/mem.h"
#include "bridge/base/opt.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include <string.h>

static const struct opt_words {
    const char *page;  /* in the reference */
    const char *fault; /* after "must be" */
} words[] = {
    [OPT_TEXT] = {"text", "a text in quotes"},
    [OPT_SECRET] = {"secret", "a text in quotes (env:NAME, file:/path or cred:NAME)"},
    [OPT_INT] = {"whole number", "a whole number"},
    [OPT_REAL] = {"number", "a number"},
    [OPT_BOOL] = {"true or false", "true or false"},
    [OPT_SPAN] = {"time span", "a time span in quotes, like \"15s\""},
    [OPT_CHOICE] = {"one of", "a word in quotes"},
    [OPT_LIST] = {"list of texts", "a list of texts"},
};

struct place {
    const char *file;
    int line;
    const char *name;
    struct opt_faults *faults;
};

static bool wrong(const struct place *p, const char *what)
{
    opt_fault(p->faults, p->file, p->line, "%s: %s", p->name, what);
    return false;
}

static bool must_be(const struct place *p, enum opt_type type)
{
    opt_fault(p->faults, p->file, p->line, "%s: must be %s", p->name, words[type].fault);
    return false;
}

/* "; did you mean "poll"?" or nothing. The caller frees. */
static char *suggestion(const char *word, const char *const *known, size_t n)
{
    const char *nearest = str_nearest(word, known, n);
    return nearest ? mem_printf("; did you mean \"%s\"?", nearest) : mem_dup("");
}

/* ---- one value ---- */

static void range_text(const struct opt *o, char *least, char *most, size_t size)
{
    if (o->type == OPT_SPAN) {
        when_print_span(o->min, least, size);
        when_print_span(o->max, most, size);
        return;
    }
    snprintf(least, size, "%lld", (long long)o->min);
    snprintf(most, size, "%lld", (long long)o->max);
}

static bool in_range(const struct place *p, const struct opt *o, bool inside)
{
    char least[32], most[32];
    if (o->max <= o->min || inside)
        return true;
    range_text(o, least, most, sizeof least);
    opt_fault(p->faults, p->file, p->line, "%s: must be between %s and %s", p->name, least, most);
    return false;
}

static bool put_int(const struct place *p, const struct opt *o, const char *text, int64_t *out)
{
    struct err err = {0};
    int64_t v = 0;
    if (o->type == OPT_SPAN && !when_parse_span(text, &v, &err))
        return wrong(p, err.text);
    if (o->type == OPT_INT && !str_to_int(text, INT64_MIN, INT64_MAX, &v))
        return must_be(p, o->type);
    if (!in_range(p, o, v >= o->min && v <= o->max))
        return false;
    *out = v;
    return true;
}

static bool put_real(const struct place *p, const struct opt *o, const char *text, double *out)
{
    double v;
    if (!str_to_real(text, &v))
        return must_be(p, o->type);
    if (!in_range(p, o, v >= (double)o->min && v <= (double)o->max))
        return false;
    *out = v;
    return true;
}

static bool put_bool(const struct place *p, const char *text, bool *out)
{
    if (!str_eq(text, "true") && !str_eq(text, "false"))
        return must_be(p, OPT_BOOL);
    *out = str_eq(text, "true");
    return true;
}

static bool put_choice(const struct place *p, const struct opt *o, const char *text, int *out)
{
    struct buf all = BUF_INIT(1024);
    size_t n = 0;
    for (; o->choices[n]; n++) {
        if (str_eq(o->choices[n], text)) {
            *out = (int)n;
            buf_done(&all);
            return true;
        }
        buf_printf(&all, "%s%s", n ? ", " : "", o->choices[n]);
    }
    AUTO_FREE char *hint = suggestion(text, o->choices, n);
    opt_fault(p->faults, p->file, p->line, "%s: \"%s\" is none of %s%s", p->name, text, buf_str(&all), hint);
    buf_done(&all);
    return false;
}

static bool put_secret(const struct place *p, const char *text, char **out)
{
    struct err err = {0};
    char *plain = opt_secret(text, &err);
    if (!plain)
        return wrong(p, err.text);
    *out = plain;
    return true;
}

static void *member_of(const struct opt *o, void *out)
{
    return (char *)out + o->offset;
}

/* One scalar, from the file or from the default: the same checks. */
static bool put(const struct place *p, const struct opt *o, const char *text, void *out)
{
    void *at = member_of(o, out);
    switch (o->type) {
    case OPT_TEXT:
        *(char **)at = mem_dup(text);
        return true;
    case OPT_SECRET:
        return put_secret(p, text, at);
    case OPT_BOOL:
        return put_bool(p, text, at);
    case OPT_CHOICE:
        return put_choice(p, o, text, at);
    case OPT_REAL:
        return put_real(p, o, text, at);
    default:
        return put_int(p, o, text, at);
    }
}

/* ---- lists ---- */

static void list_add(struct opt_list *list, char *stolen)
{
    list->items = mem_grow(list->items, list->n + 1, sizeof *list->items);
    list->items[list->n++] = stolen;
}

/* A single text stands for a list of one. */
static bool put_list(const struct place *p, const struct opt *o, const struct opt_node *node, void *out)
{
    struct opt_list *list = member_of(o, out);
    size_t n = opt_is_list(node) ? opt_count(node) : 1;
    for (size_t i = 0; i < n; i++) {
        char *text = opt_scalar_text(opt_is_list(node) ? opt_item(node, i) : node);
        if (!text)
            return must_be(p, OPT_LIST);
        list_add(list, text);
    }
    return true;
}

/* The default of a list is written as in the file: `( "a", "b" )`. */
static bool put_list_default(const struct place *p, const struct opt *o, void *out)
{
    AUTO_FREE char *text = mem_printf("list = %s;", o->fallback);
    struct opt_file *file = opt_open_text("default", text, p->faults);
    bool ok = file && put_list(p, o, opt_member(opt_root(file), "list"), out);
    opt_close(file);
    return ok;
}

/* ---- one group ---- */

static void zero(const struct opt *o, void *out)
{
    static const size_t sizes[] = {
        [OPT_TEXT] = sizeof(char *), [OPT_SECRET] = sizeof(char *),
        [OPT_INT] = sizeof(int64_t), [OPT_REAL] = sizeof(double),
        [OPT_BOOL] = sizeof(bool),   [OPT_SPAN] = sizeof(int64_t),
        [OPT_CHOICE] = sizeof(int),  [OPT_LIST] = sizeof(struct opt_list),
    };
    memset(member_of(o, out), 0, sizes[o->type]);
}

static bool put_default(const struct place *p, const struct opt *o, void *out)
{
    if (!o->fallback)
        return true;
    return o->type == OPT_LIST ? put_list_default(p, o, out) : put(p, o, o->fallback, out);
}

/* Texts and numbers may not stand for each other by accident: 5 is no name and "5" is no count. */
static bool type_fits(enum opt_type type, enum opt_kind kind)
{
    switch (type) {
    case OPT_INT:
        return kind == OPT_KIND_WHOLE;
    case OPT_REAL:
        return kind == OPT_KIND_WHOLE || kind == OPT_KIND_REAL;
    case OPT_BOOL:
        return kind == OPT_KIND_BOOL;
    case OPT_LIST:
        return kind == OPT_KIND_LIST || kind == OPT_KIND_TEXT;
    default:
        return kind == OPT_KIND_TEXT;
    }
}

static bool read_one(const struct opt_node *group, const struct opt *o, void *out, struct opt_faults *faults)
{
    const struct opt_node *node = opt_member(group, o->name), *where = node ? node : group;
    struct place p = {opt_place_file(where), opt_place_line(where), o->name, faults};
    zero(o, out);
    if (!node)
        return o->required ? wrong(&p, "is missing") : put_default(&p, o, out);
    if (!type_fits(o->type, opt_kind(node)))
        return must_be(&p, o->type);
    if (o->type == OPT_LIST)
        return put_list(&p, o, node, out);
    AUTO_FREE char *text = opt_scalar_text(node);
    return put(&p, o, text, out);
}

static bool known_name(const char *name, const char *const *known, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(known[i], name))
            return true;
    return false;
}

static bool check_names(const struct opt_node *group, const char *const *known, size_t n, struct opt_faults *faults)
{
    bool ok = true;
    for (size_t i = 0; i < opt_count(group); i++) {
        const struct opt_node *node = opt_item(group, i);
        if (known_name(opt_name(node), known, n))
            continue;
        AUTO_FREE char *hint = suggestion(opt_name(node), known, n);
        opt_fault(faults, opt_place_file(node), opt_place_line(node), "unknown option \"%s\"%s", opt_name(node), hint);
        ok = false;
    }
    return ok;
}

void opt_unknown(const struct opt_node *group, const char *const *known, struct opt_faults *faults)
{
    size_t n = 0;
    while (known[n])
        n++;
    if (opt_is_group(group))
        check_names(group, known, n, faults);
}

/* The names of the table, then those of `also`; the caller frees. */
static const char **all_names(const struct opt *table, const char *const *also, size_t *n)
{
    const char **names = NULL;
    *n = 0;
    for (const struct opt *o = table; o->name; o++) {
        names = mem_grow(names, *n + 1, sizeof *names);
        names[(*n)++] = o->name;
    }
    for (; also && *also; also++) {
        names = mem_grow(names, *n + 1, sizeof *names);
        names[(*n)++] = *also;
    }
    return names;
}

bool opt_read(const struct opt_node *group, const struct opt *table, const char *const *also, void *out,
              struct opt_faults *faults)
{
    size_t n;
    if (!opt_is_group(group)) {
        opt_fault(faults, group ? opt_place_file(group) : "?", group ? opt_place_line(group) : 0,
                  "must be a group: { … }");
        return false;
    }
    AUTO_FREE const char **known = all_names(table, also, &n);
    bool ok = check_names(group, known, n, faults);
    for (const struct opt *o = table; o->name; o++)
        ok = read_one(group, o, out, faults) && ok;
    return ok;
}

/* Secrets stay NULL: a default may name a place, but only reading a configuration goes there. */
void opt_default(const struct opt *table, void *out)
{
    for (const struct opt *o = table; o->name; o++) {
        struct place p = {.file = "default", .name = o->name};
        zero(o, out);
        if (o->type != OPT_SECRET)
            put_default(&p, o, out);
    }
}

static void list_done(struct opt_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->items[i]);
    free(list->items);
}

void opt_clear(const struct opt *table, void *out)
{
    for (const struct opt *o = table; o->name; o++) {
        void *at = member_of(o, out);
        bool secret = o->type == OPT_SECRET && *(char **)at;
        if (secret)
            mem_wipe(*(char **)at, strlen(*(char **)at));
        if (o->type == OPT_TEXT || o->type == OPT_SECRET)
            free(*(char **)at);
        if (o->type == OPT_LIST)
            list_done(at);
        zero(o, out);
    }
}

/* ---- the reference page ---- */

static void print_type(FILE *out, const struct opt *o)
{
    char least[32], most[32];
    fputs(words[o->type].page, out);
    for (size_t i = 0; o->type == OPT_CHOICE && o->choices[i]; i++)
        fprintf(out, "%s`%s`", i ? ", " : " ", o->choices[i]);
    if (o->max <= o->min)
        return;
    range_text(o, least, most, sizeof least);
    fprintf(out, ", %s to %s", least, most);
}

static void print_default(FILE *out, const struct opt *o)
{
    if (o->required)
        fputs("required", out);
    else if (o->fallback && *o->fallback)
        fprintf(out, "`%s`", o->fallback);
    else
        fputs("–", out);
}

void opt_reference(FILE *out, const struct opt *table)
{
    fputs("| option | type | default | meaning |\n|---|---|---|---|\n", out);
    for (const struct opt *o = table; o->name; o++) {
        fprintf(out, "| `%s` | ", o->name);
        print_type(out, o);
        fputs(" | ", out);
        print_default(out, o);
        fprintf(out, " | %s |\n", o->help ? o->help : "");
    }
}
