// SPDX-License-Identifier: MIT
// Links objects into a kernel that is linked already.
//
//     kernel   | text ... | space | rodata ... | space | data | space | bss | s |
//                            ^                    ^            ^             ^
//     objects     .text -----+         .rodata ---+    .data --+      .bss --+
//
// The kernel was linked without the labs' objects (site/build/kit.py): it refers
// to names that it lacks, and has space at the end of each section.  Linking is
//
//     1. placing each section of each object in the space of its kind,
//     2. giving each name one address,
//     3. filling in the addresses, in the objects and in the kernel.
//
// The result is a list of patches of memory; the kernel itself is not needed.
//
//     L1: no two sections share a byte, and none leaves its space.
//     L2: a name has one definition; a weak one gives way, also the kernel's.
//     L3: every reference is filled in, or the link fails.

import { ABSOLUTE, ALLOC, COMMON, Elf, EXECUTE, FUNCTION, LOCAL, NOBITS,
    UNDEFINED, WEAK, WRITE } from './elf.js';

const R_386_32 = 1, R_386_PC32 = 2, R_386_PLT32 = 4;
const RELATIVE = new Set([R_386_PC32, R_386_PLT32]);
const KINDS = ['text', 'rodata', 'data', 'bss'];

export class LinkError extends Error {}

function alignUp(value, align) {
    return Math.ceil(value / align) * align;
}

// -- The kernel ---------------------------------------------------------------

// What linking needs of the kernel, as plain data: `linked` is its ELF file
// with the relocations kept.
//     { symbols: {name: address}, locals: the same of names that no other file
//       sees, but a reader of memory does; weak: [names that may stay undefined],
//       replaceable: [the kernel's own names that give way to an object's],
//       spaces: {text: {begin, end}, ...}, functions: [[address, name]...],
//       holes: [{ address, type, name, value: what stands there if the name's
//       address is 0 }], of names that the kernel lacks or that give way }
export function describeKernel(linked) {
    const symbols = {}, locals = {}, spaces = {}, holes = [], weak = new Set();
    const functions = [], replaceable = new Set();
    for (const symbol of linked.symbols) {
        if (symbol.section === UNDEFINED || !symbol.name)
            continue;
        if (symbol.binding === WEAK)
            replaceable.add(symbol.name);
        if (symbol.type === FUNCTION)
            functions.push([symbol.value, symbol.name]);
        (symbol.binding === LOCAL ? locals : symbols)[symbol.name] = symbol.value;
    }
    for (const { target, offset, type, symbol } of linked.relocations()) {
        const isHole = symbol.section === UNDEFINED && symbol.name;
        if (!isHole && !replaceable.has(symbol.name))
            continue;
        if (isHole && symbol.binding === WEAK)
            weak.add(symbol.name);
        const found = linked.word(target.offset + offset - target.address);
        holes.push({ address: offset, type, name: symbol.name,
            value: (found - symbol.value) >>> 0 });
    }
    for (const kind of KINDS)
        spaces[kind] = { begin: symbols[`space_${kind}_begin`],
            end: symbols[`space_${kind}_end`] };
    functions.sort((left, right) => left[0] - right[0]);
    return { symbols, locals, spaces, holes, weak: [...weak],
        replaceable: [...replaceable], functions };
}

// -- Linking ------------------------------------------------------------------

function kindOf(section) {
    if (section.flags & EXECUTE)
        return 'text';
    if (section.type === NOBITS)
        return 'bss';
    return section.flags & WRITE ? 'data' : 'rodata';
}

class Link {
    constructor(kernel) {
        this.kernel = kernel;
        this.ends = Object.fromEntries(KINDS.map(
            kind => [kind, kernel.spaces[kind].begin]));
        this.defined = new Map(); // name: { address, weak, from }
        this.places = [];         // of each object: section index -> address
        this.functions = [];
    }

    take(kind, bytes, align, from) {
        const begin = alignUp(this.ends[kind], align);
        const end = begin + bytes, most = this.kernel.spaces[kind].end;
        if (end > most)
            throw new LinkError(`${from}: no space for ${bytes} bytes of ` +
                `${kind}: the page has ` +
                `${most - this.kernel.spaces[kind].begin} bytes for all files`);
        this.ends[kind] = end;
        return begin;
    }

    place({ name, elf }) {
        const addresses = new Map(), contents = new Map();
        for (const section of elf.sections) {
            if (!(section.flags & ALLOC) || section.size === 0)
                continue;
            const kind = kindOf(section);
            addresses.set(section.index,
                this.take(kind, section.size, section.align, name));
            contents.set(section.index, elf.contents(section));
        }
        this.places.push({ name, elf, addresses, contents });
    }

    define({ name: from, elf, addresses }) {
        for (const symbol of elf.symbols) {
            if (symbol.section === UNDEFINED || !symbol.name ||
                    symbol.type > FUNCTION)
                continue;
            if (symbol.section === COMMON) {
                this.defineCommon(symbol, from);
                continue;
            }
            const address = symbol.section === ABSOLUTE ? symbol.value
                : addresses.get(symbol.section) + symbol.value;
            if (symbol.type === FUNCTION)
                this.functions.push([address, symbol.name]);
            if (symbol.binding !== LOCAL)
                this.give(symbol, address, from);
        }
    }

    // A tentative definition: its value is the alignment.
    defineCommon(symbol, from) {
        if (!this.defined.has(symbol.name))
            this.defined.set(symbol.name, { from, weak: false, address:
                this.take('bss', symbol.size, symbol.value || 4, from) });
    }

    give(symbol, address, from) {
        const other = this.defined.get(symbol.name);
        const weak = symbol.binding === WEAK;
        if (other && weak)
            return;
        if (other && !other.weak)
            throw new LinkError(`${symbol.name} is defined twice: in ` +
                `${other.from} and in ${from}`);
        if (symbol.name in this.kernel.symbols && !weak &&
                !this.kernel.replaceable.includes(symbol.name))
            throw new LinkError(`${from} defines ${symbol.name}, which is the ` +
                "kernel's own name");
        this.defined.set(symbol.name, { address, weak, from });
    }

    addressOf(name, from, optional) {
        const own = this.defined.get(name);
        if (own)
            return own.address;
        if (name in this.kernel.symbols)
            return this.kernel.symbols[name];
        if (optional)
            return 0;
        throw new LinkError(`${from} calls or names ${name}, which nothing ` +
            'defines');
    }

    addressOfSymbol(symbol, { name, addresses }) {
        if (symbol.section === UNDEFINED || symbol.section === COMMON)
            return this.addressOf(symbol.name, name, symbol.binding === WEAK);
        if (symbol.section === ABSOLUTE)
            return symbol.value;
        const base = addresses.get(symbol.section);
        // A section of no bytes has no place; only its beginning is named.
        return (base ?? this.kernel.spaces.bss.begin) + symbol.value;
    }

    relocate(object) {
        for (const { target, offset, type, symbol } of object.elf.relocations()) {
            const bytes = object.contents.get(target.index);
            const at = object.addresses.get(target.index) + offset;
            const view = new DataView(bytes.buffer, bytes.byteOffset);
            if (offset + 4 > bytes.length)
                throw new LinkError(`${object.name}: a relocation outside ` +
                    `its section ${target.name}`);
            view.setUint32(offset, moved(view.getUint32(offset, true), type,
                this.addressOfSymbol(symbol, object), at, object.name), true);
        }
    }

    // The kernel's own references.
    *kernelPatches() {
        const weak = new Set(this.kernel.weak);
        for (const { address, name, value } of this.kernel.holes) {
            const found = this.addressOf(name, 'the kernel', weak.has(name));
            if (found === 0)
                continue;
            const bytes = new Uint8Array(4);
            new DataView(bytes.buffer).setUint32(0, (value + found) >>> 0, true);
            yield { address, bytes };
        }
    }
}

// The word at `at` after a relocation; `value` holds the addend.
function moved(value, type, symbol, at, from) {
    if (type === R_386_32)
        return (value + symbol) >>> 0;
    if (RELATIVE.has(type))
        return (value + symbol - at) >>> 0;
    throw new LinkError(`${from}: relocation type ${type} is not supported`);
}

// Links objects [{ name, bytes }] into the kernel that `describeKernel` gave.
//     { patches: [{ address, bytes }], symbols: {name: address},
//       functions: [[address, name]...] of the objects, by address }
// LinkError says in words what does not fit together.
export function link(kernel, objects) {
    const work = new Link(kernel);
    for (const { name, bytes } of objects)
        work.place({ name, elf: new Elf(bytes) });
    work.places.forEach(object => work.define(object));
    work.places.forEach(object => work.relocate(object));
    const patches = [...work.kernelPatches()];
    for (const { addresses, contents } of work.places) {
        for (const [index, address] of addresses)
            patches.push({ address, bytes: contents.get(index) });
    }
    const symbols = Object.fromEntries([...work.defined].map(
        ([name, { address }]) => [name, address]));
    work.functions.sort((left, right) => left[0] - right[0]);
    return { patches, symbols, functions: work.functions };
}

// The function that an address lies in, "block_split+0x12"; "" if none does.
export function nameAddress(functions, address) {
    let low = 0, high = functions.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (functions[middle][0] <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low === 0)
        return '';
    const [begin, name] = functions[low - 1];
    return `${name}+0x${(address - begin).toString(16)}`;
}
