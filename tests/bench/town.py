"""A town under load: the sandbox, the service beside it, people who edit on both sides, and somebody who carries webhooks from the
services to the service, well or badly. What is measured comes from the services' own feeds: they say to the millisecond when a
value was put there by a person and when by the bridge."""
import base64, calendar, hashlib, hmac, heapq, http.client, json, os, random, re, shutil, signal, socket, subprocess, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOKEN, INBOX_SECRET, HUBSPOT_SECRET = "sandbox-token", "ibt_wh_load", "load-client-secret"
HOOK_URL = "https://bridge.example/hooks/hubspot"


class Client:
    """One kept-alive connection for each thread that asks."""

    def __init__(self, url, timeout=30):
        self.host, self.port = re.match(r"https?://([^:/]+):(\d+)", url).groups()
        self.timeout, self.own = timeout, threading.local()

    def ask(self, method, path, body=None, headers=None):
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        for last in (False, True):  # the server may have closed the connection while it was idle
            fresh = getattr(self.own, "c", None) is None
            c = self.own.c = http.client.HTTPConnection(self.host, int(self.port), timeout=self.timeout) if fresh else self.own.c
            try:
                c.request(method, path, data, headers or {})
                answer = c.getresponse()
                return answer.status, answer.read()
            except Exception:
                c.close()
                self.own.c = None
                if last or fresh:
                    raise

    def json(self, method, path, body=None):
        status, text = self.ask(method, path, body)
        if status != 200:
            raise RuntimeError(f"{method} {path}: {status} {text[:200]}")
        return json.loads(text)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def moment(text):  # "2026-03-02T11:02:07.114Z" in ms
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) * 1000 + int(text[20:23])


class Town:
    def __init__(self, build, prospects, limits=True, polls=("15s", "60s"), seed=7):
        self.build, self.polls = build, polls
        self.dir = tempfile.mkdtemp(prefix="inbox-bridge-load.")
        out = open(self.dir + "/sandbox.out", "w")
        args = [build + "/inbox-bridge-sandbox", "--inbox", "0", "--hubspot", "0", "--prospects", str(prospects), "--seed", str(seed)]
        self.sandbox = subprocess.Popen(args + ([] if limits else ["--no-limits"]), stdout=out, stderr=subprocess.STDOUT)
        self.wait(lambda: "ready" in open(self.dir + "/sandbox.out").read(), 60, "the sandbox did not start")
        said = dict(line.split() for line in open(self.dir + "/sandbox.out") if line.startswith(("inbox ", "hubspot ")))
        self.inbox_url, self.hubspot_url = said["inbox"], said["hubspot"]
        self.inbox, self.hubspot = Client(self.inbox_url), Client(self.hubspot_url)
        self.port = free_port()
        self.bridge_url = f"http://127.0.0.1:{self.port}"
        self.bridge, self.daemon = Client(self.bridge_url), None
        self.limits = limits
        self.configure()

    def configure(self, inbox_url=None, hubspot_url=None, more=""):
        shutil.copy(ROOT + "/mappings/hubspot.cfg", self.dir)
        inbox = "" if self.limits else "per_minute = 1000000; per_hour = 10000000; per_day = 100000000;"
        hubspot = "" if self.limits else "ten_secondly = 1000; daily = 100000000; search_per_second = 100;"
        with open(self.dir + "/bridge.cfg", "w") as f:
            f.write(f'''store = "bridge.db";
endpoints = {{
  inbox   = {{ connector = "inbox"; token = "env:LOAD_TOKEN"; base_url = "{inbox_url or self.inbox_url}/api/v1"; poll = "{self.polls[0]}";
              hook_secret = "env:LOAD_INBOX_SECRET"; {inbox} }};
  hubspot = {{ connector = "hubspot"; token = "env:LOAD_TOKEN"; base_url = "{hubspot_url or self.hubspot_url}"; poll = "{self.polls[1]}";
              hook_secret = "env:LOAD_HUBSPOT_SECRET"; hook_url = "{HOOK_URL}"; {hubspot} }};
}};
routes = ( {{ name = "sales"; inbox = "inbox"; crm = "hubspot"; mapping = "hubspot.cfg"; }} );
http = {{ listen = "127.0.0.1:{self.port}"; }};
{more}
''')
        self.env = dict(os.environ, LOAD_TOKEN=TOKEN, LOAD_INBOX_SECRET=INBOX_SECRET, LOAD_HUBSPOT_SECRET=HUBSPOT_SECRET,
                        ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1:malloc_context_size=5")

    # ---- the service ----

    def command(self, *args):
        done = subprocess.run([self.build + "/inbox-bridge", "-c", self.dir + "/bridge.cfg", "--quiet", *args], env=self.env, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def must(self, *args):
        code, said = self.command(*args)
        if code:
            raise RuntimeError(f"inbox-bridge {' '.join(args)} ended with {code}: {said[-2000:]}")
        return said

    def start(self, ready="/readyz"):
        log = open(self.dir + "/run.err", "a")
        self.daemon = subprocess.Popen([self.build + "/inbox-bridge", "-c", self.dir + "/bridge.cfg", "run"], env=self.env, stdout=log, stderr=log)
        self.wait(lambda: self.status(ready) == 200, 120, "the service is not ready")

    def status(self, path):
        if self.daemon.poll() is not None:
            raise RuntimeError("the service ended: " + self.log()[-2000:])
        try:
            return self.bridge.ask("GET", path)[0]
        except OSError:
            return 0

    def log(self):
        return open(self.dir + "/run.err", errors="replace").read()

    def stop(self, sig=signal.SIGTERM):
        self.daemon.send_signal(sig)
        return self.daemon.wait(60)

    def metric(self, name):
        text = self.bridge.ask("GET", "/metrics")[1].decode()
        return sum(int(line.split()[-1]) for line in text.splitlines() if line.split("{")[0].split(" ")[0] == "inbox_bridge_" + name)

    def vitals(self):
        """Resident kilobytes, descriptors, CPU seconds of the service."""
        proc = f"/proc/{self.daemon.pid}"
        rss = int(re.search(r"VmRSS:\s+(\d+)", open(proc + "/status").read())[1])
        stat = open(proc + "/stat").read().rsplit(")", 1)[1].split()
        return rss, len(os.listdir(proc + "/fd")), (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def end(self, keep=False):
        for p in (self.daemon, self.sandbox):
            if p and p.poll() is None:
                p.kill()
                p.wait()
        if not keep:
            shutil.rmtree(self.dir, ignore_errors=True)

    # ---- both sides ----

    def wait(self, is_so, seconds, otherwise):
        end = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > end:
                raise RuntimeError(otherwise)
            time.sleep(0.05)

    def settle(self, seconds):
        """Waits until both sides agree, at most so long: what is still apart, and the seconds it took."""
        began = time.monotonic()
        while (apart := self.differences()) and time.monotonic() - began < seconds:
            time.sleep(0.5)  # a look reads both towns whole
        return apart, time.monotonic() - began

    def writes_in(self, seconds):
        """How much is written while nobody edits: there is no state to wait for, quiet is what lasts."""
        before = self.writes()
        time.sleep(seconds)
        return self.writes() - before

    def writes(self):
        return sum(c.json("GET", "/_sandbox/calls")["writes"] for c in (self.inbox, self.hubspot))

    def calls(self):
        return [c.json("GET", "/_sandbox/calls")["total"] for c in (self.inbox, self.hubspot)]

    def edit_inbox(self, edits):
        self.inbox.json("POST", "/_sandbox/edit", [{"object": "prospect", "id": i, "set": s} for i, s in edits])

    def edit_hubspot(self, edits):
        self.hubspot.json("POST", "/_sandbox/edit", [{"object": "contacts", "id": i, "set": s} for i, s in edits])

    STATUS = {"New": "NEW", "Contacted": "ATTEMPTED_TO_CONTACT", "Qualified": "OPEN_DEAL", "Negotiation": "IN_PROGRESS", "Won": "CONNECTED", "Lost": "UNQUALIFIED"}

    def people(self):
        """[(X's id, contact's id)] of all who are on both sides."""
        return [(k[2:], c["id"]) for k, c in sorted(self.contacts().items())]

    def contacts(self):
        out = {}
        for c in self.hubspot.json("GET", "/_sandbox/state")["contact"]:
            key = c["properties"].get("inbox_prospect_key")
            if key and not c["archived"]:
                if key in out:
                    raise RuntimeError(f"{key} is there twice")
                out[key] = c
        return out

    def differences(self):
        """What the two sides do not agree on: (key, field, Inbox, HubSpot)."""
        state, contacts, out = self.inbox.json("GET", "/_sandbox/state"), self.contacts(), []
        statuses = {s["id"]: s["name"] for s in state["status"]}
        tags = {t["id"]: t["name"] for t in state["tag"]}
        for p in state["prospect"]:
            c = contacts.get("x:" + p["platformId"])
            if not c:
                if p.get("externalId"):
                    out.append(("x:" + p["platformId"], "contact", "there", None))
                continue
            x, h = p["context"], c["properties"]
            number = lambda v: None if v in (None, "") else float(v)
            listed = lambda v: sorted(t for t in (v or "").split(";") if t)
            pairs = {"valuation": (number(x["valuation"]), number(h.get("inbox_valuation"))),
                     "status": (self.STATUS.get(statuses.get(x["statusId"])), h.get("hs_lead_status")),
                     "tags": (sorted(tags[t] for t in x["tags"]), listed(h.get("inbox_tags"))),
                     "notes": (x["notes"] or None, h.get("inbox_notes") or None)}
            out += [("x:" + p["platformId"], f, a, b) for f, (a, b) in pairs.items() if a != b]
        return out


# ---- webhooks ----

def signed_inbox(body):
    t = str(int(time.time()))
    return {"Content-Type": "application/json", "X-Inbox-Signature": f"t={t},v1=" + hmac.new(INBOX_SECRET.encode(), f"{t}.".encode() + body, hashlib.sha256).hexdigest()}


def signed_hubspot(body):
    t = str(int(time.time() * 1000))
    mac = hmac.new(HUBSPOT_SECRET.encode(), b"POST" + HOOK_URL.encode() + body + t.encode(), hashlib.sha256).digest()
    return {"Content-Type": "application/json", "X-HubSpot-Request-Timestamp": t, "X-HubSpot-Signature-v3": base64.b64encode(mac).decode()}


class Carrier:
    """Carries every event of both services to the service as a webhook, and notes what the feeds say. A share of the deliveries
    is lost, doubled or late (out of order); one that is not answered with a 2xx comes again."""

    def __init__(self, town, lost=0.0, doubled=0.0, late=0.0, hands=8, retry=(1, 2, 4, 8, 16, 30, 60)):
        self.town, self.shares, self.retry = town, (lost, doubled, late), retry
        self.queue, self.lock, self.number = [], threading.Condition(), 0
        self.running, self.carrying = True, True
        self.events = {"inbox": [], "hubspot": []}  # (ms, person's key, valuation)
        self.answers, self.posted, self.dropped, self.retried = [], 0, 0, 0
        self.random = random.Random(4)
        self.seq = max([json.loads(d["body"])["seq"] for d in self.deliveries_inbox(-1)], default=0)
        self.last = max([d["last"] for d in self.deliveries_hubspot(0)], default=0)
        self.keys = {}
        self.threads = [threading.Thread(target=self.collect, daemon=True)] + [threading.Thread(target=self.post, daemon=True) for _ in range(hands)]
        for t in self.threads:
            t.start()

    def deliveries_inbox(self, after):
        return self.town.inbox.json("GET", f"/_sandbox/deliveries?secret=x&afterSeq={after}")

    def deliveries_hubspot(self, after):
        return self.town.hubspot.json("GET", f"/_sandbox/deliveries?after={after}")

    def put(self, at, path, body, attempt=0):
        with self.lock:
            self.number += 1
            heapq.heappush(self.queue, (at, self.number, path, body, attempt))
            self.lock.notify()

    def take(self, path, body):
        now, (lost, doubled, late) = time.monotonic(), self.shares
        if not self.carrying or self.random.random() < lost:
            self.dropped += 1
            return
        self.put(now + (self.random.uniform(0, 5) if self.random.random() < late else 0), path, body)
        if self.random.random() < doubled:
            self.put(now + self.random.uniform(0, 5), path, body)

    def collect(self):
        while self.running:
            try:
                for d in self.deliveries_inbox(self.seq):
                    e = json.loads(d["body"])
                    self.seq = max(self.seq, e["seq"])
                    if e["type"] == "prospect.valuationChanged":
                        p = e["data"]["prospect"]
                        self.events["inbox"].append((moment(e["timestamp"]), p["platformId"], p["context"]["valuation"] or 0))
                    self.take("/hooks/inbox", d["body"].encode())
                for d in self.deliveries_hubspot(self.last):
                    self.last = d["last"]
                    for e in json.loads(d["body"]):
                        if e.get("propertyName") == "inbox_prospect_key" and e["propertyValue"]:
                            self.keys[str(e["objectId"])] = e["propertyValue"][2:]
                        if e.get("propertyName") == "inbox_valuation":
                            self.events["hubspot"].append((e["occurredAt"], self.keys.get(str(e["objectId"])), float(e["propertyValue"] or 0)))
                    self.take("/hooks/hubspot", d["body"].encode())
            except (OSError, http.client.HTTPException):
                pass  # the sandbox is busy or gone; what it has it will tell later
            time.sleep(0.025)  # how often the services are asked for deliveries is part of the load

    def post(self):
        while True:
            with self.lock:
                while self.running and (not self.queue or self.queue[0][0] > time.monotonic()):
                    self.lock.wait(max(0.001, self.queue[0][0] - time.monotonic()) if self.queue else 0.2)
                if not self.running:
                    return
                _, _, path, body, attempt = heapq.heappop(self.queue)
            began = time.monotonic()
            try:
                status = self.town.bridge.ask("POST", path, body, signed_inbox(body) if path.endswith("inbox") else signed_hubspot(body))[0]
            except (OSError, http.client.HTTPException):
                status = 0
            with self.lock:
                self.posted += status == 200
                self.answers.append(time.monotonic() - began)
                self.retried += status != 200
            if status != 200 and attempt < len(self.retry):
                self.put(time.monotonic() + self.retry[attempt], path, body, attempt + 1)

    def idle(self):
        with self.lock:
            return not self.queue

    def stop(self):
        self.running = False
        with self.lock:
            self.lock.notify_all()
        for t in self.threads:
            t.join(10)

    def latencies(self, side, edits):
        """For each edit (key, value; values only grow) made on `side`: ms until it, or one after it, was on the other."""
        other = "hubspot" if side == "inbox" else "inbox"
        made = {(k, v): t for t, k, v in self.events[side]}
        there = {}
        for t, k, v in self.events[other]:
            there.setdefault(k, []).append((t, v))
        out, missing = [], 0
        for k, v in edits:
            t = made.get((k, float(v)))
            after = [a for a, w in there.get(k, []) if w >= v]
            if t is None or not after:
                missing += 1
            else:
                out.append(min(after) - t)
        return out, missing
