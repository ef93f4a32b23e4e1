/* The Salesforce connector. */
#pragma once
#include "connectors/connector.h"

extern const struct connector salesforce_connector;
