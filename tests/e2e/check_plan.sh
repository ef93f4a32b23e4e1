#!/usr/bin/env bash
# plan and apply beside the running service, which withholds the first contact: the same plan to the byte, the same words, exactly what
# the plan says, and nothing twice when the service is killed in the middle.
. "$(dirname "$0")/kit.sh"
n=130
sandbox "$n" --no-limits
port=$((20000 + RANDOM % 20000)) base=http://127.0.0.1:$port
config
sed -i 's/poll = "1s"/poll = "600s"/; s/batch = 100;/batch = 200;/' "$dir/bridge.cfg"
echo "http = { listen = \"127.0.0.1:$port\"; };" >>"$dir/bridge.cfg"
bridge setup --apply >/dev/null || fail "setup"

start() {
  (cd / && exec "$build/inbox-bridge" -c "$dir/bridge.cfg" run 2>>"$dir/run.err") & runner=$!
  for _ in $(seq 400); do curl -fsS "$base/readyz" >/dev/null 2>&1 && return; kill -0 "$runner" 2>/dev/null || break; sleep 0.05; done
  fail "not ready: $(curl -sS "$base/readyz" 2>&1) $(tail -3 "$dir/run.err")"
}
said() { bridge "$@" 2>&1; echo "exit $?"; }
same() { diff "$dir/alone" "$dir/beside" >"$dir/diff" || fail "$1 says otherwise beside the service: $(head -20 "$dir/diff")"; }
cd "$dir" || exit 1 # the service is somewhere else

echo "-- the same plan"
said plan --out alone.plan >"$dir/alone"
grep -q "create $n" "$dir/alone" || fail "alone: $(tail -3 "$dir/alone")"
said --json plan >"$dir/alone.json"
head -20 alone.plan >cut.plan; echo 'no plan' >bad.plan
said apply bad.plan >"$dir/alone.bad"; said apply none.plan >"$dir/alone.none"
start
said plan --out beside.plan >"$dir/beside"; same "plan --out"
[ "$(head -1 beside.plan)" = '{"plan":1}' ] || fail "no header"
cmp -s <(sort alone.plan) <(sort beside.plan) || fail "the plan is another: $(diff <(sort alone.plan) <(sort beside.plan) | head -4 | cut -c1-300)"
cp "$dir/alone.json" "$dir/alone"; said --json plan >"$dir/beside"; same "plan --json"
ls "$dir"/bridge.db.plan-* >/dev/null 2>&1 && fail "a plan was left beside the store"
[ "$(contacts)" = 0 ] || fail "a plan wrote: $(contacts) contacts"

echo "-- what is no plan"
cp "$dir/alone.bad" "$dir/alone"; said apply bad.plan >"$dir/beside"
grep -q 'bad.plan: line 1' "$dir/beside" || fail "bad: $(cat "$dir/beside")"
[ "$(tail -1 "$dir/beside")" = "$(tail -1 "$dir/alone.bad")" ] || fail "bad.plan ended with $(tail -1 "$dir/beside"), alone $(tail -1 "$dir/alone.bad")"
cp "$dir/alone.none" "$dir/alone"; said apply none.plan >"$dir/beside"; same "apply of no file"
said plan --out /nonexistent/x.plan >"$dir/beside"; [ "$(tail -1 "$dir/beside")" = "exit 1" ] || fail "an impossible file: $(cat "$dir/beside")"
said pause sales >/dev/null; said apply beside.plan >"$dir/beside"
grep -q 'route sales is paused' "$dir/beside" && [ "$(contacts)" = 0 ] || fail "paused: $(cat "$dir/beside")"
said resume sales >/dev/null

echo "-- applied, and killed in the middle"
fault "$hubspot" '{"match":{"method":"POST","path":"*batch/*"},"do":"delay","ms":500}'
bridge apply beside.plan >"$dir/killed" 2>&1 & asker=$!
for _ in $(seq 400); do [ "$(contacts)" -gt 0 ] && break; sleep 0.02; done
kill -9 "$runner"; wait "$runner" 2>/dev/null
wait "$asker"; code=$?
[ $code = 6 ] || fail "the asker of the killed: exit $code: $(cat "$dir/killed")"
calm "$hubspot"
echo "  $(contacts) of $n were there when it was killed"
start
said apply beside.plan >"$dir/beside"
grep -qE 'exit (0|3|5)' "$dir/beside" || fail "applied: $(cat "$dir/beside")"
for _ in $(seq 400); do [ "$(contacts)" = "$n" ] && break; sleep 0.05; done
[ "$(contacts) $(keys)" = "$n $n" ] || fail "$(contacts) contacts with $(keys) keys, not $n: $(cat "$dir/beside")"
bridge sync >/dev/null 2>&1 || fail "sync after it ended with $?"
said plan >"$dir/beside"; grep -q 'cells to write: CRM 0, Inbox 0' "$dir/beside" || fail "something is left: $(cat "$dir/beside")"
kill -TERM "$runner"; wait "$runner" || fail "run ended with $?"
before=$(writes); bridge sync --full >/dev/null 2>&1; [ "$(writes)" = "$before" ] || fail "a quiet comparison wrote"
grep -q 'WARNING: ThreadSanitizer\|ERROR: AddressSanitizer\|runtime error' "$dir/run.err" && fail "a sanitizer spoke: $(grep -m1 -A25 'Sanitizer\|runtime error' "$dir/run.err")"
finish "planned and applied beside the service as without it"
