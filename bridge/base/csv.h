/* Comma-separated values (RFC 4180): one record at a time, out of a text that is all there. */
#pragma once
#include "bridge/base/buf.h"
#include "bridge/base/err.h"
#include <stddef.h>
#include <stdio.h>

struct csv_row {
    char **cells;
    size_t n;
};
void csv_row_done(struct csv_row *row);

struct csv {
    const char *at;
    int line;      /* line: where the record read last begins, 1 = first */
    int next_line; /* next_line: where the next one begins; starts as 0, which reads as 1 */
};
/* csv_next: *more false at the end. REJECT for a quote that is never closed or stands inside a bare cell. */
bool csv_next(struct csv *c, struct csv_row *out, bool *more, struct err *err) MUST_CHECK;
void csv_print(FILE *out, const char *const *cells, size_t n); /* NULL prints as nothing; ends the line */
void csv_cell(struct buf *b, const char *cell); /* csv_cell adds one, in quotes whatever it holds; commas and line ends are the caller's */
