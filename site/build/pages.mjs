// SPDX-License-Identifier: MIT
// pages.mjs OUT KIT TCC: the site's Markdown and its fixed files, from the labs'
// and the docs' own Markdown.  Nothing here is a second copy that people edit.
//
//     labs/4-malloc/README.md  -->  OUT/labs/4-malloc.md
//     docs/allocators.md       -->  OUT/docs/allocators.md
//     src/mm/heap/heap.h       -->  OUT/docs/kmalloc.md
//     site/pages/index.md      -->  OUT/index.md
//     KIT, TCC                 -->  OUT/public/kit/

import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';

const [out, kit, tcc] = process.argv.slice(2);
const root = path.resolve(import.meta.dirname ??
    path.dirname(new URL(import.meta.url).pathname), '../..');
const FIRMWARE = '/usr/share/seabios';
const COMMENT = /<!--[\s\S]*?-->\n?/g;
const LINK = /(\]\()([^)#\s]+)(#[^)\s]*)?(\))/g;

function write(name, contents) {
    const target = path.join(out, name);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, contents);
}

function read(name) {
    return fs.readFileSync(path.join(root, name), 'utf8');
}

// Languages that the highlighter has; a session at a prompt is plain text.
const LANGUAGES = new Set(['c', 'make', 'python', 'json', 'yaml', 'asm', 'diff']);

function fenced(block) {
    return block.replace(/^( *```)(\w+)/, (whole, fence, language) =>
        LANGUAGES.has(language) ? whole : `${fence}text`);
}

// Changes the text outside of code blocks: a comment in code is part of it.
function outsideCode(text, change) {
    return text.split(/(^ *```[\s\S]*?^ *```[^\n]*$)/m)
        .map((piece, i) => i % 2 ? fenced(piece) : change(piece)).join('');
}

// -- Links ------------------------------------------------------------------------

const onSite = new Map(); // a file of the tree -> its page

function pageOf(file) {
    return onSite.get(file) ?? onSite.get(path.posix.join(file, 'README.md'));
}

// A link of `from` (labs/4-malloc/README.md), as the site has it.  What is no
// page is named instead: the reader has the tree.
function relink(from, text) {
    return text.replace(LINK, (whole, open, target, anchor = '', close) => {
        if (/^[a-z]+:/.test(target))
            return whole;
        const file = path.posix.normalize(
            path.posix.join(path.posix.dirname(from), target)).replace(/\/$/, '');
        if (/\.(png|svg)$/.test(file)) {
            write(`public/${file}`, fs.readFileSync(path.join(root, file)));
            return `${open}/${file}${close}`;
        }
        const page = pageOf(file);
        return page ? `${open}/${page}${anchor}${close}` : `] (\`${file}\`)`;
    });
}

// "{{" would be an expression of the generator.
function escape(text) {
    return text.replaceAll('{{', '&#123;&#123;');
}

// `more` comes after the title.
function page(file, name, front, more = '') {
    const text = outsideCode(read(file).replace(/^<!-- SPDX.*-->\n/, ''),
        piece => relink(file, escape(piece.replace(COMMENT, ''))));
    const head = Object.entries(front).map(([key, value]) =>
        `${key}: ${JSON.stringify(value)}\n`).join('');
    const whole = text.replace(/^# .*\n/m, title => `${title}\n${more}`);
    write(`${name}.md`, `---\n${head}---\n\n${whole}`);
}

// -- Pages ------------------------------------------------------------------------

const labs = fs.readdirSync(path.join(root, 'labs')).sort()
    .filter(name => fs.existsSync(path.join(root, 'labs', name, 'README.md')));
const docs = fs.readdirSync(path.join(root, 'docs'))
    .filter(name => name.endsWith('.md')).map(name => name.slice(0, -3));
const described = JSON.parse(fs.readFileSync(path.join(kit, 'labs.json')));
const withTests = new Map(described.labs.map(
    lab => [path.basename(lab.folder), lab.name]));

function titleOf(file) {
    return /^# (.*)$/m.exec(read(file))[1];
}

// Labs say what to type in a tree of one's own; here buttons do it.
function introOf(lab) {
    return `::: tip You need no installation
Press *Do this lab here*. An editor opens beside this text.

- Where the text says \`make check LAB=${lab}\`, press *Check*.
- Where it says \`make run\`, press *Run*, and type at the prompt \`mallow>\`.
- *The machine*, in the menu, replays traces.
- Commands such as \`awk\` and \`make debug\` need a tree of your own.
:::

`;
}

function makeLabs() {
    for (const name of labs) {
        const file = `labs/${name}/README.md`;
        const front = { title: titleOf(file) };
        if (withTests.has(name))
            front.lab = withTests.get(name);
        page(file, `labs/${name}`, front,
            front.lab ? introOf(front.lab) : '');
    }
    const rows = labs.map(name =>
        `- [${titleOf(`labs/${name}/README.md`)}](/labs/${name})`);
    write('labs/index.md', '# Labs\n\nLabs 3, 4 and 5 are the core. Every lab ' +
        'from 1 on can be done in this site: open it and choose *Do this lab ' +
        `here*.\n\n${rows.join('\n')}\n`);
}

// The header is the reference: its comments are the contracts.
function makeReference() {
    write('docs/kmalloc.md', '# Reference: the kmalloc layer\n\n' +
        'This is `src/mm/heap/heap.h`, the header that callers include. Its ' +
        'comments are the contracts.\n\n```c\n' + read('src/mm/heap/heap.h') +
        '```\n');
}

// -- Fixed files --------------------------------------------------------------------

function put(name, contents) {
    write(`public/kit/${name}`, contents);
}

function putPacked(name, file) {
    put(name, zlib.gzipSync(fs.readFileSync(file), { level: 9 }));
}

function makeKit() {
    const compact = name => JSON.stringify(
        JSON.parse(fs.readFileSync(path.join(kit, name))));
    for (const name of ['kernel.json', 'tests.json', 'objects.json',
        'files.json'])
        put(name, compact(name));
    const traces = fs.readdirSync(path.join(root, 'traces'))
        .filter(name => name.endsWith('.rep')).sort();
    put('labs.json', JSON.stringify({ ...described, traces }));
    putPacked('state.gz', path.join(kit, 'state.bin'));
    putPacked('machine.iso.gz', path.join(kit, 'machine.iso'));
    for (const name of ['bios.bin', 'vgabios-stdvga.bin'])
        putPacked(`${name}.gz`, path.join(FIRMWARE, name));
    putPacked('v86.wasm.gz',
        path.join(root, 'site/node_modules/v86/build/v86.wasm'));
    put('v86.LICENSE.txt', fs.readFileSync(
        path.join(root, 'site/node_modules/v86/LICENSE')));
    put('tcc.wasm', fs.readFileSync(path.join(tcc, 'tcc.wasm')));
    makeOffer();
}

// tcc's licence and its complete source, beside the program.
function makeOffer() {
    put('tcc/COPYING.txt', fs.readFileSync(path.join(tcc, 'COPYING')));
    const names = fs.readdirSync(path.join(tcc, 'source')).sort();
    for (const name of names)
        put(`tcc/${name}`, fs.readFileSync(path.join(tcc, 'source', name)));
    put('tcc/SOURCE.txt', 'tcc.wasm is tcc, under the LGPL (COPYING.txt).  ' +
        'Its complete source, in this folder:\n\n' +
        names.map(name => `    ${name}\n`).join('') +
        '\n`build` makes it from the .dsc and the headers beside it.\n');
}

fs.rmSync(out, { recursive: true, force: true });
for (const name of labs)
    onSite.set(`labs/${name}/README.md`, `labs/${name}`);
for (const name of docs)
    onSite.set(`docs/${name}.md`, `docs/${name}`);
for (const name of fs.readdirSync(path.join(root, 'site/pages')))
    write(name, read(`site/pages/${name}`));
makeLabs();
for (const name of docs)
    page(`docs/${name}.md`, `docs/${name}`,
        { title: titleOf(`docs/${name}.md`) });
makeReference();
makeKit();
