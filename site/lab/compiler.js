// SPDX-License-Identifier: MIT
// The C compiler in the page: tcc as a WebAssembly program.
//
//     source text --> tcc.wasm (a WASI program) --> ELF object, messages
//
// tcc runs as a command does: arguments in, files in, exit status out.  Its
// files are a Map in memory; it can reach nothing else.  Each compilation is a
// new instance of the module, so that a failed one leaves nothing.

import { runWasi } from './wasi.js';

const OBJECT = '/out.o';
const FLAGS = ['-c', '-nostdinc', '-nostdlib', '-Wall',
    '-Wimplicit-function-declaration', '-fno-builtin', '-I/src', '-I/tcc', '-include', 'builtins.h'];

// { file: the place in the tree, line, severity: 'error'|'warning', text }
const MESSAGE = /^(?:In file included from .*)?([^\s:]+):(\d+): (error|warning): (.*)$/;

function readMessages(text) {
    const found = [];
    for (const line of text.split('\n')) {
        const match = MESSAGE.exec(line);
        if (match)
            found.push({ file: match[1].replace(/^\//, ''), line: +match[2],
                severity: match[3], text: match[4] });
        else if (line.startsWith('tcc: error: '))
            found.push({ file: '', line: 0, severity: 'error',
                text: line.slice('tcc: error: '.length) });
    }
    return found.map(explain);
}

// gcc and clang refuse a call of a function that nothing declares; tcc warns,
// and the linker would not find it.
function explain(message) {
    const found = /^implicit declaration of function '(\w+)'/.exec(message.text);
    if (!found)
        return message;
    return { ...message, severity: 'error',
        text: `${found[1]}() is not declared: a misspelt name, or a header ` +
            'that is not included' };
}

const COMMENT_OR_NOTHING = /^\s*(\/\*.*\*\/|\/\/.*)?\s*$/;

// tcc sees that a semicolon is missing when it reads the next word.  If that is
// the first of its line, the mistake is in a line above.
function atTheEndBefore(message, text) {
    const found = /^'([;,)])' expected \(got "(.*)"\)$/.exec(message.text);
    const lines = (text ?? '').split('\n');
    if (!found || !lines[message.line - 1]?.trimStart().startsWith(found[2]))
        return message;
    const above = lines.slice(0, message.line - 1).findLastIndex(
        line => !COMMENT_OR_NOTHING.test(line));
    return above < 0 ? message : { ...message, line: above + 1,
        text: `'${found[1]}' expected at the end of this line` };
}

export class Compiler {
    // module: a WebAssembly.Module of tcc; headers: {path in the tree: text}
    constructor(module, headers) {
        this.module = module;
        this.headers = headers;
        this.encoder = new TextEncoder();
    }

    // Compiles `file`, "src/mm/malloc/malloc.c"; `texts` are files that differ
    // from the tree's own.  { object: bytes or null, messages }
    compile(file, texts = {}) {
        const files = new Map();
        for (const [path, text] of Object.entries({ ...this.headers, ...texts }))
            files.set('/' + path, this.encoder.encode(text));
        const end = runWasi(this.module,
            ['tcc', ...FLAGS, '/' + file, '-o', OBJECT], files);
        const messages = readMessages(end.errors).map(
            message => atTheEndBefore(message, texts[message.file]));
        const failed = messages.some(each => each.severity === 'error');
        if (end.status !== 0 && !failed)
            messages.push({ file, line: 0, severity: 'error',
                text: 'the compiler gives up: ' +
                    (end.trap || end.errors.trim() || `status ${end.status}`) });
        const made = end.status === 0 && !failed;
        return { object: made ? files.get(OBJECT) : null, messages };
    }
}
