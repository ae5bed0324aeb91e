// SPDX-License-Identifier: MIT
// What a test has written down (src/labtest/call_record.h), read from guest
// memory.  The same reading as scripts/mallow/grade/call_record.py: a verdict
// comes from here, and not from what a student's code may have printed.

const RECORD_BYTES = 32, BATCH_RECORDS = 512;
const BEGIN = 1, END = 2, FAILED = 3, CALL = 0x100, DONE = 0x200, FULL = 0xFFFF;

// src/labtest/side.h, enum lab_call, in its order; and what a student knows
// them as, where that is another name.
const CALLS = ('frames_start frame_alloc frame_alloc_run frame_free ' +
    'frame_free_run paging_start map unmap protect translate load read write ' +
    'heap_start alloc realloc free size zones_start cache_create cache_alloc ' +
    'cache_free cache_destroy window_init window_move_end window_close'
).split(' ');
const SHOWN = {
    frame_alloc: () => 'frame_alloc()',
    frame_alloc_run: (a, b) => `frame_alloc_run(${a}, ${b})`,
    frame_free: a => `frame_free(${hex(a)})`,
    frame_free_run: (a, b) => `frame_free_run(${hex(a)}, ${b})`,
    map: (a, b) => `page_map(${hex(a)}, frame ${hex(b)})`,
    unmap: a => `page_unmap(${hex(a)})`,
    protect: a => `page_protect(${hex(a)})`,
    translate: a => `page_translate(${hex(a)})`,
    alloc: a => `kmalloc(${a})`,
    realloc: (a, b) => `krealloc(${hex(a)}, ${b})`,
    free: a => `kfree(${hex(a)})`,
    size: a => `kmalloc_size(${hex(a)})`,
    window_init: () => 'window_init()',
    window_move_end: (a, b) => `window_move_end(${a}, ${hex(b)})`,
    window_close: () => 'window_close()',
};

function hex(value) {
    return '0x' + value.toString(16);
}

function readEntry(view, at) {
    const words = [4, 8, 12, 16, 20, 24].map(i => view.getUint32(at + i, true));
    return { kind: view.getUint16(at, true), line: view.getUint16(at + 2, true),
        arguments: words.slice(0, 3), result: words[3],
        instructions: words[4], order: words[5] };
}

function shownCall(entry) {
    const name = CALLS[entry.kind % CALL - 1] ?? '?';
    return name in SHOWN ? SHOWN[name](...entry.arguments) : name;
}

export class CallRecord {
    // Reads the record at the physical address `begin`: `read(address, bytes)`.
    constructor(read, begin, bytes) {
        this.entries = [];
        this.wrong = '';
        const most = Math.floor(bytes / RECORD_BYTES);
        for (let i = 0; i < most; i += BATCH_RECORDS) {
            const batch = read(begin + i * RECORD_BYTES,
                Math.min(BATCH_RECORDS, most - i) * RECORD_BYTES);
            if (!this.take(batch))
                break;
        }
    }

    // False when the record has ended.
    take(bytes) {
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
            if (bytes.subarray(at, at + RECORD_BYTES).every(byte => byte === 0))
                return false;
            const entry = readEntry(view, at);
            if (entry.order !== this.entries.length) {
                this.wrong = `record ${this.entries.length} of the test has ` +
                    'been written over; something writes far outside the heap';
                return false;
            }
            this.entries.push(entry);
        }
        return true;
    }

    // The text of a failed expectation, and its line in tests.c; '' if none.
    get failure() {
        let text = '';
        for (const { kind, arguments: words } of this.entries) {
            for (const word of kind === FAILED ? words : [])
                text += String.fromCharCode(word & 255, word >> 8 & 255,
                    word >> 16 & 255, word >>> 24);
        }
        return text.replace(/\0+$/, '');
    }

    get line() {
        return this.entries.find(each => each.kind === FAILED)?.line ?? 0;
    }

    // The call that has not come back; '' if there is none.
    get pending() {
        const last = this.entries.at(-1);
        return last && last.kind > CALL && last.kind < DONE
            ? shownCall(last) : '';
    }

    // The last calls, for people: [{ text, line }].
    lastCalls(count) {
        return this.entries
            .filter(({ kind }) => kind > CALL && kind < DONE).slice(-count)
            .map(entry => ({ text: shownCall(entry), line: entry.line }));
    }

    // Why the test has not passed; '' if it has come to its end.
    get verdict() {
        if (this.wrong || this.failure)
            return this.wrong || this.failure;
        if (this.entries[0]?.kind !== BEGIN)
            return 'the test has not begun';
        const last = this.entries.at(-1).kind;
        if (last === FULL)
            return 'the test did more than it can write down';
        return last === END ? '' : 'the test has not come to its end';
    }
}
