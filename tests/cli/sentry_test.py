"""Flags and variables about Sentry, and `k8sentry test-dsn`."""
import json
import subprocess
import tempfile
import unittest

from command import FAKE_SENTRY, event, on_terminal, run


class Sentry(unittest.TestCase):
    """Each test has a fake Sentry; what it took is in `envelopes()`."""
    refusals = ()

    @classmethod
    def setUpClass(cls):
        if not FAKE_SENTRY:
            raise unittest.SkipTest("no fake Sentry was named")

    def setUp(self):
        self.out = tempfile.NamedTemporaryFile("r")
        self.addCleanup(self.out.close)
        self.fake = subprocess.Popen([FAKE_SENTRY, "--out=" + self.out.name, *self.refusals], stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL)
        self.addCleanup(self.fake.stdout.close)
        self.addCleanup(self.fake.wait)
        self.addCleanup(self.fake.terminate)
        self.dsn = self.fake.stdout.readline().decode().strip()

    def envelopes(self):
        self.fake.terminate()
        self.fake.wait()
        return [json.loads(line) for line in self.out]

    def items(self, kind):
        return [item for envelope in self.envelopes() for item in envelope["items"] if item["headers"]["type"] == kind]

    def send(self, *arguments, **env):
        done = run("replay", *arguments, "-", stdin=self.stream(), SENTRY_DSN=env.pop("SENTRY_DSN", self.dsn), **env)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def stream(self):
        return (event(metadata={"uid": "a", "resourceVersion": "1"}, message="password=hunter2 and badger-7 failed") +
                event(metadata={"uid": "b", "resourceVersion": "2"}, reason="Pulled", type="Normal") +
                event(metadata={"uid": "c", "resourceVersion": "3"}, message="password=hunter2 and badger-7 failed"))


class Flags(Sentry):
    def test_a_file_may_hold_the_dsn(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(f"\n {self.dsn}\n")
            file.flush()
            self.send("--dsn-file", file.name, SENTRY_DSN="http://unused@127.0.0.1:1/1")
        self.assertEqual(len(self.items("event")), 1)

    def test_a_dsn_file_that_holds_none_is_78_and_shows_nothing_of_it(self):
        for text, said in (("", b"there is no DSN in it"), ("topsecretnonsense", b"--dsn-file"), ("x" * 5000, b"longer than a DSN")):
            with tempfile.NamedTemporaryFile("w") as file:
                file.write(text)
                file.flush()
                done = run("test-dsn", "--dsn-file", file.name)
            self.assertEqual((done.returncode, done.stdout), (78, b""))
            self.assertIn(said, done.stderr)
            self.assertNotIn(b"topsecret", done.stderr)
        done = run("test-dsn", "--dsn-file", "/nonexistent/dsn")
        self.assertEqual(done.returncode, 78)
        self.assertIn(b"/nonexistent/dsn: cannot be read", done.stderr)

    def test_flags_win_over_the_environment(self):
        self.send("--environment", "blue", "--release", "shop@2", "--server-name", "node-1", SENTRY_ENVIRONMENT="red",
                  SENTRY_RELEASE="shop@1")
        issue, = self.items("event")
        self.assertEqual([issue["payload"][key] for key in ("environment", "release", "server_name")],
                         ["blue", "shop@2", "node-1"])

    def image_event(self):
        return event(reason="BackOff", message='Back-off pulling image "registry:5000/team/app:1.2.3"')

    def test_the_release_is_the_images_tag_where_nobody_names_one(self):
        self.stream = self.image_event
        self.send("--sentry-logs", "told")
        items = [item for envelope in self.envelopes() for item in envelope["items"]]
        issue, = [item["payload"] for item in items if item["headers"]["type"] == "event"]
        self.assertEqual(issue["release"], "app@1.2.3")
        log, = [log for item in items if item["headers"]["type"] == "log" for log in json.loads(item["payload"])["items"]]
        self.assertEqual(log["attributes"]["sentry.release"]["value"], "app@1.2.3")

    def test_a_named_release_wins_over_the_images_tag(self):
        self.stream = self.image_event
        self.send(SENTRY_RELEASE="shop@1")
        issue, = self.items("event")
        self.assertEqual(issue["payload"]["release"], "shop@1")

    def test_issues_need_no_release_of_their_workload(self):
        self.stream = self.image_event
        self.send("--no-workload-release")
        issue, = self.items("event")
        self.assertNotIn("release", issue["payload"])

    def test_secrets_stay_at_home_unless_one_asks_for_them(self):
        self.send("--scrub-pattern", "badger-[0-9]")
        issue, = self.items("event")
        text = json.dumps(issue)
        self.assertNotIn("hunter2", text)
        self.assertNotIn("badger-7", text)
        self.assertIn("[Filtered]", text)

    def test_nothing_is_masked_without_scrubbing(self):
        self.send("--no-scrubbing")
        self.assertIn("password=hunter2", json.dumps(self.items("event")))

    def test_the_events_told_become_logs(self):
        self.send("--sentry-logs", "told")
        self.assertEqual(self.log_reasons(), ["Killed"])

    def test_all_events_that_are_let_through_become_logs(self):
        self.send("--sentry-logs", "all", "--type", "Normal,Warning", "--exclude-reason", "Pulled")
        self.assertEqual(self.log_reasons(), ["Killed", "Killed"])

    def log_reasons(self):
        logs = [log for item in self.items("log") for log in json.loads(item["payload"])["items"]]
        return [log["attributes"]["k8s.event.reason"]["value"] for log in logs]

    def test_a_sample_rate_of_nothing_sends_nothing_and_says_so(self):
        done = self.send("-o", "ndjson", SENTRY_SAMPLE_RATE="0")
        self.assertEqual(json.loads(done.stdout.splitlines()[-1])["ledger"]["sampled_out"], 1)
        envelopes = self.envelopes()
        kinds = [item["headers"]["type"] for envelope in envelopes for item in envelope["items"]]
        self.assertEqual(kinds, ["client_report"])

    def test_breadcrumbs_are_the_earlier_events_of_the_workload(self):
        self.send("--type", "Normal,Warning", "--threshold", "Killed=2")
        issue = [item["payload"] for item in self.items("event") if "exception" in item["payload"]][0]
        self.assertTrue(issue["breadcrumbs"]["values"])

    def test_a_wrong_value_is_one_line_and_2(self):
        for flags, said in ((("--sample-rate", "2"), b"no number between 0 and 1"),
                            (("--max-breadcrumbs", "101"), b"no number between 0 and 100"),
                            (("--sentry-logs", "al"), b"did you mean 'all'?"),
                            (("--sentry-cert-file", "x"), b"need each other"),
                            (("--scrub-pattern", "("), b"scrub")):
            done = run("test-dsn", *flags, SENTRY_DSN=self.dsn)
            self.assertIn(done.returncode, (2, 78), flags)
            self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
            self.assertIn(said, done.stderr)
        done = run("test-dsn", SENTRY_DSN=self.dsn, SENTRY_SAMPLE_RATE="much")
        self.assertEqual((done.returncode, done.stderr.count(b"\n")), (78, 1))


class TestDsn(Sentry):
    def test_it_sends_one_of_each_and_shows_their_ids(self):
        done = run("test-dsn", "-o", "json", SENTRY_DSN=self.dsn, SENTRY_ENVIRONMENT="staging")
        self.assertEqual(done.returncode, 0, done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual([(line["item"], line["status"], line["remedy"]) for line in said["sent"]],
                         [("issue", 200, ""), ("log", 200, ""), ("check-in", 200, "")])
        self.assertNotIn(self.dsn.split("@")[0], done.stdout.decode())
        issue, log, check_in = [item for envelope in self.envelopes() for item in envelope["items"]]
        self.assertEqual(issue["payload"]["event_id"], said["sent"][0]["id"])
        self.assertEqual((issue["payload"]["level"], issue["payload"]["environment"]), ("info", "staging"))
        self.assertIn(said["sent"][1]["id"], log["payload"])
        self.assertIn(said["sent"][2]["id"], check_in["payload"])
        self.assertIn("monitor_config", check_in["payload"])

    def test_it_makes_no_monitor_when_told_so(self):
        self.assertEqual(run("test-dsn", "--no-check-in", SENTRY_DSN=self.dsn).returncode, 0)
        self.assertEqual(self.items("check_in"), [])

    def test_a_person_reads_it_in_colour_and_without_the_key(self):
        shown = on_terminal("test-dsn", SENTRY_DSN=self.dsn)
        self.assertIn(b"\x1b[32mstatus 200\x1b[0m", shown)
        self.assertIn(b"K8sentryTest", shown)
        self.assertNotIn(self.dsn.split("//")[1].split("@")[0].encode(), shown)

    def test_a_key_that_sentry_does_not_know(self):
        done = run("test-dsn", SENTRY_DSN="http://0000000000000000ffffffffffffffff@" + self.dsn.split("@")[1])
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"status 403", done.stdout)
        self.assertEqual(done.stdout.count(b"-> the key is unknown or disabled"), 1, "once, not for each item")

    def test_nobody_answers(self):
        done = run("test-dsn", "--timeout", "2s", SENTRY_DSN="http://key@127.0.0.1:1/1")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"no answer", done.stdout)
        self.assertIn(b"-> nothing answered", done.stdout)

    def test_there_is_no_dsn(self):
        done = run("test-dsn")
        self.assertEqual((done.returncode, done.stdout), (78, b""))
        self.assertIn(b"set SENTRY_DSN", done.stderr)


class Limited(Sentry):
    refusals = ("--fail-first=3", "--status=429", "--header=X-Sentry-Rate-Limits: 60:error:organization:\x1b[31mquota")

    def test_rate_limits_are_shown_and_harm_no_terminal(self):
        done = run("test-dsn", SENTRY_DSN=self.dsn)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"rate limits 60:error:organization:", done.stdout)
        self.assertNotIn(b"\x1b", done.stdout)
        self.assertIn(b"-> Sentry limits this project", done.stdout)


if __name__ == "__main__":
    unittest.main()
