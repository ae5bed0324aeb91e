// SPDX-License-Identifier: MIT
// The site's generator.  SITE_BASE is where on the server the site will be.
import fs from 'node:fs';
import { defineConfig } from 'vitepress';

const folder = new URL('../../build/site/', import.meta.url).pathname;
// Below this folder, so that pages find the packages in node_modules.
const pages = new URL('../.pages/', import.meta.url).pathname;

function titleOf(file) {
    return /^# (.*)$/m.exec(fs.readFileSync(file, 'utf8'))[1];
}

function links(name, skip = []) {
    if (!fs.existsSync(pages + name))
        return [];
    return fs.readdirSync(pages + name).sort()
        .filter(file => file.endsWith('.md') && !skip.includes(file))
        .map(file => ({ text: titleOf(`${pages}${name}/${file}`),
            link: `/${name}/${file.slice(0, -3)}` }));
}

export default defineConfig({
    title: 'Mallow',
    description: 'A teaching kernel about where memory comes from',
    base: process.env.SITE_BASE ?? '/',
    lang: 'en',
    srcDir: pages,
    outDir: folder + 'www',
    cacheDir: folder + 'cache',
    cleanUrls: false,
    head: [['link', { rel: 'icon', href: 'data:,' }]],
    vue: { template: { compilerOptions: {
        isCustomElement: tag => tag.startsWith('mallow-') } } },
    vite: {
        worker: { format: 'es' },
        build: { chunkSizeWarningLimit: 2000 },
    },
    themeConfig: {
        search: { provider: 'local' },
        outline: [2, 3],
        nav: [
            { text: 'Labs', link: '/labs/' },
            { text: 'The machine', link: '/machine' },
            { text: 'Allocators', link: '/docs/allocators' },
        ],
        sidebar: [
            { text: 'Labs', items: links('labs', ['index.md']) },
            { text: 'More', items: [{ text: 'The machine', link: '/machine' },
                ...links('docs'),
                { text: 'Parts and licences', link: '/parts' }] },
        ],
        footer: { message: 'MIT licence. This page sends nothing anywhere.' },
    },
});
