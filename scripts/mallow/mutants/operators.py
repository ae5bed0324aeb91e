# SPDX-License-Identifier: MIT
"""The small changes: what a mutant has in place of a piece of the source.

    compare     <  becomes  <=  and  >=;  ==  becomes  !=
    arithmetic  +  becomes  -,  *  becomes  /,  <<  becomes  >>,  &  becomes  |
    constant    4 becomes 5, PAGE_BYTES becomes (PAGE_BYTES + 1)
    mask        x & MASK: the mask has one bit more
    condition   negated, always true, or without one side of && and ||
    return      0, NULL, the opposite, or another name of the same enum
    arguments   two of one type change places
    assignment  += becomes -=, ++ becomes --
    statement   left out

A change is made only where its type still fits.  Nothing is changed where C
wants a constant (an array's length, a case), in sizeof, and in assertions.
"""
import re
from typing import NamedTuple

COMPARE = {"<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="),
           ">=": (">", "<"), "==": ("!=",), "!=": ("==",)}
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "<<": ">>",
              ">>": "<<", "&": "|", "|": "&", "^": "|"}
LOGIC = {"&&": "||", "||": "&&"}
ASSIGNMENT = {"+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=", "<<=": ">>=",
              ">>=": "<<=", "*=": "/=", "/=": "*=", "^=": "|="}
NUMBERS = ("integer", "bool", "enum")
CONDITIONS = {"IF_STMT": 0, "WHILE_STMT": 0, "CONDITIONAL_OPERATOR": 0,
              "DO_STMT": 1}
STATEMENTS = ("CALL_EXPR", "BINARY_OPERATOR", "COMPOUND_ASSIGNMENT_OPERATOR",
              "UNARY_OPERATOR", "BREAK_STMT", "CONTINUE_STMT")
# Calls that only print: what they print is for a person.
SAID = ("print", "panic")
# The same answer in either order of their arguments.
SYMMETRIC = ("is_same", "least")


class Change(NamedTuple):
    """`text` in place of [begin, end)."""
    begin: int
    end: int
    text: str
    what: str
    statement: bool  # of a whole statement, not of an expression


def strip_comments(text):
    while "/*" in text:
        head, _, rest = text.partition("/*")
        text = head + rest.partition("*/")[2]
    return text.strip()


def grouped(text):
    """Puts `text` in parentheses, if an operator beside it could bind to a
    part of it."""
    return f"({text})" if re.search(r"[-+*/%&|^<>=?!\s]", text) else text


class Finder:
    """Collects the changes of one function."""

    def __init__(self, file, function):
        self.file, self.function = file, function
        self.changes = []

    def text(self, node):
        return node.text(self.file)

    def add(self, node, text, what):
        self.changes.append(Change(node.begin, node.end, text, what, False))

    def operator(self, node):
        """The text between the two sides of a binary operator."""
        if len(node.children) != 2:
            return ""
        left, right = node.children
        return strip_comments(self.file.text[left.end:right.begin])

    # -- Expressions ----------------------------------------------------------

    def change_binary(self, node):
        symbol = self.operator(node)
        left, right = map(self.text, node.children) if symbol else ("", "")
        for other in COMPARE.get(symbol, ()):
            self.add(node, f"{left} {other} {right}", "compare")
        if symbol in LOGIC:
            self.add(node, f"{grouped(left)} {LOGIC[symbol]} "
                     f"{grouped(right)}", "condition")
            self.add(node, left, "condition")
            self.add(node, right, "condition")
        elif symbol in ARITHMETIC and node.type in NUMBERS:
            self.add(node, f"{grouped(left)} {ARITHMETIC[symbol]} "
                     f"{grouped(right)}", "arithmetic")
        if symbol == "&" and node.children[1].macro:
            self.add(node, f"{left} & ({right} << 1 | {right})", "mask")

    def change_unary(self, node):
        text = self.text(node)
        if len(node.children) == 1 and text[0] in "!~-" and text[1:2] != "-":
            self.add(node, text[1:], "arithmetic")

    def change_constant(self, node):
        text = self.text(node)
        if text[0].isdigit() and text.isalnum():
            digits = text.rstrip("uUlL")
            if not digits.isdecimal() and not digits.startswith("0x"):
                return
            self.add(node, str(int(digits, 0) + 1) + text[len(digits):],
                     "constant")
        elif node.macro:
            self.add(node, f"({text} + 1)", "constant")

    def change_arguments(self, node):
        arguments = [] if node.name in SYMMETRIC else node.children[1:]
        for left, right in zip(arguments, arguments[1:]):
            if left.spelled == right.spelled and \
                    self.text(left) != self.text(right):
                self.add(node, "".join([
                    self.file.text[node.begin:left.begin], self.text(right),
                    self.file.text[left.end:right.begin], self.text(left),
                    self.file.text[right.end:node.end]]), "arguments")

    def change_condition(self, node):
        """Changes the condition of an if or a loop, beside the changes of the
        operators inside."""
        symbol = self.operator(node) if node.kind == "BINARY_OPERATOR" else ""
        if symbol in LOGIC:
            return
        if symbol not in COMPARE:
            self.add(node, f"!({self.text(node)})", "condition")
        self.add(node, "1", "condition")

    def change_return(self, node):
        """Changes the value `node` that the function returns."""
        kind, text = self.function.result, self.text(node)
        if kind == "bool":
            if text in ("true", "false"):
                self.add(node, "false" if text == "true" else "true", "return")
            elif node.kind != "BINARY_OPERATOR":
                self.add(node, f"!({text})", "return")
        elif kind == "pointer" and text != "NULL":
            self.add(node, "NULL", "return")
        elif kind == "integer" and text != "0":
            self.add(node, "0", "return")

    def change_name(self, node):
        """Replaces an error or a state by the next name of the same enum."""
        enum = node.cursor.referenced.semantic_parent
        names = [each.spelling for each in enum.get_children()
                 if "NOT_WRITTEN" not in each.spelling] if enum else []
        if node.name in names and len(names) > 1:
            at = names.index(node.name) + 1
            self.add(node, names[at % len(names)], "name")

    # -- Statements -----------------------------------------------------------

    def change_statement(self, node):
        """Removes a statement, or changes its assignment; `end` is past its
        `;`."""
        end = self.file.text.find(";", node.end) + 1
        if self.file.text[node.end:end].strip() != ";":
            return
        text = self.file.text[node.begin:end]
        if node.kind == "CALL_EXPR" and node.name in SAID:
            return

        def add(other, what):
            self.changes.append(Change(node.begin, end, other, what, True))

        add("", "statement")
        if node.kind == "COMPOUND_ASSIGNMENT_OPERATOR":
            symbol = self.operator(node)
            if symbol in ASSIGNMENT:
                left, right = map(self.text, node.children)
                add(f"{left} {ASSIGNMENT[symbol]} {right};", "assignment")
        if node.kind == "UNARY_OPERATOR" and ("++" in text or "--" in text):
            add(text.translate(str.maketrans("+-", "-+")), "assignment")

    # -- The walk -------------------------------------------------------------

    def visit_children(self, node):
        for child in node.children:
            self.visit(child)

    def visit(self, node):
        """An expression, or a statement with its parts."""
        kind = node.kind
        if kind in ("CXX_UNARY_EXPR", "INTEGER_LITERAL") or node.macro:
            if node.type == "integer" and self.text(node) != "sizeof":
                self.change_constant(node)
            return
        if kind in ("CASE_STMT", "DECL_STMT", "VAR_DECL"):
            self.visit_declared(node)
            return
        if kind in CONDITIONS and len(node.children) > CONDITIONS[kind]:
            self.change_condition(node.children[CONDITIONS[kind]])
        if kind == "FOR_STMT":
            self.visit_for(node)
            return
        if kind == "RETURN_STMT" and node.children:
            self.change_return(node.children[0])
        change = {"BINARY_OPERATOR": self.change_binary,
                  "UNARY_OPERATOR": self.change_unary,
                  "CALL_EXPR": self.change_arguments}.get(kind)
        if kind == "DECL_REF_EXPR" and node.cursor.referenced is not None and \
                node.cursor.referenced.kind.name == "ENUM_CONSTANT_DECL":
            self.change_name(node)
        if change:
            change(node)
        self.visit_statements(node)

    def visit_declared(self, node):
        """Visits only values that are computed when the function runs."""
        if node.kind == "CASE_STMT":
            for child in node.children[1:]:
                self.visit_body(child)
        elif node.kind == "DECL_STMT":
            if not self.text(node).startswith("static"):
                self.visit_children(node)
        elif node.children and "=" in self.text(node):
            self.visit(node.children[-1])

    def visit_for(self, node):
        """The last part is the body; of the others only comparisons and what
        they compare are changed."""
        *parts, body = node.children
        for part in parts:
            self.visit(part)
        self.visit_body(body, of_loop=True)

    def visit_body(self, node, of_loop=False):
        # while (...) continue; is the same without its body.
        if node.kind in STATEMENTS and \
                not (of_loop and node.kind == "CONTINUE_STMT"):
            self.change_statement(node)
        self.visit(node)

    def visit_statements(self, node):
        """Visits the children that are statements."""
        if node.kind == "COMPOUND_STMT":
            bodies = node.children
        elif node.kind in ("IF_STMT", "WHILE_STMT", "DEFAULT_STMT", "SWITCH_STMT"):
            bodies = node.children[1:] if node.kind != "DEFAULT_STMT" \
                else node.children
        elif node.kind == "DO_STMT":
            bodies = node.children[:1]
        else:
            bodies = ()
        for child in node.children:
            if child in bodies:
                self.visit_body(child, of_loop=node.kind == "WHILE_STMT")
            else:
                self.visit(child)


def changes_of(file, function):
    """All changes of a function, in the order of the text, each once."""
    finder = Finder(file, function)
    finder.visit_body(function.body)
    seen = {}
    for change in finder.changes:
        if change.text != file.text[change.begin:change.end]:
            seen.setdefault((change.begin, change.end, change.text), change)
    return sorted(seen.values(), key=lambda each: (each.begin, -each.end))
