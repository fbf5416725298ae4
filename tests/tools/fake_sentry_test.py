#!/usr/bin/env python3
"""The program fake_sentry as an end-to-end test uses it: fake_sentry_test.py PROGRAM"""
import json
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

PROGRAM = sys.argv.pop()
ID = "ab" * 16


class Fake:
    def __init__(self, *options):
        self.process = subprocess.Popen([PROGRAM, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.dsn = urllib.parse.urlsplit(self.process.stdout.readline().strip())

    def post(self, event):
        payload = json.dumps(dict(event, event_id=ID))
        body = f'{{"event_id":"{ID}"}}\n{{"type":"event","length":{len(payload)}}}\n{payload}\n'
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.dsn.port}/api{self.dsn.path}/envelope/", body.encode(), method="POST",
            headers={"Content-Type": "application/x-sentry-envelope", "User-Agent": "test/1",
                     "X-Sentry-Auth": f"Sentry sentry_version=7, sentry_client=test/1, sentry_key={self.dsn.username}"})
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, dict(response.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers)

    def end(self):
        self.process.terminate()
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out.splitlines(), err


class FakeSentryProgram(unittest.TestCase):
    def test_prints_a_line_for_each_envelope(self):
        fake = Fake()
        self.assertEqual(fake.post({"level": "error"})[0], 200)
        code, lines, _ = fake.end()
        self.assertEqual(code, 0)
        self.assertEqual([json.loads(line) for line in lines], [{
            "status": 200, "compressed": False, "event_id": ID, "headers": {"event_id": ID},
            "items": [{"headers": {"type": "event", "length": 66},
                       "payload": {"level": "error", "event_id": ID}}]}])

    def test_fails_as_often_as_it_is_told_to(self):
        with tempfile.NamedTemporaryFile() as out:
            fake = Fake("--fail-first=2", "--status=429", "--header=Retry-After: 3", f"--out={out.name}")
            answers = [fake.post({}) for _ in range(3)]
            self.assertEqual([status for status, _ in answers], [429, 429, 200])
            self.assertEqual(answers[0][1]["Retry-After"], "3")
            self.assertEqual(fake.end()[:2], (0, []))
            self.assertEqual([json.loads(line)["status"] for line in out], [429, 429, 200])

    def test_fails_itself_when_sentry_would_have_refused(self):
        fake = Fake()
        fake.dsn = fake.dsn._replace(path="/43")
        self.assertEqual(fake.post({})[0], 404)
        code, lines, err = fake.end()
        self.assertEqual((code, lines), (1, []))
        self.assertIn("path", err)

    def test_refuses_what_it_cannot_read(self):
        for option in ("--nonsense", "--status=x", "--header=x"):
            self.assertEqual(subprocess.run([PROGRAM, option], stderr=subprocess.DEVNULL).returncode, 2)


if __name__ == "__main__":
    unittest.main()
