// SPDX-License-Identifier: MIT
// make-machine.mjs KIT: boots KIT/machine.iso until the kernel waits for its
// options, and saves the machine; asks the kernel which tests there are.
//
//     KIT/kernel.json   what the linker needs of the kernel
//     KIT/state.bin     the saved machine
//     KIT/tests.json    the kernel's own list of tests

import fs from 'node:fs';
import path from 'node:path';
import { V86 } from 'v86';
import { Elf } from '../lab/elf.js';
import { Guest, MEMORY_BYTES } from '../lab/guest.js';
import { bytesOfBase64 } from '../lab/kit.js';
import { describeKernel, link } from '../lab/linker.js';
import { parseRecord } from '../lab/records.js';

const SECONDS = 120, LOW_MEMORY_END = 0x100000;
const FIRMWARE = '/usr/share/seabios';
const kit = process.argv[2];
const file = name => path.join(kit, name);
const buffer = name => {
    const bytes = fs.readFileSync(name);
    return bytes.buffer.slice(bytes.byteOffset,
        bytes.byteOffset + bytes.length);
};

function fail(text) {
    console.error(`make-machine: ${text}`);
    process.exit(1);
}

// Resolves when the kernel waits, with the memory that is in use then.
function asked(guest) {
    const inUse = [];
    return new Promise(resolve => {
        guest.onRecord = line => {
            const record = parseRecord(line);
            if (record.kind === 'in_use')
                inUse.push(record);
            if (record.kind === 'ask')
                resolve(inUse);
        };
    });
}

// GRUB leaves half a megabyte of its own work in memory that the kernel regards
// as free.  Zeros are smaller.
function clearUnused(guest, inUse) {
    let free = LOW_MEMORY_END;
    const ends = [...inUse, { begin: MEMORY_BYTES, end: MEMORY_BYTES }]
        .sort((left, right) => left.begin - right.begin);
    for (const { begin, end } of ends) {
        const until = Math.min(begin, MEMORY_BYTES);
        if (until > free)
            guest.emulator.write_memory(new Uint8Array(until - free), free);
        free = Math.max(free, end);
    }
}

async function save(wasm) {
    const guest = await Guest.create({ V86, wasm,
        iso: buffer(file('machine.iso')),
        bios: buffer(path.join(FIRMWARE, 'bios.bin')),
        vgaBios: buffer(path.join(FIRMWARE, 'vgabios-stdvga.bin')) });
    const waits = asked(guest);
    guest.run();
    const inUse = await waits;
    await guest.stop();
    guest.emulator.eject_cdrom(); // or the state would have the ISO in it
    clearUnused(guest, inUse);
    const state = await guest.save();
    guest.destroy();
    return state;
}

async function listTests(wasm, state, kernel) {
    const guest = await Guest.create({ V86, wasm, state });
    const tests = [];
    await guest.restore();
    const ended = new Promise(resolve => { guest.onExit = resolve; });
    guest.onRecord = line => {
        const record = parseRecord(line);
        if (record.kind === 'test')
            tests.push(record);
    };
    const given = JSON.parse(fs.readFileSync(file('objects.json')));
    const objects = Object.values(given).flatMap(({ starter }) =>
        Object.entries(starter).map(([name, text]) =>
            ({ name, bytes: bytesOfBase64(text) })));
    const { patches } = link(kernel, [...new Map(objects.map(
        object => [object.name, object])).values()]);
    for (const { address, bytes } of patches)
        guest.write(address, bytes);
    guest.answer(kernel.locals.asked_line, 'test=list');
    guest.run();
    await ended;
    guest.destroy();
    return tests;
}

setTimeout(() => fail(`no answer of the kernel in ${SECONDS} s`),
    SECONDS * 1000).unref();
const wasm = new WebAssembly.Module(fs.readFileSync(
    new URL('../node_modules/v86/build/v86.wasm', import.meta.url)));
const kernel = describeKernel(new Elf(fs.readFileSync(file('linked.elf'))));
const state = await save(wasm);
const tests = await listTests(wasm, state, kernel);
if (tests.some(test => test.hidden))
    fail('the kernel has hidden tests in it');
fs.writeFileSync(file('kernel.json'), JSON.stringify(kernel));
fs.writeFileSync(file('state.bin'), new Uint8Array(state));
fs.writeFileSync(file('tests.json'), JSON.stringify(tests, null, 1));
console.log(`  SAVED   ${tests.length} tests, ${state.byteLength >> 10} KiB`);
process.exit(0);
