// SPDX-License-Identifier: MIT
// What the kernel says to machines: one line a fact, on COM2.
//
//     trace name=linux.rep verdict=ok operations=35462
//     ----- --------------
//     kind  fields; values are percent-encoded

function value(text) {
    if (text === '')
        return '';
    return Number.isNaN(Number(text)) ? decode(text) : Number(text);
}

// A kernel that dies may leave half an escape.
function decode(text) {
    return text.replace(/%([0-9A-Fa-f]{2})/g,
        (_, digits) => String.fromCharCode(parseInt(digits, 16)));
}

// { kind, and a property for each field }
export function parseRecord(line) {
    const [kind, ...fields] = line.trim().split(' ');
    const record = { kind };
    for (const field of fields) {
        const at = field.indexOf('=');
        if (at > 0)
            record[field.slice(0, at)] = value(field.slice(at + 1));
    }
    return record;
}
