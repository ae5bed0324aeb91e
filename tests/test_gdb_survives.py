# SPDX-License-Identifier: MIT
"""gdb itself lives on, whatever happens around it."""
from pathlib import Path

NEW = "void kernel_is_rebuilt(void); void kernel_is_rebuilt(void) { }"


def test_make_in_a_second_terminal(gdb, tree):
    """The kernel's file is replaced while gdb has it open: what runs is the
    old kernel, and gdb goes on reading the old file."""
    monitor = Path(tree.root) / "src/monitor/monitor.c"
    said = gdb("tbreak monitor_run", "continue",
               f"shell echo '{NEW}' >> {monitor}",
               f"shell make -s -C {tree.root} iso", "backtrace",
               "info line kernel_main", "mallow stages", "mallow start",
               "tbreak monitor_run", "continue", "backtrace",
               stage="malloc", root=Path(tree.root))
    assert "kernel_is_rebuilt" in monitor.read_text(encoding="utf-8")
    assert b"kernel_is_rebuilt" in \
        (Path(tree.root) / "build/kernel.elf").read_bytes()
    for chain in (said[4], said[-1]):
        assert "monitor_run" in chain and "kernel_main" in chain, chain
    assert "src/main.c" in said[5]
    assert "kmalloc is served by malloc" in said[6]


def test_backtrace_in_a_double_fault(gdb):
    """At the entry nothing is known of a caller; after the pushes, all is."""
    *_, entry, _, inside = gdb(
        "break double_fault_entry", "continue", "backtrace",
        "stepi 6", "backtrace 4", options="crash=stack", stage="malloc")
    assert "#0" in entry and "#1" not in entry, entry
    assert inside.count("descend") >= 2, inside
