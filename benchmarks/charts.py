"""Draw figures of RESULTS.md as bar charts for the README, each in a light and a dark theme.

.venv-peers/bin/python benchmarks/charts.py
"""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib.pyplot as plt

HERE = Path(__file__).parent
CHARTS = {
    "sending": ("sending", "100 MB", 1, "CPU to send a 100 MB recording, ms"),
    "memory": ("sending", "100 MB", 3, "Memory to send a 100 MB recording, MB"),
    "streaming": ("streaming", "5000 deltas of text", 1, "CPU for each delta of a streamed reply, microseconds"),
    "requests": ("many_requests", "200 requests", 1, "Requests of 1 MB a second, 16 at once (the ideal is 320)"),
}
EXCLUDED = ("transcription", "multipart")
THEMES = {
    "light": {"text": "#1f2328", "ours": "#0969da", "limit": "#8c959f", "peer": "#d0d7de"},
    "dark": {"text": "#e6edf3", "ours": "#58a6ff", "limit": "#6e7681", "peer": "#3d444d"},
}


def main() -> None:
    text = (HERE / "RESULTS.md").read_text()
    plt.rcParams |= {"svg.hashsalt": "charts", "svg.fonttype": "path", "font.size": 9}
    for name, (section, title, column, caption) in CHARTS.items():
        figures = read_column(text, section, title, column)
        for theme, colors in THEMES.items():
            draw(HERE / "charts" / f"{name}-{theme}.svg", figures, caption, colors)


def read_column(text: str, section: str, title: str, column: int) -> list[tuple[str, float]]:
    """Return the contestants of a table and their medians in one of its columns.

    Args:
        text: RESULTS.md.
        section: its heading.
        title: the title of the table.
        column: the index of the column.
    """
    body = (
        text.split(f"## {section}\n")[1]
        .split(f"**{title}")[1]
        .split("\n**", maxsplit=1)[0]
        .split("\n## ", maxsplit=1)[0]
    )
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines() if line.startswith("| ")
    ]
    medians = [(row[0], re.match(r"[\d.]+", row[column])) for row in cells[1:]]
    return [
        (name, float(number[0])) for name, number in medians if number and not any(word in name for word in EXCLUDED)
    ]


def draw(path: Path, figures: list[tuple[str, float]], caption: str, colors: dict[str, str]) -> None:
    """Draw labelled bars, ours highlighted, and save them as an SVG file.

    Args:
        path: the SVG file.
        figures: contestants and their values, the first one on top.
        caption: the title of the chart.
        colors: a theme.
    """
    figure, axes = plt.subplots(figsize=(7.2, 0.5 + 0.26 * len(figures)))
    names, values = [name for name, _ in figures][::-1], [value for _, value in figures][::-1]
    shades = [
        colors["ours" if name.startswith("ours") else "limit" if name.startswith(("the ", "a trivial")) else "peer"]
        for name in names
    ]
    bars = axes.barh(names, values, color=shades)
    axes.bar_label(
        bars, [f"{value:.0f}" if value >= 10 else f"{value:.1f}" for value in values], padding=4, color=colors["text"]
    )
    axes.set_title(caption, color=colors["text"], loc="left", fontsize=10)
    axes.set_xlim(0, max(values) * 1.12)
    axes.tick_params(axis="y", length=0, colors=colors["text"])
    axes.xaxis.set_visible(False)
    for side in axes.spines.values():
        side.set_visible(False)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, transparent=True, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
