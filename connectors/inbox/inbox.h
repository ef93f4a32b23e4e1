/* Inbox (inboxapp.com), API v1: the people a team talks to, as objects "prospect". */
#pragma once
#include "connectors/connector.h"

extern const struct connector inbox_connector;
