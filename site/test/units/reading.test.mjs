// SPDX-License-Identifier: MIT
// What the page reads: records, call records, histories, contracts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallRecord } from '../../lab/call-record.js';
import { contractMessages } from '../../lab/contract.js';
import { figuresOf } from '../../lab/heap-map.js';
import { blocksOf, liveAt } from '../../lab/history.js';
import { parseRecord } from '../../lab/records.js';
import { hintFor, pointsOf } from '../../lab/runner.js';

test('a record is a kind and fields, percent-encoded', () => {
    assert.deepEqual(parseRecord('panic cause=a%20b%2c%20c count=7 empty='),
        { kind: 'panic', cause: 'a b, c', count: 7, empty: '' });
    assert.deepEqual(parseRecord('half cause=a%2'),
        { kind: 'half', cause: 'a%2' });
});

// An entry of a call record as struct call_record_entry lays it out.
function entry(kind, order, [a = 0, b = 0, c = 0] = [], result = 0) {
    const bytes = new DataView(new ArrayBuffer(32));
    bytes.setUint16(0, kind, true);
    [a, b, c, result, 0, order, 1].forEach(
        (word, i) => bytes.setUint32(4 + 4 * i, word, true));
    return new Uint8Array(bytes.buffer);
}

function record(...entries) {
    const memory = new Uint8Array(1024);
    entries.forEach((bytes, i) => memory.set(bytes, 32 * i));
    return new CallRecord((at, bytes) => memory.subarray(at, at + bytes), 0,
        memory.length);
}

const words = text => [0, 4, 8].map(at => [0, 1, 2, 3].reduce((word, i) =>
    word | (text.charCodeAt(at + i) || 0) << 8 * i, 0) >>> 0);

test('a call record ends, fails, or stops during a call', () => {
    assert.equal(record(entry(1, 0), entry(2, 1)).verdict, '');
    assert.equal(record().verdict, 'the test has not begun');
    assert.equal(record(entry(1, 0), entry(3, 1, words('no room'))).verdict,
        'no room');
    const hung = record(entry(1, 0), entry(0x100 + 15, 1, [24]));
    assert.equal(hung.pending, 'kmalloc(24)');
    assert.equal(hung.verdict, 'the test has not come to its end');
    assert.match(record(entry(1, 0), entry(2, 7)).verdict, /written over/);
});

test('a history knows what is live after each operation', () => {
    const blocks = blocksOf([
        { kind: 'taken', operation: 1, offset: 0, bytes: 24 },
        { kind: 'taken', operation: 2, offset: 32, bytes: 8 },
        { kind: 'given', operation: 3, offset: 0 },
        { kind: 'taken', operation: 4, offset: 0, bytes: 16 }]);
    assert.deepEqual([0, 1, 2, 3, 4].map(at => liveAt(blocks, at).length),
        [0, 1, 2, 1, 2]);
});

test('the map counts what is live, and the longest empty run', () => {
    const figures = figuresOf({ kind: 'blocks', begin: 0x1000, end: 0x3000,
        blocks: [{ address: 0x1000, bytes: 16 }, { address: 0x2000, bytes: 8 }] });
    assert.deepEqual(figures, { live: 24, longest: 4096 - 8, cellBytes: 8,
        blocks: 2, highest: 4104 });
});

test('points need all tests that a test needs', () => {
    const tests = [{ name: 'a', needs: '', points: 5 },
        { name: 'b', needs: 'a', points: 7 }];
    const verdicts = (a, b) => new Map([['a', { passed: a }],
        ['b', { passed: b }]]);
    assert.equal(pointsOf(tests[1], tests, verdicts(true, true)), 7);
    assert.equal(pointsOf(tests[1], tests, verdicts(false, true)), 0);
    assert.equal(hintFor({ hint: 'look' }, 'x is not written yet'), '');
});

test('what make grade refuses is said early, and comments are not code', () => {
    const labs = { standard: ['stdint.h'], words: ['asm', '__asm__'] };
    const rules = { includes: ['mm/malloc/malloc.h'] };
    const lines = ['#include <stdint.h>', '#include "../secret.h"',
        '/* asm */ int a; // __asm__', 'void f(void) { __asm__("hlt"); }'];
    assert.deepEqual(contractMessages('x.c', lines.join('\n'), rules, labs)
        .map(({ line }) => line), [2, 4]);
});
