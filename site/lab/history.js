// SPDX-License-Identifier: MIT
// A recorded replay: which blocks were live after each operation.  The slider
// goes to any operation; a click on the map says whose memory that is.
//
//     records   taken operation=7 id=3 offset=4096 bytes=24    a block comes
//               given operation=9 ...                          and goes

import { element } from './elements.js';
import { cellsOf, HeapMap } from './heap-map.js';

const HEAP_BYTES = 2 << 20;

// The blocks of a recording: [{ offset, bytes, begin, end }]; `end` is Infinity
// for those that stay.
export function blocksOf(records) {
    const live = new Map(), found = [];
    for (const record of records) {
        if (record.kind === 'taken') {
            const block = { offset: record.offset, bytes: record.bytes,
                begin: record.operation, end: Infinity };
            live.set(record.offset, block);
            found.push(block);
        } else {
            const block = live.get(record.offset);
            if (block)
                block.end = record.operation;
            live.delete(record.offset);
        }
    }
    return found;
}

// The operation after which the most bytes are live: holes are seen best there.
export function peakOf(blocks) {
    const steps = blocks.flatMap(({ bytes, begin, end }) =>
        [{ at: begin, more: bytes }, { at: end, more: -bytes }])
        .sort((left, right) => left.at - right.at || left.more - right.more);
    let live = 0, most = 0, peak = 0;
    for (const { at, more } of steps) {
        live += more;
        if (live > most)
            [most, peak] = [live, at];
    }
    return peak;
}

// What is live after `operation`.
export function liveAt(blocks, operation) {
    return blocks.filter(({ begin, end }) =>
        begin <= operation && operation < end);
}

export class History {
    constructor() {
        this.element = element('div', 'history');
        this.element.hidden = true;
        this.title = element('h3');
        this.slider = element('input');
        this.slider.type = 'range';
        this.slider.setAttribute('aria-label', 'Operation of the replay');
        this.slider.oninput = () => {
            this.draw();
            this.onMove(Number(this.slider.value));
        };
        this.onMove = () => {};
        this.where = element('output');
        const heap = element('div', 'lab-heap');
        this.map = new HeapMap(heap);
        this.map.canvas.onclick = event => this.ask(event);
        this.answer = element('p', 'history-answer',
            'Click a cell to see which blocks are in it.');
        this.answer.setAttribute('role', 'status');
        this.element.append(this.title, this.slider, this.where, heap,
            this.answer);
    }

    clear() {
        this.element.hidden = true;
        this.blocks = [];
    }

    load(records, stage, trace) {
        this.blocks = blocksOf(records);
        const last = records.at(-1).operation;
        const end = this.blocks.reduce((most, { offset, bytes }) =>
            Math.max(most, offset + bytes), HEAP_BYTES);
        this.view = { kind: 'blocks', begin: 0, end, blocks: [] };
        Object.assign(this.slider, { min: 0, max: last,
            value: peakOf(this.blocks) });
        this.title.textContent = `${trace} at stage ${stage}, step by step`;
        this.element.hidden = false;
        this.draw();
    }

    goTo(operation) {
        if (this.element.hidden)
            return;
        this.slider.value = operation;
        this.draw();
    }

    draw() {
        const operation = Number(this.slider.value);
        this.view.blocks = liveAt(this.blocks, operation).map(
            ({ offset, bytes }) => ({ address: offset, bytes }));
        this.where.textContent = `after operation ${operation} of ` +
            this.slider.max;
        this.map.clear();
        this.map.draw(this.view);
    }

    ask(event) {
        const box = this.map.canvas.getBoundingClientRect();
        const scale = this.map.canvas.width / box.width / 9;
        const column = Math.floor((event.clientX - box.left) * scale);
        const row = Math.floor((event.clientY - box.top) * scale);
        const { cellBytes } = cellsOf(this.view);
        const begin = (row * 64 + column) * cellBytes;
        const now = Number(this.slider.value);
        const found = liveAt(this.blocks, now).filter(({ offset, bytes }) =>
            offset < begin + cellBytes && begin < offset + Math.max(bytes, 1));
        this.answer.textContent = found.length === 0
            ? `Nothing is live in the ${cellBytes} bytes from offset ${begin} on.`
            : found.map(({ offset, bytes, begin: from }) =>
                `${bytes} bytes at offset ${offset}: ${now - from} operations ` +
                `old (since operation ${from})`).join('; ');
    }
}
