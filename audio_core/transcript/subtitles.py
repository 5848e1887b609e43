"""Captions that people can read: short lines, shown neither too briefly nor too long.

The rules are those of Netflix's Timed Text Style Guide, General Requirements and English
(https://partnerhelp.netflixstudios.com/hc/en-us/articles/215758617): at most two lines of 42 characters, at least 5/6 of a
second and at most 7 seconds.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from audio_core.transcript.segment import Segment, Word

__all__ = ["render_srt", "render_vtt", "split_captions"]

_COLUMNS, _LINES = 42, 2
_SHORTEST, _LONGEST = 5 / 6, 7.0  # seconds
_SENTENCE_END = (".", "!", "?", "。", "！", "？")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def split_captions(segments: Iterable[Segment], *, named: bool = False) -> list[Segment]:
    """Segments as captions: in order of time, broken into lines, a long segment in several captions.

    A caption ends with a sentence, where one ends in its second half. A short one stays longer, as far as the next allows.

    Args:
        segments: of one recording.
        named: whether a segment's first caption begins with its speaker.
    """
    found = [
        each for segment in sorted(segments, key=lambda each: each.start) for each in _split_segment(segment, named)
    ]
    starts = [caption.start for caption in found]
    return [replace(caption, end=_compute_end(caption, after)) for caption, after in zip_longest(found, starts[1:])]


def render_srt(segments: Iterable[Segment]) -> str:
    """SubRip captions; who speaks stands before the text."""
    cues = (
        f"{number}\n{_format_timestamp(each.start, ',')} --> {_format_timestamp(each.end, ',')}\n{each.text}\n"
        for number, each in enumerate(split_captions(segments, named=True), 1)
    )
    return "\n".join(cues)


def render_vtt(segments: Iterable[Segment]) -> str:
    """WebVTT captions (https://www.w3.org/TR/webvtt1/); speakers are voice spans."""
    cues = (
        f"{_format_timestamp(each.start, '.')} --> {_format_timestamp(each.end, '.')}\n{_format_voice(each)}{_escape(each.text)}\n"
        for each in split_captions(segments)
    )
    return "\n".join(("WEBVTT\n", *cues))


def _compute_end(caption: Segment, following: float | None) -> float:
    wanted = caption.start + _SHORTEST
    return max(min(caption.end, caption.start + _LONGEST), wanted if following is None else min(wanted, following))


def _split_segment(segment: Segment, named: bool) -> Iterator[Segment]:
    held: list[Word] = []
    gap = " " if len(segment.text.split()) > 1 else ""
    tokens = _tokenize(segment, named)
    for word in tokens:
        if held and not _is_within_limits([*held, word], gap):
            yield _build_caption(segment, held, gap)
            held = []
        held.append(word)
        if (
            word.text.endswith(_SENTENCE_END)
            and word is not tokens[-1]
            and 2 * sum(len(each.text) for each in held) >= _COLUMNS * _LINES
        ):
            yield _build_caption(segment, held, gap)
            held = []
    if held:
        yield replace(_build_caption(segment, held, gap), end=max(segment.end, held[0].start))


def _tokenize(segment: Segment, named: bool) -> list[Word]:
    """The segment's text word by word, with the punctuation that words which gateways time often lack."""
    start = max(0.0, segment.start)
    tokens = replace(segment, start=start, end=max(start, segment.end), words=()).get_timed_words()
    if len(tokens) == len(segment.words):
        tokens = [replace(word, text=token.text) for word, token in zip(segment.words, tokens, strict=True)]
    if tokens:
        lead = f"{segment.speaker}: " if named and segment.speaker else ""
        tokens[0] = replace(tokens[0], start=start, text=lead + tokens[0].text)
    return tokens


def _is_within_limits(words: Sequence[Word], gap: str) -> bool:
    lines = _wrap(gap.join(word.text for word in words))
    return words[-1].end - words[0].start <= _LONGEST and len(lines) <= _LINES


def _build_caption(segment: Segment, words: Sequence[Word], gap: str) -> Segment:
    start = max(0.0, words[0].start)
    text = "\n".join(_wrap(gap.join(word.text for word in words)))
    return replace(segment, start=start, end=max(start, words[-1].end), text=text, words=())


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, _COLUMNS)


def _format_voice(segment: Segment) -> str:
    return f"<v {_escape(' '.join(segment.speaker.split()))}>" if segment.speaker else ""


def _format_timestamp(seconds: float, point: str) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest:02}{point}{milliseconds:03}"


def _escape(text: str) -> str:
    return "".join(_ENTITIES.get(character, character) for character in text)
