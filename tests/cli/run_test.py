"""`k8sentry run` watches, says what changes, and ends as the README says."""
import json
import os
import pathlib
import shutil
import signal
import socket
import tempfile
import threading
import time
import unittest

from command import TIMEOUT, Reader, event, run, start
from servers import Handler, Server

KUBECONFIG = """apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "{server}"}}}}]
users: [{{name: u, user: {{token: topsecrettoken}}}}]
contexts: [{{name: x, context: {{cluster: c, user: u}}}}]
current-context: x
"""


class ApiServer(Server):
    """Lists Events; a watch brings `frames`, and then nothing until the server is closed."""

    def __init__(self, items=1, frames=(), owners=None):
        self.items, self.frames, self.requests, self.headers = items, list(frames), [], []
        self.owners = owners or {}  # by the last word of the path
        self.reviews, self.forbidden = [], set()  # "list events", "get deployments in shop"
        self.reviewed = threading.Semaphore(0)  # released when one was answered
        self.user, self.roots = "jane", {"/version": {"gitVersion": "v1.37.0"}, "/readyz": "ok"}
        self.closing, self.watched = threading.Event(), threading.Event()
        super().__init__(ApiHandler)

    def wait_for_reviews(self, count):
        for _ in range(count):
            self.reviewed.acquire(timeout=TIMEOUT)

    def close(self):
        self.closing.set()
        super().close()


class ApiHandler(Handler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/selfsubjectreviews"):
            return self.answer({"status": {"userInfo": {"username": self.server.user}}}, 201)
        asked = body["spec"]["resourceAttributes"]
        review = f"{asked['verb']} {asked['resource']}" + (f" in {asked['namespace']}" if "namespace" in asked else "")
        self.server.reviews.append(review)
        self.answer({"status": {"allowed": review not in self.server.forbidden}}, 201)
        self.server.reviewed.release()

    def do_GET(self):
        if self.path in self.server.roots:
            return self.answer(self.server.roots[self.path])
        self.server.requests.append((self.path, self.headers.get("Authorization")))
        self.server.headers.append(self.headers)
        if "watch=" in self.path:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for frame in self.server.frames:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(frame), frame))
            self.wfile.flush()
            self.server.watched.set()
            self.server.closing.wait()
        elif self.path.rsplit("/", 1)[-1] in self.server.owners:
            self.answer(self.server.owners[self.path.rsplit("/", 1)[-1]])
        elif "/events" in self.path:
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            items = [{**json.loads(event(lastTimestamp=now, firstTimestamp=now)), "metadata": {"uid": f"u{i}", "resourceVersion": str(i + 1)}}
                     for i in range(self.server.items)]
            self.answer({"kind": "EventList", "apiVersion": "v1", "metadata": {"resourceVersion": "10"}, "items": items})
        else:
            self.answer({"kind": "Namespace", "metadata": {"name": "kube-system", "uid": "cluster-1"}})


class Running(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def kubeconfig(self, server):
        path = self.folder / "kubeconfig"
        path.write_text(KUBECONFIG.format(server=server), encoding="utf-8")
        path.chmod(0o600)
        return str(path)

    def api_server(self, **options):
        server = ApiServer(**options)
        self.addCleanup(server.close)
        return server

    def start(self, *arguments, **env):
        child = start("run", *arguments, **env)
        self.addCleanup(lambda: (child.kill(), child.wait(), child.stdout.close(), child.stderr.close()))
        return child, Reader(child.stdout), Reader(child.stderr)

    def end(self, child):
        child.wait(TIMEOUT)
        return child.returncode


class Configuration(Running):
    def test_a_bad_kubeconfig_is_78_and_says_where(self):
        for text in ("{", "apiVersion: v1\nkind: Config\n", KUBECONFIG.format(server="ftp://x").replace("name: x", "name: y"), "[]"):
            path = self.folder / "bad"
            path.write_text(text, encoding="utf-8")
            done = run("run", KUBECONFIG=str(path))
            self.assertEqual((done.returncode, done.stdout), (78, b""), text)
            self.assertIn(b"bad", done.stderr)
            self.assertNotIn(b"topsecrettoken", done.stderr)

    def test_no_kubeconfig_at_all_is_78(self):
        self.assertEqual(run("run", KUBECONFIG="/nonexistent/config").returncode, 78)
        self.assertEqual(run("run").returncode, 78)

    def test_a_bad_dsn_is_78(self):
        done = run("run", KUBECONFIG=self.kubeconfig("http://127.0.0.1:1"), SENTRY_DSN="https://topsecretkey@x")
        self.assertEqual(done.returncode, 78)
        self.assertNotIn(b"topsecretkey", done.stderr)


PLUGIN_CONFIG = """apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {exec: {command: ./plugin, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
"""


class Credentials(Running):
    def test_an_agent_that_is_no_pod_needs_flags_only(self):
        server = self.api_server(items=0)
        home = self.folder / "home"
        (home / ".kube").mkdir(parents=True)
        (home / ".kube/config").write_text("{", encoding="utf-8")  # would be an error
        self.start("--server", server.url, "--as", "jane", "--as-group", "devs", "--as-group", "ops", "--as-uid", "17", HOME=str(home))
        self.assertTrue(server.watched.wait(TIMEOUT))
        for headers in server.headers:
            self.assertEqual(headers.get("Impersonate-User"), "jane")
            self.assertEqual(headers.get_all("Impersonate-Group"), ["devs", "ops"])
            self.assertEqual(headers.get("Impersonate-Uid"), "17")

    def test_a_token_that_stays_unused_is_spoken_of_and_never_shown(self):
        server = self.api_server(items=0)
        token = self.folder / "token"
        token.write_text("topsecrettoken", encoding="utf-8")
        _, _, err = self.start("--server", server.url, "--token-file", str(token))
        err.until(b"has no TLS; use https://")
        self.assertTrue(server.watched.wait(TIMEOUT))
        self.assertIsNone(server.requests[0][1])
        self.assertNotIn(b"topsecrettoken", err.text)

    def test_flags_that_contradict_are_wrong_usage(self):
        for flags in (("--as-group", "devs"), ("--server", "ftp://x")):
            done = run("run", "--server", "https://127.0.0.1:1", *flags)
            self.assertEqual((done.returncode, done.stdout), (2, b""), done.stderr)

    def test_a_file_that_is_not_there_is_78(self):
        for flag in ("--token-file", "--certificate-authority"):
            done = run("run", "--server", "https://127.0.0.1:1", flag, "/nonexistent/file")
            self.assertEqual(done.returncode, 78)
            self.assertIn(b"/nonexistent/file: No such file or directory", done.stderr)

    def test_a_plugin_runs_without_what_is_ours(self):
        path = self.folder / "config"
        path.write_text(PLUGIN_CONFIG, encoding="utf-8")
        plugin = self.folder / "plugin"
        plugin.write_text("#!/bin/sh\nenv\necho speaking >&2\nenv > $DIR/env.new; mv $DIR/env.new $DIR/env\nexit 1\n", encoding="utf-8")
        plugin.chmod(0o700)
        child, _, err = self.start(KUBECONFIG=str(path), DIR=str(self.folder), SENTRY_DSN="http://topsecretkey@127.0.0.1:1/1")
        err.until(b"failed with exit code 1")
        self.assertIn(b"speaking", err.text)
        seen = (self.folder / "env").read_text(encoding="utf-8")
        self.assertIn("KUBERNETES_EXEC_INFO=", seen)
        self.assertIn("PATH=/usr/bin:/bin\n", seen)
        self.assertNotIn("SENTRY", seen)
        child.send_signal(signal.SIGINT)
        self.assertEqual(self.end(child), 0)

    def test_a_hanging_plugin_ends_with_us(self):
        path = self.folder / "config"
        path.write_text(PLUGIN_CONFIG, encoding="utf-8")
        plugin = self.folder / "plugin"
        plugin.write_text("#!/bin/sh\necho $$ > $DIR/pid\nsleep 60\n", encoding="utf-8")
        plugin.chmod(0o700)
        os.mkfifo(self.folder / "pid")
        child, _, err = self.start(KUBECONFIG=str(path), DIR=str(self.folder))
        pid = int((self.folder / "pid").read_text(encoding="utf-8"))  # waits for the writer
        child.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(child), 0)
        self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())


class Watching(Running):
    def test_it_prints_the_issues_as_they_come_and_the_ledger_at_the_end(self):
        server = self.api_server(items=3)
        child, out, err = self.start("-o", "ndjson", KUBECONFIG=self.kubeconfig(server.url))
        told = json.loads(out.until(b"\n").splitlines()[0])
        self.assertEqual(told["culprit"], "shop/Pod/api")
        child.send_signal(signal.SIGINT)
        self.assertEqual(self.end(child), 0)
        rest = err.text + child.stderr.read()
        self.assertIn(b"seen", rest)
        self.assertNotIn(b"topsecrettoken", rest)
        self.assertIsNone(server.requests[0][1], "as client-go: no credential goes over plain HTTP")

    def frame(self, version, **fields):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        metadata = {"uid": "w" + version, "resourceVersion": version}
        return json.dumps({"type": "ADDED", "object": json.loads(event(lastTimestamp=now, metadata=metadata, **fields))}).encode() + b"\n"

    def test_it_tells_what_a_watch_brings(self):
        server = self.api_server(items=0, frames=[self.frame("11", type="Normal"), self.frame("12")])
        child, out, _ = self.start("-o", "ndjson", KUBECONFIG=self.kubeconfig(server.url))
        self.assertEqual(json.loads(out.until(b"\n").splitlines()[0])["culprit"], "shop/Pod/api")

    POD = {"kind": "Pod", "namespace": "shop", "name": "api-7fcc74b976-bwxc2", "uid": "p"}

    def owners(self):
        """A Pod of a ReplicaSet of a Rollout."""
        def of(uid, *owner):
            keys = ("apiVersion", "kind", "name", "uid")
            references = [{**dict(zip(keys, owner)), "controller": True}] if owner else []
            return {"metadata": {"uid": uid, "namespace": "shop", "ownerReferences": references}}
        return {"api-7fcc74b976-bwxc2": of("p", "apps/v1", "ReplicaSet", "api-7fcc74b976", "r"),
                "api-7fcc74b976": of("r", "argoproj.io/v1alpha1", "Rollout", "api", "o"), "api": of("o")}

    def test_it_asks_whose_pod_it_is(self):
        server = self.api_server(items=0, frames=[self.frame("11", involvedObject=self.POD)], owners=self.owners())
        child, out, _ = self.start("-o", "ndjson", KUBECONFIG=self.kubeconfig(server.url))
        told = json.loads(out.until(b"\n").splitlines()[0])
        self.assertEqual(told["culprit"], "shop/Rollout/api")
        self.assertEqual(told["workload"], {"kind": "Rollout", "name": "api"})
        self.assertIn("/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/api", [path for path, _ in server.requests])

    def test_it_asks_for_no_owner_when_told_not_to(self):
        server = self.api_server(items=0, frames=[self.frame("11", involvedObject=self.POD)], owners=self.owners())
        child, out, _ = self.start("-o", "ndjson", "--no-owner-lookup", KUBECONFIG=self.kubeconfig(server.url))
        self.assertEqual(json.loads(out.until(b"\n").splitlines()[0])["culprit"], "shop/Deployment/api")
        owners = [path for path, _ in server.requests if "/events" not in path and "/kube-system" not in path]
        self.assertEqual(owners, [])

    def test_without_lookback_nothing_of_the_first_list_is_told(self):
        server = self.api_server(items=3, frames=[self.frame("11", reason="New")])
        child, out, _ = self.start("-o", "ndjson", "--lookback", "0", KUBECONFIG=self.kubeconfig(server.url))
        self.assertEqual(json.loads(out.until(b"\n").splitlines()[0])["reason"], "New")

    def test_what_the_api_server_can_leave_out_it_is_asked_to_leave_out(self):
        server = self.api_server(items=0)
        self.start("--type", "Warning", "--exclude-reason", "Killed,Unhealthy", KUBECONFIG=self.kubeconfig(server.url))
        self.assertTrue(server.watched.wait(TIMEOUT))
        wanted = "fieldSelector=type%3DWarning%2Creason%21%3DKilled%2Creason%21%3DUnhealthy"
        events = [path for path, _ in server.requests if "/events" in path]
        self.assertTrue(all(wanted in path for path in events), events)

    def test_the_namespace_of_the_user_is_what_is_watched(self):
        server = self.api_server(items=0)
        self.start("-n", "shop", KUBECONFIG=self.kubeconfig(server.url))
        self.assertTrue(server.watched.wait(TIMEOUT))
        events = [path for path, _ in server.requests if "/events" in path]
        self.assertTrue(all(path.startswith("/api/v1/namespaces/shop/events?") for path in events), events)

    def test_sigterm_ends_it_like_sigint(self):
        server = self.api_server()
        child, out, _ = self.start("-o", "ndjson", KUBECONFIG=self.kubeconfig(server.url))
        out.until(b"\n")
        child.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(child), 0)

    def test_while_the_server_is_away_it_says_so_once(self):
        with socket.create_server(("127.0.0.1", 0)) as away:
            away.settimeout(TIMEOUT)
            server = "http://127.0.0.1:%d" % away.getsockname()[1]
            child, _, err = self.start("--log-format", "json", KUBECONFIG=self.kubeconfig(server))
            for _ in range(5):  # attempts, each of which could repeat itself
                away.accept()[0].close()
        err.until(b"unavailable")
        self.assertIsNone(child.poll())
        child.send_signal(signal.SIGINT)
        self.assertEqual(self.end(child), 0)
        lines = [json.loads(line) for line in (err.text + child.stderr.read()).splitlines()]
        self.assertEqual(sum("unavailable" in json.dumps(line) for line in lines), 1, lines)


class Rights(Running):
    """Beside the watch it looks once whether a rule is missing."""
    OWNERS = ["get " + r for r in ("pods", "replicasets", "deployments", "statefulsets", "daemonsets", "jobs", "cronjobs")]

    def run_with(self, forbidden, *arguments):
        server = self.api_server(items=0)
        server.forbidden = forbidden
        child, _, err = self.start("--log-format", "json", *arguments, KUBECONFIG=self.kubeconfig(server.url))
        return server, child, err

    def rules(self, child, err):
        """Waits for the end, so that nothing more can be said."""
        child.send_signal(signal.SIGINT)
        self.assertEqual(self.end(child), 0)
        lines = [json.loads(line) for line in (err.text + child.stderr.read()).splitlines()]
        return [(line["level"], line["for"], line["rule"]) for line in lines if "rule" in line]

    def test_it_says_nothing_when_all_is_well(self):
        server, child, err = self.run_with(set())
        server.wait_for_reviews(9)
        self.assertEqual(self.rules(child, err), [])
        self.assertEqual(sorted(server.reviews), sorted(self.OWNERS + ["list events", "watch events"]))

    def test_it_names_each_rule_that_is_missing_once(self):
        forbidden = {"watch events in shop", "get jobs in shop", "get cronjobs in shop", "get namespaces in kube-system"}
        server, child, err = self.run_with(forbidden, "-n", "shop", "--state-file", str(self.folder / "state"))
        err.until(b"[kube-system]")
        self.assertEqual(self.rules(child, err), [
            ("error", "events in shop", 'apiGroups [""], resources [events], verbs [watch] in namespace shop'),
            ("warning", "owners in shop", "apiGroups [batch], resources [jobs, cronjobs], verbs [get] in namespace shop"),
            ("warning", "cluster id", 'apiGroups [""], resources [namespaces], verbs [get], resourceNames [kube-system] '
                                      "in namespace kube-system")])

    def test_it_asks_for_no_right_it_does_not_need(self):
        server, child, err = self.run_with(set(self.OWNERS), "--no-owner-lookup")
        server.wait_for_reviews(2)
        self.assertEqual(self.rules(child, err), [])
        self.assertEqual(sorted(server.reviews), ["list events", "watch events"])

    def test_a_server_that_answers_no_review_delays_nothing(self):
        server = self.api_server(items=1)
        asked, done = threading.Event(), threading.Event()
        self.addCleanup(done.set)

        class Stubborn(set):
            def __contains__(self, review):
                asked.set()
                done.wait(TIMEOUT)
                return False

        server.forbidden = Stubborn()
        child, out, err = self.start("-o", "ndjson", KUBECONFIG=self.kubeconfig(server.url))
        self.assertTrue(asked.wait(TIMEOUT))
        out.until(b"\n")
        self.assertTrue(server.watched.wait(TIMEOUT))
        self.assertEqual(self.rules(child, err), [])


class Ending(Running):
    def silent_sentry(self):
        """Takes connections and never answers."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        return listener, "http://0123456789abcdef0123456789abcdef@127.0.0.1:%d/1" % listener.getsockname()[1]

    def test_a_second_sigint_ends_it_at_once(self):
        listener, dsn = self.silent_sentry()
        child, _, err = self.start("--drain-timeout", "50s", KUBECONFIG=self.kubeconfig(self.api_server().url), SENTRY_DSN=dsn)
        connection, _ = listener.accept()  # it is sending
        self.addCleanup(connection.close)
        child.send_signal(signal.SIGINT)
        err.until(b'"stopping","in_flight":"1","at_most":"50s"')
        self.assertIsNone(child.poll(), "it should still be delivering")
        begun = time.monotonic()
        child.send_signal(signal.SIGINT)
        self.assertEqual(self.end(child), 130)
        self.assertLess(time.monotonic() - begun, 5)

    def test_the_drain_has_an_end(self):
        listener, dsn = self.silent_sentry()
        child, _, _ = self.start("--drain-timeout", "1s", KUBECONFIG=self.kubeconfig(self.api_server().url), SENTRY_DSN=dsn)
        connection, _ = listener.accept()
        self.addCleanup(connection.close)
        begun = time.monotonic()
        child.send_signal(signal.SIGINT)
        self.assertEqual(self.end(child), 1)  # one telling was not delivered
        self.assertLess(time.monotonic() - begun, 20)
        self.assertIn(b"in_flight", child.stderr.read())


if __name__ == "__main__":
    unittest.main()
