#!/usr/bin/env bash
# Everything an operator can get wrong, and what a service can answer: a message that names place and reason, the exit code,
# and a sync afterwards that finds nothing lost.
. "$(dirname "$0")/kit.sh"
sandbox 30 --no-limits
config
bridge setup --apply >/dev/null || fail "setup"
bridge sync --yes >/dev/null 2>&1 || fail "first sync"

# expect WHAT CODE PATTERN COMMAND…: prints what was said, for the reader of the log
expect() {
  local what=$1 code=$2 pattern=$3 got; shift 3
  "$@" >"$dir/said" 2>&1; got=$?
  printf '%-28s exit %d  %s\n' "$what" "$got" "$(grep -m1 -E "$pattern" "$dir/said" | cut -c1-230)"
  [ "$got" = "$code" ] || fail "$what: exit $got, not $code: $(head -c 400 "$dir/said")"
  grep -qE "$pattern" "$dir/said" || fail "$what: said nothing like /$pattern/: $(head -c 600 "$dir/said")"
}
# changed FROM TO: the configuration with one text replaced
changed() { sed "s|$1|$2|" "$dir/bridge.cfg" >"$dir/wrong.cfg"; }
mapped() { cp "$dir/hubspot.cfg" "$dir/keep.cfg"; sed -i "s|$1|$2|" "$dir/hubspot.cfg"; }
unmapped() { mv "$dir/keep.cfg" "$dir/hubspot.cfg"; }
wrong() { cfg="$dir/wrong.cfg" bridge "$@"; }

echo "-- command line and configuration"
expect "no command" 1 'usage' bridge
expect "unknown command" 1 'did you mean "sync"' bridge synk
expect "unknown argument" 1 'unknown argument --ful' bridge sync --ful
expect "no such file" 2 'nowhere.cfg' env cfg="" "$build/inbox-bridge" -c "$dir/nowhere.cfg" check
changed 'poll = "1s"' 'pol = "1s"';               expect "unknown option" 2 'wrong.cfg:[0-9]+: .*did you mean "poll"' wrong check
changed 'poll = "1s"' 'poll = "soon"';            expect "not a time span" 2 'wrong.cfg:[0-9]+: .*poll' wrong check
changed 'connector = "hubspot"' 'connector = "hubspott"'; expect "unknown connector" 2 'did you mean "hubspot"' wrong check
changed 'crm = "hubspot"' 'crm = "hubspt"';       expect "unknown endpoint" 2 'no such endpoint' wrong check
changed 'env:HUBSPOT_TOKEN' 'env:NO_SUCH_TOKEN';  expect "secret not set" 2 'NO_SUCH_TOKEN' wrong check
changed 'env:HUBSPOT_TOKEN' 'pat-na1-secret';     expect "literal secret" 2 'env:|file:' wrong check
grep -q 'pat-na1-secret' "$dir/said" && fail "a secret was printed"
changed "$hubspot" 'http://example.com';          expect "plain http" 2 'http' wrong check
printf 'store = "x' >"$dir/wrong.cfg";            expect "syntax error" 2 'wrong.cfg:1: .*syntax' wrong check

echo "-- mapping"
mapped '"Contacted",   "ATTEMPTED_TO_CONTACT"' '"Contacted",   "NEW"'; expect "table not one to one" 2 'hubspot.cfg:[0-9]+: .*both become "NEW"' bridge check; unmapped
mapped 'crm = "firstname"' 'crm = "firstnam"';    expect "missing property" 2 'hubspot.cfg:[0-9]+: .*did you mean "firstname"' bridge check; unmapped
mapped 'crm = "inbox_valuation"; conflict' 'crm = "hs_object_id"; conflict'; expect "read-only property" 2 'hubspot.cfg:[0-9]+: .*read-only' bridge check; unmapped
mapped '"OPEN_DEAL"' '"OPEN_DEALS"';              expect "unknown picklist option" 2 'hubspot.cfg:[0-9]+: .*did you mean "OPEN_DEAL"' bridge check; unmapped
mapped 'transform = "first_word"' 'transform = "first_wort"'; expect "unknown transform" 2 'did you mean "first_word"' bridge check; unmapped

echo "-- accounts"
HUBSPOT_TOKEN=wrong-token expect "wrong token" 4 'hubspot' bridge sync
INBOX_API_TOKEN=wrong-token expect "wrong Inbox token" 4 'inbox' bridge sync
"$build/inbox-bridge-sandbox" --hubspot 0 --inbox 0 --prospects 3 --seed 99 >"$dir/other.out" 2>/dev/null &
wait_for 10 has "$dir/other.out" '^ready' || fail "no other sandbox"
changed "$inbox" "$(awk '$1=="inbox"{print $2}' "$dir/other.out")"; expect "another organisation" 2 'belongs to organisation' wrong sync
changed "$hubspot" "http://127.0.0.1:1";          expect "nobody listens" 4 'hubspot' wrong sync

# ---- answers: each waits for what does not come, so each has services and a store of its own, and they wait at the same time ----
somebody() { curl -fsS "$inbox/_sandbox/state" | jq -r '.prospect[0].platformId'; }
stir() { curl -fsS -X POST -d "[{\"object\":\"prospect\",\"id\":\"$(somebody)\",\"set\":{\"context.valuation\":$RANDOM}}]" "$inbox/_sandbox/edit" >/dev/null; }
synced() { bridge sync >"$dir/last" 2>&1; }
nothing_was_lost() {
  local value there before
  stir # who is heard of again is looked at now, however long the last refusal said to wait
  wait_for 60 synced || fail "the last sync did not end well: $(cat "$dir/last")"
  [ "$(contacts)" = 30 ] || fail "$(contacts) contacts"
  value=$(curl -fsS "$inbox/_sandbox/state" | jq '.prospect[0].context.valuation')
  there=$(curl -fsS "$hubspot/_sandbox/state" | jq -r --arg k "x:$(somebody)" '.contact[] | select(.properties.inbox_prospect_key==$k) | .properties.inbox_valuation')
  [ "$value" = "$there" ] || fail "valuation $value in Inbox, $there in HubSpot"
  before=$(writes); bridge sync --full >/dev/null 2>&1 || fail "full comparison"
  [ "$(writes)" = "$before" ] || fail "the full comparison wrote"
}
nonsense_from_hubspot() {
  for bad in html truncate empty flood; do
    stir; fault "$hubspot" "{\"match\":{\"path\":\"*batch*\"},\"do\":\"$bad\",\"times\":50}"
    expect "HubSpot answers $bad" 3 'wait|unknown outcome' bridge sync
    calm "$hubspot"
  done
}
nonsense_from_inbox() {
  stir; fault "$inbox" '{"match":{"path":"/events"},"do":"html","times":50}'
  expect "Inbox answers html" 4 'inbox' bridge sync
  calm "$inbox"
}
hubspot_down() {
  stir; fault "$hubspot" '{"match":{"path":"*search*"},"do":"status","status":503,"times":50}'
  expect "HubSpot is down" 4 'hubspot' bridge sync
  calm "$hubspot"
}
houses=()
in_a_house() { # to be called with &: it ends its shell
  failures=0 dir=$dir/$1
  trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null' EXIT
  mkdir "$dir"; sandbox 30 --no-limits; config
  bridge setup --apply >/dev/null || fail "setup"
  bridge sync --yes >/dev/null 2>&1 || fail "first sync"
  "$1"; nothing_was_lost
  exit "$failures"
}
for house in nonsense_from_hubspot nonsense_from_inbox hubspot_down; do
  in_a_house "$house" >"$dir/$house.out" 2>&1 & houses+=("$!:$house")
done

echo "-- the store"
"$build/inbox-bridge" -c "$dir/bridge.cfg" run 2>"$dir/run.err" & runner=$!
wait_for 20 has "$dir/run.err" run.start || fail "the service did not start"
expect "a second process" 6 'lock|process' bridge adopt
expect "a second service" 6 'lock|process' bridge run
kill -TERM "$runner"; wait "$runner" || fail "run ended with $?"
cp "$dir/bridge.db" "$dir/keep.db"
printf 'this is no database, really not, however long one looks at it' >"$dir/bridge.db"
expect "no database" 6 'bridge.db' bridge sync
cp "$dir/keep.db" "$dir/bridge.db"; rm -f "$dir"/bridge.db-wal "$dir"/bridge.db-shm
size=$(stat -c %s "$dir/bridge.db")
for at in $((size / 4)) $((size / 2)) $((size / 3)); do dd if=/dev/urandom of="$dir/bridge.db" bs=1 seek="$at" count=4096 conv=notrunc status=none; done
expect "a damaged database" 6 'bridge.db' bridge sync
cp "$dir/keep.db" "$dir/bridge.db"
python3 - "$dir/bridge.db" <<'PY' 2>/dev/null || sqlite3 "$dir/bridge.db" 'PRAGMA user_version=999'
import sqlite3, sys
c = sqlite3.connect(sys.argv[1]); c.execute("PRAGMA user_version=999"); c.commit()
PY
expect "a newer database" 6 'newer|999' bridge sync
cp "$dir/keep.db" "$dir/bridge.db"
chmod 0400 "$dir/bridge.db"; [ "$(id -u)" = 0 ] || expect "a read-only file" 6 'bridge.db' bridge sync; chmod 0600 "$dir/bridge.db"
stir
# ThreadSanitizer maps a file of its own at start, which the limit on files breaks before the program begins
[[ $build == */tsan ]] && echo "a full disk: not under ThreadSanitizer" ||
  expect "a full disk" 6 'full|space|write|I/O|disk' bash -c "ulimit -f 8; exec '$build/inbox-bridge' -c '$dir/bridge.cfg' --quiet sync"

echo "-- and nothing was lost"
nothing_was_lost
echo "-- answers"
for house in "${houses[@]}"; do
  wait "${house%%:*}" || fail "${house#*:}: $? failures"
  cat "$dir/${house#*:}.out"
done
finish "every message, every code, and nothing lost"
