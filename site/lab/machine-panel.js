// SPDX-License-Identifier: MIT
// <mallow-machine kit="/kit/" stage="malloc" trace="..." auto>: the kernel as the
// book has it, in the page.  Boots to a stage, replays a trace, draws the heap.
//
//     | stage [malloc]  trace [...]  [Boot] [Replay] [Replay slowly] [Record] ... |
//     | terminal                 | map of the heap, from guest memory         |
//     | <-------------- slider through a recorded replay ------------------>  |

import { brokenInWords, MachineClient } from './client.js';
import { element, show } from './elements.js';
import { HeapMap } from './heap-map.js';
import { History } from './history.js';
import { part } from './kit.js';
import { parseRecord } from './records.js';
import { TextScreen } from './text-screen.js';
import { makeTerminal } from './terminal.js';

const HOME_TRACE = 'gcc-check-syntax.rep';
const REPLAYS = 'The kernel replays the trace. The map shows its heap.';
const PROMPT = 'The kernel runs. Click into the terminal and type help.';

export class MallowMachine extends HTMLElement {
    async connectedCallback() {
        this.base = this.getAttribute('kit');
        this.lay();
        const labs = await part(this.base, 'labs.json');
        for (const stage of labs.stages)
            this.stage.append(new Option(stage, stage));
        for (const trace of labs.traces)
            this.trace.append(new Option(trace.replace(/\.rep$/, ''), trace));
        this.stage.value = this.getAttribute('stage') ?? 'malloc';
        this.trace.value = this.getAttribute('trace') ?? HOME_TRACE;
        if (this.hasAttribute('auto'))
            this.boot([`replay=${this.trace.value}`, 'quick', 'map=slow'],
                REPLAYS);
    }

    disconnectedCallback() {
        cancelAnimationFrame(this.frame);
        this.client?.end();
    }

    lay() {
        this.bar = element('div', 'lab-bar');
        this.stage = this.choice('Stage');
        this.trace = this.choice('Trace');
        const replay = more => () => this.boot(
            [`replay=${this.trace.value}`, 'quick', ...more], REPLAYS);
        this.button('Boot', 'To the prompt, with this stage in force',
            () => this.boot([], PROMPT));
        this.button('Power on', 'As Boot, but from the firmware and GRUB on',
            () => this.powerOn());
        this.button('Replay', 'Run the trace through kmalloc', replay([]));
        this.button('Replay slowly', 'At a speed for people',
            replay(['map=slow']));
        this.button('Record', 'Run the trace, and keep every step',
            () => this.record());
        this.button('Stop', 'Hold the machine', () => this.stop());
        this.status = element('p', 'lab-status');
        this.status.setAttribute('role', 'status');
        this.terminalPlace = element('div', 'lab-terminal');
        const heap = element('div', 'lab-heap');
        this.map = new HeapMap(heap);
        this.screen = new TextScreen();
        this.history = new History();
        const both = element('div', 'machine-both');
        both.append(this.terminalPlace, heap);
        this.replaceChildren(this.bar, this.status, both, this.history.element,
            this.screen.element);
    }

    choice(label) {
        const outer = element('label', '', label + ' ');
        const made = element('select');
        outer.append(made);
        this.bar.append(outer);
        return made;
    }

    button(label, title, action) {
        const made = element('button', '', label);
        made.title = title;
        made.onclick = action;
        this.bar.append(made);
    }

    say(text) {
        this.status.textContent = text;
    }

    async start() {
        if (!this.client) {
            this.say('Fetching the machine …');
            this.client = new MachineClient(this.base);
            this.client.onEvent = data => this.take(data);
            this.terminal = makeTerminal(this.terminalPlace,
                text => this.client.ask('type', { text }));
            await this.client.ready;
            await this.client.ask('use');
        }
        await this.client.ready;
    }

    // What the status says while the kernel runs: `text`.
    async boot(words, text, command = 'boot') {
        try {
            await this.start();
            this.terminal.reset();
            this.map.clear();
            this.screen.clear();
            this.recording = null;
            await this.client.ask(command, {
                words: [`stage=${this.stage.value}`, ...words] });
            this.say(text);
            this.running = true;
            this.look();
        } catch (error) {
            this.say(brokenInWords(error.message));
        }
    }

    async powerOn() {
        this.screen.element.open = true;
        await this.boot([], 'The firmware and GRUB start first, on the VGA ' +
            'screen; then the kernel runs.', 'powerOn');
    }

    async record() {
        this.history.clear();
        await this.boot([`replay=${this.trace.value}`, 'quick', 'map=off',
            'history'], 'Recording every step of the replay …');
        this.recording = [];
    }

    async stop() {
        this.running = false;
        await this.client?.ask('stop');
        this.say('The machine is held.');
    }

    // As often as the screen is drawn, the heap as it is now.
    async look() {
        cancelAnimationFrame(this.frame);
        if (!this.running || !this.isConnected)
            return;
        try {
            this.map.draw(await this.client.ask('look'));
        } catch {
            return; // the machine ended; the status says why
        }
        this.frame = requestAnimationFrame(() => this.look());
    }

    take(data) {
        if (data.event === 'text')
            this.terminal.write(data.text);
        if (data.event === 'cell')
            this.screen.put(data.cell);
        if (data.event === 'record')
            this.takeRecord(parseRecord(data.line));
        if (data.event === 'exit')
            this.end();
        if (data.event === 'broken')
            this.say(brokenInWords(data.why));
    }

    end() {
        this.running = false;
        this.say('The kernel has ended. Boot gives you a prompt.');
    }

    takeRecord(record) {
        if (record.kind === 'trace' && !this.recording)
            this.say('The replay has ended. Type help at the prompt.');
        if (!this.recording)
            return;
        if (record.kind === 'taken' || record.kind === 'given')
            this.recording.push(record);
        if (record.kind === 'trace' && this.recording.length > 0) {
            this.history.load(this.recording, this.stage.value,
                this.trace.value);
            this.recording = null;
            this.say('Recorded. Move the slider below.');
            show(this.history.element);
        }
    }
}

// <mallow-compare kit=...>: two machines, for two stages on the same trace.  A
// move of one slider moves the other one, too.
export class MallowCompare extends HTMLElement {
    connectedCallback() {
        const bar = element('div', 'lab-bar');
        const both = element('button', '', 'Record both');
        both.title = 'Run the trace of the left machine in both';
        both.onclick = () => this.record();
        bar.append(both);
        const place = element('div', 'compare-both');
        this.machines = ['malloc', 'spans'].map(stage => {
            const machine = element('mallow-machine');
            machine.setAttribute('kit', this.getAttribute('kit'));
            machine.setAttribute('stage', stage);
            place.append(machine);
            return machine;
        });
        this.replaceChildren(bar, place);
    }

    async record() {
        const [left, right] = this.machines;
        right.trace.value = left.trace.value;
        left.history.onMove = at => right.history.goTo(at);
        right.history.onMove = at => left.history.goTo(at);
        await Promise.all([left.record(), right.record()]);
    }
}
