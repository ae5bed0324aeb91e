// SPDX-License-Identifier: MIT
// A terminal on the machine's serial line: 80 columns, as the kernel expects, in
// letters that fit the place.

import { Terminal } from '@xterm/xterm';

const COLUMNS = 80, ROWS = 25, LINES_KEPT = 2000;
const FONT = '"DejaVu Sans Mono", Menlo, Consolas, monospace';
const WIDTH_OF_LETTER = 0.61; // of the font size
const SMALLEST = 9, LARGEST = 14;

function fontSize(width) {
    const fits = Math.floor(width / COLUMNS / WIDTH_OF_LETTER * 2) / 2;
    return Math.min(Math.max(fits, SMALLEST), LARGEST);
}

export function makeTerminal(parent, onType) {
    const terminal = new Terminal({ cols: COLUMNS, rows: ROWS,
        convertEol: true, scrollback: LINES_KEPT, fontFamily: FONT,
        fontSize: fontSize(parent.clientWidth - 32), screenReaderMode: true,
        theme: { background: '#14161a' } });
    terminal.open(parent);
    terminal.onData(onType);
    // Tab leaves the terminal: the page has to be usable from the keyboard.
    terminal.attachCustomKeyEventHandler(event => event.key !== 'Tab');
    new ResizeObserver(() => {
        if (parent.clientWidth > 0)
            terminal.options.fontSize = fontSize(parent.clientWidth - 32);
    }).observe(parent);
    return terminal;
}
