#!/usr/bin/env python3
"""Checks the sources against the house rules: layers, ASCII, clocks, environment.

usage: check_source.py ROOT RULE   where RULE is layers, ascii, clocks, environment or threads
"""
import pathlib
import re
import sys

LIBRARIES = {  # what an include path says about the library behind it
    r"curl/": "curl", r"simdjson": "simdjson", r"absl/": "absl", r"yaml-cpp/": "yaml-cpp", r"re2/": "re2",
    r"openssl/": "openssl", r"zlib\.h": "zlib", r"cxxopts": "cxxopts", r"spdlog|fmt/": "spdlog", r"sqlite3": "sqlite",
    r"librdkafka": "rdkafka", r"nghttp2": "nghttp2", r"gtest|gmock": "gtest", r"benchmark/": "benchmark",
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def sources(root, *folders):
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cc"):
                yield path, path.read_text(encoding="utf-8", errors="surrogateescape")


def room_of(root, path):
    parts = path.relative_to(root).parts
    if parts[0] == "include":
        return "testing" if "testing" in parts else "public"
    return parts[1] if parts[0] == "lib" else parts[0]


def read_layers(root):
    layers = {}
    for line in (root / "tests/policy/layers.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            room, rest = line.split(":", 1)
            rooms, libraries = rest.split("|")
            layers[room.strip()] = (set(rooms.split()), set(libraries.split()))
    return layers


def check_layers(root):
    layers = read_layers(root)
    for path, text in sources(root, "include", "lib", "cli", "examples"):
        room = room_of(root, path)
        if room not in layers:
            yield f"{path}: no room '{room}' in layers.txt"
            continue
        rooms, libraries = (set(s) for s in layers[room])
        if path.name.startswith("new_"):
            extra = layers.get(room + "/new_*", (set(), set()))
            rooms |= extra[0]
            libraries |= extra[1]
        for _, name in INCLUDE.findall(text):
            library = next((lib for pattern, lib in LIBRARIES.items() if re.match(pattern, name)), None)
            if library:
                if library not in libraries:
                    yield f"{path}: room '{room}' may not include <{name}>"
            elif name.startswith("k8sentry/testing/"):
                if room not in ("testing", "examples"):
                    yield f"{path}: the library does not know its fakes: {name}"
            elif "/" in name and not name.startswith(("k8sentry/", "sys/", "netinet/", "arpa/", "linux/", "net/")):
                other = name.split("/")[0]
                if other != room and other not in rooms and room != "examples":
                    yield f"{path}: room '{room}' may not include \"{name}\""


def check_words(root, pattern, folders, allowed, rule):
    for path, text in sources(root, *folders):
        if not any(str(path.relative_to(root)).startswith(a) for a in allowed):
            code = re.sub(r"//[^\n]*", "", text)
            for match in re.finditer(pattern, code):
                yield f"{path}: {rule}: {match.group(0)}"


def check_ascii(root):
    for path, text in sources(root, "include", "lib", "cli", "tests", "benchmarks", "examples"):
        for number, line in enumerate(text.splitlines(), 1):
            if not line.isascii():
                yield f"{path}:{number}: not ASCII"


RULES = {
    "layers": check_layers,
    "ascii": check_ascii,
    "clocks": lambda root: check_words(
        root, r"\b(?:system|steady|high_resolution)_clock::now|\bgettimeofday\(|\bclock_gettime\(|\btime\((?:nullptr|NULL|0)\)",
        ["include", "lib"], ["lib/runtime/", "lib/testing/"], "below lib/runtime nobody asks for the time"),
    "environment": lambda root: check_words(
        root, r"\b(?:secure_)?getenv\(|\benviron\b", ["include", "lib"], [], "only cli/ reads the environment"),
    "threads": lambda root: check_words(
        root, r"\bstd::j?thread\b|\bpthread_create\b|\bstd::async\b", ["include", "lib"],
        ["lib/runtime/background_runner.cc", "lib/testing/"], "only BackgroundRunner starts a thread"),
}


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    problems = list(RULES[sys.argv[2]](root))
    print("\n".join(problems) or f"{sys.argv[2]}: nothing to complain of")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
