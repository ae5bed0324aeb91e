// SPDX-License-Identifier: MIT
// As much of WASI as a compiler needs: arguments, files in memory, an end.
//
// A descriptor is { path, position }; 0 to 2 are the standard streams, and 3 is
// the root directory.  Whatever is not here answers "not supported".

const SUCCESS = 0, BADF = 8, INVAL = 28, NOENT = 44, NOSYS = 52;
const ROOT = 3;
const CREATE = 1, TRUNCATE = 8; // oflags of path_open
const CHARACTER_DEVICE = 2, DIRECTORY = 3, REGULAR_FILE = 4;

class Exit extends Error {
    constructor(status) {
        super('exit');
        this.status = status;
    }
}

function normalize(path) {
    const parts = [];
    for (const part of path.split('/')) {
        if (part === '..')
            parts.pop();
        else if (part && part !== '.')
            parts.push(part);
    }
    return '/' + parts.join('/');
}

class Process {
    constructor(words, files) {
        const encoder = new TextEncoder();
        this.words = words.map(word => encoder.encode(word + '\0'));
        this.files = files;
        this.open = new Map();
        this.text = ['', '', ''];
        this.decoder = new TextDecoder();
    }

    get view() {
        return new DataView(this.memory.buffer);
    }

    bytes(at, length) {
        return new Uint8Array(this.memory.buffer, at, length);
    }

    string(at, length) {
        return this.decoder.decode(this.bytes(at, length));
    }

    // -- Arguments ------------------------------------------------------------

    args_sizes_get(count, bytes) {
        this.view.setUint32(count, this.words.length, true);
        this.view.setUint32(bytes,
            this.words.reduce((sum, word) => sum + word.length, 0), true);
        return SUCCESS;
    }

    args_get(pointers, text) {
        this.words.forEach((word, i) => {
            this.view.setUint32(pointers + 4 * i, text, true);
            this.bytes(text, word.length).set(word);
            text += word.length;
        });
        return SUCCESS;
    }

    environ_sizes_get(count, bytes) {
        this.view.setUint32(count, 0, true);
        this.view.setUint32(bytes, 0, true);
        return SUCCESS;
    }

    environ_get() {
        return SUCCESS;
    }

    clock_time_get(clock, precision, result) {
        this.view.setBigUint64(result, 0n, true);
        return SUCCESS;
    }

    // -- Directories ----------------------------------------------------------

    fd_prestat_get(fd, result) {
        if (fd !== ROOT)
            return BADF;
        this.view.setUint32(result, 0, true);
        this.view.setUint32(result + 4, 1, true);
        return SUCCESS;
    }

    fd_prestat_dir_name(fd, at, length) {
        if (fd !== ROOT)
            return BADF;
        this.bytes(at, length).set(new TextEncoder().encode('/'));
        return SUCCESS;
    }

    path_open(fd, lookup, at, length, oflags, base, inheriting, flags, result) {
        const path = normalize(this.string(at, length));
        if (oflags & CREATE || oflags & TRUNCATE)
            this.files.set(path, new Uint8Array(0));
        else if (!this.files.has(path))
            return NOENT;
        let free = ROOT + 1;
        while (this.open.has(free))
            free++;
        this.open.set(free, { path, position: 0 });
        this.view.setUint32(result, free, true);
        return SUCCESS;
    }

    path_unlink_file(fd, at, length) {
        return this.files.delete(normalize(this.string(at, length)))
            ? SUCCESS : NOENT;
    }

    path_filestat_get(fd, flags, at, length, result) {
        const file = this.files.get(normalize(this.string(at, length)));
        if (!file)
            return NOENT;
        this.bytes(result, 64).fill(0);
        this.view.setUint8(result + 16, REGULAR_FILE);
        this.view.setBigUint64(result + 32, BigInt(file.length), true);
        return SUCCESS;
    }

    // -- Open files -----------------------------------------------------------

    fd_fdstat_get(fd, result) {
        this.bytes(result, 24).fill(0);
        this.view.setUint8(result, fd < ROOT ? CHARACTER_DEVICE
            : fd === ROOT ? DIRECTORY : REGULAR_FILE);
        this.view.setBigUint64(result + 8, ~0n & 0xFFFFFFFFn, true);
        this.view.setBigUint64(result + 16, ~0n & 0xFFFFFFFFn, true);
        return SUCCESS;
    }

    // calls visit(at, length) for each of the pieces of a scattered buffer
    pieces(list, count, visit) {
        let total = 0;
        for (let i = 0; i < count; i++)
            total += visit(this.view.getUint32(list + 8 * i, true),
                this.view.getUint32(list + 8 * i + 4, true));
        return total;
    }

    fd_read(fd, list, count, result) {
        const file = this.open.get(fd);
        if (!file)
            return BADF;
        const contents = this.files.get(file.path);
        this.view.setUint32(result, this.pieces(list, count, (at, length) => {
            const part = contents.subarray(file.position, file.position + length);
            this.bytes(at, part.length).set(part);
            file.position += part.length;
            return part.length;
        }), true);
        return SUCCESS;
    }

    fd_write(fd, list, count, result) {
        const file = this.open.get(fd);
        if (fd >= ROOT && !file)
            return BADF;
        this.view.setUint32(result, this.pieces(list, count, (at, length) => {
            if (file)
                this.append(file, this.bytes(at, length));
            else
                this.text[fd] += this.string(at, length);
            return length;
        }), true);
        return SUCCESS;
    }

    append(file, bytes) {
        let contents = this.files.get(file.path);
        const end = file.position + bytes.length;
        if (end > contents.length) {
            const longer = new Uint8Array(end);
            longer.set(contents);
            this.files.set(file.path, contents = longer);
        }
        contents.set(bytes, file.position);
        file.position = end;
    }

    fd_seek(fd, offset, whence, result) {
        const file = this.open.get(fd);
        if (!file)
            return BADF;
        const from = [0, file.position, this.files.get(file.path).length][whence];
        const to = from + Number(offset);
        if (from === undefined || to < 0)
            return INVAL;
        file.position = to;
        this.view.setBigUint64(result, BigInt(to), true);
        return SUCCESS;
    }

    fd_close(fd) {
        return this.open.delete(fd) || fd <= ROOT ? SUCCESS : BADF;
    }

    proc_exit(status) {
        throw new Exit(status);
    }
}

// Runs a WASI command.  `files`, a Map from path to bytes, is read and written.
// { status, output, errors, trap: what the machine said where it trapped }
export function runWasi(module, words, files) {
    const process = new Process(words, files);
    const imports = {};
    for (const { name, kind } of WebAssembly.Module.imports(module)) {
        if (kind === 'function')
            imports[name] = process[name]
                ? process[name].bind(process) : () => NOSYS;
    }
    const instance = new WebAssembly.Instance(module,
        { wasi_snapshot_preview1: imports });
    process.memory = instance.exports.memory;
    let status = 0, trap = '';
    try {
        instance.exports._start();
    } catch (error) {
        status = error instanceof Exit ? error.status : -1;
        trap = error instanceof Exit ? '' : String(error.message);
    }
    return { status, output: process.text[1], errors: process.text[2], trap };
}
