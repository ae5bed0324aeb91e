// SPDX-License-Identifier: MIT
// A file server for tests; files travel packed, as from an ordinary server.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import zlib from 'node:zlib';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript',
    '.css': 'text/css', '.wasm': 'application/wasm',
    '.json': 'application/json', '.svg': 'image/svg+xml', '.png': 'image/png',
    '.woff2': 'font/woff2', '.txt': 'text/plain' };
const PACKED = new Set(['.gz', '.png', '.woff2']);

function answer(folder, request, response) {
    const { pathname } = new URL(request.url, 'http://localhost');
    const name = path.join(folder, decodeURIComponent(pathname),
        pathname.endsWith('/') ? 'index.html' : '');
    if (!name.startsWith(folder) || !fs.existsSync(name)) {
        response.writeHead(404).end();
        return;
    }
    const type = path.extname(name);
    const plain = fs.readFileSync(name);
    const packed = !PACKED.has(type);
    const body = packed ? zlib.gzipSync(plain) : plain;
    response.writeHead(200, { 'content-length': body.length,
        'content-type': TYPES[type] ?? 'application/octet-stream',
        ...(packed ? { 'content-encoding': 'gzip' } : {}) }).end(body);
}

// Resolves to a server of `folder` on a free port of this machine.
export function serve(folder) {
    const server = http.createServer((request, response) =>
        answer(folder, request, response));
    return new Promise(resolve => server.listen(0, '127.0.0.1',
        () => resolve(server)));
}
