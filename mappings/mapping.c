/* Reading a mapping file, and the laws that need no live schema. Every fault names its line; nothing stops at the first. */
#include "mappings/mapping.h"
#include "bridge/base/buf.h"
#include "bridge/base/hash.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "mappings/digest.h"
#include "mappings/parts.h"
#include <string.h>

/* ---- the option tables ---- */

static const char *const flows[] = {"both", "to_crm", "to_inbox", "none", NULL};
static const char *const forbids[] = {"ignore", "revert", "alert", NULL};
static const char *const modes[] = {"create-if-missing", "update-only", "link-only", "append", NULL};
#define MODE_APPEND 3 /* only in files: what is appended is created if missing */
static const char *const reopens[] = {"never", "new", "reuse", NULL};
static const char *const policies[] = {"crm", "source", "crm_unless_blank", "source_unless_blank", "newest", "max",
                                       "min", "monotone", "union", "append", "hold", NULL};
static const char *const blanks[] = {"write", "keep", NULL};
static const char *const unknowns[] = {"hold", "ignore", NULL};

struct field_text { /* a field as written */
    char *name, *inbox, *crm, *table;
    int flow, conflict, initial, otherwise, on_forbidden, on_unknown;
    bool line;
    struct opt_list transform, order;
};
#define F(m) offsetof(struct field_text, m)
static const struct opt field_table[] = {
    {"name", OPT_TEXT, F(name), NULL, true, 0, 0, NULL, "name in plans, explanations and the log"},
    {"inbox", OPT_TEXT, F(inbox), NULL, true, 0, 0, NULL, "field on the Inbox side"},
    {"crm", OPT_TEXT, F(crm), NULL, true, 0, 0, NULL, "field on the CRM side"},
    {"table", OPT_TEXT, F(table), NULL, false, 0, 0, NULL, "value table of this object"},
    {"flow", OPT_CHOICE, F(flow), "both", false, 0, 0, flows, "which way the field flows"},
    {"conflict", OPT_CHOICE, F(conflict), "hold", false, 0, 0, policies, "who wins when both sides changed"},
    {"initial", OPT_CHOICE, F(initial), "hold", false, 0, 0, policies, "who wins at first contact when both sides have a value"},
    {"otherwise", OPT_CHOICE, F(otherwise), "hold", false, 0, 0, policies, "for newest: when nobody can tell which edit was later"},
    {"on_forbidden", OPT_CHOICE, F(on_forbidden), "ignore", false, 0, 0, forbids, "a one-way field was changed on the wrong side"},
    {"line", OPT_BOOL, F(line), "false", false, 0, 0, NULL, "only the bridge's own line in this Inbox text, e.g. the record's address"},
    {"on_unknown", OPT_CHOICE, F(on_unknown), "hold", false, 0, 0, unknowns, "the other side has no option, or nobody, of that name"},
    {"transform", OPT_LIST, F(transform), NULL, false, 0, 0, NULL, "steps from Inbox to the CRM"},
    {"order", OPT_LIST, F(order), NULL, false, 0, 0, NULL, "Inbox values, earliest first, for monotone and reached; default the table's order"},
    OPT_END};
static const char *const field_also[] = {"on_blank", NULL};

struct object_text {
    char *inbox, *crm, *of, *key, *pipeline, *currency;
    int reopen;
    struct opt_list match;
    bool create;
    int mode;
    int64_t max_creates;
};
#define O(m) offsetof(struct object_text, m)
static const struct opt object_table[] = {
    {"inbox", OPT_TEXT, O(inbox), "prospect", false, 0, 0, NULL, "object on the Inbox side"},
    {"crm", OPT_TEXT, O(crm), NULL, true, 0, 0, NULL, "object on the CRM side"},
    {"of", OPT_TEXT, O(of), NULL, false, 0, 0, NULL, "parent object"},
    {"reopen", OPT_CHOICE, O(reopen), "never", false, 0, 0, reopens, "of a parent: what a change in Inbox does once the record is closed"},
    {"pipeline", OPT_TEXT, O(pipeline), NULL, false, 0, 0, NULL, "of a parent: pipeline of new records, id or label"},
    {"currency", OPT_TEXT, O(currency), NULL, false, 0, 0, NULL, "of a parent: CRM field with the currency of its amounts"},
    {"key", OPT_TEXT, O(key), NULL, true, 0, 0, NULL, "CRM field that carries the bridge key; unique"},
    {"match", OPT_LIST, O(match), NULL, false, 0, 0, NULL, "CRM fields tried in order at first contact"},
    {"create", OPT_BOOL, O(create), "true", false, 0, 0, NULL, "create what does not match"},
    {"mode", OPT_CHOICE, O(mode), "create-if-missing", false, 0, 0, modes, "what a first contact may do"},
    {"max_creates", OPT_INT, O(max_creates), "100", false, 0, INT32_MAX, NULL, "creates allowed before a plan was applied"},
    OPT_END};

/* ---- fields ---- */

static void take(char **to, char **from)
{
    *to = *from;
    *from = NULL;
}

static void parse_blank(struct map_field *f, const struct opt_node *node, struct opt_faults *faults)
{
    struct {
        int to_crm, to_inbox;
    } b = {0};
    const struct opt table[] = {{"to_crm", OPT_CHOICE, 0, "write", false, 0, 0, blanks, ""},
                                {"to_inbox", OPT_CHOICE, sizeof(int), "write", false, 0, 0, blanks, ""},
                                OPT_END};
    f->blank_to[SIDE_S] = f->blank_to[SIDE_T] = true;
    if (!node)
        return;
    const char *word = opt_text(node);
    if (word && !str_eq(word, "keep") && !str_eq(word, "write"))
        opt_fault(faults, opt_place_file(node), opt_place_line(node), "on_blank: must be \"write\", \"keep\" or a group");
    if (word)
        b.to_crm = b.to_inbox = str_eq(word, "keep");
    else
        opt_read(node, table, NULL, &b, faults);
    f->blank_to[SIDE_T] = !b.to_crm;
    f->blank_to[SIDE_S] = !b.to_inbox;
}

static void parse_steps(struct map_field *f, const struct opt_list *list, const char *file, struct opt_faults *faults)
{
    f->steps = mem_grow(NULL, list->n + 1, sizeof(struct step *));
    for (size_t i = 0; i < list->n; i++) {
        struct step *s = step_parse(list->items[i], file, f->line, faults);
        if (s)
            f->steps[f->n_steps++] = s;
    }
}

static bool parse_field(struct map_field *f, const struct opt_node *node, char **table_name, struct opt_faults *faults)
{
    struct field_text t = {0};
    *f = (struct map_field){.line = opt_place_line(node)};
    bool ok = opt_read(node, field_table, field_also, &t, faults);
    take(&f->name, &t.name);
    take(&f->path[SIDE_S], &t.inbox);
    take(&f->path[SIDE_T], &t.crm);
    take(table_name, &t.table);
    f->flow = (enum flow)t.flow;
    f->conflict = (enum policy)t.conflict;
    f->initial = (enum policy)t.initial;
    f->otherwise = (enum policy)t.otherwise;
    f->on_forbidden = (enum forbidden)t.on_forbidden;
    f->fence = t.line ? mem_dup("crm") : NULL; /* until mapping_tag */
    f->skip_unknown = t.on_unknown;
    f->order = t.order.items;
    f->n_order = t.order.n;
    t.order = (struct opt_list){0};
    parse_blank(f, opt_member(node, "on_blank"), faults);
    parse_steps(f, &t.transform, opt_place_file(node), faults);
    opt_clear(field_table, &t);
    return ok;
}

/* ---- tables of an object ---- */

struct tables {
    struct table **items;
    size_t n;
};

static bool known_member(const char *name)
{
    static const char *const also[] = {"filter", "fields", "create_when"};
    for (const struct opt *o = object_table; o->name; o++)
        if (str_eq(o->name, name))
            return true;
    return str_eq(name, also[0]) || str_eq(name, also[1]) || str_eq(name, also[2]);
}

/* Any member that is a list of pairs, or a group with `pairs`, is a table. */
static bool looks_like_table(const struct opt_node *node)
{
    return opt_is_list(node) ? opt_is_list(opt_item(node, 0)) : opt_is_group(node) && opt_member(node, "pairs");
}

static struct tables parse_tables(const struct opt_node *object, struct opt_faults *faults)
{
    struct tables t = {.items = mem_grow(NULL, opt_count(object) + 1, sizeof *t.items)};
    for (size_t i = 0; i < opt_count(object); i++) {
        const struct opt_node *node = opt_item(object, i);
        if (known_member(opt_name(node)) || !looks_like_table(node))
            continue;
        t.items[t.n] = table_parse(node, faults);
        table_laws(t.items[t.n], opt_place_file(node), faults);
        t.n++;
    }
    return t;
}

static struct table *table_named(const struct tables *tables, const char *name, const char *file, int line, struct opt_faults *faults)
{
    AUTO_FREE const char **names = mem_grow(NULL, tables->n + 1, sizeof *names);
    for (size_t i = 0; i < tables->n; i++) {
        names[i] = tables->items[i]->name;
        if (!str_eq(names[i], name))
            continue;
        tables->items[i]->used = true;
        return tables->items[i];
    }
    const char *nearest = str_nearest(name, names, tables->n);
    opt_fault(faults, file, line, "no table is called \"%s\" here%s%s%s", name, nearest ? "; did you mean \"" : "", nearest ? nearest : "",
              nearest ? "\"?" : "");
    return NULL;
}

/* ---- laws ---- */

static void law_invertible(const struct map_field *f, const char *file, struct opt_faults *faults)
{
    if (f->flow == FLOW_TO_CRM || f->flow == FLOW_NONE)
        return;
    for (size_t i = 0; i < f->n_steps; i++)
        if (!step_invertible(f->steps[i]))
            opt_fault(faults, file, f->line, "field %s flows back to Inbox, but transform %s has no way back; say flow = \"to_crm\"", f->name,
                      step_name(f->steps[i]));
}

static void law_policy(const struct map_field *f, const char *file, struct opt_faults *faults)
{
    if (f->conflict == POLICY_MONOTONE && !f->n_order)
        opt_fault(faults, file, f->line, "field %s: monotone needs an order, or a table whose order it can use", f->name);
    if ((f->conflict == POLICY_UNION || f->conflict == POLICY_APPEND) && f->flow != FLOW_BOTH)
        opt_fault(faults, file, f->line, "field %s: %s merges both sides, so its flow must be \"both\"", f->name, policy_name(f->conflict));
    if (f->conflict == POLICY_APPEND && f->table)
        opt_fault(faults, file, f->line, "field %s: append is for free text, not for table %s", f->name, f->table->name);
    if (f->initial == POLICY_UNION || f->initial == POLICY_APPEND)
        opt_fault(faults, file, f->line, "field %s: initial cannot be %s; conflict = \"%s\" merges at first contact too", f->name,
                  policy_name(f->initial), policy_name(f->initial));
}

/* A line of the bridge in somebody's text: put there, never read from there. */
static void law_line(struct map_field *f, const char *file, struct opt_faults *faults)
{
    if (!f->fence)
        return;
    f->conflict = f->initial = POLICY_CRM;
    if (f->flow != FLOW_TO_INBOX)
        opt_fault(faults, file, f->line, "field %s: a line of the bridge only flows to Inbox: say flow = \"to_inbox\"", f->name);
    if (f->table || f->n_steps)
        opt_fault(faults, file, f->line, "field %s: a line of the bridge holds the CRM's value as it is: no table, no transform", f->name);
}

static void law_twice(const struct map_object *o, const char *file, struct opt_faults *faults)
{
    for (size_t i = 0; i < o->n_fields; i++) {
        const struct map_field *f = &o->fields[i];
        if (str_eq(f->path[SIDE_T], o->key))
            opt_fault(faults, file, f->line, "field %s writes %s, which is the bridge key", f->name, o->key);
        for (size_t k = 0; k < i; k++) {
            const struct map_field *g = &o->fields[k];
            bool both_crm = f->flow != FLOW_TO_INBOX && g->flow != FLOW_TO_INBOX && f->flow != FLOW_NONE && g->flow != FLOW_NONE;
            bool both_inbox = f->flow != FLOW_TO_CRM && g->flow != FLOW_TO_CRM && f->flow != FLOW_NONE && g->flow != FLOW_NONE;
            if (str_eq(f->name, g->name))
                opt_fault(faults, file, f->line, "two fields are called %s (the other on line %d)", f->name, g->line);
            if (both_crm && str_eq(f->path[SIDE_T], g->path[SIDE_T]))
                opt_fault(faults, file, f->line, "fields %s (line %d) and %s both write %s in the CRM", g->name, g->line, f->name, f->path[SIDE_T]);
            if (both_inbox && str_eq(f->path[SIDE_S], g->path[SIDE_S]) && !f->fence == !g->fence)
                opt_fault(faults, file, f->line, "fields %s (line %d) and %s both write %s in Inbox", g->name, g->line, f->name, f->path[SIDE_S]);
        }
    }
}

/* ---- objects ---- */

/* Earliest stage first: the table's own order serves unless another was written. */
static void default_order(struct map_field *f)
{
    if (f->n_order || !f->table)
        return;
    f->order = mem_grow(NULL, f->table->n + 1, sizeof *f->order);
    for (size_t i = 0; i < f->table->n; i++)
        f->order[f->n_order++] = mem_dup(json_string_value(f->table->pairs[i].v[SIDE_S]));
}

static void parse_fields(struct map_object *o, const struct opt_node *list, const struct tables *tables, struct opt_faults *faults)
{
    o->fields = mem_grow(NULL, opt_count(list) + 1, sizeof *o->fields);
    for (size_t i = 0; i < opt_count(list); i++) {
        const struct opt_node *node = opt_item(list, i);
        struct map_field *f = &o->fields[o->n_fields++];
        AUTO_FREE char *table = NULL;
        if (!parse_field(f, node, &table, faults))
            continue;
        if (table)
            f->table = table_named(tables, table, opt_place_file(node), f->line, faults);
        default_order(f);
        law_invertible(f, opt_place_file(node), faults);
        law_policy(f, opt_place_file(node), faults);
        law_line(f, opt_place_file(node), faults);
    }
}

static void parse_match(struct map_object *o, struct opt_list *list)
{
    bool has_key = list->n && str_eq(list->items[0], o->key);
    o->match = mem_grow(NULL, list->n + 2, sizeof *o->match);
    if (!has_key)
        o->match[o->n_match++] = mem_dup(o->key);
    for (size_t i = 0; i < list->n; i++)
        o->match[o->n_match++] = mem_dup(list->items[i]);
}

/* The members this file reads of every object, and `more`. */
static const char **all_members(const char *const *more)
{
    const char *own[COUNT(object_table)] = {0};
    for (size_t i = 0; object_table[i].name; i++)
        own[i] = object_table[i].name;
    return append_names(own, more);
}

static void parse_object(struct mapping *m, const struct opt_node *node, struct opt_faults *faults)
{
    struct map_object *o = &m->objects[m->n++];
    struct object_text t = {0};
    *o = (struct map_object){.name = mem_dup(opt_name(node)), .line = opt_place_line(node)};
    if (!opt_is_group(node)) {
        opt_fault(faults, m->file, o->line, "%s: must be a group: { crm = …; fields = ( … ); }", o->name);
        return;
    }
    struct tables tables = parse_tables(node, faults);
    AUTO_FREE const char **also = mem_grow(NULL, tables.n + 4, sizeof *also);
    also[0] = "filter";
    also[1] = "fields";
    also[2] = "create_when";
    for (size_t i = 0; i < tables.n; i++)
        also[3 + i] = tables.items[i]->name;
    also[3 + tables.n] = NULL;
    const struct opt_node *fields = opt_member(node, "fields"), *filter = opt_member(node, "filter"), *when = opt_member(node, "create_when");
    AUTO_FREE const char **with_digest = append_names(also, append_is(node) ? digest_members : also + 3 + tables.n);
    AUTO_FREE const char **with_all = all_members(also);
    bool ok = opt_read(node, object_table, with_digest, &t, faults);
    if (ok) {
        take(&o->type[SIDE_S], &t.inbox);
        take(&o->type[SIDE_T], &t.crm);
        take(&o->of, &t.of);
        take(&o->key, &t.key);
        o->mode = t.mode == MODE_CREATE && !t.create ? MODE_UPDATE : t.mode == MODE_APPEND ? MODE_CREATE : (enum mode)t.mode;
        take(&o->pipeline, &t.pipeline);
        take(&o->currency, &t.currency);
        o->reopen = (enum reopen)t.reopen;
        o->max_creates = t.max_creates;
        parse_match(o, &t.match);
        if (filter)
            o->filter = filter_parse(filter, faults);
        if (when)
            o->when = filter_parse_when(when, faults);
        if (!opt_count(fields))
            opt_fault(faults, m->file, o->line, "%s: no fields", o->name);
        parse_fields(o, fields, &tables, faults);
        law_twice(o, m->file, faults);
        if (t.mode == MODE_APPEND)
            append_parse(o, node, with_all, m->file, faults);
    }
    o->tables = tables.items;
    o->n_tables = tables.n;
    for (size_t i = 0; ok && i < tables.n; i++)
        if (!tables.items[i]->used)
            opt_fault(faults, m->file, tables.items[i]->line, "no field uses table %s", tables.items[i]->name);
    opt_clear(object_table, &t);
}

/* The meaning: names and values in order, without comments and layout. */
static void dump(struct buf *b, const struct opt_node *node)
{
    AUTO_FREE char *text = opt_scalar_text(node);
    buf_printf(b, "%s=%s(", opt_name(node) ? opt_name(node) : "", text ? text : "");
    for (size_t i = 0; i < opt_count(node); i++)
        dump(b, opt_item(node, i));
    buf_putc(b, ')');
}

static struct mapping *build(const char *name, struct opt_file *file, struct opt_faults *faults)
{
    if (!file)
        return NULL;
    size_t before = faults->all;
    const struct opt_node *root = opt_root(file);
    struct mapping *m = mem_alloc(sizeof *m);
    struct buf meaning = {0};
    m->file = mem_dup(name);
    m->objects = mem_alloc((opt_count(root) + 1) * sizeof *m->objects);
    for (size_t i = 0; i < opt_count(root); i++)
        parse_object(m, opt_item(root, i), faults);
    append_parents(m);
    if (!m->n)
        opt_fault(faults, name, 0, "no objects: say prospect = { crm = …; key = …; fields = ( … ); };");
    child_laws(m, faults);
    dump(&meaning, root);
    m->hash = hash_sha256_hex(buf_str(&meaning), meaning.n);
    buf_done(&meaning);
    opt_close(file);
    if (faults->all == before)
        return m;
    mapping_free(m);
    return NULL;
}

struct mapping *mapping_load(const char *path, struct opt_faults *faults)
{
    return build(path, opt_open(path, faults), faults);
}

struct mapping *mapping_load_text(const char *name, const char *text, struct opt_faults *faults)
{
    return build(name, opt_open_text(name, text, faults), faults);
}

void mapping_tag(struct mapping *m, const char *tag)
{
    for (size_t i = 0; i < m->n; i++)
        for (size_t k = 0; k < m->objects[i].n_fields; k++) {
            char **fence = &m->objects[i].fields[k].fence, *copy = mem_dup(*fence ? tag : NULL);
            free(*fence);
            *fence = copy;
        }
}

/* ---- freeing ---- */

static void free_list(char **items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(items[i]);
    free(items);
}

static void field_done(struct map_field *f)
{
    for (size_t i = 0; i < f->n_steps; i++)
        step_free(f->steps[i]);
    free(f->steps);
    free_list(f->order, f->n_order);
    free(f->fence);
    free(f->name);
    free(f->path[SIDE_S]);
    free(f->path[SIDE_T]);
}

static void object_done(struct map_object *o)
{
    for (size_t i = 0; i < o->n_fields; i++)
        field_done(&o->fields[i]);
    for (size_t i = 0; i < o->n_tables; i++)
        table_free(o->tables[i]);
    free(o->tables);
    free(o->fields);
    free_list(o->match, o->n_match);
    filter_free(o->filter);
    digest_free(o->digest);
    filter_free(o->when);
    free(o->pipeline);
    free(o->currency);
    free(o->name);
    free(o->type[SIDE_S]);
    free(o->type[SIDE_T]);
    free(o->of);
    free(o->key);
}

void mapping_free(struct mapping *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n; i++)
        object_done(&m->objects[i]);
    free(m->objects);
    free(m->file);
    free(m->hash);
    free(m);
}
