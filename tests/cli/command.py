"""Runs the command as a user would, with an environment of its own."""
import json
import os
import pathlib
import pty
import select
import subprocess
import time

BINARY = os.environ["K8SENTRY"]
FAKE_SENTRY = os.environ.get("K8SENTRY_FAKE_SENTRY", "")
RECORDINGS = pathlib.Path(__file__).resolve().parent.parent / "recordings"
STREAM = str(RECORDINGS / "kubernetes-1.37/events.watch.ndjson")
LIST = str(RECORDINGS / "kubernetes-1.37/lists/events.json")
TIMEOUT = 60


def environment(**extra):
    """Nothing of the machine's: no proxy, no kubeconfig, no DSN."""
    return {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", **extra}


def event(**fields):
    """A Warning about the Pod shop/api; one line."""
    return json.dumps({"kind": "Event", "metadata": {"uid": "u1", "resourceVersion": "1"}, "type": "Warning",
                       "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "api"}, "reason": "Killed",
                       "message": "text", "lastTimestamp": "2026-11-21T03:00:00Z", **fields}).encode() + b"\n"


def run(*arguments, stdin=b"", **env):
    return subprocess.run([BINARY, *arguments], input=stdin, capture_output=True, timeout=TIMEOUT,
                          env=environment(**env))


def start(*arguments, **env):
    return subprocess.Popen([BINARY, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=environment(**env))


def on_terminal(*arguments, stdin=b"", **env):
    """What a terminal would have received on stdout and stderr together."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen([BINARY, *arguments], stdin=subprocess.PIPE, stdout=theirs, stderr=theirs,
                             env=environment(TERM="xterm-256color", **env), start_new_session=True)
    os.close(theirs)
    child.stdin.write(stdin)  # at most a pipe's buffer
    child.stdin.close()
    received, end = b"", time.monotonic() + TIMEOUT
    while time.monotonic() < end and select.select([ours], [], [], TIMEOUT)[0]:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the last one hung up
            break
        if not chunk:
            break
        received += chunk
    os.close(ours)
    child.wait(TIMEOUT)
    return received


class Reader:
    """Reads a pipe line by line, but never for ever."""

    def __init__(self, pipe):
        self.pipe, self.text = pipe, b""

    def until(self, wanted, seconds=TIMEOUT):
        """All that came until a text of `wanted` is in it; fails when it does not come."""
        end = time.monotonic() + seconds
        while wanted not in self.text:
            if not select.select([self.pipe], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"{wanted!r} did not come; this did: {self.text!r}")
            chunk = os.read(self.pipe.fileno(), 65536)
            if not chunk:
                raise AssertionError(f"{wanted!r} did not come before the end; this did: {self.text!r}")
            self.text += chunk
        return self.text
