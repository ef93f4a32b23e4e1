/* Configuration files as trees of nodes: the only home of libconfig. What may stand in them is said by the tables of
 * opt_table.c; this file knows no option by name. */
#include "bridge/base/opt.h"
#include "bridge/base/buf.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include <errno.h>
#include <libconfig.h>
#include <stdarg.h>
#include <string.h>

#define FAULTS_MOST 100
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
    if (!faults || ++faults->all > FAULTS_MOST)
        return;
    if (line > 0)
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
    if (!faults)
        return;
    for (size_t i = 0; i < faults->n; i++)
        free(faults->lines[i]);
    free(faults->lines);
    *faults = (struct opt_faults){0};
}

/* ---- files ---- */

/* What a file includes is looked for beside it. */
static void look_beside(config_t *config, const char *path)
{
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *dir = slash ? mem_dup_n(path, (size_t)(slash - path)) : mem_dup(".");
    config_set_include_dir(config, *dir ? dir : "/");
}

struct opt_file *opt_open_text(const char *name, const char *text, struct opt_faults *faults)
{
    struct opt_file *file = mem_alloc(sizeof *file);
    config_init(&file->config);
    look_beside(&file->config, name);
    file->name = mem_dup(name);
    if (config_read_string(&file->config, text)) {
        config_setting_set_hook(config_root_setting(&file->config), file->name);
        return file;
    }
    const char *included = config_error_file(&file->config);
    opt_fault(faults, included ? included : file->name, config_error_line(&file->config), "%s",
              config_error_text(&file->config));
    opt_close(file);
    return NULL;
}

static char *read_text(const char *path, struct opt_faults *faults)
{
    FILE *f = fopen(path, "rbe");
    if (!f) {
        opt_fault(faults, path, 0, "cannot be read: %s", strerror(errno));
        return NULL;
    }
    char *text = mem_alloc(FILE_MOST + 2);
    errno = 0;
    size_t n = fread(text, 1, FILE_MOST + 1, f);
    int failed = ferror(f) ? errno : 0;
    fclose(f);
    if (failed)
        opt_fault(faults, path, 0, "cannot be read: %s", strerror(failed));
    else if (n > FILE_MOST)
        opt_fault(faults, path, 0, "is larger than %u MiB", FILE_MOST >> 20);
    else if (memchr(text, 0, n))
        opt_fault(faults, path, 0, "holds a NUL byte: this is no text file");
    else
        return text;
    free(text);
    return NULL;
}

struct opt_file *opt_open(const char *path, struct opt_faults *faults)
{
    AUTO_FREE char *text = read_text(path, faults);
    return text ? opt_open_text(path, text, faults) : NULL;
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

enum opt_kind opt_kind(const struct opt_node *node)
{
    switch (node ? config_setting_type(raw(node)) : CONFIG_TYPE_NONE) {
    case CONFIG_TYPE_GROUP:
        return OPT_KIND_GROUP;
    case CONFIG_TYPE_LIST:
    case CONFIG_TYPE_ARRAY:
        return OPT_KIND_LIST;
    case CONFIG_TYPE_STRING:
        return OPT_KIND_TEXT;
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return OPT_KIND_WHOLE;
    case CONFIG_TYPE_FLOAT:
        return OPT_KIND_REAL;
    case CONFIG_TYPE_BOOL:
        return OPT_KIND_BOOL;
    default:
        return OPT_KIND_NONE;
    }
}

bool opt_is_group(const struct opt_node *node)
{
    return opt_kind(node) == OPT_KIND_GROUP;
}

bool opt_is_list(const struct opt_node *node)
{
    return opt_kind(node) == OPT_KIND_LIST;
}

size_t opt_count(const struct opt_node *node)
{
    return opt_is_group(node) || opt_is_list(node) ? (size_t)config_setting_length(raw(node)) : 0;
}

const struct opt_node *opt_item(const struct opt_node *node, size_t i)
{
    return i < opt_count(node) ? node_of(config_setting_get_elem(raw(node), (unsigned)i)) : NULL;
}

/* Member by member: libconfig's own lookup would read "a.b" as a path. */
const struct opt_node *opt_member(const struct opt_node *group, const char *name)
{
    for (size_t i = 0; opt_is_group(group) && i < opt_count(group); i++)
        if (str_eq(opt_name(opt_item(group, i)), name))
            return opt_item(group, i);
    return NULL;
}

const char *opt_name(const struct opt_node *node)
{
    return node ? config_setting_name(raw(node)) : NULL;
}

const char *opt_text(const struct opt_node *node)
{
    return opt_kind(node) == OPT_KIND_TEXT ? config_setting_get_string(raw(node)) : NULL;
}

char *opt_scalar_text(const struct opt_node *node)
{
    char real[STR_REAL];
    switch (opt_kind(node)) {
    case OPT_KIND_TEXT:
        return mem_dup(config_setting_get_string(raw(node)));
    case OPT_KIND_WHOLE:
        return mem_printf("%lld", config_setting_get_int64(raw(node)));
    case OPT_KIND_REAL:
        str_of_real(config_setting_get_float(raw(node)), real);
        return mem_dup(real);
    case OPT_KIND_BOOL:
        return mem_dup(config_setting_get_bool(raw(node)) ? "true" : "false");
    default:
        return NULL;
    }
}

const char *opt_place_file(const struct opt_node *node)
{
    const config_setting_t *s = raw(node);
    const char *included = config_setting_source_file(s);
    if (included)
        return included;
    while (!config_setting_is_root(s))
        s = config_setting_parent(s);
    const char *name = config_setting_get_hook(s);
    return name ? name : "?";
}

int opt_place_line(const struct opt_node *node)
{
    return (int)config_setting_source_line(raw(node));
}
