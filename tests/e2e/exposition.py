"""A strict reader of Prometheus' text format, version 0.0.4: exposition.py METRICS [EARLIER] [--rules FILE] [--board FILE]
Says what breaks the format, which counters fell since EARLIER, and which names or labels rules and dashboard use that nobody shows."""
import argparse, json, re, sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')
VALUE = re.compile(r"[+-]?(\d+(\.\d+)?([eE][+-]?\d+)?|Inf)|NaN")


def labels_of(text, line):
    out, at = {}, 0
    while at < len(text):
        m = LABEL.match(text, at)
        assert m, f"labels: {line}"
        assert m[1] not in out and not m[1].startswith("__"), f"label {m[1]}: {line}"
        out[m[1]] = m[2]
        at = m.end()
        assert m[3] != "," or at < len(text), f"a comma at the end: {line}"
    return out


def read(path):
    text = open(path, encoding="utf-8", newline="").read()
    assert text.endswith("\n") and "\r" not in text, "lines end with a line feed, the last one too"
    kinds, helps, samples, now = {}, {}, {}, None
    for line in text[:-1].split("\n"):
        if m := re.fullmatch(rf"# HELP ({NAME}) (\S.*)", line):
            assert m[1] not in helps, f"helped twice: {m[1]}"
            assert not re.search(r"\\(?![\\n])", m[2]), f"escape in HELP: {line}"
            helps[m[1]], now = m[2], m[1]
        elif m := re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge)", line):
            assert m[1] == now and m[1] not in kinds, f"TYPE belongs below its HELP: {line}"
            assert (m[2] == "counter") == m[1].endswith("_total"), f"counters end with _total, and only they: {m[1]}"
            kinds[m[1]] = m[2]
        else:
            m = re.fullmatch(rf"({NAME})(?:\{{(.*)\}})? (\S+)", line)
            assert m and VALUE.fullmatch(m[3]), f"no sample: {line}"
            assert m[1] == now and now in kinds, f"outside its family: {line}"
            assert m[2] != "", f"empty braces: {line}"
            key = (m[1], tuple(sorted(labels_of(m[2] or "", line).items())))
            assert key not in samples, f"twice: {line}"
            assert kinds[now] != "counter" or float(m[3]) >= 0, f"a counter below zero: {line}"
            samples[key] = float(m[3])
    return kinds, samples


def used(rules, board):
    exprs = re.findall(r"^ *expr: (.*)$", open(rules).read(), re.M) if rules else []
    if board:
        b = json.load(open(board))
        exprs += [t["expr"] for p in b["panels"] for t in p["targets"]]
        exprs += [t["query"].replace("label_values(", "").rstrip(")").split(",")[0] for t in b["templating"]["list"] if "label_values" in t["query"]]
    for expr in exprs:
        for name, inside in re.findall(r"(inbox_bridge_[a-z_]+)(?:\{([^}]*)\})?", expr):
            yield name, set(re.findall(r"([a-z_]+) *[=!]~?=?\"", inside)), expr
        if "inbox_bridge_alarm" in expr:
            continue  # it has samples, and labels, only while something is raised
        yield None, {w.strip() for by in re.findall(r"\b(?:by|on|without) \(([^)]*)\)", expr) for w in by.split(",")}, expr


def main():
    p = argparse.ArgumentParser()
    p.add_argument("now")
    p.add_argument("earlier", nargs="?")
    p.add_argument("--rules")
    p.add_argument("--board")
    a = p.parse_args()
    kinds, samples = read(a.now)
    if a.earlier:
        for key, value in read(a.earlier)[1].items():
            if kinds.get(key[0]) == "counter":
                assert samples.get(key, -1) >= value, f"{key} fell from {value} to {samples.get(key)}"
    carried = {}
    for name, labels in samples:
        carried.setdefault(name, set()).update(k for k, _ in labels)
    names, every = set(), set().union({"job", "instance"}, *carried.values())
    for name, labels, expr in used(a.rules, a.board):
        if name:
            names.add(name)
            assert name in kinds, f"nobody shows {name}: {expr}"
            if name in carried:
                assert labels <= carried[name] | {"job", "instance"}, f"{name} has no {labels - carried[name]}: {expr}"
        else:
            assert labels <= every, f"no sample has {labels - every}: {expr}"
    print(len(samples), "samples of", len(kinds), "families;", len(names), "names in rules and dashboard, all shown")


try:
    main()
except AssertionError as e:
    sys.exit(f"{sys.argv[1]}: {e}")
