/* The HubSpot connector. */
#pragma once
#include "connectors/connector.h"

extern const struct connector hubspot_connector;
