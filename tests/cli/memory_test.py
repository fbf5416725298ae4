"""Memory is bounded whatever the input is: 64 MB for a large List and for many frames."""
import collections
import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
import unittest

from command import BINARY, TIMEOUT, environment
from servers import Handler, Server

LIMIT_KB = 64 * 1024
FRAMES = int(os.environ.get("K8SENTRY_FRAMES", "200000"))
GENERATOR = os.environ.get("K8SENTRY_GENERATOR", "")


def peak(feed, output="json"):
    """(exit code, the last line, peak memory in KB) of a replay of what `feed` writes."""
    child = subprocess.Popen([BINARY, "replay", "-o", output, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             env=environment())
    last = collections.deque(maxlen=1)
    reader = threading.Thread(target=last.extend, args=[child.stdout])
    reader.start()
    feed(child.stdin)
    child.stdin.close()
    reader.join()
    child.stdout.close()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, json.loads(last[0]), usage.ru_maxrss


def item(number):
    return {"apiVersion": "v1", "count": 1 + number % 7, "kind": "Event", "reason": "BackOff", "type": "Warning",
            "involvedObject": {"kind": "Pod", "name": f"app-{number % 5000}-x7k2p", "namespace": f"ns-{number % 50}"},
            "lastTimestamp": f"2026-11-21T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z",
            "message": "Back-off restarting failed container", "metadata": {"uid": f"uid-{number}", "resourceVersion": str(number)}}


class Gap(Handler):
    """An API server whose first watch is 410 Gone, and which then has 100,000 Events more."""
    events, gone, whole, over = 100000, False, threading.Event(), threading.Event()

    def do_GET(self):
        query = dict(part.split("=", 1) for part in self.path.partition("?")[2].split("&") if part)
        if "watch" in query:
            error = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}
            if Gap.gone:
                Gap.whole.set()
                Gap.over.wait(TIMEOUT)
            else:
                Gap.gone = True
                self.answer(error)
        else:
            begin = int(query.get("continue", 0)) if Gap.gone else Gap.events
            end = min(begin + int(query.get("limit", Gap.events)), Gap.events)
            more = str(end) if end < Gap.events else ""
            self.answer({"kind": "EventList", "metadata": {"resourceVersion": str(200 + Gap.gone * Gap.events), "continue": more},
                         "items": [item(201 + number) for number in range(begin, end)]})


class Memory(unittest.TestCase):
    def small(self, kilobytes):
        self.assertLess(kilobytes, LIMIT_KB)
        # The kernel starts counting with us, the parent: that must not be what was measured.
        self.assertGreater(kilobytes, 1000)

    def test_a_pretty_printed_list_of_100000_events(self):
        def feed(pipe):
            pipe.write(b'{\n    "apiVersion": "v1",\n    "items": [\n')
            for number in range(100000):
                text = json.dumps(item(number), indent=4).replace("\n", "\n        ")
                pipe.write(f"{',' if number else ''}\n        {text}".encode())
            pipe.write(b'\n    ],\n    "kind": "List"\n}\n')

        status, result, kilobytes = peak(feed)
        self.assertEqual((status, result["ledger"]["routed"] + result["ledger"]["stale"]), (0, 100000))
        self.small(kilobytes)

    def test_a_relist_of_100000_events(self):
        server = Server(Gap)
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
            config.write(json.dumps({
                "apiVersion": "v1", "kind": "Config", "current-context": "x", "users": [{"name": "u", "user": {}}],
                "clusters": [{"name": "c", "cluster": {"server": server.url}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}]}))
            config.flush()
            child = subprocess.Popen([BINARY, "run", "-o", "ndjson", "--no-owner-lookup"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                     env=environment(KUBECONFIG=config.name))
            last = collections.deque(maxlen=1)
            reader = threading.Thread(target=last.extend, args=[child.stdout])
            reader.start()
            self.assertTrue(Gap.whole.wait(60))
            child.terminate()
            reader.join()
            child.stdout.close()
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        Gap.over.set()
        server.close()
        self.assertEqual(child.returncode, 0)
        self.assertEqual(json.loads(last[0])["ledger"]["seen"], 100000)
        self.small(usage.ru_maxrss)

    @unittest.skipUnless(GENERATOR, "no generator was named")
    def test_many_frames(self):
        def feed(pipe):
            arguments = shlex.split(f"--frames {FRAMES} --deleted 0.1 --modified 0.4")
            subprocess.run([GENERATOR, *arguments], stdout=pipe, check=True)

        # A document with all issues grows with their number; a line for each does not.
        status, result, kilobytes = peak(feed, "ndjson")
        counts = result["ledger"]
        self.assertEqual((status, counts["malformed"]), (0, 0))
        self.assertEqual(sum(counts[c] for c in ("seen", "deleted", "bookmarks", "errors")), FRAMES)
        self.small(kilobytes)


if __name__ == "__main__":
    unittest.main()
