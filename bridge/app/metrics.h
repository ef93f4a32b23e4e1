/* The numbers of the service as Prometheus text. */
#pragma once
#include "bridge/app/intray.h"
#include "bridge/app/vitals.h"

/* metrics_text: called on a server's thread; NULL with err when the store cannot be asked. Caller frees. */
char *metrics_text(struct app *app, struct vitals *vitals, struct intray *tray, struct err *err) MUST_CHECK;
