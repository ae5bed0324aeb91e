// SPDX-License-Identifier: MIT
// 32-bit little-endian ELF files: sections, symbols, relocations.
//
//     | header | section contents ... | section headers |
//                 .symtab: 16 bytes a symbol; .rel.X: 8 bytes a relocation of X

const SECTION_BYTES = 40, SYMBOL_BYTES = 16;
const RELOCATION_BYTES = 8;
const RELOCATABLE = 1;

export const PROGBITS = 1, SYMTAB = 2, RELA = 4, NOBITS = 8, REL = 9;
export const ALLOC = 2, WRITE = 1, EXECUTE = 4;
export const UNDEFINED = 0, ABSOLUTE = 0xFFF1, COMMON = 0xFFF2;
export const LOCAL = 0, WEAK = 2;
export const SECTION_SYMBOL = 3, FUNCTION = 2;

export class Malformed extends Error {}

export class Elf {
    // Malformed unless `bytes` are such a file, with all that it refers to
    // inside of it.
    constructor(bytes) {
        this.bytes = bytes;
        this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        try {
            this.read();
        } catch (error) {
            if (error instanceof RangeError)
                throw new Malformed('an ELF file that ends too early');
            throw error;
        }
    }

    half(at) {
        return this.view.getUint16(at, true);
    }

    word(at) {
        return this.view.getUint32(at, true);
    }

    text(at) {
        let end = at;
        while (this.view.getUint8(end) !== 0)
            end++;
        return new TextDecoder().decode(this.bytes.subarray(at, end));
    }

    read() {
        if (this.word(0) !== 0x464C457F || this.half(4) !== 0x0101)
            throw new Malformed('not a 32-bit little-endian ELF file');
        this.isObject = this.half(16) === RELOCATABLE;
        const first = this.word(32), count = this.half(48);
        this.sections = [];
        for (let i = 0; i < count; i++)
            this.sections.push(this.section(first + i * SECTION_BYTES, i));
        const names = this.sections[this.half(50)];
        for (const section of this.sections)
            section.name = this.text(names.offset + section.nameOffset);
        this.symbols = this.readSymbols();
    }

    section(at, index) {
        const word = i => this.word(at + 4 * i);
        return { index, nameOffset: word(0), type: word(1), flags: word(2),
            address: word(3), offset: word(4), size: word(5), link: word(6),
            info: word(7), align: Math.max(word(8), 1) };
    }

    // The bytes of a section; a copy.
    contents(section) {
        if (section.type === NOBITS)
            return new Uint8Array(section.size);
        if (section.offset + section.size > this.bytes.length)
            throw new Malformed(`section ${section.name} ends outside the file`);
        return this.bytes.slice(section.offset, section.offset + section.size);
    }

    readSymbols() {
        const table = this.sections.find(each => each.type === SYMTAB);
        if (!table)
            return [];
        const names = this.sections[table.link], found = [];
        for (let at = 0; at < table.size; at += SYMBOL_BYTES) {
            const from = table.offset + at, info = this.bytes[from + 12];
            found.push({ name: this.text(names.offset + this.word(from)),
                value: this.word(from + 4), size: this.word(from + 8),
                binding: info >> 4, type: info & 15,
                section: this.half(from + 14) });
        }
        return found;
    }

    // [{ offset, type, symbol }] of all sections that are loaded; `target` is
    // the section that they are about.
    *relocations() {
        for (const section of this.sections) {
            if (section.type !== REL && section.type !== RELA)
                continue;
            const target = this.sections[section.info];
            if (!target || !(target.flags & ALLOC))
                continue;
            if (section.type === RELA)
                throw new Malformed('relocations with addends');
            for (let at = 0; at < section.size; at += RELOCATION_BYTES) {
                const from = section.offset + at, info = this.word(from + 4);
                yield { target, offset: this.word(from), type: info & 255,
                    symbol: this.symbols[info >>> 8] };
            }
        }
    }
}

