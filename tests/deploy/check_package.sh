#!/usr/bin/env bash
# The Debian package is made, holds what it should, and its maintainer scripts are sound shell. With lintian here, and a
# program that is not instrumented, lintian finds nothing.
set -uo pipefail
build=${BUILD_DIR:?BUILD_DIR is the build folder}
for tool in cpack dpkg-deb dpkg-shlibdeps file; do
  command -v $tool >/dev/null || { echo "skipped: no $tool here"; exit 0; }
done
[ -e "$build/deploy/inbox-bridge.1.gz" ] || { echo "skipped: the target papers was not built"; exit 0; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failures=0
fail() { echo "FAILED: $*"; failures=$((failures + 1)); }

(cd "$build" && cpack -G DEB -B "$dir/out") >"$dir/cpack.log" 2>&1 || { cat "$dir/cpack.log"; echo "FAILED: cpack"; exit 1; }
deb=$(echo "$dir"/out/*.deb)
files=$(dpkg-deb -c "$deb" | awk '{ print $1, $6 }')
for wanted in usr/bin/inbox-bridge usr/sbin/inbox-bridge-ctl usr/lib/systemd/system/inbox-bridge.service \
  usr/lib/sysusers.d/inbox-bridge.conf usr/share/man/man1/inbox-bridge.1.gz usr/share/man/man5/inbox-bridge.cfg.5.gz \
  usr/share/man/man8/inbox-bridge-ctl.8.gz usr/share/bash-completion/completions/inbox-bridge \
  usr/share/inbox-bridge/mappings/hubspot.cfg usr/share/inbox-bridge/mappings/webhook.cfg \
  usr/share/doc/inbox-bridge/copyright usr/share/doc/inbox-bridge/operators.md; do
  grep -q " \./$wanted\$" <<<"$files" || fail "$wanted is not in the package"
done
grep -E '^[^ ]{8}w' <<<"$files" && fail "the world may write to these"
depends=$(dpkg-deb -f "$deb" Depends)
for library in libc6 libcurl4 libjansson4 libconfig9 libsqlite3-0 libssl3 ca-certificates systemd; do
  [[ $depends == *"$library"* ]] || fail "$library is not among: $depends"
done
version=$("$build/inbox-bridge" --version)
[ "inbox-bridge $(dpkg-deb -f "$deb" Version)" = "$version" ] || fail "the package is $(dpkg-deb -f "$deb" Version), the program says $version"
dpkg-deb -e "$deb" "$dir/control"
for script in postinst prerm postrm; do
  sh -n "$dir/control/$script" || fail "$script"
done
dpkg-deb -x "$deb" "$dir/root"
said=
if command -v lintian >/dev/null && ! grep -qE '__(asan|tsan)_init' <<<"$(nm -D "$dir/root/usr/bin/inbox-bridge")"; then
  said="; lintian has nothing to say"
  found=$(lintian --allow-root --tag-display-limit 0 "$deb" 2>&1)
  [ -z "$found" ] || fail "lintian: $found"
fi
[ "$failures" = 0 ] || exit 1
echo "$(wc -l <<<"$files") entries$said"
