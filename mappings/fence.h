/* Lines the bridge owns in people's texts: one for each CRM, clearly marked, alone on its line:
 *     [inbox-bridge hubspot] https://app.hubspot.com/contacts/4242/record/0-1/512
 * Everything around it is people's. Pure functions; `tag` is a word without spaces and brackets. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

bool fence_any(const char *text);                          /* is there a line of the bridge, of any tag? */
char *fence_strip(const char *text);                       /* people's text, without the lines; caller frees */
char *fence_find(const char *text, const char *tag);       /* what the first line of the tag says; NULL = none; caller frees */
/* fence_put: the text with exactly one line of the tag, where it was or at the end; value NULL: with none. Caller frees. */
char *fence_put(const char *text, const char *tag, const char *value);
/* fence_carry: people's new text with the lines the old one had: those it began with above it, the others below it. Caller frees. */
char *fence_carry(const char *people, const char *old);
