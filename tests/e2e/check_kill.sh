#!/usr/bin/env bash
# kill -9 at random moments while a first sync is under way, with lost answers on both sides: complete at the end, nobody twice.
#   KILL_PROSPECTS (default 5000) and KILL_TIMES (50) say how much; KILL_SEED repeats a run's moments.
. "$(dirname "$0")/kit.sh"
prospects=${KILL_PROSPECTS:-5000} times=${KILL_TIMES:-50}
RANDOM=${KILL_SEED:-1}
sandbox "$prospects" --no-limits --latency 3
config
sed -i 's/batch = 100/batch = 20/' "$dir/bridge.cfg" # many small steps: many places to die in
bridge setup --apply >/dev/null || fail "setup"
sed -i "s/max_creates = 100;/max_creates = 1000000;/" "$dir/hubspot.cfg"
fault "$inbox" '{"match":{},"do":"reset_after","chance":0.05}'
fault "$hubspot" '{"match":{},"do":"reset_after","chance":0.05}'
id() { curl -fsS "$inbox/_sandbox/state" | jq -r ".prospect[$1].platformId"; }
somebody=$(id 0) ended=0 during=0

for _ in $(seq "$times"); do
  "$build/inbox-bridge" -c "$dir/bridge.cfg" --quiet run 2>"$dir/run.err" &
  pid=$!
  sleep "0.$(printf %03d $((RANDOM % 350 + 50)))" # no state is waited for: any moment may be the one
  kill -9 "$pid" 2>/dev/null || { ended=$((ended + 1)); cat "$dir/run.err"; }
  wait "$pid" 2>/dev/null
  [ "$(curl -fsS "$hubspot/_sandbox/calls" | jq .writes)" -gt 0 ] && [ "$(contacts)" -lt "$prospects" ] && during=$((during + 1))
  curl -fsS -X POST -d "[{\"object\":\"prospect\",\"id\":\"$somebody\",\"set\":{\"context.valuation\":$RANDOM}}]" "$inbox/_sandbox/edit" >/dev/null
done
[ "$ended" = 0 ] || fail "the bridge ended by itself $ended times"
made=$(contacts)
calm "$inbox"; calm "$hubspot"
synced() { bridge sync >"$dir/last" 2>&1; }
wait_for 30 synced || fail "the last sync did not end well: $(cat "$dir/last")" # writes in doubt are looked up a few seconds later
[ "$(contacts)" = "$prospects" ] || fail "$(contacts) contacts of $prospects prospects"
[ "$(keys)" = "$prospects" ] || fail "$(keys) different keys of $prospects prospects"
value=$(curl -fsS "$inbox/_sandbox/state" | jq '.prospect[0].context.valuation')
there=$(curl -fsS "$hubspot/_sandbox/state" | jq -r --arg k "x:$somebody" '.contact[] | select(.properties.inbox_prospect_key==$k) | .properties.inbox_valuation')
[ "$value" = "$there" ] || fail "the last edit is lost: $value in Inbox, $there in HubSpot"
before=$(writes)
bridge sync --full >/dev/null 2>&1 || fail "the full comparison"
[ "$(writes)" = "$before" ] || fail "the full comparison wrote $(($(writes) - before)) times"
finish "$times times killed, $during of them in the middle of the first sync ($made contacts made by then); $prospects prospects, $(contacts) contacts, 0 twice"
