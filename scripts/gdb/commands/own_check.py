# SPDX-License-Identifier: MIT
"""The kernel's own verdict: its checks, run in the machine.

    gdb        stages[i].check()  -->  the kernel's code, on the kernel's stack
    registers  <-- as they were, also if the check meets a fault of its own

The walks of the other files read memory and run nothing, so they work in a
kernel that cannot run any more; but they are a second description of the same
structures, and may miss what the kernel sees.  So both are shown.
"""
import contextlib
import os
import signal
import threading

import gdb

from . import kernel, layout, poison, session
from .heaps import Broken
from .memory import Memory, Trouble

REGISTERS = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip",
             "eflags")
FAULTS = ("report_trap", "panic")
ROOM_BYTES = 2048  # of stack, for a check


WAKE_SECONDS = 0.2
SECONDS = 20  # for one check


@contextlib.contextmanager
def interrupt_after(seconds):
    """As Ctrl-C does."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def press_shift():
    """Makes an interrupt that types nothing."""
    try:
        monitor = session.Monitor()
        monitor.ask("send-key", keys=[{"type": "qcode", "data": "shift"}])
        monitor.close()
    except (Trouble, OSError):
        pass


def is_halted():
    """Whether the processor waits for an interrupt: it runs nothing until one
    comes, wherever eip is set."""
    return "HLT=1" in gdb.execute("monitor info registers", to_string=True)


def require_awake():
    """Ends the command if nothing can run; the processor is woken if it waits
    for a key."""
    if session.gave_up:
        raise Trouble("its own checks cannot run: the processor has given up")
    if not is_halted():
        return
    eip = kernel.register("eip")
    with session.hold_breakpoints(), session.silence(), \
            interrupt_after(10 * WAKE_SECONDS):
        awake = Fault(f"*{eip:#x}")
        timer = threading.Timer(WAKE_SECONDS, press_shift)
        timer.start()
        gdb.execute("continue", to_string=True)
        timer.join()
        woken = awake.hit_count > 0
        awake.delete()
    if not woken:
        raise Trouble("its own checks cannot run: the processor waits for an "
                      "interrupt, and none comes")


class Fault(gdb.Breakpoint):
    """Stops where a check itself has met a fault."""

    def __init__(self, place):
        super().__init__(place, internal=True)
        self.silent = True


def require_stack():
    """A check needs the kernel's own stack, with some room on it; and in a
    replay nothing may run but what was recorded."""
    if kernel.kept:
        raise Trouble("its own checks cannot run: this is a dump")
    if os.environ.get("MALLOW_RECORDED"):
        raise Trouble("its own checks cannot run in the replay of a recorded "
                      "run")
    esp = kernel.register("esp")
    low, high = (layout.address_of(name)
                 for name in ("stack_guard_end", "stack_end"))
    if not low + ROOM_BYTES <= esp <= high:
        raise Trouble("the kernel's own checks cannot run here: esp is not in "
                      "the kernel's stack, or that is nearly full")


def call_check(address):
    """The struct violation that a check answers, as (invariant, address,
    expected, found), or None if all is sound."""
    answer = gdb.parse_and_eval(
        f"((struct violation (*)(void)){address:#x})()")
    if not int(answer["invariant"]):
        return None
    place, found = int(answer["address"]), int(answer["found"])
    return Broken(answer["invariant"].string(errors="replace"),
                  place, "by the kernel's own check",
                  f"{int(answer['expected']):#x}", f"{found:#x}",
                  hint="" if holds(place, found) else
                  "That address is what the check was about, and not the word "
                  "that is wrong.")


def holds(address, value):
    """Whether the word at `address`, or a part of it, is `value`, so that a store
    made it."""
    try:
        memory = Memory()
        word = memory.word(address & ~3)
        return value == memory.read(address, 1)[0] or any(
            value == word % (1 << bits) for bits in (3, 8, 16, 32))
    except Trouble:
        return False


def run_check(address):
    """The same, whatever happens to the check."""
    saved = {name: kernel.register(name) for name in REGISTERS}
    with session.hold_breakpoints(), interrupt_after(SECONDS):
        faults = [Fault(place) for place in FAULTS]
        try:
            return call_check(address)
        except gdb.error:
            where = kernel.function_at(gdb.newest_frame().pc())
            return Broken("the kernel's own check can run", address,
                          "its end", "an answer", f"a fault: {where}")
        finally:
            for one in faults:
                one.delete()
            if {name: kernel.register(name) for name in saved} != saved:
                gdb.newest_frame().select()
                for name, value in saved.items():
                    gdb.execute(f"set var ${name} = {value:#x}",
                                to_string=True)


def replaced(memory, row):
    """Whether another stage's allocator has taken the place of this one."""
    if not row.backend:
        return False
    name = kernel.KmallocLayer.name_of(memory, row.backend)
    layer = layout.variable(memory, "kmalloc_layer")
    return name not in (kernel.KmallocLayer.name_of(memory, layer.large),
                        kernel.KmallocLayer.name_of(memory, layer.small))


def has_own_frames(memory):
    """Whether a lab's test has started the frame allocator anew, over frames of
    its own: those of the page tables are not among them."""
    plan = layout.variable(memory, "paging").plan
    return bool(plan) and layout.variable(memory, "frames").layout != \
        layout.record(memory, "struct paging_plan", plan).layout


def checks_in_force(memory):
    """{address: name} of the checks of all stages in force, and of the
    allocators in force: a lab's test starts these without their stage."""
    found = {row.check: row.name for row in kernel.stages(memory)
             if row.works and row.check and not replaced(memory, row)
             and not (row.name == "paging" and has_own_frames(memory))}
    layer = layout.variable(memory, "kmalloc_layer")
    for backend in (layer.large, layer.small):
        name = kernel.KmallocLayer.name_of(memory, backend)
        check = name and layout.record(memory, "struct heap_backend",
                                       backend).check
        if check:
            found.setdefault(check, name)
    if poison.is_on(memory):
        found[layout.address_of("heap_poison_check")] = "poison"
    if os.environ.get("MALLOW_TEST") and layout.has("soundness_violation"):
        found[layout.address_of("soundness_violation")] = "the lab's"
    return found


def verdicts(memory):
    """[(stage, Broken or None)] of the checks in force."""
    require_stack()
    require_awake()
    return [(name, run_check(address))
            for address, name in checks_in_force(memory).items()]
