"""Segments and events as HTML, and the times of the words in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import TypeAlias

from audio_core.audio.media_fragment import format_fragment
from audio_core.transcript.offsets import locate_words, map_folded
from audio_core.transcript.segment import AudioEvent, Segment, Word, format_clock

__all__ = ["LOW_CONFIDENCE", "list_word_times", "number_speakers", "render_speaker", "render_turns"]

LOW_CONFIDENCE = 0.5
"""The confidence, or score of an alignment, below which a page marks a word or a segment."""

_COLORS = 8  # of speakers, in page.css
_BLOCK = 40  # segments; to scroll by single ones takes ten times as long
_Spoken: TypeAlias = tuple[str | None, Segment | AudioEvent]


def number_speakers(segments: Sequence[Segment]) -> dict[str, int]:
    """Return the speakers in the order in which they first speak, each with the number of a colour."""
    names = dict.fromkeys(segment.speaker for segment in segments if segment.speaker)
    return {name: number % _COLORS for number, name in enumerate(names)}


def render_speaker(name: str, speakers: dict[str, int]) -> str:
    """Return the classes and the name of a speaker as HTML."""
    return f'<span class="speaker s{speakers[name]}">{escape(name)}</span>'


def render_turns(items: Sequence[Segment | AudioEvent], speakers: dict[str, int]) -> str:
    """Render segments and events as turns: what one speaker says before another does.

    They are in blocks, of which a browser lays out only those that are seen.

    Args:
        items: in order of time.
        speakers: each with the number of a colour.

    Example:
        >>> print(render_turns([Segment(1.0, 2.5, "<b")], {}))
        <div class="block"><section class="turn">
        <p class="segment"><a class="time" href="#t=1">00:01</a> <span class="text" dir="auto"><i>&lt;b</i></span></p>
        </section></div>
    """
    spoken = list(_assign_speakers(items))
    return "\n".join(
        _render_block(spoken[begin : begin + _BLOCK], spoken[begin - 1][0] if begin else None, speakers)
        for begin in range(0, len(spoken), _BLOCK)
    )


def _assign_speakers(items: Iterable[Segment | AudioEvent]) -> Iterator[_Spoken]:
    """Yield who speaks with each item. A gap or an event does not end a turn."""
    speaker = None
    for item in items:
        speaker = speaker if isinstance(item, AudioEvent) or item.is_gap else item.speaker
        yield speaker, item


def _render_block(spoken: Sequence[_Spoken], before: str | None, speakers: dict[str, int]) -> str:
    """Return a block. If its first speaker is the one before, their turn goes on."""
    turns = list[str]()
    for name, group in groupby(spoken, itemgetter(0)):
        heading = f"<h2>{render_speaker(name, speakers)}</h2>\n" if name and name != before else ""
        paragraphs = "\n".join(_render_item(item) for _, item in group)
        color = f" s{speakers[name]}" if name else ""
        turns.append(f'<section class="turn{color}">\n{heading}{paragraphs}\n</section>')
        before = name
    return f'<div class="block">{"".join(turns)}</div>'


def _render_item(item: Segment | AudioEvent) -> str:
    if isinstance(item, AudioEvent):
        return _render_paragraph("event", item, "", f"<i>{escape(item.text)}</i>")
    remarks = dict(_describe(item))
    text = "".join(_render_word(text, word) for text, word in _split_text(item))
    return _render_paragraph(" ".join(remarks), item, ", ".join(remarks.values()), text)


def _render_paragraph(kinds: str, item: Segment | AudioEvent, remark: str, text: str) -> str:
    clock = format_clock(item.start)
    label = f' title="{remark}" aria-label="{clock}, {remark}"' if remark else ""
    time = f'<a class="time" href="{format_fragment(max(0.0, item.start), None)}"{label}>{clock}</a>'
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
