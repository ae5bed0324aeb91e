// SPDX-License-Identifier: MIT
// One emulated PC (v86) with a Mallow kernel in it.  Runs in a web worker and in
// Node alike; knows nothing of labs.
//
//     COM1 <--> text      what a person reads and types
//     COM2 ---> records   one line a fact (src/lib/record.h)
//     0xF4 ---> the end   the kernel's exit code (src/arch/i386/cpu.c)
//     text screen ---> cells
//
// A guest is restored from a saved state any number of times.

export const MEMORY_BYTES = 128 << 20;
export const KERNEL_BASE = 0xC0000000;
const VGA_MEMORY_BYTES = 2 << 20;
const EXIT_PORT = 0xF4;
const PAGE_WORDS = 1024;
const JIT_IS_OFF = 0; // v86: set_jit_config(what, value)
const TICKS_A_MILLISECOND = 1e6; // v86's time-stamp counter

export const EXIT = { fine: 0x10, replayWrong: 0x11, panic: 0x12,
    refused: 0x13, testFailed: 0x14 };

function options(guest, parts, more) {
    return {
        wasm_fn: async imports => {
            guest.tickByInstructions(imports.env);
            return (await WebAssembly.instantiate(parts.wasm, imports)).exports;
        },
        memory_size: MEMORY_BYTES, vga_memory_size: VGA_MEMORY_BYTES,
        uart1: true, autostart: false, disable_speaker: true,
        disable_mouse: true, ...more,
    };
}

// Whether a word in [begin, end) is not 0.
function hasWord(words, begin, end) {
    let all = 0;
    for (let at = begin; at < end; at++)
        all |= words[at];
    return all !== 0;
}

export class Guest {
    // parts: { V86, wasm: a WebAssembly.Module, and either `state`, a saved
    // machine, or `iso`, `bios` and `vgaBios` to start from; all ArrayBuffers }
    static async create(parts) {
        const guest = new Guest();
        const start = parts.state ? {} : {
            bios: { buffer: parts.bios }, vga_bios: { buffer: parts.vgaBios },
            cdrom: { buffer: parts.iso }, boot_order: 0x123,
        };
        guest.state = parts.state;
        guest.emulator = new parts.V86(options(guest, parts, start));
        await new Promise(resolve =>
            guest.emulator.add_listener('emulator-ready', resolve));
        guest.zeroOnlyUsedPages();
        guest.listen();
        return guest;
    }

    constructor() {
        this.onText = this.onRecord = this.onCell = this.onExit = () => {};
        this.line = '';
        this.counted = this.countedBefore = 0;
    }

    // v86 makes the time-stamp counter of microtick(), the time of day.  Here it
    // is the number of instructions: tests that compare how much work two calls
    // are then say the same on a machine that is busy.  v86 adds an instruction
    // up when the processor leaves its page or its compiled code, so the count
    // is a few instructions late.
    tickByInstructions(env) {
        const timeOfDay = env.microtick, timers = env.run_hardware_timers;
        env.microtick = () => {
            const now = this.instructions;
            this.counted += (now - this.countedBefore) >>> 0;
            this.countedBefore = now;
            return (this.counted + 0.5) / TICKS_A_MILLISECOND;
        };
        env.run_hardware_timers = acpi => timers(acpi, timeOfDay());
    }

    listen() {
        const { emulator } = this;
        emulator.add_listener('serial0-output-byte',
            byte => this.onText(String.fromCharCode(byte)));
        emulator.add_listener('serial1-output-byte', byte => this.take(byte));
        emulator.add_listener('screen-put-char', cell => this.onCell(cell));
        const port = value => this.end(value);
        emulator.v86.cpu.io.register_write(EXIT_PORT, this, port, port, port);
    }

    take(byte) {
        if (byte !== 10) {
            this.line += String.fromCharCode(byte);
            return;
        }
        const line = this.line.replace(/\r$/, '');
        this.line = '';
        this.onRecord(line);
    }

    end(code) {
        this.emulator.stop();
        this.onExit(code);
    }

    // Compiling takes longer than interpreting until a loop is run often.
    compile(isOn) {
        this.emulator.v86.cpu.set_jit_config(JIT_IS_OFF, isOn ? 0 : 1);
    }

    // v86 fills all memory with zeros before it restores a state, and the
    // browser then has to keep all of it.  Most pages are zero already.
    zeroOnlyUsedPages() {
        const { cpu } = this.emulator.v86;
        cpu.zero_memory = (begin, length) => {
            // Not cpu.mem32s: that is a Proxy, and slow.
            const words = new Int32Array(cpu.wasm_memory.buffer,
                cpu.mem8.byteOffset + begin, length >> 2);
            for (let at = 0; at < words.length; at += PAGE_WORDS) {
                if (hasWord(words, at, at + PAGE_WORDS))
                    words.fill(0, at, at + PAGE_WORDS);
            }
        };
    }

    async restore() {
        await this.emulator.stop();
        this.line = '';
        await this.emulator.restore_state(this.state);
    }

    run() {
        return this.emulator.run();
    }

    stop() {
        return this.emulator.stop();
    }

    save() {
        return this.emulator.save_state();
    }

    destroy() {
        return this.emulator.destroy();
    }

    type(text) {
        this.emulator.serial0_send(text);
    }

    // Instructions since power-on; wraps at 2^32.
    get instructions() {
        return this.emulator?.get_instruction_counter() ?? 0;
    }

    // -- Memory, by the kernel's addresses ------------------------------------

    read(address, length) {
        return this.emulator.read_memory((address - KERNEL_BASE) >>> 0, length);
    }

    readPhysical(address, length) {
        return this.emulator.read_memory(address, length);
    }

    word(address) {
        const bytes = this.read(address, 4);
        return (bytes[0] | bytes[1] << 8 | bytes[2] << 16 | bytes[3] << 24) >>> 0;
    }

    write(address, bytes) {
        this.emulator.write_memory(bytes, (address - KERNEL_BASE) >>> 0);
    }

    // The kernel waits at `asked_line` for its first byte: it comes last.
    answer(place, line) {
        const bytes = new TextEncoder().encode(line);
        this.write(place + 1, bytes.subarray(1));
        this.write(place, bytes.subarray(0, 1));
    }
}
