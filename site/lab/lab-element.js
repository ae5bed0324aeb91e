// SPDX-License-Identifier: MIT
// The element of a lab's page.  The editor is large: only a page whose lab is
// opened fetches it.
import '@xterm/xterm/css/xterm.css';
import { MallowLab } from './workbench.js';

customElements.define('mallow-lab', MallowLab);
