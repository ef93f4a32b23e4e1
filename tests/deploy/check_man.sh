#!/usr/bin/env bash
# The man pages name every command and every option of the program, and render without a warning.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=${BUILD_DIR:?BUILD_DIR is the build folder}/inbox-bridge
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failures=0
fail() { echo "FAILED: $*"; failures=$((failures + 1)); }
"$root/deploy/man/generate" "$program" "$dir" || { echo "FAILED: generate"; exit 1; }
cp "$root/deploy/man/inbox-bridge-ctl.8" "$dir"
plain() { sed -e 's/\\f[A-Z]//g' -e 's/\\-/-/g' -e 's/\\e/\\/g' "$1"; }

commands=0 options=0
plain "$dir/inbox-bridge.1" >"$dir/1.txt"
plain "$dir/inbox-bridge.cfg.5" >"$dir/5.txt"
for name in $("$program" --help | awk '/^  [a-z]/ { print $1 }'); do
  grep -qE "^$name( |\$)" "$dir/1.txt" || fail "the command $name is not in inbox-bridge(1)"
  for flag in $("$program" "$name" --help | sed 1q | grep -oE -- '--[a-z-]+'); do
    grep -qF -- "$flag" "$dir/1.txt" || fail "$name $flag is not in inbox-bridge(1)"
  done
  commands=$((commands + 1))
done
for name in $("$program" reference | sed -nE 's/^\| `([a-z_]+)` .*/\1/p' | sort -u); do
  grep -qE "^$name \(" "$dir/5.txt" || fail "the option $name is not in inbox-bridge.cfg(5)"
  options=$((options + 1))
done
[ "$commands" -ge 10 ] && [ "$options" -ge 20 ] || fail "only $commands commands and $options options were found"

with=
if command -v groff >/dev/null; then
  with="$with groff"
  for page in "$dir"/*.[1-8]; do
    said=$(groff -K utf8 -ww -man -Tutf8 -b "$page" 2>&1 >/dev/null) ; [ -z "$said" ] || fail "groff ${page##*/}: $said"
  done
fi
if command -v man >/dev/null; then
  with="$with man"
  for page in "$dir"/*.[1-8]; do
    said=$(MANROFFSEQ='' MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings=w -l "$page" 2>&1 >/dev/null) ; [ -z "$said" ] || fail "man -l ${page##*/}: $said"
  done
fi
if command -v mandoc >/dev/null; then
  with="$with mandoc"
  for page in "$dir"/*.[1-8]; do
    said=$(mandoc -Tlint -W warning "$page" 2>&1 | grep -v 'missing date') ; [ -z "$said" ] || fail "mandoc ${page##*/}: $said"
  done
fi
[ "$failures" = 0 ] || exit 1
echo "$commands commands and $options options are named; rendered without a warning by:${with:- nothing, neither groff nor man nor mandoc is here}"
