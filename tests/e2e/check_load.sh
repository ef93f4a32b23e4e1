#!/usr/bin/env bash
# The live service under load, briefly: edits on both sides with webhooks that are lost, doubled and late; a door full of strangers and
# kill -9 in a flood; bad luck of every kind with reloads. The long runs and their figures: tests/bench/README.md.
. "$(dirname "$0")/kit.sh"
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 0; }
bench=$root/tests/bench

try() { echo "-- $1"; shift; "$@" || fail "$(basename "$1")"; }
try "edits arrive" "$bench/rate" --build "$build" --prospects 120 --minutes 0.05 --inbox 600 --hubspot 200 --no-limits --bad 0.1 --polls 1s,1s --settle 60 --quiet 2
try "strangers, and kill -9" "$bench/hooks" --build "$build" --prospects 120 --seconds 1 --connections 8 --slow 100 --forged 300 --siege 700 --siege-seconds 2 --events 800
grep -aq __tsan_init "$build/inbox-bridge" && shadow=--shadow # ThreadSanitizer's grows with all that was ever touched
SOAK_MINUTES=0.1 try "bad luck" "$bench/soak" --build "$build" --prospects 60 --period 1.5 --settle 60 --quiet 2 ${shadow:-}
finish "the service stands it"
