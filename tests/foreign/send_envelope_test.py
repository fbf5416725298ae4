#!/usr/bin/env python3
"""Hands golden envelopes to `sentry-cli send-envelope`, and reads what it sends on: send_envelope_test.py JUDGES GOLDEN

The command reads an envelope into Sentry's own Rust types, and writes it anew. It takes no client reports, and of a
`logentry` it knows no `formatted`; both are its gaps.
"""
import http.server
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

GOLDEN = pathlib.Path(sys.argv.pop()).resolve()
COMMAND = pathlib.Path(sys.argv.pop()).resolve() / "node_modules/@sentry/cli/bin/sentry-cli"
SKIPPED = 77
PATIENCE_S = 60
REFUSED = {"client-report"}


class Receiver(http.server.BaseHTTPRequestHandler):
    received = []

    def do_POST(self):
        self.received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def items_of(envelope):
    """[(headers, payload)] of a well-formed envelope."""
    rest = envelope[envelope.index(b"\n") + 1:]
    items = []
    while rest.strip(b"\n"):
        line, rest = rest.split(b"\n", 1)
        headers = json.loads(line)
        length = headers.get("length", (rest + b"\n").index(b"\n"))
        items.append((headers, rest[:length]))
        rest = rest[length + 1:]
    return items


class SendEnvelope(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def send(self, path):
        """What it sends on, or None if it refuses; and what it says."""
        Receiver.received.clear()
        dsn = f"http://0123456789abcdef0123456789abcdef@127.0.0.1:{self.server.server_port}/42"
        with tempfile.TemporaryDirectory() as home:
            done = subprocess.run([COMMAND, "send-envelope", path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=PATIENCE_S, cwd=home,
                                  env={"SENTRY_DSN": dsn, "PATH": "/usr/bin:/bin", "HOME": home})
        if done.returncode != 0:
            return None, done.stdout
        self.assertEqual([path for path, _ in Receiver.received], ["/api/42/envelope/"], done.stdout)
        return Receiver.received[0][1], done.stdout

    def compare(self, name, ours, theirs):
        self.assertEqual([h["type"] for h, _ in theirs], [h["type"] for h, _ in ours])
        for (headers, payload), (_, other) in zip(ours, theirs):
            if headers["type"] == "attachment":
                self.assertEqual(other, payload)
                continue
            one, two = json.loads(payload), json.loads(other)
            if headers["type"] == "event":
                for key in ("event_id", "fingerprint", "tags", "transaction", "environment", "release"):
                    self.assertEqual(two.get(key), one.get(key), key)
                # What is the default it leaves out.
                self.assertEqual(two.get("level", "error"), one["level"])
                self.assertEqual(two.get("platform", "other"), one["platform"])
                self.assertAlmostEqual(two["timestamp"], one["timestamp"], places=3)
                if "exception" in one:
                    self.assertEqual(two["exception"]["values"][0].get("value"), one["exception"]["values"][0].get("value"))
                self.assertEqual(len(two.get("breadcrumbs", {"values": []})["values"]),
                                 len(one.get("breadcrumbs", {"values": []})["values"]))
            elif headers["type"] == "check_in":
                for key in ("check_in_id", "monitor_slug", "status", "environment", "duration", "monitor_config"):
                    self.assertEqual(self.harmless(two.get(key)), self.harmless(one.get(key)), key)
            elif headers["type"] == "log":
                self.assertEqual(len(two["items"]), len(one["items"]))
                for log, other in zip(one["items"], two["items"]):
                    for key in ("level", "body", "trace_id", "attributes", "severity_number"):
                        self.assertEqual(self.harmless(other[key]), self.harmless(log[key]), key)

    @staticmethod
    def harmless(value):
        return value.replace("-", "") if isinstance(value, str) else value

    def test_takes_what_it_knows(self):
        paths = sorted(GOLDEN.glob("*.envelope"))
        self.assertGreaterEqual(len(paths), 30)
        for path in paths:
            with self.subTest(path.stem):
                sent, said = self.send(path)
                if path.stem in REFUSED:
                    self.assertIsNone(sent)
                    self.assertIn("unknown variant", said)
                    continue
                self.assertIsNotNone(sent, said)
                self.compare(path.stem, items_of(path.read_bytes()), items_of(sent))

    def test_refuses_what_is_broken(self):
        whole = (GOLDEN / "backoff.envelope").read_bytes()
        for name, broken in {"header": whole[1:], "length": whole.replace(b'"length":', b'"length":9'),
                             "item": whole.replace(b'"type":"event"', b'"type":"tneve"', 1)}.items():
            with self.subTest(name), tempfile.NamedTemporaryFile() as file:
                file.write(broken)
                file.flush()
                self.assertIsNone(self.send(pathlib.Path(file.name))[0])


if __name__ == "__main__":
    if not COMMAND.exists():
        print("skipped: the node packages are not installed, see foreign.npm")
        sys.exit(SKIPPED)
    unittest.main()
