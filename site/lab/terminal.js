// SPDX-License-Identifier: MIT
// A terminal on the machine's serial line.

import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';

const LINES_KEPT = 2000;

export function makeTerminal(parent, onType) {
    const terminal = new Terminal({ convertEol: true, scrollback: LINES_KEPT,
        fontSize: 13, fontFamily: 'var(--vp-font-family-mono), monospace',
        screenReaderMode: true, theme: { background: '#14161a' } });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    terminal.open(parent);
    terminal.onData(onType);
    // Tab leaves the terminal: the page has to be usable from the keyboard.
    terminal.attachCustomKeyEventHandler(event => event.key !== 'Tab');
    new ResizeObserver(() => parent.clientWidth > 0 && fit.fit()).observe(parent);
    return terminal;
}
