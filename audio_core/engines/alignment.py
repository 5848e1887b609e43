"""Times for words that a gateway wrote down without them: forced alignment with PocketSphinx.

The text is given, and only where each of its words lies is searched for, so this is far surer than recognition: half of the
boundaries are within 0.03 seconds. It knows English; a word that is not in its dictionary, such as a number in digits, is
given the time between its neighbours.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, islice

from audio_core.audio.audio import Audio
from audio_core.engines.pocketsphinx import RATE, Decoder, borrow_decoder, recognize_words
from audio_core.errors import AudioError, MissingDependency
from audio_core.media.decode import decode
from audio_core.transcript.segment import Segment, Word, interpolate_words
from audio_core.transcript.transcript import Transcript

__all__ = ["align_words"]

_ENGLISH = ("en", "english")
_PADDING = 0.2  # seconds around a segment, as gateways cut them a little short
_LONGEST = 600.0  # seconds; memory grows by half a megabyte a second
_KNOWN_SHARE = 0.6  # of a text's words that must be in the dictionary; below, it is not English
_PARTS = re.compile(r"[a-z]+(?:'[a-z]+)*")
_log = logging.getLogger("audio_core")


def align_words(transcript: Transcript, audio: Audio, language: str | None = None) -> Transcript:
    """The transcript with the times of its words, and true ones for segments whose times a model guessed.

    What cannot be aligned stays as it is, and the log says why.

    Args:
        transcript: of the recording, or of a clip that is a recording of its own; its times count from its beginning.
        audio: the recording, open.
        language: that is spoken, if the transcript does not say.

    Example:
        >>> heard = Transcript("good morning", (Segment(0.0, 1.5, "good morning"),), language="en")
        >>> [word.text for word in aligned(heard, Audio.of("examples/audio/talk.ogg")).segments[0].words]
        ['good', 'morning']
    """
    if (transcript.language or language or "en").casefold() not in _ENGLISH:
        _log.warning("No times for words: %s gave none, and only English is aligned here.", transcript.provider)
        return transcript
    try:
        return replace(transcript, segments=tuple(_align_all(transcript, audio)))
    except MissingDependency:
        _log.warning(
            "No times for words: %s gave none. To align them here: pip install 'langchain-llamaindex-audio[local]'",
            transcript.provider,
        )
    except AudioError as error:
        _log.warning("No times for words: %s gave none, and they cannot be aligned: %s", transcript.provider, error)
    return transcript


def _align_all(transcript: Transcript, audio: Audio) -> Iterator[Segment]:
    """Segments with guessed times are searched for in all of the recording, the others each where it is."""
    for is_estimated, group in groupby(transcript.segments, lambda segment: segment.is_estimated):
        if is_estimated:
            yield from _align_segments(list(group), audio, 0.0, transcript.duration or 0.0)
            continue
        for segment in group:
            is_done = segment.words or segment.is_gap
            yield from [segment] if is_done else _align_segments([segment], audio, segment.start, segment.end)


def _align_segments(segments: Sequence[Segment], audio: Audio, start: float, end: float) -> list[Segment]:
    """The segments with their words, which lie somewhere between two times."""
    texts = [text for segment in segments for text in segment.text.split()]
    with borrow_decoder() as decoder:
        parts = [_split_known_words(decoder, text) for text in texts]
        if sum(map(bool, parts)) < _KNOWN_SHARE * max(1, len(texts)) or end - start > _LONGEST:
            _log.warning("No times for words from %.1f to %.1f s: not English, or over %.0f s.", start, end, _LONGEST)
            return list(segments)
        low = max(0.0, start - _PADDING)
        sound = b"".join(decode(audio.clip(low, end + _PADDING), rate=RATE))
        decoder.set_align_text(" ".join(part for known in parts for part in known))
        found = recognize_words(decoder, sound, low)
        decoder.activate_search()  # back to recognising, for whoever borrows it next
    if len(found) != sum(map(len, parts)):
        _log.warning("No times for words from %.1f to %.1f s: the text is not what is said there.", start, end)
        return list(segments)
    return _distribute_words(segments, _time_words(texts, parts, found, (start, end)))


def _split_known_words(decoder: Decoder, text: str) -> list[str]:
    """The words of the dictionary that a word of a text is made of; none if it is not known."""
    parts = _PARTS.findall(text.casefold().replace("\u2019", "'"))
    is_known = not any(map(str.isdigit, text)) and all(decoder.lookup_word(part) for part in parts)
    return parts if is_known else []


def _time_words(
    texts: Sequence[str], parts: Sequence[Sequence[str]], found: Sequence[Word], within: tuple[float, float]
) -> Iterator[Word]:
    """The words of a text: where they were found, and between those the others, each by its length."""
    at, end = 0, within[0]
    for is_known, group in groupby(zip(texts, parts, strict=True), lambda pair: bool(pair[1])):
        words = list(group)
        if not is_known:
            following = found[at].start if at < len(found) else within[1]
            yield from interpolate_words([text for text, _ in words], end, max(end, following))
            continue
        for text, own in words:
            said, at = found[at : at + len(own)], at + len(own)
            end = said[-1].end
            yield Word(said[0].start, end, text)


def _distribute_words(segments: Sequence[Segment], words: Iterator[Word]) -> list[Segment]:
    return [_set_words(segment, tuple(islice(words, len(segment.text.split())))) for segment in segments]


def _set_words(segment: Segment, words: tuple[Word, ...]) -> Segment:
    if not segment.is_estimated or not words:
        return replace(segment, words=words)
    return replace(segment, start=words[0].start, end=words[-1].end, words=words, is_estimated=False)
