// Reads every golden envelope with Sentry's own parser: parse_envelope.mjs DIRECTORY
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {
  createCheckInEnvelope, createClientReportEnvelope, dsnFromString, envelopeItemTypeToDataCategory, parseEnvelope,
} from '@sentry/core';

const LEVELS = ['fatal', 'error', 'warning', 'info', 'debug'];

function checkEvent(event, id) {
  assert.equal(event.event_id, id);
  assert.equal(typeof event.timestamp, 'number');
  assert.equal(event.platform, 'other');
  assert.ok(LEVELS.includes(event.level));
  assert.equal(event.sdk.name, 'k8sentry');
  assert.equal(event.fingerprint[0], 'k8s');
  for (const [key, value] of Object.entries(event.tags)) {
    assert.match(key, /^[a-zA-Z0-9_.:-]{1,32}$/);
    assert.ok(typeof value === 'string' && value.length > 0 && !value.includes('\n'));
    assert.ok([...value].length <= 200);
  }
  for (const context of Object.values(event.contexts)) assert.equal(typeof context, 'object');
  if (event.level === 'info') {
    assert.ok(event.logentry.formatted.length > 0);
    return;
  }
  const [exception, ...others] = event.exception.values;
  assert.equal(others.length, 0);
  assert.ok(exception.type || exception.value);
  assert.deepEqual(exception.mechanism, { type: 'auto.k8s.event', handled: true });
}

function checkLogs(container, headers) {
  assert.equal(headers.content_type, 'application/vnd.sentry.items.log+json');
  assert.equal(headers.item_count, container.items.length);
  for (const log of container.items) {
    assert.ok(['trace', 'debug', 'info', 'warn', 'error', 'fatal'].includes(log.level));
    assert.match(log.trace_id, /^[0-9a-f]{32}$/);
    assert.equal(typeof log.timestamp, 'number');
    assert.equal(typeof log.body, 'string');
    for (const { value, type } of Object.values(log.attributes)) {
      assert.equal(typeof value, { integer: 'number', double: 'number' }[type] ?? type);
    }
  }
}

// What Sentry's own functions make of the same facts, but for what only they or we say.
function checkCheckIn(checkIn) {
  const config = checkIn.monitor_config;
  const [, [[headers, theirs]]] = createCheckInEnvelope({
    check_in_id: checkIn.check_in_id, monitor_slug: checkIn.monitor_slug, status: checkIn.status,
    duration: checkIn.duration, environment: checkIn.environment, monitor_config: config && { ...config },
    contexts: checkIn.contexts,
  });
  assert.equal(headers.type, 'check_in');
  assert.deepEqual(checkIn, JSON.parse(JSON.stringify(theirs)));
}

function checkClientReport(report) {
  const [, [[headers, theirs]]] = createClientReportEnvelope(report.discarded_events, undefined, report.timestamp);
  assert.equal(headers.type, 'client_report');
  assert.deepEqual(report, theirs);
}

const CATEGORIES = { event: 'error', log: 'log_item', check_in: 'monitor', client_report: 'internal',
                     attachment: 'attachment' };

// The parser takes a length that is too large, so the lengths are held against the bytes.
function checkLengths(bytes, items) {
  let at = bytes.indexOf('\n') + 1;
  for (const [headers] of items) at = bytes.indexOf('\n', at) + 1 + headers.length + 1;
  assert.equal(at, bytes.length);
}

function checkEnvelope(bytes, seen = new Map()) {
  const [headers, items] = parseEnvelope(bytes);
  assert.equal(headers.sent_at, '2026-11-21T04:00:00Z');
  checkLengths(bytes, items);
  const types = items.map(([{ type }]) => type);
  for (const [itemHeaders, payload] of items) {
    const { type } = itemHeaders;
    assert.equal(envelopeItemTypeToDataCategory(type), CATEGORIES[type]);
    seen.set(type, (seen.get(type) ?? 0) + 1);
    if (type === 'attachment') continue;
    const value = JSON.parse(new TextDecoder().decode(payload));
    if (type === 'event') checkEvent(value, headers.event_id);
    if (type === 'log') checkLogs(value, itemHeaders);
    if (type === 'check_in') checkCheckIn(value);
    if (type === 'client_report') checkClientReport(value);
  }
  if (types[0] === 'event') {
    assert.match(headers.event_id, /^[0-9a-f]{32}$/);
    assert.deepEqual(Object.keys(headers), ['event_id', 'sent_at', 'sdk', 'trace']);
    assert.ok(types.slice(1).every((type) => type === 'attachment'));
  } else {
    assert.deepEqual(Object.keys(headers), ['sent_at', 'sdk']);
    assert.equal(items.length, 1);
  }
}

const directory = process.argv[2];
const names = fs.readdirSync(directory).filter((name) => name.endsWith('.envelope'));
assert.ok(names.length >= 30, 'the golden envelopes are missing');
const seen = new Map();
for (const name of names) {
  try {
    checkEnvelope(fs.readFileSync(path.join(directory, name)), seen);
  } catch (error) {
    error.message = `${name}: ${error.message}`;
    throw error;
  }
}
assert.deepEqual([...seen.keys()].sort(), Object.keys(CATEGORIES).sort());

// The judge must be able to say no.
const good = fs.readFileSync(path.join(directory, 'backoff.envelope'));
assert.throws(() => checkEnvelope(good.subarray(1)));
assert.throws(() => checkEnvelope(Buffer.from(good.toString().replace(/"length":\d+/, '"length":10'))));
assert.equal(dsnFromString('http://0123456789abcdef0123456789abcdef@127.0.0.1:9000/42').projectId, '42');
const logs = fs.readFileSync(path.join(directory, 'logs.envelope')).toString();
assert.throws(() => checkEnvelope(Buffer.from(logs.replace(/"item_count":\d+/, '"item_count":1'))));
const checkIn = fs.readFileSync(path.join(directory, 'check-in-ok.envelope')).toString();
assert.throws(() => checkEnvelope(Buffer.from(checkIn.replace('"status"', '"stated"'))));
console.log(`${names.length} envelopes read`);
