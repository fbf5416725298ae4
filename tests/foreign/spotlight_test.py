#!/usr/bin/env python3
"""Sends envelopes to Spotlight, Sentry's local receiver, and reads them back.

usage: spotlight_test.py --judges=DIR --golden=DIR --recordings=DIR [--cli=PROGRAM]

Spotlight answers 200 to everything; what counts is what GET /stream gives back. With
--cli the command itself replays a recording into it.
"""
import argparse
import gzip
import http.client
import itertools
import json
import os
import pathlib
import select
import shutil
import socket
import subprocess
import sys
import unittest

SKIPPED = 77
PATIENCE_S = 60


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Spotlight:
    def __init__(self, judges):
        self.port = free_port()
        script = judges / "spotlight.mjs"
        shutil.copy(pathlib.Path(__file__).parent / "spotlight.mjs", script)
        ours, its = os.pipe()
        self.process = subprocess.Popen(["node", str(script), str(self.port), str(its)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(its,))
        os.close(its)
        with open(ours, "rb") as ready:
            if not select.select([ready], [], [], PATIENCE_S)[0] or not ready.read(1):
                raise RuntimeError("Spotlight does not start")

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def post(self, envelope, encoding=None):
        headers = {"Content-Type": "application/x-sentry-envelope"}
        if encoding:
            headers["Content-Encoding"] = encoding
        return self.request("POST", "/api/1/envelope/", envelope, headers)[0]

    def clear(self):
        self.request("DELETE", "/clear")

    def events(self, count):
        """The first `count` events of the stream: {event_id: event}; fewer if no more come."""
        found = {}
        for header, item_header, event in self.stream():
            if item_header["type"] == "event":
                found[header["event_id"]] = event
            if len(found) == count:
                break
        return found

    def stream(self):
        """Items of the stream, with the headers of envelope and item, until nothing more comes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/stream", headers={"Accept": "text/event-stream"})
            stream = connection.getresponse()
            while True:
                line = stream.readline()
                if line.startswith(b"data:"):
                    header, items = json.loads(line[5:])
                    for item_header, item in items:
                        yield header, item_header, item
        except TimeoutError:
            pass  # nothing more comes
        finally:
            connection.close()

    def stop(self):
        self.process.kill()
        self.process.wait()


def golden_events(directory):
    for path in sorted(directory.glob("*.envelope")):
        envelope = path.read_bytes()
        _, item, payload = envelope.split(b"\n")[:3]
        if json.loads(item)["type"] == "event":
            yield envelope, json.loads(payload)


def golden_items(directory):
    """Envelopes of one item that is no event: logs, check-ins, client reports."""
    for path in sorted(directory.glob("*.envelope")):
        envelope = path.read_bytes()
        _, item, payload = envelope.split(b"\n")[:3]
        if json.loads(item)["type"] != "event":
            yield envelope, json.loads(item)["type"], json.loads(payload)


def without_additions(event):
    """Spotlight adds marks of its own, and to events the type of their item."""
    return {key: value for key, value in event.items() if not key.startswith("__") and key != "type"}


class Judgement(unittest.TestCase):
    arguments = None
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.spotlight = Spotlight(cls.arguments.judges)

    @classmethod
    def tearDownClass(cls):
        cls.spotlight.stop()

    def setUp(self):
        self.spotlight.clear()

    def check_golden(self, encode, encoding):
        expected = {}
        for envelope, event in golden_events(self.arguments.golden):
            self.assertEqual(self.spotlight.post(encode(envelope), encoding), 200)
            expected[event["event_id"]] = event
        self.assertGreaterEqual(len(expected), 12)
        got = self.spotlight.events(len(expected))
        self.assertEqual(sorted(got), sorted(expected))
        for event_id, event in expected.items():
            self.assertEqual(without_additions(got[event_id]), event)

    def test_plain_envelopes_arrive_whole(self):
        self.check_golden(lambda envelope: envelope, None)

    def test_compressed_envelopes_arrive_whole(self):
        self.check_golden(gzip.compress, "gzip")

    def test_logs_check_ins_and_client_reports_arrive_whole(self):
        expected = []
        for envelope, item_type, payload in golden_items(self.arguments.golden):
            self.assertEqual(self.spotlight.post(envelope), 200)
            expected.append((item_type, payload))
        self.assertEqual({item_type for item_type, _ in expected}, {"log", "check_in", "client_report"})
        for item_type, payload in expected:
            got = [item for _, header, item in itertools.islice(self.spotlight.stream(), len(expected))
                   if header["type"] == item_type]
            self.assertIn(payload, [without_additions(item) for item in got])

    def test_a_malformed_envelope_does_not_arrive(self):
        envelope, _ = next(golden_events(self.arguments.golden))
        self.spotlight.post(envelope.replace(b'{"type"', b'"type"', 1))
        envelope, event = list(golden_events(self.arguments.golden))[-1]
        self.spotlight.post(envelope)
        self.assertEqual(list(self.spotlight.events(1)), [event["event_id"]])

    def test_a_replay_arrives(self):
        if not self.arguments.cli or not self.arguments.cli.exists():
            self.skipTest("the command is not built")
        recording = self.arguments.recordings / "kubernetes-1.37/events.watch.ndjson"
        shown = subprocess.run([self.arguments.cli, "replay", "-o", "json", recording], env={}, check=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=PATIENCE_S).stdout
        issues = json.loads(shown)["issues"]
        dsn = f"http://0123456789abcdef0123456789abcdef@127.0.0.1:{self.spotlight.port}/1"
        subprocess.run([self.arguments.cli, "replay", recording], env={"SENTRY_DSN": dsn}, check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=PATIENCE_S)
        events = self.spotlight.events(sum(issue["told"] for issue in issues)).values()
        self.assertEqual(len(events), sum(issue["told"] for issue in issues))
        self.assertEqual({tuple(event["fingerprint"]) for event in events},
                         {tuple(issue["fingerprint"]) for issue in issues})
        for event in events:
            if event["level"] == "info":
                self.assertTrue(event["logentry"]["formatted"].startswith(event["tags"]["reason"]))
            else:
                self.assertEqual(event["exception"]["values"][0]["type"], event["tags"]["reason"])
            self.assertEqual(event["contexts"]["k8s_object"]["kind"], event["tags"]["kind"])


def main():
    parser = argparse.ArgumentParser()
    for name in ("judges", "golden", "recordings"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--cli", type=pathlib.Path)
    arguments, rest = parser.parse_known_args()
    if not (arguments.judges / "npm.stamp").exists():
        print("skipped: the node packages are not installed, see foreign.npm")
        return SKIPPED
    Judgement.arguments = arguments
    return 0 if unittest.main(argv=[sys.argv[0], "-v", *rest], exit=False).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
