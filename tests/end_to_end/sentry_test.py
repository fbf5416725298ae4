#!/usr/bin/env python3
"""What reaches Sentry is what was told: sentry_test.py FAKE_SENTRY K8SENTRY OWN_LOOP RECORDINGS"""
import collections
import json
import os
import subprocess
import sys
import tempfile
import unittest

RECORDINGS = sys.argv.pop()
OWN_LOOP, K8SENTRY, FAKE_SENTRY = (sys.argv.pop() for _ in range(3))
STREAM = os.path.join(RECORDINGS, "kubernetes-1.37/events.watch.ndjson")
ENVIRONMENT = {"PATH": os.environ["PATH"]}


class Sentry:
    """A Sentry on loopback, and afterwards the envelopes that it took."""

    def __init__(self, *options):
        self.out = tempfile.NamedTemporaryFile("r", encoding="utf-8")
        self.process = subprocess.Popen([FAKE_SENTRY, f"--out={self.out.name}", *options], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.dsn = self.process.stdout.readline().strip()

    def accepted(self):
        self.process.terminate()
        _, err = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, err  # 1: something came that Sentry would refuse
        with self.out:
            return [line for line in map(json.loads, self.out) if line["status"] == 200]


def issues_of(envelopes):
    """How often each fingerprint was told, and under how many ids."""
    told, ids = collections.Counter(), collections.defaultdict(set)
    for envelope in envelopes:
        event = envelope["items"][0]["payload"]
        told[tuple(event["fingerprint"])] += 1
        ids[tuple(event["fingerprint"])].add(event["event_id"])
    return told, ids


class WhatReachesSentry(unittest.TestCase):
    def replay(self, *options):
        sentry = Sentry(*options)
        done = subprocess.run([K8SENTRY, "replay", "-o", "json", STREAM], capture_output=True, text=True, timeout=60,
                              env={**ENVIRONMENT, "SENTRY_DSN": sentry.dsn})
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout), sentry.accepted()

    def check(self, result, envelopes):
        """Nothing lost, nothing told twice, and the numbers are the replay's."""
        ledger = result["ledger"]
        self.assertEqual((ledger["in_flight"], ledger["overflowed"], ledger["rejected"]), (0, 0, 0))
        told, ids = issues_of(envelopes)
        self.assertEqual({key: len(of) for key, of in ids.items()}, told, "an id was told twice")
        sightings = collections.Counter()
        for envelope in envelopes:
            event = envelope["items"][0]["payload"]
            sightings[tuple(event["fingerprint"])] += event["contexts"]["k8sentry"]["sightings"]
        self.assertEqual(sightings, {tuple(issue["fingerprint"]): issue["sightings"] - issue["swallowed"] for issue in result["issues"]})
        return told, {tuple(issue["fingerprint"]): issue["told"] for issue in result["issues"]}

    def test_is_what_the_replay_told(self):
        self.assertEqual(*self.check(*self.replay()))

    def test_is_the_same_after_failures(self):
        self.assertEqual(*self.check(*self.replay("--fail-first=5", "--status=503")))

    def test_is_folded_by_a_rate_limit_but_not_less(self):
        told, expected = self.check(*self.replay("--fail-first=3", "--status=429", "--header=Retry-After: 1"))
        self.assertTrue(all(told[key] <= times for key, times in expected.items()))

    def test_has_the_same_ids_the_second_time(self):
        first, second = (issues_of(self.replay()[1])[1] for _ in range(2))
        self.assertEqual(first, second)

    def test_is_what_the_example_of_the_readme_sends(self):
        sentry = Sentry()
        with open(STREAM, "rb") as stream:
            done = subprocess.run([OWN_LOOP, sentry.dsn], stdin=stream, capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        # It runs by the wall clock: no window closes before the end.
        told, _ = issues_of(sentry.accepted())
        expected = json.loads(subprocess.run([K8SENTRY, "replay", "-o", "json", STREAM], capture_output=True, env=ENVIRONMENT).stdout)
        self.assertEqual(set(told), {tuple(issue["fingerprint"]) for issue in expected["issues"]})
        self.assertTrue(set(told.values()) <= {1, 2}, "more than a first and a last telling")

    def test_is_nothing_of_a_dry_run(self):
        sentry = Sentry()
        subprocess.run([K8SENTRY, "replay", "--dry-run", STREAM], capture_output=True, check=True,
                       env={**ENVIRONMENT, "SENTRY_DSN": sentry.dsn})
        self.assertEqual(sentry.accepted(), [])


if __name__ == "__main__":
    unittest.main()
