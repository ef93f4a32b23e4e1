/* Tags and statuses, which are one thing with two names, and the palette. */
#include "bridge/base/str.h"
#include "tests/sandbox/inbox_inner.h"

#define NAME_LENGTH 255

static const char *const palette[][2] = {{"red", "#ef4444"},  {"blue", "#3b82f6"},  {"green", "#22c55e"},
                                         {"teal", "#14b8a6"}, {"amber", "#f59e0b"}, {"purple", "#a855f7"},
                                         {"gray", "#6b7280"}};

static struct labels *labels_of(struct exchange *e, bool status)
{
    return status ? &e->x->statuses : &e->x->tags;
}

static void reply_label(struct exchange *e, const struct label *l, bool status)
{
    struct buf b = BUF_INIT(0);
    write_label(&b, l, status);
    reply(e, &b);
}

static bool ask_label(struct exchange *e, bool status, struct label **out)
{
    *out = find_label_id(labels_of(e, status), e->ids[0]);
    if (!*out)
        reply_error(e, 404, status ? "STATUS_NOT_FOUND" : "TAG_NOT_FOUND",
                    status ? "Status not found" : "Tag not found");
    return *out;
}

static bool is_free(struct exchange *e, bool status, const char *name, const struct label *mine)
{
    const struct labels *labels = labels_of(e, status);
    for (size_t i = 0; i < labels->n; i++)
        if (labels->items[i] != mine && str_eq(labels->items[i]->name, name)) {
            reply_error(e, 409, "CONFLICT", "%s exists already", name);
            return false;
        }
    return true;
}

static bool ask_color(struct exchange *e, const char **out, bool *given)
{
    const json_t *color = json_object_get(e->body, "color");
    *given = color;
    *out = json_string_value(color);
    if (color && !*out && !json_is_null(color)) {
        reply_error(e, 400, "VALIDATION_ERROR", "color must be a text or null");
        return false;
    }
    return true;
}

static void list(struct exchange *e, bool status)
{
    struct buf b = BUF_INIT(0);
    const struct labels *labels = labels_of(e, status);
    PUT(&b, "[");
    for (size_t i = 0; i < labels->n; i++) {
        if (i)
            buf_putc(&b, ',');
        write_label(&b, labels->items[i], status);
    }
    PUT(&b, "]");
    reply(e, &b);
}

/* A tag always has a colour: one of the palette when none is said. */
static void create(struct exchange *e, bool status)
{
    const char *name, *color;
    bool given;
    if (!ask_text(e, "name", true, NAME_LENGTH, &name) || !ask_color(e, &color, &given) ||
        !is_free(e, status, name, NULL))
        return;
    if (!color && !status)
        color = palette[inbox_random(e->x) % COUNT(palette)][1];
    const struct label *l = inbox_add_label(e->x, labels_of(e, status), name, color);
    e->wrote = true;
    tell_label(e->x, status ? "status.created" : "tag.created", l, status);
    reply_label(e, l, status);
}

static void read(struct exchange *e, bool status)
{
    struct label *l;
    if (ask_label(e, status, &l))
        reply_label(e, l, status);
}

static void patch(struct exchange *e, bool status)
{
    struct label *l;
    const char *name, *color;
    bool given;
    if (!ask_label(e, status, &l) || !ask_text(e, "name", false, NAME_LENGTH, &name) || !ask_color(e, &color, &given))
        return;
    if (name && !is_free(e, status, name, l))
        return;
    e->wrote = rename_label(e->x, labels_of(e, status), l, name, given && (color || status), color);
    reply_label(e, l, status);
}

static void drop(struct exchange *e, bool status)
{
    struct label *l;
    if (!ask_label(e, status, &l))
        return;
    e->wrote = true;
    delete_label(e->x, labels_of(e, status), l);
    reply_nothing(e);
}

void list_tags(struct exchange *e)
{
    list(e, false);
}

void create_tag(struct exchange *e)
{
    create(e, false);
}

void read_tag(struct exchange *e)
{
    read(e, false);
}

void patch_tag(struct exchange *e)
{
    patch(e, false);
}

void remove_tag(struct exchange *e)
{
    drop(e, false);
}

void list_statuses(struct exchange *e)
{
    list(e, true);
}

void create_status(struct exchange *e)
{
    create(e, true);
}

void read_status(struct exchange *e)
{
    read(e, true);
}

void patch_status(struct exchange *e)
{
    patch(e, true);
}

void remove_status(struct exchange *e)
{
    drop(e, true);
}

void list_colors(struct exchange *e)
{
    struct buf b = BUF_INIT(0);
    for (size_t i = 0; i < COUNT(palette); i++)
        buf_printf(&b, "%s{\"name\":\"%s\",\"hex\":\"%s\"}", i ? "," : "[", palette[i][0], palette[i][1]);
    PUT(&b, "]");
    reply(e, &b);
}
