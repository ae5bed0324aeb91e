// SPDX-License-Identifier: MIT
// The elements of pages with machines; a lab's is in lab-element.js.
import '@xterm/xterm/css/xterm.css';
import { MallowCompare, MallowMachine } from './machine-panel.js';

customElements.define('mallow-machine', MallowMachine);
customElements.define('mallow-compare', MallowCompare);
