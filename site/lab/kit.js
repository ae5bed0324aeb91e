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

async function unpacked(url) {
    const stream = new Blob([await bytesOf(url)]).stream()
        .pipeThrough(new DecompressionStream('gzip'));
    return new Response(stream).arrayBuffer();
}

const READERS = {
    json: async url => JSON.parse(new TextDecoder().decode(await bytesOf(url))),
    wasm: async url => WebAssembly.compile(await bytesOf(url)),
    gz: unpacked,
};

// `base` is the folder kit/ of the site, "…/kit/".
export function part(base, name) {
    const url = base + name;
    if (!parts.has(url)) {
        const read = READERS[name.split('.').pop()] ?? bytesOf;
        const coming = read(url);
        coming.catch(() => parts.delete(url)); // the next one tries again
        parts.set(url, coming);
    }
    return parts.get(url);
}

export function bytesOfBase64(text) {
    return Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
}
