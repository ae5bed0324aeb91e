// SPDX-License-Identifier: MIT
// A web worker with one machine in it.  The page sends { id, command, ... } and
// gets { id, result } or { id, error }, and meanwhile { event, ... }.
//
//     start    { base }                 fetches the parts, makes the machine
//     build    { lab, texts, own }      compiles and links; the messages
//     use      { }                      the book's own solutions instead
//     test     { test, seed, seconds }  a verdict
//     boot     { words }                the kernel runs until `stop` or its end
//     type     { text }                 on the serial line
//     look     { }                      the heap, as the kernel sees it now
//     stop     { }
//
// The page ends a worker that does not answer, and starts another one.

import { V86 } from 'v86';
import { Compiler } from './compiler.js';
import { Guest } from './guest.js';
import { lookAtHeap } from './heap-view.js';
import { part } from './kit.js';
import { Builder } from './program.js';
import { Runner } from './runner.js';

let guest, kernel, builder, runner;

const commands = {
    async start({ base }) {
        const names = ['v86.wasm', 'state.gz', 'kernel.json', 'labs.json',
            'objects.json'];
        const [wasm, state, described, labs, objects] = await Promise.all(
            names.map(name => part(base, name)));
        kernel = described;
        guest = await Guest.create({ V86, wasm, state });
        builder = new Builder(null, kernel, labs, objects);
        return {};
    },

    async build({ base, lab, texts, own }) {
        if (!builder.compiler) {
            const [wasm, files] = await Promise.all(
                [part(base, 'tcc.wasm'), part(base, 'files.json')]);
            builder.compiler = new Compiler(wasm, files);
        }
        return take(builder.build(lab, texts, own));
    },

    async use() {
        return take(builder.reference());
    },

    async test({ test, seed, seconds }) {
        const verdict = await runner.test(test, seed, seconds);
        return verdict.passed ? verdict
            : { ...verdict, heap: lookAtHeap(guest, kernel) };
    },

    async boot({ words }) {
        await runner.prepare(words);
        let text = '';
        const flush = () => {
            if (text)
                postMessage({ event: 'text', text: runner.named(text) });
            text = '';
        };
        const timer = setInterval(flush, 30);
        guest.onText = more => { text += more; };
        guest.onRecord = line => postMessage({ event: 'record', line });
        guest.onCell = cell => postMessage({ event: 'cell', cell });
        guest.onExit = status => {
            clearInterval(timer);
            flush();
            postMessage({ event: 'exit', status });
        };
        guest.run();
        return {};
    },

    async type({ text }) {
        guest.type(text);
        return {};
    },

    async look() {
        return lookAtHeap(guest, kernel);
    },

    async stop() {
        await guest.stop();
        return {};
    },
};

function take({ program, messages }) {
    runner = program && new Runner(guest, kernel, program);
    return { built: program !== null, messages };
}

onmessage = async ({ data }) => {
    try {
        postMessage({ id: data.id, result: await commands[data.command](data) });
    } catch (error) {
        postMessage({ id: data.id, error: String(error?.message ?? error) });
    }
};
