"""Draws a flame graph of what callgrind has counted with --separate-callers.

flame.py FILE EVENTS ROOT: the SVG goes to standard output. Counts are divided by EVENTS, and everything
below the function ROOT is left out. No script in it: a title for each box, which browsers show.
"""

import re
import sys
from html import escape

WIDTH, HEIGHT, LEAST = 1200, 17, 0.4
LETTER = 6.3


def functions(path):
    """Own instructions by stack, innermost first, as callgrind writes names: a'caller'caller's caller."""
    names, own, here, inclusive = {}, {}, None, False
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if match := re.match(r"fn=\((\d+)\)(?: (.*))?$", line):
            number, name = match.groups()
            if name is not None:
                names[number] = name
            here = names[number]
        elif match := re.match(r"cfn=\((\d+)\) (.*)$", line):
            names[match[1]] = match[2]
        elif line.startswith("calls="):
            inclusive = True
        elif match := re.match(r"[+*\-\d]\S* (\d+)$", line):
            if not inclusive:
                own[here] = own.get(here, 0) + int(match[1])
            inclusive = False
    return own


def plain(name):
    """As an engineer would call it: without hashes, type parameters and most of the path."""
    name = re.sub(r"::h[0-9a-f]{16}$", "", name)
    if match := re.match(r"<(.*?) as (.*)>::(\w+)$", name):
        name = f"{match[1]}::{match[3]}"
    while (shorter := re.sub(r"<[^<>]*>", "", name)) != name:
        name = shorter
    parts = [part for part in name.split("::") if part]
    return "::".join(parts[-2:]) if parts else name


def tree(own, root):
    """Boxes: name -> [instructions with all that they call, boxes on it]."""
    top = [0, {}]
    for stack, count in own.items():
        names = [plain(name) for name in re.split(r"'(?!\d)", stack)][::-1]
        while names and root not in names[0]:
            names.pop(0)
        box = top
        box[0] += count
        for name in names[1:]:
            box = box[1].setdefault(name, [0, {}])
            box[0] += count
    return top


def depth(box):
    return 1 + max((depth(inner) for inner in box[1].values()), default=0)


def colour(name):
    shade = sum(ord(letter) for letter in name.split("::")[0]) % 60
    return f"rgb({225 - shade // 2},{120 + shade},{70 + shade // 2})"


def draw(name, box, left, level, scale, events, floor, lines):
    width = box[0] * scale
    if width < LEAST:
        return
    y = floor - level * HEIGHT
    each = box[0] / events
    title = f"{name}: {each:,.0f} instructions an event"
    lines.append(
        f'<g><title>{escape(title)}</title><rect x="{left:.1f}" y="{y}" width="{width:.1f}" '
        f'height="{HEIGHT - 1}" fill="{colour(name)}"/>'
    )
    room = int((width - 4) / LETTER)
    if room >= 4:
        text = name if len(name) <= room else name[: room - 1] + "…"
        lines.append(f'<text x="{left + 3:.1f}" y="{y + 12}">{escape(text)}</text>')
    lines.append("</g>")
    for inner, more in sorted(box[1].items(), key=lambda item: -item[1][0]):
        draw(inner, more, left, level + 1, scale, events, floor, lines)
        left += more[0] * scale


def main():
    path, events, root = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    top = tree(functions(path), root)
    if not top[0]:
        sys.exit(f"nothing was counted in {path}: is {root} a function of its own?")
    height = depth(top) * HEIGHT + 30
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="monospace" font-size="10.5">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="4" y="14" font-size="13">An idle connection event of two devices, encrypted: '
        f"{top[0] / events:,.0f} instructions</text>",
    ]
    floor = height - HEIGHT - 4
    draw("idle connection event", top, 0, 0, WIDTH / top[0], events, floor, lines)
    print("\n".join(lines) + "\n</svg>")


if __name__ == "__main__":
    main()
