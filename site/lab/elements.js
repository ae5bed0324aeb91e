// SPDX-License-Identifier: MIT
// Short words for making parts of a page.

export function element(name, className = '', text = '') {
    const made = document.createElement(name);
    if (className)
        made.className = className;
    if (text)
        made.textContent = text;
    return made;
}

export function show(part) {
    part.hidden = false;
    part.scrollIntoView({ block: 'nearest' });
}
