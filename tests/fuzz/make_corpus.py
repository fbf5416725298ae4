#!/usr/bin/env python3
"""Splits the recordings and what a Scrubber meets into small files to begin with.

usage: make_corpus.py RECORDINGS SCRUB_CORPUS CORPUS
"""
import json
import pathlib
import sys

LINES = 40

recordings, scrub_corpus, corpus = map(pathlib.Path, sys.argv[1:])
corpus.mkdir(parents=True, exist_ok=True)


def write(name, data):
    (corpus / name).write_bytes(data)


for path in sorted(recordings.glob("*/*.ndjson")):
    lines = path.read_bytes().splitlines(keepends=True)
    step = max(1, len(lines) // LINES)
    name = f"{path.parent.name}.{path.stem}"
    for number, line in enumerate(lines[::step]):
        write(f"{name}.{number}", line)
        if number % 8 == 0:
            pretty = json.dumps(json.loads(line), indent=4).encode()
            write(f"{name}.{number}.pretty", pretty + b"\n" + line)
            write(f"{name}.{number}.cut", line[:-40] + b"\n" + line)
for path in sorted(recordings.glob("*/lists/events.json")):
    whole = json.loads(path.read_bytes())
    whole["items"] = whole["items"][:3]
    name = f"{path.parent.parent.name}.list"
    write(name, json.dumps(whole, separators=(",", ":")).encode())
    write(f"{name}.pretty", json.dumps(whole, indent=4, sort_keys=True).encode())
for path in sorted(scrub_corpus.glob("*.txt")):
    for number, line in enumerate(path.read_bytes().splitlines()):
        line = line.replace(b"<|>", b"").replace(b"<nl>", b"\n")
        write(f"{path.stem}.{number}", line.replace(b"<<", b"").replace(b">>", b""))
write("odd", b'\xef\xbb\xbf\n{"items":[{"kind":"Event"},1,{"regarding":{}}],"kind":"List"}x\n'
      b'{"type":"ADDED","object":{"kind":"Event","message":"\\ud800\xff","count":01}}\n{"a":[}\n')
print(f"{len(list(corpus.iterdir()))} files in {corpus}")
