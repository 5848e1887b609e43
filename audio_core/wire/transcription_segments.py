"""The segments and words of a response, as they are sent and as they are checked. No I/O here.

What a gateway says is checked: segments and words come in order of time and within the recording. A missing time lies
between its neighbours, and its segment is marked as estimated. One odd field costs that field.
"""

from __future__ import annotations

import bisect
import itertools
import logging
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from audio_core.lenient_json import drop_none, to_number, to_object, to_objects, to_text
from audio_core.transcript.segment import Segment, Word

__all__ = ["LenientModel", "Number", "RawSegment", "RawWord", "Text", "build_segments", "build_whole_segment"]

_END_TOLERANCE = 1.0  # seconds; models often end their last segment a little late
_MAX_SECONDS = 1e9  # 31 years; a larger number is no time
_log = logging.getLogger("audio_core")


def _parse_number(value: Any) -> float | None:
    """Return a finite number, which vLLM writes as text, or None for anything else."""
    try:
        return to_number(float(value) if isinstance(value, str) else value)
    except ValueError:
        return None


def _parse_amount(value: Any) -> float | None:
    number = _parse_number(value)
    return number if number is not None and number >= 0 else None


def _parse_time(value: Any) -> float | None:
    """Return a time in seconds, or None if it is none. A negative time becomes 0."""
    number = _parse_number(value)
    return max(0.0, float(number)) if number is not None and number < _MAX_SECONDS else None


def _parse_confidence(value: Any) -> float | None:
    number = _parse_number(value)
    return number if number is not None and 0 <= number <= 1 else None


def _parse_text(value: Any) -> str | None:
    """Return a text, or None. OpenRouter numbers its speakers."""
    number = to_number(value)
    return to_text(value) if number is None else str(number)


Number = Annotated[float | None, BeforeValidator(_parse_amount)]
"""A number of 0 or more, or None."""
Text = Annotated[str | None, BeforeValidator(_parse_text)]
"""A text that is not empty, or None."""
_Time = Annotated[float | None, BeforeValidator(_parse_time)]
_Finite = Annotated[float | None, BeforeValidator(_parse_number)]
_Confidence = Annotated[float | None, BeforeValidator(_parse_confidence)]
_SPEAKER_ALIASES = AliasChoices("speaker_label", "speaker", "speaker_id")


class LenientModel(BaseModel):
    """A JSON object of which every field may be missing, null or odd."""

    model_config = ConfigDict(extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, value: Any) -> dict[str, Any]:
        """Drop nulls, with which LiteLLM pads: a null must not hide another name of the field."""
        return drop_none(to_object(value))


class RawWord(LenientModel):
    """A word as a gateway sends it."""

    text: Text = Field(None, validation_alias=AliasChoices("word", "text"))
    start: _Time = None
    end: _Time = None
    speaker: Text = Field(None, validation_alias=_SPEAKER_ALIASES)
    confidence: _Confidence = Field(None, validation_alias=AliasChoices("confidence", "probability", "score"))


class RawSegment(LenientModel):
    """A segment as a gateway sends it."""

    text: Text = None
    start: _Time = None
    end: _Time = None
    speaker: Text = Field(None, validation_alias=_SPEAKER_ALIASES)
    avg_logprob: _Finite = None
    confidence: _Confidence = Field(None, validation_alias=AliasChoices("confidence", "score"))
    words: Annotated[list[RawWord], BeforeValidator(to_objects)] = Field(default_factory=list[RawWord])

    @property
    def has_time(self) -> bool:
        """Whether the start or the end is known."""
        return self.start is not None or self.end is not None

    @property
    def spoken(self) -> str:
        """The text, or that of the words if there is no other."""
        return (self.text or " ".join(word.text.strip() for word in self.words if word.text)).strip()


def build_segments(
    raws: Sequence[RawSegment], words: Sequence[RawWord], duration: float | None, *, begin: float = 0.0
) -> tuple[Segment, ...]:
    """Build segments in order of time.

    Args:
        raws: the segments; those without text are left out.
        words: words that came outside the segments. Each goes to the segment that contains its middle, or the nearest.
        duration: length of the recording in seconds, or None if it is not known.
        begin: where the first segment starts if its start is missing, in seconds.
    """
    spoken = [raw for raw in raws if raw.spoken]
    times = _complete_times(spoken, begin, duration, duration)
    segments = [_build_segment(raw, *time, duration) for raw, time in zip(spoken, times, strict=True)]
    return _assign_words(sorted(segments, key=lambda segment: segment.start), _build_words(words, 0.0, None, duration))


def build_whole_segment(text: str, words: Sequence[RawWord], duration: float | None) -> Segment:
    """Build the segment of a recording whose segments have no times.

    Args:
        text: the whole text, not blank.
        words: the words of the recording, if they have times.
        duration: length of the recording in seconds. None takes the end of the last word.
    """
    timed = _build_words(words, 0.0, duration, duration)
    end = duration if duration is not None else max((word.end for word, _ in timed), default=0.0)
    return _add_words(Segment(0.0, end, text.strip()), timed)


def _build_segment(raw: RawSegment, start: float, end: float, is_estimated: bool, duration: float | None) -> Segment:
    confidence = raw.confidence
    if confidence is None and raw.avg_logprob is not None:
        confidence = math.exp(min(0.0, raw.avg_logprob))
    segment = Segment(start, end, raw.spoken, raw.speaker, confidence=confidence, is_estimated=is_estimated)
    return _add_words(segment, _build_words(raw.words, start, end, duration))


def _add_words(segment: Segment, words: Sequence[tuple[Word, bool]]) -> Segment:
    is_estimated = segment.is_estimated or any(is_word_estimated for _, is_word_estimated in words)
    in_order = sorted((word for word, _ in words), key=lambda word: word.start)
    return replace(segment, words=tuple(in_order), is_estimated=is_estimated)


def _build_words(
    raws: Sequence[RawWord], begin: float, limit: float | None, duration: float | None
) -> list[tuple[Word, bool]]:
    """Return the words with whether their times are estimated; none if no word has a time."""
    spoken = [raw for raw in raws if raw.text and raw.text.strip()]
    if all(raw.start is None and raw.end is None for raw in spoken):
        return []
    times = _complete_times(spoken, begin, limit, duration)
    return [
        (Word(start, end, (raw.text or "").strip(), raw.speaker, raw.confidence), is_estimated)
        for raw, (start, end, is_estimated) in zip(spoken, times, strict=True)
    ]


def _assign_words(segments: Sequence[Segment], words: Sequence[tuple[Word, bool]]) -> tuple[Segment, ...]:
    if not words or any(segment.words for segment in segments):
        return tuple(segments)
    starts, assigned = [segment.start for segment in segments], [list[tuple[Word, bool]]() for _ in segments]
    for word, is_estimated in words:
        middle = (word.start + word.end) / 2
        after = bisect.bisect(starts, middle)
        candidates = range(max(0, after - 1), min(after + 1, len(segments)))
        nearest = min(candidates, key=lambda index: max(starts[index] - middle, middle - segments[index].end))
        assigned[nearest].append((word, is_estimated))
    return tuple(map(_add_words, segments, assigned))


def _complete_times(
    raws: Sequence[RawSegment | RawWord], begin: float, limit: float | None, duration: float | None
) -> list[tuple[float, float, bool]]:
    """Return start and end of each item, and whether they are estimated.

    Missing times share the time between their neighbours, in proportion to the texts. Times that lie well after the end
    of the recording become its end.
    """
    if not raws:
        return []
    positions = list(itertools.accumulate(size for raw in raws for size in (0, len(raw.text or "") or 1)))
    known = [time for raw in raws for time in (raw.start, raw.end)]
    points = [(0, begin), *((at, time) for at, time in zip(positions, known, strict=True) if time is not None)]
    latest = max(time for _, time in points)
    points.append((positions[-1], latest if limit is None else limit))
    if duration is not None and latest > duration + _END_TOLERANCE:
        _log.warning(
            "A time of %.2f s lies after the end of the recording at %.2f s; it is cut there.", latest, duration
        )
    times = [_interpolate(points, at) if time is None else time for at, time in zip(positions, known, strict=True)]
    return [
        _clamp(start, end, raw.start is None or raw.end is None, duration)
        for raw, start, end in zip(raws, times[::2], times[1::2], strict=True)
    ]


def _interpolate(points: Sequence[tuple[int, float]], position: int) -> float:
    """Return the time at a position in the text, between the known times at the positions around it."""
    index = bisect.bisect_left(points, position, key=lambda point: point[0])
    (right, right_time), (left, left_time) = points[index], points[max(0, index - 1)]
    if right == position:
        return right_time
    return left_time + (right_time - left_time) * (position - left) / (right - left)


def _clamp(start: float, end: float, is_estimated: bool, duration: float | None) -> tuple[float, float, bool]:
    """Put the end behind the start, and both before the end of the recording, with some tolerance."""
    end = max(start, end)
    if duration is None or end <= duration + _END_TOLERANCE:
        return start, end, is_estimated
    return min(start, duration), duration, is_estimated or start >= duration
