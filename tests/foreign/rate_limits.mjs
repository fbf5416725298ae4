// Compares our rate limiter with @sentry/core's: rate_limits.mjs PROGRAM, which is
// rate_limits_of.cc. Where both are known to differ, the table says what we read.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { disabledUntil, updateRateLimits } from '@sentry/core';

const NOW = Date.parse('2026-11-21T04:00:00Z');
const CATEGORIES = ['error', 'default', 'monitor'];

// [status, Retry-After, X-Sentry-Rate-Limits, ours if it differs on purpose]
const TABLE = [
  [200, null, '60:transaction:key, 2700:default;error;security:organization'],
  [200, null, '60::organization'],
  [200, null, '60:error:organization:quota_exceeded:custom'],
  [200, null, '10:foo:key'],
  [429, null, '60:error:key'],
  [200, null, '10:error:key, 60:error:key'],
  [429, '13', null],
  [429, '13', '5:error:key'],
  [200, null, null],
  [429, null, null],
  [429, 'Sat, 21 Nov 2026 04:00:07 GMT', null],
  // Of a 503 Retry-After speaks of that one request; @sentry/core limits everything.
  [503, '13', null, [0, 0, 0]],
  // The spec keeps the longer one of two limits; @sentry/core the later one.
  [200, null, '60:error:key, 10:error:key', [60, 0, 0]],
  // We round up, @sentry/core cuts off.
  [200, null, '2.5:error:key', [3, 0, 0]],
  // Garbage: @sentry/core takes a minute, we and sentry-go nothing.
  [200, null, 'abc:error:key', [0, 0, 0]],
  // We allow blanks around the parts, as the spec does.
  [200, null, '60 : error ; default : key', [60, 60, 0]],
  // No limit of ours lasts longer than a day.
  [200, null, '100000:error:key', [86400, 0, 0]],
];

function theirs([status, retryAfter, limits]) {
  const headers = { 'retry-after': retryAfter, 'x-sentry-rate-limits': limits };
  const updated = updateRateLimits({}, { statusCode: status, headers }, NOW);
  return CATEGORIES.map((category) => Math.max(0, disabledUntil(updated, category) - NOW) / 1000);
}

const input = TABLE.map(([status, retryAfter, limits]) => `${status}\t${retryAfter ?? '-'}\t${limits ?? '-'}\n`);
const run = spawnSync(process.argv[2], { input: input.join(''), encoding: 'utf8' });
assert.equal(run.status, 0, run.stderr);
const ours = run.stdout.trimEnd().split('\n').map((line) => line.trim().split(' ').map(Number));
assert.equal(ours.length, TABLE.length);
TABLE.forEach((row, i) => {
  const divergence = row[3];
  assert.deepEqual(ours[i], divergence ?? theirs(row), JSON.stringify(row));
  // A divergence that is none any more should leave the table.
  if (divergence) assert.notDeepEqual(theirs(row), divergence, JSON.stringify(row));
});
console.log(`${TABLE.length} headers compared`);
