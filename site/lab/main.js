// SPDX-License-Identifier: MIT
// The elements of the page.
import '@xterm/xterm/css/xterm.css';
import { MallowCompare, MallowMachine } from './machine-panel.js';
import { MallowLab } from './workbench.js';

customElements.define('mallow-lab', MallowLab);
customElements.define('mallow-machine', MallowMachine);
customElements.define('mallow-compare', MallowCompare);
