#!/usr/bin/env bash
# What a person does while the service runs: every command that writes goes through its desk and says the same, with the same exit
# code, as without a service; who cannot be answered is told so, and nothing is done behind their back.
. "$(dirname "$0")/kit.sh"
export API_TOKEN=the-token
sandbox 30 --no-limits
port=$((20000 + RANDOM % 20000)) base=http://127.0.0.1:$port sock=$dir/bridge.db.sock
config
# polls are rare: what is asked for comes because it was asked for
sed -i 's/poll = "1s"/poll = "600s"/' "$dir/bridge.cfg"
echo "http = { listen = \"127.0.0.1:$port\"; api_token = \"env:API_TOKEN\"; };" >>"$dir/bridge.cfg"
bridge setup --apply >/dev/null || fail "setup"
bridge sync --yes >/dev/null 2>&1 || fail "first sync"

start() {
  (cd / && exec "$build/inbox-bridge" -c "$dir/bridge.cfg" run 2>>"$dir/run.err") & runner=$!
  for _ in $(seq 400); do curl -fsS "$base/readyz" >/dev/null 2>&1 && return; kill -0 "$runner" 2>/dev/null || break; sleep 0.05; done
  fail "not ready: $(curl -sS "$base/readyz" 2>&1) $(tail -3 "$dir/run.err")"
}
stop() { kill -TERM "$runner"; wait "$runner" || fail "run ended with $?"; }
state() { curl -fsS "$inbox/_sandbox/state" | jq -r ".prospect[$1]$2"; }
contact() { curl -fsS "$hubspot/_sandbox/state" | jq -r --arg k "x:$(state "$1" .platformId)" ".contact[] | select(.archived|not) | select(.properties.inbox_prospect_key==\$k) | $2"; }
edit_inbox() { curl -fsS -X POST -d "[{\"object\":\"prospect\",\"id\":\"$(state "$1" .platformId)\",\"set\":{$2}}]" "$inbox/_sandbox/edit" >/dev/null || fail "no edit"; }
edit_crm() { curl -fsS -X POST -d "[{\"object\":\"contact\",\"id\":\"$(contact "$1" .id)\",\"set\":{$2}}]" "$hubspot/_sandbox/edit" >/dev/null || fail "no edit"; }
# expect WHAT CODE PATTERN COMMAND…
expect() {
  local what=$1 code=$2 pattern=$3 got; shift 3
  "$@" >"$dir/said" 2>&1; got=$?
  [ "$got" = "$code" ] || fail "$what: exit $got, not $code: $(head -c 600 "$dir/said")"
  grep -qE "$pattern" "$dir/said" || fail "$what: said nothing like /$pattern/: $(head -c 800 "$dir/said")"
}
# alike COMMAND…: the same words and code with the service as were kept by `alone`
alone() { bridge "$@" >"$dir/alone" 2>&1; echo "exit $?" >>"$dir/alone"; }
alike() { bridge "$@" >"$dir/said" 2>&1; echo "exit $?" >>"$dir/said"; diff "$dir/alone" "$dir/said" >"$dir/diff" || fail "$* says otherwise beside the service: $(cat "$dir/diff")"; }
sweat() { grep -q 'WARNING: ThreadSanitizer\|ERROR: AddressSanitizer\|runtime error' "$dir/run.err" && { fail "a sanitizer spoke"; grep -m1 -A25 'Sanitizer\|runtime error' "$dir/run.err"; }; }

echo "-- the same words as without a service"
bridge links export "$dir/links.csv" >/dev/null || fail "export"
sed '3s/,linked/,perhaps/' "$dir/links.csv" >"$dir/bad.csv"
cd "$dir" || exit 1 # the service is somewhere else
who=$(state 0 .username)
declare -A said
for command in "pause nobody" "pause sale" "resume sales" "pause sales" "pause --all" "resume --all" "resolve 99 crm" "retry --all" "forget @nobody" \
  "forget --lift x:0" "explain @nobody" "explain @$who" "prune" "sync --route sale" "reconcile --route sale" "--json pause sales" "--json resume sales" "--json retry --all" "undo 999" "undo x" "undo 1 2" "undo" \
  "setup" "setup --apply" "setup --now" "--json setup" "links import links.csv" "links import bad.csv" "links import none.csv" "--json links import links.csv" "links import" "check" "links export -"; do
  # shellcheck disable=SC2086
  alone $command; said[$command]=$(cat "$dir/alone")
done
start
[ "$(stat -c '%a %F' "$sock")" = "600 socket" ] || fail "the desk: $(stat -c '%a %F' "$sock" 2>&1)"
for command in "pause nobody" "pause sale" "resume sales" "pause sales" "pause --all" "resume --all" "resolve 99 crm" "retry --all" "forget @nobody" \
  "forget --lift x:0" "explain @nobody" "explain @$who" "prune" "sync --route sale" "reconcile --route sale" "--json pause sales" "--json resume sales" "--json retry --all" "undo 999" "undo x" "undo 1 2" "undo" \
  "setup" "setup --apply" "setup --now" "--json setup" "links import links.csv" "links import bad.csv" "links import none.csv" "--json links import links.csv" "links import" "check" "links export -"; do
  echo "${said[$command]}" >"$dir/alone"
  # shellcheck disable=SC2086
  alike $command
done
echo "${#said[@]} commands say the same"

ls "$dir"/bridge.db.import-* >/dev/null 2>&1 && fail "the copy of an import was left behind"

echo "-- a field that is missing, and links that come back"
curl -fsS -X POST -d '[{"object":"property","type":"contacts","id":"inbox_valuation","delete":true}]' "$hubspot/_sandbox/edit" >/dev/null || fail "no property was deleted"
expect "setup" 3 'missing +contacts.inbox_valuation' bridge setup
expect "setup --apply" 0 'created +contacts.inbox_valuation' bridge setup --apply
for _ in $(seq 100); do [ "$(curl -s -o /dev/null -w '%{http_code}' "$base/readyz")" = 200 ] && break; sleep 0.05; done
expect "and then" 0 'route sales' bridge sync

echo "-- sync, and a pause in between"
edit_inbox 0 '"context.valuation":4711'
expect "sync" 0 'route sales:.* updated_crm 1' bridge sync
[ "$(contact 0 .properties.inbox_valuation)" = 4711 ] || fail "sync did not carry the edit: $(contact 0 .properties.inbox_valuation)"
[ "$(bridge --json history "@$who" | jq -r '[.[] | select(.new==4711)] | length')" -ge 1 ] || fail "history does not know the edit"
sleep 2.2 # past the lag of the search index, our own write is told
expect "sync again" 0 'route sales:' bridge sync
[ "$(curl -sS "$base/metrics" | sed -n 's/^inbox_bridge_echoes_total{endpoint="hubspot"} //p')" -ge 1 ] || fail "no echo was counted: $(curl -sS "$base/metrics" | grep echoes)"
grep -q 'updated' "$dir/said" && fail "a second sync wrote: $(cat "$dir/said")"
expect "pause" 0 'paused' bridge pause sales
edit_inbox 0 '"context.valuation":4712'
expect "sync while paused" 3 'paused since' bridge sync
[ "$(contact 0 .properties.inbox_valuation)" = 4711 ] || fail "a paused route wrote"
expect "resume" 0 'going' bridge resume sales
for _ in $(seq 100); do [ "$(contact 0 .properties.inbox_valuation)" = 4712 ] && break; sleep 0.05; done
[ "$(contact 0 .properties.inbox_valuation)" = 4712 ] || fail "resume did not let it go on"
expect "sync --full" 0 'route sales: seen' bridge sync --full

echo "-- undo"
edit_inbox 6 '"context.valuation":600'
expect "sync before it" 0 'updated_crm 1' bridge sync
run=$(bridge --json history "@$(state 6 .username)" | jq '[.[] | select(.new==600)][0].run')
before=$(writes)
expect "undo --dry-run" 0 'would be put back' bridge undo "$run" --dry-run
[ "$(writes)" = "$before" ] || fail "a dry run wrote"
expect "undo" 0 "run $run: 1 values put back" bridge undo "$run"
[ "$(contact 6 .properties.inbox_valuation)" = 600 ] && fail "undo put nothing back"
[ "$(bridge --json history "@$(state 6 .username)" | jq '[.[] | select(.old==600)] | length')" = 1 ] || fail "history does not know the undo: $(bridge history "@$(state 6 .username)")"
expect "undo once more" 3 'changed in the CRM since' bridge undo "$run"
sleep 2.2 # past the lag of the search index
expect "sync after it" 0 'route sales' bridge sync
[ "$(contact 6 .properties.inbox_valuation)" = 600 ] && fail "the sync after the undo did it again"

echo "-- a hold"
edit_inbox 1 '"context.notes":"ours"'; edit_crm 1 '"inbox_notes":"theirs"'
sleep 2.2 # past the lag of the search index
expect "sync with a conflict" 3 '1 held cells' bridge sync
id=$(bridge --json holds | jq '.[0].id')
expect "resolve it wrongly" 1 'say resolve ID' bridge resolve "$id" perhaps maybe
expect "resolve" 0 'noted' bridge resolve "$id" inbox
for _ in $(seq 100); do [ "$(contact 1 .properties.inbox_notes)" = ours ] && break; sleep 0.05; done
[ "$(contact 1 .properties.inbox_notes)" = ours ] || fail "the hold was resolved and nothing came of it"
[ "$(bridge --json holds | jq length)" = 0 ] || fail "still held"

echo "-- a dead write"
fault "$hubspot" '{"match":{"method":"POST","path":"*batch/update*"},"do":"status","status":400,"times":50}'
edit_inbox 2 '"context.valuation":99'
expect "sync into refusals" 3 '1 writes were refused' bridge sync
calm "$hubspot"
expect "retry" 0 '^1 write will be tried again' bridge retry "$(bridge --json dead | jq '.[0].id')"
for _ in $(seq 100); do [ "$(contact 2 .properties.inbox_valuation)" = 99 ] && break; sleep 0.05; done
[ "$(contact 2 .properties.inbox_valuation)" = 99 ] || fail "retry did not try again"

echo "-- reconcile"
expect "reconcile --report" 0 'in_sync +30 records' bridge reconcile --report
expect "a still picture" 0 'paused' bridge pause sales # else the service may be faster than the comparison
edit_crm 3 '"inbox_valuation":"1234"'
before=$(writes)
bridge --json reconcile --report >"$dir/drift.json" || fail "reconcile --report --json"
[ "$(jq -c '.drift[0].records' "$dir/drift.json")" = '{"in_sync":29,"t_ahead":1}' ] || fail "drift: $(jq -c '.drift[0].records' "$dir/drift.json")"
[ "$(jq -r '.drift[0].rows[0].cells[0].field' "$dir/drift.json")" = valuation ] || fail "no row: $(head -c 600 "$dir/drift.json")"
[ "$(writes)" = "$before" ] || fail "a report wrote"
expect "and on" 0 'going' bridge resume sales
expect "reconcile" 0 'in_sync +(29|30) records' bridge reconcile
[ "$(state 3 .context.valuation)" = 1234 ] || fail "reconcile did not mend: $(state 3 .context.valuation)"

echo "-- forget"
name=$(state 4 .username) key=x:$(state 4 .platformId)
expect "forget" 0 'is forgotten: [1-9]' bridge forget "@$name"
before=$(contacts); expect "sync --full after it" 0 'route sales' bridge sync --full
[ "$(contacts)" = "$before" ] || fail "the forgotten came back"
expect "history of the forgotten" 1 'nobody called' bridge history "@$name"
expect "forget --lift" 0 'may come back' bridge forget --lift "$key"

echo "-- /api"
api() { curl -s -o "$dir/said" -w '%{http_code}' -H 'Authorization: Bearer the-token' "$@"; }
is() { [ "$2" = "$3" ] || fail "$1: $2, not $3: $(head -c 300 "$dir/said")"; }
is "explain" "$(api "$base/api/explain?who=@$who")" 200
bridge --json explain "@$who" >"$dir/explained"
[ "$(jq -cS . "$dir/said")" = "$(jq -cS . "$dir/explained")" ] || fail "/api/explain is not what explain prints: $(diff <(jq -S . "$dir/said") <(jq -S . "$dir/explained") | head -5)"
is "history" "$(api "$base/api/history?who=%40$who")" 200
[ "$(jq -cS . "$dir/said")" = "$(bridge --json history "@$who" | jq -cS .)" ] || fail "/api/history is not what history prints"
is "history at a time" "$(api "$base/api/history?who=$who&at=$(date -u +%Y-%m-%d -d tomorrow)")" 200
[ "$(jq -c '[.[] | select(.field=="valuation") | .inbox]' "$dir/said")" = '[4712]' ] || fail "then: $(cat "$dir/said")"
is "of nobody" "$(api "$base/api/history?who=@nobody")" 404
is "explain nobody" "$(api "$base/api/explain?who=@nobody")" 404
is "of no one named" "$(api "$base/api/explain")" 400
is "a time that is none" "$(api "$base/api/history?who=$who&at=yesterday")" 400
is "no token" "$(curl -s -o "$dir/said" -w '%{http_code}' "$base/api/explain?who=@$who")" 401
is "history is only read" "$(api -X POST "$base/api/history?who=$who")" 405

echo "-- strangers at the desk"
desk() { curl -s -o "$dir/said" -w '%{http_code}' --unix-socket "$sock" "$@"; }
now() { date +%s%3N; }
is "no JSON" "$(desk -d 'hello' http://localhost/wishes)" 400
is "no words" "$(desk -d '{}' http://localhost/wishes)" 400
is "an unknown word" "$(desk -d "{\"words\":[\"rm\",\"-rf\"],\"at\":$(now)}" http://localhost/wishes)" 400
is "a command that is not for it" "$(desk -d "{\"words\":[\"adopt\"],\"at\":$(now)}" http://localhost/wishes)" 400
is "numbers for words" "$(desk -d "{\"words\":[\"pause\",7],\"at\":$(now)}" http://localhost/wishes)" 400
is "too many words" "$(desk -d "{\"words\":[\"sync\"$(printf ',"--full"%.0s' $(seq 40))],\"at\":$(now)}" http://localhost/wishes)" 400
is "said long ago" "$(desk -d "{\"words\":[\"pause\",\"sales\"],\"at\":$(($(now) - 60000))}" http://localhost/wishes)" 410
is "no such wish" "$(desk http://localhost/wishes/4711)" 404
is "something else" "$(desk http://localhost/metrics)" 404
[ "$(bridge --json status | jq '.routes[0].paused')" = null ] || fail "a wish that was refused was done"

echo "-- a service that does not answer"
kill -STOP "$runner"
began=$(date +%s)
expect "pause of a stopped service" 6 'does not answer at .*bridge.db.sock' bridge pause sales
[ $(($(date +%s) - began)) -le 12 ] || fail "it took $(($(date +%s) - began)) seconds to say so"
sleep 6 # after the five it took, whoever asked counts as gone
kill -CONT "$runner"
for _ in $(seq 100); do curl -fsS "$base/healthz" >/dev/null 2>&1 && break; sleep 0.05; done
expect "and then" 0 'route sales' bridge sync
[ "$(bridge --json status | jq '.routes[0].paused')" = null ] || fail "a pause nobody waited for any more was done"

echo "-- reload, kill, and the end"
cp "$dir/bridge.cfg" "$dir/keep.cfg"
kill -HUP "$runner"; for _ in $(seq 200); do grep -q config.loaded "$dir/run.err" && break; sleep 0.05; done
expect "after a reload" 0 'paused' bridge pause sales
expect "and on" 0 'going' bridge resume sales
kill -9 "$runner"; wait "$runner" 2>/dev/null
[ -S "$sock" ] || fail "no socket was left behind by the kill"
expect "alone again" 0 'route sales' bridge sync
start
edit_inbox 5 '"context.valuation":17'
expect "with the next one" 0 'updated_crm 1' bridge sync
stop
[ -e "$sock" ] && fail "the socket outlives the service"
grep -c 'asked command=' "$dir/run.err" | sed 's/$/ wishes in the log/'
sweat
before=$(writes); bridge sync --full >/dev/null 2>&1; [ "$(writes)" = "$before" ] || fail "a quiet comparison wrote"
finish "beside the service as without it"
