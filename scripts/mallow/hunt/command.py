# SPDX-License-Identifier: MIT
"""`make hunt`: its words, and which of the two hunts they mean."""
from .. import check, labs
from ..project import WRONG_USE, Trouble
from . import break_it, find_it


def lab_of(text):
    if not text:
        raise Trouble("of which lab? make hunt LAB=malloc, say", WRONG_USE)
    (lab,) = labs.resolve(text)
    return lab


def hunt(arguments):
    lab = lab_of(arguments.lab)
    if arguments.bug:
        return find_it.find_it(lab, arguments)
    if arguments.check or arguments.answer:
        raise Trouble("the answers of which hunt? Add BUG=1, say", WRONG_USE)
    return break_it.break_it(lab, check.read_seed(arguments.seed))


def add_commands(commands):
    parser = commands.add_parser(
        "hunt", help="the student's tests, or a planted fault")
    parser.add_argument("--lab", default="", metavar="NAME|NUMBER")
    parser.add_argument("--seed", default="", metavar="NAME",
                        help="whose hunt; or the seed of the student's tests")
    find_it.add_options(parser)
    parser.set_defaults(run=hunt)
