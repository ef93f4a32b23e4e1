#!/usr/bin/env bash
# The commands beside sync, with the real binary: history, undo, adopt, links, pause, forget, prune, backup, reconcile.
. "$(dirname "$0")/kit.sh"
prospects=${COMMANDS_PROSPECTS:-150}
sandbox "$prospects" --no-limits
config
sed -i "s/max_creates = 100;/max_creates = 1000000;/" "$dir/hubspot.cfg"
bridge setup --apply >/dev/null || fail "setup"
bridge sync >"$dir/first" 2>&1 || fail "first sync: $(cat "$dir/first")"

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
quiet() { sleep 2.2; bridge sync >"$dir/said" 2>&1 || fail "$1: a sync is not quiet: $(cat "$dir/said")"; } # past the lag of the search index

echo "-- usage"
for command in history undo reconcile adopt links pause resume forget prune backup; do
  expect "$command --help" 0 "usage: inbox-bridge .* $command" bridge "$command" --help
done
expect "history of nobody" 1 'nobody called "@nobody"' bridge history @nobody
expect "a time that is none" 1 'is no time' bridge history @x --at yesterday
expect "undo of nothing" 1 'there is no run 999' bridge undo 999
expect "undo without a number" 1 'say undo RUN' bridge undo x
expect "pause of nothing" 1 'did you mean "sales"' bridge pause sale
expect "prune without a unit" 1 'prune' bridge prune --older-than 90
expect "forget nobody" 1 'nobody called' bridge forget @nobody

echo "-- history and undo"
who=$(state 0 .username)
t0=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ); sleep 0.01
old=$(contact 0 .properties.inbox_valuation); old_other=$(contact 1 .properties.inbox_valuation)
edit_inbox 0 '"context.valuation":111'; edit_inbox 1 '"context.valuation":222'
edit_crm 2 '"inbox_notes":"written in the CRM"'; notes=$(state 2 .context.notes)
quiet "edits"
expect "history" 0 'valuation +crm .*111.*source_unless_blank +.*hubspot.cfg:[0-9]+' bridge history "@$who"
run=$(bridge --json history "$who" | jq '[.[] | select(.field=="valuation" and .side=="crm")] | last.run')
expect "history --at" 0 'valuation' bridge history "$who" --at "$(date -u +%Y-%m-%dT%H:%M:%SZ -d '+1 minute')"
before=$(bridge --json history "$who" --at "$t0" | jq -c '.[] | select(.field=="valuation") | .crm')
[ "$before" = "$([ "$old" = null ] && echo null || echo "$old")" ] || fail "history --at $t0 says $before, not $old"
edit_crm 1 '"inbox_valuation":"333"' # moved since: must stay
before=$(writes)
expect "undo --dry-run" 3 'would be put back' bridge undo "$run" --dry-run
[ "$(writes)" = "$before" ] || fail "a dry run wrote"
expect "undo" 3 'changed in the CRM since' bridge undo "$run"
[ "$(contact 0 .properties.inbox_valuation)" = "$old" ] || fail "undo left $(contact 0 .properties.inbox_valuation), not $old"
[ "$(contact 1 .properties.inbox_valuation)" = 333 ] || fail "undo touched what was edited since (was $old_other)"
[ "$(state 2 .context.notes)" = "$notes" ] || fail "undo did not put the notes in Inbox back: $(state 2 .context.notes)"
quiet "after the undo"
[ "$(contact 0 .properties.inbox_valuation)" = "$old" ] || fail "the sync after the undo wrote $(contact 0 .properties.inbox_valuation)"
before=$(writes); bridge sync --full >/dev/null 2>&1 || fail "full sync after the undo"
[ "$(writes)" = "$before" ] || fail "the full sync after the undo wrote $(($(writes) - before)) times"
edit_crm 2 '"inbox_notes":""'; quiet "the same on both sides again" # imported links know no shadows: what differs would be news
expect "undo of the undo's creates" 0 "$prospects records it created stay" bridge undo 1

echo "-- pause"
expect "pause" 0 'route sales paused' bridge pause sales
edit_inbox 0 '"context.valuation":444'
bridge sync >"$dir/said" 2>&1; code=$?
[ "$code" = 3 ] || fail "a paused sync ended with $code"
expect "paused status" 3 'paused since' bridge status
[ "$(contact 0 .properties.inbox_valuation)" = "$old" ] || fail "a paused route wrote"
expect "paused undo" 1 'is paused' bridge undo 1
expect "resume" 0 'going' bridge resume --all
quiet "resumed"
[ "$(contact 0 .properties.inbox_valuation)" = 444 ] || fail "what came in during the pause was lost"

echo "-- links and backup"
expect "backup" 0 'checked copy' bridge backup "$dir/copy.db"
[ "$(stat -c %a "$dir/copy.db")" = 600 ] || fail "the backup is readable by others"
expect "backup over a file" 1 'exists' bridge backup "$dir/copy.db"
expect "links export" 0 "$prospects links exported" bridge links export "$dir/links.csv"
expect "links import of what is there" 0 '0 links imported, the others' bridge links import "$dir/links.csv"
{ printf '\xef\xbb\xbf'; sed 's/$/\r/' "$dir/links.csv"; } >"$dir/spread.csv"
expect "links import from a spreadsheet" 0 '0 links imported, the others' bridge links import "$dir/spread.csv"
sed '5s/linked/lnked/' "$dir/links.csv" >"$dir/bad.csv"
expect "links import of a typo" 1 'line 5: the state "lnked"' bridge links import "$dir/bad.csv"
sed -n '1,3p;3p' "$dir/links.csv" >"$dir/bad.csv"
expect "links import twice" 1 'line 4: line 3 names this key' bridge links import "$dir/bad.csv"
awk -F, -v OFS=, 'NR==3{$3="x:other"}1' "$dir/links.csv" >"$dir/bad.csv"
expect "links import of a taken record" 1 'line [0-9]+: ' bridge links import "$dir/bad.csv"
cp "$dir/bridge.db" "$dir/kept.db"; rm "$dir/bridge.db"
expect "links import into a new store" 0 "$prospects links imported" bridge links import "$dir/links.csv"
before=$(writes); quiet "imported"
[ "$(writes)" = "$before" ] || fail "a sync after the import wrote $(($(writes) - before)) times"
bridge links export "$dir/again.csv" >/dev/null; cmp -s "$dir/links.csv" "$dir/again.csv" || fail "the round trip changed the links"
cp "$dir/copy.db" "$dir/bridge.db"
before=$(writes); quiet "restored"
[ "$(writes)" = "$before" ] || fail "a sync of the restored backup wrote"

echo "-- adopt"
rm "$dir/bridge.db"
before=$(writes)
expect "adopt --plan" 0 "linked $prospects; nothing was linked" bridge adopt --plan
rm "$dir/bridge.db"
fault "$hubspot" '{"match":{"path":"*batch/read*"},"do":"status","status":429,"retry_after":1,"times":1}'
expect "adopt" 0 "linked $prospects; nothing was created or written" bridge adopt
quiet "adopted"
bridge sync --full >/dev/null 2>&1 || fail "full sync after adopt"
[ "$(writes)" = "$before" ] || fail "adopt and the syncs after it wrote $(($(writes) - before)) times"
[ "$(contacts)" = "$prospects" ] || fail "$(contacts) contacts of $prospects prospects"

echo "-- reconcile"
expect "reconcile --report in step" 0 "in_sync +$prospects records" bridge reconcile --report
edit_inbox 3 '"context.valuation":555'; edit_crm 4 '"inbox_valuation":"666"'
edit_inbox 5 '"context.valuation":777'; edit_crm 5 '"inbox_valuation":"888"'
before=$(writes)
bridge --json reconcile --report >"$dir/drift.json" || fail "reconcile --report"
[ "$(writes)" = "$before" ] || fail "a report wrote"
got=$(jq -c '.drift[0].records' "$dir/drift.json")
[ "$(jq -c '[.s_ahead,.t_ahead,.conflict,.in_sync]' <<<"$got")" = "[1,1,1,$((prospects - 3))]" ] || fail "drift: $got"
expect "reconcile" 0 'in_sync' bridge reconcile
expect "reconciled" 0 "in_sync +$prospects records" bridge reconcile --report
[ "$(contact 3 .properties.inbox_valuation)" = 555 ] || fail "reconcile did not mend"

echo "-- the daemon's runs, and a backup while it works"
"$build/inbox-bridge" -c "$dir/bridge.cfg" run 2>"$dir/run.err" &
pid=$!
edit_inbox 8 '"context.valuation":1234'
for _ in $(seq 100); do [ "$(contact 8 .properties.inbox_valuation)" = 1234 ] && break; sleep 0.1; done
expect "backup of a store in use" 0 'checked copy' bridge backup "$dir/live.db"
settled() { local n; for n in $(seq 200); do bridge status && return; sleep 0.05; done; return 3; } # jobs come and go while it hears of its own write
expect "status beside the daemon" 0 "route sales" settled
expect "sync beside the daemon" 0 "route sales" bridge sync
expect "plan beside the daemon" 0 "cells to write: CRM 0" bridge plan
kill "$pid"; wait "$pid"
run=$(bridge --json history "$(state 8 .username)" | jq '[.[] | select(.field=="valuation" and .side=="crm")] | last.run')
[ "$run" -gt 0 ] || fail "the daemon's change belongs to run $run"
expect "undo of the daemon's run" 0 'put back' bridge undo "$run" --dry-run

echo "-- forget and prune"
name=$(state 6 .username) id=$(state 6 .platformId) contact=$(contact 6 .id)
edit_inbox 6 '"context.notes":"met a wombat"'; quiet "a note"
edit_inbox 6 '"context.notes":"met a wombat, again"'; quiet "another note"
grep -aq "met a wombat" "$dir/bridge.db" || fail "the store never knew the note"
count=$(contacts)
expect "forget" 0 'is forgotten' bridge forget "@$name"
for word in "\"$name\"" "@$name{" "$id" "x:$id" "met a wombat"; do # other handles may begin like this one
  grep -aqiF -- "$word" "$dir"/bridge.db* && fail "the store still says \"$word\""
done
before=$(writes); bridge sync --full >/dev/null 2>&1 || fail "sync after forget"
[ "$(contacts)" = "$count" ] && [ "$(writes)" = "$before" ] || fail "the forgotten came back"
grep -aqF -- "$id" "$dir"/bridge.db* && fail "a sync remembered $id"
expect "history of the forgotten" 1 'nobody called' bridge history "@$name"
expect "links import of the forgotten" 1 'was forgotten' bridge links import "$dir/links.csv"
expect "forget --lift" 0 'may come back' bridge forget --lift "x:$id"
before=$(contacts); bridge sync --full >/dev/null 2>&1 || fail "sync after the lift"
[ "$(contacts)" = "$before" ] && [ "$(contact 6 .id)" = "$contact" ] || fail "lifted, but linked to another record"
for value in 901 902; do edit_inbox 7 "\"context.valuation\":$value"; quiet "$value"; done
expect "prune" 0 'gone: 0 rows' bridge prune
sleep 0.01; expect "prune of everything" 0 'gone: [1-9][0-9]* rows' bridge prune --older-than 1ms
before=$(writes); bridge sync --full >/dev/null 2>&1 || fail "sync after prune"
[ "$(writes)" = "$before" ] || fail "a sync after prune wrote"

echo "-- the line in the notes"
sed -i 's/# \({ name = "crm link"\)/\1/' "$dir/hubspot.cfg"
edit_inbox 9 '"context.notes":"met a numbat"'
quiet "the first with lines"
[ "$(state 9 .context.notes)" = "met a numbat
[inbox-bridge hubspot] https://app.hubspot.com/contacts/4242/record/0-1/$(contact 9 .id)" ] || fail "notes are $(state 9 .context.notes)"
[ "$(contact 9 .properties.inbox_notes)" = "met a numbat" ] || fail "the CRM's notes are $(contact 9 .properties.inbox_notes)"
before=$(writes); quiet "the second with lines"
[ "$(writes)" = "$before" ] || fail "the second sync with lines wrote"
expect "forget takes the line away" 0 'is forgotten' bridge forget "@$(state 9 .username)"
[ "$(state 9 .context.notes)" = "met a numbat" ] || fail "forgotten, but notes are $(state 9 .context.notes)"
finish
