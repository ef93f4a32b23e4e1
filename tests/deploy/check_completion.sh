#!/usr/bin/env bash
# The completion, run in bash: every command, every option of every command, and the routes of a configuration.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=${BUILD_DIR:?BUILD_DIR is the build folder}/inbox-bridge
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$root/deploy/completion/inbox-bridge" || { echo "FAILED: bash does not read it"; exit 1; }
complete -p inbox-bridge >/dev/null || { echo "FAILED: nothing is registered"; exit 1; }
failures=0
fail() { echo "FAILED: $*"; failures=$((failures + 1)); }

# completes WORD… : what would be offered for the last word
completes() {
  COMP_WORDS=("$program" "$@") COMP_CWORD=$#
  COMPREPLY=()
  _inbox_bridge
  printf '%s\n' "${COMPREPLY[@]}"
}
offers() { # EXPECTED WORD…
  local expected=$1
  shift
  grep -qxF -- "$expected" <<<"$(completes "$@")" || fail "\"inbox-bridge $*\" does not offer $expected"
}

asked=0
for name in $("$program" --help | awk '/^  [a-z]/ { print $1 }'); do
  offers "$name" "${name:0:2}"
  for flag in $("$program" "$name" --help | sed -n "1s/^usage: .*\[--json\] $name//p" | grep -oE -- '--[a-z-]+' | sort -u); do
    offers "$flag" "$name" "${flag:0:4}"
    asked=$((asked + 1))
  done
  asked=$((asked + 1))
done
offers crm resolve 12 c
offers --json --j
offers --version --v
[ -z "$(completes syn --no-such)" ] || fail "an option nobody has is offered"
[ -z "$(completes zzz)" ] || fail "a command nobody has is offered"

printf 'endpoints = { a = { connector = "inbox"; }; };\nroutes = ( { name = "sales"; }, { name = "support"; } );\n' >"$dir/x.cfg"
sed -i 's/}, {/},\n{/' "$dir/x.cfg"
offers support -c "$dir/x.cfg" reconcile --route su
offers "$dir/x.cfg" -c "$dir/x"
[ "$failures" = 0 ] || exit 1
echo "$asked words are offered where they should be"
