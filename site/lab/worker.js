// SPDX-License-Identifier: MIT
// A web worker with one machine in it.  The page sends { id, command, ... } and
// gets { id, result } or { id, error }, and meanwhile { event, ... }.
//
//     start    { base }                 fetches the parts, makes the machine
//     build    { lab, texts, own }      compiles and links; the messages, and
//                                       the program for other machines
//     load     { program }              takes what another machine has built
//     use      { }                      the book's own solutions instead
//     test     { test, seed, seconds }  a verdict
//     boot     { words }                the kernel runs until `stop` or its end
//     powerOn  { base, words }          the same, from the firmware on
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
import { parseRecord } from './records.js';
import { Runner } from './runner.js';

const FLUSH_MILLISECONDS = 30;

let guest, kernel, builder, runner, wasm, state, flushing;

const commands = {
    async start({ base }) {
        let labs, objects;
        [wasm, state, kernel, labs, objects] = await partsOf(base, 'v86.wasm.gz',
            'state.gz', 'kernel.json', 'labs.json', 'objects.json');
        builder = new Builder(null, kernel, labs, objects);
        await useGuest({ state });
        return {};
    },

    async build({ base, lab, texts, own }) {
        if (!builder.compiler) {
            const parts = await partsOf(base, 'tcc.wasm', 'files.json');
            builder.compiler = new Compiler(...parts);
        }
        return take(builder.build(lab, texts, own));
    },

    async load({ program }) {
        return take({ program, messages: [] });
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
        if (!guest.state)
            await useGuest({ state });
        await runner.prepare(words);
        showGuest();
        guest.run();
        return {};
    },

    async powerOn({ base, words }) {
        const [iso, bios, vgaBios] = await partsOf(base, 'machine.iso.gz',
            'bios.bin.gz', 'vgabios-stdvga.bin.gz');
        await useGuest({ iso, bios, vgaBios });
        showGuest();
        const { onRecord } = guest;
        guest.onRecord = line => {
            if (parseRecord(line).kind === 'ask')
                runner.give(words);
            onRecord(line);
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

function partsOf(base, ...names) {
    return Promise.all(names.map(name => part(base, name)));
}

// A new machine in place of the one that there was.
async function useGuest(start) {
    await guest?.stop();
    guest?.destroy();
    guest = await Guest.create({ V86, wasm, ...start });
    if (runner)
        runner = new Runner(guest, kernel, runner.program);
}

// What the machine says goes to the page.
function showGuest() {
    let text = '';
    const flush = () => {
        if (text)
            postMessage({ event: 'text', text: runner.named(text) });
        text = '';
    };
    clearInterval(flushing);
    flushing = setInterval(flush, FLUSH_MILLISECONDS);
    guest.onText = more => { text += more; };
    guest.onRecord = line => postMessage({ event: 'record', line });
    guest.onCell = cell => postMessage({ event: 'cell', cell });
    guest.onExit = status => {
        clearInterval(flushing);
        flush();
        postMessage({ event: 'exit', status });
    };
}

function take({ program, messages }) {
    runner = program && new Runner(guest, kernel, program);
    return { program, messages };
}

onmessage = async ({ data }) => {
    try {
        postMessage({ id: data.id, result: await commands[data.command](data) });
    } catch (error) {
        postMessage({ id: data.id, error: String(error?.message ?? error) });
    }
};
