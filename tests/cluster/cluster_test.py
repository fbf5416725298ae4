#!/usr/bin/env python3
"""The command against a real Kubernetes: nothing lost, nothing told twice, whatever happens to the API server."""
import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest

from running import HERE, Cluster, Command, expected_ids, main, wait_until

# Everything is told, each frame with an id of its own, so that ids can be compared with a ledger of writes.
EACH = ("--window", "0", "--lookback", "1h")


class ClusterTest(unittest.TestCase):
    flags = ""
    with_node = False
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(cls.flags)
        cls.addClassCleanup(cls.cluster.down)
        cls.cluster.up()

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.ledger = self.scratch.name + "/ledger"

    def start(self, *arguments, kubeconfig=None, dsn=None, program=None):
        command = Command(kubeconfig or self.cluster.kubeconfig, *arguments, dsn=dsn, program=program)
        self.addCleanup(command.process.kill)
        return command

    def load(self, *arguments):
        load = self.cluster.load(self.ledger, *arguments)
        self.addCleanup(load.kill)
        return load

    def assert_all_told_once(self, command):
        expected = expected_ids(self.ledger)
        self.assertGreater(len(expected), 50)
        wait_until("all was told", lambda: expected <= command.ids().keys(), 60)
        twice = {key: n for key, n in command.ids().items() if n > 1}
        self.assertEqual(twice, {})

    def assert_ends_well(self, command):
        code, took = command.end()
        self.assertEqual(code, 0)
        self.assertLess(took, 7.5)
        ledger = command.ledger()
        self.assertEqual(ledger["seen"], sum(ledger[k] for k in ("malformed", "stale", "filtered", "routed")))
        self.assertEqual(ledger["malformed"], 0)
        self.assertEqual(ledger["in_flight"], 0)
        return ledger


class Load(ClusterTest):
    def test_tells_every_write_once(self):
        command = self.start(*EACH)
        command.wait_state("watching")
        self.assertEqual(self.load("--rate", "400", "--count", "4000", "--warning-share", "0.7").wait(120), 0)
        self.assert_all_told_once(command)
        self.assertEqual(command.states(), ["listing", "watching"])
        ledger = self.assert_ends_well(command)
        self.assertGreaterEqual(ledger["seen"], 4000)

    def test_reads_a_list_of_many_pages(self):
        self.assertEqual(self.load("--rate", "0", "--count", "3000", "--seed", "2", "--update-share", "0",
                                   "--warning-share", "1").wait(120), 0)
        command = self.start(*EACH)
        self.assert_all_told_once(command)
        ledger = self.assert_ends_well(command)
        self.assertGreaterEqual(ledger["seen"], 3000)


class Outage(ClusterTest):
    def test_loses_nothing_when_the_api_server_is_killed(self):
        command = self.start(*EACH)
        command.wait_state("watching")
        load = self.load("--rate", "100", "--count", "1200", "--warning-share", "0.7")
        wait_until("some is told", lambda: len(command.ids()) > 100)
        self.cluster.run("kill", "kube-apiserver")
        command.wait_state("unavailable")
        self.cluster.run("start", "kube-apiserver", stdout=subprocess.DEVNULL)
        self.assertEqual(load.wait(120), 0)
        self.assert_all_told_once(command)
        self.assertEqual(command.states(), ["listing", "watching", "unavailable", "watching"])
        self.assert_ends_well(command)

    def test_says_once_that_the_server_is_away_and_dies_politely(self):
        command = self.start(*EACH)
        command.wait_state("watching")
        self.cluster.run("kill", "kube-apiserver")
        try:
            command.wait_state("unavailable")
            with socket.create_server(("127.0.0.1", int(self.cluster.env["CLUSTER_PORT"]))) as away:
                away.settimeout(60)
                for _ in range(5):  # attempts, each of which could repeat itself
                    away.accept()[0].close()
            self.assertEqual(command.states(), ["listing", "watching", "unavailable"])
            late = self.start(*EACH)
            late.wait_state("unavailable")
            self.assert_ends_well(late)
            self.assert_ends_well(command)
        finally:
            self.cluster.run("start", "kube-apiserver", stdout=subprocess.DEVNULL)
            self.cluster.wait_ready()

    def test_stays_while_etcd_does_not_answer(self):
        command = self.start(*EACH)
        command.wait_state("watching")
        self.cluster.run("freeze", "etcd")
        try:
            late = self.start(*EACH)
            wait_until("it has asked", late.connections)
            self.assert_ends_well(late)
        finally:
            self.cluster.run("thaw", "etcd")
        self.cluster.wait_ready()
        self.assertEqual(self.load("--rate", "200", "--count", "200", "--warning-share", "1", "--seed", "7").wait(120),
                         0)
        self.assert_all_told_once(command)
        self.assert_ends_well(command)


class Gone(ClusterTest):
    """The server forgets everything that is older than a few seconds."""
    flags = "--etcd-compaction-interval=2s"

    def test_lists_again_and_tells_nothing_twice(self):
        command = self.start(*EACH)
        command.wait_state("watching")
        arguments = ("--rate", "300", "--count", "900", "--warning-share", "1", "--update-share", "0")
        self.assertEqual(self.load(*arguments).wait(60), 0)
        self.assert_all_told_once(command)
        command.pause()
        held = self.cluster.version()
        self.cluster.run("kill", "kube-apiserver")
        self.cluster.run("start", "kube-apiserver", stdout=subprocess.DEVNULL)
        self.cluster.wait_ready()
        self.assertEqual(self.load(*arguments, "--seed", "3").wait(60), 0)
        watch = f"/api/v1/events?watch=1&timeoutSeconds=1&resourceVersion={held}"
        wait_until("its version is gone", lambda: b'"code":410' in self.cluster.kubectl("get", "--raw", watch))
        command.go_on()
        self.assert_all_told_once(command)
        self.assertIn("relisting", command.states())
        self.assertEqual(command.states()[-1], "watching")
        ledger = self.assert_ends_well(command)
        self.assertGreaterEqual(ledger["stale"], 900, "the second list held what was told before")


class Expiry(ClusterTest):
    """Every Event comes again as DELETED when its time is over."""
    flags = "--event-ttl=5s"

    def test_tells_nothing_of_events_that_expire(self):
        command = self.start(*EACH)
        command.wait_state("watching")
        arguments = ("--rate", "200", "--count", "600", "--warning-share", "1", "--update-share", "0")
        self.assertEqual(self.load(*arguments).wait(60), 0)
        self.assert_all_told_once(command)
        told = len(command.ids())
        wait_until("all have expired", lambda: b'"uid"' not in self.cluster.kubectl("get", "--raw", "/api/v1/events"))
        # What is written now comes behind all of the DELETED ones.
        self.ledger += ".behind"
        self.assertEqual(self.load("--rate", "200", "--count", "100", "--warning-share", "1", "--seed", "3").wait(60), 0)
        self.assert_all_told_once(command)
        self.assertEqual(len(command.ids()), told + len(expected_ids(self.ledger)))
        ledger = self.assert_ends_well(command)
        self.assertGreaterEqual(ledger["deleted"], 600)
        self.assertEqual(ledger["errors"], 0)


class Rights(ClusterTest):
    def test_names_the_missing_rule_and_goes_on_once_it_is_there(self):
        command = self.start(*EACH, kubeconfig=self.cluster.kubeconfig + ".nobody")
        command.wait_state("forbidden")
        detail = command.details("forbidden")[0]
        self.assertIn('User "nobody" cannot list resource "events"', detail)
        self.assertIn('apiGroups [""], resources [events], verbs [list, watch]', detail)
        self.cluster.kubectl("create", "clusterrole", "k8sentry", "--verb=list,watch", "--resource=events")
        self.cluster.kubectl("create", "clusterrolebinding", "k8sentry", "--clusterrole=k8sentry", "--user=nobody")
        command.wait_state("watching", 80)
        self.assertEqual(command.states(), ["forbidden", "listing", "watching"])
        self.assert_ends_well(command)

    def test_says_that_nobody_knows_its_token(self):
        with open(self.cluster.kubeconfig) as good:
            text = good.read().replace("admintoken", "wrongtoken")
        path = self.scratch.name + "/kubeconfig"
        with open(path, "w") as bad:
            bad.write(text)
        command = self.start(*EACH, kubeconfig=path)
        command.wait_state("unauthorized")
        self.assert_ends_well(command)
        self.assertNotIn("wrongtoken", json.dumps(command.log))

    def test_refuses_a_server_that_an_unknown_authority_signed(self):
        with open(self.cluster.kubeconfig) as good:
            text = good.read().replace("apiserver.crt", "../other.crt")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other", "-keyout",
                        "/dev/null", "-out", self.cluster.directory + "/other.crt"], check=True, capture_output=True)
        path = self.scratch.name + "/kubeconfig"
        with open(path, "w") as bad:
            bad.write(text)
        command = self.start(*EACH, kubeconfig=path)
        command.wait_state("unavailable")
        self.assertIn("TLS", command.details("unavailable")[0])
        self.assert_ends_well(command)


class Doctor(ClusterTest):
    """`k8sentry doctor` sees what a real server allows, and the role that it prints is what was missing."""

    def run_doctor(self, *arguments, kubeconfig):
        return subprocess.run([os.environ["K8SENTRY"], "doctor", "-o", "json", *arguments], capture_output=True, timeout=60,
                              env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "KUBECONFIG": kubeconfig})

    def doctor(self, *arguments, kubeconfig, code):
        done = self.run_doctor(*arguments, kubeconfig=kubeconfig)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for token in (b"admintoken", b"nobodytoken", b"readertoken", b"wrongtoken"):
            self.assertNotIn(token, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def troubles(self, report):
        return [(f["level"], f["what"]) for f in report["findings"] if f["level"] != "ok"]

    def apply(self, role):
        """Rights are known to the authorizer a moment after they are stored."""
        self.cluster.kubectl("apply", "-f", "-", input=role.encode())

    def wait_well(self, *arguments, kubeconfig):
        def well():
            done = self.run_doctor(*arguments, kubeconfig=kubeconfig)
            return done.returncode == 0 and self.troubles(json.loads(done.stdout)) == []
        wait_until("the role gives what was missing", well, 30)

    def test_finds_all_well_for_an_administrator(self):
        report = self.doctor("--state-file", "x", kubeconfig=self.cluster.kubeconfig, code=0)
        self.assertEqual(self.troubles(report), [])
        self.assertEqual((report["ok"], report["user"], report["role"]), (True, "admin", None))
        details = {f["what"]: f["detail"] for f in report["findings"]}
        self.assertRegex(details["API server"], r"Kubernetes v1\.\d+\.\d+")
        self.assertEqual(details["clock"], "as the server's")

    def test_prints_the_role_that_is_missing(self):
        nobody = self.cluster.kubeconfig + ".nobody"
        report = self.doctor("--state-file", "x", kubeconfig=nobody, code=1)
        self.assertEqual(self.troubles(report), [("error", "events"), ("warning", "owners"), ("warning", "cluster id")])
        self.assertEqual(report["user"], "nobody")
        self.apply(report["role"])
        self.wait_well("--state-file", "x", kubeconfig=nobody)
        # It was the watch's need, and not more than that.
        command = self.start(*EACH, "--state-file", self.scratch.name + "/state", kubeconfig=nobody)
        command.wait_state("watching")
        self.assert_ends_well(command)
        self.assertEqual([line for line in command.log if "rule" in line or "verbs" in line], [])
        answer = subprocess.run([HERE / "cluster", "kubectl", "auth", "can-i", "--as", "nobody", "get", "namespaces/default"],
                                env=self.cluster.env, capture_output=True)
        self.assertEqual(answer.stdout.strip(), b"no")

    def test_prints_roles_for_one_namespace_and_a_service_account(self):
        agent = ("--as", "system:serviceaccount:default:agent", "-n", "default")
        report = self.doctor(*agent, kubeconfig=self.cluster.kubeconfig, code=1)
        self.assertEqual(self.troubles(report), [("error", "events in default"), ("warning", "owners in default")])
        self.assertNotIn("ClusterRole", report["role"])
        self.assertIn("kind: ServiceAccount", report["role"])
        self.apply(report["role"])
        self.wait_well(*agent, kubeconfig=self.cluster.kubeconfig)
        self.doctor(*agent[:2], kubeconfig=self.cluster.kubeconfig, code=1)  # all namespaces are another matter

    def test_run_names_each_missing_rule_once(self):
        command = self.start(*EACH, kubeconfig=self.cluster.kubeconfig + ".reader")
        command.wait_state("forbidden")
        wait_until("it has looked", lambda: len([line for line in command.log if "rule" in line]) == 4)
        rules = [(line["for"], line["rule"]) for line in command.log if "rule" in line]
        self.assertEqual(rules, [
            ("events", 'apiGroups [""], resources [events], verbs [list, watch]'),
            ("owners", 'apiGroups [""], resources [pods], verbs [get]'),
            ("owners", "apiGroups [apps], resources [replicasets, deployments, statefulsets, daemonsets], verbs [get]"),
            ("owners", "apiGroups [batch], resources [jobs, cronjobs], verbs [get]")])
        self.assert_ends_well(command)

    def changed(self, old, new):
        with open(self.cluster.kubeconfig) as good:
            text = good.read().replace(old, new)
        path = self.scratch.name + "/kubeconfig"
        with open(path, "w") as bad:
            bad.write(text)
        return path

    def test_says_why_it_is_not_let_in(self):
        report = self.doctor(kubeconfig=self.changed("admintoken", "wrongtoken"), code=1)
        self.assertEqual(self.troubles(report), [("error", "user")])
        report = self.doctor("--tls-server-name", "elsewhere", kubeconfig=self.cluster.kubeconfig, code=1)
        self.assertIn("is for another name", report["findings"][0]["detail"])
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other", "-keyout",
                        "/dev/null", "-out", self.cluster.directory + "/stranger.crt"], check=True, capture_output=True)
        report = self.doctor("--certificate-authority", self.cluster.directory + "/stranger.crt", kubeconfig=self.cluster.kubeconfig, code=1)
        self.assertIn("an authority that is not trusted", report["findings"][0]["detail"])
        report = self.doctor("--kubeconfig", self.changed("token: admintoken", ""), kubeconfig="", code=1)
        self.assertEqual(self.troubles(report)[0], ("error", "user"))
        self.assertIn("nobody", next(f["detail"] for f in report["findings"] if f["what"] == "user"))
        report = self.doctor("--as", "admin", kubeconfig=self.cluster.kubeconfig + ".nobody", code=1)
        self.assertEqual(self.troubles(report), [("error", "user")])
        self.assertIn("impersonate", report["findings"][0]["detail"])


class Owners(ClusterTest):
    """No node, so no Pod can be scheduled: all have Events, and owners that only the API server knows."""

    def lookups(self):
        """GETs of single objects that somebody may own, since the server began."""
        total = 0
        for line in self.cluster.kubectl("get", "--raw", "/metrics").decode().splitlines():
            if line.startswith("apiserver_request_total{") and 'verb="GET"' in line and 'subresource=""' in line and any(
                    f'resource="{r}"' in line for r in ("pods", "replicasets", "deployments", "jobs", "pipelines")):
                total += float(line.rsplit(" ", 1)[1])
        return total

    def culprits(self, command):
        return {line["culprit"] for line in command.out if "culprit" in line}

    def apply(self, *objects):
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        self.cluster.kubectl("apply", "-f", "-", input=text.encode())

    def workload(self, api_version, kind, name, **spec):
        pod = {"containers": [{"name": "c", "image": "x"}], "restartPolicy": "Never" if kind == "Job" else "Always"}
        return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "default"},
                "spec": {"template": {"metadata": {"labels": {"app": name}}, "spec": pod}, **spec}}

    def test_names_owners_of_every_kind_with_few_requests(self):
        self.cluster.kubectl("apply", "-f", str(HERE / "workloads/modern.yaml"))
        self.cluster.kubectl("wait", "--for=condition=Established", "crd/pipelines.ci.example.com")
        pipeline = {"apiVersion": "ci.example.com/v1", "kind": "Pipeline",
                    "metadata": {"name": "nightly", "namespace": "default"}}
        self.apply(pipeline)
        uid = self.cluster.kubectl("get", "pipeline", "nightly", "-o", "jsonpath={.metadata.uid}").decode()
        owned = self.workload("batch/v1", "Job", "step-1")
        owned["metadata"]["ownerReferences"] = [{**{k: pipeline[k] for k in ("apiVersion", "kind")}, "name": "nightly",
                                                 "uid": uid, "controller": True}]
        self.apply(self.workload("apps/v1", "Deployment", "big", replicas=200, selector={"matchLabels": {"app": "big"}}),
                   self.workload("batch/v1", "Job", "report-20261121"), owned)
        wait_until("200 Pods have Events", lambda: self.cluster.kubectl(
            "get", "events", "-o", "name", "--field-selector", "reason=FailedScheduling").count(b"\n") > 200, 120)
        before = self.lookups()
        command = self.start("-n", "default")
        expected = {"default/Deployment/big", "default/Job/report-20261121", "default/Pipeline/nightly"}
        wait_until("the owners are named", lambda: expected <= self.culprits(command))
        self.assertEqual({c for c in self.culprits(command) if "/Workload/" in c or "/CronJob/" in c}, set())
        self.assertLess(self.lookups() - before, 30)
        self.assert_ends_well(command)

    def test_tells_once_which_rule_is_missing_and_goes_on_with_names(self):
        self.apply(self.workload("apps/v1", "Deployment", "poor", replicas=20, selector={"matchLabels": {"app": "poor"}}))
        self.cluster.kubectl("create", "clusterrole", "events-only", "--verb=list,watch", "--resource=events")
        self.cluster.kubectl("create", "clusterrolebinding", "events-only", "--clusterrole=events-only",
                             "--user=nobody")
        command = self.start("-n", "default", kubeconfig=self.cluster.kubeconfig + ".nobody")
        wait_until("the name is enough", lambda: "default/Deployment/poor" in self.culprits(command))
        told = [line for line in command.log if "verbs" in line and line["resources"] == "pods"]
        self.assertEqual([(line["apiGroups"], line["verbs"]) for line in told], [("", "get")])
        self.assert_ends_well(command)


class Kubectl(ClusterTest):
    """What kubectl prints, in whatever form, piped into `replay -`, gives the same issues."""

    def replay(self, data):
        done = subprocess.run([os.environ["K8SENTRY"], "replay", "-o", "json", "-"], input=data,
                              env={"PATH": "/usr/bin:/bin"}, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        return result["ledger"], {tuple(i["fingerprint"]): i["sightings"] for i in result["issues"]}

    def printed(self, events, program, *arguments):
        """What a kubectl, which may never end, has printed once all of so many Events are there."""
        with tempfile.TemporaryFile() as out:
            def whole():
                data = os.pread(out.fileno(), 1 << 28, 0)
                return data.count(b'"involvedObject"') >= events and data.endswith((b"\n}\n", b"}}\n"))

            watch = subprocess.Popen([*program, "--kubeconfig", self.cluster.kubeconfig, *arguments], stdout=out,
                                     stderr=subprocess.DEVNULL)
            wait_until("kubectl has printed all", whole)
            watch.kill()
            watch.wait()
            out.seek(0)
            return out.read()

    def test_every_form_gives_the_same_issues(self):
        # More than two pages of 500: kubectl wraps whole pages into one watch document.
        self.assertEqual(self.load("--rate", "0", "--count", "1200", "--warning-share", "0.7").wait(120), 0)
        raw = self.cluster.kubectl("get", "--raw", "/api/v1/events")
        ledger, expected = self.replay(raw)
        self.assertEqual(ledger["malformed"], 0)
        self.assertGreater(len(expected), 20)
        programs = [[str(HERE / "cluster"), "kubectl"]]
        if os.access("/usr/bin/kubectl", os.X_OK):
            programs.append(["/usr/bin/kubectl"])  # the distribution's, years older
        os.environ.update(self.cluster.env)
        for program in programs:
            for form in (("-o", "json"), ("-w", "-o", "json"), ("-w", "--output-watch-events", "-o", "json")):
                with self.subTest(program=program, form=form):
                    data = self.printed(raw.count(b'"involvedObject"'), program, "get", "events", "-A", *form)
                    ledger, issues = self.replay(data)
                    self.assertEqual(ledger["malformed"], 0)
                    self.assertEqual(issues, expected)


class Node(ClusterTest):
    """A real node, real containers, real failures, and a Sentry on loopback."""
    with_node = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.run("node", stdout=sys.stderr)

    def test_sends_the_failures_of_a_node_to_sentry(self):
        events = self.scratch.name + "/envelopes"
        sentry = subprocess.Popen([os.environ["FAKE_SENTRY"], "--out=" + events], stdout=subprocess.PIPE, text=True)
        self.addCleanup(sentry.stdout.close)
        self.addCleanup(sentry.kill)
        command = self.start("--lookback", "1h", dsn=sentry.stdout.readline().strip())
        command.wait_state("watching")
        self.cluster.kubectl("apply", "-f", str(HERE / "workloads/failures.yaml"))

        def sent():
            with open(events) as lines:
                envelopes = [json.loads(line) for line in lines]
            return [item["payload"] for envelope in envelopes for item in envelope["items"]
                    if item["headers"]["type"] == "event"]

        def culprits(reason):
            return {e["transaction"] for e in sent() if e["tags"]["reason"] == reason}

        expected = {
            "BackOff": {"shop/Deployment/api", "shop/Deployment/recommender", "shop/Deployment/frontend"},
            "Failed": {"shop/Deployment/frontend", "shop/Pod/bad-env"},
            "FailedMount": {"shop/Pod/needs-config"},
            "FailedScheduling": {"shop/Pod/big-memory", "shop/Pod/gpu-trainer"},
            "FailedCreate": {"tight/Deployment/blocked"},
            "Unhealthy": {"payments/Deployment/ledger"},
        }
        for reason, wanted in expected.items():
            with self.subTest(reason=reason):
                try:
                    wait_until(reason, lambda: wanted <= culprits(reason), 90)
                except AssertionError as error:
                    raise AssertionError(f"{error}: {wanted - culprits(reason)}") from error
        payloads = sent()
        self.assertEqual(len({e["event_id"] for e in payloads}), len(payloads), "an id was sent twice")
        self.assert_ends_well(command)
        sentry.terminate()
        self.assertEqual(sentry.wait(10), 0, "Sentry would have refused something")


if __name__ == "__main__":
    main()
