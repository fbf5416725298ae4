"""The oracle is right by itself: small cases computed by hand, and truths about the recordings."""
import collections
import json
import pathlib
import unittest

import broken
import compare
import oracle

RECORDINGS = pathlib.Path(__file__).resolve().parent.parent / "recordings"
VERSIONS = ("kubernetes-1.20", "kubernetes-1.37")


def event(uid="u1", version="1", reason="Killed", at="2026-11-21T03:00:00Z", count=1, pod="web", **fields):
    return {"kind": "Event", "metadata": {"uid": uid, "resourceVersion": version},
            "involvedObject": {"kind": "Pod", "namespace": "shop", "name": pod}, "reason": reason,
            "message": "m", "type": "Warning", "lastTimestamp": at, "count": count, **fields}


def frame(kind="ADDED", **fields):
    return json.dumps({"type": kind, "object": event(**fields)}).encode() + b"\n"


def replay(*chunks, options=()):
    result, tellings = compare.wanted(b"".join(chunks), list(options))
    counts = result["ledger"]
    assert counts["seen"] == sum(counts[c] for c in ("malformed", "stale", "filtered", "routed"))
    assert counts["routed"] == sum(counts[c] for c in ("below_threshold", "swallowed", "delivered"))
    return result, tellings[:-1]  # the last line is the ledger


def counters(*chunks, options=()):
    """What is not 0 in the ledger, without the sums."""
    return {k: v for k, v in replay(*chunks, options=options)[0]["ledger"].items()
            if v and k not in ("seen", "routed")}


BARE = json.dumps(event()).encode()
SECOND_BARE = json.dumps(event(uid="u2", pod="db")).encode()


class Documents(unittest.TestCase):
    def check(self, data, **expected):
        self.assertEqual(counters(data), expected)

    def test_a_bom_is_skipped_once(self):
        self.check(b"\xef\xbb\xbf" + BARE, delivered=1)
        self.check(b"\xef\xbb\xbf\xef\xbb\xbf" + BARE + b"\n", malformed=1)

    def test_blank_lines_lie_between_documents(self):
        self.check(b"\n \t\r\n" + BARE + b" \n\n" + SECOND_BARE + b"\n\n", delivered=2, blank_lines=4)

    def test_white_space_within_a_document_is_no_blank_line(self):
        self.check(BARE.replace(b": ", b":\n\n"), delivered=1)

    def test_two_documents_on_one_line(self):
        self.check(BARE + SECOND_BARE + b"\n", delivered=2)

    def test_garbage_reaches_to_the_end_of_its_line(self):
        self.check(b"garbage {\n" + BARE + b" rest\n\n]", malformed=3, delivered=1, blank_lines=1)

    def test_a_bracket_that_does_not_match_ends_its_line(self):
        self.check(b'{"a":[}' + BARE + b"\n" + SECOND_BARE, malformed=1, delivered=1)

    def test_a_line_feed_in_a_string_ends_the_frame(self):
        for cut in (b'{"a":"b', b'{"a":"b\\', b'{"a":"\\"'):
            self.check(cut + b"\n" + BARE + b"\n", malformed=1, delivered=1)

    def test_a_truncated_line_does_not_swallow_its_successor(self):
        for cut in (b'{"a"', b'{"a":{"b":1,', b'{"a":1}}'[:-2], b'{"a":[1'):
            self.check(cut + b"\n" + BARE + b"\n", malformed=1, delivered=1)

    def test_a_brace_at_the_beginning_of_a_line_may_be_a_value(self):
        self.check(b'{"a":\n{"x":1},"b":[\n{"y":2},\n{"z":3}],' + BARE[1:], delivered=1)
        self.check(b'{"a":1,\n' + BARE, malformed=1, delivered=1)

    def test_depth_1024_is_the_last_that_is_read(self):
        for depth, expected in ((1023, {"delivered": 1}), (1024, {"malformed": 1})):
            self.check(b'{"a":' + b"[" * depth + b"]" * depth + b"," + BARE[1:] + b"\n", **expected)

    def test_the_input_ends_within_a_document(self):
        self.check(BARE + b"\n" + SECOND_BARE[:-1], delivered=1, malformed=1)

    def test_the_cap_is_exact(self):
        for size, expected in ((broken.CAP, {"delivered": 1}), (broken.CAP + 1, {"malformed": 1})):
            pad = size - len(BARE) - len(b'"pad":"",')
            self.check(b'{"pad":"' + b"x" * pad + b'",' + BARE[1:] + b"\n", **expected)

    def test_types_of_frames(self):
        self.check(frame("ADDED") + frame("DELETED") + frame("BOOKMARK") + frame("ERROR") + frame("added"),
                   delivered=1, deleted=1, bookmarks=1, errors=1, malformed=1)

    def test_what_is_an_event(self):
        for document, expected in (
                ({"kind": "Event"}, 1), ({"kind": "Pod", "involvedObject": {}}, 0), ({"regarding": {}}, 1),
                ({"kind": None, "involvedObject": {}}, 1), ({"kind": 5, "regarding": {}}, 1), ({}, 0),
                ({"kind": "", "regarding": {}}, 1),
                ({"involvedObject": "x"}, 0), ({"type": "Warning", "object": 1, "kind": "Event"}, 1)):
            self.check(json.dumps(document).encode(), **({"delivered": 1} if expected else {"malformed": 1}))

    def test_what_is_repaired_and_what_is_not(self):
        result, _ = replay(BARE.replace(b'"m"', b'"a\xff\xe2\x82z\\ud800\\ud83d\\ude00"'))
        self.assertEqual(result["issues"][0]["title"], "Killed: a\ufffd\ufffdz\ufffd\U0001f600")
        for value in (b'"\x01"', b"NaN", b"01", b"tru", b'"\\x"', b"1."):
            self.check(BARE.replace(b'"m"', value), malformed=1)

    def test_the_last_of_duplicate_keys_counts(self):
        result, _ = replay(BARE[:-1] + b',"message":"new","count":3,"reason":5,"reason":"R"}')
        self.assertEqual((result["issues"][0]["title"], result["issues"][0]["sightings"]), ("R: new", 3))


class Lists(unittest.TestCase):
    def check(self, data, **expected):
        self.assertEqual(counters(data), expected)

    def test_the_kind_may_come_behind_the_items(self):
        self.check(b'{"items":[' + BARE + b"," + SECOND_BARE + b'],"kind":"List"}', delivered=2)

    def test_a_list_may_be_empty(self):
        self.check(b'{"kind":"EventList","items":[ ]}')
        self.check(b'{"kind":"EventList","items":null}', malformed=1)

    def test_a_malformed_element_costs_one_frame(self):
        self.check(b'{"items":[1,"a,b",[{}],{"kind":"Pod"},' + BARE + b',{"a":01}]}', malformed=5, delivered=1)

    def test_a_fault_ends_the_list_and_its_items_stay(self):
        for fault in (b"", b',{"x":"', b",", b',{"x":]}', b"}", b',"kind":}'):
            self.check(b'{"items":[' + BARE + fault + b"\n" + SECOND_BARE, malformed=1, delivered=2)

    def test_only_the_outermost_items_are_a_list(self):
        self.check(BARE[:-1] + b',"spec":{"items":[{"kind":"Event"}]}}', delivered=1)

    def test_a_page_in_an_added_frame_is_a_stream_of_its_own(self):
        page = b'{"kind":"EventList","items":[' + BARE + b"," + SECOND_BARE + b",{}]}"
        self.check(b'{"type":"ADDED","object":' + page + b"}", delivered=2, malformed=1)
        self.check(b'{"type":"MODIFIED","object":' + page + b"}", malformed=1)
        nested = b'{"kind":"List","type":"ADDED","object":' + page + b"}"
        self.check(b'{"type":"ADDED","object":' + nested + b"}", malformed=1)

    def test_the_cap_is_on_an_item(self):
        long = BARE[:-1] + b',"pad":"' + b"x" * broken.CAP + b'"}'
        self.check(b'{"items":[' + long + b"," + SECOND_BARE + b"]}", malformed=1, delivered=1)
        half = [BARE[:-1].replace(b"u1", b"u%d" % i) + b',"pad":"' + b"x" * (broken.CAP // 2) + b'"}'
                for i in range(3)]
        self.check(b'{"items":[' + b",".join(half) + b"]}", delivered=1, swallowed=2)
        self.check(b'{"pad":"' + b"x" * broken.CAP + b'","items":[' + BARE + b"]}", malformed=1, delivered=1)


class Fields(unittest.TestCase):
    def test_times(self):
        base = oracle.time({"t": "2026-11-21T03:00:00Z"}, "t")
        self.assertEqual(base, 1795230000 * 1000000)
        for text, offset in (("2026-11-21T03:00:00.5Z", 500000), ("2026-11-21T03:00:00.123456789Z", 123456),
                             ("2026-11-21T05:30:00+02:30", 0), ("2026-11-20T20:00:00-07:00", 0)):
            self.assertEqual(oracle.time({"t": text}, "t"), base + offset, text)
        for text in ("", "2026-02-29T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T03:00:60Z", "2026-11-21T03:00:00",
                     "2026-11-21t03:00:00Z", "2026-11-21T03:00:00.Z", "2026-11-21T03:00:00.1234567890Z",
                     "0001-01-01T00:00:00Z", "1970-01-01T00:00:00+00:01", "2026-11-21T03:00:00+24:00",
                     "9999-12-31T23:59:59-00:01", " 2026-11-21T03:00:00Z", "\u0662026-11-21T03:00:00Z"):
            self.assertIsNone(oracle.time({"t": text}, "t"), text)

    def test_counts(self):
        for text, expected in (("5", 5), ("2147483647", 2147483647), ("2147483648", 1), ("0", 1), ("-1", 1),
                               ("5.0", 1), ("5e0", 1), ('"5"', 1), ("true", 1), ("null", 1), ("9" * 5000, 1)):
            result, _ = replay(BARE.replace(b'"count": 1', b'"count": ' + text.encode()))
            self.assertEqual(result["issues"][0]["sightings"], expected, text)

    def test_a_series_counts_before_the_count_and_begins_at_two(self):
        for series, expected in (({"count": 1}, 2), ({"count": 7}, 7), ({"count": 0}, 4), ("x", 4)):
            result, _ = replay(frame(count=4, series=series))
            self.assertEqual(result["issues"][0]["sightings"], expected)

    def test_the_first_spelling_counts_if_it_is_of_the_right_type(self):
        result, _ = replay(frame(note="note", deprecatedCount=9, message="", count="1",
                                 regarding={"kind": "Node", "name": "n"}))
        issue = result["issues"][0]
        self.assertEqual((issue["title"], issue["sightings"], issue["culprit"]), ("Killed: note", 9, "shop/Pod/web"))

    def test_first_and_occurrence_time(self):
        fields = {"lastTimestamp": None, "eventTime": "2026-01-01T00:00:02Z", "firstTimestamp": "2026-01-01T00:00:01Z",
                  "series": {"lastObservedTime": "2026-01-01T00:00:03.000001Z", "count": 2}}
        issue = replay(frame(**fields))[0]["issues"][0]
        self.assertEqual((issue["first_seen"], issue["last_seen"]),
                         ("2026-01-01T00:00:01Z", "2026-01-01T00:00:03.000001Z"))


class Sightings(unittest.TestCase):
    def ends(self, *given):
        return [list(counters(*given[:n + 1])) for n in range(len(given))]

    def test_a_rising_total_brings_the_difference(self):
        issue = replay(frame(count=3), frame("MODIFIED", version="2", count=10))[0]["issues"][0]
        self.assertEqual((issue["sightings"], issue["swallowed"]), (10, 7))

    def test_no_higher_total_needs_a_later_time(self):
        later = frame("MODIFIED", version="2", at="2026-11-21T03:00:01Z", count=5)
        self.assertEqual(counters(frame(count=5), later), {"delivered": 1, "swallowed": 1})
        same = frame("MODIFIED", version="2", count=4)
        self.assertEqual(counters(frame(count=5), same), {"delivered": 1, "stale": 1})

    def test_a_stale_frame_writes_its_total(self):
        issue = replay(frame(count=5), frame("MODIFIED", version="2", count=2),
                       frame("MODIFIED", version="3", count=4))[0]["issues"][0]
        self.assertEqual(issue["sightings"], 7)

    def test_the_same_version_again_is_stale_and_writes_nothing(self):
        issue = replay(frame(count=5), frame("MODIFIED", version="1", count=50),
                       frame("MODIFIED", version="2", count=6))[0]["issues"][0]
        self.assertEqual(issue["sightings"], 6)
        self.assertEqual(counters(frame(version=""), frame(version="", count=2)), {"delivered": 1, "swallowed": 1})

    def test_an_unknown_modified_counts_once_and_an_object_alone_as_added(self):
        self.assertEqual(replay(frame("MODIFIED", count=9))[0]["issues"][0]["sightings"], 1)
        self.assertEqual(replay(json.dumps(event(count=9)).encode())[0]["issues"][0]["sightings"], 9)

    def test_without_a_uid_every_frame_is_unknown(self):
        self.assertEqual(replay(frame(uid="", count=4), frame(uid="", count=4))[0]["issues"][0]["sightings"], 8)

    def test_a_filtered_frame_is_not_remembered(self):
        self.assertEqual(replay(frame(type="Normal"), frame(version="1"))[0]["issues"][0]["sightings"], 1)


class Filters(unittest.TestCase):
    def test_normal_events_need_a_reason_of_the_default(self):
        given = frame(type="Normal", reason="Pulled"), frame(uid="u2", type="Normal", reason="BackOff")
        self.assertEqual(counters(*given), {"filtered": 1, "delivered": 1})
        self.assertEqual(replay(given[1])[0]["issues"][0]["level"], "info")

    def test_naming_reasons_or_types_replaces_the_default(self):
        pulled = frame(type="Normal", reason="Pulled")
        for options in (["--reason", "Pulled,x"], ["--type", "Normal"], ["--reason", "a", "--reason", "Pulled"]):
            self.assertEqual(counters(pulled, options=options), {"delivered": 1})
        self.assertEqual(counters(frame(), options=["--type", "Normal"]), {"filtered": 1})

    def test_excludes_always_apply(self):
        for options in (["--exclude-reason", "Killed"], ["--exclude-namespace", "a,shop"], ["--namespace", "Shop"],
                        ["--reason", "Killed", "--exclude-reason", "Killed"]):
            self.assertEqual(counters(frame(), options=options), {"filtered": 1})


class Workloads(unittest.TestCase):
    def test_names(self):
        for kind, name, expected in (
                ("Pod", "api-7fcc74b976-bwxc2", ("Deployment", "api")),
                ("Pod", "sync-29734520-x7k2p", ("CronJob", "sync")),
                ("Pod", "sync-2973452012-x7k2p", ("CronJob", "sync")),
                ("Pod", "sync-297345201-x7k2p", ("Workload", "sync-297345201")),
                ("Pod", "api-45678-bwxc2", ("Workload", "api-45678")), ("Pod", "agent-x7k2p", ("Workload", "agent")),
                ("Pod", "web-0-x7k2p", ("Workload", "web-0")), ("Pod", "db-12", ("StatefulSet", "db")),
                ("Pod", "agent-abcde", ("Pod", "agent-abcde")), ("Pod", "-x7k2p", ("Pod", "-x7k2p")),
                ("Pod", "-7fcc74b976-bwxc2", ("Workload", "-7fcc74b976")), ("Pod", "", ("Pod", "")),
                ("ReplicaSet", "api-7fcc74b976", ("Deployment", "api")), ("ReplicaSet", "api", ("ReplicaSet", "api")),
                ("Job", "sync-29734520", ("CronJob", "sync")), ("Job", "sync-7fcc74b976", ("Job", "sync-7fcc74b976")),
                ("Node", "n-7fcc74b976-bwxc2", ("Node", "n-7fcc74b976-bwxc2"))):
            self.assertEqual(oracle.workload_of(kind, name), expected, name)

    def key(self, **fields):
        return replay(frame(**fields), options=fields.get("options", []))[0]["issues"][0]["fingerprint"]

    def test_the_parts_of_a_key(self):
        about = {"kind": "Pod", "namespace": "shop", "name": "api-7fcc74b976-bwxc2", "fieldPath": "spec.initContainers{x}"}
        result, _ = replay(frame(involvedObject=about), options=["--cluster-name", "c {1}"])
        self.assertEqual(result["issues"][0]["fingerprint"], ["k8s", "cluster:c (1)", "namespace:shop", "workload:api",
                                                            "container:x", "reason:Killed", "class:m"])
        self.assertEqual(self.key(involvedObject={}, reason="a\x07\x7f{{default}}", message=""),
                         ["k8s", "reason:a  ((default))"])

    def test_a_part_is_cut_at_a_character(self):
        self.assertEqual(self.key(reason="x" * 255 + "\u00e9")[-2], "reason:" + "x" * 255)

    def test_fixed_classes(self):
        for reason, message, expected in (
                ("FailedScheduling", "0/1 nodes", "unschedulable"), ("FailedScheduling", "", "unschedulable"),
                ("FailedCreate", "x exceeded quota: is forbidden", "quota"), ("FailedCreate", "is forbidden", "forbidden"),
                ("FailedCreate", "", "create"), ("FailedMount", 'secret configmap "x" not found', "configmap missing"),
                ("FailedMount", "secret x not found", "secret missing"), ("FailedMount", "timed out waiting", "timeout"),
                ("FailedMount", "configmap", "mount"), ("FailedAttachVolume", "x", "attach"),
                ("Unhealthy", "  Readiness probe failed", "readiness"), ("Unhealthy", "A Readiness probe 5", "A Readiness probe *"),
                ("Unhealthy", "(combined from similar events): Startup probe", "startup"),
                ("BackOff", "Back-off pulling image", "image"), ("BackOff", "Back-off restarting failed", "container"),
                ("BackOff", "Other 1", "Other *"), ("Failed", 'Error: secret "x" not found', "secret"),
                ("Failed", "Failed to pull image x: y", "Failed to pull image x"), ("Failed", "Error: ErrImagePull", "ErrImagePull"),
                ("Failed", "one\nError: two", "one")):
            self.assertEqual(self.key(reason=reason, message=message)[-1], "class:" + expected, message)

    def test_masking(self):
        for message, expected in (
                ("pod web and web-1 and web2 and xweb-1", "pod * and * and web2 and xweb-1"),
                ("took 5m, 3 of 10.0.0.1 at 12:30:45 v1.2", "took *, * of * at * v1.2"),
                ("2026-11-21T03:11:50Z x", "*:*:* x"), ("[fe80::1]:80 xyz:::1 ::x dead:beef::cafe", "[*]:* xyz:* ::x dead:beef::cafe"),
                ("sha256:" + "ab1" * 20 + " deadbeef deadbee1", "sha256:* deadbeef *"),
                ("id a0a0a0a0-1111-2222-3333-aaaaaaaaaaaa. end", "id *. end"), ("a0a0a0a0-1111-2222 x", "a0a0a0a0-1111-2222 x"),
                ("a \t b\x01c {x} ", "a b c (x)"), ("a \x01 b", "a   b"), ("end-._ web. -web", "end-._ *. -*"),
                ("h\u00e9 \u00e91 ::1\u00e9", "h\u00e9 \u00e9* *\u00e9"), ("x:1.2:3:", "x:*")):
            self.assertEqual(self.key(message=message)[-1], "class:" + expected, message)

    def test_a_class_is_cut_to_120_bytes(self):
        self.assertEqual(self.key(message="x" * 119 + "\u00e9")[-1], "class:" + "x" * 119)
        self.assertEqual(self.key(message="x" * 118 + "  \u00e9")[-1], "class:" + "x" * 118)

    def test_the_seventeenth_class_is_other(self):
        letters = "abcdefghijklmnopq"
        result, _ = replay(*(frame(uid=c, message=c) for c in letters), frame(uid="z", message="a"),
                           frame(uid="y", message=""), frame(uid="x", message="rr"))
        classes = collections.Counter({i["fingerprint"][-1]: i["sightings"] for i in result["issues"]})
        self.assertEqual(len(classes), 18)
        self.assertEqual((classes["class:other"], classes["class:a"], classes["reason:Killed"]), (2, 2, 1))


def at(minute, second=0):
    return f"2026-11-21T{3 + minute // 60:02}:{minute % 60:02}:{second:02}Z"


class Windows(unittest.TestCase):
    def kinds(self, tellings):
        return [(t["kind"], t["sightings"], t["swallowed"], t["first_seen"][11:16]) for t in tellings]

    def test_a_window_swallows_and_tells_the_number_when_it_closes(self):
        given = [frame(uid=str(m), at=at(m), count=m + 1) for m in (0, 1, 4, 5)]
        result, tellings = replay(*given)
        self.assertEqual(self.kinds(tellings), [("first", 1, 0, "03:00"), ("still-firing", 7, 7, "03:01")])
        issue = result["issues"][0]
        self.assertEqual((issue["told"], issue["sightings"], issue["swallowed"]), (2, 14, 13))
        self.assertEqual((issue["first_seen"], issue["last_seen"]), (at(0), at(5)))

    def test_the_next_window_is_twice_as_long_from_now(self):
        # 0 opens to 5; told at 7, opens to 17; 16 is swallowed; 17 closes it and opens to 37.
        given = [frame(uid=str(m), at=at(m)) for m in (0, 1, 7, 16, 17, 36)]
        _, tellings = replay(*given)
        self.assertEqual(self.kinds(tellings), [("first", 1, 0, "03:00"), ("still-firing", 1, 1, "03:01"),
                                                ("still-firing", 2, 2, "03:07")])

    def test_a_window_that_swallowed_nothing_forgets_the_key(self):
        _, tellings = replay(frame(uid="a", at=at(0)), frame(uid="b", at=at(5)))
        self.assertEqual([t["kind"] for t in tellings], ["first", "first"])

    def test_windows_close_earliest_first(self):
        given = [frame(uid="1", at=at(0), reason="B"), frame(uid="2", at=at(0), reason="A"),
                 frame(uid="3", at=at(1), reason="A"), frame(uid="4", at=at(1), reason="B"), frame(uid="5", at=at(9), reason="C")]
        _, tellings = replay(*given)
        self.assertEqual([t["reason"] for t in tellings], ["B", "A", "B", "A", "C"])

    def test_a_filtered_frame_closes_windows_too(self):
        given = [frame(uid="1", at=at(0)), frame(uid="2", at=at(1)), frame(uid="3", at=at(30), type="Normal")]
        self.assertEqual(self.kinds(replay(*given)[1])[1:], [("still-firing", 1, 1, "03:01")])

    def test_window_0_tells_each(self):
        result, tellings = replay(frame(uid="1"), frame(uid="2", count=3), options=["--window", "0"])
        self.assertEqual([(t["kind"], t["sightings"]) for t in tellings], [("each", 1), ("each", 3)])
        self.assertEqual((result["ledger"]["delivered"], result["issues"][0]["told"]), (2, 2))

    def test_a_threshold_is_told_with_all_it_counted(self):
        given = [frame(uid=str(m), at=at(m)) for m in (0, 1, 2, 3)]
        result, tellings = replay(*given, options=["--threshold", "Killed=3"])
        self.assertEqual(self.kinds(tellings), [("first", 3, 0, "03:00")])
        self.assertEqual([result["ledger"][c] for c in ("below_threshold", "delivered", "swallowed")], [2, 1, 1])

    def test_a_threshold_counts_in_ten_minutes_from_the_first(self):
        for minute, expected in ((9, 1), (10, 0)):
            given = [frame(uid="1", at=at(0)), frame(uid="2", at=at(minute))]
            self.assertEqual(len(replay(*given, options=["--threshold", "Killed=2"])[1]), expected)

    def test_a_threshold_is_on_again_when_the_key_was_forgotten(self):
        given = [frame(uid=str(m), at=at(m)) for m in (0, 1, 7, 8)]
        for window, expected in (("5m", ["first", "first"]), ("0", ["each"] * 3)):
            _, tellings = replay(*given, options=["--threshold", "Killed=2", "--window", window])
            self.assertEqual([t["kind"] for t in tellings], expected)

    def test_a_full_table_tells_the_oldest_window_early(self):
        given = [frame(uid="a", reason="a"), frame(uid="b", reason="a"), frame(uid="c", reason="b"), frame(uid="d", reason="c")]
        self.addCleanup(setattr, oracle, "MAX_KEYS", oracle.MAX_KEYS)
        oracle.MAX_KEYS = 2
        _, tellings = replay(*given)
        self.assertEqual([(t["kind"], t["reason"]) for t in tellings],
                         [("first", "a"), ("first", "b"), ("still-firing", "a"), ("first", "c")])


class Clock(unittest.TestCase):
    def now(self, *minutes):
        run = oracle.Replay(compare.parse_options([]))
        for minute in minutes:
            run.move_clock(minute * 60 * oracle.SECOND)
        return run.now // (60 * oracle.SECOND)

    def test_it_never_steps_back_and_waits_before_it_leaps(self):
        for times, expected in (((5, 3), 5), ((0, 60), 60), ((0, 61), 0), ((0, 100, 90), 90), ((0, 90, 100), 90),
                                ((0, 90, 200), 90), ((0, 90, 200, 210), 200), ((0, 90, 30, 90), 90), ((0, 90, 20, 90), 20), ((0, 90, 1, 90, 80), 80)):
            self.assertEqual(self.now(*times), expected, times)

    def test_an_event_without_time_happens_now(self):
        issue = replay(frame(), frame(uid="2", at=None))[0]["issues"][0]
        self.assertEqual(issue["last_seen"], "2026-11-21T03:00:00Z")
        self.assertEqual(replay(frame(at=None))[0]["issues"][0]["first_seen"], "1970-01-01T00:00:00Z")


class Shown(unittest.TestCase):
    def test_the_whole_issue(self):
        about = {"kind": "Pod", "namespace": "shop", "name": "api-7fcc74b976-bwxc2", "fieldPath": "spec.containers{app}"}
        result, _ = replay(frame(involvedObject=about, reason="BackOff", message="Back-off restarting failed container\nx"))
        self.assertEqual(result["issues"], [{
            "fingerprint": ["k8s", "namespace:shop", "workload:api", "container:app", "reason:BackOff", "class:container"],
            "title": "BackOff: Back-off restarting failed container", "level": "error", "culprit": "shop/Deployment/api",
            "reason": "BackOff", "namespace": "shop", "workload": {"kind": "Deployment", "name": "api"}, "container": "app",
            "sightings": 1, "told": 1, "swallowed": 0, "first_seen": at(0), "last_seen": at(0)}])

    def test_titles(self):
        for fields, expected in (({"message": ""}, "Killed"), ({"message": "\nx"}, "Killed: "), ({"message": "a\rb"}, "Killed: a"),
                                 ({"message": "\u00e9" * 200}, "Killed: " + "\u00e9" * 92)):
            self.assertEqual(replay(frame(**fields))[0]["issues"][0]["title"], expected)

    def test_the_culprit_of_what_belongs_to_the_cluster(self):
        issue = replay(frame(involvedObject={"kind": "Node", "name": "n1"}))[0]["issues"][0]
        self.assertEqual((issue["culprit"], issue["namespace"], issue["level"]), ("Node/n1", "", "warning"))

    def test_ids(self):
        # printf 'k8sentry/1\0sighting\0u1\0001' | sha256sum
        self.assertEqual(replay(frame())[1][0]["id"], "5ec8c5627c074ebf9919fa8a46783aeb")
        raw = json.dumps(event(uid="")).encode()
        plain, spaced = (replay(b'{"type":"ADDED", "object": %s}' % o)[1][0]["id"] for o in (raw, raw[:-1] + b" }"))
        self.assertEqual(plain, replay(raw)[1][0]["id"])
        self.assertNotEqual(plain, spaced)


class Recordings(unittest.TestCase):
    def streams(self):
        return [p for v in VERSIONS for p in sorted((RECORDINGS / v).glob("*.ndjson"))]

    def test_every_line_is_in_the_ledger(self):
        for path in self.streams():
            counts = replay(path.read_bytes())[0]["ledger"]
            lines = path.read_bytes().count(b"\n") + (not path.read_bytes().endswith(b"\n"))
            beside = sum(counts[c] for c in ("deleted", "bookmarks", "errors", "blank_lines"))
            self.assertEqual((counts["seen"] + beside, counts["malformed"]), (lines, 0), path)

    def test_both_api_groups_say_the_same(self):
        for version in VERSIONS:
            first, second = (replay((RECORDINGS / version / f"{name}.watch.ndjson").read_bytes())
                             for name in ("events", "events.k8s.io"))
            self.assertEqual(first, second)

    def test_the_list_at_the_end_has_the_same_issues(self):
        for version in VERSIONS:
            stream, listed = ({tuple(i["fingerprint"]) for i in replay((RECORDINGS / version / name).read_bytes())[0]["issues"]}
                              for name in ("events.watch.ndjson", "lists/events.json"))
            self.assertEqual(stream, listed)

    def test_one_key_for_what_comes_in_many_words(self):
        for path in self.streams():
            classes = collections.defaultdict(set)
            for issue in replay(path.read_bytes())[0]["issues"]:
                place = issue["namespace"], issue["workload"]["name"], issue["container"], issue["reason"]
                classes[place].add(tuple(issue["fingerprint"]))
            for place, found in classes.items():
                limit = 1 if place[3] in ("FailedCreate", "FailedScheduling") else 3
                self.assertLessEqual(len(found), limit, place)

    def test_names_tell_the_owners_of_the_recorded_pods(self):
        for version in VERSIONS:
            known = {"ReplicaSet": self.owners(version, "replicasets.metadata"), "Job": self.owners(version, "jobs")}
            for pod in json.loads((RECORDINGS / version / "lists/pods.json").read_text())["items"]:
                name, owner = pod["metadata"]["name"], pod["metadata"].get("ownerReferences", [{}])[0]
                guess = oracle.workload_of("Pod", name)
                above = known.get(owner.get("kind"), {}).get(owner.get("name"), owner)
                if "batch.kubernetes.io/job-completion-index" in pod["metadata"].get("annotations", {}):
                    self.assertEqual(guess[1], f'{above["name"]}-{name.split("-")[-2]}', "indexed Jobs split by index")
                else:
                    self.assertEqual(guess[1], above.get("name", name), name)
                    self.assertIn(guess[0], (above.get("kind", "Pod"), "Workload"), name)

    def owners(self, version, kind):
        items = json.loads((RECORDINGS / version / f"lists/{kind}.json").read_text())["items"]
        return {i["metadata"]["name"]: i["metadata"].get("ownerReferences", [i["metadata"] | {"kind": kind}])[0] for i in items}

    def test_no_issue_is_split_by_pod(self):
        for path in self.streams():
            for issue in replay(path.read_bytes())[0]["issues"]:
                self.assertNotRegex(issue["workload"]["name"], "-[bcdfghjklmnpqrstvwxz2456789]{5}$")


if __name__ == "__main__":
    unittest.main()
