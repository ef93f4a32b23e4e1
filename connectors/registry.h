/* Which connectors this program has. registry.c is the only place that names them. */
#pragma once
#include "connectors/connector.h"

const struct connector *registry_find(const char *name); /* NULL */
const struct connector *const *registry_all(size_t *n);
