// SPDX-License-Identifier: MIT
// The page's verdicts without a page: the same compiler, linker and machine, in
// Node.  tests/test_site.py compares them with those of make grade.
//
//     stdin    a line of JSON each: { lab, texts: {file: text}, tests: [names] }
//     stdout   a line of JSON each: { messages, verdicts: {test: message} }, where
//              the message of a test that has passed is ""
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { V86 } from 'v86';
import { Compiler } from '../lab/compiler.js';
import { Guest } from '../lab/guest.js';
import { Builder } from '../lab/program.js';
import { Runner } from '../lab/runner.js';

const site = new URL('../../build/site/', import.meta.url).pathname;
const bytes = name => new Uint8Array(fs.readFileSync(path.join(site, name)));
const json = name => JSON.parse(fs.readFileSync(path.join(site, 'kit', name)));

const kernel = json('kernel.json'), state = bytes('kit/state.bin').buffer;
const wasm = new WebAssembly.Module(fs.readFileSync(new URL(
    '../node_modules/v86/build/v86.wasm', import.meta.url)));
const compiler = new Compiler(new WebAssembly.Module(bytes('tcc/tcc.wasm')),
    json('files.json'));
const builder = new Builder(compiler, kernel, json('labs.json'),
    json('objects.json'));
let guest = await Guest.create({ V86, wasm, state });
let broken = null;
// v86's code generator may run out of the script's stack, outside of any call
// of ours.
process.on('uncaughtException', error => broken?.(error));

async function verdictOf(program, test) {
    const ended = new Promise(resolve => { broken = resolve; });
    const verdict = await Promise.race([
        new Runner(guest, kernel, program).test(test), ended]);
    if (!(verdict instanceof Error))
        return verdict.message;
    guest = await Guest.create({ V86, wasm, state });
    return `the machine stopped: ${verdict.message}`;
}

for await (const line of readline.createInterface({ input: process.stdin })) {
    const { lab, texts, tests } = JSON.parse(line);
    const { program, messages } = builder.build(lab, texts);
    const verdicts = {};
    for (const name of program ? tests : [])
        verdicts[name] = await verdictOf(program, { lab, name });
    console.log(JSON.stringify({ messages, verdicts }));
}
process.exit(0);
