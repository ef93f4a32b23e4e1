#!/usr/bin/env bash
# The service as an operator and systemd have it: webhooks that are kept before they are answered, health, metrics, /api, commands beside
# it, reload, SIGTERM, and kill -9 under a load of deliveries.
#   SERVICE_HOOKS (400) deliveries are posted while the service is killed, and again while it loads its configuration.
. "$(dirname "$0")/kit.sh"
export HOOK_SECRET=ibt_wh_service API_TOKEN=the-token
sandbox 40 --no-limits
port=$((20000 + RANDOM % 20000)) base=http://127.0.0.1:$port
config
# polls are rare here: what arrives soon, arrives by webhook
sed -i "s|poll = \"1s\"|poll = \"600s\"|; s|token = \"env:INBOX_API_TOKEN\";|& hook_secret = \"env:HOOK_SECRET\";|" "$dir/bridge.cfg"
# somebody who listens to alarms, and systemd: what they hear is in $dir/alarms and $dir/notified
export ALARM_SECRET=whsec_YWxhcm1zIGFyZSBzaWduZWQ= NOTIFY_SOCKET="@inbox-bridge-test-$$" WATCHDOG_USEC=1000000
python3 - "$dir" <<'PY' &
import base64, hashlib, hmac, http.server, os, socket, sys, threading
d = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind("\0" + os.environ["NOTIFY_SOCKET"][1:])
def hear():
    while True:
        with open(d + "/notified", "ab") as f: f.write(s.recv(1000) + b"\n")
class Alarms(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body, h = self.rfile.read(int(self.headers["Content-Length"])), self.headers
        text = f"{h['webhook-id']}.{h['webhook-timestamp']}.".encode() + body
        mac = hmac.new(base64.b64decode(os.environ["ALARM_SECRET"][6:]), text, hashlib.sha256).digest()
        ok = h["webhook-signature"] == "v1," + base64.b64encode(mac).decode()
        with open(d + "/alarms", "ab") as f: f.write(body + b"\n" if ok else b"forged\n")
        self.send_response(204); self.end_headers()
    def log_message(self, *a): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Alarms)
open(d + "/alarm.port", "w").write(str(server.server_port))
threading.Thread(target=hear, daemon=True).start()
server.serve_forever()
PY
for _ in $(seq 100); do [ -s "$dir/alarm.port" ] && break; sleep 0.05; done
echo "alarms = { url = \"http://127.0.0.1:$(cat "$dir/alarm.port")/\"; secret = \"env:ALARM_SECRET\"; after = \"1s\"; };" >>"$dir/bridge.cfg"
echo "http = { listen = \"127.0.0.1:$port\"; api_token = \"env:API_TOKEN\"; };" >>"$dir/bridge.cfg"
bridge setup --apply >/dev/null || fail "setup"
bridge sync --yes >/dev/null 2>&1 || fail "first sync"

code() { curl -s -o "$dir/said" -w '%{http_code}' "$@"; }
is() { [ "$2" = "$3" ] || fail "$1: $2, not $3: $(head -c 200 "$dir/said")"; }
state() { curl -fsS "$inbox/_sandbox/state"; }
edit() { curl -fsS -X POST -d "[{\"object\":\"prospect\",\"id\":\"$1\",\"set\":{\"context.valuation\":$2}}]" "$inbox/_sandbox/edit" >/dev/null; }
there() { curl -fsS "$hubspot/_sandbox/state" | jq -r --arg k "x:$1" '.contact[] | select(.properties.inbox_prospect_key==$k) | .properties.inbox_valuation'; }
# arrives ID VALUE SECONDS
arrives() { local end=$(($(date +%s%N) + $3 * 1000000000)); while [ "$(date +%s%N)" -lt "$end" ]; do [ "$(there "$1")" = "$2" ] && return 0; sleep 0.02; done; return 1; }
# deliveries AFTER: files d.N.body and d.N.sig
deliveries() {
  rm -f "$dir"/d.*
  curl -fsS "$inbox/_sandbox/deliveries?secret=$HOOK_SECRET&afterSeq=$1" >"$dir/deliveries"
  python3 - "$dir" <<'PY'
import json, sys
for i, d in enumerate(json.load(open(sys.argv[1] + "/deliveries"))):
    open(f"{sys.argv[1]}/d.{i}.body", "w").write(d["body"])
    open(f"{sys.argv[1]}/d.{i}.sig", "w").write(d["headers"]["X-Inbox-Signature"])
PY
}
last() { curl -fsS "$inbox/_sandbox/deliveries?secret=x" | jq '[.[].body | fromjson | .seq] | max // 0'; }
post() { code -X POST --data-binary "@$dir/d.$1.body" -H "X-Inbox-Signature: $(cat "$dir/d.$1.sig")" -H 'Content-Type: application/json' "$base/hooks/inbox"; }
mapfile -t ids < <(state | jq -r '.prospect[].platformId')
metric() { curl -sS "$base/metrics" 2>/dev/null | awk -v m="$1" 'index($0, m" ")==1 || index($0, m"{")==1 {v=$NF} END {print v+0}'; }

echo "-- health and numbers"
start
is "healthz" "$(code "$base/healthz")" 200
is "readyz" "$(code "$base/readyz")" 200
is "metrics" "$(code "$base/metrics")" 200
cp "$dir/said" "$dir/metrics.first"
exposed() { python3 "$root/tests/e2e/exposition.py" "$@" --rules "$root/deploy/prometheus/alerts.yml" --board "$root/deploy/grafana/dashboard.json" || fail "the metrics"; }
exposed "$dir/metrics.first"
for name in up jobs ops holds dead calls_total answers_total echoes_total near_misses_total queue_lag_seconds writes_total conflicts_total limiter_used \
  limiter_limit last_poll_timestamp_seconds last_sweep_timestamp_seconds endpoint_up hook_deliveries_total memory_bytes build_info; do
  grep -q "^# TYPE inbox_bridge_$name " "$dir/metrics.first" || fail "no metric $name"
done
# the reader itself: what is wrong is told
broken() { sed -E "$2" "$dir/metrics.first" >"$dir/broken"; python3 "$root/tests/e2e/exposition.py" "$dir/broken" >/dev/null 2>&1 && fail "$1 was taken"; }
broken "a sample without a family" '/TYPE inbox_bridge_jobs /d'; broken "a label without quotes" 's/lane="live"/lane=live/'
broken "a sample twice" 's/^(inbox_bridge_up .*)/\1\n\1/'; broken "a word for a number" 's/^inbox_bridge_up .*/inbox_bridge_up yes/'
broken "a bare quote" 's/lane="live"/lane="li"ve"/'
[ "$(metric 'inbox_bridge_endpoint_up{endpoint="inbox"}')" = 1 ] || fail "inbox is not up"
is "no token" "$(code "$base/api/status")" 401
is "wrong token" "$(code -H 'Authorization: Bearer the-tokem' "$base/api/status")" 401
is "api status" "$(code -H 'Authorization: Bearer the-token' "$base/api/status")" 200
[ "$(jq -r '.routes[0].links.linked' "$dir/said")" = 40 ] || fail "status says $(cat "$dir/said")"
is "api holds" "$(code -H 'Authorization: Bearer the-token' "$base/api/holds")" 200
is "api nothing" "$(code -H 'Authorization: Bearer the-token' "$base/api/nothing")" 404
is "nothing" "$(code "$base/nothing")" 404
is "method" "$(code -X DELETE "$base/metrics")" 405

echo "-- commands beside it"
bridge status >"$dir/said" 2>&1 || fail "status beside the service: $(cat "$dir/said")"
grep -q 'linked 40' "$dir/said" || fail "status: $(cat "$dir/said")"
bridge holds >"$dir/said" 2>&1 || fail "holds: $(cat "$dir/said")"
bridge dead >"$dir/said" 2>&1 || fail "dead: $(cat "$dir/said")"
bridge explain "x:${ids[0]}" >"$dir/said" 2>&1 || fail "explain: $(cat "$dir/said")"
grep -q 'FIELD' "$dir/said" || fail "explain: $(cat "$dir/said")"
bridge history "x:${ids[0]}" >"$dir/said" 2>&1 || fail "history: $(cat "$dir/said")"
bridge links export "$dir/links.csv" >"$dir/said" 2>&1 || fail "links export: $(cat "$dir/said")"
bridge check >"$dir/said" 2>&1 || fail "check: $(cat "$dir/said")"
bridge plan >"$dir/said" 2>&1; is "plan beside the service" $? 0
bridge adopt --plan >"$dir/said" 2>&1; is "adopt, which wants the store for itself" $? 6

echo "-- deliveries"
seq=$(last); edit "${ids[1]}" 777; deliveries "$seq"
is "good" "$(post 0)" 200
arrives "${ids[1]}" 777 10 || fail "the edit did not arrive by webhook: $(there "${ids[1]}")"
is "good again" "$(post 0)" 200
is "wrong" "$(code -X POST --data-binary "@$dir/d.0.body" -H "X-Inbox-Signature: t=$(date +%s),v1=$(printf '0%.0s' $(seq 64))" "$base/hooks/inbox")" 401
is "unsigned" "$(code -X POST --data-binary "@$dir/d.0.body" "$base/hooks/inbox")" 401
old=$(($(date +%s) - 3600))
mac=$( (printf '%s.' "$old"; cat "$dir/d.0.body") | openssl dgst -sha256 -hmac "$HOOK_SECRET" -hex | awk '{print $NF}')
is "stale" "$(code -X POST --data-binary "@$dir/d.0.body" -H "X-Inbox-Signature: t=$old,v1=$mac" "$base/hooks/inbox")" 401
is "unknown endpoint" "$(code -X POST -d '{}' "$base/hooks/nobody")" 404
is "get" "$(code "$base/hooks/inbox")" 405
is "no secret" "$(code -X POST -d '[]' "$base/hooks/hubspot")" 503
head -c 1100000 /dev/zero >"$dir/big"
is "too large" "$(code -X POST --data-binary "@$dir/big" -H 'Expect:' "$base/hooks/inbox")" 413
[ "$(metric 'inbox_bridge_hook_deliveries_total{endpoint="inbox",result="taken"}')" = 2 ] || fail "2 were taken"
[ "$(metric 'inbox_bridge_hook_deliveries_total{endpoint="inbox",result="unsigned"}')" = 3 ] || fail "3 were refused"

echo "-- from edit to arrival"
times=()
for i in $(seq 10); do
  seq=$(last); edit "${ids[2]}" $((1000 + i)); deliveries "$seq"
  began=$(date +%s%N)
  is "delivery $i" "$(post 0)" 200
  arrives "${ids[2]}" $((1000 + i)) 10 || fail "edit $i did not arrive"
  times+=($((($(date +%s%N) - began) / 1000000)))
done
printf '%s\n' "${times[@]}" | sort -n | awk '{t[NR]=$1} END {print "latency with webhooks: median " t[int((NR+1)/2)] " ms, worst " t[NR] " ms of " NR}'

[ "$(metric 'inbox_bridge_answers_total{endpoint="hubspot",status="2xx"}')" -gt 0 ] || fail "no answer of HubSpot was counted"
is "metrics again" "$(code "$base/metrics")" 200
exposed "$dir/said" "$dir/metrics.first"

echo "-- reload, and the end"
kill -HUP "$runner"; for _ in $(seq 200); do grep -q config.loaded "$dir/run.err" && break; sleep 0.05; done
grep -q config.loaded "$dir/run.err" || fail "no reload"
is "after the reload" "$(post 0)" 200
echo "-- alarms"
sed -i 's/poll = "600s"/poll = "1s"/' "$dir/bridge.cfg"; kill -HUP "$runner"
for _ in $(seq 200); do [ "$(grep -c config.loaded "$dir/run.err")" = 2 ] && break; sleep 0.05; done
fault "$hubspot" '{"match":{},"do":"status","status":503,"times":100000}'
alarm() { for _ in $(seq 200); do jq -e "select(.type == \"alarm.$1\")" "$dir/alarms" >/dev/null 2>&1 && return; sleep 0.05; done; fail "no alarm was $1: $(cat "$dir/alarms")"; }
alarm raised; [ "$(metric 'inbox_bridge_answers_total{endpoint="hubspot",status="5xx"}')" -gt 0 ] || fail "the 503s were not counted"
grep -q alarm.raised "$dir/run.err" || fail "the log says nothing of it"
calm "$hubspot"; alarm cleared
jq -r '"\(.type) \(.data.alarm) \(.data.subject): \(.data.text)"' "$dir/alarms" | cut -c1-110
[ "$(jq -r .type "$dir/alarms" | sort | uniq -d)" = "" ] || echo "several alarms, each once: $(jq -r '.data.alarm + " " + .data.subject' "$dir/alarms" | sort | uniq -c | tr -s ' \n' ' ')"
sed -i 's/poll = "1s"/poll = "600s"/' "$dir/bridge.cfg"

echo "-- SIGTERM in the middle of work"
python3 - "$inbox" "${ids[@]}" <<'PY' || fail "edits"
import json, sys, urllib.request
edits = [{"object": "prospect", "id": i, "set": {"context.valuation": 4000}} for i in sys.argv[2:]]
urllib.request.urlopen(urllib.request.Request(sys.argv[1] + "/_sandbox/edit", json.dumps(edits).encode(), method="POST")).read()
PY
kill -TERM "$runner"; wait "$runner"; is "SIGTERM" $? 0
bridge status --json >"$dir/said"; [ "$(jq '.routes[0].open_ops' "$dir/said")" = 0 ] || fail "a write was left open: $(cat "$dir/said")"
for said in READY=1 STATUS= RELOADING=1 STOPPING=1 WATCHDOG=1; do grep -q "^$said" "$dir/notified" || fail "systemd was not told $said"; done
grep -q 'WARNING: ThreadSanitizer\|ERROR: AddressSanitizer' "$dir/run.err" && { fail "a sanitizer spoke"; grep -m1 -A25 'Sanitizer' "$dir/run.err"; }

echo "-- who may not start tells why, once, however often it is started"
lost() { jq -s "map(select(.type == \"alarm.$1\" and .data.alarm == \"authorisation_lost\")) | length" "$dir/alarms"; }
for _ in 1 2; do HUBSPOT_TOKEN=wrong bridge run 2>>"$dir/run.err"; is "a refused token" $? 4; done
is "alarms of it" "$(lost raised)" 1

# edit_all VALUE: so many edits, values grow from there
edit_all() {
  python3 - "$inbox" "$n" "$1" "${ids[@]}" <<'PY' || fail "edits"
import json, sys, urllib.request
inbox, n, value, ids = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
edits = [{"object": "prospect", "id": ids[i % len(ids)], "set": {"context.valuation": value + i}} for i in range(n)]
urllib.request.urlopen(urllib.request.Request(inbox + "/_sandbox/edit", json.dumps(edits).encode(), method="POST")).read()
PY
}

echo "-- kill -9 under load"
n=${SERVICE_HOOKS:-400}
start
seq=$(last)
edit_all 5000
deliveries "$seq"
cat >"$dir/load.py" <<'PY'
import http.client, json, sys, threading, time
port, directory, out = int(sys.argv[1]), sys.argv[2], sys.argv[3]
todo = json.load(open(directory + "/deliveries"))
lock, taken, slow = threading.Lock(), [], []
def work():
    c = None
    while True:
        with lock:
            if not todo: return
            d = todo.pop(0)
        try:
            c = c or http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            t = time.monotonic()
            c.request("POST", "/hooks/inbox", d["body"].encode(), d["headers"])
            r = c.getresponse(); r.read()
            with lock:
                slow.append(time.monotonic() - t)
                if r.status == 200: taken.append(d["body"])
                elif r.status == 503: todo.append(d)  # "come again"
            if r.status == 503: time.sleep(0.05)
        except Exception:
            c = None
began = time.monotonic()
threads = [threading.Thread(target=work) for _ in range(16)]
[t.start() for t in threads]; [t.join() for t in threads]
json.dump(taken, open(out, "w"))
slow.sort()
if slow: print(f"{len(taken)} taken, {len(slow) / (time.monotonic() - began):.0f}/s, answer median {slow[len(slow)//2]*1000:.1f} ms, 99th percentile {slow[int(len(slow)*0.99)]*1000:.1f} ms")
PY
python3 "$dir/load.py" "$port" "$dir" "$dir/taken" & load=$!
for _ in $(seq 200); do [ "$(metric 'inbox_bridge_hook_deliveries_total{endpoint="inbox",result="taken"}')" -ge $((n / 4)) ] && break; sleep 0.01; done
kill -9 "$runner"; wait "$runner" 2>/dev/null; wait "$load"
# What was taken must arrive without the feed, which would tell it all again: it is down.
taken=$(jq length "$dir/taken")
[ "$taken" -gt 0 ] || fail "nothing was taken before the kill"
fault "$inbox" '{"match":{"path":"/events"},"do":"status","status":503,"times":100000}'
start /healthz
kept() { curl -fsS "$base/metrics" | awk '/^inbox_bridge_deliveries_waiting /{print $2}'; }
# done_with WHAT: everything in $dir/taken has arrived
done_with() {
  for _ in $(seq 400); do [ "$(kept)" = 0 ] && break; sleep 0.05; done
  is "deliveries left $1" "$(kept)" 0
  for _ in $(seq 400); do [ "$(metric 'inbox_bridge_jobs{route="sales",lane="live"}')" = 0 ] && break; sleep 0.05; done
  curl -fsS "$hubspot/_sandbox/state" >"$dir/crm"
  python3 - "$dir" "$1" <<'PY' || fail "a delivery that got a 2xx is lost $1"
import json, sys
d = sys.argv[1]
crm = {c["properties"].get("inbox_prospect_key"): c["properties"].get("inbox_valuation") for c in json.load(open(d + "/crm"))["contact"]}
taken = [json.loads(b)["data"]["prospect"] for b in json.load(open(d + "/taken"))]
newest = {}  # values only grow
for p in taken:
    newest["x:" + p["platformId"]] = max(newest.get("x:" + p["platformId"], 0), p["context"]["valuation"])
behind = [k for k, v in newest.items() if float(crm.get(k) or 0) < v]
print(f"{len(taken)} deliveries got a 2xx {sys.argv[2]}, about {len(newest)} prospects; {len(behind)} are behind")
sys.exit(bool(behind) or not taken)
PY
for _ in $(seq 400); do [ "$(lost cleared)" -ge 1 ] && break; sleep 0.05; done # the kill may have come before it was told
is "the end of the alarm of the refused token" "$(lost raised) $(lost cleared)" "1 1"
}
done_with "before the kill"
is "not ready without the feed" "$(code "$base/readyz")" 503

echo "-- reload under load"
seq=$(last); edit_all 50000
deliveries "$seq"
loaded=$(grep -c config.loaded "$dir/run.err")
python3 "$dir/load.py" "$port" "$dir" "$dir/taken" & load=$!
for i in 1 2 3; do
  kill -HUP "$runner"
  for _ in $(seq 400); do [ "$(grep -c config.loaded "$dir/run.err")" -ge $((loaded + i)) ] && break; sleep 0.05; done
done
wait "$load"
[ "$(grep -c config.loaded "$dir/run.err")" -ge $((loaded + 3)) ] || fail "no reload under load"
is "taken beside three reloads" "$(jq length "$dir/taken")" "$(jq length "$dir/deliveries")"
done_with "beside three reloads"
kill -TERM "$runner"; wait "$runner"; is "the last SIGTERM" $? 0
calm "$inbox"

echo "-- TLS"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
  -keyout "$dir/tls.key" -out "$dir/tls.pem" 2>/dev/null || fail "no certificate"
cp "$dir/bridge.cfg" "$dir/plain.cfg"
sed -i 's|^http = {|& tls_certificate = "tls.pem"; tls_key = "tls.key";|' "$dir/bridge.cfg"
base=https://127.0.0.1:$port
export CURL_CA_BUNDLE="$dir/tls.pem"
start
is "plain words to TLS" "$(code "http://127.0.0.1:$port/healthz")" 000
is "readyz by TLS" "$(code "$base/readyz")" 200
unset CURL_CA_BUNDLE
is "a certificate nobody vouches for" "$(code "$base/readyz")" 000
kill -TERM "$runner"; wait "$runner"; is "SIGTERM with TLS" $? 0
cp "$dir/plain.cfg" "$dir/bridge.cfg"
bridge sync --full >/dev/null 2>&1 || bridge sync >"$dir/said" 2>&1 || fail "the last sync: $(cat "$dir/said")"
[ "$(contacts)" = 40 ] && [ "$(keys)" = 40 ] || fail "$(contacts) contacts, $(keys) keys"
before=$(writes); bridge sync --full >/dev/null 2>&1; [ "$(writes)" = "$before" ] || fail "a quiet comparison wrote"
grep -q 'WARNING: ThreadSanitizer\|ERROR: AddressSanitizer\|runtime error' "$dir/run.err" && { fail "a sanitizer spoke"; grep -m1 -A25 'Sanitizer\|runtime error' "$dir/run.err"; }
finish "what was taken was done"
