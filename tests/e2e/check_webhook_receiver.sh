#!/usr/bin/env bash
# The example receiver, run for real: a first sync into it, edits on both sides, lost answers, a forged message, a duplicate.
. "$(dirname "$0")/kit.sh"
command -v python3 >/dev/null || { echo "needs python3"; exit 1; }
receiver() { python3 "$root/deploy/examples/receiver.py" --book "$dir/records.db" "$@"; }
sandbox 40 --no-limits
WEBHOOK_SECRET=$(receiver secret)
export WEBHOOK_SECRET
receiver serve --port 0 >"$dir/receiver.out" 2>"$dir/receiver.err" &
for _ in $(seq 200); do grep -q '^receiver http' "$dir/receiver.out" && break; sleep 0.05; done
there=$(awk '{print $2}' "$dir/receiver.out")
[ -n "$there" ] || { cat "$dir/receiver.err"; echo "the receiver did not start"; exit 1; }

cp "$root/mappings/webhook.cfg" "$dir/webhook.cfg"
cat >"$dir/bridge.cfg" <<CFG
store = "bridge.db";
endpoints = {
  inbox = { connector = "inbox";   token = "env:INBOX_API_TOKEN"; base_url = "$inbox/api/v1";
            per_minute = 100000; per_hour = 1000000; per_day = 10000000; };
  crm   = { connector = "webhook"; url = "$there/messages"; read_url = "$there/records"; secret = "env:WEBHOOK_SECRET";
            allow_private = true; per_minute = 100000; ${extra:-} };
};
routes = ( { name = "sales"; inbox = "inbox"; crm = "crm"; mapping = "webhook.cfg"; } );
CFG

bridge check >"$dir/check.out" 2>&1 || fail "check: $(cat "$dir/check.out")"
bridge sync >"$dir/sync.out" 2>&1 || fail "first sync: $(cat "$dir/sync.out")"
[ "$(receiver list | wc -l)" = 40 ] || fail "$(receiver list | wc -l) records of 40 prospects"
[ "$(receiver list | jq -r .key | sort -u | wc -l)" = 40 ] || fail "keys repeat"

# one edit on each side
key=$(receiver list | jq -r .key | head -1)
other=$(receiver list | jq -r .key | tail -1)
receiver set "$key" 'notes=called back' value=4200 >/dev/null || fail "set"
curl -fsS -X POST -d "[{\"object\":\"prospect\",\"id\":\"${other#x:}\",\"set\":{\"context.notes\":\"from Inbox\"}}]" "$inbox/_sandbox/edit" >/dev/null
bridge sync --full >"$dir/sync.out" 2>&1 || fail "sync: $(cat "$dir/sync.out")"
prospect() { curl -fsS "$inbox/_sandbox/state" | jq -c --arg id "${1#x:}" '.prospect[] | select(.platformId==$id) | .context'; }
[ "$(prospect "$key" | jq -r .notes)" = "called back" ] || fail "their note did not arrive: $(prospect "$key")"
[ "$(prospect "$key" | jq .valuation)" = 4200 ] || fail "their value did not arrive"
[ "$(receiver list | jq -r --arg k "$other" 'select(.key==$k) | .fields.notes')" = "from Inbox" ] || fail "our note did not arrive"

# all is quiet: nothing is said again
taken() { python3 -c "import sqlite3,sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM message').fetchone()[0])" "$dir/records.db"; }
before=$(taken)
bridge sync --full >"$dir/sync.out" 2>&1 || fail "quiet sync: $(cat "$dir/sync.out")"
[ "$(taken)" = "$before" ] || fail "$(($(taken) - before)) messages though nothing changed"

# a stranger's message, and one that was altered
code() { curl -s -o /dev/null -w '%{http_code}' "$@"; }
[ "$(code -d '{"id":"x","type":"ping"}' "$there/messages")" = 401 ] || fail "an unsigned message was taken"
[ "$(code -d '{"id":"x"}' -H 'webhook-id: x' -H "webhook-timestamp: $(date +%s)" -H 'webhook-signature: v1,AAAA' "$there/messages")" = 401 ] || fail "a forged message was taken"
[ "$(code "$there/records?object=contacts&id=1")" = 401 ] || fail "anybody may read"
finish "the receiver and the bridge agree"
