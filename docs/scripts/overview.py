"""Draw the picture of the README from a shipped recording, in a light and a dark theme.

python docs/scripts/overview.py
"""

from __future__ import annotations

import array
import itertools
import math
from dataclasses import dataclass
from html import escape
from pathlib import Path

from audio_core import Audio
from audio_core.media.decode import decode

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
WIDTH, HEIGHT, MARGIN = 960, 412, 24
RATE = 8_000  # Hz
START, END = 21.0, 39.0  # seconds of the call that the picture shows
BAR = 5  # distance of the bars of a wave
WAVE_MIDDLE, WAVE_HEIGHT = 76, 74
CARD_TOP, CARD_HEIGHT = 152, 110
STEP_TOP, STEP_HEIGHT = 318, 82
SANS = "-apple-system,BlinkMacSystemFont,'Segoe UI','Noto Sans',Helvetica,Arial,'Liberation Sans',sans-serif"
MONO = "ui-monospace,SFMono-Regular,'SF Mono',Menlo,Consolas,'Liberation Mono',monospace"


@dataclass(frozen=True)
class Theme:
    """Colors of a picture, as SVG writes them."""

    text: str
    muted: str
    line: str
    card: str
    wave: str
    accent: str
    accent_card: str
    on_accent: str


THEMES = {
    "light": Theme("#1f2328", "#59636e", "#d1d9e0", "#f6f8fa", "#8b98a5", "#0969da", "#ddf4ff", "#ffffff"),
    "dark": Theme("#f0f6fc", "#9198a1", "#3d444d", "#151b23", "#6b7684", "#58a6ff", "#121d2f", "#0d1117"),
}


@dataclass(frozen=True)
class Piece:
    """A stretch between two pauses, and what is said in it."""

    start: float
    end: float
    lines: tuple[str, ...]


# What examples/audio/call.json says of these seconds; the model is to find the third.
PIECES = (
    Piece(21.6, 24.7, ("Thank you. I can see", "the book here. It was", "due on Monday.")),
    Piece(25.9, 29.2, ("I looked in the whole", "house. I think I left", "it on the train.")),
    Piece(30.2, 34.1, ("In that case you can pay", "for the book. The price", "is eighteen dollars.")),
    Piece(35.1, 38.5, ("That is fine. Can I pay", "by card when I come", "in on Thursday?")),
)
FOUND = 2


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    loudness = measure_loudness()
    for name, theme in THEMES.items():
        (IMAGES / f"overview-{name}.svg").write_text(draw(theme, loudness))


def measure_loudness() -> list[float]:
    """Return how loud each bar's stretch of sound is, from 0 to 1."""
    recording = Audio.of(ROOT / "examples/audio/call.mp3", start=START, end=END)
    samples = array.array("h", b"".join(decode(recording, rate=RATE)))
    count = (WIDTH - 2 * MARGIN) // BAR
    size = len(samples) / count
    stretches = [samples[int(index * size) : int((index + 1) * size)] for index in range(count)]
    loudness = [math.sqrt(sum(sample * sample for sample in stretch) / len(stretch)) for stretch in stretches]
    return [(each / max(loudness)) ** 0.75 for each in loudness]  # quiet speech is to be seen too


def place(seconds: float) -> float:
    """Return where a time lies, from the left."""
    return MARGIN + (seconds - START) / (END - START) * (WIDTH - 2 * MARGIN)


def draw(theme: Theme, loudness: list[float]) -> str:
    """Return the picture: the wave and its pieces, the timed texts, and the question that leads to its answer."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="{escape(SANS)}">',
        "<title>A recording is cut at pauses, becomes text with times, and is listened to again for the answer</title>",
        *draw_caption(theme, MARGIN, 22, "Any recording, of any length, cut at its pauses"),
        *draw_cuts(theme),
        *draw_wave(theme, loudness),
        *draw_caption(theme, MARGIN, CARD_TOP - 13, "Text with exact times, as Documents and nodes"),
        *(line for index, piece in enumerate(PIECES) for line in draw_card(theme, index, piece)),
        *draw_steps(theme, loudness),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def draw_caption(theme: Theme, x: float, y: float, text: str) -> list[str]:
    return [f'<text x="{x}" y="{y}" font-size="15" font-weight="600" fill="{theme.muted}">{text}</text>']


def list_edges() -> list[float]:
    """Return where the recording is cut: in the middle of each pause."""
    return [(left.end + right.start) / 2 for left, right in itertools.pairwise(PIECES)]


def draw_cuts(theme: Theme) -> list[str]:
    top, bottom = WAVE_MIDDLE - WAVE_HEIGHT / 2 - 6, WAVE_MIDDLE + WAVE_HEIGHT / 2 + 6
    return [
        f'<line x1="{place(edge):.1f}" y1="{top}" x2="{place(edge):.1f}" y2="{bottom}" stroke="{theme.muted}" '
        'stroke-width="1.5" stroke-dasharray="3 4"/>'
        for edge in list_edges()
    ]


def draw_wave(theme: Theme, loudness: list[float]) -> list[str]:
    found = find_bars(PIECES[FOUND])
    return [
        draw_bar(
            MARGIN + index * BAR + 1, WAVE_MIDDLE, each * WAVE_HEIGHT, theme.accent if index in found else theme.wave
        )
        for index, each in enumerate(loudness)
    ]


def find_bars(piece: Piece) -> range:
    """Return the indices of the bars that show a piece."""
    first, last = ((place(seconds) - MARGIN) / BAR for seconds in (piece.start, piece.end))
    return range(int(first), math.ceil(last))


def draw_bar(x: float, middle: float, height: float, color: str) -> str:
    height = max(height, 3)
    return f'<rect x="{x}" y="{middle - height / 2:.1f}" width="3" height="{height:.1f}" rx="1.5" fill="{color}"/>'


def find_card(index: int) -> tuple[float, float]:
    """Return where a card begins, and how wide it is."""
    gap = 14
    width = (WIDTH - 2 * MARGIN - gap * (len(PIECES) - 1)) / len(PIECES)
    return MARGIN + index * (width + gap), width


def draw_card(theme: Theme, index: int, piece: Piece) -> list[str]:
    x, width = find_card(index)
    is_found = index == FOUND
    times = f"00:{piece.start:04.1f} – 00:{piece.end:04.1f}"
    return [
        f'<rect x="{x:.1f}" y="{CARD_TOP}" width="{width:.1f}" height="{CARD_HEIGHT}" rx="10" '
        f'fill="{theme.accent_card if is_found else theme.card}" '
        f'stroke="{theme.accent if is_found else theme.line}" stroke-width="{2 if is_found else 1}"/>',
        f'<text x="{x + 14:.1f}" y="{CARD_TOP + 29}" font-size="14" font-weight="600" font-family="{escape(MONO)}" '
        f'fill="{theme.accent if is_found else theme.muted}">{times}</text>',
        *(
            f'<text x="{x + 14:.1f}" y="{CARD_TOP + 56 + 21 * row}" font-size="16" fill="{theme.text}">{line}</text>'
            for row, line in enumerate(piece.lines)
        ),
    ]


def draw_steps(theme: Theme, loudness: list[float]) -> list[str]:
    """Draw the lower row: a question, the clip that a model listens to again, and its answer with the citation."""
    middle = STEP_TOP + STEP_HEIGHT / 2
    clip_x, clip_width = find_card(FOUND)[0] - 62, 252
    answer_x = clip_x + clip_width + 44
    x, width = find_card(FOUND)
    bars = find_bars(PIECES[FOUND])
    clip = [max(loudness[index : index + 2]) for index in bars[::2]]
    return [
        draw_arrow(theme, x + width / 2, CARD_TOP + CARD_HEIGHT + 6, x + width / 2, STEP_TOP - 8),
        *draw_caption(theme, MARGIN, STEP_TOP - 13, "Ask"),
        *draw_box(theme, MARGIN, 326, "What does the book cost?"),
        draw_arrow(theme, MARGIN + 326 + 6, middle, clip_x - 8, middle),
        *draw_caption(theme, clip_x, STEP_TOP - 13, "Listen again"),
        *draw_clip(theme, clip_x, clip_width, clip),
        draw_arrow(theme, clip_x + clip_width + 6, middle, answer_x - 8, middle),
        *draw_caption(theme, answer_x, STEP_TOP - 13, "Answer, and cite"),
        *draw_answer(theme, answer_x, WIDTH - MARGIN - answer_x),
    ]


def draw_arrow(theme: Theme, x1: float, y1: float, x2: float, y2: float) -> str:
    head = (
        f"M{x2 - 7} {y2 - 5}L{x2} {y2}L{x2 - 7} {y2 + 5}"
        if y1 == y2
        else f"M{x2 - 5} {y2 - 7}L{x2} {y2}L{x2 + 5} {y2 - 7}"
    )
    return (
        f'<path d="M{x1} {y1}L{x2} {y2}{head}" fill="none" stroke="{theme.accent}" stroke-width="2" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )


def draw_frame(x: float, width: float, fill: str, stroke: str) -> str:
    return f'<rect x="{x:.1f}" y="{STEP_TOP}" width="{width:.1f}" height="{STEP_HEIGHT}" rx="10" fill="{fill}" stroke="{stroke}"/>'


def draw_box(theme: Theme, x: float, width: float, text: str) -> list[str]:
    return [
        draw_frame(x, width, theme.card, theme.line),
        f'<text x="{x + width / 2:.1f}" y="{STEP_TOP + STEP_HEIGHT / 2 + 6}" font-size="19" text-anchor="middle" '
        f'fill="{theme.text}">{text}</text>',
    ]


def draw_clip(theme: Theme, x: float, width: float, loudness: list[float]) -> list[str]:
    middle = STEP_TOP + 34
    distance = (width - 86) / len(loudness)
    return [
        draw_frame(x, width, theme.accent_card, theme.accent),
        f'<circle cx="{x + 34:.1f}" cy="{middle}" r="16" fill="{theme.accent}"/>',
        f'<path d="M{x + 29.5:.1f} {middle - 7.5}l12 7.5l-12 7.5z" fill="{theme.on_accent}"/>',
        *(
            draw_bar(round(x + 64 + index * distance, 1), middle, each * 36, theme.accent)
            for index, each in enumerate(loudness)
        ),
        f'<text x="{x + width / 2:.1f}" y="{STEP_TOP + 70}" font-size="14" text-anchor="middle" '
        f'font-family="{escape(MONO)}" fill="{theme.text}">call.mp3#t=30.2,34.1</text>',
    ]


def draw_answer(theme: Theme, x: float, width: float) -> list[str]:
    return [
        draw_frame(x, width, theme.card, theme.line),
        f'<text x="{x + width / 2:.1f}" y="{STEP_TOP + 36}" font-size="19" font-weight="600" text-anchor="middle" '
        f'fill="{theme.text}">Eighteen dollars.</text>',
        f'<text x="{x + width / 2:.1f}" y="{STEP_TOP + 62}" font-size="14" text-anchor="middle" font-family="{escape(MONO)}" '
        f'fill="{theme.accent}">[call 00:30–00:34]</text>',
    ]


if __name__ == "__main__":
    main()
