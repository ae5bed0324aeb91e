// SPDX-License-Identifier: MIT
// <mallow-lab lab="malloc" kit="/kit/">: a lab's editor, tests and machine.
//
//     | malloc.c [Check] [Run]  ...    |
//     | editor                         |
//     | tests | machine | heap         |
//
// Check builds once in each machine, then gives the tests out one by one; the
// page itself never waits.

import { brokenInWords, MachineClient } from './client.js';
import { Editor } from './editor.js';
import { element, show } from './elements.js';
import { HeapMap } from './heap-map.js';
import { part } from './kit.js';
import { pointsOf, SECONDS_MAX } from './runner.js';
import * as store from './store.js';
import { makeTerminal } from './terminal.js';
import { TestList } from './test-list.js';

const MACHINES = 2;
const GRACE_SECONDS = 10;

export class MallowLab extends HTMLElement {
    async connectedCallback() {
        this.base = this.getAttribute('kit');
        this.clients = [];
        this.lay();
        try {
            const [labs, tests] = await Promise.all(
                [part(this.base, 'labs.json'), part(this.base, 'tests.json')]);
            this.labs = labs;
            this.lab = labs.labs.find(
                each => each.name === this.getAttribute('lab'));
            this.tests = tests.filter(test => test.lab === this.lab.name);
            this.list = new TestList(this.listPlace, this.tests, this);
            this.open(Object.keys(this.lab.files)[0]);
            this.fillBar();
            this.drawTests();
        } catch (error) {
            this.say(`This part of the page did not load: ${error.message}`);
        }
    }

    disconnectedCallback() {
        this.clients.forEach(client => client.end());
        this.editor?.destroy();
    }

    // -- Layout ---------------------------------------------------------------

    lay() {
        this.bar = element('div', 'lab-bar');
        this.place = element('div', 'lab-editor');
        this.status = element('p', 'lab-status', 'Loading the lab …');
        this.status.setAttribute('role', 'status');
        this.problems = element('ul', 'lab-problems');
        this.listPlace = element('div', 'lab-tests');
        this.machine = element('div', 'lab-machine');
        this.machine.hidden = true;
        this.terminalPlace = element('div', 'lab-terminal');
        const close = element('button', '', 'Close the machine');
        close.onclick = () => this.stopRun();
        this.machine.append(this.terminalPlace, close);
        this.heap = element('div', 'lab-heap');
        this.heap.hidden = true;
        this.heapTitle = element('h3');
        this.heap.append(this.heapTitle);
        this.map = new HeapMap(this.heap);
        this.replaceChildren(this.bar, this.place, this.status, this.problems,
            this.machine, this.heap, this.listPlace);
    }

    button(label, title, action) {
        const made = element('button', '', label);
        made.title = title;
        made.onclick = action;
        this.bar.append(made);
        return made;
    }

    fillBar() {
        const files = Object.keys(this.lab.files);
        this.bar.append(this.fileChoice(files));
        this.checkButton = this.button('Check',
            'Compile, and run all tests of this lab (Ctrl-Enter)',
            () => this.check());
        this.checkButton.classList.add('main');
        this.button('Run', 'Boot the kernel with your file, to its prompt',
            () => this.run());
        this.button('Next exercise', 'To the next lines that are yours to write',
            () => this.editor.goToNextExercise());
        this.seed = element('input', 'lab-seed');
        Object.assign(this.seed, { type: 'number', min: 0, value: 1,
            title: 'What the random tests start from' });
        const label = element('label', '', 'seed ');
        label.append(this.seed);
        this.bar.append(label, this.ownChoice());
        this.button('Export', 'Save this file: put it into your own tree',
            () => store.download(this.file.split('/').pop(), this.editor.text));
        this.bar.append(this.importButton());
        this.button('Start over', 'Back to the file as it was handed out',
            () => this.startOver());
        this.say('');
    }

    fileChoice(files) {
        const choice = element('select', 'lab-file');
        choice.setAttribute('aria-label', 'File');
        for (const file of files)
            choice.append(new Option(file, file));
        choice.onchange = () => this.open(choice.value);
        return choice;
    }

    ownChoice() {
        const label = element('label', 'lab-own');
        this.own = element('input');
        this.own.type = 'checkbox';
        label.title = 'Labs below this one: your own files instead of the book\'s';
        label.append(this.own, ' on my own labs');
        label.hidden = this.lab.number === 1;
        return label;
    }

    importButton() {
        const made = element('label', 'button', 'Import');
        made.title = 'Take a file from your own tree';
        const input = element('input', 'visually-hidden');
        Object.assign(input, { type: 'file', accept: '.c,.h' });
        input.onchange = async () => {
            if (input.files[0])
                this.editor.text = await input.files[0].text();
            input.value = '';
        };
        made.append(input);
        return made;
    }

    say(text) {
        this.status.textContent = text;
    }

    // -- Files ----------------------------------------------------------------

    textOf(lab, file) {
        return store.load(file) ?? lab.files[file].text;
    }

    // {file: text} of this lab, and of all others that have been worked on.
    get texts() {
        const found = {};
        for (const lab of this.labs.labs) {
            for (const file of Object.keys(lab.files))
                found[file] = this.textOf(lab, file);
        }
        return found;
    }

    open(file) {
        this.file = file;
        this.editor?.destroy();
        this.editor = new Editor(this.place, this.textOf(this.lab, file), {
            onChange: text => this.keep(text),
            onCheck: () => this.check(),
        });
    }

    keep(text) {
        if (text === this.lab.files[this.file].text)
            store.forget(this.file);
        else if (!store.save(this.file, text))
            this.say('This browser keeps nothing: export your file.');
        this.editor.show([]);
    }

    startOver() {
        if (confirm(`Throw away your ${this.file}?`))
            this.editor.text = this.lab.files[this.file].text;
    }

    // -- Messages of the compiler ---------------------------------------------

    showProblems(messages) {
        const own = new Set(Object.keys(this.lab.files));
        this.problems.replaceChildren(...messages.map(message => {
            const row = element('li', message.severity);
            const where = message.line ? `${message.file}:${message.line}: ` : '';
            if (own.has(message.file) && message.line) {
                const jump = element('button', 'jump', where);
                jump.onclick = () => this.jump(message.file, message.line);
                row.append(jump);
            } else {
                row.append(where);
            }
            row.append(`${message.severity}: ${message.text}`);
            return row;
        }));
        this.editor.show(messages.filter(({ file }) => file === this.file));
    }

    jump(file, line) {
        if (file !== this.file) {
            this.open(file);
            this.bar.querySelector('.lab-file').value = file;
        }
        this.editor.goTo(line);
    }

    // -- Check ----------------------------------------------------------------

    // The first `count` machines; each is made when it is needed first.
    machines(count) {
        while (this.clients.length < count)
            this.clients.push(new MachineClient(this.base));
        return this.clients.slice(0, count);
    }

    // Builds in the first machine: one compiler is enough.  False if there is
    // nothing to run.
    async build() {
        const [client] = this.machines(1);
        await client.ready;
        const { program, messages } = await client.ask('build', {
            lab: this.lab.name, texts: this.texts, own: this.own.checked });
        this.program = program;
        this.showProblems(messages);
        return program !== null;
    }

    async load(client) {
        await client.ready;
        await client.ask('load', { program: this.program });
    }

    async check(only = null) {
        if (this.busy)
            return;
        this.busy = true;
        this.checkButton.disabled = true;
        this.stopRun();
        this.heap.hidden = true;
        this.verdicts = new Map(only ? this.verdicts : []);
        this.verdicts.delete(only?.name);
        if (!only)
            this.list.fold();
        this.drawTests();
        this.say('Compiling …');
        try {
            await this.checkAll(only);
        } catch (error) {
            this.say(brokenInWords(error.message));
        }
        this.busy = false;
        this.checkButton.disabled = false;
    }

    async checkAll(only) {
        const began = performance.now();
        const chosen = only ? [only] : [...this.tests];
        const machines = this.machines(Math.min(MACHINES, chosen.length));
        if (!await this.build()) {
            this.say('It does not build: see below the editor.');
            return;
        }
        this.say('Testing …');
        await Promise.all(machines.slice(1).map(each => this.load(each)));
        this.waiting = [...chosen];
        await Promise.all(machines.map(each => this.work(each)));
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        this.say(`${only ? this.outcome(only) : this.sum()} (${seconds} s)`);
    }

    outcome(test) {
        const passed = this.verdicts.get(test.name)?.passed;
        return `The test ${test.name} ${passed ? 'passes' : 'fails'}.`;
    }

    sum() {
        const passed = this.tests.filter(
            test => this.verdicts.get(test.name)?.passed);
        const points = this.tests.reduce((sum, test) =>
            sum + pointsOf(test, this.tests, this.verdicts), 0);
        const most = this.tests.reduce((sum, test) => sum + test.points, 0);
        return `${passed.length} of ${this.tests.length} tests pass, ` +
            `${points} of ${most} points. make grade gives the marks.`;
    }

    // One machine takes tests until none waits.  A test whose need has failed
    // is not run; one whose need is still running comes later.
    async work(client) {
        while (this.waiting.length > 0) {
            const at = this.waiting.findIndex(test => this.isDecided(test.needs));
            if (at < 0) {
                await new Promise(resolve => setTimeout(resolve, 20));
                continue;
            }
            const [test] = this.waiting.splice(at, 1);
            const needed = this.verdicts.get(test.needs);
            if (needed && !needed.passed)
                this.setVerdict(test, { passed: false, notRun: true,
                    message: `not run: ${test.needs} has to pass first` });
            else
                this.setVerdict(test, await this.verdict(client, test));
        }
    }

    isDecided(name) {
        return this.verdicts.has(name) ||
            !this.waiting.concat(this.running ?? []).some(
                test => test.name === name);
    }

    async verdict(client, test) {
        this.running = [...this.running ?? [], test];
        this.list.say(test, 'running');
        const seed = Number(this.seed.value) >>> 0;
        const patience = setTimeout(() => client.restart().catch(() => {}),
            (SECONDS_MAX + GRACE_SECONDS) * 1000);
        try {
            return await client.ask('test', { test: { lab: test.lab,
                name: test.name }, seed, seconds: SECONDS_MAX });
        } catch (error) {
            await client.restart();
            await this.load(client);
            return { passed: false, message: brokenInWords(error.message) };
        } finally {
            clearTimeout(patience);
            this.running = this.running.filter(each => each !== test);
        }
    }

    setVerdict(test, verdict) {
        this.verdicts.set(test.name, verdict);
        this.drawTests();
    }

    drawTests() {
        this.verdicts ??= new Map();
        this.list.draw(this.verdicts, this.running ?? []);
    }

    showHeap(test, verdict) {
        show(this.heap);
        this.heapTitle.textContent =
            `The heap where ${test.lab}/${test.name} stopped`;
        this.map.clear();
        this.map.draw(verdict.heap);
        this.heap.scrollIntoView({ block: 'nearest' });
    }

    // -- Run ------------------------------------------------------------------

    async run() {
        if (this.busy)
            return;
        const [client] = this.machines(1);
        show(this.machine);
        this.terminal ??= makeTerminal(this.terminalPlace,
            text => client.ask('type', { text }));
        this.terminal.reset();
        this.say('Compiling …');
        client.onEvent = data => this.take(client, data);
        try {
            if (!await this.build()) {
                this.say('It does not build: see below the editor.');
                return;
            }
            await client.ask('boot', { words: [`stage=${this.lab.name}`] });
            this.say('The kernel runs; type help at its prompt.');
            this.terminal.focus();
        } catch (error) {
            this.say(brokenInWords(error.message));
        }
    }

    take(client, data) {
        if (data.event === 'text')
            this.terminal.write(data.text);
        if (data.event === 'exit')
            this.say('The kernel has ended; Run boots it again.');
        if (data.event === 'broken')
            this.say(brokenInWords(data.why));
    }

    stopRun() {
        if (this.machine.hidden)
            return;
        this.machine.hidden = true;
        this.clients[0]?.ask('stop').catch(() => {});
    }
}
