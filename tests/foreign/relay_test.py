#!/usr/bin/env python3
"""Runs Relay's own normaliser over the golden events: relay_test.py DIRECTORY

Relay never refuses an event. It removes or cuts what it does not like and notes that in
`_meta` and `errors`; so neither may be there afterwards.
"""
import copy
import json
import pathlib
import sys
import unittest

import fastjsonschema
import sentry_kafka_schemas
from sentry_relay.processing import StoreNormalizer

GOLDEN = pathlib.Path(sys.argv.pop())
# Golden events grow old; how old an event may be is not asked here.
CENTURY = 100 * 365 * 86400

# The shape that Sentry keeps: an event of its stream behind Relay.
SCHEMA = json.loads((pathlib.Path(sentry_kafka_schemas.__file__).parent / "schemas/events.v1.schema.json").read_bytes())
STORED = fastjsonschema.compile({"definitions": SCHEMA["definitions"], "$ref": "#/definitions/ErrorData"},
                                use_default=False)


def normalise(event):
    return StoreNormalizer(project_id=1, protocol_version="7", remove_other=True, enable_trimming=True,
                           max_secs_in_future=CENTURY, max_secs_in_past=CENTURY).normalize_event(event=event)


def events():
    for path in sorted(GOLDEN.glob("*.envelope")):
        _, item, payload = path.read_bytes().split(b"\n")[:3]
        if json.loads(item)["type"] == "event":
            yield path.stem, json.loads(payload)


class Golden(unittest.TestCase):
    maxDiff = None

    def test_there_are_thirty(self):
        self.assertGreaterEqual(len(list(events())), 30)

    def test_relay_finds_nothing_to_mend(self):
        for name, event in events():
            with self.subTest(name):
                result = normalise(copy.deepcopy(event))
                self.assertNotIn("_meta", result)
                self.assertNotIn("errors", result)

    def test_relay_reads_what_we_mean(self):
        for name, event in events():
            with self.subTest(name):
                result = normalise(copy.deepcopy(event))
                self.assertEqual(result["event_id"], event["event_id"])
                self.assertEqual(result["platform"], "other")
                self.assertEqual(result["level"], event["level"])
                self.assertEqual(result["timestamp"], event["timestamp"])
                self.assertEqual(result["transaction"], event["transaction"])
                self.assertEqual(result["fingerprint"], event["fingerprint"])
                self.assertEqual(result["environment"], event["environment"])
                self.assertEqual(result["type"], "error" if "exception" in event else "default")
                tags = dict(event["tags"], server_name=event["server_name"])
                self.assertEqual(dict(result["tags"]), tags)

    def test_relay_keeps_exceptions_messages_and_contexts_whole(self):
        for name, event in events():
            with self.subTest(name):
                result = normalise(copy.deepcopy(event))
                if "exception" in event:
                    ours, theirs = event["exception"]["values"][0], result["exception"]["values"][0]
                    self.assertEqual({key: theirs.get(key) for key in ours}, ours)
                else:
                    self.assertEqual(result["logentry"], dict(result["logentry"], **event["logentry"]))
                ours = event.get("breadcrumbs", {"values": []})["values"]
                theirs = result.get("breadcrumbs", {"values": []})["values"]
                self.assertEqual(len(theirs), len(ours))
                for one, other in zip(ours, theirs):
                    self.assertEqual({field: other.get(field) for field in one}, one)
                for key, context in event["contexts"].items():
                    theirs = result["contexts"][key]
                    self.assertEqual({field: theirs.get(field) for field in context}, context)


    def test_what_relay_makes_of_it_is_what_sentry_stores(self):
        for name, event in events():
            with self.subTest(name):
                STORED(normalise(copy.deepcopy(event)))


class PlantedFaults(unittest.TestCase):
    """The judges must be able to say no."""

    def test_in_what_is_stored_are_found(self):
        _, event = next(events())
        for key, value in {"tags": {"a": 1}, "exception": {"values": "x"}, "contexts": 7, "received": "x"}.items():
            with self.subTest(key), self.assertRaises(fastjsonschema.JsonSchemaException):
                STORED(dict(normalise(copy.deepcopy(event)), **{key: value}))

    def check(self, change):
        _, event = next(events())
        change(event)
        result = normalise(event)
        self.assertTrue("_meta" in result or "errors" in result, result)

    def test_are_found(self):
        faults = {
            "long tag": lambda e: e["tags"].update(reason="x" * 201),
            "newline in a tag": lambda e: e["tags"].update(reason="a\nb"),
            "tag key": lambda e: e["tags"].update({"a key!": "x"}),
            "fingerprint": lambda e: e.update(fingerprint="k8s"),
            "long message": lambda e: e["exception"]["values"][0].update(value="x" * 9000),
            "level": lambda e: e.update(level="bad"),
            "environment": lambda e: e.update(environment="a/b"),
            "release": lambda e: e.update(release="a/b"),
            "unknown attribute": lambda e: e.update(nonsense=1),
            "context": lambda e: e["contexts"].update(k8s_event={"a": "x" * 20000}),
            "logger": lambda e: e.update(logger="x" * 65),
            "transaction": lambda e: e.update(transaction="x" * 300),
            "event_id": lambda e: e.update(event_id="x"),
        }
        for name, change in faults.items():
            with self.subTest(name):
                self.check(change)


if __name__ == "__main__":
    unittest.main()
