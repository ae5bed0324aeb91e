// SPDX-License-Identifier: MIT
// What `make grade` would refuse, said early.  The grader decides: it looks at
// the preprocessed file and at the object (scripts/mallow/grade/contract.py).

const INCLUDE = /^\s*#\s*include\s*[<"]([^">]*)[">]/;
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g;

// Comments and texts become blanks, and lines stay lines.
function code(text) {
    return text.replace(COMMENT, found => found.replace(/[^\n]/g, ' '));
}

function warning(file, line, text) {
    return { file, line, severity: 'warning', text };
}

// Messages about a student's file.  labs: kit/labs.json
export function contractMessages(file, text, rules, labs) {
    const found = [];
    const allowed = new Set([...rules.includes, ...labs.standard]);
    text.split('\n').forEach((line, i) => {
        const match = INCLUDE.exec(line);
        if (match && !allowed.has(match[1]))
            found.push(warning(file, i + 1,
                `make grade refuses #include of ${match[1]}; this lab has ` +
                [...rules.includes].join(', ')));
    });
    const words = new RegExp(`\\b(?:${labs.words.join('|')})\\b`);
    code(text).split('\n').forEach((line, i) => {
        const match = words.exec(line);
        if (match)
            found.push(warning(file, i + 1,
                `make grade refuses ${match[0]}: ISO C only`));
    });
    return found;
}
