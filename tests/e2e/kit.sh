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

# wait_for SECONDS COMMAND…: until it succeeds; fails when it has not within so long
wait_for() {
  local end=$(($(date +%s%3N) + $1 * 1000)); shift
  until "$@"; do [ "$(date +%s%3N)" -lt "$end" ] || return 1; sleep 0.05; done
}
has() { grep -q "$2" "$1"; } # has FILE PATTERN
tick() { local now; now=$(date +%s%3N); until [ "$(date +%s%3N)" -gt "$now" ]; do :; done; } # until the next millisecond

# sandbox PROSPECTS [MORE OPTIONS]: sets $inbox and $hubspot, and $salesforce where the options ask for it
sandbox() {
  local prospects=$1; shift
  "$build/inbox-bridge-sandbox" --prospects "$prospects" --seed 7 "$@" >"$dir/sandbox.out" 2>"$dir/sandbox.err" &
  sandbox_pid=$!
  wait_for 10 has "$dir/sandbox.out" '^ready'
  inbox=$(awk '$1=="inbox"{print $2}' "$dir/sandbox.out")
  hubspot=$(awk '$1=="hubspot"{print $2}' "$dir/sandbox.out")
  salesforce=$(awk '$1=="salesforce"{print $2}' "$dir/sandbox.out")
  [ -n "$inbox" ] && [ -n "$hubspot" ] || { echo "the sandbox did not start"; exit 1; }
  case " $* " in *" --salesforce "*) [ -n "$salesforce" ] || { echo "the sandbox has no Salesforce"; exit 1; } ;; esac
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

# config_leads OPTIONS [BATCH]: one with Salesforce's leads; OPTIONS: what its endpoint says of how it is reached
config_leads() {
  sed 's/max_creates = 100;/max_creates = 1000000;/' "$root/mappings/salesforce-leads.cfg" >"$dir/leads.cfg"
  cat >"$dir/bridge.cfg" <<CFG
store = "bridge.db";
endpoints = {
  inbox = { connector = "inbox"; token = "env:INBOX_API_TOKEN"; base_url = "$inbox/api/v1"; poll = "1s";
            per_minute = 100000; per_hour = 1000000; per_day = 10000000; };
  crm   = { connector = "salesforce"; poll = "1s"; $1 };
};
routes = ( { name = "sales"; inbox = "inbox"; crm = "crm"; mapping = "leads.cfg"; batch = ${2:-100}; } );
CFG
}
# config_bulk FROM: one whose leads go by the job from so many on
config_bulk() { config_leads "token = \"env:INBOX_API_TOKEN\"; base_url = \"$salesforce\"; daily = 10000000; bulk = $1;" 200; }

bridge() { "$build/inbox-bridge" -c "${cfg:-$dir/bridge.cfg}" --quiet "$@"; }
fault() { curl -fsS -X POST -d "$2" "$1/_sandbox/faults" >/dev/null || fail "no fault at $1"; }
calm() { curl -fsS -X DELETE "$1/_sandbox/faults" >/dev/null; }
writes() { echo $(($(curl -fsS "$inbox/_sandbox/calls" | jq .writes) + $(curl -fsS "$hubspot/_sandbox/calls" | jq .writes))); }
# live contacts, and how many different keys they carry
contacts() { curl -fsS "$hubspot/_sandbox/state" | jq '[.contact[] | select(.archived|not)] | length'; }
keys() { curl -fsS "$hubspot/_sandbox/state" | jq '[.contact[] | select(.archived|not) | .properties.inbox_prospect_key] | unique | map(select(.)) | length'; }

# Prospect N, or the contact that stands for it: state N FIELD, contact N FIELD as jq would say them; edit_inbox N and edit_crm N set members
state() { curl -fsS "$inbox/_sandbox/state" | jq -r ".prospect[$1]$2"; }
contact() { curl -fsS "$hubspot/_sandbox/state" | jq -r --arg k "x:$(state "$1" .platformId)" ".contact[] | select(.archived|not) | select(.properties.inbox_prospect_key==\$k) | $2"; }
edit_inbox() { curl -fsS -X POST -d "[{\"object\":\"prospect\",\"id\":\"$(state "$1" .platformId)\",\"set\":{$2}}]" "$inbox/_sandbox/edit" >/dev/null || fail "no edit"; }
edit_crm() { curl -fsS -X POST -d "[{\"object\":\"contact\",\"id\":\"$(contact "$1" .id)\",\"set\":{$2}}]" "$hubspot/_sandbox/edit" >/dev/null || fail "no edit"; }
# people URL: reads one edit a line and makes them, some hundreds at a time
people() {
  local url=$1
  split -l 400 - "$dir/edits."
  for part in "$dir"/edits.*; do
    [ -e "$part" ] || continue
    jq -sc . "$part" | curl -fsS -X POST --data-binary @- "$url/_sandbox/edit" >/dev/null || fail "no edit: $(head -1 "$part")"
    rm "$part"
  done
}
# each FIRST TEMPLATE: $k edits, on those of $dir/links.csv from the FIRST percent on; {id} {crm} {n} stand for theirs
each() {
  awk -F, -v from=$(($1 * k)) -v n="$k" -v t="$2" 'NR>1+from && NR<=1+from+n {id=$3; sub(/^x:/,"",id); s=t; gsub(/\{id\}/,id,s); gsub(/\{crm\}/,$5,s); gsub(/\{n\}/,NR,s); print s}' "$dir/links.csv"
}
# HubSpot's search finds what there is: its index is seconds behind
is_indexed() {
  local there found
  there=$(curl -fsS "$hubspot/_sandbox/state" | jq -c '[.contact[] | select((.archived or .mergedInto)|not) | .properties.lastmodifieddate] | [length, max]')
  found=$(curl -fsS -H "authorization: Bearer $HUBSPOT_TOKEN" -H 'content-type: application/json' "$hubspot/crm/v3/objects/contacts/search" \
    -d '{"sorts":[{"propertyName":"lastmodifieddate","direction":"DESCENDING"}],"properties":["lastmodifieddate"],"limit":1}' |
    jq -c '[.total, .results[0].properties.lastmodifieddate]')
  [ "$there" = "$found" ]
}
indexed() { wait_for 10 is_indexed || fail "HubSpot's search never caught up"; }

# measured COMMAND…, and then cost WHAT: what it cost, where somebody built the program that measures
measured() { if [ -x "$build/tests/bench-measure" ]; then "$build/tests/bench-measure" "$dir/cost" "$@"; else "$@"; fi; }
cost() { [ -s "$dir/cost" ] && jq -r --arg what "$1" '"  \($what): \(.wall) s, \(.user + .system | . * 100 | round / 100) s of CPU, \(.peak_kb / 1024 | round) MB"' "$dir/cost"; }

# expect WHAT CODE PATTERN COMMAND…: what it says is in $dir/said
expect() {
  local what=$1 code=$2 pattern=$3 got; shift 3
  "$@" >"$dir/said" 2>&1; got=$?
  [ "$got" = "$code" ] || fail "$what: exit $got, not $code: $(head -c 600 "$dir/said")"
  grep -qE "$pattern" "$dir/said" || fail "$what: said nothing like /$pattern/: $(head -c 800 "$dir/said")"
}

# says PATTERN CODE COMMAND…: the same in fewer words; it has nobody to ask
says() {
  local words=$1 rc=$2 out got; shift 2
  out=$("$@" 2>&1 </dev/null); got=$?
  [ "$got" = "$rc" ] || fail "$*: exit $got, not $rc: $out"
  grep -qE -- "$words" <<<"$out" || fail "$*: does not say \"$words\": $out"
}

# start [PATH]: the service, which listens at $base; until that path answers 200
start() {
  (cd / && exec "$build/inbox-bridge" -c "$dir/bridge.cfg" run 2>>"$dir/run.err") & runner=$! # a service is not where its operator is
  wait_for 20 answers "$base${1:-/readyz}" || fail "not ready: $(curl -sS "$base/readyz" 2>&1) $(tail -3 "$dir/run.err")"
}
answers() { curl -fsS "$1" >/dev/null 2>&1 || { ! kill -0 "$runner" 2>/dev/null && fail "the service has ended"; }; }
stop() { kill -TERM "$runner"; wait "$runner" || fail "run ended with $?"; }

finish() {
  if [ "$failures" = 0 ]; then echo "${1:-all as it should be}"; exit 0; fi
  echo "$failures failures"; exit 1
}
