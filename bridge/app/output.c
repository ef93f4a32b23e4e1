/* Printing for people: short values, aligned tables, JSON for programs. */
#include "bridge/app/app.h"
#include "bridge/base/buf.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void print_json(const json_t *value)
{
    AUTO_FREE char *text = js_print_pretty(value);
    printf("%s\n", text);
}

/* Control characters would tear the table; long texts are cut with their length told. */
char *show_value(const json_t *value, size_t most)
{
    if (!value)
        return mem_dup("–");
    if (json_is_null(value))
        return mem_dup("(blank)");
    AUTO_FREE char *text = json_is_string(value) ? mem_dup(json_string_value(value)) : js_print(value);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    size_t points = str_utf8_len(text);
    if (points <= most)
        return mem_dup(*text ? text : "\"\"");
    text[str_utf8_cut(text, most - 1)] = '\0';
    return mem_printf("%s… (%zu)", text, points);
}

void table_row(struct table_out *t, size_t columns, ...)
{
    va_list ap;
    va_start(ap, columns);
    char **row = mem_grow(NULL, columns, sizeof *row);
    for (size_t i = 0; i < columns; i++) {
        const char *text = va_arg(ap, const char *);
        row[i] = mem_dup(text ? text : "");
    }
    va_end(ap);
    t->columns = columns;
    t->rows = mem_grow(t->rows, t->n + 1, sizeof *t->rows);
    t->rows[t->n++] = row;
}

void table_print(struct table_out *t)
{
    size_t width[16] = {0};
    for (size_t r = 0; r < t->n; r++)
        for (size_t c = 0; c < t->columns && c < COUNT(width); c++) {
            size_t n = str_utf8_len(t->rows[r][c]);
            width[c] = n > width[c] ? n : width[c];
        }
    for (size_t r = 0; r < t->n; r++) {
        for (size_t c = 0; c < t->columns && c < COUNT(width); c++) {
            int pad = c + 1 < t->columns ? (int)(width[c] - str_utf8_len(t->rows[r][c])) + 2 : 0;
            printf("%s%*s", t->rows[r][c], pad, "");
            free(t->rows[r][c]);
        }
        printf("\n");
        free(t->rows[r]);
    }
    free(t->rows);
    *t = (struct table_out){0};
}

void table_drop(struct table_out *t)
{
    for (size_t r = 0; r < t->n; r++) {
        for (size_t c = 0; c < t->columns; c++)
            free(t->rows[r][c]);
        free(t->rows[r]);
    }
    free(t->rows);
    *t = (struct table_out){0};
}
