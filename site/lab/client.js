// SPDX-License-Identifier: MIT
// The page's side of a worker: one machine, asked by name.

export class MachineClient {
    constructor(base) {
        this.base = new URL(base, location.href).href;
        this.onEvent = () => {};
        this.start();
    }

    start() {
        this.asked = new Map();
        this.next = 1;
        this.worker = new Worker(new URL('./worker.js', import.meta.url),
            { type: 'module' });
        this.worker.onmessage = ({ data }) => this.take(data);
        // v86's code generator can overflow the script's stack: see README.md.
        this.worker.onerror = event => {
            event.preventDefault();
            this.fail(event.message || 'the machine stopped');
        };
        this.ready = this.ask('start');
        this.ready.catch(() => {});
    }

    take(data) {
        if (data.event) {
            this.onEvent(data);
            return;
        }
        const { resolve, reject } = this.asked.get(data.id) ?? {};
        this.asked.delete(data.id);
        if (data.error !== undefined)
            reject?.(new Error(data.error));
        else
            resolve?.(data.result);
    }

    fail(why) {
        for (const { reject } of this.asked.values())
            reject(new Error(why));
        this.asked.clear();
        this.onEvent({ event: 'broken', why });
    }

    ask(command, more = {}) {
        const id = this.next++;
        return new Promise((resolve, reject) => {
            this.asked.set(id, { resolve, reject });
            this.worker.postMessage({ id, command, base: this.base, ...more });
        });
    }

    // Whatever it was doing: a new machine in its place.
    restart() {
        this.worker.terminate();
        this.fail('the machine was started anew');
        this.start();
        return this.ready;
    }

    end() {
        this.worker.terminate();
    }
}

// What a machine that ended without a word most likely went through.
export function brokenInWords(why) {
    return /call stack|recursion|stack size/i.test(why)
        ? 'the kernel\'s stack has overflowed: a function calls itself without ' +
          'end, or a local array is too large'
        : `the machine stopped: ${why}`;
}
