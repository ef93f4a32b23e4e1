#!/usr/bin/env bash
# Our signatures before other people's code: the library of Standard Webhooks (npm: standardwebhooks) takes what the running program
# sends and refuses it once anything of it was changed; a client made of curl and openssl is taken by our hook. Keys are exchanged on
# both roads without a message lost. Wants Node and the package, which is fetched into the build folder.
. "$(dirname "$0")/kit.sh"
for tool in node npm openssl; do command -v "$tool" >/dev/null || { echo "skipped: no $tool here"; exit 0; }; done
library=$build/npm/standardwebhooks
if [ ! -e "$library/node_modules/standardwebhooks/package.json" ]; then
  mkdir -p "$library"
  timeout 120 npm install --no-audit --no-fund --ignore-scripts --prefix "$library" standardwebhooks >"$dir/npm" 2>&1 ||
    { echo "skipped: the package standardwebhooks cannot be had: $(grep -m1 -i 'code\|error' "$dir/npm")"; exit 0; }
fi
export NODE_PATH=$library/node_modules
version=$(node -p 'require("standardwebhooks/package.json").version') || { fail "the package cannot be loaded"; finish; }
sandbox 12 --no-limits

# Everything that comes is written down as it came; the answer depends on what the library says with the key in $dir/key.
cat >"$dir/receiver.js" <<'JS'
const fs = require("fs"), http = require("http"), { Webhook } = require("standardwebhooks"), dir = process.argv[2];
const records = new Map();
http.createServer((q, a) => {
  const parts = [];
  q.on("data", (d) => parts.push(d));
  q.on("end", () => {
    const body = Buffer.concat(parts), row = { headers: q.headers, body: body.toString("base64"), ok: false };
    let message = null;
    try {
      message = new Webhook(fs.readFileSync(dir + "/key", "utf8").trim()).verify(body.toString(), q.headers);
      row.ok = true;
    } catch (e) { row.why = e.message; }
    fs.appendFileSync(dir + "/came", JSON.stringify(row) + "\n");
    if (message && message.fields) records.set(message.key, { ...(records.get(message.key) || {}), ...message.fields });
    a.writeHead(row.ok ? 200 : 401, { "content-type": "application/json" });
    a.end(JSON.stringify(row.ok && message.fields ? { external_id: message.key, fields: records.get(message.key), timestamp: new Date().toISOString() } : { ok: row.ok }));
  });
}).listen(0, "127.0.0.1", function () { fs.writeFileSync(dir + "/port", String(this.address().port)); });
JS
secret() { echo "whsec_$(openssl rand -base64 32)"; }
secret >"$dir/first"; secret >"$dir/second"; cp "$dir/first" "$dir/key"; cp "$dir/first" "$dir/hook"; chmod 600 "$dir"/{first,second,key,hook}
node "$dir/receiver.js" "$dir" 2>"$dir/receiver.err" &
for _ in $(seq 200); do [ -s "$dir/port" ] && break; sleep 0.05; done
[ -s "$dir/port" ] || { cat "$dir/receiver.err"; fail "the receiver did not start"; finish; }

port=$((20000 + RANDOM % 20000)) hook=http://127.0.0.1:$port/hooks/crm
cp "$root/mappings/webhook.cfg" "$dir/webhook.cfg"
cat >"$dir/bridge.cfg" <<CFG
store = "bridge.db";
endpoints = {
  inbox = { connector = "inbox";   token = "env:INBOX_API_TOKEN"; base_url = "$inbox/api/v1"; poll = "1s";
            per_minute = 100000; per_hour = 1000000; per_day = 10000000; };
  crm   = { connector = "webhook"; url = "http://127.0.0.1:$(cat "$dir/port")/"; secret = "file:$dir/first"; hook_secret = "file:$dir/hook";
            allow_private = true; per_minute = 100000; };
};
routes = ( { name = "sales"; inbox = "inbox"; crm = "crm"; mapping = "webhook.cfg"; } );
http = { listen = "127.0.0.1:$port"; };
CFG
ids() { curl -fsS "$inbox/_sandbox/state" | jq -r '.prospect[].platformId'; }
edit() { curl -fsS -X POST -d "[{\"object\":\"prospect\",\"id\":\"$1\",\"set\":{\"context.notes\":\"$2\"}}]" "$inbox/_sandbox/edit" >/dev/null || fail "no edit"; }
mapfile -t id < <(ids)
upserts() { jq -c 'select(.body | @base64d | fromjson | .type == "record.upsert")' "$dir/came"; }

echo "-- what we send, read by standardwebhooks $version"
bridge sync >"$dir/said" 2>&1 || fail "sync: $(cat "$dir/said")"
edit "${id[0]}" "grüße, \\\"Anführung\\\" ✓"; bridge sync >"$dir/said" 2>&1 || fail "sync: $(cat "$dir/said")"
[ "$(jq -s 'map(select(.ok | not)) | length' "$dir/came")" = 0 ] || fail "the library refused: $(jq -c 'select(.ok | not) | .why' "$dir/came" | head -3)"
[ "$(upserts | wc -l)" = 13 ] || fail "$(upserts | wc -l) messages, not 12 people and an edit"
[ "$(jq -r '.headers["webhook-id"]' "$dir/came" | sort | uniq -d | wc -l)" = 0 ] || fail "ids repeat though nothing was lost"
upserts | jq -e 'select((.body | @base64d | fromjson | .id) != .headers["webhook-id"])' >/dev/null && fail "a body's id is not the header's"
cat >"$dir/alter.js" <<'JS'
const fs = require("fs"), { Webhook, WebhookVerificationError } = require("standardwebhooks"), [, , file, key, other] = process.argv;
const rows = fs.readFileSync(file, "utf8").trim().split("\n").map((l) => JSON.parse(l)), real = Date.now;
const read = (name) => fs.readFileSync(name, "utf8").trim();
let refused = 0, taken = 0;
function refuses(what, body, headers, secret) {
  try { new Webhook(secret || read(key)).verify(body, headers); }
  catch (e) { if (e instanceof WebhookVerificationError) { refused++; return; } throw e; }
  console.log("taken although " + what); process.exitCode = 1;
}
const at = (name, h, v) => ({ ...h, [name]: v });
for (const { headers: h, body: b64 } of rows) {
  const body = Buffer.from(b64, "base64").toString(), sig = h["webhook-signature"];
  new Webhook(read(key)).verify(body, h); taken++;
  refuses("a byte of the body was changed", body.replace(/.$/, " }"), h);
  refuses("a letter of the body was changed", body.replace("id", "iD"), h);
  refuses("the body is empty", "", h);
  refuses("the id was changed", body, at("webhook-id", h, h["webhook-id"] + "x"));
  refuses("the time was changed", body, at("webhook-timestamp", h, String(Number(h["webhook-timestamp"]) - 1)));
  refuses("the signature was changed", body, at("webhook-signature", h, sig.replace(/,(.)/, (_, c) => "," + (c === "A" ? "B" : "A"))));
  refuses("its version is another", body, at("webhook-signature", h, sig.replace(/v1,/g, "v2,")));
  refuses("the key is another", body, h, read(other));
  Date.now = () => real() + 400000; refuses("it is old", body, h);
  Date.now = () => real() - 400000; refuses("it is from the future", body, h);
  Date.now = real;
}
console.log(`${taken} taken, ${refused} altered ones refused`);
JS
node "$dir/alter.js" "$dir/came" "$dir/first" "$dir/second" || fail "an altered message was taken"

echo "-- our key is exchanged"
rm "$dir/came"; sed -i "s|secret = \"file:$dir/first\"; hook|secret = \"file:$dir/second\"; secret_old = \"file:$dir/first\"; hook|" "$dir/bridge.cfg"
edit "${id[1]}" "both keys"; bridge sync >"$dir/said" 2>&1 || fail "sync with both keys: $(cat "$dir/said")"
cp "$dir/second" "$dir/key" # the receiver takes the new one
edit "${id[2]}" "still both keys"; bridge sync >"$dir/said" 2>&1 || fail "sync with both keys, receiver with the new one: $(cat "$dir/said")"
[ "$(upserts | jq -s 'map(select(.ok and (.headers["webhook-signature"] | split(" ") | length) == 2)) | length')" = 2 ] || fail "not two messages with two signatures: $(cat "$dir/came")"
sed -i "s|secret_old = \"file:$dir/first\"; ||" "$dir/bridge.cfg"; rm "$dir/came"
edit "${id[3]}" "the new key"; bridge sync >"$dir/said" 2>&1 || fail "sync with the new key: $(cat "$dir/said")"
node "$dir/alter.js" "$dir/came" "$dir/second" "$dir/first" || fail "the old key still opens"
cp "$dir/first" "$dir/key"; edit "${id[4]}" "nobody knows this key"
bridge sync >"$dir/said" 2>&1; [ $? = 4 ] || fail "a receiver that refuses the signature: $(cat "$dir/said")"
cp "$dir/second" "$dir/key"; bridge sync >"$dir/said" 2>&1 || fail "and once it knows the key: $(cat "$dir/said")"
[ "$(upserts | jq -r 'select(.ok) | .body | @base64d | fromjson | .fields.notes // empty' | grep -c 'nobody knows')" = 1 ] || fail "the message that was refused did not arrive once"

echo "-- what is sent to us, by curl and openssl"
"$build/inbox-bridge" -c "$dir/bridge.cfg" run 2>"$dir/run.err" & runner=$!
for _ in $(seq 400); do curl -fsS "http://127.0.0.1:$port/readyz" >/dev/null 2>&1 && break; sleep 0.05; done
# sign KEYFILE ID TIME BODYFILE
sign() { local key; key=$(cut -c7- "$1" | openssl base64 -d -A | od -An -vtx1 | tr -d ' \n'); { printf '%s.%s.' "$2" "$3"; cat "$4"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A; }
say() { printf '{"id":"%s","type":"record.changed","timestamp":"%s","object":"contacts","key":"x:%s","fields":{"notes":"%s"}}' "$1" "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" "$2" "$3" >"$dir/body"; }
# post ID TIME SIGNATURE [BODYFILE]: the status
post() { curl -s -o "$dir/said" -w '%{http_code}' --data-binary "@${4:-$dir/body}" -H 'Content-Type: application/json' -H "webhook-id: $1" -H "webhook-timestamp: $2" -H "webhook-signature: v1,$3" "$hook"; }
is() { [ "$2" = "$3" ] || fail "$1: $2, not $3: $(head -c 300 "$dir/said")"; }
holds() { curl -fsS "$inbox/_sandbox/state" | jq -r --arg i "$1" '.prospect[] | select(.platformId==$i) | .context.notes'; }
arrives() { for _ in $(seq 200); do [ "$(holds "$1")" = "$2" ] && return; sleep 0.05; done; fail "\"$2\" did not arrive: $(holds "$1")"; }
t=$(date +%s)
say evt-1 "${id[5]}" "signed in a shell"; mac=$(sign "$dir/hook" evt-1 "$t" "$dir/body")
sed 's/shell/shelf/' "$dir/body" >"$dir/altered"
is "an altered body" "$(post evt-1 "$t" "$mac" "$dir/altered")" 401
is "another id" "$(post evt-2 "$t" "$mac")" 401
is "another time" "$(post evt-1 $((t + 1)) "$mac")" 401
is "an old one" "$(post evt-1 $((t - 400)) "$(sign "$dir/hook" evt-1 $((t - 400)) "$dir/body")")" 401
is "one from the future" "$(post evt-1 $((t + 400)) "$(sign "$dir/hook" evt-1 $((t + 400)) "$dir/body")")" 401
is "another key" "$(post evt-1 "$t" "$(sign "$dir/second" evt-1 "$t" "$dir/body")")" 401
is "no signature" "$(curl -s -o "$dir/said" -w '%{http_code}' --data-binary "@$dir/body" "$hook")" 401
is "the real one" "$(post evt-1 "$t" "$mac")" 200
arrives "${id[5]}" "signed in a shell"
is "the real one again" "$(post evt-1 "$t" "$mac")" 200
say evt-3 "${id[6]}" "signed by the library"
mac=$(node -e 'const {Webhook}=require("standardwebhooks"),fs=require("fs");console.log(new Webhook(fs.readFileSync(process.argv[1],"utf8").trim()).sign("evt-3",new Date(process.argv[2]*1000),fs.readFileSync(process.argv[3],"utf8")).split(",")[1])' "$dir/hook" "$t" "$dir/body")
is "signed by the library" "$(post evt-3 "$t" "$mac")" 200
arrives "${id[6]}" "signed by the library"

echo "-- their key is exchanged, while the service runs"
loaded() { local n; n=$(grep -c config.loaded "$dir/run.err"); kill -HUP "$runner"; for _ in $(seq 200); do [ "$(grep -c config.loaded "$dir/run.err")" -gt "$n" ] && return; sleep 0.05; done; fail "no reload: $(tail -3 "$dir/run.err")"; }
cp "$dir/hook" "$dir/hook.old"; secret >"$dir/hook.new"; chmod 600 "$dir"/hook.*
sed -i "s|hook_secret = \"file:$dir/hook\";|hook_secret = \"file:$dir/hook.new\"; hook_secret_old = \"file:$dir/hook.old\";|" "$dir/bridge.cfg"; loaded
say evt-4 "${id[7]}" "the old key"; is "the old key, while both are known" "$(post evt-4 "$t" "$(sign "$dir/hook.old" evt-4 "$t" "$dir/body")")" 200
arrives "${id[7]}" "the old key"
say evt-5 "${id[7]}" "the new key"; is "the new key, while both are known" "$(post evt-5 "$t" "$(sign "$dir/hook.new" evt-5 "$t" "$dir/body")")" 200
arrives "${id[7]}" "the new key"
sed -i "s| hook_secret_old = \"file:$dir/hook.old\";||" "$dir/bridge.cfg"; loaded
say evt-6 "${id[7]}" "too late"; is "the old key afterwards" "$(post evt-6 "$t" "$(sign "$dir/hook.old" evt-6 "$t" "$dir/body")")" 401
is "the new key afterwards" "$(post evt-6 "$t" "$(sign "$dir/hook.new" evt-6 "$t" "$dir/body")")" 200
arrives "${id[7]}" "too late"
kill -TERM "$runner"; wait "$runner" || fail "run ended with $?"
finish "Standard Webhooks in both directions"
