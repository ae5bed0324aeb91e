// SPDX-License-Identifier: MIT
// The list of a lab's tests, with their verdicts; failures as `make grade` says
// them: what was tried, what went wrong, a hint, and how to see it again.

import { element } from './elements.js';
import { hintFor, pointsOf } from './runner.js';

export class TestList {
    // counting: names of the tests that need instruction counts.  bench has
    // check(test), showHeap(test, verdict), editor and seed.
    constructor(place, tests, counting, bench) {
        Object.assign(this, { place, tests, counting, bench });
    }

    // verdicts: Map from a test's name; running: tests
    draw(verdicts, running) {
        this.verdicts = verdicts;
        this.running = running;
        this.place.replaceChildren(element('h3', '', 'Tests'),
            ...this.tests.map(test => this.row(test)));
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
        if (this.counting.includes(test.name))
            return 'not run here: it counts instructions';
        if (!verdict)
            return this.running.includes(test) ? 'running' : '';
        if (verdict.notRun)
            return 'not run';
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
        row.classList.toggle('failed', verdict?.passed === false);
        const summary = element('summary');
        summary.append(element('code', '', `${test.lab}/${test.name}`), ' ',
            element('span', 'points', `${this.points(test)} of ${test.points}`),
            ' ', element('span', 'state', this.word(test)));
        row.append(summary, element('p', 'what', test.what));
        if (verdict && !verdict.passed && !verdict.notRun) {
            row.open = this.isFirstFailure(test);
            this.fillFailure(row, test, verdict);
        }
        const again = element('button', '', 'Run this test');
        again.onclick = () => this.bench.check(test);
        again.disabled = this.counting.includes(test.name);
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
