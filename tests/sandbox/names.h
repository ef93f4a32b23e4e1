/* Realistic people and what they say: names in several scripts, bios, places, notes, messages. All by a number, so that
 * the same seed gives the same town. */
#pragma once
#include <stdint.h>

struct names_person {
    char name[96];        /* display name */
    char handle[24];      /* letters and digits of a user name; not unique */
    const char *bio;      /* NULL for some */
    const char *location; /* NULL for some */
    const char *domain;   /* NULL for most */
};
void names_person(uint64_t r, struct names_person *out);
const char *names_note(uint64_t r);
const char *names_said(uint64_t r);     /* what a prospect writes */
const char *names_answered(uint64_t r); /* what we write */
char *names_long_note(void);            /* exactly 10 000 characters; caller frees */
