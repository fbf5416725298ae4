"""A cluster and a Sentry of a few lines, and tests that start the agent between them again and again."""
import gzip
import json
import pathlib
import random
import shutil
import signal
import tempfile
import threading
import time
import unittest

from command import start
from servers import Handler, Server

TIMEOUT = 20
KUBECONFIG = """apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "{server}"}}}}]
users: [{{name: u, user: {{}}}}]
contexts: [{{name: x, context: {{cluster: c, user: u}}}}]
current-context: x
"""


class Cluster(Server):
    """One Event more every few milliseconds, each an object of its own; a watch replays all above its version."""

    def __init__(self):
        self.cluster_id, self.events, self.changed = "cluster-1", [], threading.Condition()
        self.gone_below = 0
        super().__init__(ClusterHandler)

    def add(self, count):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        with self.changed:
            for _ in range(count):
                version = 1000 + len(self.events)
                self.events.append({
                    "kind": "Event", "metadata": {"uid": f"uid-{version}", "resourceVersion": str(version)}, "type": "Warning",
                    "involvedObject": {"kind": "Pod", "namespace": "shop", "name": f"pod{version}"}, "reason": "Killed",
                    "message": "text", "firstTimestamp": now, "lastTimestamp": now, "count": 1})
            self.changed.notify_all()

    @property
    def version(self):
        return 999 + len(self.events)


class ClusterHandler(Handler):
    def do_GET(self):
        if "kube-system" in self.path:
            return self.answer({"kind": "Namespace", "metadata": {"uid": self.server.cluster_id}})
        if "watch=" not in self.path:
            with self.server.changed:
                items = list(self.server.events) if "limit=1" not in self.path.split("?")[1].split("&") else []
                body = {"kind": "EventList", "metadata": {"resourceVersion": str(self.server.version)}, "items": items}
            return self.answer(body)
        version = int(self.path.split("resourceVersion=")[1].split("&")[0])
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if version < self.server.gone_below:
            gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}
            self.chunk(json.dumps(gone).encode() + b"\n")
            return self.chunk(b"")
        at = max(version - 999, 0)
        while True:
            with self.server.changed:
                if at >= len(self.server.events):
                    self.server.changed.wait(0.5)
                frames = self.server.events[at:at + 20]
            for frame in frames:
                self.chunk(json.dumps({"type": "ADDED", "object": frame}).encode() + b"\n")
            at += len(frames)

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()


class Sentry(Server):
    """Remembers each Event that arrived, by the id it had."""

    def __init__(self):
        self.lock, self.arrivals, self.slow, self.down = threading.Condition(), [], 0.0, False
        self.closing = threading.Event()
        super().__init__(SentryHandler)

    def ids(self):
        found = {}
        with self.lock:
            for uid, event_id in self.arrivals:
                found.setdefault(uid, []).append(event_id)
        return found


class SentryHandler(Handler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.closing.wait(self.server.slow * random.random())
        if self.server.down:
            self.send_response(503)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        for line in body.splitlines()[1:]:
            item = json.loads(line)
            if "event_id" in item:
                with self.server.lock:
                    self.server.arrivals.append((item["contexts"]["k8s_event"]["uid"], item["event_id"]))
                    self.server.lock.notify_all()
        self.answer({})


class Agent(unittest.TestCase):
    """Base of tests. `always` are arguments of every start."""

    def setUp(self):
        self.always = []
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.cluster, self.sentry = Cluster(), Sentry()
        self.addCleanup(self.cluster.close)
        self.addCleanup(self.sentry.close)
        (self.folder / "kubeconfig").write_text(KUBECONFIG.format(server="http://" + self.cluster.address), encoding="utf-8")

    def start(self, *arguments):
        child = start("run", *self.always, *arguments, KUBECONFIG=str(self.folder / "kubeconfig"),
                      SENTRY_DSN=f"http://key@{self.sentry.address}/1")
        self.addCleanup(lambda: (child.kill(), child.wait(), child.stdout.close(), child.stderr.close()))
        return child

    def wait_for_all(self):
        wanted = {event["metadata"]["uid"] for event in self.cluster.events}
        with self.sentry.lock:
            self.sentry.lock.wait_for(lambda: {uid for uid, _ in self.sentry.arrivals} == wanted, TIMEOUT)
        self.assertEqual(set(self.sentry.ids()), wanted)

    def wait_for_state(self, holds):
        """Until what the file says fulfils `holds`; it is replaced about once a second."""
        state, look = self.folder / "state/state.json", threading.Event()
        end = time.monotonic() + TIMEOUT
        while not (state.exists() and holds(json.loads(state.read_text()))):
            self.assertLess(time.monotonic(), end)
            look.wait(0.05)

    def stop(self, child):
        child.send_signal(signal.SIGTERM)
        errors = child.communicate(timeout=TIMEOUT)[1]
        self.assertEqual(child.returncode, 0, errors)
        return errors.decode()
