#!/usr/bin/env python3
"""Runs `k8sentry replay` and the oracle on the same bytes and compares all they say.

    compare.py K8SENTRY [--options SET]... [--minimize] INPUT...

INPUT is a file, `mix:SEED[:DOCUMENTS]` or `wide:SEED` (mix.py), or
`gen:PROGRAM:ARGUMENTS` (what a program prints). SET names one of OPTION_SETS; without any, all are tried on each input.
With --minimize a difference is cut down to the fewest lines that still show it.
"""
import argparse
import difflib
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys

import broken
import mix
import oracle

OPTION_SETS = {
    "default": "",
    "window-0": "--window 0",
    "window-1m": "--window 1m",
    "window-2h": "--window 2h",
    "thresholds": "--threshold BackOff=3 --threshold Unhealthy=5 --threshold Custom=4",
    "thresholds-0": "--threshold BackOff=2 --threshold Custom=3 --threshold R1=2 --threshold R2=3 --window 0",
    "reasons": "--reason BackOff,Pulled --reason Killing",
    "exclude": "--exclude-reason Unhealthy,Failed --exclude-namespace payments",
    "namespaces": "--namespace shop,modern --namespace default",
    "types": "--type Normal --window 1m",
    "cluster": "--cluster-name east{1} --lookback 0",
    "much": "--type Warning,Normal --exclude-reason Pulled --window 1m30s --threshold Unhealthy=2",
}


def read_input(name):
    kind, _, rest = name.partition(":")
    if kind == "mix":
        seed, _, documents = rest.partition(":")
        return b"".join(mix.Mix(int(seed)).stream(int(documents or 1000)))
    if kind == "wide":
        return b"".join(mix.wide(int(rest)))
    if kind == "gen":
        program, _, arguments = rest.partition(":")
        return subprocess.run([program, *shlex.split(arguments)], stdout=subprocess.PIPE, check=True).stdout
    with open(name, "rb") as file:
        return file.read()


def duration(text):
    """Go's: "0", "90s", "1h30m"; in microseconds."""
    unit = {"ns": 0.001, "us": 1, "ms": 1000, "s": 1000000, "m": 60000000, "h": 3600000000}
    parts = re.findall(r"([0-9]*\.?[0-9]+)(ns|us|ms|s|m|h)", text)
    if text != "0" and "".join(map("".join, parts)) != text:
        raise argparse.ArgumentTypeError(f"no duration: {text}")
    return int(sum(float(number) * unit[name] for number, name in parts))


def parse_options(arguments):
    """The flags of `k8sentry replay` that change what it says."""
    parser = argparse.ArgumentParser()
    lists = ("reason", "exclude_reason", "namespace", "exclude_namespace", "type")
    for name in lists:
        parser.add_argument("--" + name.replace("_", "-"), action="append", default=[])
    parser.add_argument("--threshold", action="append", default=[], metavar="REASON=N")
    parser.add_argument("--window", type=duration, default="5m")
    parser.add_argument("--lookback")  # says nothing in a replay
    parser.add_argument("--cluster-name", default="")
    options = parser.parse_args(arguments)
    for name in lists:
        setattr(options, name, [v for given in getattr(options, name) for v in given.split(",")])
    options.threshold = {r: int(n) for r, n in (t.rsplit("=", 1) for t in options.threshold)}
    return options


def telling_id(kind, event):
    """docs/semantics.md 7"""
    kind = "still-firing" if kind == "still-firing" else "sighting"
    repaired = event.raw.decode("utf-8", "replace").encode()
    identity = [event.uid.encode(), event.version.encode()] if event.uid else [repaired]
    digest = bytearray(hashlib.sha256(b"\0".join([b"k8sentry/1", kind.encode(), *identity])).digest()[:16])
    digest[6], digest[8] = digest[6] & 0x0F | 0x40, digest[8] & 0x3F | 0x80
    return digest.hex()


def telling(kind, key, tally):
    """A line of -o ndjson."""
    return {"kind": kind, "id": telling_id(kind, tally.event), **oracle.describe(key, tally), "told": 1,
            "swallowed": tally.sightings if kind == "still-firing" else 0}


def wanted(data, options, read=broken.read):
    """(what -o json must print, what -o ndjson must print)"""
    tellings = []
    replay = oracle.Replay(parse_options(options), lambda *told: tellings.append(telling(*told)))
    read(replay, data)
    result = replay.result()
    return result, [*tellings, {"ledger": result["ledger"]}]


def said(binary, data, options, output):
    run = subprocess.run([binary, "replay", "-o", output, *options, "-"], input=data, capture_output=True,
                         env={"PATH": os.environ["PATH"], "NO_COLOR": "1"})
    if run.returncode not in (0, 1):  # 1: nothing in the input could be read
        return {"status": run.returncode, "stderr": run.stderr.decode("utf-8", "replace")[-2000:]}
    lines = run.stdout.decode("utf-8").splitlines()
    try:
        return json.loads(run.stdout) if output == "json" else [json.loads(line) for line in lines]
    except ValueError as error:
        return {"not JSON": str(error), "stdout": run.stdout[-2000:].decode("utf-8", "replace")}


def different(binary, data, options, read):
    """A readable difference, or an empty list."""
    result, tellings = wanted(data, options, read)
    return (readable(result, said(binary, data, options, "json"))
            or readable(tellings, said(binary, data, options, "ndjson")))


def readable(expected, got):
    if expected == got:
        return []
    texts = [json.dumps(side, indent=1, sort_keys=True).splitlines() for side in (expected, got)]
    return list(difflib.unified_diff(*texts, "oracle", "k8sentry", lineterm="", n=12))


def minimize(data, is_different):
    """The fewest lines that still differ (delta debugging)."""
    lines, size = data.splitlines(keepends=True), 1
    while size < len(lines):
        size *= 2
    while size:
        start, removed = 0, False
        while start < len(lines):
            rest = lines[:start] + lines[start + size:]
            if is_different(b"".join(rest)):
                lines, removed = rest, True
            else:
                start += size
        size = size // 2 if not removed or size > 1 else size
    return b"".join(lines)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--options", action="append", choices=OPTION_SETS)
    parser.add_argument("--minimize", action="store_true")
    parser.add_argument("inputs", nargs="+")
    asked = parser.parse_args(arguments)
    compared = differences = 0
    for name in asked.inputs:
        data = read_input(name)
        read = broken.read if name.startswith(("mix:", "wide:")) else oracle.Replay.read
        for set_name in asked.options or OPTION_SETS:
            options = shlex.split(OPTION_SETS[set_name])
            compared += 1
            diff = different(asked.binary, data, options, read)
            if not diff:
                continue
            differences += 1
            print(f"== {name}, {set_name} ({OPTION_SETS[set_name]}): they differ")
            print("\n".join(diff[:120]))
            if asked.minimize:
                small = minimize(data, lambda some: bool(different(asked.binary, some, options, read)))
                print(f"-- the fewest lines, {len(small)} bytes: {small[:4000]!r}")
                print("\n".join(different(asked.binary, small, options, read)[:80]))
    print(f"{compared} compared, {differences} differ")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
