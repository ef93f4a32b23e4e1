/* Any system as a CRM: signed JSON out, signed JSON in. The protocol is in README.md. */
#pragma once
#include "connectors/connector.h"

extern const struct connector webhook_connector;
