// SPDX-License-Identifier: MIT
// Draws what heap-view.js has read: a map of the heap, its figures and a legend.
//
//     each cell is a piece of the heap, row by row from the lowest address;
//     the fuller, the darker and the taller its bar: colour never speaks alone

import { GRANULE_BYTES } from './heap-view.js';

const COLUMNS = 64, CELL = 9, BARS = CELL - 1;
const MAP_CELLS = 1024;

function kib(bytes) {
    return bytes < 4096 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} KiB`;
}

// Blocks as shares of cells: { shares: 0..1 of each cell, cellBytes, begin }
export function cellsOf(view) {
    if (view.kind === 'cells') {
        const most = view.cellBytes / GRANULE_BYTES;
        return { begin: view.begin, cellBytes: view.cellBytes,
            shares: Array.from(view.cells, live => Math.min(live / most, 1)) };
    }
    const bytes = view.end - view.begin;
    const cellBytes = Math.max(Math.ceil(bytes / MAP_CELLS / 8) * 8, 8);
    const shares = new Array(Math.ceil(bytes / cellBytes)).fill(0);
    for (const block of view.blocks) {
        const end = block.address + Math.max(block.bytes, 1);
        for (let at = block.address; at < end;) {
            const cell = Math.floor((at - view.begin) / cellBytes);
            const next = Math.min(view.begin + (cell + 1) * cellBytes, end);
            if (cell >= 0 && cell < shares.length)
                shares[cell] += (next - at) / cellBytes;
            at = next;
        }
    }
    return { begin: view.begin, cellBytes, shares: shares.map(
        share => Math.min(share, 1)) };
}

export function figuresOf(view) {
    const { shares, cellBytes } = cellsOf(view);
    const live = view.kind === 'blocks'
        ? view.blocks.reduce((sum, { bytes }) => sum + bytes, 0)
        : shares.reduce((sum, share) => sum + share * cellBytes, 0);
    let run = 0, longest = 0;
    for (const share of shares) {
        run = share === 0 ? run + cellBytes : 0;
        longest = Math.max(longest, run);
    }
    const last = shares.findLastIndex(share => share > 0);
    return { live: Math.round(live), longest, cellBytes,
        blocks: view.kind === 'blocks' ? view.blocks.length : null,
        highest: (last + 1) * cellBytes };
}

function describe(view) {
    const { live, longest, blocks, highest, cellBytes } = figuresOf(view);
    return `${kib(live)} live` + (blocks === null ? '' : ` in ${blocks} blocks`) +
        `, up to ${kib(highest)} above the heap's beginning; the longest run ` +
        `of empty cells is ${kib(longest)}; a cell is ${cellBytes} bytes`;
}

export class HeapMap {
    constructor(parent) {
        this.canvas = document.createElement('canvas');
        this.canvas.className = 'heap-canvas';
        this.canvas.setAttribute('role', 'img');
        this.figures = document.createElement('p');
        this.figures.className = 'heap-figures';
        this.legend = document.createElement('p');
        this.legend.className = 'heap-legend';
        this.legend.innerHTML = '<span class="cell-none"></span> nothing live ' +
            '<span class="cell-some"></span> partly live ' +
            '<span class="cell-full"></span> all live';
        parent.append(this.canvas, this.figures, this.legend);
        this.clear();
    }

    show(isShown) {
        for (const part of [this.canvas, this.figures, this.legend])
            part.hidden = !isShown;
    }

    draw(view) {
        if (!view)
            return;
        this.show(true);
        const { shares } = cellsOf(view), style = getComputedStyle(this.canvas);
        const rows = Math.ceil(shares.length / COLUMNS);
        if (this.canvas.height !== rows * CELL || this.touched === null) {
            this.canvas.width = COLUMNS * CELL;
            this.canvas.height = rows * CELL;
            this.touched = new Set();
        }
        const context = this.canvas.getContext('2d');
        context.fillStyle = style.getPropertyValue('--heap-none');
        context.fillRect(0, 0, this.canvas.width, this.canvas.height);
        shares.forEach((share, i) => this.drawCell(context, style, share, i));
        const text = describe(view);
        this.figures.textContent = text;
        this.canvas.setAttribute('aria-label', `Map of the heap: ${text}`);
    }

    drawCell(context, style, share, i) {
        if (share > 0)
            this.touched.add(i);
        if (share === 0 && !this.touched.has(i))
            return;
        const x = i % COLUMNS * CELL, y = Math.floor(i / COLUMNS) * CELL;
        context.fillStyle = style.getPropertyValue('--heap-free');
        context.fillRect(x, y, BARS, BARS);
        if (share === 0)
            return;
        const height = Math.max(Math.round(share * BARS), 1);
        context.fillStyle = style.getPropertyValue(
            share >= 1 ? '--heap-full' : '--heap-some');
        context.fillRect(x, y + BARS - height, BARS, height);
    }

    // Forgets which cells were ever in use; shows nothing until there is a heap.
    clear() {
        this.touched = null;
        this.show(false);
    }
}
