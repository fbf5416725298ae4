#!/usr/bin/env python3
"""A stream of everything nasty that docs/semantics.md still decides, the same for a seed.

    mix.py SEED [DOCUMENTS] > stream

Structure may be broken anywhere, but JSON faults lie only where every decoder must look
(semantics 13), so that there is one right answer for each seed.
"""
import copy
import json
import random
import sys

HOUR = 3600
START = 1795230000  # 2026-11-21T03:00:00Z
SUFFIX, HASH = "bcdfghjklmnpqrstvwxz2456789", "456789bcdf"
WORDS = ("connection refused while reading response from upstream pod volume image container node "
         "probe quota limit exceeded timeout configmap secret not found").split()
ODD = ("\u00e9t\u00e9", "\u4e2d\u6587", "\U0001f600", "{{ default }}", "{{.Message}}", "}{", "\x1b[31mred", "\x07",
       "\x7f", "\x9b31m", "\u202eevil\u2066", "\u2028", "\ufeff", "<script>", "\\n", "'", '"', "%s%n", "\x00", "\t \t", "  ",
       "\r", "\n", "\u0085")
COMBINED = "(combined from similar events): "
REASONS = ("FailedScheduling", "FailedCreate", "FailedMount", "FailedAttachVolume", "Unhealthy", "BackOff", "Failed",
           "Custom", "Custom", "Pulled", "Killing", "NodeNotReady", "OOMKilling", "Evicted", "{{ default }}",
           "bad\x1b[1m\u202e", "R" * 300, "")
OPENINGS = {
    "FailedCreate": ("exceeded quota: ", 'pods "x" is forbidden: ', ""),
    "FailedMount": ('configmap "x" not found ', "secret x not found ", "timed out waiting ", ""),
    "Unhealthy": ("Readiness probe failed: ", "Liveness probe ", "Startup probe ", "Other "),
    "BackOff": ("Back-off pulling image ", "Back-off restarting failed ", ""),
    "Failed": ("Error: ErrImagePull", 'Failed to pull image "x": ', 'Error: secret "x" not found', ""),
}
FIELD_PATHS = ("spec.containers{app}", "spec.containers{proxy}", "spec.initContainers{init}", "spec.containers{",
               "spec.ephemeralContainers{debug}", "spec.containers{}", "spec.containers[0]", "spec.containers{a}b}",
               "xspec.containers{a}", "spec.containers{{{ default }}}", "spec.containers{a}\n")
NO_TIMES = (None, "", "yesterday", "0001-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-21 03:00:00Z", 5,
            "2026-11-21T03:00:60Z", "1969-12-31T23:59:59Z", "2026-11-21T03:00:00", "2026-02-29T00:00:00Z")
BROKEN = (b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80",
          b"\xe2\x28\xa1", b"\\ud800", b"\\uDFFF", b"\\ud83d\\ud83d\\ude00", b"\\udc00\\ud800", b"\\ud83dx")
WRONG = (None, True, 5, -1, 1.5, "", [], {}, ["x"], {"x": 1}, "text", [[{}]])


class Mix:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pick, self.chance = self.random.choice, lambda p: self.random.random() < p
        self.number = self.random.randint
        self.seconds, self.version, self.known = 0, 100, []

    # ---- names, times, messages ------------------------------------------------------

    def text(self, alphabet, low, high):
        return "".join(self.pick(alphabet) for _ in range(self.number(low, high)))

    def hex(self, digits):
        return self.text("0123456789abcdef", digits, digits)

    def uuid(self):
        return "-".join(map(self.hex, (8, 4, 4, 4, 12)))

    def involved(self):
        base = self.pick(("api", "web-frontend", "db", "a", "x.y_z", "job-7", "caf\u00e9", "web-0", "n" * 260))
        suffix, hash_ = "-" + self.text(SUFFIX, 5, 5), "-" + self.text(HASH, 5, 11)
        minute = "-" + str(self.number(10 ** 6, 10 ** 10))
        pod = self.pick((hash_ + suffix, hash_ + suffix, minute + suffix, suffix, "", f"-{self.number(0, 12)}",
                         f"-{self.number(0, 9)}{suffix}", hash_ + "-"))
        bare = self.pick((suffix, hash_, minute, "-0", "", "-" + suffix))
        kind, name = self.pick((("Pod", base + pod),) * 7 + (
            ("Pod", bare), ("ReplicaSet", base + hash_), ("Job", base + minute), ("Job", base + hash_),
            ("Node", "node-" + suffix), ("HorizontalPodAutoscaler", base), ("pod", base + suffix), ("", base)))
        known = {"kind": kind, "name": name, "uid": self.uuid()}
        if kind != "Node":
            known["namespace"] = self.pick(("shop", "payments", "default", "kube-system", "bad\x1b{ns}"))
        if kind == "Pod" and self.chance(0.7):
            known["fieldPath"] = self.pick(FIELD_PATHS)
        return known

    def time(self, seconds=None):
        """Mostly a time like `seconds` (or now); at times another, or none that can be read."""
        when = self.seconds if seconds is None else seconds
        roll = self.random.random()
        if roll < 0.02:
            return self.pick(NO_TIMES)
        if roll < 0.06:
            when += self.pick((-2 * HOUR, HOUR // 2, HOUR, HOUR + 1, 5 * HOUR, 400 * 24 * HOUR))
        offset = self.pick((0, 0, 0, 0, 0, 330, -720, 1439))
        days, rest = divmod(START + when + offset * 60, 86400)
        zone = "Z"
        if offset or self.chance(0.05):
            zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
        year, month, day = civil(days)
        fraction = self.pick(("", "", "", ".5", ".123456", ".000001", ".123456789"))
        clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
        return f"{year:04}-{month:02}-{day:02}T{clock}{fraction}{zone}"

    def token(self, name):
        """Something that masking must decide on."""
        return self.pick((
            lambda: self.pick(WORDS), lambda: self.pick(WORDS), lambda: self.pick(ODD), self.uuid,
            lambda: self.pick((name, name + "-1", name[:-1], name + ".18e9f0d1f232c5d3", "x" + name)),
            lambda: self.hex(self.number(6, 64)), lambda: "sha256:" + self.hex(64),
            lambda: ".".join(str(self.number(0, 255)) for _ in range(4)),
            lambda: ":".join(self.hex(4) for _ in range(self.number(1, 9))),
            lambda: "fe80::" + self.hex(3) + self.pick(("", "%eth0", "/64", ":", "z", "_", "\u00e9")),
            lambda: str(self.number(0, 10 ** 6)) + self.pick(("", "s", "m30s", ".5", "Mi", "%", "-", "._-")),
            lambda: f"{self.number(0, 23)}:{self.number(10, 59)}:{self.number(10, 59)}",
            lambda: str(self.time()), lambda: self.text("abcdef", 7, 9),
            lambda: self.text("0123456789abcdefABCDEF:.-_g ", 1, 30)))()

    def message(self, known):
        between = self.pick(("", " ", "", ": ", "\n", "\r\nmore"))
        ends = (" ", " ", " ", ", ", ":", ": ", "/", "=", "(", "")
        tokens = (self.token(known["name"]) + self.pick(ends) for _ in range(self.number(0, 14)))
        return self.pick(("", "", "", "", "  ", COMBINED, "  " + COMBINED, "Error: ")) + between.join(tokens)

    def reason_and_message(self, known):
        reason, message = self.pick(REASONS), self.message(known)
        if reason in OPENINGS and self.chance(0.8):
            message = self.pick(("", "", " ", COMBINED)) + self.pick(OPENINGS[reason]) + message
        return reason, message

    # ---- Events ----------------------------------------------------------------------

    def event(self):
        """A new object, or a known one again, as it would come over the wire."""
        self.seconds += self.pick((0, 0, 0, 1, 1, 5, 30, 200))
        if not self.known or self.chance(0.45):
            about = self.involved() if not self.known or self.chance(0.6) else self.pick(self.known)["about"]
            if self.chance(0.15):  # one place soon has more than 16 classes
                about = {"kind": "Pod", "namespace": "shop", "name": self.pick(("hot-1", "hot-2"))}
            reason, message = self.reason_and_message(about)
            if about["name"].startswith("hot"):
                reason, message = "Custom", self.text("ghijklmnop", 1, 2) + self.pick(("", " ", " " + self.uuid()))
            fresh = {"about": about, "reason": reason, "message": message, "began": self.seconds,
                     "uid": self.uuid() if self.chance(0.93) else "", "count": self.pick((1, 1, 1, 2, 7, 2147483647)),
                     "type": self.pick(("Warning",) * 6 + ("Normal", "Error", ""))}
            self.known.append(fresh)
            del self.known[:-300]
        one = self.pick(self.known[-12:] if self.chance(0.7) else self.known)
        if self.chance(0.6):
            one["count"] += self.pick((1, 1, 1, 3, 0, -1))
        if not self.chance(0.08):
            self.version += 1
            one["version"] = str(self.version) if not self.chance(0.04) else ""
        about, series = dict(one["about"]), None
        if self.chance(0.15):
            series = {"count": self.pick((1, 2, one["count"])), "lastObservedTime": self.time()}
        metadata = {"name": "e." + self.hex(16), "namespace": about.get("namespace", "default"), "uid": one["uid"],
                    "resourceVersion": one.get("version", ""), "creationTimestamp": self.time(one["began"])}
        fields = {"metadata": metadata, "involvedObject": about, "series": series,
                  **{name: one[name] for name in ("reason", "message", "type", "count")},
                  "firstTimestamp": self.time(one["began"]), "lastTimestamp": self.time(),
                  "eventTime": self.time() if self.chance(0.1) else None,
                  "source": {"component": "kubelet"}, "reportingComponent": ""}
        for name in ("lastTimestamp", "firstTimestamp", "count"):
            if self.chance(0.1):
                del fields[name]
        if self.chance(0.03):
            fields = {k: v for k, v in fields.items() if "Time" not in k}
            del fields["metadata"]["creationTimestamp"], fields["series"]
        if self.chance(0.35):
            fields = self.renamed(fields)
        if self.chance(0.9):
            fields = {"kind": "Event", "apiVersion": "v1", **fields}
        if self.chance(0.08):
            self.break_types(fields)
        if self.chance(0.3):
            fields = dict(self.random.sample(sorted(fields.items()), len(fields)))
        return fields

    def renamed(self, fields):
        """The same in events.k8s.io's spelling; some fields in both."""
        names = {"involvedObject": "regarding", "message": "note", "source": "deprecatedSource",
                 "reportingComponent": "reportingController", "count": "deprecatedCount",
                 "firstTimestamp": "deprecatedFirstTimestamp", "lastTimestamp": "deprecatedLastTimestamp"}
        out = {names.get(k, k): v for k, v in fields.items()}
        for old in names:
            if self.chance(0.05):
                out[old] = copy.deepcopy(self.pick(WRONG)) if self.chance(0.7) or old not in fields else fields[old]
        return out

    def break_types(self, fields):
        holder = self.pick([fields] + [v for v in fields.values() if isinstance(v, dict) and v])
        holder[self.pick(sorted(holder))] = copy.deepcopy(self.pick(WRONG))

    def encode(self, value, indent=None):
        """JSON in one of the spellings that mean the same."""
        separators = None if indent or self.chance(0.2) else (",", ":")
        out = json.dumps(value, ensure_ascii=self.chance(0.3), indent=indent, separators=separators).encode()
        if self.chance(0.05) and out.count(b'"reason":') == 1:  # only the last of two keys counts
            earlier = self.pick((b'"reason":"First",', b'"count":9,', b'"reason":{"a":[1]},', b'"involvedObject":{},'))
            out = out.replace(b'"reason":', earlier + b'"reason":')
        if self.chance(0.04):  # to be repaired
            for key in (b'"message": "', b'"message":"', b'"note":"', b'"reason":"'):
                out = out.replace(key, key + self.pick(BROKEN))
        if self.chance(0.05):
            for word in (b"Event", b"Warning", b"ADDED", b"MODIFIED", b"Pod", b"items", b"type", b"object", b"reason"):
                out = out.replace(b'"%s"' % word, b'"\\u%04x%s"' % (word[0], word[1:]))
        return out

    # ---- documents -------------------------------------------------------------------

    def watch_line(self):
        kind = self.pick(("ADDED", "ADDED", "MODIFIED", "MODIFIED", "MODIFIED", "DELETED"))
        parts = [("type", kind), ("object", self.event())]
        return self.encode(dict(parts if self.chance(0.9) else parts[::-1]))

    def other_frame(self):
        return self.encode({"type": self.pick(("BOOKMARK", "ERROR", "DELETED", "added", "SYNC", "")),
                            "object": self.pick((self.event(), {"kind": "Status", "code": 410}, {}))})

    def no_event(self):
        return self.encode(self.pick((
            {}, {"kind": "Pod"}, {"kind": "Event "}, {"items": None, "kind": "List"}, {"involvedObject": []},
            {"type": "ADDED"}, {"type": "ADDED", "object": None}, {"type": "MODIFIED", "object": {"a": 1}},
            {"type": "ADDED", "object": {"kind": "Pod", "involvedObject": {}}})))

    def alone(self):
        return self.encode(self.event(), indent=self.pick((None, None, 1, 4)))

    def watch_event_pretty(self):
        return self.encode({"type": "MODIFIED", "object": self.event()}, indent=4)

    def page(self):
        """A page of kubectl's first list: a List in an ADDED frame."""
        frame_type = self.pick(("ADDED",) * 8 + ("MODIFIED", "DELETED"))
        page = self.pick((self.list(), self.list(), self.encode({"kind": "PodList", "items": {}}), self.watch_line()))
        spaces = self.pick((b"", b" ", b"\n    "))
        parts = [b'"type":%s"%s"' % (spaces, frame_type.encode()), b'"object":%s%s' % (spaces, page)]
        return b"{" + b",".join(parts if self.chance(0.8) else parts[::-1]) + b"}"

    def list(self):
        others = (None, 5, "x,{]", [{}], [], {}, {"kind": "Pod"}, True)
        items = [self.event() if self.chance(0.9) else self.pick(others) for _ in range(self.number(0, 8))]
        for item in items:
            if isinstance(item, dict) and self.chance(0.5):
                item.pop("kind", None)
        order = [("apiVersion", "v1"), ("items", items), ("kind", self.pick(("List", "EventList", "Event"))),
                 ("metadata", {"resourceVersion": ""})]
        if self.chance(0.1):  # looks like a frame
            order += [("type", "ADDED"), ("object", self.event())]
        self.random.shuffle(order)
        return self.encode(dict(order), indent=self.pick((None, None, 4)))

    def replaced(self, *pairs):
        return self.compact().replace(*self.pick(pairs), 1)

    def broken_json(self):
        """Balanced, but no JSON in a place that every decoder must look at."""
        return self.replaced(*((b'"reason":', b'"reason"' + fault) for fault in (
            b':tru,"x":', b':"\x01","x":', b' "x",', b':"\\x","y":', b":'x',\"y\":")))

    def compact(self):
        fields = {**self.event(), "reason": "Custom", "involvedObject": {"kind": "Pod", "name": "x"}}
        return json.dumps({"type": "ADDED", "object": fields}, separators=(",", ":")).encode()

    def truncated(self):
        line = self.pick((self.watch_line, self.compact, self.list))().replace(b"\n", b" ")
        return line[:self.number(1, len(line) - 1)]

    def broken_brackets(self):
        return self.replaced((b'"involvedObject":{', b'"involvedObject":{]'), (b"}}", b"}]"), (b'{"', b'{[}"'),
                             (b'"involvedObject":{', b'"involvedObject":[}'))

    def raw_newline(self):
        return self.replaced((b'"Custom"', b'"Cus\ntom"'), (b'"Custom"', b'"Cus\\\ntom"'), (b'Custom"', b"Custom"))

    def garbage(self):
        return self.pick((b"null", b"5", b'"{"', b"[{}]", b"}", b"]", b"E1121 klog line {", b"\x00", b"\xff\xfe",
                          b"--- ", b",", b"// {}\t"))

    def nested(self):
        depth = self.pick((10, 900, 1021, 1022, 1023, 1024, 5000))
        return b'{"kind":"Event","reason":"Custom","x":' + b"[" * depth + b"]" * depth + b"}"

    def glued(self):
        return self.pick((b"", b" ", b"\t")).join((self.watch_line(), self.alone(), self.pick((b"", b"", b"rest"))))

    def blank(self):
        return self.pick((b"", b" ", b"\t \r", b"\n", b"\n \n"))

    def over_long(self):
        document = self.pick((self.compact(), b'{"items":[' + self.compact()[len(b'{"type":"ADDED","object":'):-1] + b"]}"))
        return document.replace(b'"Custom"', b'"Custom","x":"' + b"y" * self.pick((4194304, 4000000)) + b'"', 1)

    def stream(self, documents):
        rare = (self.truncated, self.truncated, self.broken_brackets, self.raw_newline, self.garbage,
                self.broken_json, self.glued, self.nested)
        kinds = ((self.watch_line,) * 40 + (self.alone,) * 12 + (self.list,) * 5 + (self.page,) * 3 + (self.watch_event_pretty,) * 4
                 + (self.other_frame,) * 5 + (self.blank,) * 4 + (self.no_event,) * 3 + rare)
        if self.chance(0.3):
            yield b"\xef\xbb\xbf"
        ending = self.pick((b"\n", b"\n", b"\r\n"))
        for index in range(documents):
            make = self.over_long if index % 1000 == 500 else self.pick(kinds)
            yield make() + ending
        yield self.pick((b"", b" ", self.compact(), self.truncated()))


def wide(seed, events=145000):
    """Just as many uids and groups as the tables hold, and then more; also too many keys."""
    chance, seconds, letters = random.Random(seed), 0.0, "abcdefghijklmnopqrstuvwxyz"
    for number in range(events):
        seconds += chance.random() * 0.05
        uid = number % (65536 if number < 75000 else 65537)
        workload, letter = chance.randrange(300 if chance.random() < 0.4 else 50000), chance.choice(letters)
        if number < 2000:  # 20 groups with more than 16 classes
            workload, letter = 60000 + number % 20, letters[number // 20 % 18]
        elif number < 2000 + 16384 - 10:  # half of these groups must go for others
            workload = 70000 + number
        elif number < 2000 + 16384 - 10 + 20:
            workload, letter = 60000 + 18393 - number, "z"  # the ones that stayed first
        clock = f"{int(seconds) // 3600:02}:{int(seconds) // 60 % 60:02}:{int(seconds) % 60:02}"
        yield json.dumps({
            "kind": "Event", "metadata": {"uid": f"u{uid}", "resourceVersion": str(number)}, "type": "Warning",
            "involvedObject": {"kind": "Some", "namespace": "n", "name": f"w{workload}"}, "reason": f"R{workload % 3}",
            "message": "m" + letter, "count": chance.randrange(1, 50),
            "lastTimestamp": f"2026-11-21T{clock}Z"}).encode() + b"\n"


def civil(days):
    """(year, month, day) of a day since 1970: no library, so that no year is too far."""
    days += 719468
    era, day = divmod(days, 146097)
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day = day - (153 * month + 2) // 5 + 1
    month += 3 if month < 10 else -9
    return year + era * 400 + (month <= 2), month, day


def main(arguments):
    documents = int(arguments[1]) if len(arguments) > 1 else 1000
    for chunk in Mix(int(arguments[0])).stream(documents):
        sys.stdout.buffer.write(chunk)


if __name__ == "__main__":
    main(sys.argv[1:])
