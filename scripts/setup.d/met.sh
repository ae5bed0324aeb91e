# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154  # setup sets `here`, reads `why`
#
# Part of scripts/setup: is a need met?
#
#   is_met NEED    asks has_NEED, or whether a command of that name is in PATH;
#                  `why` says what is wrong
#
# A tool is judged by what it does: a compiler compiles, an emulator runs.
# `here` is the folder of the scripts.

# at_least WANTED FOUND   compares versions
at_least() {
    why="found ${2:-none}, needs $1"
    printf '%s\n' "$1" "${2:-0}" | sort -V -C
}

# version COMMAND...   the first number with a dot in what it prints
version() {
    "$@" 2>/dev/null | sed -n '1s/[^0-9]*\([0-9][0-9.]*\).*/\1/p'
}

# compiles COMPILER...   for i386
compiles() {
    echo 'int x;' | "$@" -march=i486 -ffreestanding -fcf-protection=none \
        -S -x c -o - - >/dev/null 2>&1
}

# within SECONDS COMMAND...   ends it after that time, where `timeout` exists
within() {
    if command -v timeout >/dev/null; then
        timeout "$@"
    else
        "${@:2}"
    fi
}

# runs_i386   the kernel runs 32-bit programs: here the smallest ELF file, whose
# code is mov $1, %eax; xor %ebx, %ebx; int $0x80
runs_i386() {
    local program word
    program=$(mktemp) || return
    # shellcheck disable=SC2059  # the words are the format
    for word in \
        464c457f 00010101 00000000 00000000 00030002 00000001 08048054 \
        00000034 00000000 00000000 00200034 00000001 00000000 00000001 \
        00000000 08048000 08048000 0000005d 0000005d 00000005 00001000 \
        000001b8 cddb3100 00000080; do
        printf "\\x${word:6:2}\\x${word:4:2}\\x${word:2:2}\\x${word:0:2}"
    done >"$program"
    chmod +x "$program"
    { "$program"; } 2>/dev/null
    set -- $?
    rm -f "$program"
    return "$1"
}

# sanitizes COMPILER   a program for i386 with sanitizers builds, and runs.
# The host's headers are used where i386 has none; leaks are not looked for,
# because that needs ptrace, which containers forbid.  Some kernels run no
# 32-bit programs; qemu-i386 does.
sanitizes() {
    local program
    why="$1 -m32 -fsanitize=address,undefined does not work"
    program=$(mktemp) || return
    printf '#include <errno.h>\nint main(void) { return 0; }\n' |
        "$1" -m32 -fsanitize=address,undefined -x c -o "$program" - \
            -idirafter "/usr/include/$(uname -m)-linux-gnu" &>/dev/null &&
        { ASAN_OPTIONS=detect_leaks=0 within 60 "$program" ||
            ASAN_OPTIONS=detect_leaks=0 within 60 qemu-i386 "$program"
        } 2>/dev/null
    set -- $?
    rm -f "$program"
    return "$1"
}

# gnu_make   prints the name that GNU make 4 has here, if it is here
gnu_make() {
    command -v gmake || command -v make
}

# has_i386-gcc   asks the Makefile which compiler and linker it takes, and with
# which flags: what compiles here compiles there.  Any will do until make is here.
has_i386-gcc() {
    local make said tool command=()
    why='no compiler for i386'
    # shellcheck disable=SC2015  # either may fail
    make=$(gnu_make) &&
        said=$("$make" -s --no-print-directory -C "$here/.." print-build \
            2>/dev/null) || {
        compiles gcc -m32 || compiles i686-elf-gcc ||
            compiles i686-linux-gnu-gcc || compiles clang --target=i386-elf
        return
    }
    read -r tool _ < <(sed -n 's/^ld //p' <<<"$said")
    read -r -a command < <(sed -n 's/^cc //p' <<<"$said")
    for tool in "$tool" "${command[0]}"; do
        why="there is no $tool"
        command -v "$tool" >/dev/null || return
    done
    why="$tool builds nothing for i386"
    echo 'int x;' | "${command[@]}" -S -x c -o - - >/dev/null 2>&1
}

has_make() {
    at_least 4.0 "$(version "$(gnu_make || echo make)" --version)"
}

# mkrescue   prints where GRUB's tool is, by the name that it has here
mkrescue() {
    command -v grub-mkrescue || command -v grub2-mkrescue ||
        command -v i686-elf-grub-mkrescue
}

has_grub-mkrescue() {
    mkrescue >/dev/null
}

has_grub-i386-pc() {
    local prefix modules
    prefix=$(mkrescue) && prefix=${prefix%/bin/*} || prefix=/usr
    why="GRUB's modules for BIOS machines"
    for modules in "$prefix"/lib/{,*/}grub/i386-pc /usr/share/grub2/i386-pc; do
        [ -e "$modules/multiboot2.mod" ] && return
    done
    return 1
}

has_qemu() {
    at_least 5.2 "$(version qemu-system-i386 --version)"
}

has_python3() {
    why=$("$here/find-python" 2>&1)
}

has_elftools() {
    why=$("$here/find-python" --grade 2>&1)
}

has_pytest() {
    why=$("$here/find-python" --tests 2>&1)
}

# has_gdb   any of the names that scripts/mallow/debug/gdb.py tries
has_gdb() {
    local gdb
    why='gdb with Python that knows i386'
    for gdb in ${GDB:+"$GDB"} gdb gdb-multiarch i686-elf-gdb i386-elf-gdb; do
        [ "$("$gdb" -nx -batch -ex 'set architecture i386' \
            -ex 'python print(1)' 2>/dev/null | tail -n 1)" = 1 ] && return
    done
    return 1
}

has_qemu-i386() {
    why="this machine's kernel runs no 32-bit programs"
    runs_i386 || command -v qemu-i386 >/dev/null
}

has_gcc-asan() {
    sanitizes gcc
}

has_grub-efi() {
    local prefix
    why="GRUB's modules for UEFI machines"
    prefix=$(mkrescue) && prefix=${prefix%/bin/*} || prefix=/usr
    [ -e "$prefix/lib/grub/x86_64-efi/multiboot2.mod" ] &&
        [ -e "$prefix/lib/grub/i386-efi/multiboot2.mod" ]
}

has_ovmf() {
    why='firmware of UEFI machines, for QEMU'
    [ -e /usr/share/OVMF/OVMF_CODE_4M.fd ] ||
        [ -e /usr/share/edk2/ovmf/OVMF_CODE.fd ] ||
        [ -e /usr/share/edk2/x64/OVMF_CODE.4m.fd ]
}

has_clang-asan() {
    sanitizes clang
}

has_node() {
    at_least 18.0 "$(version node --version)"
}

# A program for WebAssembly builds: the compiler, its library and a C library.
has_wasm-cc() {
    local program
    why='clang --target=wasm32-wasi does not make a program'
    program=$(mktemp) || return
    echo 'int main(void) { return 0; }' |
        clang --target=wasm32-wasi -x c -o "$program" - 2>/dev/null
    set -- $?
    rm -f "$program"
    return "$1"
}

has_seabios() {
    why='/usr/share/seabios/bios.bin'
    [ -e /usr/share/seabios/bios.bin ]
}

has_cross-gcc() {
    why='i686-linux-gnu-gcc, or another cross compiler'
    compiles "${CROSS_COMPILE-i686-linux-gnu-}gcc" || compiles i686-elf-gcc
}

# is_met NEED
is_met() {
    why=
    if [ "$(type -t "has_$1")" = function ]; then
        "has_$1"
    else
        command -v "$1" >/dev/null
    fi
}
