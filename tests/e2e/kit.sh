# The real binaries on loopback: sourced by the tests of this room. Wants BUILD_DIR; everything lives in $dir.
# shellcheck shell=bash
set -uo pipefail
build=${BUILD_DIR:?BUILD_DIR is the build folder}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/inbox-bridge-e2e.XXXXXX")
failures=0
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$dir"' EXIT
export INBOX_API_TOKEN=sandbox-token HUBSPOT_TOKEN=sandbox-token

fail() { echo "FAILED: $*"; failures=$((failures + 1)); }

# sandbox PROSPECTS [MORE OPTIONS]: sets $inbox and $hubspot
sandbox() {
  local prospects=$1; shift
  "$build/inbox-bridge-sandbox" --prospects "$prospects" --seed 7 "$@" >"$dir/sandbox.out" 2>"$dir/sandbox.err" &
  sandbox_pid=$!
  for _ in $(seq 200); do grep -q '^ready' "$dir/sandbox.out" && break; sleep 0.05; done
  inbox=$(awk '$1=="inbox"{print $2}' "$dir/sandbox.out")
  hubspot=$(awk '$1=="hubspot"{print $2}' "$dir/sandbox.out")
  [ -n "$inbox" ] && [ -n "$hubspot" ] || { echo "the sandbox did not start"; exit 1; }
}

# config [FILE]: a working configuration; tests change copies of it
config() {
  cp "$root/mappings/hubspot.cfg" "$dir/hubspot.cfg"
  cat >"${1:-$dir/bridge.cfg}" <<CFG
store = "bridge.db";
endpoints = {
  inbox   = { connector = "inbox";   token = "env:INBOX_API_TOKEN"; base_url = "$inbox/api/v1"; poll = "1s";
              per_minute = 100000; per_hour = 1000000; per_day = 10000000; };
  hubspot = { connector = "hubspot"; token = "env:HUBSPOT_TOKEN";   base_url = "$hubspot";      poll = "1s"; ten_secondly = 1000; };
};
routes = ( { name = "sales"; inbox = "inbox"; crm = "hubspot"; mapping = "hubspot.cfg"; batch = 100; } );
CFG
}

bridge() { "$build/inbox-bridge" -c "${cfg:-$dir/bridge.cfg}" --quiet "$@"; }
fault() { curl -fsS -X POST -d "$2" "$1/_sandbox/faults" >/dev/null || fail "no fault at $1"; }
calm() { curl -fsS -X DELETE "$1/_sandbox/faults" >/dev/null; }
writes() { echo $(($(curl -fsS "$inbox/_sandbox/calls" | jq .writes) + $(curl -fsS "$hubspot/_sandbox/calls" | jq .writes))); }
# live contacts, and how many different keys they carry
contacts() { curl -fsS "$hubspot/_sandbox/state" | jq '[.contact[] | select(.archived|not)] | length'; }
keys() { curl -fsS "$hubspot/_sandbox/state" | jq '[.contact[] | select(.archived|not) | .properties.inbox_prospect_key] | unique | map(select(.)) | length'; }

finish() {
  if [ "$failures" = 0 ]; then echo "${1:-all as it should be}"; exit 0; fi
  echo "$failures failures"; exit 1
}
