#!/usr/bin/env bash
# kill -9 at random moments while a first load goes through Salesforce's Bulk API, with lost answers and bad rows: complete at the
# end, nobody twice, exactly the bad rows dead, and a second run that writes nothing.
#   BULK_PROSPECTS (default 300) and BULK_TIMES (8) say how much; BULK_FROM (100) is the threshold; KILL_SEED repeats a run's moments.
source "$(dirname "$0")/kit.sh"
prospects=${BULK_PROSPECTS:-300} times=${BULK_TIMES:-8} from=${BULK_FROM:-100}
RANDOM=${KILL_SEED:-1}
sandbox "$prospects" --no-limits --inbox 0 --hubspot 0 --salesforce 0
config_bulk "$from"
calls() { curl -fsS "$salesforce/_sandbox/calls" | jq "$1"; }
state() { curl -fsS "$salesforce/_sandbox/state" | jq "$1"; }
bridge setup --apply >/dev/null || fail "setup"
curl -fsS -X POST -d '{"bulk_ms":700}' "$salesforce/_sandbox/manners" >/dev/null || fail "manners"
# one in a hundred has notes that a rule of the organisation refuses
curl -fsS -X POST -d '{"object":"rule","create":{"type":"Lead","field":"inbox_notes__c","value":"forbidden","code":"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST","message":"bad value for restricted picklist field"}}' "$salesforce/_sandbox/edit" >/dev/null || fail "rule"
bad=0
for id in $(curl -fsS "$inbox/_sandbox/state" | jq -r '.prospect | to_entries[] | select(.key % 100 == 0) | .value.platformId'); do
  curl -fsS -X POST -d "{\"object\":\"prospect\",\"id\":\"$id\",\"set\":{\"context.notes\":\"forbidden\"}}" "$inbox/_sandbox/edit" >/dev/null && bad=$((bad + 1))
done
curl -fsS -X DELETE "$salesforce/_sandbox/calls" >/dev/null
fault "$salesforce" '{"match":{"path":"/jobs/ingest"},"do":"reset_after","chance":0.05}'

stages=""
for _ in $(seq "$times"); do
  "$build/inbox-bridge" -c "$dir/bridge.cfg" --quiet sync --yes >"$dir/run.out" 2>&1 &
  pid=$!
  sleep "$((RANDOM % 3)).$(printf %03d $((RANDOM % 1000)))" # no state is waited for: any moment may be the one
  kill -9 "$pid" 2>/dev/null && stages+="$(curl -fsS "$salesforce/_sandbox/calls" | jq -r '[.routes | keys[] | select(contains("jobs"))] | length') "
  wait "$pid" 2>/dev/null
done
made=$(state '.Lead|length')
calm "$salesforce"
shown() { bridge status | sed -nE "s/.*$1 ([0-9]+).*/\\1/p" | head -1; }
synced() { bridge sync --yes >"$dir/last" 2>&1; [ "$(shown 'jobs waiting')" = 0 ] && [ "$(shown 'open ops')" = 0 ]; }
wait_for 60 synced || fail "it does not come to rest: $(cat "$dir/last")"
[ "$(state '.Lead|length')" = "$prospects" ] || fail "$(state '.Lead|length') leads of $prospects prospects: $(cat "$dir/last")"
[ "$(state '[.Lead[].inbox_prospect_key__c]|unique|map(select(.))|length')" = "$prospects" ] || fail "keys are not unique"
[ "$(shown dead)" = "$bad" ] || fail "$(shown dead) dead, expected $bad: $(bridge dead | head -3)"
[ "$(bridge dead | grep -c INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST)" = "$bad" ] || fail "dead for other reasons: $(bridge dead | head -3)"
before=$(calls .writes)
bridge sync --full >/dev/null 2>&1
[ "$(calls .writes)" = "$before" ] || fail "the full comparison wrote $(($(calls .writes) - before)) times"
finish "$times kills ($made leads made by then, kinds of job calls seen: $stages); $prospects prospects, $(state '.Lead|length') leads, $bad dead, $(calls '.routes["POST /jobs/ingest"]') jobs"
