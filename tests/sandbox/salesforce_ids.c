/* Ids of 15 and 18 characters, and the way Salesforce writes points in time. */
#include "tests/sandbox/salesforce.h"
#include <stdio.h>

#define DIGITS "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define POD "5e000"

/* Three characters that say which of the fifteen are capitals. */
static void checksum(const char *id, char out[4])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    for (int group = 0; group < 3; group++) {
        unsigned bits = 0;
        for (int j = 0; j < 5; j++)
            bits |= (id[group * 5 + j] >= 'A' && id[group * 5 + j] <= 'Z') ? 1u << j : 0u;
        out[group] = letters[bits];
    }
    out[3] = '\0';
}

void sf_id_make(const char *prefix, int64_t number, char out[SF_ID])
{
    char digits[8] = "0000000";
    for (int i = 6; i >= 0; i--, number /= 62)
        digits[i] = DIGITS[number % 62];
    snprintf(out, SF_ID, "%.3s%s%s", prefix, POD, digits);
    checksum(out, out + 15);
}

bool sf_id_read(const char *said, char out[SF_ID])
{
    size_t n = said ? strlen(said) : 0;
    char sum[4];
    if ((n != 15 && n != 18) || strspn(said, DIGITS) != n)
        return false;
    checksum(said, sum);
    if (n == 18 && !str_eq_nocase(sum, said + 15))
        return false;
    snprintf(out, SF_ID, "%.15s%s", said, sum);
    return true;
}

int64_t sf_id_number(const char *id)
{
    int64_t number = 0;
    if (strncmp(id + 3, POD, 5) != 0)
        return -1;
    for (int i = 8; i < 15; i++)
        number = number * 62 + (strchr(DIGITS, id[i]) - DIGITS);
    return number;
}

void sf_stamp(int64_t ms, char out[SF_STAMP])
{
    char iso[WHEN_TEXT];
    when_print(ms, iso);
    snprintf(out, SF_STAMP, "%.19s.000+0000", iso);
}
