/* A verified delivery as text, and back: what stands in the store between the 2xx and the engine. What was verified once is
 * not verified again, so a secret may be exchanged in between. */
#pragma once
#include "connectors/connector.h"

char *delivery_text(const struct page *page); /* caller frees */
bool delivery_page(const char *text, struct page *out, struct err *err) MUST_CHECK; /* free with page_done */
