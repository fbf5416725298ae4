"""What `k8sentry replay` must say, computed a second time from docs/semantics.md alone (the numbers are its parts).

Plain rather than fast. It reads streams of whole documents; broken.py reads those that someone broke.
"""
import collections
import datetime
import hashlib
import heapq
import json
import math
import re

EPOCH, SECOND, HOUR = datetime.datetime(1970, 1, 1), 1000000, 3600000000  # times are microseconds since 1970
MAX_UIDS, MAX_KEYS, MAX_GROUPS, MAX_CLASSES, THRESHOLD_WINDOW = 65536, 16384, 16384, 16, 600 * SECOND
LEDGER = ("seen malformed stale filtered routed below_threshold swallowed sampled_out overflowed rejected delivered "
          "in_flight summaries deleted bookmarks errors blank_lines").split()
NORMAL_REASONS = ("NodeNotReady NodeHasDiskPressure NodeHasInsufficientMemory NodeHasInsufficientPID "
                  "TaintManagerEviction Preempted BackOff").split()
ERROR_REASONS = ("BackOff CrashLoopBackOff OOMKilled OOMKilling Failed FailedScheduling FailedMount FailedCreate "
                 "Unhealthy Evicted NodeNotReady BackoffLimitExceeded DeadlineExceeded").split()

# ---- 1, 13: from documents to Events ---------------------------------------------------------------------------------
SPACE, LINE = re.compile("[ \t\r\n]*"), re.compile("[^\n]*\n?")
TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})"
                  r"(?:\.([0-9]{1,9}))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))")

# Numbers that are no counts become None or 0; NaN and the like are no numbers to int.
DECODER = json.JSONDecoder(parse_constant=int, parse_float=lambda text: None,
                           parse_int=lambda text: int(text) if len(text) <= 10 else 0)

def text(holder, *names):
    found = (holder[name] for name in names if isinstance(holder.get(name), str) and holder[name])
    return re.sub("[\ud800-\udfff]", "\ufffd", next(found, ""))

def member(holder, *names):
    return next((holder[n] for n in names if isinstance(holder.get(n), dict)), {})

def count(holder, *names):
    wanted = (holder.get(name) for name in names)
    return next((n for n in wanted if type(n) is int and 1 <= n <= 2147483647), 0)

def time(holder, *names):
    for match in filter(None, (TIME.fullmatch(text(holder, name)) for name in names)):
        fraction, sign, hours, minutes = (match.group(i) or "0" for i in (7, 8, 9, 10))
        try:
            when = datetime.datetime(*map(int, match.group(1, 2, 3, 4, 5, 6)))
            when += datetime.timedelta(minutes=int(hours) * 60 + int(minutes)) * (1 if sign == "-" else -1)
        except (ValueError, OverflowError):
            continue
        if when >= EPOCH and int(match.group(1)) >= 1970 and int(hours) < 24 and int(minutes) < 60:
            return (when - EPOCH) // datetime.timedelta(microseconds=1) + int(fraction.ljust(6, "0")[:6])
    return None

class Event:
    def __init__(self, object_, frame_type, raw):
        metadata, involved = member(object_, "metadata"), member(object_, "involvedObject", "regarding")
        self.frame_type, self.raw, series = frame_type, raw, member(object_, "series")
        self.uid, self.version = text(metadata, "uid"), text(metadata, "resourceVersion")
        self.namespace, self.kind, self.name = (text(involved, name) for name in ("namespace", "kind", "name"))
        self.reason, self.type = text(object_, "reason"), text(object_, "type")
        self.message = text(object_, "message", "note")
        self.line = re.split("[\r\n]", self.message, maxsplit=1)[0]
        created, event_time = time(metadata, "creationTimestamp"), time(object_, "eventTime")
        began = time(object_, "firstTimestamp", "deprecatedFirstTimestamp")
        ended = time(object_, "lastTimestamp", "deprecatedLastTimestamp")
        times = time(series, "lastObservedTime"), ended, event_time, began, created
        self.occurred = next((t for t in times if t is not None), None)
        self.first = next((t for t in (began, event_time, created, self.occurred) if t is not None), None)
        repeated = count(series, "count")
        self.total = max(repeated, 2) if repeated else count(object_, "count", "deprecatedCount") or 1
        self.owner_kind, self.owner = workload_of(self.kind, self.name)
        field = re.fullmatch(r"spec\.(?:c|initC|ephemeralC)ontainers\{(.*)\}", text(involved, "fieldPath"), re.S)
        self.container = field.group(1) if field else ""

# ---- 3, 15: keys -----------------------------------------------------------------------------------------------------
HASH, MINUTE = "[456789bcdf]{6,10}", "(?:[0-9]{8}|[0-9]{10})"
ADDRESS, BLANKS = re.compile("[0-9A-Fa-f:.]++(?![A-Za-z0-9_])"), re.compile("[ \t]+")
WORD = re.compile("[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
VARIES = re.compile("[0-9].*|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|(?=.*[0-9])[0-9a-fA-F]{8,}")

def workload_of(kind, name):
    replica = re.fullmatch("(.+)-[bcdfghjklmnpqrstvwxz2456789]{5}", name, re.S) if kind == "Pod" else None
    name, pods = (replica.group(1), ["Deployment", "CronJob"]) if replica else (name, ["StatefulSet"])
    tried = {"ReplicaSet": ["Deployment"], "Job": ["CronJob"], "Pod": pods}.get(kind, [])
    for owner, suffix in (("Deployment", HASH), ("CronJob", MINUTE), ("StatefulSet", "[0-9]+")):
        match = owner in tried and re.fullmatch(f"(.+)-{suffix}", name, re.S)
        if match:
            return owner, match.group(1)
    return ("Workload" if replica else kind), name

def harmless(part, size):
    part = re.sub("[\x00-\x1f\x7f]", " ", part).replace("{", "(").replace("}", ")")
    return part.encode()[:size].decode("utf-8", "ignore")

def mask(message, event):
    names = tuple(name + "-" for name in (event.name, event.owner) if name)
    out, pos, behind_word = [], 0, False
    while pos < len(message):
        address, word = (not behind_word and token.match(message, pos) for token in (ADDRESS, WORD))
        if address and address.group().count(":") >= 2 and re.search("[0-9]", address.group()):
            found, shown, word = address, "*", None
        elif word:
            found, shown = word, word.group()
            shown = "*" if shown == event.name or shown.startswith(names) or VARIES.fullmatch(shown) else shown
        else:
            found = BLANKS.match(message, pos)
            shown = " " if found else message[pos]
        out.append(shown)
        pos, behind_word = (found.end() if found else pos + 1), bool(word)
    return harmless(harmless("".join(out), None).strip(" "), 120).rstrip(" ")

def class_of(event):  # and whether it is a masked one
    line = event.line.lstrip(" ").removeprefix("(combined from similar events): ")
    has, starts = line.__contains__, line.startswith
    if event.reason == "Failed":
        line = re.split('[:"]', line.removeprefix("Error: "), maxsplit=1)[0]
    fits = {"FailedScheduling": {"unschedulable": True}, "FailedAttachVolume": {"attach": True},
            "FailedCreate": {"quota": has("exceeded quota"), "forbidden": has("is forbidden"), "create": True},
            "FailedMount": {"configmap missing": has("configmap") and has("not found"),
                            "secret missing": has("secret") and has("not found"),
                            "timeout": has("timed out waiting"), "mount": True},
            "Unhealthy": {probe: starts(f"{probe.title()} probe") for probe in ("readiness", "liveness", "startup")},
            "BackOff": {"image": starts("Back-off pulling image"), "container": starts("Back-off restarting failed")}}
    fixed = [(name, False) for name, fit in fits.get(event.reason, {}).items() if fit]
    return fixed[0] if fixed else (mask(line, event), True)

# ---- 2, 4, 6, 14, 16, 17: the replay ---------------------------------------------------------------------------------
class Tally:
    """Sightings and when they were: of an issue, of a telling, or of a key in the table (since its last opening)."""
    first = last = event = None
    sightings = told = swallowed = 0
    # In the table: when it was entered, its window (the opening's number, its length), with --window 0 whether unlocked.
    start, opening, length, unlocked = 0, None, 0, False

    def add(self, sightings, first, last, event):
        self.sightings, self.event = self.sightings + sightings, event
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)
        return self

class Replay:
    def __init__(self, options, tell_out=lambda kind, key, tally: None):
        self.options, self.tell_out = options, tell_out
        self.ledger, self.issues = dict.fromkeys(LEDGER, 0), {}
        self.now, self.pending = 0, math.inf  # the first time is believed wherever it is
        self.uids, self.groups = collections.OrderedDict(), collections.OrderedDict()
        self.table, self.windows, self.openings = collections.OrderedDict(), [], 0  # the table: by the last opening

    def read(self, data):
        stream, pos = data.decode("utf-8-sig", "replace"), 0
        while pos < len(stream):
            gap, behind = SPACE.match(stream, pos).group(), pos > 0 and stream[pos - 1] != "\n"
            self.ledger["blank_lines"] += max(gap.count("\n") - behind, 0)
            pos += len(gap)
            if pos < len(stream):
                try:
                    document, pos = DECODER.raw_decode(stream, pos)
                except ValueError:
                    document, pos = None, LINE.match(stream, pos).end()
                self.document(document)

    def document(self, document, raw=b""):  # None: what is no JSON; raw: the bytes of its object
        holder = document if isinstance(document, dict) else {}
        kind, object_, items = (holder.get(name) for name in ("type", "object", "items"))
        if isinstance(items, list) or not isinstance(kind, str) or not isinstance(object_, dict):
            for item in items if isinstance(items, list) else [document]:
                self.object(item, "ADDED", raw)
        elif kind == "ADDED" and text(object_, "kind").endswith("List") and isinstance(object_.get("items"), list):
            self.document({"items": object_["items"]})
        elif kind in ("ADDED", "MODIFIED"):
            self.object(object_, kind, raw)
        else:
            self.ledger[{"DELETED": "deleted", "BOOKMARK": "bookmarks", "ERROR": "errors"}.get(kind, "malformed")] += 1

    def object(self, object_, frame_type, raw):
        object_ = object_ if isinstance(object_, dict) else {}
        regards = isinstance(object_.get("involvedObject"), dict) or isinstance(object_.get("regarding"), dict)
        if text(object_, "kind") != "Event" and (text(object_, "kind") or not regards):
            self.ledger["malformed"] += 1
            return
        event = Event(object_, frame_type, raw)
        if event.occurred is not None:
            self.move_clock(event.occurred)
        self.close_due()
        event.occurred, event.first = (self.now if at is None else at for at in (event.occurred, event.first))
        sightings = self.sightings(event) if self.admits(event) else None
        self.ledger["routed"] += bool(sightings)
        counter = self.decide(self.key(event), event, sightings) if sightings else "stale"
        self.ledger["filtered" if sightings is None else counter] += 1

    def result(self):
        self.ledger["seen"] = sum(self.ledger[c] for c in ("malformed", "stale", "filtered", "routed"))
        return {"issues": [describe(key, issue) for key, issue in sorted(self.issues.items())], "ledger": self.ledger}

    def move_clock(self, time):
        if time > self.now + HOUR:
            self.now = max(self.now, min(self.pending, time))
            self.pending = time if time > self.now + HOUR else 0
        else:
            self.now, self.pending = max(self.now, time), 0

    def admits(self, event):
        o, default = self.options, not self.options.type and not self.options.reason
        return ((not default or event.type != "Normal" or event.reason in NORMAL_REASONS)
                and (not o.type or event.type in o.type) and (not o.reason or event.reason in o.reason)
                and (not o.namespace or event.namespace in o.namespace)
                and event.reason not in o.exclude_reason and event.namespace not in o.exclude_namespace)

    def sightings(self, event):
        new = event.total if event.frame_type == "ADDED" else 1
        version, total, occurred = self.uids.pop(event.uid, (None, None, None))
        if total is not None:
            same = event.version and event.version == version
            new = event.total - total if event.total > total else int(event.occurred > occurred)
            new, event.total, event.occurred = (0, total, occurred) if same else (new, event.total, event.occurred)
        if event.uid:
            self.uids[event.uid] = event.version, event.total, event.occurred
        if len(self.uids) > MAX_UIDS:
            self.uids.popitem(last=False)
        return new

    def key(self, event):
        values = {"cluster": self.options.cluster_name, "namespace": event.namespace, "workload": event.owner,
                  "container": event.container, "reason": event.reason}
        key = tuple(f"{name}:{harmless(value, 256)}" for name, value in values.items() if value)
        name, masked = class_of(event)
        if masked and name:
            known = self.groups[key] = self.groups.pop(key, [])
            if len(self.groups) > MAX_GROUPS:
                self.groups.popitem(last=False)
            name = name if name in known or len(known) < MAX_CLASSES else "other"
            known += [] if name in known or len(known) == MAX_CLASSES else [name]
        return ("k8s", *key, *([f"class:{name}"] if name else []))

    def decide(self, key, event, number):  # the counter of the ledger in which the frame ends
        sighting = number, event.first, event.occurred, event
        entry, needed = self.table.get(key), self.options.threshold.get(event.reason, 1)
        if entry and entry.opening is not None:
            self.issues[key].add(*sighting[:3], self.issues[key].event).swallowed += number
            entry.add(*sighting)
            return "swallowed"
        if not self.options.window and (needed == 1 or entry and entry.unlocked):
            self.tell("each", key, Tally().add(*sighting))
            return "delivered"
        if not entry or self.now - entry.start >= THRESHOLD_WINDOW:
            if not entry and len(self.table) == MAX_KEYS:
                self.forget(next(iter(self.table)))
            entry = self.enter(key)
        if entry.add(*sighting).sightings < needed:
            return "below_threshold"
        self.tell("first" if self.options.window else "each", key, entry)
        entry.unlocked = True
        if self.options.window:
            self.enter(key, self.options.window)
        return "delivered"

    def enter(self, key, length=0):  # a key into the table, or to its end; with a length its window opens
        self.table[key] = entry = Tally()
        self.table.move_to_end(key)
        entry.start, entry.length = self.now, length
        if length:
            self.openings += 1
            entry.opening = self.openings
            heapq.heappush(self.windows, (self.now + length, entry.opening, key))
        return entry

    def close_due(self):
        while self.windows and self.windows[0][0] <= self.now:
            _, opening, key = heapq.heappop(self.windows)
            entry = self.table.get(key)
            if entry and entry.opening == opening:
                self.forget(key)
                if entry.sightings:
                    self.enter(key, min(2 * entry.length, HOUR))

    def forget(self, key):
        entry = self.table.pop(key)
        if entry.opening is not None and entry.sightings:
            self.ledger["summaries"] += 1
            self.tell("still-firing", key, entry)

    def tell(self, kind, key, tally):
        issue, sightings = self.issues.setdefault(key, Tally()), 0 if kind == "still-firing" else tally.sightings
        issue.add(sightings, tally.first, tally.last, tally.event).told += 1
        self.tell_out(kind, key, tally)

# ---- 7, 10, 16: what is shown ----------------------------------------------------------------------------------------
def describe(key, tally):  # an issue or a telling, as its last event has it
    event, parts = tally.event, dict(part.split(":", 1) for part in key[1:])  # harmless ones
    culprit = [parts[name] for name in ("namespace",) if name in parts] + [event.owner_kind, parts.get("workload", "")]
    title = f"{event.reason}: {event.line}" if event.message else event.reason
    level = "error" if event.reason in ERROR_REASONS else "warning"
    first, last = ((EPOCH + datetime.timedelta(microseconds=at)).isoformat(
        timespec="microseconds" if at % SECOND else "seconds") + "Z" for at in (tally.first, tally.last))
    return {"fingerprint": list(key), "title": title[:100], "culprit": "/".join(culprit),
            "level": "info" if event.type == "Normal" else level, "reason": event.reason,
            "namespace": event.namespace, "workload": {"kind": event.owner_kind, "name": event.owner},
            "container": event.container, "sightings": tally.sightings, "told": tally.told,
            "swallowed": tally.swallowed, "first_seen": first, "last_seen": last}
