/* Surveys: where a comparison has to read very many records, a job of the service reads them, and what it told is kept link by
 * link until the comparison is through. It is as old as the job, so it is believed only where it says that nothing has to be
 * done; whatever differs is read again by id, and decided on that. Marks of the last lane wait until it has been told. */
#pragma once
#include "bridge/sync/route.h"

/* survey_begin: a new job for every object of which there are enough linked records. What an earlier one told is forgotten. */
bool survey_begin(struct route *r, struct err *err) MUST_CHECK;
/* survey_end forgets what was told, and has the service forget the job. */
bool survey_end(struct route *r, struct err *err) MUST_CHECK;
/* survey_tidy ends it once nothing marked "compare" is left, and nobody compares by hand. */
bool survey_tidy(struct route *r, struct err *err) MUST_CHECK;

/* survey_step does the next of one job: begins it, looks at it, or takes in a page. */
bool survey_step(struct route *r, struct bulk *bulk, struct err *err) MUST_CHECK;
/* survey_some does what is due of all; *due: when to look again; 0 = there is nothing (any more) to wait for. */
bool survey_some(struct route *r, int64_t *due, struct err *err) MUST_CHECK;
/* survey_due: *due as above, without doing anything. */
bool survey_due(struct route *r, int64_t *due, struct err *err) MUST_CHECK;
/* survey_covers: how many of the records of a comparison begun now a job would read. */
bool survey_covers(struct route *r, int64_t *rows, struct err *err) MUST_CHECK;
