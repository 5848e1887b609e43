"""Segments of what a gateway sends, checked. No I/O here.

What a gateway says is checked: segments and words come in order of time and within the recording. A missing time lies
between its neighbours, and its segment is marked as estimated. One odd field costs that field. Where words contradict
their segment, the words' speakers count, as they tell more. If they lie elsewhere, the segment is marked as estimated.
"""

from __future__ import annotations

import bisect
import itertools
import logging
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from audio_core.transcript.segment import AudioEvent, Segment, Word
from audio_core.transcript.utterances import split_into_utterances
from audio_core.wire.transcription_fields import RawSegment, RawWord, remove_events

__all__ = ["build_events", "build_segments", "build_utterances"]

_TOLERANCE = 1.0  # seconds; models often end their last segment a little late, and words stray a little
_WORD_SECONDS, _CHARACTER_SECONDS = 0.2, 0.08  # a word lasts about as long, if one of its times is missing
_log = logging.getLogger(__name__)


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
    if not any(raw.end for raw in spoken):  # zeros alone are no times
        spoken = [raw.model_copy(update={"end": None}) for raw in spoken]
    times = _complete_times(spoken, begin, duration, duration)
    segments = [_build_segment(raw, *time, duration) for raw, time in zip(spoken, times, strict=True)]
    segments = _assign_words(sorted(segments, key=lambda item: item.start), _build_words(words, 0.0, None, duration))
    labels, sounds = _match_labels(segments), [word for word in words if word.is_event]
    split = (part for segment in segments for part in _split_by_speaker(_remove_sounds(segment, sounds), labels))
    return tuple(sorted((_mark_strays(part) for part in split if part.text), key=lambda segment: segment.start))


def build_utterances(text: str, words: Sequence[RawWord], duration: float | None) -> tuple[Segment, ...]:
    """Build the segments of a recording whose segments have no times: of its words, or none if these have no times.

    Args:
        text: the whole text, not blank.
        words: the words of the recording, if they have times.
        duration: length of the recording in seconds, or None if it is not known.
    """
    if not any(raw.start or raw.end for raw in words):  # zeros alone are no times
        return ()
    timed = _build_words(words, 0.0, duration, duration)
    return tuple(_split(timed, text)) if timed else ()


def build_events(words: Iterable[RawWord], duration: float | None) -> tuple[AudioEvent, ...]:
    """Build the sounds among the words that are no speech. What has no time is left out.

    Args:
        words: all words of a response.
        duration: length of the recording in seconds, or None if it is not known.
    """
    limit = math.inf if duration is None else duration
    return tuple(
        AudioEvent(min(raw.start, limit), min(max(raw.start, raw.end or 0.0), limit), raw.text.strip())
        for raw in words
        if raw.is_event and raw.text and raw.start is not None
    )


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


def _remove_sounds(segment: Segment, sounds: Sequence[RawWord]) -> Segment:
    within = [sound for sound in sounds if segment.start <= (sound.start or 0.0) <= segment.end]
    return replace(segment, text=remove_events(segment.text, within)) if within else segment


def _match_labels(segments: Sequence[Segment]) -> dict[str, str]:
    """Return which label of segments stands for which of words, if words have others. OpenRouter numbers these."""
    pairs = Counter(
        (word.speaker, segment.speaker)
        for segment in segments
        for word in segment.words
        if word.speaker and segment.speaker
    )
    labels = dict[str, str]()
    if {label for label, _ in pairs} & {segment.speaker for segment in segments}:
        return labels
    for (label, name), _ in pairs.most_common():
        if label not in labels and name not in labels.values():
            labels[label] = name
    return labels


def _split_by_speaker(segment: Segment, labels: Mapping[str, str]) -> Iterable[Segment]:
    """Give a segment the speaker of its words, and its words the segment's. If they have several, split it."""
    words = [replace(word, speaker=labels.get(word.speaker or "", word.speaker)) for word in segment.words]
    speakers = {word.speaker for word in words} - {None}
    if len(speakers) > 1:
        return _split([(word, segment.is_estimated) for word in words], segment.text)
    return (_name_speaker(replace(segment, words=tuple(words)), speakers.pop() if speakers else segment.speaker),)


def _name_speaker(segment: Segment, speaker: str | None) -> Segment:
    return replace(segment, speaker=speaker, words=tuple(replace(word, speaker=speaker) for word in segment.words))


def _split(words: Sequence[tuple[Word, bool]], text: str) -> Iterator[Segment]:
    in_order = sorted(words, key=lambda item: item[0].start)
    estimated = (is_estimated for _, is_estimated in in_order)
    for segment in split_into_utterances([word for word, _ in in_order], text):
        flags = list(itertools.islice(estimated, len(segment.words)))
        yield _name_speaker(replace(segment, is_estimated=any(flags)), segment.speaker)


def _mark_strays(segment: Segment) -> Segment:
    """Mark a segment as estimated of which some words lie elsewhere: which times are right is not known."""
    low, high = segment.start - _TOLERANCE, segment.end + _TOLERANCE
    if all(low <= word.start and word.end <= high for word in segment.words):
        return segment
    return replace(segment, is_estimated=True)


def _build_words(
    raws: Sequence[RawWord], begin: float, limit: float | None, duration: float | None
) -> list[tuple[Word, bool]]:
    """Return the words with whether their times are estimated; none if no word has a time."""
    spoken = [raw for raw in raws if raw.text and raw.text.strip() and not raw.is_event]
    if all(raw.start is None and raw.end is None for raw in spoken):
        return []
    if all(raw.start is not None for raw in spoken):
        spoken.sort(key=lambda raw: raw.start or 0.0)
    spoken = _drop_odd_ends(spoken)
    times = [
        _shorten(raw, *time) for raw, time in zip(spoken, _complete_times(spoken, begin, limit, duration), strict=True)
    ]
    return [
        (Word(start, end, (raw.text or "").strip(), raw.speaker, raw.confidence), is_estimated)
        for raw, (start, end, is_estimated) in zip(spoken, times, strict=True)
    ]


def _drop_odd_ends(raws: Sequence[RawWord]) -> list[RawWord]:
    """Leave out ends that lie before the start, or well behind the start of the same speaker's next word."""
    limits = [
        after.start + _TOLERANCE if after.start is not None and after.speaker == raw.speaker else math.inf
        for raw, after in itertools.pairwise(raws)
    ]
    return [
        raw if raw.end is None or (raw.start or 0.0) <= raw.end <= limit else raw.model_copy(update={"end": None})
        for raw, limit in zip(raws, [*limits, math.inf], strict=True)
    ]


def _shorten(raw: RawWord, start: float, end: float, is_estimated: bool) -> tuple[float, float, bool]:
    """Return the times of a word. One whose start or end is missing is not stretched over the pause beside it."""
    longest = _WORD_SECONDS + _CHARACTER_SECONDS * len(raw.text or "")
    if raw.end is None and raw.start is not None:
        return start, min(end, start + longest), is_estimated
    if raw.start is None and raw.end is not None:
        return max(start, end - longest), end, is_estimated
    return start, end, is_estimated


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
    if duration is not None and latest > duration + _TOLERANCE:
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
    if duration is None or end <= duration + _TOLERANCE:
        return start, end, is_estimated
    return min(start, duration), duration, is_estimated or start >= duration
