#!/usr/bin/env bash
# kill -9 at random moments of a first sync, with lost answers on both sides: complete at the end, nobody twice.
#   KILL_PROSPECTS (default 1500) and KILL_TIMES (50) say how much; KILL_SEED repeats a run's moments.
. "$(dirname "$0")/kit.sh"
prospects=${KILL_PROSPECTS:-1500} times=${KILL_TIMES:-50}
RANDOM=${KILL_SEED:-1}
sandbox "$prospects" --no-limits --latency 5
config
bridge setup --apply >/dev/null || fail "setup"
fault "$inbox" '{"match":{},"do":"reset_after","chance":0.05}'
fault "$hubspot" '{"match":{},"do":"reset_after","chance":0.05}'

killed=0 finished=0
while [ "$killed" -lt "$times" ]; do
  bridge sync --yes >/dev/null 2>"$dir/sync.err" &
  pid=$!
  sleep "0.$(printf %03d $((RANDOM % 700 + 20)))"
  if kill -9 "$pid" 2>/dev/null; then killed=$((killed + 1)); else finished=$((finished + 1)); fi
  wait "$pid" 2>/dev/null
  # a pass that ended before it could be killed: people go on editing, so that the next one has work
  if ! kill -0 "$pid" 2>/dev/null && [ $((killed % 5)) = 0 ]; then
    id=$(curl -fsS "$inbox/_sandbox/state" | jq -r ".prospect[$((RANDOM % prospects))].platformId")
    curl -fsS -X POST -d "[{\"object\":\"prospect\",\"id\":\"$id\",\"set\":{\"context.valuation\":$RANDOM}}]" "$inbox/_sandbox/edit" >/dev/null
  fi
done
made=$(contacts)
calm "$inbox"; calm "$hubspot"
for _ in 1 2 3 4 5 6; do # writes in doubt are looked up a few seconds later
  bridge sync --yes >"$dir/last" 2>&1; code=$?
  [ "$code" = 0 ] && break
  sleep 2
done
[ "$code" = 0 ] || fail "the last sync ended with $code: $(cat "$dir/last")"
[ "$(contacts)" = "$prospects" ] || fail "$(contacts) contacts of $prospects prospects"
[ "$(keys)" = "$prospects" ] || fail "$(keys) different keys of $prospects prospects"
before=$(writes)
bridge sync --full >/dev/null 2>&1 || fail "the full comparison"
[ "$(writes)" = "$before" ] || fail "the full comparison wrote $(($(writes) - before)) times"
finish "$killed times killed (contacts then: $made), $finished passes ended by themselves; $prospects prospects, $(contacts) contacts, 0 twice"
