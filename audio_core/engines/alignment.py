"""Forced alignment with PocketSphinx: word times for transcripts that came without them.

The text is known, and only the place of each word is searched for. This is far more reliable than recognition: half
of the word boundaries are within 0.03 seconds. It works for English. A word that is not in the dictionary, such as a
number in digits, gets the time between its neighbours.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, islice

from audio_core.audio.audio import Audio
from audio_core.engines.decoder_process import RATE
from audio_core.engines.decoders import Decoder, borrow_decoder
from audio_core.errors import AudioError, MissingDependency, describe_install
from audio_core.media.decode import decode
from audio_core.transcript.segment import Segment, Word, interpolate_words
from audio_core.transcript.transcript import Transcript

__all__ = ["align_words"]

_ENGLISH = ("en", "english")
_PADDING = 0.2  # seconds around a segment, as gateways cut segments a little short
_LONGEST = 600.0  # seconds; memory grows by half a megabyte a second
_KNOWN_SHARE = 0.6  # of a text's words that must be in the dictionary; below, it is not English
_WORD_PARTS = re.compile(r"[a-z]+(?:'[a-z]+)*")
_log = logging.getLogger(__name__)


def align_words(transcript: Transcript, audio: Audio, language: str | None = None) -> Transcript:
    """Return the transcript with word times, and with true times for segments whose times a model guessed.

    What cannot be aligned stays as it is, and a warning is logged that says why.

    Args:
        transcript: of the recording, or of a clip that is a recording of its own; its times count from its beginning.
        audio: the recording, not remote.
        language: the language spoken, if the transcript does not state it.

    Example:
        >>> transcript = Transcript("good morning", (Segment(0.0, 1.5, "good morning"),), language="en")
        >>> aligned = align_words(transcript, Audio.of("examples/audio/talk.ogg"))
        >>> [word.text for word in aligned.segments[0].words]
        ['good', 'morning']
    """
    spoken = (transcript.language or language or "en").casefold().replace("_", "-").partition("-")[0]
    if spoken not in _ENGLISH:
        _log.warning("No word times: %s returned none, and only English is aligned here.", transcript.provider)
        return transcript
    try:
        return replace(transcript, segments=tuple(_align_all(transcript, audio)))
    except MissingDependency:
        _log.warning(
            "No word times: %s returned none. To align them here: %s", transcript.provider, describe_install("local")
        )
    except AudioError as error:
        _log.warning("No word times: %s returned none, and they cannot be aligned: %s", transcript.provider, error)
    return transcript


def _align_all(transcript: Transcript, audio: Audio) -> Iterator[Segment]:
    """Yield the aligned segments: those with guessed times within the whole recording, others each in place."""
    for is_estimated, group in groupby(transcript.segments, lambda segment: segment.is_estimated):
        if is_estimated:
            yield from _align_segments(list(group), audio, 0.0, transcript.duration or 0.0)
            continue
        for segment in group:
            is_done = segment.words or segment.is_gap
            yield from [segment] if is_done else _align_segments([segment], audio, segment.start, segment.end)


def _align_segments(segments: Sequence[Segment], audio: Audio, start: float, end: float) -> list[Segment]:
    """Return the segments with their words, all of them somewhere between two times in seconds."""
    texts = [text for segment in segments for text in segment.text.split()]
    with borrow_decoder() as decoder:
        parts = _split_known_words(decoder, texts)
        if sum(map(bool, parts)) < _KNOWN_SHARE * max(1, len(texts)) or end - start > _LONGEST:
            _log.warning("No word times from %.1f to %.1f s: not English, or over %.0f s.", start, end, _LONGEST)
            return list(segments)
        padded_start = max(0.0, start - _PADDING)
        pcm = b"".join(decode(audio.clip(padded_start, end + _PADDING), rate=RATE))
        words = decoder.align(" ".join(part for known_parts in parts for part in known_parts), pcm, padded_start)
    if len(words) != sum(map(len, parts)):
        _log.warning("No word times from %.1f to %.1f s: the text does not match the audio.", start, end)
        return list(segments)
    return _distribute_words(segments, _time_words(texts, parts, words, (start, end)))


def _split_known_words(decoder: Decoder, texts: Sequence[str]) -> list[list[str]]:
    """Split each word of a text into words of the dictionary; into none if any part of it is unknown."""
    parts = [_WORD_PARTS.findall(text.casefold().replace("\u2019", "'")) for text in texts]
    known = decoder.find_known_words({part for own_parts in parts for part in own_parts})
    return [
        own_parts if known.issuperset(own_parts) and not any(map(str.isdigit, text)) else []
        for text, own_parts in zip(texts, parts, strict=True)
    ]


def _time_words(
    texts: Sequence[str], parts: Sequence[Sequence[str]], aligned: Sequence[Word], bounds: tuple[float, float]
) -> Iterator[Word]:
    """Yield the words of a text: known ones where they were aligned, the others spread between those by length."""
    index, end = 0, bounds[0]
    for is_known, group in groupby(zip(texts, parts, strict=True), lambda pair: bool(pair[1])):
        pairs = list(group)
        if not is_known:
            following = aligned[index].start if index < len(aligned) else bounds[1]
            yield from interpolate_words([text for text, _ in pairs], end, max(end, following))
            continue
        for text, own_parts in pairs:
            matches, index = aligned[index : index + len(own_parts)], index + len(own_parts)
            end = matches[-1].end
            yield Word(matches[0].start, end, text)


def _distribute_words(segments: Sequence[Segment], words: Iterator[Word]) -> list[Segment]:
    return [_set_words(segment, tuple(islice(words, len(segment.text.split())))) for segment in segments]


def _set_words(segment: Segment, words: tuple[Word, ...]) -> Segment:
    if not segment.is_estimated or not words:
        return replace(segment, words=words)
    return replace(segment, start=words[0].start, end=words[-1].end, words=words, is_estimated=False)
