// SPDX-License-Identifier: MIT
// A student's work, kept by the browser: one entry a file, and nothing else.

const PREFIX = 'mallow:file:';

function attempt(action, otherwise) {
    try {
        return action();
    } catch { // private windows may have no storage
        return otherwise;
    }
}

export function load(file) {
    return attempt(() => localStorage.getItem(PREFIX + file), null);
}

// False if the browser keeps nothing.
export function save(file, text) {
    return attempt(() => {
        localStorage.setItem(PREFIX + file, text);
        return true;
    }, false);
}

export function forget(file) {
    attempt(() => localStorage.removeItem(PREFIX + file));
}

// {file: text} of all files that were ever changed.
export function all() {
    return attempt(() => Object.fromEntries(Object.keys(localStorage)
        .filter(key => key.startsWith(PREFIX))
        .map(key => [key.slice(PREFIX.length), localStorage.getItem(key)])), {});
}

export function download(name, text) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'text/x-c' }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
