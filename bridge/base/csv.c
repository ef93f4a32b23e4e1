/* Cells are quoted only where they must be; what was quoted may hold commas, quotes and line ends. */
#include "bridge/base/csv.h"
#include "bridge/base/mem.h"
#include <string.h>

void csv_row_done(struct csv_row *row)
{
    for (size_t i = 0; i < row->n; i++)
        free(row->cells[i]);
    free(row->cells);
    *row = (struct csv_row){0};
}

static void add_cell(struct csv_row *row, char *taken)
{
    row->cells = mem_grow(row->cells, row->n + 1, sizeof *row->cells);
    row->cells[row->n++] = taken;
}

/* After the opening quote. A doubled quote is one. */
static bool read_quoted(struct csv *c, struct csv_row *row, struct err *err)
{
    struct buf cell = {0};
    for (; *c->at && (*c->at != '"' || c->at[1] == '"'); c->at++) {
        c->at += *c->at == '"';
        c->next_line += *c->at == '\n';
        buf_add(&cell, c->at, 1);
    }
    bool closed = *c->at == '"';
    add_cell(row, buf_take(&cell));
    if (!closed)
        return err_set(err, ERR_REJECT, "line %d: a quote is never closed", c->line);
    c->at++;
    return strchr(",\r\n", *c->at) ||
           err_set(err, ERR_REJECT, "line %d: something stands after a closing quote", c->line);
}

static bool read_bare(struct csv *c, struct csv_row *row, struct err *err)
{
    size_t n = strcspn(c->at, ",\r\n");
    if (memchr(c->at, '"', n))
        return err_set(err, ERR_REJECT, "line %d: a quote stands inside a cell that does not begin with one", c->line);
    add_cell(row, mem_dup_n(c->at, n));
    c->at += n;
    return true;
}

static bool read_row(struct csv *c, struct csv_row *row, struct err *err)
{
    for (;;) {
        bool quoted = *c->at == '"';
        c->at += quoted;
        if (!(quoted ? read_quoted(c, row, err) : read_bare(c, row, err)))
            return false;
        if (*c->at != ',')
            break;
        c->at++;
    }
    c->at += *c->at == '\r';
    c->at += *c->at == '\n';
    c->next_line++;
    return true;
}

bool csv_next(struct csv *c, struct csv_row *out, bool *more, struct err *err)
{
    struct csv_row row = {0};
    if (!c->next_line)
        c->next_line = 1;
    c->line = c->next_line;
    if (!*c->at) {
        *more = false;
        return true;
    }
    if (!read_row(c, &row, err)) {
        csv_row_done(&row);
        return false;
    }
    *out = row;
    *more = true;
    return true;
}

void csv_print(FILE *out, const char *const *cells, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *cell = cells[i] ? cells[i] : "";
        bool quote = strpbrk(cell, ",\"\r\n") || *cell == ' ';
        if (i)
            fputc(',', out);
        if (quote)
            fputc('"', out);
        for (; *cell; cell++) {
            if (*cell == '"')
                fputc('"', out);
            fputc(*cell, out);
        }
        if (quote)
            fputc('"', out);
    }
    fputc('\n', out);
}

void csv_cell(struct buf *b, const char *cell)
{
    buf_putc(b, '"');
    for (size_t n; *cell; cell += n) {
        n = strcspn(cell, "\"");
        buf_add(b, cell, n);
        if (cell[n] == '"') {
            buf_puts(b, "\"\"");
            n++;
        }
    }
    buf_putc(b, '"');
}
