#!/usr/bin/env bash
# Salesforce over real sockets, as an operator meets it: a login by signed assertion, faults named before anything is written,
# fields created and made visible, a first sync, edits both ways, a session that ends, and an administrator's no in words.
source "$(dirname "$0")/kit.sh"
sandbox 60 --inbox 0 --hubspot 0 --salesforce 0 --write-jwt-key "$dir/key.pem"
configure() { # USERNAME
  config_leads "client_id = \"sandbox-client\"; username = \"$1\"; private_key = \"file:$dir/key.pem\"; login_url = \"$salesforce\";"
}
manners() { curl -fsS -X POST -d "$1" "$salesforce/_sandbox/manners" >/dev/null || fail "no manners: $1"; }
edit() { curl -fsS -X POST -d "$2" "$1/_sandbox/edit" >/dev/null || fail "no edit: $2"; }
leads() { curl -fsS "$salesforce/_sandbox/state" | jq "$1"; }
notes() { curl -fsS "$inbox/_sandbox/state" | jq -r ".prospect[$1].context.notes"; }
logins() { curl -fsS "$salesforce/_sandbox/calls" | jq '.routes["POST /services/oauth2/token"] // 0'; }

configure nobody@sandbox.example
says "user hasn't approved this consumer" 4 bridge check
configure integration@sandbox.example
says 'leads.cfg:[0-9]+: .*no "inbox_prospect_key__c" on Lead; inbox-bridge setup' 2 bridge check

manners '{"customize":false}'
says 'by hand: Setup, Object Manager, Lead, Fields' 3 bridge setup --apply
manners '{"customize":true}'
says 'created +Lead.inbox_prospect_key__c' 0 bridge setup --apply
says 'nothing is missing' 0 bridge setup
says 'fits both schemas' 0 bridge check

curl -fsS -X DELETE "$salesforce/_sandbox/calls" >/dev/null
says 'created 60' 0 bridge sync
[ "$(leads '.Lead|length')" = 60 ] || fail "there are $(leads '.Lead|length') leads"
[ "$(leads '[.Lead[].inbox_prospect_key__c]|unique|length')" = 60 ] || fail "keys are not unique"
[ "$(logins)" = 1 ] || fail "$(logins) logins for one run"
curl -fsS -X DELETE "$salesforce/_sandbox/calls" >/dev/null
bridge sync >/dev/null || fail "a second sync" # what Salesforce gave new leads is nobody's edit
[ "$(curl -fsS "$inbox/_sandbox/calls" | jq .writes)" = 0 ] || fail "what Salesforce gave new leads came to Inbox"
[ "$(curl -fsS "$salesforce/_sandbox/calls" | jq .writes)" = 0 ] || fail "a second sync writes"

key=$(curl -fsS "$salesforce/_sandbox/state" | jq -r '.Lead[5].inbox_prospect_key__c')
who=$(curl -fsS "$inbox/_sandbox/state" | jq --arg k "${key#x:}" '[.prospect[].platformId]|index($k)')
id=$(curl -fsS "$salesforce/_sandbox/state" | jq -r '.Lead[5].Id')
edit "$salesforce" "{\"object\":\"Lead\",\"id\":\"$id\",\"set\":{\"inbox_notes__c\":\"O'Neil said \\\"yes\\\" 🎉\"}}"
edit "$salesforce" '{"object":"session","delete":true}'
bridge sync >/dev/null || fail "a sync after an edit"
[ "$(notes "$who")" = "O'Neil said \"yes\" 🎉" ] || fail "notes are $(notes "$who")"

before=$(leads '.Lead|length')
edit "$salesforce" "{\"object\":\"Lead\",\"id\":\"$id\",\"convert\":{}}"
bridge sync >/dev/null || fail "a sync after a conversion"
[ "$(notes "$who")" = "O'Neil said \"yes\" 🎉" ] || fail "a conversion cleared the notes"
[ "$(leads '.Lead|length')" = "$before" ] || fail "a converted lead was made again"
curl -fsS -X DELETE "$salesforce/_sandbox/calls" >/dev/null
bridge sync >/dev/null || fail "a quiet sync"
[ "$(curl -fsS "$salesforce/_sandbox/calls" | jq .writes)" = 0 ] || fail "a quiet sync writes"
finish "leads are in step over a real login"
