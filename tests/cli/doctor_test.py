"""`k8sentry doctor` says what is wrong, what to do, and by its exit code how bad it is."""
import json
import pathlib
import socket
import time
import unittest

from command import TIMEOUT, on_terminal, run
from run_test import KUBECONFIG, PLUGIN_CONFIG, Running

KEY = "topsecretkey00000000000000000000"


class Doctor(Running):
    def doctor(self, *arguments, server=None, code=0, **env):
        if server is not None:
            env["KUBECONFIG"] = self.kubeconfig(server.url)
        done = run("doctor", *arguments, **env)
        text = done.stdout + done.stderr
        self.assertEqual(done.returncode, code, text)
        for secret in (b"topsecrettoken", KEY.encode(), b"topsecretpassword"):
            self.assertNotIn(secret, text)
        return done

    def report(self, *arguments, **options):
        return json.loads(self.doctor("-o", "json", *arguments, **options).stdout)

    def troubles(self, report):
        return [(f["level"], f["what"]) for f in report["findings"] if f["level"] != "ok"]

    def server(self, *forbidden):
        server = self.api_server()
        server.forbidden = set(forbidden)
        return server

    # A token without TLS is not sent, which is a warning of its own.
    NO_TLS = ("warning", "configuration")


class Report(Doctor):
    def test_a_cluster_that_can_be_watched_is_0(self):
        report = self.report(server=self.server())
        self.assertEqual((report["ok"], report["role"], report["user"]), (True, None, "jane"))
        self.assertEqual(self.troubles(report), [self.NO_TLS])
        self.assertEqual([f["what"] for f in report["findings"]],
                         ["configuration", "API server", "clock", "user", "events", "owners"])

    def test_it_says_where_everything_comes_from(self):
        server = self.server()
        dsn = f"https://{KEY}@o1.ingest.sentry.io/42"
        report = self.report(server=server, SENTRY_DSN=dsn)
        self.assertEqual(report["server"], server.url)
        self.assertIn(str(self.folder / "kubeconfig"), report["origin"])
        self.assertIn("context x", report["origin"])
        self.assertEqual(report["sentry"], "https://***@o1.ingest.sentry.io/42")
        self.assertIsNone(report["proxy"])
        text = self.doctor(server=server, SENTRY_DSN=dsn).stdout.decode()
        for fact in (server.url, "context x", "https://***@o1.ingest.sentry.io/42", "Kubernetes v1.37.0", "jane", "clock"):
            self.assertIn(fact, text)

    def test_it_asks_only_for_what_run_will_do(self):
        server = self.server()
        report = self.report("-n", "shop,payments", "--no-owner-lookup", "--state-file", "/nonexistent/state", server=server)
        self.assertEqual(sorted(server.reviews), ["get namespaces in kube-system", "list events in payments", "list events in shop",
                                                  "watch events in payments", "watch events in shop"])
        self.assertTrue(report["ok"])

    def test_a_missing_right_to_events_is_1_and_its_rule_is_printed(self):
        server = self.server("list events", "watch events", "get pods")
        report = self.report(server=server, code=1)
        self.assertEqual(self.troubles(report), [self.NO_TLS, ("error", "events"), ("warning", "owners")])
        events = next(f for f in report["findings"] if f["what"] == "events")
        self.assertEqual(events["missing"], [{"namespace": None, "apiGroups": [""], "resources": ["events"], "verbs": ["list", "watch"]}])
        text = self.doctor(server=server, code=1).stdout.decode()
        self.assertIn("kubectl apply -f - <<'EOF'\n" + report["role"] + "EOF\n", text)
        self.assertIn('  resources: ["events"]\n  verbs: ["list", "watch"]\n', text)
        self.assertIn('- kind: User\n  apiGroup: rbac.authorization.k8s.io\n  name: "jane"\n', text)

    def test_a_missing_right_that_is_not_needed_is_0(self):
        report = self.report(server=self.server("get jobs"))
        self.assertTrue(report["ok"])
        self.assertEqual(self.troubles(report), [self.NO_TLS, ("warning", "owners")])

    def test_hostile_text_reaches_no_terminal(self):
        server = self.server("list events")
        server.user = "x\x1b[31m\nEOF\n\u202ekind: Group"
        server.roots["/version"] = {"gitVersion": "v1\x1b]0;owned\x07"}
        text = on_terminal("doctor", "--color", "never", KUBECONFIG=self.kubeconfig(server.url))
        self.assertNotIn(b"\x1b", text)
        self.assertNotIn("\u202e".encode(), text)
        self.assertEqual(text.count(b"\nEOF\r\n"), 1, "nothing but our own end of the role")
        self.assertIn(b"v1\\x1b]0;owned\\x07", text)

    def test_colours_are_as_everywhere(self):
        server = self.server("list events")
        config = self.kubeconfig(server.url)
        self.assertNotIn(b"\x1b", self.doctor(code=1, KUBECONFIG=config).stdout)
        self.assertIn(b"\x1b[1;31merror", on_terminal("doctor", KUBECONFIG=config))
        self.assertNotIn(b"\x1b", on_terminal("doctor", KUBECONFIG=config, NO_COLOR="1"))


class Unreachable(Doctor):
    def test_a_server_that_is_away_is_1(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        report = self.report("--server", f"https://127.0.0.1:{port}", code=1)
        self.assertEqual(self.troubles(report), [("error", "API server")])
        self.assertIn("nothing listens there", report["findings"][0]["detail"])
        self.assertIn("Connection refused", report["findings"][0]["detail"])

    def test_a_name_that_nobody_knows_is_1(self):
        # No DNS server is asked for a label that is too long.
        report = self.report("--server", "https://" + 64 * "a" + ".invalid", code=1)
        self.assertIn("name is not known", report["findings"][0]["detail"])
        self.assertIn("DNS", report["findings"][0]["remedy"])

    def test_silence_has_an_end(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            begun = time.monotonic()
            report = self.report("--server", "http://127.0.0.1:%d" % silent.getsockname()[1], "--request-timeout", "1s", code=1)
        self.assertLess(time.monotonic() - begun, TIMEOUT / 2)
        self.assertIn("no answer comes", report["findings"][0]["detail"])

    def test_a_program_that_fetches_no_credential_has_an_end(self):
        config = self.folder / "config"
        config.write_text(PLUGIN_CONFIG, encoding="utf-8")
        plugin = self.folder / "plugin"
        plugin.write_text("#!/bin/sh\necho $$ > $DIR/pid.new; mv $DIR/pid.new $DIR/pid\nsleep 60\n", encoding="utf-8")
        plugin.chmod(0o700)
        report = self.report("--request-timeout", "2s", code=1, KUBECONFIG=str(config), DIR=str(self.folder))
        self.assertEqual(self.troubles(report), [("error", "credential")])
        pid = (self.folder / "pid").read_text(encoding="utf-8").strip()
        self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())

    def test_the_proxy_is_named_without_its_password(self):
        config = self.folder / "config"
        config.write_text(KUBECONFIG.format(server="https://10.0.0.1").replace(
            "server:", "proxy-url: \"http://me:topsecretpassword@127.0.0.1:1\", server:"), encoding="utf-8")
        report = self.report(code=1, KUBECONFIG=str(config))
        self.assertEqual(report["proxy"], "http://***@127.0.0.1:1")
        self.assertIn("proxy-url", report["findings"][0]["remedy"])
        text = self.doctor(code=1, KUBECONFIG=str(config)).stdout
        self.assertIn(b"http://***@127.0.0.1:1", text)

    def test_what_is_no_api_server_is_1(self):
        server = self.server()
        server.roots["/version"] = {"hello": "world"}
        report = self.report(server=server, code=1)
        self.assertIn(("error", "API server"), self.troubles(report))
        self.assertEqual(server.reviews, [])


class Wrong(Doctor):
    def test_a_wrong_configuration_is_78(self):
        self.doctor(code=78)
        self.doctor(code=78, KUBECONFIG="/nonexistent/config")
        self.doctor("-n", "Shop", server=self.server(), code=78)

    def test_a_bad_dsn_is_78_and_the_cluster_is_looked_at_all_the_same(self):
        server = self.server()
        report = self.report(server=server, code=78, SENTRY_DSN=f"https://{KEY}@x")
        self.assertFalse(report["ok"])
        self.assertIn(("error", "sentry"), self.troubles(report))
        self.assertIn("watch events", server.reviews)

    def test_wrong_usage_is_2(self):
        for arguments in (("extra",), ("-o", "ndjson"), ("--token", "topsecrettoken"), ("-A", "-n", "shop"), ("--as-group", "g", "--server", "https://x")):
            self.assertEqual(self.doctor(*arguments, code=2).stdout, b"")

    def test_help_names_it(self):
        self.assertIn(b"doctor", run("--help").stdout)
        self.assertIn(b"--request-timeout", run("doctor", "--help").stdout)


if __name__ == "__main__":
    unittest.main()
