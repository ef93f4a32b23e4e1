/* Option tables over libconfig. The tables say what there may be; this file says what was wrong and where. It does not
 * know any option by name. */
#include "bridge/base/opt.h"
#include "bridge/base/buf.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include <errno.h>
#include <libconfig.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FAULTS_MOST 100
#define SECRET_MOST (64u << 10)
#define FILE_MOST (4u << 20)

struct opt_file {
    config_t config;
    char *name;
};

/* A node is libconfig's setting under our name; the file's name hangs on the root as its hook. */
static const config_setting_t *raw(const struct opt_node *node)
{
    return (const config_setting_t *)node;
}

static const struct opt_node *node_of(const config_setting_t *s)
{
    return (const struct opt_node *)s;
}

/* ---- faults ---- */

void opt_fault(struct opt_faults *faults, const char *file, int line, const char *fmt, ...)
{
    struct buf b = BUF_INIT(2048);
    va_list ap;
    if (!faults || faults->n == FAULTS_MOST)
        return;
    if (line)
        buf_printf(&b, "%s:%d: ", file, line);
    else
        buf_printf(&b, "%s: ", file);
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    faults->lines = mem_grow(faults->lines, faults->n + 1, sizeof *faults->lines);
    faults->lines[faults->n++] = buf_take(&b);
}

void opt_faults_done(struct opt_faults *faults)
{
    for (size_t i = 0; i < faults->n; i++)
        free(faults->lines[i]);
    free(faults->lines);
    *faults = (struct opt_faults){0};
}

/* ---- files ---- */

static struct opt_file *finish(struct opt_file *file, bool ok, struct opt_faults *faults)
{
    if (ok) {
        config_setting_set_hook(config_root_setting(&file->config), file->name);
        return file;
    }
    opt_fault(faults, file->name, config_error_line(&file->config), "%s", config_error_text(&file->config));
    opt_close(file);
    return NULL;
}

struct opt_file *opt_open_text(const char *name, const char *text, struct opt_faults *faults)
{
    struct opt_file *file = mem_alloc(sizeof *file);
    config_init(&file->config);
    file->name = mem_dup(name);
    return finish(file, config_read_string(&file->config, text), faults);
}

static char *read_file(const char *path, size_t most, struct err *err)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        err_set(err, ERR_CONFIG, "cannot be read: %s", strerror(errno));
        return NULL;
    }
    char *text = mem_alloc(most + 1);
    errno = 0;
    size_t n = fread(text, 1, most + 1, f);
    bool bad = ferror(f);
    fclose(f);
    if (bad)
        err_set(err, ERR_CONFIG, "cannot be read: %s", strerror(errno));
    else if (n > most)
        err_set(err, ERR_CONFIG, "is larger than %zu bytes", most);
    else if (memchr(text, 0, n))
        err_set(err, ERR_CONFIG, "holds a NUL byte: not a text file");
    else
        return mem_grow(text, n + 1, 1);
    mem_wipe(text, n);
    free(text);
    return NULL;
}

struct opt_file *opt_open(const char *path, struct opt_faults *faults)
{
    struct err err = {0};
    AUTO_FREE char *text = read_file(path, FILE_MOST, &err);
    if (!text) {
        opt_fault(faults, path, 0, "%s", err.text);
        return NULL;
    }
    return opt_open_text(path, text, faults);
}

void opt_close(struct opt_file *file)
{
    if (!file)
        return;
    config_destroy(&file->config);
    free(file->name);
    free(file);
}

/* ---- nodes ---- */

const struct opt_node *opt_root(const struct opt_file *file)
{
    return node_of(config_root_setting(&file->config));
}

const struct opt_node *opt_member(const struct opt_node *group, const char *name)
{
    if (!group || !config_setting_is_group(raw(group)))
        return NULL;
    for (int i = 0; i < config_setting_length(raw(group)); i++) {
        const config_setting_t *s = config_setting_get_elem(raw(group), (unsigned)i);
        if (str_eq(config_setting_name(s), name))
            return node_of(s);
    }
    return NULL;
}

const struct opt_node *opt_item(const struct opt_node *node, size_t i)
{
    return node && config_setting_is_aggregate(raw(node)) ? node_of(config_setting_get_elem(raw(node), (unsigned)i)) : NULL;
}

size_t opt_count(const struct opt_node *node)
{
    return node && config_setting_is_aggregate(raw(node)) ? (size_t)config_setting_length(raw(node)) : 0;
}

const char *opt_name(const struct opt_node *node)
{
    return config_setting_name(raw(node));
}

const char *opt_text(const struct opt_node *node)
{
    return node && config_setting_type(raw(node)) == CONFIG_TYPE_STRING ? config_setting_get_string(raw(node)) : NULL;
}

bool opt_is_group(const struct opt_node *node)
{
    return node && config_setting_is_group(raw(node));
}

bool opt_is_list(const struct opt_node *node)
{
    return node && (config_setting_is_list(raw(node)) || config_setting_is_array(raw(node)));
}

const char *opt_place_file(const struct opt_node *node)
{
    const config_setting_t *s = raw(node);
    while (!config_setting_is_root(s))
        s = config_setting_parent(s);
    const char *name = config_setting_get_hook(s);
    return name ? name : "?";
}

int opt_place_line(const struct opt_node *node)
{
    return (int)config_setting_source_line(raw(node));
}

char *opt_scalar_text(const struct opt_node *node)
{
    if (!node)
        return NULL;
    switch (config_setting_type(raw(node))) {
    case CONFIG_TYPE_STRING:
        return mem_dup(config_setting_get_string(raw(node)));
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return mem_printf("%lld", config_setting_get_int64(raw(node)));
    case CONFIG_TYPE_FLOAT:
        return mem_printf("%.17g", config_setting_get_float(raw(node)));
    case CONFIG_TYPE_BOOL:
        return mem_dup(config_setting_get_bool(raw(node)) ? "true" : "false");
    default:
        return NULL;
    }
}

/* ---- reading by the table ---- */

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

static bool in_range(const struct place *p, const struct opt *o, int64_t v, bool span)
{
    char least[32], most[32];
    if (o->max <= o->min || (v >= o->min && v <= o->max))
        return true;
    snprintf(least, sizeof least, "%lld", (long long)o->min);
    snprintf(most, sizeof most, "%lld", (long long)o->max);
    if (span) {
        when_print_span(o->min, least, sizeof least);
        when_print_span(o->max, most, sizeof most);
    }
    opt_fault(p->faults, p->file, p->line, "%s: must be between %s and %s", p->name, least, most);
    return false;
}

static bool put_choice(const struct place *p, const struct opt *o, const char *text, int *out)
{
    size_t n = 0;
    for (; o->choices[n]; n++)
        if (!strcmp(o->choices[n], text)) {
            *out = (int)n;
            return true;
        }
    const char *nearest = str_nearest(text, o->choices, n);
    struct buf b = BUF_INIT(512);
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", o->choices[i]);
    opt_fault(p->faults, p->file, p->line, "%s: \"%s\" is none of %s%s%s%s", p->name, text, buf_str(&b),
              nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
    buf_done(&b);
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

static bool put_number(const struct place *p, const struct opt *o, const char *text, char *at)
{
    struct err err = {0};
    if (o->type == OPT_REAL)
        return str_to_real(text, (double *)(void *)at) || wrong(p, "must be a number");
    int64_t v = 0;
    if (o->type == OPT_SPAN && !when_parse_span(text, &v, &err))
        return wrong(p, err.text);
    if (o->type == OPT_INT && !str_to_int(text, INT64_MIN, INT64_MAX, &v))
        return wrong(p, "must be a whole number");
    if (!in_range(p, o, v, o->type == OPT_SPAN))
        return false;
    *(int64_t *)(void *)at = v;
    return true;
}

/* One scalar, from the file or from the default: the same checks. */
static bool put(const struct place *p, const struct opt *o, const char *text, void *out)
{
    char *at = (char *)out + o->offset;
    switch (o->type) {
    case OPT_TEXT:
        *(char **)(void *)at = mem_dup(text);
        return true;
    case OPT_SECRET:
        return put_secret(p, text, (char **)(void *)at);
    case OPT_BOOL:
        *(bool *)at = !strcmp(text, "true");
        return *(bool *)at || !strcmp(text, "false") || wrong(p, "must be true or false");
    case OPT_CHOICE:
        return put_choice(p, o, text, (int *)(void *)at);
    default:
        return put_number(p, o, text, at);
    }
}

static bool put_list(const struct place *p, const struct opt *o, const struct opt_node *node, void *out)
{
    struct opt_list *list = (struct opt_list *)(void *)((char *)out + o->offset);
    size_t n = opt_is_list(node) ? opt_count(node) : 1;
    list->items = mem_grow(NULL, n + 1, sizeof *list->items);
    for (list->n = 0; list->n < n;) {
        char *text = opt_scalar_text(opt_is_list(node) ? opt_item(node, list->n) : node);
        if (!text)
            return wrong(p, "must be a list of texts");
        list->items[list->n++] = text;
    }
    return true;
}

/* Texts and numbers may not stand for each other by accident: 5 is no name and "5" is no count. */
static bool type_fits(const struct opt *o, const struct opt_node *node)
{
    int type = config_setting_type(raw(node));
    bool number = type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
    switch (o->type) {
    case OPT_INT:
        return number;
    case OPT_REAL:
        return number || type == CONFIG_TYPE_FLOAT;
    case OPT_BOOL:
        return type == CONFIG_TYPE_BOOL;
    case OPT_LIST:
        return true;
    default:
        return type == CONFIG_TYPE_STRING;
    }
}

static bool read_one(const struct opt_node *group, const struct opt *o, void *out, struct opt_faults *faults)
{
    static const char *const kinds[] = {"a text in quotes", "a text in quotes (env:NAME, file:/path or cred:NAME)", "a whole number",
                                        "a number", "true or false", "a time span in quotes, like \"15s\"", "a word in quotes",
                                        "a list of texts"};
    const struct opt_node *node = opt_member(group, o->name);
    struct place p = {opt_place_file(group), node ? opt_place_line(node) : opt_place_line(group), o->name, faults};
    if (!node && o->required)
        return wrong(&p, "is missing");
    if (!node)
        return !o->fallback || put(&p, o, o->fallback, out);
    if (!type_fits(o, node)) {
        opt_fault(faults, p.file, p.line, "%s: must be %s", o->name, kinds[o->type]);
        return false;
    }
    if (o->type == OPT_LIST)
        return put_list(&p, o, node, out);
    AUTO_FREE char *text = opt_scalar_text(node);
    return put(&p, o, text, out);
}

static size_t add_names(const char **known, size_t n, const char *const *names)
{
    for (; names && *names; names++)
        known[n++] = *names;
    return n;
}

static bool check_names(const struct opt_node *group, const char *const *known, size_t n, struct opt_faults *faults)
{
    bool ok = true;
    for (size_t i = 0; i < opt_count(group); i++) {
        const struct opt_node *node = opt_item(group, i);
        bool found = false;
        for (size_t k = 0; k < n && !found; k++)
            found = str_eq(known[k], opt_name(node));
        if (found)
            continue;
        const char *nearest = str_nearest(opt_name(node), known, n);
        opt_fault(faults, opt_place_file(node), opt_place_line(node), "unknown option \"%s\"%s%s%s", opt_name(node),
                  nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
        ok = false;
    }
    return ok;
}

void opt_unknown(const struct opt_node *group, const char *const *known, struct opt_faults *faults)
{
    size_t n = 0;
    while (known[n])
        n++;
    check_names(group, known, n, faults);
}

bool opt_read(const struct opt_node *group, const struct opt *table, const char *const *also, void *out,
              struct opt_faults *faults)
{
    size_t n = 0, extra = 0;
    while (table[n].name)
        n++;
    while (also && also[extra])
        extra++;
    if (!opt_is_group(group)) {
        opt_fault(faults, opt_place_file(group), opt_place_line(group), "must be a group: { … }");
        return false;
    }
    AUTO_FREE const char **known = mem_grow(NULL, n + extra + 1, sizeof *known);
    for (size_t i = 0; i < n; i++)
        known[i] = table[i].name;
    bool ok = check_names(group, known, add_names(known, n, also), faults);
    for (size_t i = 0; i < n; i++)
        ok = read_one(group, &table[i], out, faults) && ok;
    return ok;
}

void opt_default(const struct opt *table, void *out)
{
    struct place p = {.file = "default", .faults = NULL};
    for (const struct opt *o = table; o->name; o++)
        if (o->fallback && o->type != OPT_LIST && o->type != OPT_SECRET)
            put(&p, o, o->fallback, out);
}

static void clear_list(struct opt_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct opt_list){0};
}

void opt_clear(const struct opt *table, void *out)
{
    for (const struct opt *o = table; o->name; o++) {
        char *at = (char *)out + o->offset;
        if (o->type == OPT_LIST)
            clear_list((struct opt_list *)(void *)at);
        if (o->type != OPT_TEXT && o->type != OPT_SECRET)
            continue;
        char **text = (char **)(void *)at;
        if (*text && o->type == OPT_SECRET)
            mem_wipe(*text, strlen(*text));
        free(*text);
        *text = NULL;
    }
}

/* ---- secrets ---- */

static char *secret_file(const char *path, struct err *err)
{
    char *text = read_file(path, SECRET_MOST, err);
    if (!text) {
        err_wrap(err, "%s", path);
        return NULL;
    }
    text[strcspn(text, "\r\n")] = '\0';
    if (*text)
        return text;
    free(text);
    err_set(err, ERR_CONFIG, "%s is empty", path);
    return NULL;
}

char *opt_secret(const char *spec, struct err *err)
{
    if (str_starts(spec, "env:")) {
        const char *value = getenv(spec + 4);
        if (value && *value)
            return mem_dup(value);
        err_set(err, ERR_CONFIG, "the environment variable %s is not set", spec + 4);
        return NULL;
    }
    if (str_starts(spec, "file:"))
        return secret_file(spec + 5, err);
    if (str_starts(spec, "cred:")) {
        const char *dir = getenv("CREDENTIALS_DIRECTORY");
        AUTO_FREE char *path = mem_printf("%s/%s", dir ? dir : "", spec + 5);
        if (dir)
            return secret_file(path, err);
        err_set(err, ERR_CONFIG, "cred:%s needs CREDENTIALS_DIRECTORY, which systemd sets for LoadCredential=", spec + 5);
        return NULL;
    }
    err_set(err, ERR_CONFIG, "a secret is never written into the file: say \"env:NAME\", \"file:/path\" or \"cred:NAME\"");
    return NULL;
}

/* ---- the reference page ---- */

static void print_type(FILE *out, const struct opt *o)
{
    static const char *const kinds[] = {"text", "secret", "whole number", "number", "true/false", "time span", "one of", "list of texts"};
    fputs(kinds[o->type], out);
    for (size_t i = 0; o->type == OPT_CHOICE && o->choices[i]; i++)
        fprintf(out, "%s`%s`", i ? ", " : " ", o->choices[i]);
    if (o->max > o->min && o->type != OPT_SPAN)
        fprintf(out, " %lld–%lld", (long long)o->min, (long long)o->max);
}

void opt_reference(FILE *out, const struct opt *table)
{
    fputs("| option | type | default | meaning |\n|---|---|---|---|\n", out);
    for (const struct opt *o = table; o->name; o++) {
        fprintf(out, "| `%s` | ", o->name);
        print_type(out, o);
        fprintf(out, " | %s%s%s | %s |\n", o->required ? "required" : o->fallback ? "`" : "–", o->fallback ? o->fallback : "",
                o->fallback ? "`" : "", o->help ? o->help : "");
    }
}
