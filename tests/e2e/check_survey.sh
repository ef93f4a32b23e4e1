#!/usr/bin/env bash
# A full comparison that reads through Salesforce's bulk queries: the same findings as one that reads by id, no writes when all is
# in step, killed in the middle it goes on with the job it had, and a job that fails is told and done without.
#   SURVEY_PROSPECTS (default 200) says how many, SURVEY_FROM (100) from how many on a job reads them; tests/bench/survey runs it large.
# The service is asked, too: status and metrics show the job while it is at work.
. "$(dirname "$0")/kit.sh"
n=${SURVEY_PROSPECTS:-200} from=${SURVEY_FROM:-100} k=$((n / 100))
[ "$k" -gt 100 ] && k=100 # more drift costs edits, and says no more
bridge() { measured "$build/inbox-bridge" -c "$dir/bridge.cfg" --quiet "$@"; }
sandbox "$n" --no-limits --inbox 0 --hubspot 0 --salesforce 0
asked() { curl -fsS "$salesforce/_sandbox/calls" | jq "$1"; }
route() { asked "[.routes | to_entries[]? | select(.key | test(\"$1\")) | .value] | add // 0"; }
forget_calls() { curl -fsS -X DELETE "$salesforce/_sandbox/calls" >/dev/null; }
manner() { curl -fsS -X POST -d "$1" "$salesforce/_sandbox/manners" >/dev/null || fail "manners $1"; }
essence() { jq -S '.drift[0] | {compared, records, cells, excluded, risky, plan, rows: (.rows | sort_by(.key))}' "$1"; }

echo "-- $n leads, a job from $from on"
config_bulk 0
bridge setup --apply >/dev/null || fail "setup"
config_bulk 10000
bridge sync --yes >"$dir/said" 2>&1 || fail "first sync: $(cat "$dir/said")"
cost "first sync"
bridge links export "$dir/links.csv" >/dev/null || fail "links"
manner '{"bulk_ms":500}'

compare() { # NAME THRESHOLD: a report of everything, told to FILE
  config_bulk "$2"
  forget_calls
  bridge --json reconcile --report >"$dir/$1.json" 2>"$dir/said" || fail "$1: exit $?: $(cat "$dir/said")"
  cost "$1"
  jq -r '.drift[0] | "    \(.compared) compared, \(.records | tostring), calls to the CRM \(.calls.crm) (declared \(.cost.crm))"' "$dir/$1.json"
  jq -e '.drift[0] | .calls.crm <= .cost.crm' "$dir/$1.json" >/dev/null || fail "$1: more calls than were declared"
  [ "$(asked .writes)" = 0 ] || fail "$1 wrote $(asked .writes) times"
}
compare "in step, by id" 0
[ "$(route jobs/query)" = 0 ] || fail "a job below the threshold"
compare "in step, by a job" "$from"
[ "$(route 'POST /jobs/query')" = 1 ] || fail "$(route 'POST /jobs/query') jobs were begun"
[ "$(route 'DELETE /jobs/query|jobs/query/.id.$')" -ge 1 ] || fail "the job was not looked at"
[ "$(jq -c '.drift[0].records' "$dir/in step, by a job.json")" = "{\"in_sync\":$n}" ] || fail "not in step"
forget_calls
bridge sync --full >"$dir/said" 2>&1 || fail "full sync: exit $?: $(cat "$dir/said")"
cost "sync --full, by a job"
echo "    $(asked .total) calls to the CRM, $(asked .writes) writes";
[ "$(asked .writes)" = 0 ] || fail "a full sync in step wrote $(asked .writes) times"
[ "$(route 'POST /jobs/query')" = 1 ] || fail "sync --full: $(route 'POST /jobs/query') jobs" # those made a moment ago are read by id
[ "$(bridge --json status | jq '.routes[0].bulk | length')" = 0 ] || fail "something of it is left: $(bridge --json status)"

echo "-- $k of four kinds of drift"
each 0 '{"object":"prospect","id":"{id}","set":{"context.valuation":1{n}}}' | people "$inbox"
each 1 '{"object":"Lead","id":"{crm}","set":{"inbox_notes__c":"theirs {n}"}}' | people "$salesforce"
each 2 '{"object":"Lead","id":"{crm}","delete":true}' | people "$salesforce"
each 3 '{"object":"prospect","id":"{id}","set":{"context.notes":"ours {n}"}}' | people "$inbox"
each 3 '{"object":"Lead","id":"{crm}","set":{"inbox_notes__c":"theirs {n}"}}' | people "$salesforce"
compare "drift, by id" 0
compare "drift, by a job" "$from"
cmp -s <(essence "$dir/drift, by id.json") <(essence "$dir/drift, by a job.json") ||
  fail "they differ: $(diff <(essence "$dir/drift, by id.json") <(essence "$dir/drift, by a job.json") | head -5)"
[ "$(jq '.drift[0].records.missing_in_crm' "$dir/drift, by a job.json")" = "$k" ] || fail "missing: $(jq -c '.drift[0].records' "$dir/drift, by a job.json")"
[ "$(jq '.drift[0] | [.records | to_entries[] | select(.key != "in_sync") | .value] | add' "$dir/drift, by a job.json")" = $((4 * k)) ] || fail "drift: $(jq -c '.drift[0].records' "$dir/drift, by a job.json")"

echo "-- killed in the middle, and started again"
manner '{"bulk_ms":1500}'
forget_calls
"$build/inbox-bridge" -c "$dir/bridge.cfg" --quiet --json reconcile --report >"$dir/cut.json" 2>&1 &
pid=$!
for _ in $(seq 2000); do [ "$(route 'POST /jobs/query')" = 1 ] && break; sleep 0.05; done
sleep 0.3
bridge --json status >"$dir/status.json"
jq -e '.routes[0].bulk[0] | .kind == "query" and .object == "prospect"' "$dir/status.json" >/dev/null || fail "status: $(cat "$dir/status.json")"
kill -9 $pid; wait $pid 2>/dev/null
bridge --json reconcile --report >"$dir/resumed.json" 2>"$dir/said" || fail "resumed: $(cat "$dir/said")"
[ "$(route 'POST /jobs/query')" = 1 ] || fail "$(route 'POST /jobs/query') jobs were begun"
cmp -s <(essence "$dir/resumed.json") <(essence "$dir/drift, by id.json") || fail "resumed: $(diff <(essence "$dir/resumed.json") <(essence "$dir/drift, by id.json") | head -5)"
manner '{"bulk_ms":500}'

echo "-- a job that fails"
manner '{"bulk_query_fails":true}'
forget_calls
bridge --json reconcile --report >"$dir/failed.json" 2>"$dir/said" || fail "failed job: $(cat "$dir/said")"
jq -e '.drift[0].bulk[0].error | test("^the bulk query of Lead failed: Internal")' "$dir/failed.json" >/dev/null || fail "it does not say why: $(jq -c '.drift[0].bulk' "$dir/failed.json")"
[ "$(jq -c '.drift[0].bulk[0] | [.object, .error]' "$dir/drift, by a job.json")" = '["prospect",null]' ] || fail "what read it is not told"
cmp -s <(essence "$dir/failed.json") <(essence "$dir/drift, by id.json") || fail "failed job: the findings differ"
manner '{"bulk_query_fails":false}'

echo "-- mended"
bridge --json reconcile --accept-mass-change >"$dir/applied.json" 2>"$dir/said"; code=$?
[ $code = 0 ] || [ $code = 3 ] || fail "mending: exit $code: $(cat "$dir/said")"
forget_calls
bridge sync --full >/dev/null 2>&1
[ "$(asked .writes)" = 0 ] || fail "a full sync after it wrote $(asked .writes) times"

echo "-- the service shows it"
manner '{"bulk_ms":1500}'
port=$((20000 + RANDOM % 20000))
echo "http = { listen = \"127.0.0.1:$port\"; };" >>"$dir/bridge.cfg"
"$build/inbox-bridge" -c "$dir/bridge.cfg" run >"$dir/run.out" 2>"$dir/run.err" &
pid=$!
for _ in $(seq 400); do curl -fsS "http://127.0.0.1:$port/healthz" >/dev/null 2>&1 && break; sleep 0.05; done
bridge --json reconcile --report >"$dir/asked.json" 2>"$dir/said" &
asking=$!
shown=
for _ in $(seq 400); do
  shown=$(grep -E '^inbox_bridge_bulk_age_seconds\{route="sales",kind="query"\} [1-9]' <<<"$(curl -fsS "http://127.0.0.1:$port/metrics")") && break
  sleep 0.05
done
[ -n "$shown" ] || fail "the metrics show no bulk query: $(tail -3 "$dir/run.err")"
said=$(bridge status)
grep -qE '^  query +prospect +0 +running +[0-9]+s' <<<"$said" || fail "status: $said"
wait $asking || fail "asked: exit $?: $(cat "$dir/said")"
[ "$(jq '.drift[0].bulk[0].rows' "$dir/asked.json")" -gt 0 ] || fail "asked: $(jq -c '.drift[0].bulk' "$dir/asked.json")"
kill $pid; wait $pid 2>/dev/null
grep -q BULK <<<"$(bridge status)" && fail "something of it is left: $(bridge status)"
finish "$n leads"
