/* Messages → entries. A message becomes one line (several when it is longer than an entry may be); the lines of a day, or of
 * one message, fill entries up to the limit. Texts are redacted first, cut into lines second and escaped last, so that no
 * pattern misses its match at a cut and no cut falls into an escape. */
#include "bridge/base/buf.h"
#include "bridge/base/hash.h"
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "mappings/digest_parts.h"
#include "mappings/mapping.h"
#include <stdio.h>
#include <string.h>

#define LIMIT_UNKNOWN 65536
#define ROOM_LEAST 64 /* of a line, whatever its heading and names take */

/* ---- characters ---- */

/* Services that count characters count UTF-16: beyond the basic plane one counts twice. */
static size_t units_of(const char *text, size_t n)
{
    size_t units = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        units += (c & 0xC0) != 0x80;
        units += c >= 0xF0;
    }
    return units;
}

static size_t width(const char *at)
{
    unsigned char c = (unsigned char)*at;
    size_t n = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4, i = 1;
    while (i < n && at[i])
        i++;
    return i;
}

static const char *escape_of(const struct digest *d, char c)
{
    if (c == '\r')
        return "";
    if (d->format == DIGEST_TEXT)
        return NULL;
    return c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '\n' ? "<br>" : NULL;
}

static void put_escaped(const struct digest *d, struct buf *b, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *instead = escape_of(d, text[i]);
        if (instead)
            buf_puts(b, instead);
        else
            buf_putc(b, text[i]);
    }
}

/* How many bytes of the text, escaped, fit into so many characters: whole characters, at least one. */
static size_t fitting(const struct digest *d, const char *text, size_t room)
{
    size_t bytes = 0, used = 0;
    while (text[bytes]) {
        size_t n = width(text + bytes);
        const char *instead = escape_of(d, text[bytes]);
        used += instead ? strlen(instead) : units_of(text + bytes, n);
        if (used > room && bytes)
            break;
        bytes += n;
    }
    return bytes;
}

/* ---- what a message says ---- */

static char *redacted(const struct digest *d, const char *text, const regex_t *pattern)
{
    struct buf b = {0};
    regmatch_t m;
    int flags = 0;
    while (*text && !regexec(pattern, text, 1, &m, flags) && m.rm_so >= 0) {
        bool empty = m.rm_eo == m.rm_so;
        buf_add(&b, text, (size_t)m.rm_so);
        if (!empty)
            buf_puts(&b, d->words.redacted);
        text += m.rm_eo;
        for (size_t n = empty && *text ? width(text) : 0; n; n--)
            buf_putc(&b, *text++);
        flags = REG_NOTBOL;
    }
    buf_puts(&b, text);
    return buf_take(&b);
}

static char *said(const struct digest *d, const json_t *m)
{
    const char *content = js_str_or(m, "text", "");
    struct buf b = {0};
    size_t i;
    json_t *kind;
    if (js_bool_or(m, "deleted", false))
        return mem_dup(d->words.deleted);
    char *text = mem_dup(str_blank(content) && js_bool_or(m, "encrypted", false) ? d->words.encrypted : content);
    for (size_t k = 0; k < d->n_patterns; k++) {
        char *clean = redacted(d, text, &d->patterns[k]);
        free(text);
        text = clean;
    }
    buf_puts(&b, text);
    json_array_foreach (json_object_get(m, "attachments"), i, kind) {
        const char *what = json_string_value(kind);
        buf_printf(&b, "%s%s%s%s", b.n ? " " : "", d->words.attachment, what && *what ? " " : "", what ? what : "");
    }
    if (js_bool_or(m, "edited", false))
        buf_printf(&b, " %s", d->words.edited);
    free(text);
    return buf_take(&b);
}

/* ---- entries being filled ---- */

struct filling {
    const struct digest *d;
    const json_t *conversation;
    struct entries *out;
    size_t limit;
    char *key, *day; /* of the group */
    int part;
    struct buf body, print; /* of the open part; body empty: none is open */
    size_t used, messages;
    int64_t first;
    bool sent, received;
};

static void day_of(const struct digest *d, int64_t at, char out[WHEN_TEXT])
{
    when_print(at + d->offset, out);
}

static char *title_of(const struct filling *f)
{
    const char *with = js_str_or(f->conversation, "with", "somebody");
    AUTO_FREE char *part = f->part > 1 ? mem_printf(" (%d)", f->part) : mem_dup("");
    return mem_printf("Conversation with %s, %s%s", with, f->day, part);
}

static void close_part(struct filling *f)
{
    char first[WHEN_TEXT];
    if (!f->body.n)
        return;
    AUTO_FREE char *title = title_of(f), *print = hash_sha256_hex(buf_str(&f->print), f->print.n);
    json_t *fields = json_object();
    when_print(f->first, first);
    js_set(fields, "body", json_string(buf_str(&f->body)));
    js_set(fields, "title", json_string(title));
    js_set(fields, "timestamp", json_string(first));
    js_set(fields, "day", json_string(f->day));
    js_set(fields, "messages", json_integer((json_int_t)f->messages));
    js_set(fields, "direction", json_string(f->sent && f->received ? "both" : f->sent ? "sent" : "received"));
    static const char *const same[] = {"with", "url", "parent"};
    for (size_t i = 0; i < COUNT(same); i++)
        js_set(fields, same[i], js_text(js_str(f->conversation, same[i])));
    js_set(fields, "print", json_string(print));
    f->out->items = mem_grow(f->out->items, f->out->n + 1, sizeof *f->out->items);
    f->out->items[f->out->n++] = (struct entry){
        .key = f->part > 1 ? mem_printf("%s#%d", f->key, f->part) : mem_dup(f->key), .fields = fields};
    buf_done(&f->body);
    buf_done(&f->print);
    f->used = f->messages = 0;
    f->sent = f->received = false;
}

static void open_part(struct filling *f, int64_t at)
{
    bool html = f->d->format == DIGEST_HTML;
    f->part++;
    f->first = at;
    AUTO_FREE char *title = title_of(f);
    buf_puts(&f->body, html ? "<strong>" : "");
    put_escaped(f->d, &f->body, title, strlen(title));
    buf_puts(&f->body, html ? "</strong><br>" : "\n");
    buf_printf(&f->print, "%d %s\n", f->d->format, f->d->timezone);
    f->used = units_of(f->body.s, f->body.n);
}

static void put_line(struct filling *f, const json_t *m, const char *head, const char *text, size_t n)
{
    struct buf line = {0};
    int64_t at = js_int_or(m, "at", 0);
    bool html = f->d->format == DIGEST_HTML, sent = js_bool_or(m, "sent", false);
    buf_puts(&line, head);
    put_escaped(f->d, &line, text, n);
    buf_puts(&line, html ? "<br>" : "\n");
    size_t units = units_of(line.s, line.n);
    if (f->body.n && f->used + units > f->limit)
        close_part(f);
    if (!f->body.n)
        open_part(f, at);
    buf_add(&f->body, line.s, line.n);
    buf_printf(&f->print, "%lld %d %.*s\n", (long long)at, sent, (int)n, text);
    f->used += units;
    f->messages++;
    f->sent |= sent;
    f->received |= !sent;
    buf_done(&line);
}

/* "09:15 → Ben: " */
static char *head_of(const struct filling *f, const json_t *m)
{
    bool html = f->d->format == DIGEST_HTML, sent = js_bool_or(m, "sent", false);
    const char *by = js_str_or(m, "by", sent ? "" : js_str_or(f->conversation, "with", ""));
    char at[WHEN_TEXT];
    struct buf b = {0};
    day_of(f->d, js_int_or(m, "at", 0), at);
    buf_printf(&b, "%.5s %s", at + 11, html ? "<strong>" : "");
    put_escaped(f->d, &b, sent ? f->d->words.sent : f->d->words.received, strlen(sent ? f->d->words.sent : f->d->words.received));
    buf_puts(&b, *by ? " " : "");
    put_escaped(f->d, &b, by, strlen(by));
    buf_puts(&b, html ? "</strong>: " : ": ");
    return buf_take(&b);
}

static void put_message(struct filling *f, const json_t *m)
{
    AUTO_FREE char *head = head_of(f, m), *text = said(f->d, m);
    AUTO_FREE char *title = title_of(f);
    size_t fixed = units_of(head, strlen(head)) + 5 * units_of(title, strlen(title)) + 40;
    size_t room = f->limit > fixed + ROOM_LEAST ? f->limit - fixed : ROOM_LEAST;
    const char *rest = text;
    do {
        size_t n = fitting(f->d, rest, room);
        put_line(f, m, head, rest, n);
        rest += n;
    } while (*rest);
}

/* ---- conversations ---- */

/* The group a message belongs to: its day, or itself. */
static char *group_of(const struct digest *d, const json_t *conversation, const json_t *m)
{
    const char *id = js_str_or(conversation, "conversation", "?");
    char at[WHEN_TEXT];
    day_of(d, js_int_or(m, "at", 0), at);
    if (d->span == DIGEST_MESSAGE)
        return mem_printf("%s:%s", id, js_str_or(m, "id", "?"));
    return mem_printf("%s:%.10s", id, at);
}

char *digest_grouping(const struct digest *d)
{
    long long minutes = d->offset / 60000, at = minutes < 0 ? -minutes : minutes;
    return d->span == DIGEST_MESSAGE ? mem_dup("none") : mem_printf("day %c%02lld:%02lld", minutes < 0 ? '-' : '+', at / 60, at % 60);
}

static void begin_group(struct filling *f, const json_t *m, char *stolen_key)
{
    char at[WHEN_TEXT];
    close_part(f);
    free(f->key);
    free(f->day);
    day_of(f->d, js_int_or(m, "at", 0), at);
    f->key = stolen_key;
    f->day = mem_dup_n(at, 10);
    f->part = 0;
}

void digest_render(const struct digest *d, size_t limit, const json_t *conversation, struct entries *out)
{
    struct filling f = {.d = d, .conversation = conversation, .out = out, .limit = limit < DIGEST_LEAST ? DIGEST_LEAST : limit};
    size_t i;
    json_t *m;
    *out = (struct entries){0};
    json_array_foreach (json_object_get(conversation, "messages"), i, m) {
        char *key = group_of(d, conversation, m);
        if (str_eq(key, f.key))
            free(key);
        else
            begin_group(&f, m, key);
        put_message(&f, m);
    }
    close_part(&f);
    free(f.key);
    free(f.day);
}

size_t digest_limit(const struct digest *d, const struct map_object *o)
{
    size_t takes = LIMIT_UNKNOWN;
    for (size_t i = 0; i < o->n_fields; i++) {
        const struct schema_field *t = o->fields[i].schema[SIDE_T];
        if (str_eq(o->fields[i].path[SIDE_S], "body") && t && t->max_len)
            takes = t->max_len;
    }
    return d->limit && (size_t)d->limit < takes ? (size_t)d->limit : takes;
}

json_t *digest_emptied(const struct digest *d, const json_t *fields)
{
    struct buf b = {0};
    json_t *out = json_copy((json_t *)fields);
    put_escaped(d, &b, d->words.deleted, strlen(d->words.deleted));
    js_set(out, "body", json_string(buf_str(&b)));
    js_set(out, "messages", json_integer(0));
    js_set(out, "print", json_string("empty"));
    buf_done(&b);
    return out;
}

void entries_done(struct entries *e)
{
    for (size_t i = 0; i < e->n; i++) {
        free(e->items[i].key);
        json_decref(e->items[i].fields);
    }
    free(e->items);
    *e = (struct entries){0};
}
