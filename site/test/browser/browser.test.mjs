// SPDX-License-Identifier: MIT
// The site in a real browser, as a reader uses it.  Needs build/site/www.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { serve } from './serve.mjs';

const www = new URL('../../../build/site/www/', import.meta.url).pathname;
const shots = new URL('../../../build/site/shots/', import.meta.url).pathname;
const root = new URL('../../../', import.meta.url).pathname;
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const MILLISECONDS = 120000;
const TRANSFER_MAX = 3e6, MEMORY_MAX = 300e6;

let server, browser, base;

before(async () => {
    fs.mkdirSync(shots, { recursive: true });
    server = await serve(www);
    base = `http://127.0.0.1:${server.address().port}`;
    browser = await chromium.launch({ executablePath: CHROMIUM,
        args: ['--no-sandbox', '--enable-precise-memory-info'] });
});

after(async () => {
    await browser?.close();
    server?.close();
});

// A new page that notes what goes wrong and what leaves it.
async function open(where, options = {}) {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 },
        ...options });
    const wrong = [];
    let bytes = 0;
    page.setDefaultTimeout(MILLISECONDS);
    page.on('console', message => message.type() === 'error' &&
        wrong.push(message.text()));
    page.on('pageerror', error => wrong.push(error.message));
    page.on('request', request => request.url().startsWith(base) ||
        /^(?:data|blob):/.test(request.url()) ||
        wrong.push(`a request to ${request.url()}`));
    page.on('response', async response => {
        if (response.status() >= 400)
            wrong.push(`${response.status()} ${response.url()}`);
        bytes += Number(response.headers()['content-length'] ?? 0);
    });
    await page.goto(base + where);
    return { page, wrong, bytes: () => bytes };
}

async function openLab(lab) {
    const opened = await open(`/labs/${lab}.html`);
    await opened.page.click('.bench-toggle');
    await opened.page.waitForSelector('.cm-editor');
    return opened;
}

function write(page, text) {
    return page.evaluate(
        text => { document.querySelector('mallow-lab').editor.text = text; },
        text);
}

async function check(page) {
    await page.click('button.main');
    await page.waitForFunction(() => /tests pass|does not build|overflow/.test(
        document.querySelector('.lab-status').textContent));
    return page.textContent('.lab-status');
}

const reference = file => fs.readFileSync(path.join(root, file), 'utf8');

test('every page renders, and every link leads somewhere', async () => {
    const { page, wrong } = await open('/');
    const seen = new Set(['/']), waiting = ['/'];
    while (waiting.length > 0) {
        await page.goto(base + waiting.shift());
        const found = await page.$$eval('a[href]', all => all
            .map(each => new URL(each.href))
            .filter(url => url.origin === location.origin)
            .map(url => url.pathname));
        assert.ok(await page.textContent('h1, .VPHero'), page.url());
        for (const next of found) {
            if (!seen.has(next) && /(\.html|\/)$/.test(next))
                waiting.push(next);
            seen.add(next);
        }
    }
    for (const each of seen)
        assert.ok(fs.existsSync(path.join(www, each)), `dead link: ${each}`);
    assert.deepEqual(wrong, []);
    await page.close();
});

test('the home page boots the kernel, and the heap moves', async () => {
    const { page, wrong, bytes } = await open('/');
    await page.waitForFunction(() => /KiB live/.test(
        document.querySelector('.heap-figures')?.textContent ?? ''));
    const first = await page.textContent('.heap-figures');
    assert.ok(bytes() < TRANSFER_MAX, `${bytes()} bytes to the first boot`);
    await page.waitForFunction(first =>
        document.querySelector('.heap-figures').textContent !== first, first);
    await page.screenshot({ path: `${shots}/home.png` });
    const used = await page.evaluate(() => performance.memory.usedJSHeapSize);
    assert.ok(used < MEMORY_MAX, `${used} bytes of script memory`);
    assert.deepEqual(wrong, []);
    await page.close();
});

test('edit, check, fail, repair, reload', async () => {
    const { page, wrong } = await openLab('3-heap');
    assert.match(await check(page), /^0 of \d+ tests pass/);
    await write(page, 'int bump_alloc(void) { return 1 }\n');
    assert.match(await check(page), /does not build/);
    assert.match(await page.textContent('.lab-problems'), /bump\.c:1: *error/);
    await write(page, reference('src/mm/heap/bump.c'));
    const said = await check(page);
    const [, passed, all] = /^(\d+) of (\d+)/.exec(said);
    assert.equal(passed, all, said);
    await page.screenshot({ path: `${shots}/lab.png` });
    await page.reload();
    await page.click('.bench-toggle');
    await page.waitForSelector('.cm-editor');
    assert.equal(await page.evaluate(() =>
        document.querySelector('mallow-lab').editor.text),
    reference('src/mm/heap/bump.c'));
    assert.deepEqual(wrong, []);
    await page.close();
});

test('what hangs, faults or overflows is said in words', async () => {
    const { page } = await openLab('3-heap');
    const good = reference('src/mm/heap/bump.c');
    const within = body => good.replace(/(\nvoid \*bump_alloc\([^)]*\)\n\{\n)/,
        `$1${body}`);
    for (const [body, words] of [
        ['    for (;;)\n        ;\n', /hangs in bump_alloc/],
        ['    *(volatile int *)12 = 1;\n', /page fault.*wrote 0x0*c/s],
        ['    char all[4096];\n    all[0] = 1;\n' +
         '    if (all[0])\n        return bump_alloc(8, 8);\n', /stack/],
    ]) {
        await write(page, within(body));
        await check(page);
        assert.match(await page.textContent('.test.failed .message'), words);
    }
    await write(page, good);
    assert.match(await check(page), /^(\d+) of \1 /);
    await page.close();
});

test('with the keyboard alone: a test fails, its heap is seen, it passes', async () => {
    const { page, wrong } = await open('/labs/3-heap.html');
    const focused = () => page.evaluate(() => document.activeElement.className +
        ' ' + document.activeElement.textContent.slice(0, 40));
    const tabTo = async words => {
        for (let i = 0; i < 200 && !words.test(await focused()); i++)
            await page.keyboard.press('Tab');
        assert.match(await focused(), words);
    };
    await tabTo(/^bench-toggle/);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.cm-editor');
    await tabTo(/^main Check/);
    await tabTo(/^cm-content/);
    const good = reference('src/mm/heap/bump.c');
    await write(page, good.replace('usage_remove(', '(void)('));
    await page.keyboard.press('Control+Enter');
    const status = words => page.waitForFunction(words => new RegExp(words).test(
        document.querySelector('.lab-status').textContent), words);
    await status('tests pass');
    await page.keyboard.press('Escape');
    await tabTo(/^break /);
    await page.keyboard.press('Enter');
    assert.match(await page.textContent('.lab-heap .heap-figures'),
        /^\d{1,4}(\.\d)? (KiB|bytes) live in \d+ blocks/);
    await tabTo(/^run /);
    await write(page, good);
    await page.keyboard.press('Enter');
    await status('The test \\w+ passes');
    assert.match(await focused(), /^run /);
    assert.deepEqual(wrong, []);
    await page.close();
});

test('a recorded replay can be gone through, and blocks have ages', async () => {
    const { page, wrong } = await open('/machine.html');
    const machine = page.locator('mallow-machine').first();
    await machine.locator('select').nth(1).selectOption({ index: 1 });
    await machine.getByRole('button', { name: 'Record' }).click();
    const slider = machine.locator('.history input');
    await slider.waitFor({ state: 'visible' });
    await slider.evaluate(input => {
        input.value = Math.floor(input.max / 2);
        input.dispatchEvent(new Event('input'));
    });
    assert.match(await machine.locator('.history output').textContent(),
        /^after operation \d+ of \d+$/);
    await machine.locator('.history canvas').click({ position: { x: 3, y: 3 } });
    assert.match(await machine.locator('.history-answer').textContent(),
        /\d+ bytes at offset \d+: \d+ operations old/);
    await page.screenshot({ path: `${shots}/machine.png` });
    assert.deepEqual(wrong, []);
    await page.close();
});

test('on a telephone nothing is wider than the screen', async () => {
    for (const where of ['/', '/labs/4-malloc.html', '/machine.html']) {
        const { page } = await open(where,
            { viewport: { width: 390, height: 844 } });
        await page.waitForTimeout(500);
        const wide = await page.evaluate(() =>
            document.documentElement.scrollWidth);
        assert.ok(wide <= 390, `${where} is ${wide} pixels wide`);
        await page.screenshot({
            path: `${shots}/phone${where.replace(/\W/g, '-')}.png` });
        await page.close();
    }
});
