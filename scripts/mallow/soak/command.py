# SPDX-License-Identifier: MIT
"""make soak: campaigns in turn, each with a new seed, until the time is over.

Without SEED= the first seed comes from the clock, so that each soak tries what
no earlier one tried.  A parser's turn comes between two stages' turns.
"""
import itertools
import time
from collections import Counter

from ..project import WRONG_USE, Trouble
from . import campaigns


def read_number(name, text, default):
    if text and not text.isdecimal():
        raise Trouble(f'{name}="{text}" is not a number', WRONG_USE)
    return int(text) % 2**32 if text else default


def chosen(name):
    if name and name not in campaigns.names():
        raise Trouble(f'CAMPAIGN="{name}": the campaigns are '
                      + ", ".join(campaigns.names()), WRONG_USE)
    return [name] if name else campaigns.names()


def turns(names, seed):
    """(campaign, seed) without end."""
    parsers = [each for each in names if each in campaigns.PARSERS]
    models = [each for each in names if each not in campaigns.PARSERS]
    for number in itertools.count(seed):
        for at in range(max(len(parsers), len(models))):
            for group in (parsers, models):
                # Each parser once a round, or as often as there are stages.
                if group and (group is parsers or at < len(group)):
                    yield (group[at % len(group)],
                           (number * 1000 + at) % 2**32
                           if len(names) > 1 else number % 2**32)


def soak(arguments):
    seconds = read_number("SECONDS", arguments.seconds, 60)
    seed = read_number("SEED", arguments.seed, int(time.time()) % 2**20)
    names = chosen(arguments.campaign)
    folder = campaigns.programs()
    tried, failures, end = Counter(), [], time.monotonic() + seconds
    for name, turn in turns(names, seed):
        count, failure = campaigns.run(folder, name, turn)
        tried[name] += count
        if failure:
            failures.append(failure)
            print(f"{failure.what}\n  again: {failure.repeat}", flush=True)
        if time.monotonic() >= end:
            break
    for name in names:
        what = "inputs" if name in campaigns.PARSERS else "runs"
        print(f"{name:45} {tried[name]:7} {what}")
    print(f"seed {seed}: {len(failures)} failures")
    return 1 if failures else 0


def add_commands(commands):
    parser = commands.add_parser("soak", help="random campaigns")
    for name in ("seconds", "seed", "campaign"):
        parser.add_argument(f"--{name}", default="", metavar=name.upper())
    parser.set_defaults(run=soak)
