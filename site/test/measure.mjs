// SPDX-License-Identifier: MIT
// What the page costs, in Chromium: make site-measure.
//
//     transfer      bytes from a server that packs nothing, to the first boot
//     first boot    from the address to the kernel's first line
//     memory        of the largest process: a page with its machines, and
//                   some 50 MB of Chromium's own
//     lab 4         all tests of the reference, the second time
//     one test      from the press to the verdict
//
// Wall time is worth something on a quiet computer only; the processor time of
// all of Chromium's processes is printed beside it.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import { chromium } from 'playwright-core';

const root = new URL('../../', import.meta.url).pathname;
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const MILLISECONDS = 300000, TICKS_A_SECOND = 100;
const GOALS = { 'transfer, MB': 3, 'first boot, s': 4, 'memory, MB': 300,
    'all of lab 4, s': 15, 'one test, s': 1 };

function freePort() {
    return new Promise(resolve => {
        const server = net.createServer().listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => resolve(port));
        });
    });
}

// python3 -m http.server, as the README says; resolves when it answers.
async function servePlainly(folder) {
    const port = await freePort(), base = `http://127.0.0.1:${port}`;
    const server = spawn('python3', ['-m', 'http.server', `${port}`, '--bind',
        '127.0.0.1', '--directory', folder], { stdio: 'ignore' });
    for (;;) {
        try {
            await (await fetch(base)).arrayBuffer();
            return { base, server };
        } catch {
            await new Promise(resolve => setTimeout(resolve, 50));
        }
    }
}

// [{ parent, seconds }] by process id, of all that run.
function processes() {
    const found = new Map();
    for (const pid of fs.readdirSync('/proc').filter(Number)) {
        try {
            const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
                .replace(/^.*\) /s, '').split(' ');
            found.set(+pid, { parent: +fields[1],
                seconds: (+fields[11] + +fields[12]) / TICKS_A_SECOND });
        } catch {
            continue; // it has ended meanwhile
        }
    }
    return found;
}

// Of this process' children and theirs, without this process.
function family() {
    const all = processes();
    const isOurs = pid => pid === process.pid ||
        (all.has(pid) && isOurs(all.get(pid).parent));
    return [...all].filter(([pid]) => pid !== process.pid && isOurs(pid));
}

function processorSeconds() {
    return family().reduce((sum, [, { seconds }]) => sum + seconds, 0);
}

// Megabytes of the largest process: the page's, with its machines.
function largestMemory() {
    return Math.max(...family().map(([pid]) => {
        try {
            const text = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
            return Number(/^Pss: +(\d+)/m.exec(text)[1]) / 1000;
        } catch {
            return 0;
        }
    }));
}

const rows = [];
function report(name, value, processor) {
    rows.push([name, value]);
    console.log(`${name.padEnd(18)} ${value.toFixed(2).padStart(8)}  ` +
        `goal ${String(GOALS[name]).padStart(4)}` + (processor === undefined ? ''
        : `  processor ${processor.toFixed(2)} s`));
}

async function timed(name, action) {
    const before = processorSeconds(), began = performance.now();
    await action();
    report(name, (performance.now() - began) / 1000,
        processorSeconds() - before);
}

const { base, server } = await servePlainly(`${root}build/site/www`);
const browser = await chromium.launch({ executablePath: CHROMIUM,
    args: ['--no-sandbox'] });

async function newPage() {
    const made = await (await browser.newContext()).newPage();
    made.setDefaultTimeout(MILLISECONDS);
    return made;
}

let page = await newPage();
const session = await page.context().newCDPSession(page);
await session.send('Network.enable');
let bytes = 0;
session.on('Network.loadingFinished',
    ({ encodedDataLength }) => { bytes += encodedDataLength; });

// Files that a worker asks for are not in the page's own log: the server's sizes.
page.on('response', async response => {
    if (response.url().includes('/kit/'))
        bytes += Number(response.headers()['content-length'] ?? 0);
});

async function firstBoot() {
    await page.goto(base);
    await page.waitForFunction(() => /boot +ok/.test(
        document.querySelector('.xterm-rows')?.textContent ?? ''));
}

async function check(press) {
    await page.evaluate(() => {
        document.querySelector('.lab-status').textContent = '';
    });
    await press();
    await page.waitForFunction(() => /tests pass|The test \w+ passes/.test(
        document.querySelector('.lab-status').textContent));
    const said = await page.textContent('.lab-status');
    if (!/^(\d+) of \1 |passes/.test(said))
        throw new Error(`lab 4's reference: ${said}`);
}

console.log(`load ${os.loadavg()[0].toFixed(1)} on ${os.cpus().length} cores`);
await timed('first boot, s', firstBoot);
report('transfer, MB', bytes / 1e6);
report('memory, MB', largestMemory());
await page.context().close();
page = await newPage();
await page.goto(`${base}/labs/4-malloc.html`);
await page.click('.bench-toggle');
await page.waitForSelector('.cm-editor');
await page.evaluate(text => {
    document.querySelector('mallow-lab').editor.text = text;
}, fs.readFileSync(`${root}src/mm/malloc/malloc.c`, 'utf8'));
const all = () => page.click('button.main');
await check(all); // fetches the compiler, and makes the machines
await timed('all of lab 4, s', () => check(all));
await page.click('[data-test="split"] summary');
await timed('one test, s', () => check(
    () => page.click('[data-test="split"] button.run')));
report('memory, MB', largestMemory());
await browser.close();
server.kill();
const above = rows.filter(([name, value]) => value > GOALS[name]);
for (const [name] of above)
    console.log(`above its goal: ${name}`);
process.exit(above.length > 0 ? 1 : 0);
