// SPDX-License-Identifier: MIT
// VitePress' own theme, and the elements that hold machines.
import DefaultTheme from 'vitepress/theme';
import { h } from 'vue';
import LabBench from './LabBench.vue';
import TheMachine from './TheMachine.vue';
import './mallow.css';
import './page.css';

export default {
    extends: DefaultTheme,
    Layout: () => h(DefaultTheme.Layout, null, {
        'layout-bottom': () => h(LabBench),
    }),
    enhanceApp({ app }) {
        app.component('TheMachine', TheMachine);
        // Machines need a browser; the pages are also rendered without one.
        if (!import.meta.env.SSR)
            import('../../lab/main.js');
    },
};
