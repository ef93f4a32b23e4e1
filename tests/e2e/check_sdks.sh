#!/usr/bin/env bash
# The services' own clients against the sandbox: if they cannot tell it from the real thing, the bridge's tests are worth
# something. The packages live in the build folder (or in SDK_MODULES), never in the tree; where Node or they cannot be had, this
# is left out and says why.
hubspot_client='@hubspot/api-client@13.5.0' salesforce_client='jsforce@3.10.16' # later ones want Node 22

command -v node >/dev/null || { echo "skipped: Node is not installed"; exit 0; }
[ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 18')" = true ] || { echo "skipped: Node $(node --version) is too old"; exit 0; }
export SDK_MODULES=${SDK_MODULES:-${BUILD_DIR:?}/sdks/node_modules}
has() { [ "$(jq -r .version "$SDK_MODULES/${1%@*}/package.json" 2>/dev/null)" = "${1##*@}" ]; }
if ! has "$hubspot_client" || ! has "$salesforce_client"; then
  command -v npm >/dev/null || { echo "skipped: npm is not installed, and the packages are not in $SDK_MODULES"; exit 0; }
  folder=$(dirname "$SDK_MODULES")
  mkdir -p "$folder" && echo '{"private":true}' >"$folder/package.json"
  (cd "$folder" && timeout 180 npm install --no-audit --no-fund --no-package-lock --loglevel=error \
    "$hubspot_client" "$salesforce_client") >"$folder/npm.log" 2>&1
  has "$hubspot_client" && has "$salesforce_client" ||
    { echo "skipped: the packages cannot be had: $(grep -m1 . "$folder/npm.log")"; exit 0; }
fi

source "$(dirname "$0")/kit.sh"
here=$(cd "$(dirname "$0")" && pwd)
sandbox 1 --inbox 0 --hubspot 0 --salesforce 0 --write-jwt-key "$dir/key.pem"
timeout 300 node "$here/sdk_hubspot.mjs" "$hubspot" || fail "HubSpot's client"
timeout 300 node "$here/sdk_jsforce.mjs" "$salesforce" "$dir/key.pem" || fail "Salesforce's client"
finish "both clients are content"
