"""A transcript as a table for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from audio_core.transcript.segment import Segment, format_clock

__all__ = ["render_table"]

_MOST_ROWS = 100


def render_table(segments: Sequence[Segment]) -> str:
    """Return an HTML table of the first hundred segments: times, speakers if there are any, and text.

    Example:
        >>> render_table([Segment(1.0, 2.5, "a < b")])
        '<table><tr><td>00:01–00:02</td><td>a &lt; b</td></tr></table>'
    """
    has_speakers = any(segment.speaker for segment in segments)
    rows = [_render_row(segment, has_speakers) for segment in segments[:_MOST_ROWS]]
    if len(segments) > _MOST_ROWS:
        rows.append(f"<tr><td>…</td><td>{len(segments) - _MOST_ROWS} more segments</td></tr>")
    return f"<table>{''.join(rows)}</table>"


def _render_row(segment: Segment, has_speakers: bool) -> str:
    times = f"{format_clock(segment.start)}–{format_clock(segment.end)}"
    cells = [times, *([segment.speaker or ""] if has_speakers else []), segment.text.strip()]
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
