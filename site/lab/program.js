// SPDX-License-Identifier: MIT
// From a lab's files to a program for the machine.
//
//                     lab 1      lab 2      lab 3      lab 4     the rest
//     to try lab 3    written    written    STUDENT    starter   starter
//
// as `make grade` does it (scripts/mallow/grade/build.py).  "Written" is the
// book's own object, or the student's file where he wants to stand on his own.

import { bytesOfBase64 } from './kit.js';
import { link, LinkError } from './linker.js';
import { contractMessages } from './contract.js';

export class Builder {
    // compiler: a Compiler; kernel: describeKernel()'s; labs: kit/labs.json;
    // objects: kit/objects.json
    constructor(compiler, kernel, labs, objects) {
        Object.assign(this, { compiler, kernel, labs, objects });
    }

    given(lab, kind) {
        const found = this.objects[lab.name][kind];
        return found && Object.entries(found).map(
            ([name, text]) => ({ name, bytes: bytesOfBase64(text) }));
    }

    // { objects: [{ name, bytes }] or null, messages }
    compileLab(lab, texts) {
        const objects = [], messages = [];
        for (const file of Object.keys(lab.files))
            messages.push(...contractMessages(file, texts[file], lab.files[file],
                this.labs));
        for (const source of lab.sources) {
            const made = this.compiler.compile(source, texts);
            messages.push(...made.messages);
            objects.push({ name: source, bytes: made.object });
        }
        const whole = objects.every(({ bytes }) => bytes);
        return { objects: whole ? objects : null, messages: unique(messages) };
    }

    // The program for `lab`, of the student's files `texts`, {path: text}; on
    // top of the student's own lower labs if `alone` is false.
    //     { program: link()'s or null, messages }
    build(name, texts, own = false) {
        const lab = this.labs.labs.find(each => each.name === name);
        const objects = [], messages = [];
        for (const each of this.labs.labs) {
            const made = this.objectsOf(each, lab, texts, own);
            messages.push(...made.messages);
            if (!made.objects)
                return { program: null, messages };
            objects.push(...made.objects);
        }
        return this.linked(objects, messages);
    }

    objectsOf(each, lab, texts, own) {
        const written = this.given(each, 'written');
        const below = each.number < lab.number;
        if (each !== lab && !(below && (own || !written)))
            return { objects: (below && written) || this.given(each, 'starter'),
                messages: [] };
        const mine = Object.keys(each.files).every(file => file in texts);
        if (!mine)
            return { objects: this.given(each, 'starter'), messages: [] };
        return this.compileLab(each, texts);
    }

    // Everything as the book has it: for demonstrations.
    reference() {
        const objects = this.labs.labs.flatMap(
            lab => this.given(lab, 'written') ?? this.given(lab, 'starter'));
        return this.linked(objects, []);
    }

    linked(objects, messages) {
        // Where two labs build the same file, the later one's is left out:
        // it is given, and compiled with the student's headers already.
        const once = [...new Map(objects.reverse().map(
            each => [each.name, each])).values()].reverse();
        try {
            return { program: link(this.kernel, once), messages };
        } catch (error) {
            if (!(error instanceof LinkError))
                throw error;
            return { program: null, messages: [...messages, { file: '', line: 0,
                severity: 'error', text: error.message }] };
        }
    }
}

// A header's messages come once for each file that includes it.
function unique(messages) {
    const seen = new Set();
    return messages.filter(each => {
        const key = JSON.stringify(each);
        return !seen.has(key) && seen.add(key);
    });
}
