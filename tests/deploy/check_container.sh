#!/usr/bin/env bash
# The Dockerfile and its compose file, as far as they can be checked without an engine: what is copied exists and is not
# ignored, the libraries of the last stage are those the program needs, and nothing runs as root. Linted by hadolint where there is
# one (HADOLINT may name it; Debian has none), and by dockerfile-utils, the linter of the Docker language server, where npm can fetch it.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=${BUILD_DIR:?BUILD_DIR is the build folder}/inbox-bridge
file=$root/deploy/Dockerfile
failures=0 with=
fail() { echo "FAILED: $*"; failures=$((failures + 1)); }
last=$(awk '/^FROM/ { text = "" } { text = text $0 "\n" } END { printf "%s", text }' "$file")

[ "$(grep -c '^FROM' "$file")" = 2 ] || fail "not two stages"
grep -qE '^FROM ([^ ]+:latest|[^: ]+)( |$)' "$file" && fail "an image without a version"
grep -qE '^USER [1-9][0-9]*:' <<<"$last" || fail "the last stage runs as root"
grep -q '^HEALTHCHECK' <<<"$last" || fail "no health check"
grep -q '^ENTRYPOINT \["inbox-bridge"' <<<"$last" || fail "the entry point is no list: signals would go to a shell"
for path in $(sed -nE 's/^COPY ([a-z].*) [^ ]+$/\1/p' "$file"); do
  [ -e "$root/$path" ] || fail "COPY $path: not there"
done
for room in CMakeLists.txt CMakePresets.json LICENSE CHANGELOG.md bridge connectors mappings tests deploy; do
  grep -qxF "!$room" "$root/.dockerignore" || fail ".dockerignore leaves $room out, which the build needs"
done

# Libraries the program is linked with directly, by the packages that hold them here
if command -v readelf >/dev/null && command -v dpkg >/dev/null; then
  for library in $(readelf -d "$program" | sed -nE 's/.*NEEDED.*\[(lib[^]]+)\]/\1/p'); do
    case $library in libc.so* | libm.so* | libasan* | libubsan* | libtsan* | libgcc*) continue ;; esac
    package=$(dpkg -S "*/$library" 2>/dev/null | sed 's/:.*//' | head -1)
    [ -z "$package" ] || grep -qE "[ ]$package( |\$)" <<<"$last" || fail "$library ($package) is not in the last stage"
  done
  with="; libraries agree"
fi
if python3 -c 'import yaml' 2>/dev/null; then
  python3 - "$root/deploy/compose.yaml" <<'PY' || fail "compose.yaml"
import sys, yaml
service = yaml.safe_load(open(sys.argv[1]))["services"]["inbox-bridge"]
assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
assert "no-new-privileges:true" in service["security_opt"] and not service["user"].startswith("0")
PY
  with="$with; compose file read"
fi
hadolint=${HADOLINT:-$(command -v hadolint)}
if [ -n "$hadolint" ]; then
  said=$("$hadolint" "$file" 2>&1) || fail "hadolint: $said"
  with="$with; hadolint agrees"
fi
linter=$BUILD_DIR/npm/dockerfile-utils
if command -v npm >/dev/null && [ ! -d "$linter/node_modules" ]; then
  mkdir -p "$linter"
  timeout 120 npm install --no-audit --no-fund --ignore-scripts --prefix "$linter" dockerfile-utils >/dev/null 2>&1 || rm -rf "$linter"
fi
if [ -x "$linter/node_modules/.bin/dockerfile-utils" ]; then
  said=$("$linter/node_modules/.bin/dockerfile-utils" lint "$file" 2>&1) && [ -z "$said" ] || fail "dockerfile-utils: $said"
  printf 'FROM debian:12-slim\nEXPOSE many\n' >"$linter/wrong"
  said=$("$linter/node_modules/.bin/dockerfile-utils" lint "$linter/wrong" 2>&1)
  [[ $said == *"Line: 2"* ]] || fail "dockerfile-utils does not see a port that is no port: $said"
  with="$with; dockerfile-utils agrees"
fi
[ "$failures" = 0 ] || exit 1
echo "the image is as it should be$with"
