/* Alarms: what an operator should hear about without asking. A condition that lasts is raised once, and cleared once when it
 * is over; both go to the log, to the metrics and, signed, to a webhook. On the engine's thread. */
#pragma once
#include "bridge/app/app.h"

struct alarm {
    struct app *app;
    json_t *known;   /* {"endpoint_down:hubspot": {"since":ms,"raised":bool,"gone":ms,"text":…}} */
    json_t *outbox;  /* notices not yet taken: [{"id","body":{…},"tries","due"}] */
    json_t *heard;   /* {"inbox": ms}: the last delivery of a webhook */
    int64_t next;    /* when to look again */
    int64_t saved;
};

void alarm_open(struct alarm *a, struct app *app); /* what was raised before a restart still is */
void alarm_close(struct alarm *a);
/* alarm_turn looks at the conditions and sends what is due; answers when it wants to be called next. */
int64_t alarm_turn(struct alarm *a);

/* alarm_watch.c: the conditions that hold now: {"kind:subject": {"text":…,"wait":ms}}. New reference. */
json_t *alarm_watch(struct alarm *a);
/* alarm_send.c: offers what is due; false: nothing of the outbox changed. */
bool alarm_send(struct alarm *a, int64_t now);
