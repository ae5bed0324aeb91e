/* SPDX-License-Identifier: MIT */
/* A plugin for qemu-i386 that counts the instructions of a program, and lets
 * the program read the count while it runs.
 *
 *     qemu-i386 -plugin counter.so,page=FILE drive FILE ...
 *
 *     plugin    ++ at each instruction ---+
 *                                         v
 *     FILE      | count, 64 bits | ...... one page
 *                                         ^
 *     program   two reads around a call --+
 *
 * Both map the same file.  A read costs no system call and no trap, so that
 * one operation can be measured, and not only the mean of many.  Every
 * instruction counts as one; a repeated one (rep stos) counts one for each
 * repetition and one for the test that ends it.
 *
 * QEMU's header for plugins is in no package.  The functions below have been
 * the same since QEMU 4.2; only the number of the interface grows, and QEMU
 * refuses numbers that are too old or too new, so the build tries them.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORT     __attribute__((visibility("default")))
#define PAGE_BYTES 4096u
#define OPTION     "page="

/* Functions of QEMU. */
typedef uint64_t plugin_id;
struct qemu_plugin_tb;   /* a piece of code that is being translated */
struct qemu_plugin_insn; /* an instruction in it */
enum register_use {
    NO_REGISTERS
};

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
void qemu_plugin_register_vcpu_insn_exec_cb(
    struct qemu_plugin_insn *insn, void (*execute)(unsigned cpu, void *context),
    enum register_use use, void *context);
/* Faster, as QEMU's own code does the addition; later interfaces lack it. */
enum inline_operation {
    ADD_U64
};
__attribute__((weak)) void
qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn,
                                           enum inline_operation operation,
                                           void *pointer, uint64_t immediate);
void qemu_plugin_register_vcpu_tb_trans_cb(
    plugin_id id, void (*translate)(plugin_id id, struct qemu_plugin_tb *tb));

/* Symbols that QEMU looks for. */
EXPORT int qemu_plugin_version = PLUGIN_INTERFACE;
EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc,
                               char **argv);

static uint64_t *count;

static void instruction_executed(unsigned cpu, void *context)
{
    (void)cpu;
    (void)context;
    ++*count;
}

static void code_translated(plugin_id id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

        if (qemu_plugin_register_vcpu_insn_exec_inline)
            qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64, count, 1);
        else
            qemu_plugin_register_vcpu_insn_exec_cb(insn, instruction_executed,
                                                   NO_REGISTERS, NULL);
    }
}

static void *map_page(const char *path)
{
    int file = open(path, O_RDWR);
    void *page;

    if (file < 0)
        return MAP_FAILED;
    page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    return page;
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    const char *path = "";

    (void)info;
    if (argc == 1 && strncmp(argv[0], OPTION, strlen(OPTION)) == 0)
        path = argv[0] + strlen(OPTION);
    count = map_page(path);
    if (count == MAP_FAILED) {
        fprintf(stderr, "counter: cannot map \"%s\"; say page=FILE\n", path);
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, code_translated);
    return 0;
}
