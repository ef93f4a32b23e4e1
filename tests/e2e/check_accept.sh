#!/usr/bin/env bash
# More than the mass-change guard allows, beside the running service: the plan that was looked at is let through and no other, whoever
# is killed or paused meanwhile. Each answer is what the command says when nothing runs.
. "$(dirname "$0")/kit.sh"
n=60 gone=25
sandbox "$n" --no-limits
port=$((20000 + RANDOM % 20000)) base=http://127.0.0.1:$port
config
sed -i 's/poll = "1s"/poll = "600s"/' "$dir/bridge.cfg"
echo "http = { listen = \"127.0.0.1:$port\"; };" >>"$dir/bridge.cfg"
bridge setup --apply >/dev/null || fail "setup"
bridge sync --yes >/dev/null 2>&1 || fail "first sync"
bridge links export "$dir/links.csv" >/dev/null || fail "links"

start() {
  "$build/inbox-bridge" -c "$dir/bridge.cfg" run 2>>"$dir/run.err" & runner=$!
  for _ in $(seq 400); do curl -fsS "$base/readyz" >/dev/null 2>&1 && return; kill -0 "$runner" 2>/dev/null || break; sleep 0.05; done
  fail "not ready: $(curl -sS "$base/readyz" 2>&1) $(tail -3 "$dir/run.err")"
}
contact() { awk -F, -v n="$1" 'NR==1+n {print $5}' "$dir/links.csv"; }
person() { awk -F, -v n="$1" 'NR==1+n {sub(/^x:/,"",$3); print $3}' "$dir/links.csv"; }
edit() { curl -fsS -X POST -d "$2" "$1/_sandbox/edit" >/dev/null || fail "no edit: $2"; }
delete() { for i in $(seq "$1" "$2"); do printf '{"object":"contact","id":"%s","delete":true}\n' "$(contact "$i")"; done | jq -sc . >"$dir/edits"; edit "$hubspot" "$(cat "$dir/edits")"; }
expect() {
  local what=$1 code=$2 pattern=$3 got; shift 3
  "$@" >"$dir/said" 2>&1; got=$?
  [ "$got" = "$code" ] || fail "$what: exit $got, not $code: $(head -c 900 "$dir/said")"
  grep -qE "$pattern" "$dir/said" || fail "$what: said nothing like /$pattern/: $(head -c 1200 "$dir/said")"
}
plan_of() { sed -nE 's/.*reconcile --accept ([0-9a-f]+)$/\1/p' "$dir/said"; }
records() { bridge --json reconcile --report 2>/dev/null | jq -cS '.drift[0].records'; }
calls_of() { curl -fsS "$hubspot/_sandbox/calls" | jq --arg what "$1" '[.routes | to_entries[]? | select(.key|test($what)) | .value] | add // 0'; }
value() { curl -fsS -H 'authorization: Bearer sandbox-token' "$hubspot/crm/v3/objects/contacts/$(contact "$1")?properties=inbox_valuation" | jq -r .properties.inbox_valuation; }
untouched() { [ "$(records)" = "{\"in_sync\":$((n - $1)),\"missing_in_crm\":$1}" ] || fail "$2: $(records)"; }

echo "-- the same words as alone"
delete 1 "$gone"
expect "alone" 3 'stopped by the mass-change guard' bridge reconcile
alone=$(plan_of); cp "$dir/said" "$dir/alone"
bridge --json reconcile --report 2>/dev/null | jq -S 'del(.drift[0].at, .drift[0].calls, .drift[0].cost)' >"$dir/alone.json"
start
expect "beside" 3 'stopped by the mass-change guard' bridge reconcile
plan=$(plan_of)
[ -n "$plan" ] && [ "$plan" = "$alone" ] || fail "plan '$plan', alone '$alone'"
same() { sed -E "s/[0-9]+ calls to Inbox, [0-9]+ to/N calls to Inbox, N to/; s/seen [0-9]+/seen N/" "$1"; } # the service has read its feeds already
same "$dir/alone" >"$dir/a"; same "$dir/said" >"$dir/b"
diff "$dir/a" "$dir/b" >"$dir/diff" || fail "it says otherwise beside the service: $(cat "$dir/diff")"
bridge --json reconcile --report 2>/dev/null | jq -S 'del(.drift[0].at, .drift[0].calls, .drift[0].cost)' >"$dir/beside.json"
diff "$dir/alone.json" "$dir/beside.json" >"$dir/diff" || fail "the report is another: $(head -20 "$dir/diff")"

echo "-- another plan, one that fits no more, and a pause"
expect "a plan nobody saw" 5 'is not what plan 0123456789abcdef saw' bridge reconcile --accept 0123456789abcdef
untouched "$gone" "a plan nobody saw detached"
delete $((gone + 1)) $((gone + 1)); gone=$((gone + 1))
expect "a plan that fits no more" 5 "is not what plan $plan saw" bridge reconcile --accept "$plan"
untouched "$gone" "an old plan detached"
expect "anew" 3 'stopped by the mass-change guard' bridge reconcile
plan=$(plan_of)
expect "pause" 0 'paused' bridge pause sales
expect "accepted while paused" 3 'paused since' bridge reconcile --accept "$plan"
untouched "$gone" "a paused route detached"
expect "resume" 0 'going' bridge resume sales
expect "a sync after it" 3 "$gone records wait for a later try" bridge sync
untouched "$gone" "what was accepted while paused was done later"

echo "-- killed while it compares"
fault "$hubspot" '{"match":{"path":"*batch/read*"},"do":"delay","ms":1500}'
before=$(calls_of batch/read)
bridge reconcile --accept "$plan" >"$dir/killed" 2>&1 & asker=$!
for _ in $(seq 400); do [ "$(calls_of batch/read)" -gt "$before" ] && break; sleep 0.02; done
kill -9 "$runner"; wait "$runner" 2>/dev/null
wait "$asker"; code=$?
[ $code = 6 ] && grep -q 'it stopped meanwhile' "$dir/killed" || fail "the asker of the killed: exit $code: $(cat "$dir/killed")"
calm "$hubspot"
start
untouched "$gone" "killed while comparing, and yet detached"

echo "-- accepted"
expect "accepted" 0 "looked at again: detached $gone" bridge reconcile --accept "$plan"
[ "$(records)" = "{\"detached\":$gone,\"in_sync\":$((n - gone))}" ] || fail "accepted: $(records)"
expect "once more" 5 "is not what plan $plan saw" bridge reconcile --accept "$plan"

echo "-- killed while it mends"
for i in 41 42 43; do edit "$inbox" "[{\"object\":\"prospect\",\"id\":\"$(person $i)\",\"set\":{\"context.valuation\":70$i}}]"; done
fault "$hubspot" '{"match":{"method":"POST","path":"*batch/update*"},"do":"delay","ms":1500}'
before=$(calls_of batch/update)
bridge reconcile >"$dir/killed" 2>&1 & asker=$!
for _ in $(seq 400); do [ "$(calls_of batch/update)" -gt "$before" ] && break; sleep 0.02; done
kill -9 "$runner"; wait "$runner" 2>/dev/null
wait "$asker"; code=$?
[ $code = 6 ] && grep -q 'it stopped meanwhile' "$dir/killed" || fail "the asker of the killed: exit $code: $(cat "$dir/killed")"
ls "$dir"/bridge.db.drift-* >/dev/null 2>&1 && fail "rows were left behind"
calm "$hubspot"
start
for i in 41 42 43; do
  for _ in $(seq 200); do [ "$(value $i)" = "70$i" ] && break; sleep 0.05; done
  [ "$(value $i)" = "70$i" ] || fail "what was begun did not go on: $(value $i), not 70$i"
done
expect "after it" 0 "in_sync +$((n - gone)) records" bridge reconcile
kill -TERM "$runner"; wait "$runner" || fail "run ended with $?"
before=$(writes); bridge sync --full >/dev/null 2>&1; [ "$(writes)" = "$before" ] || fail "a quiet comparison wrote"
grep -q 'WARNING: ThreadSanitizer\|ERROR: AddressSanitizer\|runtime error' "$dir/run.err" && fail "a sanitizer spoke: $(grep -m1 -A25 'Sanitizer\|runtime error' "$dir/run.err")"
finish "accepted beside the service as without it"
