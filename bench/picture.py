# SPDX-License-Identifier: MIT
"""The comparison as a picture: cost against utilisation, and the worst single
operation.  Ours are filled squares, others are rings; every mark has its name
beside it, so that nothing depends on colour."""

from math import log10
from statistics import mean
from xml.sax.saxutils import escape

from targets import limit, pair_cost, utilisations, worst

WIDTH, MARGIN = 760, 70
PLOT_TOP, PLOT_HEIGHT = 70, 300
BARS_TOP, BAR_STEP = 460, 24
BAR_LEFT = 150
COSTS = (50, 1000)         # instructions, the scatter's logarithmic axis
WORSTS = (10, 1_000_000)   # instructions, the bars' logarithmic axis

STYLE = """
text { font: 13px sans-serif; fill: #222 }
.title { font-size: 16px; font-weight: bold }
.axis { stroke: #222 } .grid { stroke: #ddd }
.target { fill: none; stroke: #222; stroke-dasharray: 5 4 }
.ours { fill: #222 } .other { fill: none; stroke: #222; stroke-width: 1.5 }
"""


TITLE = "Cost and waste of allocators"
DESCRIPTION = ("Each mark is an allocator: the further left, the fewer "
               "instructions an operation costs; the higher, the less memory is "
               "wasted.")


class Drawing:
    """SVG, line by line."""

    def __init__(self):
        self.lines = []

    def text(self, x, y, words, anchor="start", css=""):
        self.lines.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
            f'{css and f" class={chr(34)}{css}{chr(34)}"}>'
            f"{escape(words)}</text>")

    def line(self, x1, y1, x2, y2, css="axis"):
        self.lines.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" '
                          f'y2="{y2:.1f}" class="{css}"/>')

    def box(self, x, y, width, height, css):
        self.lines.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
                          f'height="{height:.1f}" class="{css}"/>')

    def ring(self, x, y, css="other"):
        self.lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" '
                          f'class="{css}"/>')

    def document(self, height):
        head = ('<svg xmlns="http://www.w3.org/2000/svg" role="img" '
                f'aria-labelledby="title desc" width="{WIDTH}" '
                f'height="{height}" viewBox="0 0 {WIDTH} {height}">\n'
                f'<title id="title">{TITLE}</title>\n'
                f'<desc id="desc">{DESCRIPTION}</desc>\n'
                f"<style>{STYLE}</style>\n"
                f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>\n')
        return head + "\n".join(self.lines) + "\n</svg>\n"


def logarithmic(value, limits, left, right):
    low, high = (log10(limit) for limit in limits)
    inside = min(max(log10(max(value, 1)), low), high)
    return left + (inside - low) / (high - low) * (right - left)


def x_of(cost):
    return logarithmic(cost, COSTS, MARGIN, WIDTH - MARGIN)


def y_of(share):
    return PLOT_TOP + (1 - share) * PLOT_HEIGHT


def point(results, subject):
    """(mean malloc + free, mean utilisation) over all traces, or None."""
    rows = results["traces"][subject].values()
    shares = utilisations(rows)
    costs = [pair_cost(row) for row in rows]
    if not shares or None in costs:
        return None
    return mean(costs), mean(shares)


def draw_axes(drawing):
    left, right, bottom = MARGIN, WIDTH - MARGIN, PLOT_TOP + PLOT_HEIGHT
    for share in (0, 0.25, 0.5, 0.75, 1):
        drawing.line(left, y_of(share), right, y_of(share),
                     "axis" if share == 0 else "grid")
        drawing.text(left - 8, y_of(share) + 4, f"{share:.2f}", "end")
    for cost in (50, 100, 200, 500, 1000):
        drawing.line(x_of(cost), bottom, x_of(cost), bottom + 5)
        drawing.text(x_of(cost), bottom + 20, str(cost), "middle")
    drawing.text((left + right) / 2, bottom + 40,
                 "instructions for malloc and free together, mean", "middle")
    cost, share = limit("cost_held_out"), limit("utilisation_held_out")
    drawing.box(left, y_of(1), x_of(cost) - left, y_of(share) - y_of(1),
                "target")
    drawing.text(left + 6, y_of(1) + 18, "target")


def draw_scatter(drawing, results, ours):
    drawing.text(MARGIN, 30, "The cost of a call, and how much memory is "
                 "payload (all traces)", css="title")
    drawing.text(MARGIN, 50, "up: less waste.  left: cheaper.  filled: "
                 "Mallow's stages.  ring: others")
    draw_axes(drawing)
    names = {}  # of those at one place: their names would cover each other
    for subject in results["traces"]:
        at = point(results, subject)
        if at is None:
            continue
        x, y = round(x_of(at[0])), round(y_of(at[1]))
        names.setdefault((x, y), []).append(subject)
        if subject in ours:
            drawing.box(x - 5, y - 5, 10, 10, "ours")
        else:
            drawing.ring(x, y)
    for (x, y), subjects in names.items():
        drawing.text(x + 9, y + 4, ", ".join(subjects))


def draw_bars(drawing, results, ours):
    drawing.text(MARGIN, BARS_TOP - 18, "The worst single malloc or free, in "
                 "instructions (logarithmic)", css="title")
    right = WIDTH - MARGIN - 60
    y = BARS_TOP
    for subject in results["traces"]:
        value = worst(results, subject)
        if value is None:
            continue
        end = logarithmic(value, WORSTS, BAR_LEFT, right)
        drawing.text(BAR_LEFT - 8, y + 12, subject, "end")
        drawing.box(BAR_LEFT, y, end - BAR_LEFT, BAR_STEP - 8,
                    "ours" if subject in ours else "other")
        drawing.text(end + 6, y + 12, f"{value:,}")
        y += BAR_STEP
    target = limit("worst")
    at = logarithmic(target, WORSTS, BAR_LEFT, right)
    drawing.line(at, BARS_TOP - 8, at, y, "target")
    drawing.text(at, y + 14, f"target {target}", "middle")
    return y


def draw(results):
    drawing = Drawing()
    ours = results["ours"]
    draw_scatter(drawing, results, ours)
    end = draw_bars(drawing, results, ours)
    drawing.text(MARGIN, end + 40, f"Compiled by {results['compiler']}; "
                 "drawn by make bench-picture from make bench's figures.")
    return drawing.document(end + 60)
