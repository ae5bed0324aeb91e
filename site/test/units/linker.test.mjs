// SPDX-License-Identifier: MIT
// The small linker against the real one: the same objects at the same addresses
// have to come out byte for byte the same.  Needs the objects of `make iso`.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { ALLOC, Elf, UNDEFINED } from '../../lab/elf.js';
import { link, LinkError, nameAddress } from '../../lab/linker.js';

const root = new URL('../../../', import.meta.url).pathname;
const KINDS = ['text', 'rodata', 'data', 'bss'];
const BASE = 0xC0100000, SPACE = 0x100000;

const rows = Object.fromEntries(execFileSync(
    'make', ['--no-print-directory', '-s', 'print-build'],
    { cwd: root, encoding: 'utf8' }).split('\n')
    .map(line => [line.split(' ')[0], line.split(' ').slice(1).join(' ')]));
const [ld] = rows.ld.split(' ');
const objects = rows.objects.split(' ')
    .filter(name => /\/(?:mm|lib|replay)\//.test(name));

const PLAIN = 'alloc,load,readonly,data,contents';
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mallow-link-'));
after(() => fs.rmSync(folder, { recursive: true }));

// Copies without the mark that lets ld merge equal strings, which we do not.
function read(names) {
    return names.map((name, i) => {
        const copy = `${folder}/${i}.o`, elf = new Elf(fs.readFileSync(root + name));
        execFileSync('objcopy', [...elf.sections
            .filter(each => each.name.startsWith('.rodata.'))
            .map(each => `--set-section-flags=${each.name}=${PLAIN}`),
        root + name, copy]);
        return { name: copy, bytes: new Uint8Array(fs.readFileSync(copy)) };
    });
}

// A kernel that has whatever the objects lack, at made-up addresses.
function kernelFor(given) {
    const defined = new Set(), wanted = new Set();
    for (const { bytes } of given) {
        for (const symbol of new Elf(bytes).symbols)
            (symbol.section === UNDEFINED ? wanted : defined).add(symbol.name);
    }
    const symbols = {};
    [...wanted].filter(name => name && !defined.has(name)).forEach((name, i) => {
        symbols[name] = 0xC0000000 + (i * 2654435761 >>> 0) % 0x3000000;
    });
    return { symbols, weak: [], replaceable: [], holes: [], functions: [],
        spaces: Object.fromEntries(KINDS.map((kind, i) => [kind, {
            begin: BASE + i * SPACE, end: BASE + (i + 1) * SPACE }])) };
}

// What ld makes of each section at the address that link() has chosen.
function linkedByLd(given, kernel, places) {
    const script = ['SECTIONS {', ...places.map(({ name, section, address }, i) =>
        ` s${i} ${address} : SUBALIGN(1) { ${name}(${section}) }`),
    ' /DISCARD/ : { *(.comment) *(.note*) *(.eh_frame*) } }'];
    fs.writeFileSync(folder + '/script', script.join('\n'));
    execFileSync(ld, ['-m', 'elf_i386', '-nostdlib', '-static', '-e', '0',
        '--no-check-sections', '-T', folder + '/script', '-o', folder + '/out',
        ...Object.entries(kernel.symbols).map(
            ([name, value]) => `--defsym=${name}=${value}`),
        ...given.map(({ name }) => name)], { stdio: 'pipe' });
    const out = new Elf(new Uint8Array(fs.readFileSync(folder + '/out')));
    return places.map((_, i) => out.contents(
        out.sections.find(({ name }) => name === `s${i}`)));
}

test('every object of the kernel links as ld links it', () => {
    const given = read(objects), kernel = kernelFor(given);
    const { patches } = link(kernel, given);
    const places = given.flatMap(({ name, bytes }) => new Elf(bytes).sections
        .filter(({ flags, size }) => flags & ALLOC && size > 0)
        .map(({ name: section }) => ({ name, section })));
    assert.equal(patches.length, places.length);
    patches.forEach(({ address }, i) => { places[i].address = address; });
    const theirs = linkedByLd(given, kernel, places);
    places.forEach((place, i) => assert.ok(
        Buffer.from(patches[i].bytes).equals(Buffer.from(theirs[i])),
        `${place.name} ${place.section}`));
    assert.ok(places.length > 50, `${places.length} sections compared`);
});

test('sections neither overlap nor leave their space', () => {
    const given = read(objects), kernel = kernelFor(given);
    const ranges = link(kernel, given).patches
        .map(({ address, bytes }) => [address, address + bytes.length])
        .sort((left, right) => left[0] - right[0]);
    ranges.forEach(([begin, end], i) => {
        assert.ok(begin >= BASE && end <= BASE + KINDS.length * SPACE);
        assert.ok(i === 0 || ranges[i - 1][1] <= begin);
    });
});

test('what does not fit together is said in words', () => {
    const [malloc] = read(objects.filter(name => name.endsWith('/malloc.o')));
    const kernel = kernelFor([malloc]);
    const fails = (objects, change, words) => assert.throws(
        () => link({ ...kernel, ...change }, objects),
        error => error instanceof LinkError && words.test(error.message));
    fails([malloc], { symbols: {} }, /which nothing defines/);
    fails([malloc, malloc], {}, /is defined twice/);
    fails([malloc], { symbols: { ...kernel.symbols, malloc_alloc: 1 } },
        /the kernel's own name/);
    fails([malloc], { spaces: { ...kernel.spaces, text: { begin: 0, end: 64 } } },
        /no space for \d+ bytes of text/);
});

test("a weak name of the kernel gives way to an object's", () => {
    const [malloc] = read(objects.filter(name => name.endsWith('/malloc.o')));
    const kernel = kernelFor([malloc]), at = BASE - 8, value = 3;
    const { patches, symbols } = link({ ...kernel,
        symbols: { ...kernel.symbols, malloc_alloc: 1 },
        replaceable: ['malloc_alloc'],
        holes: [{ address: at, type: 1, name: 'malloc_alloc', value }],
    }, [malloc]);
    const { bytes } = patches.find(({ address }) => address === at);
    assert.equal(new DataView(bytes.buffer).getUint32(0, true),
        symbols.malloc_alloc + value);
});

test('an address is named by the function that it is in', () => {
    const functions = [[100, 'first'], [200, 'second']];
    assert.equal(nameAddress(functions, 99), '');
    assert.equal(nameAddress(functions, 100), 'first+0x0');
    assert.equal(nameAddress(functions, 299), 'second+0x63');
});
