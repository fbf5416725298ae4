"""`k8sentry run --spool` loses nothing to an outage of Sentry, whoever dies meanwhile (docs/semantics.md 19)."""
import os
import random
import subprocess
import threading
import time
import unittest

import world
from world import TIMEOUT

ROUNDS = int(os.environ.get("K8SENTRY_KILLS", "8"))


class Spool(world.Agent):
    def setUp(self):
        super().setUp()
        self.spool = self.folder / "spool"
        self.always = ["--spool", str(self.spool), "--window", "0"]

    def on_disk(self):
        return b"".join(path.read_bytes() for path in self.spool.glob("*/*.seg"))

    def wait_on_disk(self):
        """Until the spool holds each Event of the cluster."""
        end, look = time.monotonic() + TIMEOUT, threading.Event()
        wanted = [event["metadata"]["uid"].encode() for event in self.cluster.events]
        while not all(uid in self.on_disk() for uid in wanted):
            self.assertLess(time.monotonic(), end, "not all came to disk")
            look.wait(0.1)

    def assert_all_came_once(self):
        self.assertEqual({uid: len(ids) for uid, ids in self.sentry.ids().items()},
                         {event["metadata"]["uid"]: 1 for event in self.cluster.events})

    def test_sentry_down_and_a_kill_and_all_arrive_once(self):
        self.sentry.down = True
        self.cluster.add(300)
        child = self.start()
        self.wait_on_disk()
        child.kill()
        errors = child.communicate()[1]
        self.assertEqual(errors.count(b"tellings wait in the spool"), 1, errors)
        # Nothing but the spool knows of them: no state file, and the list's Events are too old.
        child = self.start("--lookback", "0")
        with self.assertRaises(subprocess.TimeoutExpired):
            child.wait(1)
        self.sentry.down = False
        self.wait_for_all()
        errors = self.stop(child)
        self.assert_all_came_once()
        self.assertEqual(errors.count("the spool is empty again"), 1, errors)
        self.assertEqual(self.on_disk(), b"")

    def test_an_end_in_order_leaves_the_rest_to_the_next_run(self):
        self.sentry.down = True
        self.always += ["--state-file", str(self.folder / "state/state.json")]
        self.cluster.add(50)
        child = self.start("--drain-timeout", "200ms")
        self.wait_for_state(lambda state: len(state["unacknowledged"]) == 50)
        errors = self.stop(child)
        self.assertIn("what was not delivered waits in the spool", errors)
        self.wait_for_state(lambda state: not state["unacknowledged"])
        self.cluster.add(50)  # while nobody runs
        self.sentry.down = False
        child = self.start()
        self.wait_for_all()
        self.stop(child)
        self.cluster.add(1)
        child = self.start()
        self.wait_for_all()
        self.stop(child)
        self.assert_all_came_once()

    def test_kills_while_sentry_comes_and_goes_lose_nothing_and_repeat_only_under_the_same_id(self):
        self.sentry.slow = 0.005
        self.always += ["--state-file", str(self.folder / "state/state.json")]
        done = threading.Event()

        def write():
            while not done.wait(0.02):
                self.cluster.add(1)
        writer = threading.Thread(target=write)
        writer.start()
        for number in range(ROUNDS):
            self.sentry.down = number % 4 < 2
            known = (self.folder / "state/state.json").exists()
            child = self.start(*(["--lookback", "0"] if known else []))
            with self.assertRaises(subprocess.TimeoutExpired):
                child.wait(7 if number % 4 == 1 else random.uniform(0.05, 1.5))
            child.kill()
            child.communicate()
        done.set()
        writer.join()
        self.sentry.down = False
        child = self.start("--lookback", "0")
        self.wait_for_all()
        self.stop(child)
        self.assertEqual({uid: ids for uid, ids in self.sentry.ids().items() if len(set(ids)) > 1}, {})

    def test_a_spool_that_another_process_has_is_78(self):
        child = self.start()
        self.wait_for(lambda: list(self.spool.glob("*/LOCK")))
        second = self.start()
        errors = second.communicate(timeout=TIMEOUT)[1]
        self.assertEqual(second.returncode, 78)
        self.assertIn(b"another process is using it", errors)
        self.stop(child)

    def test_a_folder_that_others_may_write_to_is_78(self):
        self.spool.mkdir()
        self.spool.chmod(0o777)
        child = self.start()
        errors = child.communicate(timeout=TIMEOUT)[1]
        self.assertEqual(child.returncode, 78)
        self.assertIn(b"0700", errors)

    def wait_for(self, holds):
        end, look = time.monotonic() + TIMEOUT, threading.Event()
        while not holds():
            self.assertLess(time.monotonic(), end)
            look.wait(0.05)


if __name__ == "__main__":
    unittest.main()
