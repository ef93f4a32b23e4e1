#!/usr/bin/env bash
# A check that finds nothing could be a check that looks at nothing: every rule is broken once, and must be told.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
house=$(mktemp -d)
trap 'rm -rf "$house"' EXIT
cd "$house" || exit 2
mkdir -p bridge/{base,io,sync,app} connectors/{inbox,hubspot} mappings tests/base

put() { cat >"$1"; }

put bridge/base/up.c <<<'#include "bridge/io/store.h"'
put bridge/io/up.c <<<'#include "connectors/connector.h"'
put bridge/io/db.c <<<'#include <sqlite3.h>'
put bridge/io/store_links.c <<<'#include <sqlite3.h>'
put bridge/io/net.c <<<'#include <curl/curl.h>'
put bridge/sync/knows.c <<<'#include "connectors/inbox/inbox.h"'
put bridge/sync/asks.c <<<'bool asks(const char *s) { return s == hubspot_name; }'
put bridge/sync/says.c <<<'/* HubSpot is named here, where people read. */ const char *word = "hubspot";'
put bridge/app/knows.c <<<'#include "connectors/hubspot/hubspot.h"'
put connectors/registry.c <<<'#include "connectors/hubspot/hubspot.h"'
put connectors/inbox/peeks.c <<<'#include "connectors/hubspot/hubspot.h"'
put connectors/inbox/waits.c <<<'void waits(void) { sleep(1); }'
put connectors/inbox/logs.c <<<'void logs(void) { log_info("x", NULL); }'
put mappings/prints.c <<<'char *prints(const json_t *v) { return json_dumps(v, 0); }'
put mappings/jumps.c <<<'void jumps(void) { goto out; }'
put mappings/speaks.c <<<'/* goto the shop */ const char *text = "goto out;"; // goto'
put tests/base/test_reads.c <<<'json_t *reads(const char *s) { return json_loads(s, 0, NULL); }'
{ echo 'void endless(void)'; echo '{'; yes '    step();' | head -59; echo '}'; } | put mappings/long_function.c
{ echo 'void just_short_enough(void)'; echo '{'; yes '    step();' | head -57; echo '}'; } | put mappings/short_function.c
yes '' | head -601 | put mappings/long_file.c

told=$(SOURCE_DIR=$house bash "$here/check_layers.sh") && {
    echo "a house full of violations was found in order"
    exit 1
}
faults=0
expect() { grep -qF "$1" <<<"$told" || { echo "not told: $1"; faults=1; }; }
refuse() { ! grep -qF "$1" <<<"$told" || { echo "wrongly told: $1"; faults=1; }; }

expect 'bridge/base/up.c: the room base may not include "bridge/io/store.h"'
expect 'bridge/io/up.c: the room io may not include'
expect 'bridge/io/db.c: <sqlite3.h> lives only in'
refuse 'bridge/io/store_links.c'
expect 'bridge/io/net.c: <curl/curl.h> lives only in bridge/io/http_curl.c'
expect 'bridge/sync/knows.c: the room sync may not include'
expect 'bridge/sync/asks.c:1: the engine does not know'
refuse 'bridge/sync/says.c'
expect 'bridge/app/knows.c: the room app may not include'
refuse 'connectors/registry.c:'
expect 'connectors/inbox/peeks.c: only connectors/registry.c names'
expect 'connectors/inbox/waits.c:1: a connector has no clock'
expect 'connectors/inbox/logs.c:1: floors 0 to 2 never log'
expect 'mappings/prints.c:1: whole documents'
expect 'mappings/jumps.c:1: no goto'
refuse 'mappings/speaks.c'
expect 'tests/base/test_reads.c:1: whole documents'
expect 'mappings/long_function.c:1: endless() has 62 lines'
refuse 'mappings/short_function.c'
expect 'mappings/long_file.c: 601 lines'
[ $faults -eq 0 ] || { echo "---"; echo "$told"; exit 1; }
echo "every rule was told"
