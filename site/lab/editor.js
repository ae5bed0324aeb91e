// SPDX-License-Identifier: MIT
// The editor for one C file.  Only what stands between "LAB n BEGIN" and "LAB n
// END" is to be written; those lines are marked, and the rest can be changed,
// too, as in a hand-out.

import { indentWithTab } from '@codemirror/commands';
import { cpp } from '@codemirror/lang-cpp';
import { indentUnit } from '@codemirror/language';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState, RangeSetBuilder } from '@codemirror/state';
import { Decoration, EditorView, keymap, ViewPlugin } from '@codemirror/view';
import { basicSetup } from 'codemirror';
import { oneDark } from '@codemirror/theme-one-dark';

const exercise = Decoration.line({ class: 'cm-exercise' });

function markExercises(view) {
    const builder = new RangeSetBuilder();
    let inside = false;
    for (let i = 1; i <= view.state.doc.lines; i++) {
        const line = view.state.doc.line(i);
        inside ||= /\/\* LAB \d+ BEGIN/.test(line.text);
        if (inside)
            builder.add(line.from, line.from, exercise);
        inside &&= !/\/\* LAB \d+ END/.test(line.text);
    }
    return builder.finish();
}

const exercises = ViewPlugin.fromClass(class {
    constructor(view) {
        this.decorations = markExercises(view);
    }

    update(update) {
        if (update.docChanged)
            this.decorations = markExercises(update.view);
    }
}, { decorations: plugin => plugin.decorations });

export class Editor {
    // onChange(text) after each change; onCheck() for Ctrl-Enter
    constructor(parent, text, { onChange, onCheck }) {
        const dark = document.documentElement.classList.contains('dark');
        this.view = new EditorView({ parent, state: EditorState.create({
            doc: text,
            extensions: [
                keymap.of([{ key: 'Mod-Enter', run: () => (onCheck(), true) }]),
                basicSetup, cpp(), indentUnit.of('    '), lintGutter(),
                keymap.of([indentWithTab]), exercises, dark ? oneDark : [],
                EditorView.contentAttributes.of({ 'aria-label':
                    'C source; Escape, then Tab leaves the editor' }),
                EditorView.updateListener.of(update =>
                    update.docChanged && onChange(update.state.doc.toString())),
            ],
        }) });
    }

    get text() {
        return this.view.state.doc.toString();
    }

    set text(text) {
        this.view.dispatch({ changes: {
            from: 0, to: this.view.state.doc.length, insert: text } });
    }

    // messages: [{ line, severity, text }] of this file
    show(messages) {
        const { doc } = this.view.state;
        this.view.dispatch(setDiagnostics(this.view.state, messages
            .filter(({ line }) => line >= 1 && line <= doc.lines)
            .map(({ line, severity, text }) => ({ from: doc.line(line).from,
                to: doc.line(line).to, severity, message: text }))));
    }

    goTo(number) {
        const { doc } = this.view.state;
        const line = doc.line(Math.min(Math.max(number, 1), doc.lines));
        this.view.dispatch({ selection: { anchor: line.from },
            effects: EditorView.scrollIntoView(line.from, { y: 'center' }) });
        this.view.focus();
    }

    // To the first line of the next exercise after the cursor, or of the first.
    goToNextExercise() {
        const { doc, selection } = this.view.state;
        const here = doc.lineAt(selection.main.head).number;
        const begins = [];
        for (let i = 1; i < doc.lines; i++) {
            if (/\/\* LAB \d+ BEGIN/.test(doc.line(i).text))
                begins.push(i + 1);
        }
        const next = begins.find(line => line > here) ?? begins[0];
        if (next)
            this.goTo(next);
    }

    // The line of a function's definition; 0 if this file has none of the name.
    lineOf(name) {
        const { doc } = this.view.state;
        for (let i = 1; i <= doc.lines; i++) {
            if (new RegExp(`^[A-Za-z].*\\b${name}\\(`).test(doc.line(i).text))
                return i;
        }
        return 0;
    }

    destroy() {
        this.view.destroy();
    }
}
