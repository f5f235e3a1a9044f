"""A plot as SVG: lines over two logarithmic axes."""

import math

WIDTH, HEIGHT = 860, 520
LEFT, RIGHT, TOP, BOTTOM = 70, 320, 30, 50
COLOURS = ("#1b6ca8", "#c0392b", "#27855a", "#8e44ad", "#b9770e", "#117a8b", "#7f3b2f", "#55606e", "#d3548c")


def plain(value):
    """1,000 and 0.1, not 1e3."""
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


class Axis:
    """Decades from the smallest to the largest value, over pixels `start` to `end`."""

    def __init__(self, values, start, end):
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        self.start, self.end = start, end

    def at(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def decades(self):
        return [10.0**k for k in range(self.low, self.high + 1)]


def text(x, y, words, anchor="middle", extra=""):
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" {extra}>{words}</text>'


def grid(x, y, across, up):
    for value in x.decades():
        at = x.at(value)
        yield f'<line x1="{at}" y1="{TOP}" x2="{at}" y2="{HEIGHT - BOTTOM}" class="grid"/>'
        yield text(at, HEIGHT - BOTTOM + 18, plain(value))
    for value in y.decades():
        at = y.at(value)
        yield f'<line x1="{LEFT}" y1="{at}" x2="{WIDTH - RIGHT}" y2="{at}" class="grid"/>'
        yield text(LEFT - 8, at + 4, plain(value), "end")
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, across)
    yield text(18, HEIGHT / 2, up, extra=f'transform="rotate(-90 18 {HEIGHT / 2})"')


def line(x, y, name, points, colour, label_at):
    places = [(x.at(a), y.at(b)) for a, b in points]
    dots = " ".join(f"{a},{b}" for a, b in places)
    yield f'<polyline points="{dots}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for a, b in places:
        yield f'<circle cx="{a}" cy="{b}" r="3" fill="{colour}"/>'
    yield text(WIDTH - RIGHT + 14, label_at + 4, name, "start", f'fill="{colour}"')


def draw(lines, across, up):
    """`lines`: (name, [(x, y), …]); what is not above zero is left out."""
    lines = [(name, [(a, b) for a, b in points if b > 0]) for name, points in lines]
    lines = [(name, points) for name, points in lines if points]
    x = Axis([a for _, points in lines for a, _ in points], LEFT, WIDTH - RIGHT)
    y = Axis([b for _, points in lines for _, b in points], HEIGHT - BOTTOM, TOP)
    lines.sort(key=lambda named: y.at(named[1][-1][1]))
    out = list(grid(x, y, across, up))
    label_at = TOP - 16
    for k, (name, points) in enumerate(lines):
        label_at = max(y.at(points[-1][1]), label_at + 16)
        out += line(x, y, name, points, COLOURS[k % len(COLOURS)], label_at)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12" fill="#333">'
    )
    style = "<style>.grid{stroke:#ddd}</style>"
    paper = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    return "\n".join([head, style, paper, *out, "</svg>", ""])
