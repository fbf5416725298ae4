"""What all scenarios stand on: a cluster without anybody else in it, a load, a Sentry, and the agent between them."""
import base64
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "cluster"))
from running import Cluster, wait_until  # noqa: E402

from agent import Agent  # noqa: E402
from comparer import compare, read_ledger, replaced_before, reported  # noqa: E402
from receiver import Receiver  # noqa: E402


def wait_or_not(condition, limit):
    """Waits; what is missing afterwards is the comparer's business."""
    with contextlib.suppress(AssertionError):
        wait_until("", condition, limit)


class Etcd:
    """The storage itself, past the API server, through etcd's JSON gateway."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}/v3/kv/"
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(self, method, **request):
        body = json.dumps({k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in request.items()})
        with self.opener.open(self.url + method, body.encode(), timeout=30) as response:
            return json.load(response)

    def remove_events(self):
        self.call("deleterange", key=b"/registry/events/", range_end=b"/registry/events0")

    def forget_history(self):
        """Moves the revision on by what no watch shows, and compacts all before it: no watch can go on from there."""
        for _ in range(10):
            revision = self.call("put", key=b"/soak/bump", value=b"1")["header"]["revision"]
        self.call("compaction", revision=revision, physical=True)


class Bench:
    def __init__(self, program, apiserver_flags="", port=None):
        self.program = os.path.abspath(program)
        self.cluster = Cluster(apiserver_flags)
        if port:
            self.cluster.env.update(CLUSTER_PORT=str(port), CLUSTER_ETCD_PORT=str(port - 64))
        self.etcd = Etcd(self.cluster.env["CLUSTER_ETCD_PORT"])
        self.scratch = tempfile.TemporaryDirectory(prefix="soak-")

    def __enter__(self):
        try:
            self.cluster.up()
            # Nobody but the load writes Events.
            for other in ("kube-controller-manager", "kube-scheduler"):
                self.cluster.run("kill", other)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.cluster.down()
        self.scratch.cleanup()

    def kill_api_server(self):
        self.cluster.run("kill", "kube-apiserver")

    def start_api_server(self):
        self.cluster.run("start", "kube-apiserver", stdout=subprocess.DEVNULL)


class Round:
    """One scenario: a fresh agent and an empty store of Events. `notes` ends in the table of results."""

    def __init__(self, bench, name, seed):
        self.bench, self.name, self.seed = bench, name, seed
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=name + "-", dir=bench.scratch.name))
        self.ledger, self.notes = str(self.folder / "writes"), {}
        self.agent = self.writer = None
        self.receiver = Receiver()
        bench.etcd.remove_events()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in (self.writer, self.agent and self.agent.process):
            if process and process.poll() is None:
                process.kill()
                process.wait()
        self.receiver.close()

    def start_agent(self, *arguments, window="0"):
        """Tells every frame, unless there is a window."""
        self.agent = Agent(self.bench.program, self.bench.cluster.kubeconfig, self.receiver.dsn,
                           str(self.folder / "state"), "--spool", str(self.folder / "spool"), "--window", window,
                           *arguments)

    def wait_watching(self):
        wait_until("the agent watches", self.agent.is_watching)

    def wait_told(self, state):
        wait_until(f"the agent says {state}", lambda: state in (told for _, told in self.agent.states()))

    def mark(self):
        """The version from which the agent would go on, or None while it keeps none."""
        try:
            marks = json.loads((self.folder / "state").read_text())["marks"]
        except FileNotFoundError:
            return None
        return int(marks[0]["acknowledged"]) if marks and marks[0]["acknowledged"] else None

    def write(self, rate, count, warnings, *arguments):
        self.writer = self.bench.cluster.load(
            self.ledger, "--rate", str(rate), "--count", str(count), "--warning-share", str(warnings), "--seed",
            str(self.seed), *arguments)
        self.began = time.monotonic()

    def sleep_until(self, seconds):
        """Seconds since the load began."""
        time.sleep(max(0.0, self.began + seconds - time.monotonic()))

    def wait_written(self, limit=300):
        if self.writer.wait(limit) != 0:
            raise AssertionError("the load failed")
        return reported(read_ledger(self.ledger))

    def wait_delivered(self, writes, limit=90, whole=True):
        """Until every version, or at least the last one of every Event, has arrived."""
        wanted = {(w["uid"], w["resourceVersion"]) for w in writes} if whole else {
            (uid, version) for uid, version in {w["uid"]: w["resourceVersion"] for w in writes}.items()}
        wait_or_not(lambda: wanted <= {(d.uid, d.version) for d in self.receiver.deliveries()}, limit)

    def occurrences(self):
        """How many the issues that arrived stand for, each counted once."""
        return sum({delivery.id: delivery.sightings for delivery in self.receiver.deliveries()}.values())

    def end(self, writes, from_mark=0, listed_at=0, folds=False, grouped=False):
        """Compares, and says what is wrong: nothing, if all is well. Where the agent had to list again and not to watch,
        it cannot know of what was written above `from_mark` and replaced before `listed_at` (Unix ns). Where Sentry
        asked for silence, issues of one key fold into one (`folds`): then each write must be in its number of
        occurrences, for each is one more of them. With windows (`grouped`) each was told or swallowed."""
        if self.agent.process.poll() is not None:
            return compare(writes, self.receiver.deliveries()), ["the agent died by itself"]
        code, ledger = self.agent.end()
        found = compare(writes, self.receiver.deliveries())
        kinds = ("second_ids", "shared_ids", "unwritten")
        wrong = [f"{len(getattr(found, kind))} {kind}: {getattr(found, kind)[:3]}" for kind in
                 (kinds if folds or grouped else ("lost_events", "lost_last", *kinds)) if getattr(found, kind)]
        lost = [] if folds or grouped else found.lost_versions
        if folds and self.occurrences() != len(writes):
            wrong.append(f"{self.occurrences()} occurrences were told of {len(writes)}")
        if grouped and ledger["delivered"] + ledger["swallowed"] != len(writes):
            wrong.append(f"{ledger['delivered']} were told and {ledger['swallowed']} swallowed of {len(writes)}")
        above = [version for version in lost if int(version[1]) > from_mark]
        excused = set(replaced_before(writes, above, listed_at))
        lost = [version for version in lost if version not in excused]
        if lost:
            wrong.append(f"{len(lost)} lost versions: {lost[:3]}")
        if self.receiver.faults:
            wrong.append(f"{len(self.receiver.faults)} bad envelopes: {self.receiver.faults[:3]}")
        if code != 0:
            wrong.append(f"the agent ended with {code}")
        if ledger.get("in_flight", 1) or ledger.get("malformed", 1) or ledger.get("overflowed", 1):
            wrong.append(f"the agent's ledger: {ledger}")
        if self.receiver.refused:
            self.notes["refused"] = self.receiver.refused
        if list(self.folder.glob("spool/*/*.seg")):
            wrong.append("the spool is not empty")
        if listed_at:
            self.notes["not_in_the_list"] = len(excused)
        self.notes.update(events=found.events, versions=found.versions, repeats=found.repeats,
                          p50=found.delay(0.5), p99=found.delay(0.99), delay_max=found.delay(1),
                          peak_mib=round(self.agent.peak_kb / 1024, 1), anon_mib=round(self.agent.anon_kb / 1024, 1),
                          seen=ledger.get("seen"), told=ledger.get("delivered"))
        return found, wrong
