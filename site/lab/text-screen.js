// SPDX-License-Identifier: MIT
// The machine's VGA text screen, 80 by 25, as text: what a monitor would show.

import { element } from './elements.js';

const COLUMNS = 80, ROWS = 25;
// Code page 437's shades and blocks, which the kernel's map uses.
const CHARACTERS = { 0: ' ', 0xB0: '░', 0xB1: '▒', 0xB2: '▓', 0xDB: '█' };

export class TextScreen {
    constructor() {
        this.element = element('details', 'text-screen');
        this.element.append(element('summary', '', 'The VGA screen'));
        this.text = element('pre', 'screen');
        this.element.append(this.text);
        this.element.ontoggle = () => this.draw();
        this.clear();
    }

    clear() {
        this.cells = Array.from({ length: ROWS }, () => Array(COLUMNS).fill(' '));
        this.draw();
    }

    // cell: [row, column, character, ...] of v86's screen-put-char
    put([row, column, character]) {
        if (row >= ROWS || column >= COLUMNS)
            return;
        this.cells[row][column] =
            CHARACTERS[character] ?? String.fromCharCode(character);
        if (!this.drawing && this.element.open) {
            this.drawing = true;
            requestAnimationFrame(() => {
                this.drawing = false;
                this.draw();
            });
        }
    }

    draw() {
        this.text.textContent = this.cells.map(row => row.join('')).join('\n');
    }
}
