# SPDX-License-Identifier: MIT
"""`make debug-server`: the machine here, the debugger elsewhere.

    this terminal       the kernel's console; Ctrl-C ends the machine
        |
    this script ------> QEMU, held at reset
        |  port          ^ unix socket, in a folder that only we can enter
        |                |
        +--- relay ------+
        ^
    gdb in another terminal, or an editor: build/debug-server.gdb says how

QEMU's own port would let anybody on this host read and write our files through
its monitor.  So the port is ours: who connects must be the same user, where
the operating system tells, and gets through to a socket that is private.
"""
import errno
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
import termios
import threading
from pathlib import Path

from .. import machine
from ..project import BUILD, KERNEL, WRONG_USE, Trouble, shown
from . import debug, gdb

HOST = "127.0.0.1"
FIRST_PORT, PORTS = 26000, 5000  # a user's port lies among these
SCRIPT = BUILD / "debug-server.gdb"
TABLE = Path("/proc/net/tcp")
CHUNK = 1 << 16
REFUSAL_SECONDS = 5
PACKET = re.compile(rb"\$[^#]*#..", re.DOTALL)
IN_USE = "another gdb is attached to this debug-server; quit that one first"


# -- Which port, and who may come in --------------------------------------------

def chosen_port(text):
    """PORT=, or a default that differs from user to user."""
    if not text:
        return FIRST_PORT + os.getuid() % PORTS
    if not text.isdecimal() or not 1024 <= int(text) < 65536:
        raise Trouble(f'PORT="{text}": right is a number from 1024 to 65535',
                      WRONG_USE)
    return int(text)


def listen(port):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind((HOST, port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise Trouble(f"port {port}: {error.strerror}") from None
        raise Trouble(f"port {port} is in use: another debug-server? "
                      f"PORT={port + 1} takes the next one") from None
    server.listen()
    return server


def address_in_table(address):
    """127.0.0.1:4660 as /proc/net/tcp writes it: 0100007F:1234."""
    host, port = address
    return socket.inet_aton(host)[::-1].hex().upper() + f":{port:04X}"


def is_ours(peer):
    """Whether the other end belongs to this user; True where that is unknown."""
    if not TABLE.exists():
        return True
    wanted = address_in_table(peer)
    for line in TABLE.read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if fields[1] == wanted:
            return int(fields[7]) in (os.getuid(), 0)
    return False


# -- The relay ------------------------------------------------------------------

def relay(one, other):
    """Relays bytes until one of the two ends closes."""
    while True:
        for ready in select.select([one, other], [], [])[0]:
            data = ready.recv(CHUNK)
            if not data:
                return
            (other if ready is one else one).sendall(data)


def attend(client, folder):
    """Serves one debugger until it or the machine ends."""
    with client, socket.socket(socket.AF_UNIX) as stub:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            stub.connect(str(folder / "gdb"))
            relay(client, stub)
        except OSError:
            pass  # one of the two has broken off


def packet(text):
    """A packet of gdb's remote protocol: $text#sum of its bytes."""
    return b"$%s#%02x" % (text.encode(), sum(text.encode()) % 256)


def refuse(client):
    """Tells a second debugger why it cannot have the machine.

    gdb prints the answer to its packet vMustReplyEmpty, if that is not empty;
    all other packets get an empty answer, which means "unknown"."""
    heard = b""
    with client:
        client.settimeout(REFUSAL_SECONDS)
        try:
            while b"vMustReplyEmpty" not in heard:
                data = client.recv(CHUNK)
                if not data:
                    return
                heard = PACKET.sub(b"", heard) + data
                for asked in PACKET.findall(heard):
                    client.sendall(b"+" + packet(
                        IN_USE if b"vMustReplyEmpty" in asked else ""))
            client.recv(CHUNK)
        except OSError:
            pass  # it has gone before


def serve(server, folder):
    """Serves one debugger at a time, until the process ends."""
    attached = threading.Lock()

    def attend_and_release(client):
        attend(client, folder)
        say("the debugger has left; the machine is here for another one")
        attached.release()

    while True:
        client, peer = server.accept()
        if not is_ours(peer):
            client.close()
            say("a debugger of another user was sent away")
        elif attached.acquire(blocking=False):
            threading.Thread(target=attend_and_release, args=(client,),
                             daemon=True).start()
        else:
            say("a second debugger was sent away: one is attached")
            threading.Thread(target=refuse, args=(client,),
                             daemon=True).start()


def say(text):
    """Prints a line on the terminal, which QEMU may have made raw."""
    print(f"\r\ndebug-server: {text}\r", file=sys.stderr, flush=True)


# -- How to attach ----------------------------------------------------------------

def attach_script(port, folder, what):
    """The commands for a gdb that attaches."""
    told = "\n".join(f"os.environ[{name!r}] = {value!r}"
                     for name, value in gdb.make_environment(folder, what).items())
    return (f"# Written by make debug-server, for as long as it runs.\n"
            f"set confirm off\n"
            f"file {KERNEL}\n"
            f"target remote {HOST}:{port}\n"
            f"python\nimport os\n{told}\nend\n"
            f"source {gdb.COMMANDS}\n")


def explain(port):
    debugger = Path(gdb.find()).name
    print("The machine is held at reset; gdb may attach, from another "
          "terminal:\n"
          f"  {debugger} -q -x {shown(SCRIPT)}\n"
          "or from VS Code: Run and Debug, \"attach to debug-server\".  With a "
          "gdb of your own:\n"
          f"  target remote {HOST}:{port}\n"
          "The kernel's console is this terminal; Ctrl-C here ends the "
          "machine.", flush=True)


# -- The machine --------------------------------------------------------------------

def run_machine(command, folder, port, what):
    """QEMU's status; the terminal is left as it was found."""
    tty = sys.stdin.isatty() and termios.tcgetattr(sys.stdin)
    with listen(port) as server, (folder / "errors").open("wb") as errors:
        qemu = subprocess.Popen(command, stderr=errors,
                                preexec_fn=machine.die_with_parent)
        try:
            debug.wait_for_socket(qemu, folder)
            SCRIPT.write_text(attach_script(port, folder, what),
                              encoding="utf-8")
            threading.Thread(target=serve, args=(server, folder),
                             daemon=True).start()
            explain(port)
            return qemu.wait()
        finally:
            qemu.kill()
            qemu.wait()
            SCRIPT.unlink(missing_ok=True)
            if tty:
                termios.tcsetattr(sys.stdin, termios.TCSADRAIN, tty)


def debug_server(arguments):
    machine.version()
    port = chosen_port(arguments.port)
    what = debug.subject(arguments)
    with tempfile.TemporaryDirectory(prefix="mallow-") as name:
        folder = Path(name)
        command = debug.qemu_command(arguments, what, folder, "stdio")
        status = run_machine(command, folder, port, what)
        errors = (folder / "errors").read_text(errors="replace")
        reason = machine.explain(status, folder, errors)
    print(f"\ndebug-server: {reason or 'the machine has ended'}",
          file=sys.stderr)
    return 0


def add_commands(commands):
    parser = commands.add_parser(
        "debug-server", help="the same, for a debugger elsewhere")
    debug.add_subject(parser)
    parser.add_argument("--port", default="", metavar="NUMBER")
    parser.set_defaults(run=debug_server)
