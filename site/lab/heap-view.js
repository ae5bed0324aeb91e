// SPDX-License-Identifier: MIT
// The heap, read out of guest memory while the machine runs or after it ended.
//
//     a replay   struct picture: how much of each cell is live
//     a test     the live-block table: every block, with its size
//
// Offsets in struct picture are the compiler's (site/kernel/layout.c).  The
// live-block table is private to src/labtest/live_blocks.c; its words are
//     blocks, places, count, granules (2), most_granules, begin, end

const TABLE_WORDS = 8, BLOCK_BYTES = 12, BLOCKS_MAX = 1 << 16;
const TEXT_BYTES = 64, LAYOUT_WORDS = 8;
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

// { kind: 'cells', title, cellBytes, begin, cells: live granules of each }
function lookAtPicture(guest, kernel) {
    const at = kernel.locals.picture;
    const [stage, trace, operations, peak, begin, cellGranules, mapCells,
        granules] = words(guest, kernel.symbols.page_layout, LAYOUT_WORDS);
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
    const found = words(guest, blocks, count * BLOCK_BYTES / 4);
    return { kind: 'blocks', begin, end,
        blocks: Array.from({ length: count }, (_, i) =>
            ({ address: found[3 * i], bytes: found[3 * i + 1] })) };
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
