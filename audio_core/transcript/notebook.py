"""Segments as a table for notebooks, without a script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Protocol

from audio_core.transcript.clock import format_clock

__all__ = ["render_table"]

_MOST_ROWS = 100
_STYLE = (
    "<style>.audio-segments td{text-align:left;vertical-align:top;padding:.2em .7em .2em 0;background:none}"
    ".audio-segments td:first-child{opacity:.65;white-space:nowrap;font-variant-numeric:tabular-nums}"
    ".audio-segments b{white-space:nowrap}.audio-segments p{margin:.4em 0;opacity:.8}</style>"
)


class SegmentLike(Protocol):
    """What a table shows of a `Segment`; its attributes are documented there."""

    @property
    def start(self) -> float:
        """Seconds of the recording."""
        ...

    @property
    def end(self) -> float:
        """Seconds of the recording."""
        ...

    @property
    def text(self) -> str:
        """What is said."""
        ...

    @property
    def speaker(self) -> str | None:
        """Who says it."""
        ...

    @property
    def is_gap(self) -> bool:
        """Whether it is missing."""
        ...

    @property
    def is_estimated(self) -> bool:
        """Whether its times are estimated."""
        ...


def render_table(segments: Sequence[SegmentLike], facts: Sequence[str] = (), notes: Sequence[str] = ()) -> str:
    """Return an HTML table of the first hundred segments: times, speakers if there are any, and text.

    Args:
        segments: in order of time.
        facts: what stands above it, on one line.
        notes: what stands below it, each a line.
    """
    has_speakers = any(segment.speaker for segment in segments)
    rows = [_render_row(segment, has_speakers) for segment in segments[:_MOST_ROWS]]
    if len(segments) > _MOST_ROWS:
        rows.append(f"<tr><td>…</td><td>{len(segments) - _MOST_ROWS} more segments</td></tr>")
    lines = [" · ".join(facts)] if facts else []
    above, below = ("".join(f"<p>{escape(line)}</p>" for line in each) for each in (lines, notes))
    return f'<div class="audio-segments">{_STYLE}{above}<table>{"".join(rows)}</table>{below}</div>'


def _render_row(segment: SegmentLike, has_speakers: bool) -> str:
    mark = "≈ " if segment.is_estimated else ""
    times = f"{mark}{format_clock(segment.start)}–{format_clock(segment.end)}"
    speaker = f"<td><b>{escape(segment.speaker or '')}</b></td>" if has_speakers else ""
    text = escape(segment.text.strip())
    return f"<tr><td>{times}</td>{speaker}<td>{f'<em>{text}</em>' if segment.is_gap else text}</td></tr>"
