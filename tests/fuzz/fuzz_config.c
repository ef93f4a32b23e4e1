/* A configuration file: read, or refused with at least one fault; never both, never neither. Files that include others
 * are left out, so that no input reaches the disk. */
#include "bridge/base/mem.h"
#include "bridge/base/opt.h"
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
const char *__lsan_default_suppressions(void);

/* libconfig forgets a half-read text when it meets a syntax error: some bytes, once, before the program refuses to start. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig";
}

struct sample {
    char *text;
    int64_t whole, span;
    double real;
    bool yes;
    int choice;
    struct opt_list list;
};

static const char *const choices[] = {"live", "plan", NULL};

static const struct opt table[] = {
    {"text", OPT_TEXT, offsetof(struct sample, text), "x", false, 0, 0, NULL, NULL},
    {"whole", OPT_INT, offsetof(struct sample, whole), "5", false, 0, 100, NULL, NULL},
    {"real", OPT_REAL, offsetof(struct sample, real), NULL, false, 0, 0, NULL, NULL},
    {"yes", OPT_BOOL, offsetof(struct sample, yes), "true", false, 0, 0, NULL, NULL},
    {"span", OPT_SPAN, offsetof(struct sample, span), "5s", false, 1000, 60000, NULL, NULL},
    {"choice", OPT_CHOICE, offsetof(struct sample, choice), "plan", false, 0, 0, choices, NULL},
    {"list", OPT_LIST, offsetof(struct sample, list), "( \"a\" )", false, 0, 0, NULL, NULL},
    OPT_END,
};

static void walk(const struct opt_node *node, int depth)
{
    AUTO_FREE char *text = opt_scalar_text(node);
    if (text && (opt_is_group(node) || opt_is_list(node)))
        abort();
    if (!opt_place_file(node) || opt_place_line(node) < 0 || depth > 200)
        return;
    for (size_t i = 0; i < opt_count(node); i++)
        walk(opt_item(node, i), depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_FREE char *text = mem_dup_n((const char *)data, n);
    AUTO(opt_faults_done) struct opt_faults faults = {0};
    struct sample s = {0};
    if (strstr(text, "@include"))
        return 0;
    struct opt_file *file = opt_open_text("fuzz.cfg", text, &faults);
    if (!file != (faults.n > 0))
        abort();
    if (!file)
        return 0;
    walk(opt_root(file), 0);
    if (opt_read(opt_root(file), table, NULL, &s, &faults) != (faults.n == 0))
        abort();
    opt_clear(table, &s);
    opt_close(file);
    return 0;
}
