/* Files that a command lays beside the store for the service to read or write: STORE.plan-PID, STORE.import-PID, mode 0600. They hold
 * what the store holds, so none outlives its command for long. */
#pragma once

char *beside_path(const char *store, const char *what); /* of this process; the caller frees */
/* beside_tidy removes those of commands that were killed. */
void beside_tidy(const char *store);
