// SPDX-License-Identifier: MIT
// The list of a lab's tests, with their verdicts; failures as `make grade` says
// them: what was tried, what went wrong, a hint, and how to see it again.

import { element } from './elements.js';
import { hintFor, pointsOf } from './runner.js';

export class TestList {
    // bench has check(test), showHeap(test, verdict), editor and seed.
    constructor(place, tests, bench) {
        Object.assign(this, { place, tests, bench });
        this.opened = new Map(); // what the reader has opened or closed
    }

    // verdicts: Map from a test's name; running: tests
    draw(verdicts, running) {
        this.verdicts = verdicts;
        this.running = running;
        const focused = this.placeOfFocus();
        this.place.replaceChildren(element('h3', '', 'Tests'),
            ...this.tests.map(test => this.row(test)));
        if (focused)
            this.place.querySelector(focused)?.focus();
    }

    // A keyboard user stays where he is when the list is drawn again.
    placeOfFocus() {
        const active = document.activeElement;
        const row = this.place.contains(active) && active.closest('.test');
        return row && `[data-test="${row.dataset.test}"] ` +
            (active.tagName === 'SUMMARY' ? 'summary' : 'button.run');
    }

    // Forgets which rows were opened: a new check opens the first failure.
    fold() {
        this.opened.clear();
    }

    // A word beside a test, until the next draw().
    say(test, text) {
        const found = this.place.querySelector(
            `[data-test="${test.name}"] .state`);
        if (found)
            found.textContent = text;
    }

    points(test) {
        return pointsOf(test, this.tests, this.verdicts);
    }

    word(test) {
        const verdict = this.verdicts.get(test.name);
        if (!verdict)
            return this.running.includes(test) ? 'running' : '';
        if (verdict.notRun)
            return `not run: ${test.needs} has to pass first`;
        if (!verdict.passed)
            return 'FAILED';
        return this.points(test) ? 'passed'
            : `passed, but counts after ${test.needs}`;
    }

    row(test) {
        const verdict = this.verdicts.get(test.name);
        const row = element('details', 'test');
        row.dataset.test = test.name;
        row.classList.toggle('passed', Boolean(verdict?.passed));
        row.classList.toggle('failed', verdict?.passed === false &&
            !verdict.notRun);
        const summary = element('summary');
        summary.append(element('code', '', `${test.lab}/${test.name}`), ' ',
            element('span', 'state', this.word(test)), ' ',
            element('span', 'points',
                `${this.points(test)} of ${test.points} points`));
        summary.onclick = () => this.opened.set(test.name, !row.open);
        row.append(summary, element('p', 'what', test.what));
        if (verdict && !verdict.passed && !verdict.notRun) {
            row.open = this.isFirstFailure(test);
            this.fillFailure(row, test, verdict);
        }
        row.open = this.opened.get(test.name) ?? row.open;
        const again = element('button', 'run', 'Run this test');
        again.setAttribute('aria-label', `Run the test ${test.name}`);
        again.onclick = () => {
            this.opened.set(test.name, true);
            this.bench.check(test);
        };
        row.append(again);
        return row;
    }

    isFirstFailure(test) {
        return test === this.tests.find(each => {
            const verdict = this.verdicts.get(each.name);
            return verdict && !verdict.passed && !verdict.notRun;
        });
    }

    fillFailure(row, test, verdict) {
        const message = element('pre', 'message');
        message.append(...this.linked(verdict.message));
        row.append(message);
        const hint = hintFor(test, verdict.message);
        if (hint)
            row.append(element('p', 'hint', `hint: ${hint}`));
        if (verdict.calls?.length)
            row.append(element('p', '', 'The last calls:'), element('pre',
                'calls', verdict.calls.map(({ text }) => text).join('\n')));
        if (verdict.heap) {
            const look = element('button', 'break',
                'Break: the heap at this moment');
            look.onclick = () => this.bench.showHeap(test, verdict);
            row.append(look);
        }
        row.append(element('p', 'again', `again: make check LAB=${test.lab} ` +
            `TEST=${test.name} SEED=${this.bench.seed.value}`));
    }

    // Names of functions of the open file become buttons that go there.
    linked(text) {
        const { editor } = this.bench;
        return text.split(/\b([a-z]\w+)(?=\+0x|\()/).map((piece, i) => {
            const line = i % 2 ? editor.lineOf(piece) : 0;
            if (!line)
                return piece;
            const jump = element('button', 'jump', piece);
            jump.onclick = () => editor.goTo(line);
            return jump;
        });
    }
}
