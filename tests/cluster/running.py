"""A cluster of one's own, and the command running against it."""
import collections
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "k8sentry-cluster"


def skip_reason(node):
    """Why no cluster can be had here, or None."""
    if not any(CACHE.glob("*/kube")) and not shutil.which("go"):
        return "the programs of Kubernetes are not compiled yet, and there is no Go"
    if node and os.geteuid() != 0:
        return "a node needs root"
    if node and not (shutil.which("containerd") and shutil.which("runc")):
        return "a node needs containerd and runc"
    return None


def main():
    """Runs the classes that the command line names; 77: they cannot be run here."""
    module = sys.modules["__main__"]
    wanted = [getattr(module, name, None) for name in sys.argv[1:]]
    reason = skip_reason(any(getattr(test, "with_node", False) for test in wanted))
    if reason:
        print("skipped:", reason)
        sys.exit(77)
    unittest.main()


def wait_until(what, condition, limit=60):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit} s: {what}")
        time.sleep(0.05)


def free_ports():
    """A port with ten free ones behind it, and one for etcd with another."""
    def is_free(port):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                return False
            return True
    while True:
        port = random.randrange(20000, 30000)
        if all(is_free(p) for p in range(port, port + 16)):
            return port, port + 13


class Cluster:
    def __init__(self, apiserver_flags=""):
        self.directory = tempfile.mkdtemp(prefix="k8s-")
        os.rmdir(self.directory)
        port, etcd_port = free_ports()
        self.env = dict(os.environ, CLUSTER_DIR=self.directory, CLUSTER_PORT=str(port),
                        CLUSTER_ETCD_PORT=str(etcd_port), CLUSTER_APISERVER_FLAGS=apiserver_flags)
        self.env.pop("KUBECONFIG", None)
        self.kubeconfig = self.directory + "/kubeconfig"

    def run(self, *arguments, **options):
        return subprocess.run([HERE / "cluster", *arguments], env=self.env, check=True, **options)

    def up(self):
        # The daemons inherit these descriptors, so no pipe of ours may be among them.
        self.run("up", stdout=sys.stderr)

    def down(self):
        self.run("down")

    def kubectl(self, *arguments, **options):
        return self.run("kubectl", *arguments, stdout=subprocess.PIPE, **options).stdout

    def wait_ready(self):
        def ready():
            return subprocess.run([HERE / "cluster", "kubectl", "get", "--raw", "/readyz"], env=self.env,
                                  capture_output=True).returncode == 0
        wait_until("the API server is ready", ready)

    def version(self):
        listed = self.kubectl("get", "--raw", "/api/v1/events?limit=1")
        return int(json.loads(listed)["metadata"]["resourceVersion"])

    def stop_politely(self, program, seconds):
        """SIGTERM; fails unless the program ends by itself in time. Returns how long that took."""
        begin = time.monotonic()
        self.run("stop", program, str(seconds))
        took = time.monotonic() - begin
        assert took < seconds, f"{program} did not end within {seconds} s"
        return took

    def load(self, ledger, *arguments):
        """Starts writing Events; `ledger` gets a line for each accepted write."""
        return subprocess.Popen([HERE / "cluster", "load", "--ledger", ledger, *arguments], env=self.env,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def telling_id(uid, version):
    """Semantics 7: what identifies the telling of a frame."""
    digest = bytearray(hashlib.sha256("\0".join(("k8sentry/1", "sighting", uid, version)).encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x40
    digest[8] = digest[8] & 0x3F | 0x80
    return digest.hex()


def expected_ids(ledger, only_last=False):
    """The ids of all Warnings that a load wrote, or of the last one of each object, which a list shows."""
    with open(ledger) as lines:
        records = [json.loads(line) for line in lines]
    if only_last:
        records = {r["uid"]: r for r in sorted(records, key=lambda r: int(r["resourceVersion"]))}.values()
    return {telling_id(r["uid"], r["resourceVersion"]) for r in records if r["type"] == "Warning"}


class Command:
    """`k8sentry run`, with what it says as it says it."""

    def __init__(self, kubeconfig, *arguments, dsn=None, program=None):
        env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
        if dsn:
            env["SENTRY_DSN"] = dsn
        self.process = subprocess.Popen(
            [*(program or (os.environ["K8SENTRY"], "run", "-o", "ndjson", "--log-format", "json")),
             "--kubeconfig", kubeconfig, *arguments], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.out, self.log = [], []
        self.threads = [threading.Thread(target=self.read, args=pair, daemon=True) for pair in
                        ((self.process.stdout, self.out), (self.process.stderr, self.log))]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def read(pipe, lines):
        with pipe:
            for line in pipe:
                lines.append(json.loads(line))

    def states(self):
        return [line["state"] for line in self.log if line["message"] == "watch"]

    def details(self, state):
        return [line.get("detail", "") for line in self.log if line["message"] == "watch" and line["state"] == state]

    def wait_state(self, state, limit=60):
        wait_until(f"state {state}", lambda: self.states() and self.states()[-1] == state, limit)

    def ids(self):
        """How often each id was told."""
        return collections.Counter(line["id"] for line in self.out if "id" in line and line["kind"] != "still-firing")

    def ledger(self):
        for line in self.log:
            if line["message"] == "ledger":
                return {k: int(v) for k, v in line.items() if k not in ("time", "level", "message")}
        return None

    def connections(self):
        """The sockets it has open now."""
        folder = f"/proc/{self.process.pid}/fd"
        links = set()
        for fd in os.listdir(folder):
            try:
                links.add(os.readlink(f"{folder}/{fd}"))
            except FileNotFoundError:
                pass  # closed in the meantime
        return {link for link in links if link.startswith("socket:")}

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def end(self, limit=20):
        """SIGTERM, as Kubernetes sends it. Returns the exit code and how long it took."""
        begin = time.monotonic()
        self.process.terminate()
        code = self.process.wait(limit)
        for thread in self.threads:
            thread.join(limit)
        return code, time.monotonic() - begin
