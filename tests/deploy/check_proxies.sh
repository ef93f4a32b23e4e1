#!/usr/bin/env bash
# The samples for nginx and Caddy, run for real before a backend that answers everything: webhooks get through, unaltered,
# and nothing else does. NGINX and CADDY may name the programs.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$dir"' EXIT
failures=0 tried=
fail() { echo "FAILED: $*"; failures=$((failures + 1)); }
for tool in python3 curl; do command -v $tool >/dev/null || { echo "skipped: no $tool here"; exit 0; }; done
nginx=${NGINX:-$(PATH=$PATH:/usr/sbin command -v nginx)} caddy=${CADDY:-$(command -v caddy)}
[ -n "$nginx$caddy" ] || { echo "skipped: neither nginx nor caddy is here"; exit 0; }

# Answers every request with its method, path and body.
cat >"$dir/backend.py" <<'PY'
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = f"{self.command} {self.path} {self.headers['Host']} ".encode() + body
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
    do_GET = do_POST = do_PUT = do_DELETE = answer
    def log_message(self, *a): pass
ThreadingHTTPServer.handle_error = lambda *a: None
server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
print(server.server_port, flush=True)
server.serve_forever()
PY
python3 "$dir/backend.py" >"$dir/backend.port" &
for _ in $(seq 100); do [ -s "$dir/backend.port" ] && break; sleep 0.05; done
backend=$(cat "$dir/backend.port")
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

answers() { # CODES WHAT CURL-ARGUMENTS…
  local code=$1 what=$2 got
  shift 2
  got=$(curl -sk --path-as-is -o "$dir/said" -w '%{http_code}' "$@")
  [[ $got =~ ^($code)$ ]] || fail "$tried: $what: $got, not $code"
}
try() { # NAME URL
  tried=$1
  for _ in $(seq 100); do curl -sk -o /dev/null "$2/" && break; sleep 0.05; done
  answers 200 "a webhook" -d '{"a": 1 }' "$2/hooks/inbox"
  grep -q '^POST /hooks/inbox .* {"a": 1 }$' "$dir/said" || fail "$1: altered on the way: $(cat "$dir/said")"
  head -c 2000000 /dev/zero >"$dir/big"
  # Caddy notices while it already talks to the backend, and may find no better word than 502
  answers '413|502' "two megabytes" --data-binary @"$dir/big" "$2/hooks/inbox"
  for path in / /metrics /healthz /readyz /api/status /hooks /hooks/ /hooks/a/b /hooks/../metrics /hooks/a%2f..%2f..%2fmetrics //metrics; do
    answers 404 "$path" -d x "$2$path"
  done
  local got
  got=$(curl -sk -o /dev/null -w '%{http_code}' "$2/hooks/inbox")
  [[ $got == 40[345] ]] || fail "$1: GET of a webhook: $got"
}

if [ -n "$nginx" ]; then
  port=$(free_port)
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=bridge.example.com \
    -keyout "$dir/site.key" -out "$dir/site.pem" 2>/dev/null
  sed -e "s|127.0.0.1:8420|127.0.0.1:$backend|" -e "s|listen 443 ssl|listen 127.0.0.1:$port ssl|" -e '/listen \[::\]/d' \
    -e "s|/etc/ssl/.*\.pem|$dir/site.pem|" -e "s|/etc/ssl/.*\.key|$dir/site.key|" "$root/deploy/nginx/inbox-bridge.conf" >"$dir/site.conf"
  cat >"$dir/nginx.conf" <<CONF
daemon off; pid $dir/nginx.pid; error_log $dir/nginx.err; worker_processes 1; $([ "$(id -u)" = 0 ] && echo 'user root;')
events { worker_connections 64; }
http { access_log off; client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3; uwsgi_temp_path $dir/t4;
       scgi_temp_path $dir/t5; include $dir/site.conf; }
CONF
  "$nginx" -t -c "$dir/nginx.conf" -p "$dir" >"$dir/nginx.t" 2>&1 || { cat "$dir/nginx.t"; fail "nginx -t"; }
  "$nginx" -c "$dir/nginx.conf" -p "$dir" >/dev/null 2>&1 &
  try nginx "https://127.0.0.1:$port"
fi
if [ -n "$caddy" ]; then
  port=$(free_port)
  { printf '{\n\tadmin off\n\tauto_https off\n}\n'
    sed -e "s|127.0.0.1:8420|127.0.0.1:$backend|" -e "s|^bridge.example.com {|http://127.0.0.1:$port {|" "$root/deploy/caddy/Caddyfile"; } >"$dir/Caddyfile"
  export HOME=$dir XDG_DATA_HOME=$dir XDG_CONFIG_HOME=$dir
  "$caddy" run --adapter caddyfile --config "$dir/Caddyfile" >"$dir/caddy.log" 2>&1 &
  try caddy "http://127.0.0.1:$port"
  cp "$root/deploy/caddy/Caddyfile" "$dir/site"
  said=$("$caddy" fmt --diff "$dir/site" 2>&1 | grep '^[-+]') && fail "caddy fmt: $said"
fi
[ "$failures" = 0 ] || exit 1
echo "webhooks get through, nothing else does:${nginx:+ nginx}${caddy:+ caddy}"
