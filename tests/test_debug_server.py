# SPDX-License-Identifier: MIT
"""`make debug-server`: a console here, a debugger elsewhere, and no process or
file after it; and the settings that VS Code gets for it."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pexpect
import pytest
from guest import machines_in, wait_until

from mallow import project
from mallow.debug import server as debug_server

SECONDS = 90


@pytest.fixture
def server(monkeypatch):
    """server(words...): a started debug-server, in a terminal of its own."""
    started = []
    with tempfile.TemporaryDirectory(prefix="mallow-test-") as name:
        monkeypatch.setenv("TMPDIR", name)
        monkeypatch.setattr(debug_server, "SCRIPT",
                            Path(name) / "debug-server.gdb")

        def start(*words):
            started.append(pexpect.spawn(
                sys.executable, ["-c", RUN.format(
                    scripts=str(project.ROOT / "scripts"),
                    script=str(debug_server.SCRIPT)), "debug-server", *words],
                timeout=SECONDS, encoding="utf-8", codec_errors="replace"))
            return started[-1]

        yield start
        for one in started:
            one.close(force=True)
        wait_until(lambda: not machines_in(name))


# The command, with its script for gdb where other tests do not meet it.
RUN = """
import sys
from pathlib import Path
sys.path.insert(0, {scripts!r})
from mallow.debug import server
server.SCRIPT = Path({script!r})
import importlib.util
spec = importlib.util.spec_from_file_location("command", {scripts!r}
                                              + "/mallow.py")
command = importlib.util.module_from_spec(spec)
spec.loader.exec_module(command)
sys.exit(command.main())
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def attached(*commands):
    """The output of a gdb that attaches as the server says."""
    done = subprocess.run(
        ["gdb", "-nx", "-q", "-batch", "-x", str(debug_server.SCRIPT),
         *(word for command in commands for word in ("-ex", command))],
        text=True, stdin=subprocess.DEVNULL, capture_output=True,
        timeout=SECONDS, check=False)
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout + done.stderr


def test_console_here_and_gdb_there(server):
    port = free_port()
    child = server(f"--port={port}", "--stage=malloc")
    child.expect_exact(f"target remote 127.0.0.1:{port}")
    child.expect_exact("Ctrl-C here ends")
    said = attached("info registers eip", "break monitor_run", "continue",
                    "mallow stages", "mallow start", "continue", "backtrace")
    assert "0xfff0" in said and "kmalloc is served by malloc" in said
    assert "started again; breakpoints stay" in said
    assert "kernel_main" in said.split("\n#0 ")[-1]
    child.expect_exact("the debugger has left")
    child.send("frames\r")  # the machine goes on, and is typed to here
    child.expect_exact("frames")
    assert "kernel_main" in attached("backtrace")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert not debug_server.SCRIPT.exists()


def test_second_debugger_gets_one_line(server):
    """The first one stays attached, and is not disturbed."""
    port = free_port()
    child = server(f"--port={port}", "--stage=boot")
    child.expect_exact("Ctrl-C here ends")
    first = pexpect.spawn(
        "gdb", ["-nx", "-q", "-x", str(debug_server.SCRIPT)],
        timeout=SECONDS, encoding="utf-8", env={**os.environ, "TERM": "dumb"})
    first.expect_exact("(gdb) ")
    said = attached("info registers eip")
    assert said.count("another gdb is attached to this debug-server") == 1
    assert "timed out" not in said and "packet error" not in said, said
    child.expect_exact("a second debugger was sent away")
    first.sendline("info registers eip")
    first.expect_exact("0xfff0")
    first.sendline("kill")
    child.expect(pexpect.EOF)
    first.close(force=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP,
                                    signal.SIGKILL])
def test_ended_from_outside(server, number):
    child = server(f"--port={free_port()}", "--stage=boot")
    child.expect_exact("Ctrl-C here ends")
    assert machines_in(os.environ["TMPDIR"])
    child.kill(number)
    child.expect(pexpect.EOF)
    wait_until(lambda: not machines_in(os.environ["TMPDIR"]), seconds=5)


def test_gdb_may_end_it(server):
    child = server(f"--port={free_port()}", "--stage=boot")
    child.expect_exact("Ctrl-C here ends")
    attached("kill")
    child.expect_exact("the machine has ended")
    child.expect(pexpect.EOF)


def test_a_port_that_is_taken(server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        child = server(f"--port={port}", "--stage=boot")
        child.expect_exact(f"port {port} is in use")
        child.expect_exact(f"PORT={port + 1}")
        child.expect(pexpect.EOF)


def test_ports(monkeypatch):
    assert debug_server.chosen_port("2345") == 2345
    for text in ("80", "x", "70000", "-1"):
        with pytest.raises(project.Trouble):
            debug_server.chosen_port(text)
    ports = set()
    for user in (1000, 1001, 1002):
        monkeypatch.setattr(os, "getuid", lambda user=user: user)
        ports.add(debug_server.chosen_port(""))
    assert len(ports) == 3


def test_who_may_come_in(monkeypatch, tmp_path):
    """The owner of the other end stands in the table of connections."""
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
        _, peer = server.accept()
        assert debug_server.is_ours(peer)
        monkeypatch.setattr(os, "getuid", lambda: 12345)
        table = tmp_path / "tcp"
        table.write_text(re.sub(
            rf"({debug_server.address_in_table(peer)}(?: \S+){{5}} +)\d+",
            r"\g<1>  777", debug_server.TABLE.read_text(encoding="ascii")),
            encoding="ascii")
        monkeypatch.setattr(debug_server, "TABLE", table)
        assert not debug_server.is_ours(peer)


# -- VS Code --------------------------------------------------------------------

def vscode(name):
    text = (project.ROOT / ".vscode" / name).read_text(encoding="utf-8")
    return json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))


def test_tasks_are_targets_of_make():
    makefile = (project.ROOT / "Makefile").read_text(encoding="utf-8")
    for task in vscode("tasks.json")["tasks"]:
        target = task["command"].split()[1]
        assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE)


def test_launch_uses_the_tasks():
    labels = {task["label"] for task in vscode("tasks.json")["tasks"]}
    for one in vscode("launch.json")["configurations"]:
        assert one.get("preLaunchTask", "build") in labels
        assert one["customLaunchSetupCommands"] == [
            {"text": "source build/debug-server.gdb"}]


def test_the_editor_sees_when_the_server_is_ready(server):
    """The patterns of the background tasks, on what is really printed."""
    child = server(f"--port={free_port()}", "--stage=boot")
    child.expect_exact("Ctrl-C here ends")
    lines = child.before.replace("\r", "").splitlines()
    for task in vscode("tasks.json")["tasks"]:
        if task.get("isBackground"):
            pattern = task["problemMatcher"]["background"]["endsPattern"]
            assert any(re.search(pattern, line) for line in lines)


def test_a_session_of_an_editor(server):
    """gdb's interface for programs (MI), as the extension speaks it."""
    child = server(f"--port={free_port()}", "--stage=malloc")
    child.expect_exact("Ctrl-C here ends")
    done = subprocess.run(
        ["gdb", "-nx", "-q", "--interpreter=mi"], text=True,
        input=f'-interpreter-exec console "source {debug_server.SCRIPT}"\n'
              "-break-insert -f malloc_init\n-exec-continue\n"
              "-stack-list-frames\n-gdb-exit\n",
        capture_output=True, timeout=SECONDS, check=False)
    assert '*stopped,reason="breakpoint-hit"' in done.stdout or \
        "malloc_init" in done.stdout
    assert "^error" not in done.stdout, done.stdout
