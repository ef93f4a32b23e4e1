#!/usr/bin/env bash
# One Inbox, two CRMs, one process: an edit in one CRM reaches Inbox and then the other CRM, settles, and nothing flaps.
source "$(dirname "$0")/kit.sh"
sandbox 60 --no-limits --inbox 0 --hubspot 0 --salesforce 0 --write-jwt-key "$dir/key.pem"
cp "$root/mappings/hubspot.cfg" "$root/mappings/salesforce-leads.cfg" "$dir/"
cat >"$dir/bridge.cfg" <<CFG
store = "bridge.db";
endpoints = {
  inbox   = { connector = "inbox";   token = "env:INBOX_API_TOKEN"; base_url = "$inbox/api/v1"; poll = "1s";
              per_minute = 100000; per_hour = 1000000; per_day = 10000000; };
  hubspot = { connector = "hubspot"; token = "env:HUBSPOT_TOKEN"; base_url = "$hubspot"; poll = "1s"; ten_secondly = 1000; };
  sales   = { connector = "salesforce"; client_id = "sandbox-client"; username = "integration@sandbox.example";
              private_key = "file:$dir/key.pem"; login_url = "$salesforce"; poll = "1s"; };
};
routes = ( { name = "marketing"; inbox = "inbox"; crm = "hubspot"; mapping = "hubspot.cfg"; },
           { name = "sales";     inbox = "inbox"; crm = "sales";   mapping = "salesforce-leads.cfg"; } );
CFG
of() { curl -fsS "$1/_sandbox/state" | jq -r "${@:2}"; }
edit() { curl -fsS -X POST -d "$2" "$1/_sandbox/edit" >/dev/null || fail "no edit: $2"; }
all_writes() { echo $(($(writes) + $(curl -fsS "$salesforce/_sandbox/calls" | jq .writes))); }
# quiet WHAT: one pass brings everything where it belongs, the next writes nothing; says how many writes it took
quiet() {
  local start now
  start=$(all_writes)
  indexed
  bridge sync --yes >"$dir/last" 2>&1 || [ $? = 3 ] || fail "$1: $(cat "$dir/last")"
  now=$(all_writes)
  indexed
  bridge sync --yes >"$dir/last" 2>&1 || [ $? = 3 ] || fail "$1: $(cat "$dir/last")"
  [ "$(all_writes)" = "$now" ] || fail "$1: the second pass wrote $(($(all_writes) - now)) times"
  echo "$1: $((now - start)) writes until quiet"
}
three() { # PLATFORM_ID: the valuation in Inbox, HubSpot and Salesforce
  of "$inbox" --arg i "$1" '.prospect[] | select(.platformId==$i) | .context.valuation // "-"'
  of "$hubspot" --arg k "x:$1" '.contact[] | select(.properties.inbox_prospect_key==$k) | .properties.inbox_valuation // "-"'
  of "$salesforce" --arg k "x:$1" '.Lead[] | select(.inbox_prospect_key__c==$k) | .inbox_valuation__c // "-"'
}
expect_all() { # WHAT PLATFORM_ID VALUE
  local got; got=$(three "$2" | sort -u | tr '\n' ' ')
  [ "$got" = "$3 " ] || fail "$1: $(three "$2" | tr '\n' ' ') instead of three times $3"
}

bridge setup --apply >"$dir/last" 2>&1 || fail "setup: $(cat "$dir/last")"
bridge sync --yes >"$dir/last" 2>&1 || [ $? = 3 ] || fail "first sync: $(cat "$dir/last")"
defaults=$(all_writes)
quiet "the defaults of new records"
[ "$(all_writes)" = "$defaults" ] || fail "what the CRMs gave new records was written $(($(all_writes) - defaults)) times"
[ "$(of "$salesforce" '.Lead|length')" = 60 ] || fail "$(of "$salesforce" '.Lead|length') leads"
[ "$(contacts)" = 60 ] || fail "$(contacts) contacts"

a=$(of "$inbox" '.prospect[3].platformId') b=$(of "$inbox" '.prospect[4].platformId') c=$(of "$inbox" '.prospect[5].platformId')
edit "$hubspot" "{\"object\":\"contact\",\"id\":\"$(of "$hubspot" --arg k "x:$a" '.contact[] | select(.properties.inbox_prospect_key==$k) | .id')\",\"set\":{\"inbox_valuation\":\"4242\"}}"
quiet "an edit in HubSpot"
expect_all "an edit in HubSpot" "$a" 4242
edit "$salesforce" "{\"object\":\"Lead\",\"id\":\"$(of "$salesforce" --arg k "x:$b" '.Lead[] | select(.inbox_prospect_key__c==$k) | .Id')\",\"set\":{\"inbox_valuation__c\":777}}"
quiet "an edit in Salesforce"
expect_all "an edit in Salesforce" "$b" 777
edit "$inbox" "{\"object\":\"prospect\",\"id\":\"$c\",\"set\":{\"context.valuation\":31}}"
quiet "an edit in Inbox"
expect_all "an edit in Inbox" "$c" 31

edit "$hubspot" "{\"object\":\"contact\",\"id\":\"$(of "$hubspot" --arg k "x:$a" '.contact[] | select(.properties.inbox_prospect_key==$k) | .id')\",\"set\":{\"inbox_valuation\":\"1\"}}"
edit "$salesforce" "{\"object\":\"Lead\",\"id\":\"$(of "$salesforce" --arg k "x:$a" '.Lead[] | select(.inbox_prospect_key__c==$k) | .Id')\",\"set\":{\"inbox_valuation__c\":2}}"
quiet "edits in both CRMs at once"
[ "$(three "$a" | sort -u | wc -l)" = 1 ] || fail "edits in both CRMs at once: $(three "$a" | tr '\n' ' ')"
bridge sync --full >"$dir/last" 2>&1 || [ $? = 3 ] || fail "full: $(cat "$dir/last")"
before=$(all_writes)
bridge sync --full >"$dir/last" 2>&1 || [ $? = 3 ] || fail "full: $(cat "$dir/last")"
[ "$(all_writes)" = "$before" ] || fail "a second full comparison wrote"
finish "two CRMs in step"
