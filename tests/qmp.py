# SPDX-License-Identifier: MIT
"""QEMU's monitor for programs (QMP): one JSON object a line, both ways."""
import json
import socket
import time

START_SECONDS = 20


class Qmp:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile(encoding="utf-8")
        self.lines.readline()  # the greeting
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        question = {"execute": command, "arguments": arguments}
        self.socket.sendall(json.dumps(question).encode() + b"\n")
        for line in self.lines:
            answer = json.loads(line)
            assert "error" not in answer, f"{command}: {answer['error']}"
            if "return" in answer:
                return answer["return"]
        raise EOFError(f"QEMU ended during {command}")

    def human(self, line):
        return self.execute("human-monitor-command", **{"command-line": line})

    def close(self):
        self.lines.close()
        self.socket.close()


def connect(path):
    """The monitor of a QEMU that has just been started."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return Qmp(path)
        except (FileNotFoundError, ConnectionRefusedError):
            assert time.monotonic() < deadline, "QEMU has not started"
            time.sleep(0.005)
