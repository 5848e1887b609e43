"""Readable captions from segments, as SubRip or WebVTT.

Each caption has at most two lines of 42 characters and is shown for at least 5/6 of a second and at most 7 seconds.
These limits are those of Netflix's Timed Text Style Guide, General Requirements and English:
https://partnerhelp.netflixstudios.com/hc/en-us/articles/215758617
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from audio_core.transcript.segment import Segment, Word, is_sentence_end

__all__ = ["render_srt", "render_vtt", "split_captions"]

_MAX_COLUMNS, _MAX_LINES = 42, 2
_MIN_SECONDS, _MAX_SECONDS = 5 / 6, 7.0
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def split_captions(segments: Iterable[Segment], *, with_speakers: bool = False) -> list[Segment]:
    """Split segments into captions in order of time, and break their text into lines.

    A caption ends with a sentence if the sentence ends in the second half of the caption. A caption that is too short
    stays on the screen for longer, but not past the start of the next one.

    Args:
        segments: the segments of one recording.
        with_speakers: whether the first caption of each segment begins with the speaker.

    Returns:
        The captions, as segments whose text has line breaks.

    Example:
        >>> split_captions([Segment(1.0, 1.2, "Yes.", "Ann")], with_speakers=True)[0].text
        'Ann: Yes.'
    """
    captions = [
        caption
        for segment in sorted(segments, key=lambda segment: segment.start)
        for caption in _split_segment(segment, with_speakers)
    ]
    starts = [caption.start for caption in captions]
    return [
        replace(caption, end=_compute_end(caption, next_start))
        for caption, next_start in zip_longest(captions, starts[1:])
    ]


def render_srt(segments: Iterable[Segment]) -> str:
    """Render segments as SubRip captions. The first caption of a segment begins with its speaker."""
    cues = (
        f"{number}\n{_format_times(caption, ',')}\n{caption.text}\n"
        for number, caption in enumerate(split_captions(segments, with_speakers=True), 1)
    )
    return "\n".join(cues)


def render_vtt(segments: Iterable[Segment]) -> str:
    """Render segments as WebVTT captions (https://www.w3.org/TR/webvtt1/). Speakers are voice spans."""
    cues = (
        f"{_format_times(caption, '.')}\n{_format_voice(caption)}{_escape(caption.text)}\n"
        for caption in split_captions(segments)
    )
    return "\n".join(("WEBVTT\n", *cues))


def _compute_end(caption: Segment, next_start: float | None) -> float:
    readable_end = caption.start + _MIN_SECONDS
    earliest_end = readable_end if next_start is None else min(readable_end, next_start)
    return max(min(caption.end, caption.start + _MAX_SECONDS), earliest_end)


def _split_segment(segment: Segment, named: bool) -> Iterator[Segment]:
    words: list[Word] = []
    separator = " " if len(segment.text.split()) > 1 else ""
    tokens = _tokenize(segment, named)
    for token in tokens:
        if words and not _is_within_limits([*words, token], separator):
            yield _build_caption(segment, words, separator)
            words = []
        words.append(token)
        if (
            is_sentence_end(token.text)
            and token is not tokens[-1]
            and 2 * sum(len(word.text) for word in words) >= _MAX_COLUMNS * _MAX_LINES
        ):
            yield _build_caption(segment, words, separator)
            words = []
    if words:
        yield replace(_build_caption(segment, words, separator), end=max(segment.end, words[0].start))


def _tokenize(segment: Segment, named: bool) -> list[Word]:
    """Split the segment's own text into timed words, as the words that gateways return often lack punctuation."""
    start = max(0.0, segment.start)
    tokens = replace(segment, start=start, end=max(start, segment.end), words=()).get_timed_words()
    if len(tokens) == len(segment.words):
        tokens = [replace(word, text=token.text) for word, token in zip(segment.words, tokens, strict=True)]
    if tokens:
        prefix = f"{segment.speaker}: " if named and segment.speaker else ""
        tokens[0] = replace(tokens[0], start=start, text=prefix + tokens[0].text)
    return tokens


def _is_within_limits(words: Sequence[Word], separator: str) -> bool:
    lines = _wrap(separator.join(word.text for word in words))
    return words[-1].end - words[0].start <= _MAX_SECONDS and len(lines) <= _MAX_LINES


def _build_caption(segment: Segment, words: Sequence[Word], separator: str) -> Segment:
    start = max(0.0, words[0].start)
    text = "\n".join(_wrap(separator.join(word.text for word in words)))
    return replace(segment, start=start, end=max(start, words[-1].end), text=text, words=())


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, _MAX_COLUMNS)


def _format_voice(segment: Segment) -> str:
    return f"<v {_escape(' '.join(segment.speaker.split()))}>" if segment.speaker else ""


def _format_times(caption: Segment, decimal_mark: str) -> str:
    return f"{_format_timestamp(caption.start, decimal_mark)} --> {_format_timestamp(caption.end, decimal_mark)}"


def _format_timestamp(seconds: float, decimal_mark: str) -> str:
    total_seconds, milliseconds = divmod(round(seconds * 1000), 1000)
    total_minutes, whole_seconds = divmod(total_seconds, 60)
    hours, minutes = divmod(total_minutes, 60)
    return f"{hours:02}:{minutes:02}:{whole_seconds:02}{decimal_mark}{milliseconds:03}"


def _escape(text: str) -> str:
    return "".join(_ENTITIES.get(character, character) for character in text)
