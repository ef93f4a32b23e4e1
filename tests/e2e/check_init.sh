#!/usr/bin/env bash
# init, for each CRM, by flags and by answers: `check` passes on what it writes, nothing is overwritten, no secret is taken.
source "$(dirname "$0")/kit.sh"
sandbox 20 --inbox 0 --hubspot 0 --salesforce 0 --webhook 0 --no-limits --write-jwt-key "$dir/key.pem"
webhook=$(awk '$1=="webhook"{print $2}' "$dir/sandbox.out")
[ -n "$webhook" ] || { echo "the sandbox has no webhook"; exit 1; }
init() { "$build/inbox-bridge" init "$@"; }
passes() { # FOLDER: what is missing in the CRM is created, then check has nothing to say
  cfg=$dir/$1/inbox-bridge.cfg
  cfg=$cfg bridge setup --apply >"$dir/said" 2>&1 || [ $? = 3 ] || fail "$1: setup: $(cat "$dir/said")"
  cfg=$cfg bridge check >"$dir/said" 2>&1 || fail "$1: check: $(cat "$dir/said")"
  [ "$(stat -c %a "$cfg")" = 600 ] || fail "$1: mode $(stat -c %a "$cfg")"
  grep -q sandbox-token "$cfg" && fail "$1: a secret stands in it"
}

says 'wrote .*inbox-bridge.cfg and .*hubspot.cfg' 0 init --yes --inbox-url "$inbox/api/v1" --base-url "$hubspot" --out "$dir/hubspot"
passes hubspot
cmp -s "$dir/hubspot/hubspot.cfg" "$root/mappings/hubspot.cfg" || fail "the mapping is not the shipped one"

says 'wrote' 0 init --crm salesforce --crm-token "file:$dir/key.pem" --client-id sandbox-client --username integration@sandbox.example \
  --inbox-token env:INBOX_API_TOKEN --mapping salesforce-contacts --inbox-url "$inbox/api/v1" --base-url "$salesforce" --out "$dir/salesforce"
passes salesforce

# The same by answers: the CRM, Inbox's token as usual, the CRM's, the receiver
export WEBHOOK_SECRET=whsec_c2FuZGJveCB3ZWJob29rIHNlY3JldA==
printf 'webhook\n\n\n%s\n' "$webhook/messages" | init --inbox-url "$inbox/api/v1" --out "$dir/webhook" >"$dir/said" 2>&1 || fail "answers: $(cat "$dir/said")"
passes webhook

before=$(cksum "$dir/hubspot"/*.cfg)
says 'there already; --force' 1 init --yes --out "$dir/hubspot"
[ "$(cksum "$dir/hubspot"/*.cfg)" = "$before" ] || fail "something was overwritten"
says 'wrote' 0 init --yes --force --out "$dir/hubspot"
[ "$(cksum "$dir/hubspot"/*.cfg)" != "$before" ] || fail "--force wrote nothing"
[ "$(find "$dir" -name '*.new' | wc -l)" = 0 ] || fail "leftovers"

says 'still to be put .*NOT_SET_ANYWHERE' 0 init --yes --crm-token env:NOT_SET_ANYWHERE --out "$dir/later"
says 'a secret never stands' 1 init --yes --crm-token pat-na1-secret --out "$dir/no"
says 'hubspot, salesforce or webhook, not zoho' 1 init --yes --crm zoho --out "$dir/no"
says 'this is needed: --base-url' 1 init --yes --crm webhook --out "$dir/no"
says 'no place in --base-url' 1 init --yes --base-url 'http://x"; y = "' --out "$dir/no"
says 'no mapping of this name' 1 init --yes --mapping nobody --out "$dir/no"
says 'nobody answers' 1 init --out "$dir/no"
says 'unknown argument --frce' 1 init --frce
says 'say what after --crm' 1 init --crm
[ ! -e "$dir/no" ] || fail "something was written after a refusal"
finish "check passes on what init writes, for three CRMs"
