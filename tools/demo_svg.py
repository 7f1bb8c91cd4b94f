"""Draws the timeline of a demo as one self-contained SVG."""
from xml.sax.saxutils import escape

WIDTH, MARGIN, CHART = 1100, 60, 220
ROW = 20
ACTORS = {"chain": "#0f766e", "gov": "#1d4ed8", "node": "#b45309", "supervisor": "#15803d",
          "person": "#7e22ce", "page": "#b91c1c"}
VERSIONS = ["#0ea5e9", "#16a34a", "#f59e0b", "#64748b"]


def axis_step(total):
    for step in (1, 2, 5, 10, 20):
        if total / step <= 15:
            return step
    return 60


def draw(events, heights, transfers):
    """The SVG's text: height over time by binary, and below it what happened."""
    total = max(events[-1][0], heights[-1][0])
    top = heights[-1][1]
    bottom = 50 + CHART
    x = lambda seconds: MARGIN + seconds / total * (WIDTH - 2 * MARGIN)
    y = lambda height: bottom - height / top * (CHART - 20)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 60 + ROW * len(events)}" '
        'font-family="ui-monospace, monospace" font-size="12">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="{MARGIN}" y="26" font-size="15" font-weight="bold">make demo: {top} blocks, {transfers} '
        'transfers, one upgrade, one rollback, one hold</text>',
    ]
    for tick in range(0, int(total) + 1, axis_step(total)):
        out.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="50" y2="{bottom}" stroke="#e2e8f0"/>'
                   f'<text x="{x(tick):.1f}" y="{bottom + 16}" text-anchor="middle" fill="#64748b">{tick} s</text>')
    out.append(f'<text x="{MARGIN - 8}" y="{y(top):.1f}" text-anchor="end" fill="#64748b">{top}</text>'
               f'<text x="{MARGIN - 8}" y="{bottom}" text-anchor="end" fill="#64748b">0</text>')
    versions = list(dict.fromkeys(version for _, _, version in heights))
    for i, version in enumerate(versions):
        colour = VERSIONS[i % len(VERSIONS)]
        dots = "".join(f'<circle cx="{x(at):.1f}" cy="{y(height):.1f}" r="1.8"/>'
                       for at, height, v in heights if v == version)
        out.append(f'<g fill="{colour}">{dots}<text x="{MARGIN + 10 + 130 * i}" y="66">● {escape(version)}</text></g>')
    for at, who, _ in events:
        if who in ("node", "supervisor", "page"):
            out.append(f'<line x1="{x(at):.1f}" x2="{x(at):.1f}" y1="50" y2="{bottom}" '
                       f'stroke="{ACTORS[who]}" stroke-width="0.8" stroke-dasharray="3 2"/>')
    for i, (at, who, text) in enumerate(events):
        line = text if len(text) <= 125 else text[:124] + "…"
        out.append(f'<g transform="translate({MARGIN},{bottom + 50 + ROW * i})">'
                   f'<text x="60" text-anchor="end" fill="#64748b">{at:.3f} s</text>'
                   f'<text x="74" fill="{ACTORS[who]}" font-weight="bold">{who}</text>'
                   f'<text x="168">{escape(line)}</text></g>')
    out.append("</svg>\n")
    return "\n".join(out)
