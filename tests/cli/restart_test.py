"""`k8sentry run --state-file` loses nothing and tells nothing twice across restarts (docs/semantics.md 8)."""
import json
import os
import random
import signal
import subprocess
import threading
import unittest

import world
from world import TIMEOUT

ROUNDS = int(os.environ.get("K8SENTRY_KILLS", "10"))


class Restarts(world.Agent):
    def setUp(self):
        super().setUp()
        self.always = ["--state-file", str(self.folder / "state/state.json")]

    def test_killed_anywhere_it_loses_nothing_and_repeats_only_under_the_same_id(self):
        self.sentry.slow = 0.05
        done = threading.Event()

        def write():
            while not done.wait(0.02):
                self.cluster.add(3)
        writer = threading.Thread(target=write)
        writer.start()
        for _ in range(ROUNDS):
            # Once there is a state, nothing but the state says what was lost.
            known = (self.folder / "state/state.json").exists()
            child = self.start("--window", "0", *(["--lookback", "0"] if known else []))
            with self.assertRaises(subprocess.TimeoutExpired):
                child.wait(random.uniform(0.05, 1.6))
            child.kill()
            child.communicate()
            self.cluster.add(5)
        done.set()
        writer.join()
        child = self.start("--window", "0", "--lookback", "0")
        self.wait_for_all()
        self.stop(child)
        twice = {uid: ids for uid, ids in self.sentry.ids().items() if len(set(ids)) > 1}
        self.assertEqual(twice, {})

    def test_ended_in_order_it_tells_nothing_twice(self):
        for _ in range(4):
            self.cluster.add(50)
            child = self.start("--window", "0")
            self.wait_for_all()
            self.stop(child)
            self.cluster.add(50)  # while nobody runs
        child = self.start("--window", "0")
        self.wait_for_all()
        self.stop(child)
        self.assertEqual([uid for uid, ids in self.sentry.ids().items() if len(ids) > 1], [])

    def test_what_sentry_did_not_take_before_the_end_is_told_by_the_next_run(self):
        self.sentry.down = True
        self.cluster.add(20)
        child = self.start("--window", "0", "--drain-timeout", "100ms")
        self.wait_for_state(lambda state: len(state["unacknowledged"]) == 20)
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=TIMEOUT)
        self.assertEqual(child.returncode, 1, "not all was delivered")
        self.sentry.down = False
        child = self.start("--window", "0", "--lookback", "0")
        self.wait_for_all()
        self.stop(child)

    def test_a_window_goes_on_across_a_restart(self):
        self.cluster.add(1)
        child = self.start()
        self.wait_for_all()
        self.stop(child)
        one = self.cluster.events[0]
        with self.cluster.changed:  # the same pod again, by another Event
            self.cluster.events.append({**one, "metadata": {"uid": "uid-1001", "resourceVersion": "1001"}})
        child = self.start("--log-format", "json")
        self.wait_for_state(lambda state: state["keys"][0]["count"] == 1)
        ledger = [json.loads(line) for line in self.stop(child).splitlines() if '"ledger"' in line][0]
        self.assertEqual(ledger["swallowed"], "1")
        self.assertEqual(len(self.sentry.arrivals), 1)

    def test_a_mark_that_the_server_forgot_is_closed_by_a_list(self):
        self.cluster.add(10)
        child = self.start("--window", "0")
        self.wait_for_all()
        self.stop(child)
        self.cluster.add(10)
        self.cluster.gone_below = self.cluster.version - 2
        child = self.start("--window", "0")
        self.wait_for_all()
        self.stop(child)
        self.assertEqual([uid for uid, ids in self.sentry.ids().items() if len(ids) > 1], [])

    def test_another_cluster_at_the_same_address_begins_anew(self):
        self.cluster.add(10)
        child = self.start("--window", "0")
        self.wait_for_all()
        self.stop(child)
        self.cluster.cluster_id, self.cluster.events = "cluster-2", []
        self.cluster.add(5)
        for event in self.cluster.events:
            event["metadata"]["uid"] += "-new"
        self.sentry.arrivals.clear()
        child = self.start("--window", "0")
        self.wait_for_all()
        errors = self.stop(child)
        self.assertIn("storage", errors)

    def test_a_state_file_that_cannot_be_used_is_78(self):
        (self.folder / "state").mkdir(mode=0o700)
        (self.folder / "state/state.json").write_text("no state", encoding="utf-8")
        child = self.start()
        errors = child.communicate(timeout=TIMEOUT)[1]
        self.assertEqual(child.returncode, 78)
        self.assertIn(b"remove it to begin anew", errors)
        self.assertEqual(errors.strip().count(b"\n"), 0)


if __name__ == "__main__":
    unittest.main()
