#!/usr/bin/env python3
"""What `k8sentry replay` must say, computed a second time from docs/semantics.md alone.

Reads watch streams, Lists and kubectl's output (files, or - for standard input) and
prints what `k8sentry replay -o json` (or `-o ndjson`) must print. Plain rather than
fast, standard library only. Numbers in comments are the parts of docs/semantics.md.
"""
import argparse
import collections
import datetime
import hashlib
import heapq
import json
import re
import sys

from frames import EPOCH, events
from keys import class_of, container_of, cut, first_line, harmless, workload_of

SECOND = 1000000  # times are microseconds since 1970
HOUR = 3600 * SECOND
MAX_UIDS, MAX_KEYS, MAX_GROUPS, MAX_CLASSES = 65536, 16384, 16384, 16
LEDGER = ("seen malformed stale filtered routed below_threshold swallowed sampled_out "
          "overflowed rejected delivered in_flight summaries deleted bookmarks errors "
          "blank_lines").split()
NORMAL_REASONS = ("NodeNotReady NodeHasDiskPressure NodeHasInsufficientMemory "
                  "NodeHasInsufficientPID TaintManagerEviction Preempted BackOff").split()
ERROR_REASONS = ("BackOff CrashLoopBackOff OOMKilled OOMKilling Failed FailedScheduling "
                 "FailedMount FailedCreate Unhealthy Evicted NodeNotReady "
                 "BackoffLimitExceeded DeadlineExceeded").split()
THRESHOLD_WINDOW = 600 * SECOND

# ---- 4, 6, 14, 16, 17: the replay ------------------------------------------------------

class Tally:
    """Sightings, and when they were."""
    first = last = event = None
    sightings = 0

    def add(self, sightings, first, last, event):
        self.sightings, self.event = self.sightings + sightings, event
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)


class Issue(Tally):
    told = swallowed = 0


class Trouble(Tally):
    """A key in the table: what its threshold has counted, or its window has swallowed."""
    start = 0           # of the threshold's window
    end = length = 0    # of the window
    opening = None      # number of the window's opening; None: below the threshold
    unlocked = False    # with --window 0: the threshold is off


class Replay:
    def __init__(self, options, tell_out=lambda telling: None):
        self.options, self.tell_out = options, tell_out
        self.ledger, self.issues = dict.fromkeys(LEDGER, 0), {}
        self.now = self.pending = None
        self.uids, self.groups = collections.OrderedDict(), collections.OrderedDict()
        # Keys in the order of their last opening; windows by their end.
        self.troubles, self.windows, self.openings = collections.OrderedDict(), [], 0

    def read(self, data):
        for event in events(data, self.ledger):
            self.move_clock(event.occurred)
            self.close_due()
            event.occurred = self.present if event.occurred is None else event.occurred
            event.first = self.present if event.first is None else event.first
            if not self.admits(event):
                self.ledger["filtered"] += 1
                continue
            sightings = self.sightings(event)
            if not sightings:
                self.ledger["stale"] += 1
                continue
            self.ledger["routed"] += 1
            self.ledger[self.decide(self.key(event), event, sightings)] += 1

    def result(self):
        counts = self.ledger
        counts["seen"] = sum(counts[c] for c in ("malformed", "stale", "filtered", "routed"))
        issues = [describe(key, issue) for key, issue in sorted(self.issues.items())]
        return {"issues": issues, "ledger": counts}

    @property
    def present(self):
        return self.now or 0

    def move_clock(self, time):
        if time is None:
            return
        if self.now is None or time <= self.now + HOUR:
            self.now, self.pending = max(self.present, time), None
            return
        if self.pending is not None:
            self.now = max(self.now, min(self.pending, time))
        self.pending = time if time > self.now + HOUR else None

    def admits(self, event):
        o = self.options
        if not o.type and not o.reason and event.type == "Normal" and event.reason not in NORMAL_REASONS:
            return False
        return ((not o.type or event.type in o.type) and (not o.reason or event.reason in o.reason)
                and (not o.namespace or event.namespace in o.namespace)
                and event.reason not in o.exclude_reason
                and event.namespace not in o.exclude_namespace)

    def sightings(self, event):
        new = event.total if event.frame_type == "ADDED" else 1
        if not event.uid:
            return new
        version, total, occurred = self.uids.pop(event.uid, (None, None, None))
        if total is not None:
            if event.version and event.version == version:
                self.uids[event.uid] = version, total, occurred
                return 0
            new = event.total - total if event.total > total else int(event.occurred > occurred)
        self.uids[event.uid] = event.version, event.total, event.occurred
        if len(self.uids) > MAX_UIDS:
            self.uids.popitem(last=False)
        return new

    def key(self, event):
        values = [("cluster", self.options.cluster_name), ("namespace", event.namespace),
                  ("workload", workload_of(event.kind, event.name)[1]), ("container", container_of(event)), ("reason", event.reason)]
        key = tuple(f"{name}:{cut(harmless(value), 256)}" for name, value in values if value)
        name, masked = class_of(event)
        if masked and name:
            known = self.groups.pop(key, [])
            self.groups[key] = known
            if len(self.groups) > MAX_GROUPS:
                self.groups.popitem(last=False)
            if name not in known and len(known) == MAX_CLASSES:
                name = "other"
            elif name not in known:
                known.append(name)
        return ("k8s", *key, *([f"class:{name}"] if name else []))

    def decide(self, key, event, count):
        """Thresholds and windows; the counter of the ledger in which the frame ends."""
        sighting = count, event.first, event.occurred, event
        trouble = self.troubles.get(key)
        if trouble and trouble.opening is not None:
            trouble.add(*sighting)
            issue = self.issues[key]
            issue.add(count, event.first, event.occurred, issue.event)
            issue.swallowed += count
            return "swallowed"
        needed = self.options.threshold.get(event.reason, 1)
        if not self.options.window and (needed == 1 or trouble and trouble.unlocked):
            self.tell("each", key, *sighting)
            return "delivered"
        if not trouble or self.present - trouble.start >= THRESHOLD_WINDOW:
            if not trouble and len(self.troubles) == MAX_KEYS:
                self.forget(next(iter(self.troubles)))
            trouble = self.troubles[key] = Trouble()
            trouble.start = self.present
            self.troubles.move_to_end(key)
        trouble.add(*sighting)
        if trouble.sightings < needed:
            return "below_threshold"
        kind = "first" if self.options.window else "each"
        self.tell(kind, key, trouble.sightings, trouble.first, trouble.last, event)
        if self.options.window:
            self.open(key, self.options.window)
        else:
            trouble.unlocked = True
        return "delivered"

    def open(self, key, length):
        trouble = self.troubles[key] = Trouble()
        self.troubles.move_to_end(key)
        self.openings += 1
        trouble.opening, trouble.length, trouble.end = self.openings, length, self.present + length
        heapq.heappush(self.windows, (trouble.end, trouble.opening, key))

    def close_due(self):
        while self.windows and self.windows[0][0] <= self.present:
            _, opening, key = heapq.heappop(self.windows)
            trouble = self.troubles.get(key)
            if trouble and trouble.opening == opening:
                self.forget(key)
                if trouble.sightings:
                    self.open(key, min(2 * trouble.length, HOUR))

    def forget(self, key):
        trouble = self.troubles.pop(key)
        if trouble.opening is not None and trouble.sightings:
            self.ledger["summaries"] += 1
            self.tell("still-firing", key, trouble.sightings, trouble.first, trouble.last, trouble.event)

    def tell(self, kind, key, sightings, first, last, event):
        issue = self.issues.setdefault(key, Issue())
        summary = kind == "still-firing"
        issue.add(0 if summary else sightings, first, last, event)
        issue.told += 1
        shown = Issue()  # an issue of this one telling
        shown.add(sightings, first, last, event)
        shown.told, shown.swallowed = 1, sightings if summary else 0
        self.tell_out({"kind": kind, "id": telling_id(kind, event), **describe(key, shown)})


# ---- 7, 10, 16: what is shown ----------------------------------------------------------

def telling_id(kind, event):
    kind = "still-firing" if kind == "still-firing" else "sighting"
    repaired = event.raw().decode("utf-8", "replace").encode() if not event.uid else b""
    identity = [event.uid.encode(), event.version.encode()] if event.uid else [repaired]
    digest = bytearray(hashlib.sha256(b"\0".join([b"k8sentry/1", kind.encode(), *identity])).digest()[:16])
    digest[6], digest[8] = digest[6] & 0x0F | 0x40, digest[8] & 0x3F | 0x80
    return digest.hex()


def rfc3339(when):
    stamp = EPOCH + datetime.timedelta(microseconds=when)
    return stamp.isoformat(timespec="microseconds" if when % SECOND else "seconds") + "Z"


def place(key, event):
    """What of a telling or an issue comes from its last event."""
    parts = dict(part.split(":", 1) for part in key[1:])  # harmless ones
    kind, name = workload_of(event.kind, event.name)
    title = f"{event.reason}: {first_line(event.message)}" if event.message else event.reason
    level = "error" if event.reason in ERROR_REASONS else "warning"
    culprit = ([parts["namespace"]] if "namespace" in parts else []) + [kind, parts.get("workload", "")]
    return {"fingerprint": list(key), "title": title[:100], "culprit": "/".join(culprit),
            "level": "info" if event.type == "Normal" else level,
            "reason": event.reason, "namespace": event.namespace,
            "workload": {"kind": kind, "name": name}, "container": container_of(event)}


def describe(key, issue):
    return {**place(key, issue.event), "sightings": issue.sightings, "told": issue.told,
            "swallowed": issue.swallowed, "first_seen": rfc3339(issue.first), "last_seen": rfc3339(issue.last)}


# ---- the command line ------------------------------------------------------------------

def duration(text):
    """Go's: "0", "90s", "1h30m"; in microseconds."""
    unit = {"ns": 0.001, "us": 1, "ms": 1000, "s": SECOND, "m": 60 * SECOND, "h": HOUR}
    parts = re.findall(r"([0-9]*\.?[0-9]+)(ns|us|ms|s|m|h)", text)
    if text != "0" and "".join(map("".join, parts)) != text:
        raise argparse.ArgumentTypeError(f"no duration: {text}")
    return int(sum(float(number) * unit[name] for number, name in parts))


def parse_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("reason", "exclude-reason", "namespace", "exclude-namespace", "type"):
        parser.add_argument("--" + name, action="append", default=[])
    parser.add_argument("--threshold", action="append", default=[], metavar="REASON=N")
    parser.add_argument("--window", type=duration, default=300 * SECOND)
    parser.add_argument("--lookback")  # says nothing in a replay
    parser.add_argument("--cluster-name", default="")
    parser.add_argument("-o", "--output", choices=("json", "ndjson"), default="json")
    parser.add_argument("files", nargs="*", default=["-"])
    options = parser.parse_args(arguments)
    for name in ("reason", "exclude_reason", "namespace", "exclude_namespace", "type"):
        setattr(options, name, [v for given in getattr(options, name) for v in given.split(",")])
    options.threshold = {r: int(n) for r, n in (t.rsplit("=", 1) for t in options.threshold)}
    return options


def main(arguments):
    options = parse_options(arguments)
    tellings = []
    replay = Replay(options, tellings.append)
    for name in options.files or ["-"]:
        if name == "-":
            replay.read(sys.stdin.buffer.read())
        else:
            with open(name, "rb") as file:
                replay.read(file.read())
    result = replay.result()
    for line in [*tellings, {"ledger": result["ledger"]}] if options.output == "ndjson" else [result]:
        print(json.dumps(line))


if __name__ == "__main__":
    main(sys.argv[1:])
