// SPDX-License-Identifier: MIT
// Runs tests of a lab in one guest, each from the same saved machine.
//
//     saved machine --restore--> patches --> "test=malloc/split seed=1 key=..."
//                                                 --> end, or out of patience
//                                                        --> verdict
//
// The sentences are those of scripts/mallow/grade/run_test.py.

import { CallRecord } from './call-record.js';
import { EXIT } from './guest.js';
import { nameAddress } from './linker.js';
import { parseRecord } from './records.js';

// src/boot/test_mode.c: TEST_SECONDS of QEMU's watchdog, as instructions.
// Eight times what the grader gives a test: tcc does not optimise, and a right
// solution that walks the heap takes six times as many.
const INSTRUCTIONS_MAX = 8 * 1250e6;
// A test that takes more is worth compiling.
const INTERPRETED_MAX = 50e6;
// Asks for a call record, at the lowest place that has room for it.
const KEY = 1;
const CONSOLE_LINES = 6, FRAMES_SHOWN = 10, CALLS_SHOWN = 8;
const BELOW_TESTS = new Set(['lab_run', 'kernel_main', 'high']);
const ACCESS = /^(?:wrote|read|ran code at) 0x[0-9a-f]+: .*$/m;
const LOOK_MILLISECONDS = 50;
// For a machine that waits, and uses up no instructions.  A slow computer may
// take long for a right solution: the instructions are the limit.
export const SECONDS_MAX = 120;

export class Runner {
    // kernel: describeKernel()'s; program: link()'s
    constructor(guest, kernel, program) {
        this.guest = guest;
        this.kernel = kernel;
        this.program = program;
        this.functions = [...kernel.functions, ...program.functions]
            .sort((left, right) => left[0] - right[0]);
    }

    // Restores the machine and gives the kernel its options.  It does not run.
    async prepare(words) {
        await this.guest.restore();
        this.give(words);
    }

    // Gives a kernel that waits the program and its options.
    give(words) {
        for (const { address, bytes } of this.program.patches)
            this.guest.write(address, bytes);
        this.guest.answer(this.kernel.locals.asked_line, words.join(' '));
    }

    // { status: the exit code or null, hung, console, records }
    async run(words, seconds = SECONDS_MAX) {
        await this.prepare(words);
        const end = { status: null, hung: '', console: '', records: [] };
        this.guest.onText = text => { end.console += text; };
        this.guest.onRecord = line => end.records.push(parseRecord(line));
        const done = new Promise(resolve => { this.guest.onExit = resolve; });
        const patience = this.watch(seconds);
        this.guest.compile(false);
        this.guest.run();
        const first = await Promise.race([done, patience.over]);
        patience.cancel();
        await this.guest.stop();
        this.guest.compile(true);
        if (typeof first === 'number')
            end.status = first;
        else
            end.hung = this.whereHung(first.why);
        return end;
    }

    // over: resolves to { why } when the test has used up its instructions, or
    // its seconds.
    watch(seconds) {
        let timer, used = 0, before = this.guest.instructions;
        const began = performance.now();
        const over = new Promise(resolve => {
            timer = setInterval(() => {
                const now = this.guest.instructions;
                used += (now - before) >>> 0;
                before = now;
                if (used > INTERPRETED_MAX)
                    this.guest.compile(true);
                if (used > INSTRUCTIONS_MAX)
                    resolve({ why: 'the test has used up its instructions' });
                else if (performance.now() - began > seconds * 1000)
                    resolve({ why: `the test was stopped after ${seconds} s` });
            }, LOOK_MILLISECONDS);
        });
        return { over, cancel: () => clearInterval(timer) };
    }

    // The functions that the machine hangs in, innermost first.
    whereHung(why) {
        const { cpu } = this.guest.emulator.v86;
        const chain = [cpu.instruction_pointer[0] >>> 0];
        let frame = cpu.reg32[5] >>> 0;
        while (chain.length < FRAMES_SHOWN && frame % 4 === 0 &&
                frame >= this.kernel.symbols.image_begin) {
            chain.push(this.guest.word(frame + 4) - 1);
            const above = this.guest.word(frame);
            if (above <= frame)
                break;
            frame = above;
        }
        const names = chain.map(address => this.name(address).split('+')[0]);
        const shown = names.filter(name => name && !BELOW_TESTS.has(name));
        return `hangs in ${shown.join(' < ') || '0x' + chain[0].toString(16)}: ` +
            `an endless loop, or a list in a circle; ${why}`;
    }

    name(address) {
        return nameAddress(this.functions, address >>> 0);
    }

    // The kernel knows its own functions' names; ours are put in here.
    named(text) {
        return text.replace(/\b0x[cC][0-9a-fA-F]{7}\b/g, word => {
            const address = parseInt(word, 16);
            const { begin, end } = this.kernel.spaces.text;
            return address >= begin && address < end
                ? this.name(address) || word : word;
        });
    }

    // -- A test ---------------------------------------------------------------

    // { passed, message, line, calls, console, milliseconds }
    async test({ lab, name }, seed = 1, seconds = SECONDS_MAX) {
        const began = performance.now();
        const end = await this.run(
            [`test=${lab}/${name}`, `seed=${seed}`, `key=${KEY}`], seconds);
        const record = this.callRecord(end);
        const message = this.named(record ? this.failure(end, record)
            : this.whatEnded(end) || 'the kernel ended without a call record');
        return { passed: message === '', message, line: record?.line ?? 0,
            calls: record?.lastCalls(CALLS_SHOWN) ?? [],
            console: this.named(end.console),
            milliseconds: performance.now() - began };
    }

    callRecord(end) {
        // The first of its kind: written before any student's code has run.
        const place = end.records.find(({ kind }) => kind === 'call_record');
        return place?.begin ? new CallRecord(
            (address, bytes) => this.guest.readPhysical(address, bytes),
            place.begin, place.bytes) : null;
    }

    failure(end, record) {
        const wrong = record.verdict, ended = this.whatEnded(end);
        if (!wrong || record.failure || !ended)
            return wrong;
        return ended + (record.pending ? `, during ${record.pending}` : '');
    }

    // How the machine came to its end, in words; '' if nothing was wrong.
    whatEnded({ status, hung, console, records }) {
        if (hung)
            return hung;
        if (status === EXIT.panic)
            return panicCause(console, records);
        if (status === EXIT.refused)
            return "a stage before the test's does not start\n" +
                lastLines(console);
        return '';
    }
}

function panicCause(console, records) {
    const panic = records.filter(({ kind }) => kind === 'panic').at(-1);
    const cause = String(panic?.cause ?? 'the report is above');
    const access = cause.includes('page fault') && ACCESS.exec(console);
    return access ? `${cause}: ${access[0]}` : cause;
}

function lastLines(console) {
    return console.split('\n').filter(line => line.trim())
        .slice(-CONSOLE_LINES).map(line => `| ${line}`).join('\n');
}

// -- Points ---------------------------------------------------------------------

// A test counts if it passes, and all that it needs.  `verdicts`: name -> verdict
export function pointsOf(test, tests, verdicts) {
    for (let each = test; each;
        each = tests.find(other => other.name === each.needs)) {
        if (!verdicts.get(each.name)?.passed)
            return 0;
    }
    return test.points;
}

// The hint, unless there is nothing yet that it could be about.
export function hintFor(test, message) {
    return message.endsWith('not written yet') ? '' : test.hint;
}
