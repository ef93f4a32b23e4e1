/* Option tables over libconfig (its only home). One table per struct drives parsing, defaults, ranges, unknown-key
 * errors with the nearest name and file:line, redaction of secrets and the generated reference page.
 *
 * Faults are collected, not thrown one at a time: a person wants to see all of them at once. */
#pragma once
#include "bridge/base/err.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum opt_type {
    OPT_TEXT,   /* char *            */
    OPT_SECRET, /* char *            "env:NAME" or "file:/path" or "cred:NAME" (systemd); never a literal */
    OPT_INT,    /* int64_t           min..max */
    OPT_REAL,   /* double            */
    OPT_BOOL,   /* bool              */
    OPT_SPAN,   /* int64_t ms        "15s"; min..max in ms */
    OPT_CHOICE, /* int               index into `choices` */
    OPT_LIST,   /* struct opt_list   of texts */
};

struct opt_list {
    char **items;
    size_t n;
};

struct opt {
    const char *name;
    enum opt_type type;
    size_t offset;        /* offset of the member in the struct the table describes */
    const char *fallback; /* fallback is the default, written as in the file; NULL = zero/NULL/empty */
    bool required;
    int64_t min, max;           /* only looked at when max > min */
    const char *const *choices; /* NULL-terminated */
    const char *help;           /* one line for the reference page */
};
/* clang-format off */
#define OPT_END {.name = NULL}
/* clang-format on */

/* Faults: "file:line: message", in the order found, at most 100 kept. */
struct opt_faults {
    char **lines;
    size_t n;
    size_t all; /* all: how many there were; of very many only the first are kept */
};
void opt_fault(struct opt_faults *faults, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void opt_faults_done(struct opt_faults *faults);

/* A parsed file and the settings in it. Nodes are borrowed from the file. */
struct opt_file;
struct opt_node; /* one setting: a group, list, array or scalar */

struct opt_file *opt_open(const char *path, struct opt_faults *faults); /* NULL with a fault: unreadable or syntax */
struct opt_file *opt_open_text(const char *name, const char *text, struct opt_faults *faults);
void opt_close(struct opt_file *file);

const struct opt_node *opt_root(const struct opt_file *file);
const struct opt_node *opt_member(const struct opt_node *group, const char *name); /* NULL when absent */
const struct opt_node *opt_item(const struct opt_node *node, size_t i);            /* i-th child; NULL past the end */
size_t opt_count(const struct opt_node *node);
const char *opt_name(const struct opt_node *node);
const char *opt_text(const struct opt_node *node); /* NULL when not a string */
enum opt_kind {
    OPT_KIND_NONE, /* NULL has no kind */
    OPT_KIND_GROUP,
    OPT_KIND_LIST, /* list or array */
    OPT_KIND_TEXT,
    OPT_KIND_WHOLE,
    OPT_KIND_REAL,
    OPT_KIND_BOOL,
};
enum opt_kind opt_kind(const struct opt_node *node);
bool opt_is_group(const struct opt_node *node);
bool opt_is_list(const struct opt_node *node);
const char *opt_place_file(const struct opt_node *node);
int opt_place_line(const struct opt_node *node);
/* opt_scalar_text: any scalar as text ("12", "0.5", "true", the string itself); caller frees; NULL for groups, lists. */
char *opt_scalar_text(const struct opt_node *node);

/* opt_read fills *out from group by the table (defaults for what is absent). Names in `also` (NULL-terminated, may be
 * NULL) are members the caller reads itself; any other unknown name is a fault with the nearest known name.
 * False when it added a fault. Strings are owned by *out: free with opt_clear. */
bool opt_read(const struct opt_node *group, const struct opt *table, const char *const *also, void *out,
              struct opt_faults *faults);
void opt_default(const struct opt *table, void *out);
void opt_clear(const struct opt *table, void *out); /* frees, wipes secrets, zeroes the members */

/* opt_unknown: adds a fault for each member of group that is not in `known` (NULL-terminated). */
void opt_unknown(const struct opt_node *group, const char *const *known, struct opt_faults *faults);

/* opt_secret resolves "env:NAME", "file:/path" (trailing newline cut, ≤ 64 KiB), "cred:NAME". Caller wipes and frees. */
char *opt_secret(const char *spec, struct err *err) MUST_CHECK;

/* opt_reference prints the table as Markdown rows: name, type and range, default, help. */
void opt_reference(FILE *out, const struct opt *table);
