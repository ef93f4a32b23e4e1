#!/usr/bin/env bash
# Alert rules and dashboard are well formed and only speak of numbers the program shows. PROMTOOL may name the program.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
rules=$root/deploy/prometheus/alerts.yml board=$root/deploy/grafana/dashboard.json
failures=0 with=
fail() { echo "FAILED: $*"; failures=$((failures + 1)); }
command -v jq >/dev/null || { echo "skipped: no jq here"; exit 0; }

jq -e '.title and .uid and (.panels | length > 10) and ([.panels[].id] | length == (unique | length)) and
       all(.panels[]; .targets | length > 0)' "$board" >/dev/null || fail "dashboard.json"
# No two panels in the same place
twice=$(jq -r '.panels[].gridPos | . as $p | range($p.x; $p.x + $p.w) as $x | range($p.y; $p.y + $p.h) as $y | "\($x) \($y)"' "$board" |
  sort | uniq -d)
[ -z "$twice" ] || fail "panels of the dashboard overlap"

# Every name in either is one that /metrics shows
known=$(grep -hoE '"inbox_bridge_[a-z_]+"' "$root"/bridge/app/*.c | tr -d '"' | sort -u)
used=$({ sed -n 's/ *expr: //p' "$rules"; jq -r '.panels[].targets[].expr, .templating.list[].query' "$board"; } | grep -oE 'inbox_bridge_[a-z_]+' | sort -u)
if [ -n "$known" ]; then
  unknown=$(comm -13 <(echo "$known") <(echo "$used"))
  [ -z "$unknown" ] || fail "nothing shows these:" $unknown
  with="; all $(wc -l <<<"$used") names are shown by the program"
fi
promtool=${PROMTOOL:-$(command -v promtool)}
if [ -n "$promtool" ]; then
  said=$("$promtool" check rules "$rules" 2>&1) || fail "promtool: $said"
  with="$with; promtool agrees"
fi
[ "$failures" = 0 ] || exit 1
echo "$(grep -c 'alert:' "$rules") alerts, $(jq '.panels | length' "$board") panels$with"
