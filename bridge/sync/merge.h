/* merge: three-way merges of values that have parts: sets element by element, notes paragraph by paragraph. Pure. */
#pragma once
#include <jansson.h>
#include <stdbool.h>

/* merge_sets: (base ∪ added by s ∪ added by t) − (removed by s ∪ removed by t); sorted, unique; new reference. Each side has
 * its own base (what it held when they last agreed), all four in the same terms; NULL or null counts as empty. */
json_t *merge_sets(const json_t *base_s, const json_t *base_t, const json_t *s, const json_t *t);

/* merge_notes: diff3 over paragraphs (blocks parted by blank lines). Where both changed the same place, both versions are
 * kept, `newer_first` (0 = s, 1 = t) first. New reference (string); never loses a paragraph that either side added. NULL: one of them
 * has more than 2000 paragraphs, which a person has to look at. */
json_t *merge_notes(const char *base_s, const char *base_t, const char *s, const char *t, int newer_first);
