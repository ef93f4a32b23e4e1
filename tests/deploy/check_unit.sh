#!/usr/bin/env bash
# The service file: systemd finds no fault in it, and little is left that a broken-into bridge could do.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
unit=$root/deploy/systemd/inbox-bridge.service
program=${BUILD_DIR:?BUILD_DIR is the build folder}/inbox-bridge
command -v systemd-analyze >/dev/null || { echo "skipped: no systemd-analyze here"; exit 0; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
most=1.5

# The program and its pages are not installed where the tests run.
sed -e "s|/usr/bin/inbox-bridge |$program |" -e '/^Documentation=/d' "$unit" >"$dir/inbox-bridge.service"
said=$(systemd-analyze verify --recursive-errors=no "$dir/inbox-bridge.service" 2>&1) && [ -z "$said" ] ||
  { echo "FAILED: verify: $said"; exit 1; }

table=$(systemd-analyze security --offline=true --no-pager "$dir/inbox-bridge.service" 2>&1)
level=$(sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\).*/\1/p' <<<"$table")
[ -n "$level" ] || { echo "FAILED: security: $table"; exit 1; }
awk -v l="$level" -v m="$most" 'BEGIN { exit !(l <= m) }' || { grep '✗' <<<"$table"; echo "FAILED: exposure $level, at most $most"; exit 1; }

if command -v systemd-sysusers >/dev/null; then
  mkdir -p "$dir/root/etc"
  said=$(systemd-sysusers --root="$dir/root" "$root/deploy/systemd/inbox-bridge.sysusers" 2>&1) || { echo "FAILED: sysusers: $said"; exit 1; }
  grep -q '^inbox-bridge:.*:/var/lib/inbox-bridge:' "$dir/root/etc/passwd" || { echo "FAILED: no user was made"; exit 1; }
fi
echo "verified; exposure $level"
