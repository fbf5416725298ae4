"""The judge of the soak can condemn."""
import gzip
import json
import threading
import unittest
import urllib.error
import urllib.request

from comparer import compare, replaced_before, reported
from receiver import KEY, Delivery, Receiver, deliveries_of


def write(uid, version, t=0, kind="Warning"):
    return {"uid": uid, "resourceVersion": str(version), "type": kind, "t": t}


def delivery(uid, version, event_id=None, at=0):
    return Delivery(at, event_id or f"id-{uid}-{version}", uid, str(version), "each", 1)


class Comparer(unittest.TestCase):
    writes = [write("a", 1), write("b", 2), write("a", 10)]

    def test_finds_nothing_where_all_arrived(self):
        found = compare(self.writes, [delivery("a", 1), delivery("b", 2), delivery("a", 10)])
        self.assertEqual((found.events, found.versions, found.repeats), (2, 3, 0))
        for kind in ("lost_events", "lost_last", "lost_versions", "second_ids", "shared_ids", "unwritten"):
            self.assertEqual(getattr(found, kind), [], kind)

    def test_finds_an_event_of_which_nothing_arrived(self):
        self.assertEqual(compare(self.writes, [delivery("a", 1), delivery("a", 10)]).lost_events, ["b"])

    def test_finds_a_last_version_that_did_not_arrive(self):
        found = compare(self.writes, [delivery("a", 1), delivery("b", 2)])
        self.assertEqual((found.lost_events, found.lost_last, found.lost_versions), ([], ["a"], [("a", "10")]))

    def test_finds_a_version_in_between_that_did_not_arrive(self):
        found = compare(self.writes, [delivery("b", 2), delivery("a", 10)])
        self.assertEqual((found.lost_last, found.lost_versions), ([], [("a", "1")]))

    def test_counts_repeats_under_the_same_id(self):
        all_of_it = [delivery("a", 1), delivery("b", 2), delivery("a", 10)]
        found = compare(self.writes, all_of_it + all_of_it[:2])
        self.assertEqual((found.repeats, found.second_ids), (2, []))

    def test_finds_a_second_id(self):
        found = compare(self.writes, [delivery("a", 1), delivery("a", 1, "another")])
        self.assertEqual(found.second_ids, [("a", "1")])

    def test_finds_an_id_of_two_versions(self):
        found = compare(self.writes, [delivery("a", 1, "same"), delivery("a", 10, "same")])
        self.assertEqual(found.shared_ids, ["same"])

    def test_finds_what_was_never_written_but_leaves_others_events_alone(self):
        found = compare(self.writes, [delivery("a", 3), delivery("somebody else's", 3)])
        self.assertEqual(found.unwritten, [("a", "3")])

    def test_measures_from_before_the_write_to_the_first_arrival(self):
        found = compare([write("a", 1, t=1_000_000_000)],
                        [delivery("a", 1, at=5_000_000_000), delivery("a", 1, at=1_500_000_000)])
        self.assertEqual((found.delays, found.delay(0.99)), ([0.5], 0.5))

    def test_excuses_only_what_was_replaced_in_time(self):
        writes = [write("a", 1), write("a", 2, t=50), write("a", 3, t=150)]
        lost = [("a", "1"), ("a", "2"), ("a", "3")]
        self.assertEqual(replaced_before(writes, lost, 100), [("a", "1")])

    def test_expects_no_normal_events(self):
        self.assertEqual(reported([write("a", 1), write("b", 2, kind="Normal")]), [write("a", 1)])


EVENT = {"event_id": "1" * 32, "contexts": {"k8s_event": {"uid": "u", "resource_version": "7"},
                                            "k8sentry": {"telling": "each", "sightings": 1}}}


def envelope(event, header_id="1" * 32, length=0):
    payload = json.dumps(event).encode()
    item = {"type": "event", "length": length or len(payload)}
    return b"\n".join((json.dumps({"event_id": header_id}).encode(), json.dumps(item).encode(), payload, b""))


class Reading(unittest.TestCase):
    def test_reads_the_version_of_an_event(self):
        self.assertEqual(list(deliveries_of(envelope(EVENT), 5)), [Delivery(5, "1" * 32, "u", "7", "each", 1)])

    def test_refuses_what_sentry_would_refuse(self):
        for broken in (envelope(EVENT, header_id="2" * 32), envelope(EVENT, length=9999)):
            with self.assertRaises(ValueError):
                list(deliveries_of(broken, 0))

    def test_takes_envelopes_refuses_connections_and_takes_again(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        url = f"http://127.0.0.1:{receiver.port}/api/1/envelope/"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

        def post(key=KEY):
            request = urllib.request.Request(url, gzip.compress(envelope(EVENT)), {
                "X-Sentry-Auth": f"Sentry sentry_key={key}", "Content-Encoding": "gzip"})
            with opener.open(request, timeout=10) as response:
                return response.status

        self.assertEqual(post(), 200)
        receiver.refuse()
        with self.assertRaises(OSError):
            post()
        receiver.listen()
        self.assertEqual(post(), 200)
        self.assertEqual(post(key="wrong"), 200)
        self.assertEqual([d.uid for d in receiver.deliveries()], ["u", "u"])
        self.assertEqual(len(receiver.faults), 1)
        self.assertEqual(threading.active_count(), 2)
        receiver.refuse_every(2, "429 Too Many Requests", "Retry-After: 5")
        codes = []
        for _ in range(4):
            try:
                codes.append(post())
            except urllib.error.HTTPError as error:
                codes.append((error.code, error.headers["Retry-After"]))
                error.close()
        self.assertEqual(sorted(map(str, codes)), ["(429, '5')", "(429, '5')", "200", "200"])
        self.assertEqual((len(receiver.deliveries()), receiver.refused), (4, 2))


if __name__ == "__main__":
    unittest.main()
