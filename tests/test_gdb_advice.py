# SPDX-License-Identifier: MIT
"""Faults hunted by what the panic advises, and by nothing else."""
import re
import subprocess
import sys

import pytest

# Types the advice itself, read from the console.
FOLLOW = ("python import re; from commands.session import console; "
          "advice = re.findall(r'^  (mallow writer 0x[0-9a-f]+(?: 0x[0-9a-f]+)?)"
          "  ', console.text(), re.MULTILINE); gdb.execute(advice[-1])")

# crash: (stage, the function that did it, what the tools call the place).
HUNTS = {
    "return": ("malloc", "overrun", "ran code at 0x656d6f73"),
    # DEBUG=1 does not make write_to a part of its caller.
    "gate": ("malloc", "(erase_entry|write_to)", "T2: each gate of the IDT"),
    "segment": ("zalloc", "(erase_entry|write_to)",
                "S2: the descriptors of the GDT"),
}


@pytest.mark.parametrize("crash", HUNTS)
def test_hunt(gdb, crash):
    """The store is found, at the line, and no watchpoint is left."""
    stage, culprit, cause = HUNTS[crash]
    end, checked, found, left, chain = gdb(
        "continue", "mallow check", FOLLOW, "info breakpoints", "backtrace",
        stage=stage, options=f"crash={crash}")
    assert cause in end, end
    assert ("tables  BROKEN" in checked) == (crash != "return"), checked
    assert re.search(rf"writer: {culprit} \(monitor/crash.c:", found), found
    # A smashed stack has lost the callers by then.
    assert crash == "return" or f"crash_{crash}" in chain, chain
    assert "the last store that put this value there" in found
    assert "No breakpoints or watchpoints" in left


def test_use_after_free_in_the_armoured_heap(gdb):
    """The armour keeps nothing in payload that could show it; poison does."""
    end, owner = gdb(
        "continue",
        "python import re; from commands.session import console; "
        "gdb.execute('mallow owner ' + re.search(r'in quarantine: 32 bytes at "
        "(0x[0-9a-f]+)', console.text())[1])",
        stage="armour", options="crash=freed poison")
    assert "was read from freed memory" in end
    assert "freed by crash_freed" in end
    assert "kfree from crash_freed" in owner
    # clang has no function take_block: it is part of its caller.
    assert re.search("kmalloc from (take_block|crash_freed)", owner)


def test_a_pointer_in_a_variable(gdb):
    """A call through an overwritten variable: the panic names the variable."""
    *_, end, place = gdb(
        "tbreak crash_stale", "continue",
        "set var *(unsigned *)&kmalloc_layer.calls = 0x33333333", "continue",
        "print/x (unsigned)&kmalloc_layer", stage="malloc",
        options="crash=stale")
    named = int(re.search(r"(0x\w+), a variable of the kernel", end)[1], 16)
    assert 0 <= named - int(place.split("= ")[1], 16) < 64, end
    assert f"mallow writer {named:#010x}" in end


def test_a_lost_frame_pointer(gdb):
    said = gdb("tbreak *report_trap", "continue",
               "set var (*(struct trap_frame **)($esp + 4))->ebp = 0x656d6f73",
               "continue", stage="malloc", options="crash=null")[-1]
    assert "is not in the stack" in said, said


def test_the_task_of_a_double_fault(gdb):
    """A task begins anywhere; no ret took the address from its stack."""
    said = gdb("tbreak crash_stack", "continue",
               "set var double_fault_task.eip = 0x1234", "continue",
               stage="malloc", options="crash=stack")[-1]
    assert "a task began there" in said and "a ret took" not in said, said


@pytest.mark.long
def test_a_frame_longer_than_the_guard(gdb, tree):
    """It touches each of its pages, so it cannot jump over the guard page into
    the variables below (gcc; clang has no such option here)."""
    tree.replace("src/monitor/crash.c", "volatile uint8_t room[256]",
                 "volatile uint8_t room[24000]")
    built = tree.make("-s", "iso", "WARN=")
    assert built.returncode == 0, built.stderr
    end = gdb("continue", stage="malloc", root=tree.root,
              options="crash=stack")[0]
    assert "stack overflow" in end and "the stack is full" in end, end


TIMER = """
    if (vector == IRQ_FIRST) { /* a clock, whose counter was freed */
        extern uint32_t *ticks_counter;
        if (ticks_counter)
            ++*ticks_counter;
    }
"""


@pytest.mark.long
def test_a_timer_with_a_stale_pointer(tmp_path, tree):
    """Not the same twice, so the run is recorded: the damaged word, and one
    step back to the handler that wrote it."""
    traps = "src/arch/i386/traps.c"
    tree.replace(traps, "static void end_interrupt(uint32_t vector)\n{\n",
                 "static void end_interrupt(uint32_t vector)\n{\n" + TIMER)
    tree.replace(traps, "1 << (IRQ_SERIAL - IRQ_FIRST));",
                 "1 << (IRQ_SERIAL - IRQ_FIRST) | 1);")
    tree.replace("src/monitor/crash.c", "static void crash_freed(void)\n{\n",
                 "uint32_t *ticks_counter;\n\n"
                 "static void crash_freed(void)\n{\n"
                 "    ticks_counter = take_block(24);\n"
                 "    kfree(ticks_counter);\n    return;\n")
    built = tree.make("-s", "iso", "WARN=")
    assert built.returncode == 0, built.stderr
    done = subprocess.run(
        [sys.executable, str(tree.root / "scripts/mallow.py"), "debug",
         f"--log={tmp_path / 'log'}", "--record=25", "--stage=malloc", "--",
         "-batch", "-ex", "mallow check", "-ex",
         "python import re; from commands.verdict import first_broken; "
         "from commands.memory import Memory; "
         "gdb.execute(f'mallow writer {first_broken(Memory()).word:#x}')",
         "-ex", "backtrace"], text=True, input="crash freed\rcheck\r",
        capture_output=True, timeout=170, check=False)
    assert "malloc  BROKEN" in done.stdout, done.stdout + done.stderr
    assert "writer: end_interrupt (arch/i386/traps.c:" in done.stdout
