#!/usr/bin/env python3
"""A complete receiver for inbox-bridge's webhook connector: Python 3 and its standard library, records in SQLite.

    export WEBHOOK_SECRET=whsec_...                # the endpoint's `secret`; make one:  receiver.py secret
    receiver.py serve --port 8787 --hook http://127.0.0.1:8080/hooks/ENDPOINT
    receiver.py list
    receiver.py set x:1502239944556677889 notes="Called back" value=4200

It does everything the protocol has (connectors/webhook/README.md): it checks signatures and their age, takes every message
once, answers with the record as it is now, refuses what was overtaken (409), can be read, and sends changes back from an
outbox that survives restarts. Point the endpoint's `url` and `read_url` at it.
"""
import argparse
import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
import sqlite3
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE = 300  # seconds a signature may be old, or early
BODY_MAX = 4 << 20

SCHEMA = """
CREATE TABLE IF NOT EXISTS record (id INTEGER PRIMARY KEY, object TEXT NOT NULL, key TEXT, fields TEXT NOT NULL,
                                   version INTEGER NOT NULL, changed TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX IF NOT EXISTS record_key ON record(object, key);
CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, at INTEGER NOT NULL);      -- every message that was done
CREATE TABLE IF NOT EXISTS outbox (n INTEGER PRIMARY KEY, id TEXT NOT NULL, body TEXT NOT NULL);
"""


def now_text():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# ---- signatures: Standard Webhooks ----

def keys():
    """The secret and, while it is being exchanged, the one before."""
    names = ("WEBHOOK_SECRET", "WEBHOOK_SECRET_OLD")
    found = [os.environ[name] for name in names if os.environ.get(name)]
    if not found:
        sys.exit("WEBHOOK_SECRET is not set")
    return [base64.b64decode(text.removeprefix("whsec_")) for text in found]


def mac(key, message_id, timestamp, payload):
    signed = f"{message_id}.{timestamp}.".encode() + payload
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def is_signed(headers, payload):
    message_id, timestamp = headers.get("webhook-id"), headers.get("webhook-timestamp", "")
    if not message_id or not timestamp.isdigit() or abs(time.time() - int(timestamp)) > TOLERANCE:
        return False
    given = [part[3:] for part in headers.get("webhook-signature", "").split() if part.startswith("v1,")]
    wanted = [mac(key, message_id, timestamp, payload) for key in keys()]
    return any(hmac.compare_digest(a.encode(), b.encode()) for a in given for b in wanted)


# ---- records ----

class Refused(Exception):
    def __init__(self, status, why, **more):
        super().__init__(why)
        self.status, self.answer = status, {"error": {"message": why}, **more}


class Book:
    """The records, in one file. Whatever belongs together happens in one transaction."""

    def __init__(self, path):
        self.path = path
        with self.open() as db:
            db.executescript(SCHEMA)

    @contextlib.contextmanager
    def open(self):
        with contextlib.closing(sqlite3.connect(self.path, timeout=30)) as db:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode = WAL")
            with db:  # commits, or rolls back
                yield db

    @staticmethod
    def find(db, obj, external_id=None, key=None):
        if external_id is not None:
            number = int(external_id) if str(external_id).isdigit() else -1
            return db.execute("SELECT * FROM record WHERE object = ? AND id = ?", (obj, number)).fetchone()
        return db.execute("SELECT * FROM record WHERE object = ? AND key = ?", (obj, key)).fetchone()

    @staticmethod
    def told(row):
        return {"external_id": str(row["id"]), "object": row["object"], "key": row["key"], "fields": json.loads(row["fields"]),
                "version": str(row["version"]), "timestamp": row["changed"]}

    @staticmethod
    def write(db, row, fields):
        merged = {**json.loads(row["fields"]), **fields}
        db.execute("UPDATE record SET fields = ?, version = version + 1, changed = ? WHERE id = ?",
                   (json.dumps(merged), now_text(), row["id"]))
        return db.execute("SELECT * FROM record WHERE id = ?", (row["id"],)).fetchone()

    def take(self, message):
        """One message of the bridge. What it asks for is done, and its id remembered, or neither."""
        obj, key, external_id = message.get("object"), message.get("key"), message.get("external_id")
        fields = message.get("fields")
        if not message.get("id") or not obj or not (external_id or key) or not isinstance(fields, dict):
            raise Refused(422, "a message has id, object, external_id or key, and fields")
        with self.open() as db:
            db.execute("BEGIN IMMEDIATE")
            row = self.find(db, obj, external_id, key)
            if row and db.execute("SELECT 1 FROM message WHERE id = ?", (message["id"],)).fetchone():
                return {**self.told(row), "duplicate": True}
            if (external_id and not row) or (row and row["deleted"]):
                raise Refused(404, "no such record")
            created = row is None
            if created:
                db.execute("INSERT INTO record (object, key, fields, version, changed) VALUES (?, ?, '{}', 0, '')", (obj, key))
                row = self.find(db, obj, None, key)
            self.compare(row, message.get("changed") or {})
            row = self.write(db, row, fields)
            db.execute("INSERT INTO message VALUES (?, ?)", (message["id"], int(time.time())))
            return {**self.told(row), "created": created}

    def compare(self, row, changed):
        """Somebody here edited a field since the bridge looked: it must look again."""
        held = json.loads(row["fields"])
        for name, change in changed.items():
            if "from" in change and held.get(name) != change["from"]:
                raise Refused(409, f"{name} was changed here meanwhile", **{k: v for k, v in self.told(row).items() if k != "external_id"})

    def read(self, query):
        obj = query.get("object", [""])[0]
        with self.open() as db:
            rows = db.execute("SELECT * FROM record WHERE object = ? AND NOT deleted", (obj,)).fetchall()
        ids, values, field = set(query.get("id", [])), set(query.get("value", [])), query.get("field", [None])[0]
        told = [self.told(row) for row in rows]
        return [r for r in told if r["external_id"] in ids or r["key"] in ids or r["key"] in values
                or (field and str(r["fields"].get(field)) in values)]

    def edit(self, name, fields, delete=False):
        """What a person does here: the edit, and the message that tells of it, in one transaction."""
        with self.open() as db:
            db.execute("BEGIN IMMEDIATE")
            row = db.execute("SELECT * FROM record WHERE (key = ? OR CAST(id AS TEXT) = ?) AND NOT deleted", (name, name)).fetchone()
            if not row:
                raise Refused(404, f"no record {name}")
            row = self.write(db, row, fields)
            if delete:
                db.execute("UPDATE record SET deleted = 1 WHERE id = ?", (row["id"],))
            told = self.told(row)
            message = {"id": "evt-" + secrets.token_hex(12), "type": "record.deleted" if delete else "record.changed",
                       "object": told["object"], "external_id": told["external_id"], "key": told["key"],
                       "timestamp": told["timestamp"], "fields": fields}
            db.execute("INSERT INTO outbox (id, body) VALUES (?, ?)", (message["id"], json.dumps(message)))
            return told


# ---- sending back ----

def post(url, message_id, body):
    payload, timestamp = body.encode(), str(int(time.time()))
    signature = " ".join("v1," + mac(key, message_id, timestamp, payload) for key in keys())
    request = urllib.request.Request(url, payload, {"Content-Type": "application/json", "webhook-id": message_id,
                                                    "webhook-timestamp": timestamp, "webhook-signature": signature})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return 200 <= answer.status < 300


def send_outbox(book, url):
    """In order, each until it is taken; the bridge does not mind hearing one twice."""
    with book.open() as db:
        for row in db.execute("SELECT * FROM outbox ORDER BY n").fetchall():
            try:
                post(url, row["id"], row["body"])
            except (urllib.error.URLError, OSError) as why:
                print(f"receiver: not delivered yet: {why}", file=sys.stderr)
                return
            db.execute("DELETE FROM outbox WHERE n = ?", (row["n"],))
            db.commit()


def keep_sending(book, url, stop):
    while not stop.wait(1):
        send_outbox(book, url)


# ---- HTTP ----

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    book = None

    def answer(self, status, body):
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def do_GET(self):
        # A read has no body: its path and query are what is signed.
        if not is_signed(self.headers, self.path.encode()):
            self.answer(401, {"error": {"message": "the signature is missing, wrong or old"}})
            return
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        self.answer(200, {"records": self.book.read(query)})

    def do_POST(self):
        n = int(self.headers.get("Content-Length") or 0)
        if n > BODY_MAX:
            self.close_connection = True
            self.answer(413, {"error": {"message": "too large"}})
            return
        payload = self.rfile.read(n)
        if not is_signed(self.headers, payload):
            self.answer(401, {"error": {"message": "the signature is missing, wrong or old"}})
            return
        try:
            self.answer(*self.take(json.loads(payload)))
        except (ValueError, AttributeError) as why:
            self.answer(400, {"error": {"message": str(why)}})

    def take(self, message):
        if message.get("type") == "ping":
            return 200, {"organisation": {"label": "Example receiver"}}
        if isinstance(message.get("records"), list):  # the endpoint's `batch` is more than 1
            return 200, {"results": [self.take_row(m) for m in message["records"]]}
        return self.take_one(message)

    def take_one(self, message):
        try:
            told = self.book.take(message)
        except Refused as no:
            return no.status, no.answer
        return (201 if told.get("created") else 200), told

    def take_row(self, message):
        status, answer = self.take_one(message)
        return {**answer, "id": message.get("id"), "status": status}

    def log_message(self, form, *args):
        print("receiver:", form % args, file=sys.stderr)


def serve(book, args):
    keys()
    Handler.book = book
    server = ThreadingHTTPServer(("127.0.0.1", args.port), Handler)
    stop = threading.Event()
    if args.hook:
        threading.Thread(target=keep_sending, args=(book, args.hook, stop), daemon=True).start()
    print(f"receiver http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        stop.set()


def value_of(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def main():
    parser = argparse.ArgumentParser(description="an example receiver for inbox-bridge's webhook connector")
    parser.add_argument("--book", default="receiver.db", help="the SQLite file (default %(default)s)")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("serve", help="take messages, be read, send the outbox")
    verb.add_argument("--port", type=int, default=8787)
    verb.add_argument("--hook", help="where the bridge takes deliveries: http://…/hooks/ENDPOINT")
    verbs.add_parser("list", help="print all records")
    verb = verbs.add_parser("set", help="edit a record as a person would")
    verb.add_argument("record", help="its id or key")
    verb.add_argument("fields", nargs="+", help="name=value; values are JSON where they can be")
    verb = verbs.add_parser("delete", help="delete a record")
    verb.add_argument("record")
    verbs.add_parser("secret", help="print a new signing secret")
    args = parser.parse_args()
    if args.verb == "secret":
        print("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())
        return
    book = Book(args.book)
    if args.verb == "serve":
        serve(book, args)
    elif args.verb == "list":
        with book.open() as db:
            for row in db.execute("SELECT * FROM record WHERE NOT deleted ORDER BY id"):
                print(json.dumps(Book.told(row), ensure_ascii=False))
    else:
        fields = {name: value_of(text) for name, _, text in (f.partition("=") for f in getattr(args, "fields", []))}
        try:
            print(json.dumps(book.edit(args.record, fields, args.verb == "delete"), ensure_ascii=False))
        except Refused as no:
            sys.exit(str(no))


if __name__ == "__main__":
    main()
