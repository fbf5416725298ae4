"""`k8sentry replay` keeps what the README promises."""
import json
import os
import re
import resource
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from command import BINARY, FAKE_SENTRY, LIST, STREAM, TIMEOUT, environment, event, on_terminal, run

FLAGS = ("--reason", "--exclude-reason", "--namespace", "--exclude-namespace", "--type", "--threshold", "--window",
         "--cluster-name")


class Usage(unittest.TestCase):
    def test_wrong_usage_is_2_and_says_so_on_stderr(self):
        for arguments in ([], ["nonsense"], ["replay"], ["replay", "--nonsense", STREAM], ["replay", "-o", "xml", STREAM],
                          ["replay", "--window", "5x", STREAM], ["replay", "--window", "-5m", STREAM],
                          ["replay", "--threshold", "BackOff", STREAM], ["replay", "--threshold", "BackOff=0", STREAM],
                          ["replay", "--threshold", "BackOff=x", STREAM], ["replay", "--log-format", "xml", STREAM],
                          ["run", "--nonsense"], ["run", "surplus"]):
            done = run(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, b""), arguments)
            self.assertTrue(done.stderr.strip(), arguments)

    def test_help_goes_to_stdout_and_names_every_flag(self):
        for command in ("replay", "run"):
            done = run(command, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            for flag in (*FLAGS, "--dry-run" if command == "replay" else "--drain-timeout"):
                self.assertIn(flag, done.stdout.decode())
        done = run("--help")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        for command in (b"replay", b"run"):
            self.assertIn(command, done.stdout)

    def test_help_is_a_command_too(self):
        self.assertEqual(run("help").stdout, run("--help").stdout)
        self.assertEqual(run("help", "replay").stdout, run("replay", "--help").stdout)
        self.assertEqual(run("help", "nonsense").returncode, 2)
        self.assertEqual(run("version").stdout, run("--version").stdout)

    def test_version(self):
        done = run("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout.decode(), r"^k8sentry \d+\.\d+\.\d+")


class Inputs(unittest.TestCase):
    def result(self, *arguments, stdin=b""):
        done = run("replay", "-o", "json", *arguments, stdin=stdin)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_a_file_and_a_pipe_say_the_same(self):
        with open(STREAM, "rb") as file:
            self.assertEqual(self.result(STREAM), self.result("-", stdin=file.read()))

    def test_several_files_are_read_in_their_order(self):
        with tempfile.NamedTemporaryFile() as first, tempfile.NamedTemporaryFile() as second:
            first.write(event(count=2))
            second.write(event(count=5, metadata={"uid": "u1", "resourceVersion": "2"}))
            first.flush(), second.flush()
            self.assertEqual(self.result(first.name, second.name)["issues"][0]["sightings"], 5)
            # The lower total comes last: nothing new.
            self.assertEqual(self.result(second.name, first.name)["ledger"]["stale"], 1)
            self.assertEqual(self.result(first.name, "-", stdin=event(metadata={"uid": "u2"}))["ledger"]["seen"], 2)

    def test_a_missing_file_is_named_and_is_1(self):
        done = run("replay", "-o", "json", "/nonexistent/file")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"/nonexistent/file", done.stderr)
        self.assertEqual(run("replay", "-o", "json", STREAM, "/nonexistent/file").returncode, 1)

    def test_a_directory_is_1(self):
        self.assertEqual(run("replay", "/").returncode, 1)

    def test_an_input_that_holds_nothing_readable_is_1_and_an_empty_one_0(self):
        for data, expected in ((b"", 0), (b"\n\n", 0), (b"garbage\n", 1), (b'{"kind":"Pod"}', 1), (b'{"kind":"EventList","items":[]}', 0),
                               (b"garbage\n" + event(), 0), (event(type="Normal"), 0)):
            for output in ("table", "json", "ndjson"):
                self.assertEqual(run("replay", "-o", output, "-", stdin=data).returncode, expected, data)

    def test_kubectl_s_two_ways_of_the_readme(self):
        with open(LIST, "rb") as file:
            items = json.load(file)["items"]
        listed = json.dumps({"apiVersion": "v1", "items": items, "kind": "List"}, indent=4).encode()
        watched = b"".join(json.dumps({"type": "ADDED", "object": {"kind": "Event", **i}}, indent=4).encode() + b"\n" for i in items)
        self.assertEqual(self.result("-", stdin=listed), self.result(LIST))
        self.assertEqual(self.result("-", stdin=watched), self.result(LIST))


class Outputs(unittest.TestCase):
    def test_json_is_one_document_whose_ledger_balances(self):
        done = run("replay", "-o", "json", STREAM)
        result = json.loads(done.stdout)
        counts = result["ledger"]
        self.assertEqual(set(result), {"issues", "ledger"})
        self.assertEqual(counts["seen"], counts["malformed"] + counts["stale"] + counts["filtered"] + counts["routed"])
        self.assertEqual(counts["routed"], counts["below_threshold"] + counts["swallowed"] + counts["delivered"])

    def test_ndjson_is_a_line_for_each_telling(self):
        *lines, last = [json.loads(line) for line in run("replay", "-o", "ndjson", STREAM).stdout.splitlines()]
        counts = json.loads(run("replay", "-o", "json", STREAM).stdout)["ledger"]
        self.assertEqual(last, {"ledger": counts})
        self.assertEqual(len(lines), counts["delivered"] + counts["summaries"])
        self.assertEqual(len({line["id"] for line in lines}), len(lines))

    def test_two_runs_say_the_same(self):
        for output in ("table", "json", "ndjson"):
            self.assertEqual(run("replay", "-o", output, STREAM).stdout, run("replay", "-o", output, STREAM).stdout)

    def test_a_table_is_the_default_and_shows_every_issue(self):
        done = run("replay", STREAM)
        self.assertEqual(done.stdout, run("replay", "-o", "table", STREAM).stdout)
        shown = done.stdout.decode()
        for issue in json.loads(run("replay", "-o", "json", STREAM).stdout)["issues"]:
            self.assertIn(issue["reason"], shown)
            self.assertIn(issue["workload"]["name"], shown)

    def test_data_and_logs_do_not_meet(self):
        done = run("replay", "-o", "json", "--log-level", "debug", "-", stdin=b"garbage\n" + event())
        self.assertEqual(json.loads(done.stdout)["ledger"]["malformed"], 1)

    def test_a_newline_in_a_name_starts_no_log_line(self):
        for form in ("text", "json"):
            done = run("replay", "--log-format", form, "/nonexistent/\nERROR forged \x1b[31m\u202e")
            self.assertFalse([line for line in done.stderr.splitlines() if line.startswith(b"ERROR forged")])
            self.assertNotIn(b"\x1b", done.stderr)
            self.assertNotIn("\u202e".encode(), done.stderr)

    def test_a_reader_that_leaves_ends_it(self):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([BINARY, "replay", "-o", "ndjson", STREAM], stdout=writer, stderr=subprocess.PIPE,
                              timeout=TIMEOUT, env=environment())
        os.close(writer)
        self.assertIn(done.returncode, (0, -signal.SIGPIPE))


HOSTILE = ("\x1b]0;title\x07 \x1b[2J \x07 \x7f \x9b31m \u202egnp.exe \u2066x\u2069 \u2028 \x00 \r\x08 end", "\nforged line")


class Terminal(unittest.TestCase):
    """CVE-2021-25743: a terminal obeys what is in an Event."""

    def hostile(self):
        text = "".join(HOSTILE)
        return event(message=text, reason="Bad" + text, metadata={"uid": "u1", "name": text},
                     involvedObject={"kind": "Pod" + text, "namespace": "ns" + text, "name": "web" + text,
                                     "fieldPath": "spec.containers{c" + text + "}"}) + b"\x1b[2J garbage\n"

    def harmless(self, received):
        plain = re.sub(r"\x1b\[[0-9;]*m", "", received.decode("utf-8"))  # our own colours
        self.assertNotRegex(plain, "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
        self.assertNotRegex(plain, r"(?m)^forged line")
        self.assertIsNone(re.search("\r(?!\r*\n)", plain))

    def test_hostile_text_never_reaches_it(self):
        for output in ("table", "json", "ndjson"):
            received = on_terminal("replay", "-o", output, "--cluster-name", "east", "-", stdin=self.hostile())
            self.assertIn(b"end", received)
            self.harmless(received)

    def test_hostile_text_leaves_no_colour_behind(self):
        received = on_terminal("replay", "-o", "table", "-", stdin=event(message="\x1b[31mred"), NO_COLOR="1")
        self.assertNotIn(b"\x1b", received)

    def test_the_recorded_hostile_event(self):
        for output in ("table", "json", "ndjson"):
            self.harmless(on_terminal("replay", "-o", output, STREAM))

    def test_colour_is_for_terminals_without_no_color(self):
        self.assertIn(b"\x1b[", on_terminal("replay", STREAM))
        self.assertNotIn(b"\x1b", on_terminal("replay", STREAM, NO_COLOR="1"))
        self.assertNotIn(b"\x1b", run("replay", STREAM).stdout)

    def test_files_get_escaped_text_too(self):
        for output in ("table", "json", "ndjson"):
            done = run("replay", "-o", output, "-", stdin=self.hostile())
            self.harmless(done.stdout)
            self.harmless(done.stderr)


class Sending(unittest.TestCase):
    def setUp(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        self.dsn = "http://0123456789abcdef0123456789abcdef@127.0.0.1:%d/1" % self.listener.getsockname()[1]

    def connections(self):
        self.listener.setblocking(False)
        try:
            self.listener.accept()[0].close()
            return 1
        except BlockingIOError:
            return 0

    def test_a_dry_run_sends_nothing(self):
        done = run("replay", "--dry-run", "-o", "json", STREAM, SENTRY_DSN=self.dsn)
        self.assertEqual((done.returncode, self.connections()), (0, 0))
        self.assertEqual(done.stdout, run("replay", "-o", "json", STREAM).stdout)

    def test_without_a_dsn_nothing_is_sent(self):
        self.assertEqual((run("replay", STREAM).returncode, self.connections()), (0, 0))

    @unittest.skipUnless(FAKE_SENTRY, "no fake Sentry was named")
    def test_with_a_dsn_the_same_issues_are_sent(self):
        with (tempfile.NamedTemporaryFile() as out,
              subprocess.Popen([FAKE_SENTRY, "--out=" + out.name], stdout=subprocess.PIPE) as sentry):
            dsn = sentry.stdout.readline().decode().strip()
            done = run("replay", "-o", "ndjson", STREAM, SENTRY_DSN=dsn)
            sentry.terminate()
            sentry.wait(TIMEOUT)
            envelopes = [json.loads(line) for line in out]
        self.assertEqual(sentry.returncode, 0)
        self.assertEqual((done.returncode, done.stdout), (0, run("replay", "-o", "ndjson", STREAM).stdout))
        told = [json.loads(line) for line in done.stdout.splitlines()[:-1]]
        self.assertEqual({e["event_id"] for e in envelopes}, {t["id"] for t in told})
        self.assertEqual(len(envelopes), len(told))
        sent = {e["event_id"]: e["items"][0]["payload"] for e in envelopes}
        for telling in told:
            payload = sent[telling["id"]]
            self.assertEqual((payload["fingerprint"], payload["level"], payload["transaction"]),
                             (telling["fingerprint"], telling["level"], telling["culprit"]))

    def test_what_could_not_be_sent_is_1(self):
        self.listener.close()
        done = run("replay", "--drain-timeout", "1s", "-o", "json", "-", stdin=event(), SENTRY_DSN=self.dsn)
        self.assertEqual(done.returncode, 1)

    def test_waiting_costs_nothing(self):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.listener.settimeout(TIMEOUT)
        child = subprocess.Popen([BINARY, "replay", "--drain-timeout", "1s", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, env=environment(SENTRY_DSN=self.dsn))
        child.stdin.write(event())
        child.stdin.close()
        connection, _ = self.listener.accept()  # to be left without an answer
        with connection:
            with self.assertRaises(subprocess.TimeoutExpired):
                child.wait(3)
            child.send_signal(signal.SIGINT)
            child.wait(TIMEOUT)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertLess(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 0.5)

    def test_a_bad_dsn_is_78_and_is_not_shown(self):
        for dsn in ("nonsense", "https://sentry.example/1", "https://topsecretkey@sentry.example", "ftp://topsecretkey@sentry.example/1"):
            done = run("replay", STREAM, SENTRY_DSN=dsn)
            self.assertEqual((done.returncode, done.stdout), (78, b""), dsn)
            self.assertNotIn(b"topsecretkey", done.stderr)
            self.assertTrue(done.stderr.strip())


if __name__ == "__main__":
    unittest.main()
