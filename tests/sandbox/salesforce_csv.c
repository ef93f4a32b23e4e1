/* CSV both ways: quotes doubled, line breaks inside quotes, and an end of line that must be the one promised. */
#include "tests/sandbox/salesforce.h"

struct reader {
    const char *begin, *at, *end;
    char separator;
    bool crlf, wrong_end;
};

static json_t *read_cell(struct reader *x, struct sf_bad *bad)
{
    struct buf cell = BUF_INIT(1u << 20);
    bool quoted = x->at < x->end && *x->at == '"', closed = !quoted;
    x->at += quoted;
    while (x->at < x->end && (closed ? *x->at != x->separator && *x->at != '\n' : true)) {
        char c = *x->at++;
        if (c == '"' && quoted && !closed) {
            if (x->at < x->end && *x->at == '"')
                buf_putc(&cell, *x->at++);
            else
                closed = true;
        } else if (!closed || !quoted) {
            buf_putc(&cell, c);
        } else if (c != '\r') {
            closed = false, x->at = x->end;
        }
    }
    if (!quoted && cell.n && cell.s[cell.n - 1] == '\r' && (x->at == x->end || *x->at == '\n'))
        cell.s[--cell.n] = '\0';
    json_t *out = closed ? json_string(buf_str(&cell)) : NULL;
    buf_done(&cell);
    if (!out)
        sf_set_bad(bad, 400, "InvalidBatch", NULL, "Failed to parse CSV: unmatched quote or bad UTF-8");
    return out;
}

static json_t *read_row(struct reader *x, struct sf_bad *bad)
{
    AUTO_JSON json_t *row = json_array();
    for (;;) {
        json_t *cell = read_cell(x, bad);
        if (!cell)
            return NULL;
        js_add(row, cell);
        if (x->at == x->end)
            break;
        bool line = *x->at++ == '\n';
        if (line) {
            x->wrong_end |= (x->at - x->begin > 1 && x->at[-2] == '\r') != x->crlf;
            break;
        }
    }
    return json_incref(row);
}

json_t *sf_csv_read(const char *text, size_t n, char separator, bool crlf, struct sf_bad *bad)
{
    struct reader x = {.begin = text, .at = text, .end = text + n, .separator = separator, .crlf = crlf};
    AUTO_JSON json_t *rows = json_array();
    if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        x.at += 3;
    while (x.at < x.end) {
        json_t *row = read_row(&x, bad);
        if (!row)
            return NULL;
        if (json_array_size(row) == 1 && !*json_string_value(json_array_get(row, 0)))
            json_decref(row); /* an empty line */
        else
            js_add(rows, row);
    }
    if (x.wrong_end) {
        sf_set_bad(bad, 400, "ClientInputError", NULL,
                   "LineEnding is invalid on user data. Current LineEnding setting is "
                   "%s",
                   crlf ? "CRLF" : "LF");
        return NULL;
    }
    return json_incref(rows);
}

void sf_csv_row(struct buf *b, const json_t *cells, const char *end)
{
    size_t i;
    json_t *cell;
    json_array_foreach ((json_t *)cells, i, cell) {
        const char *text = json_string_value(cell);
        buf_puts(b, i ? ",\"" : "\"");
        for (const char *c = text ? text : ""; *c; c++) {
            if (*c == '"')
                buf_putc(b, '"');
            buf_putc(b, *c);
        }
        buf_putc(b, '"');
    }
    buf_puts(b, end);
}
