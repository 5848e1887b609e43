"""Segments and events as HTML, and the times of the words in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby, zip_longest

from audio_core.transcript.offsets import locate_words, map_folded
from audio_core.transcript.segment import AudioEvent, Segment, Word, format_clock

__all__ = ["LOW_CONFIDENCE", "list_word_times", "number_speakers", "render_speaker", "render_turns"]

LOW_CONFIDENCE = 0.5
"""The confidence, or score of an alignment, below which a page marks a word or a segment."""

_COLORS = 8  # of speakers, in page.css


def number_speakers(segments: Sequence[Segment]) -> dict[str, int]:
    """Return the speakers in the order in which they first speak, each with the number of a colour."""
    names = dict.fromkeys(segment.speaker for segment in segments if segment.speaker)
    return {name: number % _COLORS for number, name in enumerate(names)}


def render_speaker(name: str, speakers: dict[str, int]) -> str:
    """Return the classes and the name of a speaker as HTML."""
    return f'<span class="speaker s{speakers[name]}">{escape(name)}</span>'


def render_turns(items: Sequence[Segment | AudioEvent], speakers: dict[str, int]) -> str:
    """Render segments and events as turns: what one speaker says before another does.

    Args:
        items: in order of time.
        speakers: each with the number of a colour.

    Example:
        >>> print(render_turns([Segment(1.0, 2.5, "a < b")], {}))
        <section class="turn">
        <p class="segment"><a class="time" href="#t=1">00:01</a> <span class="text" dir="auto"><i>a &lt; b</i></span></p>
        </section>
    """
    turns, speaker = list[tuple[str | None, Segment | AudioEvent]](), None
    for item in items:
        speaker = speaker if isinstance(item, AudioEvent) or item.is_gap else item.speaker
        turns.append((speaker, item))
    return "\n".join(
        _render_turn(name, [item for _, item in group], speakers)
        for name, group in groupby(turns, lambda turn: turn[0])
    )


def _render_turn(name: str | None, items: Sequence[Segment | AudioEvent], speakers: dict[str, int]) -> str:
    color = f" s{speakers[name]}" if name else ""
    heading = f"<h2>{render_speaker(name, speakers)}</h2>\n" if name else ""
    paragraphs = "\n".join(map(_render_item, items))
    return f'<section class="turn{color}">\n{heading}{paragraphs}\n</section>'


def _render_item(item: Segment | AudioEvent) -> str:
    if isinstance(item, AudioEvent):
        return _render_paragraph("event", item, "", f"<i>{escape(item.text)}</i>")
    remarks = dict(_describe(item))
    text = "".join(_render_word(text, word) for text, word in _split_text(item))
    return _render_paragraph(" ".join(remarks), item, ", ".join(remarks.values()), text)


def _render_paragraph(kinds: str, item: Segment | AudioEvent, remark: str, text: str) -> str:
    clock = format_clock(item.start)
    label = f' title="{remark}" aria-label="{clock}, {remark}"' if remark else ""
    time = f'<a class="time" href="#t={round(max(0.0, item.start), 3):g}"{label}>{clock}</a>'
    return f'<p class="segment{" " * bool(kinds)}{kinds}">{time} <span class="text" dir="auto">{text}</span></p>'


def _describe(segment: Segment) -> Iterator[tuple[str, str]]:
    """Yield what a reader must know about a segment, each as a class and in words."""
    if segment.is_gap:
        yield "gap", "not transcribed"
    if segment.is_estimated:
        yield "estimated", "estimated time"
    if (score := segment.alignment_score) is not None and score < LOW_CONFIDENCE:
        yield "unsure", "the text is probably not what is said"
    elif (score := segment.confidence) is not None and score < LOW_CONFIDENCE:
        yield "unsure", f"confidence {score:.0%}"


def _render_word(text: str, word: Word | None) -> str:
    word_text, confidence = text.rstrip(), word.confidence if word else None
    space = text[len(word_text) :]
    if confidence is None or confidence >= LOW_CONFIDENCE:
        return f"<i>{escape(word_text)}</i>{space}"
    return f'<i class="unsure" title="confidence {confidence:.0%}">{escape(word_text)}</i>{space}'


def _split_text(segment: Segment) -> Iterator[tuple[str, Word | None]]:
    """Yield the text of each timed word, with what stands before the next one, and the word if it is known."""
    offsets, text = locate_words([segment]), segment.text.strip()
    indices = [*map_folded(text), len(text)]
    begins = [indices[offset.begin] for offset in offsets]
    words = segment.words if len(segment.words) == len(offsets) else ()
    for begin, stop, word in zip_longest(begins, begins[1:], words):
        yield text[begin:stop], word


def list_word_times(items: Sequence[Segment | AudioEvent]) -> list[float]:
    """Return start and end, one after another, of each `<i>` that `render_turns` writes, in seconds.

    Example:
        >>> list_word_times([Segment(1.0, 2.5, "a b", words=(Word(1.0, 1.5, "a"), Word(2.0, 2.5, "b")))])
        [1.0, 1.5, 2.0, 2.5]
    """
    return [
        round(time, 3)
        for item in items
        for stretch in ([item] if isinstance(item, AudioEvent) else locate_words([item]))
        for time in (stretch.start, stretch.end)
    ]
