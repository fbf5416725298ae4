#!/usr/bin/env python3
"""What breaks under a watch of a real Kubernetes: connections, storage, credentials. By writes that were accepted."""
import json
import os
import subprocess

from cluster_test import EACH, ClusterTest
from running import expected_ids, main, wait_until

RESET = "the cluster's storage is another one than was read; reading all anew"


class Goaway(ClusterTest):
    """The server sends away one of fifty requests over HTTP/2, and with it whatever else the connection carries."""
    flags = "--goaway-chance=0.02"

    def test_loses_nothing_when_the_server_sends_connections_away(self):
        namespaces = [f"load-{i}" for i in range(5)] + ["default"] + [f"empty-{i}" for i in range(20)]
        command = self.start(*namespaces, program=(os.environ["HTTP2_WATCH"],))
        wait_until("all are watched", lambda: command.states().count("watching") == len(namespaces))
        seen, ledgers = command.connections(), []
        # Watches that end at once may each open a connection: those that were left are the ones sent away.
        while len(ledgers) < 3 or len(seen - command.connections()) < 3:
            self.assertLess(len(ledgers), 15, "no connection was sent away")
            self.ledger = f"{self.scratch.name}/{len(ledgers)}"
            load = self.load("--rate", "200", "--count", "800", "--warning-share", "1", "--seed", str(len(ledgers)))

            def written():
                seen.update(command.connections())
                return load.poll() is not None

            wait_until("all is written", written)
            self.assertEqual(load.returncode, 0)
            ledgers.append(self.ledger)
        for self.ledger in ledgers:
            self.assert_all_told_once(command)
        self.assertEqual(set(command.states()), {"listing", "watching"}, command.log)
        self.assert_ends_well(command)


class Frozen(ClusterTest):
    """The server gives up on its storage after 5 s, so that three times that is long."""
    flags = "--request-timeout=5s"

    def test_loses_nothing_while_the_storage_does_not_answer(self):
        command = self.start(*EACH)
        command.wait_state("watching")
        load = self.load("--rate", "100", "--count", "1000", "--warning-share", "0.7")
        wait_until("some is told", lambda: len(command.ids()) > 100)
        self.cluster.run("freeze", "etcd")
        try:
            late = self.start(*EACH)
            late.wait_state("unavailable")
            # The server ends the request as it happens to: with a 504, or not at all.
            self.assertRegex(late.details("unavailable")[0], "HTTP 50|Empty reply")
            for _ in range(3):  # 5 s each
                with self.assertRaises(subprocess.CalledProcessError):
                    self.cluster.kubectl("get", "--raw", "/api/v1/events?limit=1", stderr=subprocess.DEVNULL)
        finally:
            self.cluster.run("thaw", "etcd")
        self.assertEqual(load.wait(120), 0)
        self.assert_all_told_once(command)
        last = expected_ids(self.ledger, only_last=True)
        wait_until("the latecomer has told all that it can", lambda: last <= late.ids().keys())
        self.assertEqual(max(late.ids().values()), 1)
        # The watch itself was never cut; whoever could not list says so, once.
        self.assertEqual(command.states(), ["listing", "watching"])
        self.assertEqual(late.states(), ["unavailable", "listing", "watching"])
        self.assert_ends_well(late)
        self.assert_ends_well(command)


class Wiped(ClusterTest):
    """Another storage behind the same address."""

    def resets(self, command):
        return [line["message"] for line in command.log].count(RESET)

    def write(self, name, count):
        self.ledger = f"{self.scratch.name}/{name}"
        # No updates: a list shows only an object's last version.
        self.assertEqual(self.load("--rate", "500", "--count", str(count), "--warning-share", "1", "--update-share",
                                   "0", "--seed", str(count)).wait(120), 0)

    def wipe(self):
        self.cluster.run("wipe", stdout=subprocess.DEVNULL)
        self.cluster.wait_ready()

    def observed(self, state):
        with open(state) as text:
            return max((int(mark["observed"]) for mark in json.load(text)["marks"]), default=0)

    def test_begins_anew_when_it_was_wiped_between_two_runs(self):
        state = self.scratch.name + "/state"
        arguments = (*EACH, "--state-file", state)
        before = self.start(*arguments)
        before.wait_state("watching")
        self.write("old", 300)
        self.assert_all_told_once(before)
        self.assert_ends_well(before)
        self.wipe()
        # As many as it takes for versions to look as if nothing had happened.
        self.write("new", 900)
        self.assertGreater(self.cluster.version(), self.observed(state))
        after = self.start(*arguments)
        self.assert_all_told_once(after)
        self.assertFalse(before.ids().keys() & after.ids().keys())
        self.assertEqual(self.resets(after), 1)
        self.assertEqual(after.states(), ["listing", "watching"])
        self.write("live", 100)
        self.assert_all_told_once(after)
        self.assert_ends_well(after)
        again = self.start(*arguments)
        again.wait_state("watching")
        self.write("later", 101)
        self.assert_all_told_once(again)
        self.assertEqual(self.resets(again), 0)
        self.assertFalse(after.ids().keys() & again.ids().keys())
        self.assert_ends_well(again)

    def test_begins_anew_when_it_was_wiped_under_a_watch(self):
        command = self.start(*EACH)
        command.wait_state("watching")
        self.write("old", 2000)
        self.assert_all_told_once(command)
        self.wipe()
        self.write("new", 600)
        self.assert_all_told_once(command)
        self.assertEqual(self.resets(command), 1)
        self.assertEqual(command.states(), ["listing", "watching", "unavailable", "listing", "watching"])
        self.assert_ends_well(command)

    def test_knows_another_cluster_by_its_id_under_a_watch(self):
        state = self.scratch.name + "/state"
        command = self.start(*EACH, "--state-file", state)
        command.wait_state("watching")
        self.write("old", 301)
        self.assert_all_told_once(command)
        wait_until("the state is saved", lambda: os.path.exists(state) and self.observed(state) >= self.cluster.version())
        command.pause()
        self.wipe()
        self.write("new", 1500)
        self.assertGreater(self.cluster.version(), self.observed(state))
        command.go_on()
        self.assert_all_told_once(command)
        self.assertEqual(self.resets(command), 1)
        self.assert_ends_well(command)


class Token(ClusterTest):
    """The ServiceAccount of the running command is deleted and made anew: its token is worth nothing any more."""

    def setUp(self):
        super().setUp()
        self.token = self.scratch.name + "/token"
        with open(self.cluster.kubeconfig) as admin:
            text = admin.read().replace("token: admintoken", f"tokenFile: {self.token}")
        self.kubeconfig = self.scratch.name + "/kubeconfig"
        with open(self.kubeconfig, "w") as config:
            config.write(text)
        self.cluster.kubectl("create", "clusterrole", "agent", "--verb=list,watch", "--resource=events")
        self.cluster.kubectl("create", "clusterrolebinding", "agent", "--clusterrole=agent",
                             "--serviceaccount=default:agent")
        self.addCleanup(self.cluster.kubectl, "delete", "clusterrole,clusterrolebinding,serviceaccount", "agent")
        self.cluster.kubectl("create", "serviceaccount", "agent")
        self.write_token()

    def write_token(self):
        """As the kubelet does: another file in its place."""
        token = self.cluster.kubectl("create", "token", "agent")
        with open(self.token + ".new", "wb") as file:
            file.write(token)
        os.rename(self.token + ".new", self.token)

    def refused(self):
        """How many requests came with a token that is worth nothing."""
        metrics = self.cluster.kubectl("get", "--raw", "/metrics").decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in metrics.splitlines()
                   if line.startswith("authentication_attempts{") and 'result="success"' not in line)

    def replace_account(self):
        self.cluster.kubectl("delete", "serviceaccount", "agent")
        self.cluster.kubectl("create", "serviceaccount", "agent")

    def run_through(self, while_refused):
        command = self.start(*EACH, "--no-owner-lookup", kubeconfig=self.kubeconfig)
        command.wait_state("watching")
        load = self.load("--rate", "100", "--count", "1000", "--warning-share", "1")
        wait_until("some is told", lambda: len(command.ids()) > 100)
        self.replace_account()
        while_refused(command)
        self.assertEqual(load.wait(120), 0)
        self.assert_all_told_once(command)
        with open(self.token) as token:
            self.assertNotIn(token.read().strip(), json.dumps(command.log))
        self.assert_ends_well(command)
        return command.states()

    def restart_server(self, command):
        """Ends the watch, for nobody is asked for a token before that."""
        # A server that has not read its rules yet answers 403 to a good token: not what is tested here.
        command.pause()
        self.cluster.run("kill", "kube-apiserver")
        self.cluster.run("start", "kube-apiserver", stdout=subprocess.DEVNULL)
        self.cluster.wait_ready()
        command.go_on()

    def test_says_once_that_its_token_is_refused_and_goes_on_with_the_next(self):
        def late(command):
            self.restart_server(command)
            command.wait_state("unauthorized")
            refused = self.refused()
            wait_until("more attempts were refused", lambda: self.refused() >= refused + 3)
            self.write_token()
            command.wait_state("watching")

        self.assertEqual(self.run_through(late), ["listing", "watching", "unavailable", "unauthorized", "watching"])

    def test_goes_on_without_a_word_with_a_token_that_is_there_in_time(self):
        def early(command):
            self.write_token()
            self.restart_server(command)

        self.assertEqual(self.run_through(early), ["listing", "watching", "unavailable", "watching"])


class Shutdown(ClusterTest):
    """An API server that goes in peace, as in an upgrade of the control plane."""
    flags = ("--shutdown-delay-duration=2s --shutdown-send-retry-after=true "
             "--shutdown-watch-termination-grace-period=5s")

    def test_loses_nothing_when_the_server_shuts_down_in_peace(self):
        command = self.start(*EACH)
        command.wait_state("watching")
        load = self.load("--rate", "100", "--count", "1500", "--warning-share", "0.7")
        wait_until("some is told", lambda: len(command.ids()) > 100)
        self.cluster.stop_politely("kube-apiserver", 60)
        self.cluster.run("start", "kube-apiserver", stdout=subprocess.DEVNULL)
        self.assertEqual(load.wait(120), 0)
        self.assert_all_told_once(command)
        self.assertEqual(command.states(), ["listing", "watching", "unavailable", "watching"])
        self.assert_ends_well(command)


if __name__ == "__main__":
    main()
