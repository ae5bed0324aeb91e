// SPDX-License-Identifier: MIT
// What the page fetches: the saved machine, the emulator, the compiler and the
// labs.  Everything comes from beside the page, each part once.

const parts = new Map();

async function bytesOf(url) {
    const answer = await fetch(url);
    if (!answer.ok)
        throw new Error(`${url}: the server answers ${answer.status}`);
    return answer.arrayBuffer();
}

// Large files are packed: a plain file server sends each file as it is.
async function unpacked(bytes) {
    const stream = new Blob([bytes]).stream()
        .pipeThrough(new DecompressionStream('gzip'));
    return new Response(stream).arrayBuffer();
}

const READERS = {
    json: bytes => JSON.parse(new TextDecoder().decode(bytes)),
    wasm: bytes => WebAssembly.compile(bytes),
};

// "x.wasm.gz" is unpacked first, and is then read as "x.wasm".
async function read(url) {
    const bytes = await bytesOf(url);
    const plain = url.endsWith('.gz') ? await unpacked(bytes) : bytes;
    const type = url.replace(/\.gz$/, '').split('.').pop();
    return READERS[type]?.(plain) ?? plain;
}

// `base` is the folder kit/ of the site, "…/kit/".
export function part(base, name) {
    const url = base + name;
    if (!parts.has(url)) {
        const coming = read(url);
        coming.catch(() => parts.delete(url)); // the next one tries again
        parts.set(url, coming);
    }
    return parts.get(url);
}

export function bytesOfBase64(text) {
    return Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
}
