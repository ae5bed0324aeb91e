// SPDX-License-Identifier: MIT
// The heap, read out of guest memory while the machine runs or after it ended.
//
//     a replay   struct picture: how much of each cell is live
//     a test     the live-block table: every block, with its size
//
// Offsets in struct picture and in struct live_block are the compiler's
// (site/kernel/layout.c).  The table of live blocks is private to
// src/labtest/live_blocks.c; its words are
//     blocks, places, count, granules (2), most_granules, begin, end

const TABLE_WORDS = 8, BLOCKS_MAX = 1 << 16;
const TEXT_BYTES = 64, LAYOUT_WORDS = 11;
export const GRANULE_BYTES = 8;

function words(guest, address, count) {
    const bytes = guest.read(address, 4 * count).slice();
    return new Uint32Array(bytes.buffer, bytes.byteOffset, count);
}

function text(guest, address) {
    const bytes = guest.read(address, TEXT_BYTES);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(bytes.slice(0, end < 0 ? TEXT_BYTES : end));
}

function layoutOf(guest, kernel) {
    return words(guest, kernel.symbols.page_layout, LAYOUT_WORDS);
}

// { kind: 'cells', title, cellBytes, begin, cells: live granules of each }
function lookAtPicture(guest, kernel) {
    const at = kernel.locals.picture;
    const [stage, trace, operations, peak, begin, cellGranules, mapCells,
        granules] = layoutOf(guest, kernel);
    const count = guest.word(at + mapCells), size = guest.word(at + cellGranules);
    if (count === 0 || count > 4096 || size === 0)
        return null;
    return { kind: 'cells', stage: text(guest, guest.word(at + stage)),
        trace: text(guest, guest.word(at + trace)),
        operations: guest.word(at + operations),
        peakBytes: guest.word(at + peak), begin: guest.word(at + begin),
        cellBytes: size * GRANULE_BYTES,
        cells: words(guest, at + granules, count) };
}

// { kind: 'blocks', begin, end, blocks: [{ address, bytes }] }
function lookAtBlocks(guest, kernel) {
    const [blocks, , count, , , , begin, end] =
        words(guest, kernel.locals.live_blocks, TABLE_WORDS);
    if (blocks === 0 || begin === end || count > BLOCKS_MAX)
        return null;
    const [payload, bytes, size] =
        [...layoutOf(guest, kernel).slice(-3)].map(offset => offset / 4);
    const found = words(guest, blocks, count * size);
    return { kind: 'blocks', begin, end,
        blocks: Array.from({ length: count }, (_, i) =>
            ({ address: found[size * i + payload],
                bytes: found[size * i + bytes] })) };
}

// null while there is nothing to see.
export function lookAtHeap(guest, kernel) {
    try {
        return lookAtBlocks(guest, kernel) ?? lookAtPicture(guest, kernel);
    } catch (error) {
        if (error instanceof RangeError) // what a wild write has left
            return null;
        throw error;
    }
}
