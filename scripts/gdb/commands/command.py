# SPDX-License-Identifier: MIT
"""The common parts of all commands: their words, and that they end in one line when
they cannot go on."""
import gdb

from .memory import Memory, Trouble
from .screen import say


class Command(gdb.Command):
    """A command of the family: `name`, what it takes, and answer()."""

    name = ""
    least, most = 0, 0
    usage = ""
    kind = gdb.COMMAND_DATA

    def __init__(self):
        super().__init__(f"mallow {self.name}", self.kind,
                         gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, _from_tty):
        words = gdb.string_to_argv(argument)
        try:
            if not self.least <= len(words) <= self.most:
                raise Trouble(f"usage: mallow {self.name} {self.usage}")
            self.answer(Memory(), words)
        except Trouble as trouble:
            say(f"mallow {self.name}: {trouble}")
        except gdb.error as error:
            say(f"mallow {self.name}: gdb says: {error}")
        except KeyboardInterrupt:
            say(f"mallow {self.name}: interrupted")
        except Exception as error:  # a damaged kernel may hold anything
            say(f"mallow {self.name}: the kernel's structures make no sense "
                f"here ({type(error).__name__}: {error})")

    def answer(self, memory, words):
        raise NotImplementedError
