#!/usr/bin/env bash
# The full comparison: one percent of every kind of drift is planted, and each count must be exact; killed in the middle, it goes
# on behind what it had; applied, nothing is left but what waits for people. RECONCILE_PROSPECTS says how many (tests/bench/reconcile
# runs it large and prints what it cost).
. "$(dirname "$0")/kit.sh"
n=${RECONCILE_PROSPECTS:-600} k=$((n / 200 * 2)) # even: a merge takes two
bridge() { measured "$build/inbox-bridge" -c "$dir/bridge.cfg" --quiet "$@"; }
calls() { curl -fsS "$1/_sandbox/calls" | jq .total; }
batch_reads() { curl -fsS "$hubspot/_sandbox/calls" | jq '[.routes | to_entries[]? | select(.key|test("batch/read")) | .value] | add // 0'; }

sandbox "$n" --no-limits
config
sed -i "s/max_creates = 100;/max_creates = 1000000;/; s/  # filter = .*/  filter = { none_tag = ( \"Blocked\" ); };/" "$dir/hubspot.cfg"
sed -i "s/batch = 100;/batch = 200; mass_percent = 2;/; s/ten_secondly = 1000;/ten_secondly = 1000; daily = 100000000;/; s/per_day = 10000000;/per_day = 100000000;/" "$dir/bridge.cfg"

echo "-- $n prospects, $k of every kind of drift"
echo '{"object":"tag","create":{"name":"Blocked"}}' | people "$inbox"
bridge setup --apply >/dev/null || fail "setup"
bridge sync >"$dir/said" 2>&1 || fail "first sync: $(cat "$dir/said")"
cost "first sync"
bridge links export "$dir/links.csv" >/dev/null || fail "links"
bridge reconcile --report >"$dir/said" 2>&1 || fail "a comparison in step ended with $?: $(tail -5 "$dir/said")"
grep -qE "in_sync +$n records" "$dir/said" || fail "not in step at first: $(cat "$dir/said")"
cost "comparison in step"

# From now on newcomers are looked for by their handle, too.
sed -i 's/match = .*/match = ( "inbox_prospect_key", "twitterhandle" );/' "$dir/hubspot.cfg"

# What the bridge has seen and knows: held cells, detached links, an option it leaves alone.
each 0 '{"object":"prospect","id":"{id}","set":{"context.notes":"ours {n}"}}' | people "$inbox"
each 0 '{"object":"contact","id":"{crm}","set":{"inbox_notes":"theirs {n}"}}' | people "$hubspot"
each 1 '{"object":"contact","id":"{crm}","delete":true}' | people "$hubspot"
each 2 '{"object":"contact","id":"{crm}","set":{"hs_lead_status":"OPEN"}}' | people "$hubspot"
indexed
bridge reconcile >"$dir/said" 2>&1; code=$?
[ $code = 3 ] || fail "a comparison that ends with holds ended with $code: $(cat "$dir/said")"
bridge reconcile --report --json >"$dir/known.json" 2>"$dir/said" || fail "comparison: $(cat "$dir/said")"
got=$(jq -c '.drift[0].records' "$dir/known.json")
[ "$(jq -S . <<<"$got")" = "$(jq -nS "{in_sync:($n-2*$k),held:$k,detached:$k}")" ] || fail "known: $got"

# What happened while it was off.
each 3 '{"object":"prospect","id":"{id}","set":{"context.valuation":1{n}}}' | people "$inbox"
each 4 '{"object":"contact","id":"{crm}","set":{"inbox_valuation":"2{n}"}}' | people "$hubspot"
each 5 '{"object":"prospect","id":"{id}","set":{"context.valuation":3{n}}}' | people "$inbox"
each 5 '{"object":"contact","id":"{crm}","set":{"inbox_valuation":"4{n}"}}' | people "$hubspot"
each 6 '{"object":"contact","id":"{crm}","delete":true}' | people "$hubspot"
each 7 '{crm}' | paste - - | awk '{printf "{\"object\":\"contact\",\"id\":\"%s\",\"merge_into\":\"%s\"}\n",$1,$2}' | people "$hubspot"
each 8 '{"object":"prospect","id":"{id}","set":{"context.tags":["Blocked"]}}' | people "$inbox"
newcomer() { printf '{"object":"prospect","create":{"displayName":"%s","username":"%s","platformId":"%s%014d","message":"Hi"}}\n' "$1" "$2" "$3" "$4"; }
for i in $(seq "$k"); do # one record has their handle, or two have
  newcomer "Match $i" "match$i" 1799 "$i"; newcomer "Double $i" "double$i" 1798 "$i"
done | people "$inbox"
for i in $(seq "$k"); do
  printf '{"object":"contacts","create":{"firstname":"Match","twitterhandle":"match%s"}}\n' "$i"
  printf '{"object":"contacts","create":{"firstname":"Double","twitterhandle":"double%s"}}\n{"object":"contacts","create":{"firstname":"Twin","twitterhandle":"double%s"}}\n' "$i" "$i"
done | people "$hubspot"
options=$(curl -fsS -H 'authorization: Bearer sandbox-token' "$hubspot/crm/v3/properties/contacts/hs_lead_status" | jq -c '[.options[] | select(.value != "OPEN")]')
printf '{"object":"property","type":"contacts","id":"hs_lead_status","set":{"options":%s}}\n' "$options" | people "$hubspot"
indexed

wanted=$(jq -nS "{in_sync:($n-9*$k),held:$k,detached:$k,schema_drift:$k,s_ahead:$k,t_ahead:$k,conflict:$k,missing_in_crm:$k,
  merged:$k,excluded:$k,unlinked_match:$k,duplicate_key:$k}")
exact() { # FILE: every class is as many as were planted
  local got; got=$(jq -S '.drift[0].records' "$1")
  [ "$got" = "$wanted" ] || fail "$1: $(jq -c . <<<"$got") instead of $(jq -c . <<<"$wanted")"
  [ "$(jq '.drift[0].rows | length' "$1")" = $((10 * k)) ] || fail "$1: $(jq '.drift[0].rows | length' "$1") rows"
}
within() { # FILE: what was declared was kept
  jq -e '.drift[0] | .calls.inbox <= .cost.inbox and .calls.crm <= .cost.crm' "$1" >/dev/null ||
    fail "$1: calls $(jq -c '.drift[0] | [.calls, .cost]' "$1")"
}
essence() { jq -S '.drift[0] | {compared, records, cells, excluded, risky, plan, rows}' "$1"; }

echo "-- killed in the middle, and started again"
[ "$n" -gt 5000 ] || fault "$hubspot" '{"match":{"path":"*batch/read*"},"do":"delay","ms":300}'
curl -fsS -X DELETE "$hubspot/_sandbox/calls" >/dev/null
"$build/inbox-bridge" -c "$dir/bridge.cfg" --quiet --json reconcile --report >"$dir/cut.json" 2>&1 &
pid=$!
half=$((n / 200 + 3))
for _ in $(seq 60000); do
  read=$(batch_reads); [ "$read" -ge $half ] && break
  kill -0 $pid 2>/dev/null || { fail "it ended before half: $read reads, $(head -c 300 "$dir/cut.json")"; break; }
  sleep 0.02
done
kill -9 $pid; wait $pid 2>/dev/null
calm "$hubspot"
[ -s "$dir/cut.json" ] && jq -e . "$dir/cut.json" >/dev/null 2>&1 && fail "what was cut off told a whole report"
curl -fsS -X DELETE "$hubspot/_sandbox/calls" >/dev/null; curl -fsS -X DELETE "$inbox/_sandbox/calls" >/dev/null
bridge reconcile --report --json >"$dir/resumed.json" 2>"$dir/said" || fail "resumed: $(cat "$dir/said")"
cost "the second half"
rest=$(calls "$hubspot"); walked=$(curl -fsS "$inbox/_sandbox/calls" | jq '[.routes | to_entries[]? | select(.key|test("/threads")) | .value] | add // 0')
echo "  of $((n / 100)) reads $read were done when it was killed; the second half took $rest calls to the CRM and walked $walked pages of Inbox"
[ "$walked" = 0 ] || fail "it walked Inbox again"
exact "$dir/resumed.json"
second=$(batch_reads)
curl -fsS -X DELETE "$hubspot/_sandbox/calls" >/dev/null
before=$(writes)
bridge reconcile --report --json >"$dir/whole.json" 2>"$dir/said" || fail "whole: $(cat "$dir/said")"
cost "comparison"
[ "$(writes)" = "$before" ] || fail "a report wrote"
[ "$second" -le $(($(batch_reads) - read + 10)) ] || fail "the second half took $second reads of $(batch_reads), $read were done"
exact "$dir/whole.json"; within "$dir/whole.json"
jq -r '.drift[0] | "  calls: \(.calls.inbox) to Inbox (declared \(.cost.inbox)), \(.calls.crm) to the CRM (declared \(.cost.crm))"' "$dir/whole.json"
cmp -s <(essence "$dir/resumed.json") <(essence "$dir/whole.json") || fail "the resumed report differs: $(diff <(essence "$dir/resumed.json") <(essence "$dir/whole.json") | head -5)"
jq -e '.drift[0].schema | any(contains("gone is the option OPEN"))' "$dir/resumed.json" >/dev/null || fail "schema: $(jq -c '.drift[0].schema' "$dir/resumed.json")"
ls "$dir"/bridge.db.drift-* >/dev/null 2>&1 && fail "rows were left behind"

echo "-- applied"
bridge reconcile --json >"$dir/applied.json" 2>"$dir/said"; code=$?
cost "comparison and mending"
[ $code = 3 ] || fail "mending ended with $code: $(cat "$dir/said")"
exact "$dir/applied.json"
got=$(jq -cS '.verified.sales | del(.held)' "$dir/applied.json")
# Who has one name only never had a last name to agree on; a merge may bring somebody else's, and that waits for a person.
h=$(jq '.verified.sales.held // 0' "$dir/applied.json")
[ "$h" -le $((k / 40 + 1)) ] || fail "$h of $((k / 2)) survivors of merges are held"
[ "$got" = "$(jq -ncS "{in_sync:($k*4+$k/2-$h),detached:$k,merged:($k/2)}")" ] || fail "verified: $got"
bridge reconcile --report --json >"$dir/after.json" 2>"$dir/said" || fail "after: $(cat "$dir/said")"
got=$(jq -S '.drift[0].records' "$dir/after.json")
after=$(jq -nS "{in_sync:($n-4*$k-$k/2-$h),held:($k+$h),detached:(2*$k),schema_drift:$k,merged:($k/2),excluded:$k,duplicate_key:$k}")
[ "$got" = "$after" ] || fail "after: $(jq -c . <<<"$got") instead of $(jq -c . <<<"$after")"
before=$(writes); bridge sync --full >/dev/null 2>&1
[ "$(writes)" = "$before" ] || fail "a full sync after it wrote $(($(writes) - before)) times"

if [ "$n" -le 1000 ]; then
  echo "-- more than the mass-change guard allows"
  awk -F, -v from=$((12 * k)) 'NR>1+from && NR<=26+from {printf "{\"object\":\"contact\",\"id\":\"%s\",\"delete\":true}\n",$5}' "$dir/links.csv" | people "$hubspot"
  bridge reconcile >"$dir/said" 2>&1; code=$?
  [ $code = 3 ] && grep -q 'stopped by the mass-change guard' "$dir/said" || fail "the guard: exit $code: $(tail -5 "$dir/said")"
  plan=$(sed -nE 's/.*reconcile --accept ([0-9a-f]+)$/\1/p' "$dir/said")
  bridge --json reconcile --report >"$dir/risk.json" 2>/dev/null
  [ "$(jq -r '.drift[0] | "\(.plan) \(.risky)"' "$dir/risk.json")" = "$plan 25" ] || fail "plan $plan: $(jq -c '.drift[0] | [.plan,.risky]' "$dir/risk.json")"
  bridge reconcile --accept 0123456789abcdef >"$dir/said" 2>&1; code=$?
  [ $code = 5 ] && grep -q 'is not what plan 0123456789abcdef saw' "$dir/said" || fail "another plan: exit $code: $(tail -3 "$dir/said")"
  bridge --json reconcile --accept "$plan" >"$dir/risk.json" 2>"$dir/said"
  [ "$(jq -c '.verified.sales' "$dir/risk.json")" = '{"detached":25,"merged":'$((k / 2))'}' ] || fail "accepted: $(jq -c .verified "$dir/risk.json") $(cat "$dir/said")"
fi

[ -n "${RECONCILE_DAEMON:-}" ] || finish
echo "-- live edits while the service compares"
sed -i 's/mass_percent = 2;/mass_percent = 2; reconcile = "1m";/' "$dir/bridge.cfg"
value() { curl -fsS -H 'authorization: Bearer sandbox-token' "$hubspot/crm/v3/objects/contacts/$1?properties=inbox_valuation" | jq -r .properties.inbox_valuation; }
worth() { curl -fsS -H 'authorization: Bearer sandbox-token' "$inbox/api/v1/prospects/lookup?platformId=$1" | jq -r ".prospect.context.valuation // .context.valuation"; }
started() { grep -c '"event":"sweep.start"\|event=sweep.start\|sweep.start' "$dir/run.err"; }
ended() { grep -c 'sweep.done' "$dir/run.err"; }
arrives() { # WANTED COMMAND…: ms until it says so
  local want=$1 from; shift; from=$(date +%s%3N)
  for _ in $(seq 600); do [ "$("$@")" = "$want" ] && { echo $(($(date +%s%3N) - from)); return; }; sleep 0.1; done
  echo 99999
}
"$build/inbox-bridge" -c "$dir/bridge.cfg" run 2>"$dir/run.err" &
pid=$!
for _ in $(seq 1800); do [ "$(started)" -gt 0 ] && break; sleep 0.1; done
[ "$(started)" -gt 0 ] || fail "no comparison began: $(tail -3 "$dir/run.err")"
from=$(date +%s) worst=0
for i in $(seq 6); do
  line=$(each 9 '{id} {crm}' | sed -n "${i}p"); id=${line% *} contact=${line#* }
  echo "{\"object\":\"prospect\",\"id\":\"$id\",\"set\":{\"context.valuation\":77$i}}" | people "$inbox"
  ms=$(arrives "77$i" value "$contact"); worst=$((ms > worst ? ms : worst)); phase=$([ "$(ended)" = 0 ] && echo comparing || echo idle)
  echo "{\"object\":\"contact\",\"id\":\"$contact\",\"set\":{\"inbox_valuation\":\"88$i\"}}" | people "$hubspot"
  back=$(arrives "88$i" worth "$id"); worst=$((back > worst ? back : worst))
  echo "  an edit in Inbox is in the CRM after $ms ms, one in the CRM in Inbox after $back ms ($phase)"
done
[ "$worst" -le 15000 ] || fail "a live edit took $worst ms"
for _ in $(seq 6000); do [ "$(ended)" -gt 0 ] && break; sleep 0.1; done
echo "  compared in $(($(date +%s) - from)) s; peak $(awk '/VmHWM/{print int($2/1024)}' /proc/$pid/status) MB, CPU $(ps -o time= -p $pid)"
kill $pid; wait $pid
got=$(bridge --json status | jq -c '.routes[0].drift | [.compared, .records.held, .records.detached, .records.duplicate_key, .records.excluded, .records.schema_drift, .records.merged,
  .records.in_sync + (.records.s_ahead // 0) + (.records.t_ahead // 0)]')
[ "$got" = "$(jq -nc "[$n+2*$k,$k+$h,2*$k,$k,$k,$k,$k/2,$n-4*$k-$k/2-$h]")" ] || fail "on schedule: $got: $(bridge --json status | jq -c '.routes[0].drift')"

finish
