"""Frames and Events out of raw bytes, as docs/semantics.md 13 has them.

Half of the oracle (oracle.py is the other half): what a stream holds, document by
document. It reads whole streams at once, so no way of cutting them can matter to it.
"""
import datetime
import json
import re
import sys

CAP, MAX_DEPTH = 4194304, 1024
sys.setrecursionlimit(10 * MAX_DEPTH)  # json recurses

# ---- from bytes to documents ----------------------------------------------------------

WHITE = b" \t\r\n"
BLANK_LINE, SPACES = re.compile(rb"[ \t\r]*\n"), re.compile(rb"[ \t\r]*")
TOKEN = re.compile(rb'"(?:[^"\\\n]++|\\[^\n])*+(")?|[{}\[\],:]')


def line_end(data, pos):
    return (data.find(b"\n", pos) + 1) or len(data)


def value_allowed(data, at, stack):
    """Whether JSON allows a value at `at`, judged by the last byte before it."""
    while data[at - 1] in WHITE:
        at -= 1
    last = data[at - 1:at]
    return last in b"[:" or (last == b"," and stack[-1] == b"[")


def scan(data, start):
    """The document whose `{` is at `start`: (end, whether it has a fault of structure or
    is too long, items of a List or None; an item that cannot be read is None)."""
    stack, key, string, value, items, listing, inside = [], None, None, start, None, False, 0
    for token in TOKEN.finditer(data, start):
        at, char = token.start(), token.group()[:1]
        if char == b'"':
            if not token.group(1):  # a raw LF, or the end of the input
                return line_end(data, token.end()), True, items
            string = parse(b'{"key":%s}' % token.group()) if len(stack) == 1 else None
        elif char == b":":
            if len(stack) == 1:
                key, value = string, at + 1
        elif char == b",":
            if listing and len(stack) == 2:
                items += [None] if data[mark:at].strip(WHITE) else []
                mark, fresh = at + 1, True
        elif char in b"{[":
            first_of_line = char == b"{" and at > start and data[at - 1:at] == b"\n"
            if first_of_line and not value_allowed(data, at, stack):
                return at, True, items
            if len(stack) == MAX_DEPTH:
                return line_end(data, at), True, items
            nothing_between = lambda left: not data[left:at].strip(WHITE)
            if len(stack) == 1 and char == b"[" and key == {"key": "items"} and nothing_between(value):
                listing, items, array, mark, item, fresh = True, items or [], at, at + 1, None, True
            elif listing and len(stack) == 2 and char == b"{" and fresh and nothing_between(mark):
                item = at
            stack.append(char)
        elif not stack or stack.pop() + char not in (b"{}", b"[]"):
            return line_end(data, at), True, items
        elif listing and len(stack) == 2 and item is not None:
            items.append(data[item:at + 1] if at + 1 - item <= CAP else None)
            mark, item, fresh = at + 1, None, False
        elif listing and len(stack) == 1:
            items += [None] if data[mark:at].strip(WHITE) else []
            listing, inside = False, inside + at - array
        elif not stack:
            return at + 1, at + 1 - start - inside > CAP, items
    return len(data), True, items


def no_constant(name):
    raise ValueError(name)


def parse(raw):
    """The JSON object in `raw`, or None. Numbers that are no counts become None or 0."""
    try:
        return json.loads(raw.decode("utf-8", "replace"), parse_constant=no_constant,
                          parse_float=lambda text: None,
                          parse_int=lambda text: int(text) if len(text) <= 10 else 0)
    except ValueError:
        return None


def raw_member(raw, name):
    """The bytes of the member `name` of the object `raw`; the last one counts."""
    text, pos, found, decoder = raw.decode("latin-1"), 1, "", json.JSONDecoder()
    while True:
        pos = re.compile(r"[\s,]*").match(text, pos).end()
        if text[pos] == "}":
            return found.encode("latin-1")
        key, pos = decoder.raw_decode(text, pos)
        pos = re.compile(r"[\s:]*").match(text, pos).end()
        value, end = decoder.raw_decode(text, pos)
        found, pos = (text[pos:end] if key == name else found), end


# ---- from documents to Events ---------------------------------------------------------

def text(holder, *names):
    for name in names:
        if isinstance(holder.get(name), str) and holder[name]:
            return re.sub("[\ud800-\udfff]", "\ufffd", holder[name])
    return ""


def member(holder, *names):
    return next((holder[n] for n in names if isinstance(holder.get(n), dict)), {})


def count(holder, *names):
    wanted = (holder.get(name) for name in names)
    return next((n for n in wanted if type(n) is int and 1 <= n <= 2147483647), 0)


TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})"
                  r"(?:\.([0-9]{1,9}))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))")
EPOCH = datetime.datetime(1970, 1, 1)


def time(holder, *names):
    for name in names:
        match = TIME.fullmatch(text(holder, name))
        if not match:
            continue
        fraction, sign, hours, minutes = match.group(7, 8, 9, 10)
        offset = (int(hours or 0) * 60 + int(minutes or 0)) * (-1 if sign == "-" else 1)
        try:
            when = datetime.datetime(*map(int, match.group(1, 2, 3, 4, 5, 6)))
            when -= datetime.timedelta(minutes=offset)
        except (ValueError, OverflowError):
            continue
        if when >= EPOCH and int(match.group(1)) >= 1970 and int(hours or 0) < 24 and int(minutes or 0) < 60:
            return (when - EPOCH) // datetime.timedelta(microseconds=1) + int((fraction or "0").ljust(6, "0")[:6])
    return None


class Event:
    def __init__(self, object_, frame_type, raw):
        metadata, involved = member(object_, "metadata"), member(object_, "involvedObject", "regarding")
        series = member(object_, "series")
        self.frame_type, self.raw = frame_type, raw
        self.uid, self.version = text(metadata, "uid"), text(metadata, "resourceVersion")
        self.namespace, self.kind = text(involved, "namespace"), text(involved, "kind")
        self.name, self.field_path = text(involved, "name"), text(involved, "fieldPath")
        self.reason, self.type = text(object_, "reason"), text(object_, "type")
        self.message = text(object_, "message", "note")
        created, event_time = time(metadata, "creationTimestamp"), time(object_, "eventTime")
        began = time(object_, "firstTimestamp", "deprecatedFirstTimestamp")
        ended = time(object_, "lastTimestamp", "deprecatedLastTimestamp")
        times = (time(series, "lastObservedTime"), ended, event_time, began, created)
        self.occurred = next((t for t in times if t is not None), None)
        self.first = next((t for t in (began, event_time, created, self.occurred) if t is not None), None)
        repeated = count(series, "count")
        self.total = max(repeated, 2) if repeated else count(object_, "count", "deprecatedCount") or 1


def events(data, ledger, pages=True):
    """The Events of one stream; everything else in it goes to `ledger`."""
    pos = begin = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    while pos < len(data):
        blank = BLANK_LINE.match(data, pos)
        if blank:
            ledger["blank_lines"] += pos == begin or data[pos - 1:pos] == b"\n"
            pos = blank.end()
            continue
        pos = SPACES.match(data, pos).end()
        if pos == len(data):
            return
        if data[pos:pos + 1] != b"{":
            ledger["malformed"] += 1
            pos = line_end(data, pos)
            continue
        end, bad, items = line_end(data, pos), False, None
        line = data[pos:end]  # a whole document on one line needs no scanner
        shallow = line.count(b"{") + line.count(b"[") <= MAX_DEPTH
        document = parse(line) if shallow and len(line) <= CAP else None
        if not document or "items" in document:
            end, bad, items = scan(data, pos)
            for item in items or []:
                yield from read_object(item and parse(item), "ADDED", lambda item=item: item, ledger)
            document = None if bad or items is not None else parse(data[pos:end])
        raw, pos = data[pos:end].strip(WHITE), end
        if bad or items is None:
            yield from read_document(document, raw, ledger, pages)


def read_document(document, raw, ledger, pages):
    frame_type, object_ = (document or {}).get("type"), (document or {}).get("object")
    if not isinstance(frame_type, str) or not isinstance(object_, dict):
        yield from read_object(document, "ADDED", lambda: raw, ledger)
    elif pages and frame_type == "ADDED" and text(object_, "kind").endswith("List"):
        yield from events(raw_member(raw, "object"), ledger, pages=False)
    elif frame_type in ("ADDED", "MODIFIED"):
        yield from read_object(object_, frame_type, lambda: raw_member(raw, "object"), ledger)
    else:
        counters = {"DELETED": "deleted", "BOOKMARK": "bookmarks", "ERROR": "errors"}
        ledger[counters.get(frame_type, "malformed")] += 1


def read_object(object_, frame_type, raw, ledger):
    kind = object_ and text(object_, "kind")
    regards = object_ and (isinstance(object_.get("involvedObject"), dict)
                           or isinstance(object_.get("regarding"), dict))
    if kind == "Event" or (kind == "" and regards):
        yield Event(object_, frame_type, raw)
    else:
        ledger["malformed"] += 1
