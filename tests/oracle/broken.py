"""What is left of streams that someone broke, as docs/semantics.md 13 has it.

The oracle reads whole documents only. This finds where a broken document ends, what can still be read of a broken
List, and the bytes behind an Event that has no uid. It reads a stream at once, so no way of cutting it can matter.
"""
import re
import sys

from oracle import DECODER, text

CAP, MAX_DEPTH = 4194304, 1024
sys.setrecursionlimit(10 * MAX_DEPTH)  # json recurses

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


def parse(raw):
    """The JSON value in `raw`, or None."""
    try:
        text = raw.decode("utf-8", "replace").strip(" \t\r\n")
        value, end = DECODER.raw_decode(text)
        return value if end == len(text) else None
    except ValueError:
        return None


def raw_member(raw, name):
    """The bytes of the member `name` of the object `raw`; the last one counts."""
    text, pos, found = raw.decode("latin-1"), 1, ""
    while True:
        pos = re.compile(r"[\s,]*").match(text, pos).end()
        if text[pos] == "}":
            return found.encode("latin-1")
        key, pos = DECODER.raw_decode(text, pos)
        pos = re.compile(r"[\s:]*").match(text, pos).end()
        value, end = DECODER.raw_decode(text, pos)
        found, pos = (text[pos:end] if key == name else found), end


def read(replay, data, pages=True):
    """Hands the documents of `data` to `replay`."""
    pos = begin = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    while pos < len(data):
        blank = BLANK_LINE.match(data, pos)
        if blank:
            replay.ledger["blank_lines"] += pos == begin or data[pos - 1:pos] == b"\n"
            pos = blank.end()
            continue
        pos = SPACES.match(data, pos).end()
        if pos == len(data):
            return
        if data[pos:pos + 1] != b"{":
            replay.document(None)
            pos = line_end(data, pos)
            continue
        end, bad, items = line_end(data, pos), False, None
        line = data[pos:end]  # a whole document on one line needs no scanner
        shallow = line.count(b"{") + line.count(b"[") <= MAX_DEPTH
        document = parse(line) if shallow and len(line) <= CAP else None
        if not document or "items" in document:
            end, bad, items = scan(data, pos)
            for item in items or []:
                replay.document(alone(item and parse(item)), item)
            document = None if bad or items is not None else parse(data[pos:end])
        if bad or items is None:
            read_document(replay, document, data[pos:end].strip(WHITE), pages)
        pos = end


def alone(value):
    """An item of a List is an object, whatever it looks like."""
    return {"items": [value]}


def read_document(replay, document, raw, pages):
    object_ = (document or {}).get("object")
    if not isinstance(object_, dict) or not isinstance(document.get("type"), str):
        replay.document(alone(document), raw)
    elif document["type"] == "ADDED" and text(object_, "kind").endswith("List"):
        if pages:
            read(replay, raw_member(raw, "object"), pages=False)
        else:
            replay.document(None)
    else:
        replay.document(document, raw_member(raw, "object"))
