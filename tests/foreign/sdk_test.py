#!/usr/bin/env python3
"""Lets Sentry's Python SDK tell the same facts as golden envelopes, and compares field by field.

usage: sdk_test.py DIRECTORY

Each difference stands in a table here with its reason; one that does not, and a reason without its difference, fail.
"""
import fnmatch
import json
import pathlib
import sys
import unittest

import sentry_sdk
import sentry_sdk.crons
import sentry_sdk.logger
from sentry_sdk.transport import Transport

GOLDEN = pathlib.Path(sys.argv.pop())
DSN = "https://0123456789abcdef0123456789abcdef@o123.ingest.sentry.io/42"

# Of every envelope: pattern of the field -> why it differs. "-" is only theirs, "+" only ours, "~" differs.
ALWAYS = {
    "~ headers.sent_at": "the time of sending",
    "+ headers.sdk.*": "the spec has it; they leave it out",
    "- headers.trace.release": "they guess one from the working directory's git",
    "- payload.release": "they guess one from the working directory's git",
    "~ item.length": "another payload",
}
EVENT = ALWAYS | {
    "~ headers.event_id": "ours is made of the Event's identity, theirs is random",
    "~ payload.event_id": "ours is made of the Event's identity, theirs is random",
    "~ payload.timestamp": "they say when it was captured, we when it happened, as a number",
    "~ payload.platform": "`python` would bring a language's grouping and symbolication",
    "- payload.contexts.trace.*": "their span's parent, status and thread; there are no spans",
    "~ payload.contexts.trace.span_id": "random there, the beginning of the event's id here",
    "~ payload.sdk.*": "another product",
    "- payload.sdk.*": "we have neither packages nor integrations to name",
    "- payload.breadcrumbs.values": "theirs is empty",
    "- payload.transaction_info": "theirs is empty",
    "+ payload.logger": "the component that emitted the Event",
}

MESSAGE = {
    "+ payload.logentry.formatted": "what the docs prefer to the alias `message`",
    "- payload.message": "the old alias",
    "+ payload.logentry.message": "the template that Sentry groups by",
}
EXCEPTION = {
    "~ payload.exception.values.0.mechanism.type": "`generic` is for people, `auto.` for integrations",
    "- payload.exception.values.0.module": "empty; there is no module",
}
CHECK_IN = ALWAYS | {
    "- headers.event_id": "it belongs to events; they treat a check-in as one",
    "- headers.trace.*": "it belongs to events",
    "- payload.contexts.trace.*": "their span's parent and id; there are no spans",
    "- payload.duration": "null, where we leave it out",
    "- payload.event_id": "an event's field, which Relay's check-in does not have",
    "- payload.platform": "an event's field",
    "- payload.sdk.*": "an event's field",
    "- payload.server_name": "an event's field",
    "- payload.timestamp": "an event's field; the arrival is the time of a check-in",
    "- payload.type": "an event's field",
}
LOG = ALWAYS | {
    "- payload.items.0.attributes.process.runtime.*": "the interpreter",
    "- payload.items.0.attributes.sentry.release.*": "they guess one from the working directory's git",
    "~ payload.items.0.attributes.sentry.sdk.*": "another product",
    "- payload.items.0.attributes.sentry.severity_*": "an older spelling of severity_number, and the level again",
    "+ payload.items.0.severity_number": "where the docs have it",
    "~ payload.items.0.timestamp": "they say when it was captured, we when it happened",
}


class Captured(Transport):
    def __init__(self, options=None):
        super().__init__(options)
        self.envelopes = []

    def capture_envelope(self, envelope):
        self.envelopes.append(envelope.serialize())


def read(envelope):
    header, item, payload = envelope.split(b"\n")[:3]
    return {"headers": json.loads(header), "item": json.loads(item), "payload": json.loads(payload)}


def golden(name):
    return read((GOLDEN / f"{name}.envelope").read_bytes())


def flat(value, prefix=""):
    if isinstance(value, dict) and value:
        return {path: leaf for key in value for path, leaf in flat(value[key], f"{prefix}{key}.").items()}
    if isinstance(value, list) and value:
        return {path: leaf for i, one in enumerate(value) for path, leaf in flat(one, f"{prefix}{i}.").items()}
    return {prefix[:-1]: value}


def differences(ours, theirs):
    ours, theirs = flat(ours), flat(theirs)
    for path in sorted(ours.keys() | theirs.keys()):
        if path not in ours:
            yield f"- {path}"
        elif path not in theirs:
            yield f"+ {path}"
        elif ours[path] != theirs[path] or type(ours[path]) is not type(theirs[path]):
            yield f"~ {path}"


def continue_trace(scope, trace_id):
    scope.generate_propagation_context({"sentry-trace": f"{trace_id}-{'1' * 16}"})


class SameFacts(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.transport = Captured({"dsn": DSN})
        sentry_sdk.init(dsn=DSN, transport=self.transport, environment="production", server_name="k8sentry-0",
                        default_integrations=False, auto_enabling_integrations=False, enable_logs=True,
                        send_client_reports=False)

    def tearDown(self):
        sentry_sdk.get_client().close()

    def theirs(self):
        sentry_sdk.flush()
        self.assertEqual(len(self.transport.envelopes), 1)
        return read(self.transport.envelopes[0])

    def compare(self, ours, explained):
        theirs = self.theirs()
        used, unexplained = set(), []
        for difference in differences(ours, theirs):
            reasons = [pattern for pattern in explained if fnmatch.fnmatchcase(difference, pattern)]
            used.update(reasons)
            if not reasons:
                path = difference[2:]
                unexplained.append((difference, flat(ours).get(path), flat(theirs).get(path)))
        self.assertEqual(unexplained, [])
        # There may be no git, and only a run that has ended has a duration.
        optional = {"- payload.release", "- headers.trace.release", "- payload.duration",
                    "- payload.items.0.attributes.sentry.release.*"}
        self.assertEqual(set(explained) - used - optional, set(), "explains nothing")

    def tell_event(self, event, capture):
        with sentry_sdk.new_scope() as scope:
            for key, value in event["tags"].items():
                scope.set_tag(key, value)
            for key, value in event["contexts"].items():
                if key != "trace":
                    scope.set_context(key, value)
            scope.set_level(event["level"])
            scope.fingerprint = event["fingerprint"]
            scope.set_transaction_name(event["transaction"])
            continue_trace(scope, event["contexts"]["trace"]["trace_id"])
            for crumb in event.get("breadcrumbs", {"values": []})["values"]:
                scope.add_breadcrumb(dict(crumb))
            capture()

    def test_as_a_message(self):
        ours = golden("node-not-ready")
        text = ours["payload"]["logentry"]["formatted"]
        self.tell_event(ours["payload"], lambda: sentry_sdk.capture_message(text))
        self.compare(ours, EVENT | MESSAGE)

    def test_as_an_exception(self):
        ours = golden("unhealthy")
        one = ours["payload"]["exception"]["values"][0]
        error = type(one["type"], (Exception,), {"__module__": "builtins"})(one["value"])
        self.tell_event(ours["payload"], lambda: sentry_sdk.capture_exception(error))
        self.compare(ours, EVENT | EXCEPTION)

    def test_as_a_check_in(self):
        for name in ("check-in-start", "check-in-ok", "check-in-error"):
            with self.subTest(name):
                self.setUp()
                ours = golden(name)
                facts = ours["payload"]
                with sentry_sdk.new_scope() as scope:
                    continue_trace(scope, facts["contexts"]["trace"]["trace_id"])
                    sentry_sdk.crons.capture_checkin(
                        monitor_slug=facts["monitor_slug"], check_in_id=facts["check_in_id"], status=facts["status"],
                        duration=facts.get("duration"), monitor_config=facts.get("monitor_config"))
                self.compare(ours, CHECK_IN)

    def test_as_a_log(self):
        ours = golden("logs")
        log = ours["payload"]["items"][1]
        ours["payload"]["items"], ours["item"]["item_count"] = [log], 1
        attributes = {key: a["value"] for key, a in log["attributes"].items() if not key.startswith("sentry.sdk")}
        with sentry_sdk.new_scope() as scope:
            continue_trace(scope, log["trace_id"])
            sentry_sdk.logger.warning(log["body"], attributes=attributes)
        self.compare(ours, LOG)



if __name__ == "__main__":
    unittest.main()
