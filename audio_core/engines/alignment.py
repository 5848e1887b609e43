"""Forced alignment: true times for the words of a text that is known, and only its place in the recording is not.

This is far more reliable than recognition. English is aligned by PocketSphinx, any other language of Whisper by a
Whisper model. What does not match the sound is spread over the speech, and its times are estimated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, groupby, islice, pairwise

from audio_core.audio.audio import Audio
from audio_core.engines.aligned_parts import AlignedPart, build_segment, join_parts
from audio_core.engines.aligners import open_aligner
from audio_core.engines.decoder_process import RATE
from audio_core.engines.stretch_alignment import Aligner, StretchAlignment
from audio_core.errors import AudioError
from audio_core.media.decode import decode
from audio_core.media.pcm_window import PcmWindow
from audio_core.media.voice_activity import find_speech
from audio_core.transcript.segment import Segment
from audio_core.transcript.spreading import spread_over_speech
from audio_core.transcript.transcript import Transcript
from audio_core.transcript.utterances import split_sentences, split_words

__all__ = ["align_transcript"]

Span = tuple[float, float]

_LONGEST_GROUP = 25.0  # seconds of segments with known times that are aligned at once; Whisper takes 30
_PADDING = 0.2  # seconds around them, as gateways cut segments a little short
_MISMATCH = "Some of the text does not match what is heard: its times are estimated, or its words have none."


def align_transcript(
    transcript: Transcript, audio: Audio, language: str | None = None, aligner: str | None = None
) -> Transcript:
    """Return the transcript with word times, and with true times for segments whose times are estimated.

    A transcript of text alone gets segments: utterances, as far as its words are found, and sentences that are spread
    over the speech where they are not. Segments with words stay as they are. Memory does not grow with the recording.

    Args:
        transcript: of the recording, or of a clip that is a recording of its own; its times count from its beginning.
        audio: the recording, not remote.
        language: the language spoken, if the transcript does not state it.
        aligner: `"pocketsphinx"` for English, or `"faster-whisper:<size or folder>"`. None takes the
            local Whisper model that the transcript came from, if so, and otherwise PocketSphinx.

    Returns:
        The transcript. Each segment that was aligned has an `alignment_score`. What could not be aligned has estimated
        times, or no words, and a warning says why.

    Example:
        >>> transcript = Transcript("good morning", (Segment(0.0, 1.5, "good morning"),), language="en")
        >>> aligned = align_transcript(transcript, Audio.of("examples/audio/talk.ogg"))
        >>> [word.text for word in aligned.segments[0].words]
        ['good', 'morning']
    """
    is_text_only = not transcript.segments
    segments = list(_split_text(transcript)) if is_text_only else list(transcript.segments)
    if all(map(_is_done, segments)):
        return transcript
    start, end, speech, warning = audio.start or 0.0, transcript.duration or 0.0, list[Span](), None
    try:
        speech, measured = _measure_speech(audio)
        end = min(measured, start + transcript.duration) if transcript.duration else measured
        texts = [segment.text for segment in segments]
        own = transcript.model if transcript.provider == "local" else None
        with open_aligner(aligner or own, transcript.language or language, texts) as opened:
            parts = list(_align_groups(opened, segments, PcmWindow(audio, RATE), speech, (start, end)))
        segments = list(join_parts(parts) if is_text_only else map(build_segment, parts))
        segments = spread_over_speech(segments, speech, (start, end))
        warning = None if all(map(_is_done, segments)) else _MISMATCH
    except AudioError as error:
        segments = spread_over_speech(segments, speech, (start, end)) if is_text_only else segments
        warning = f"{'Times are estimated' if is_text_only else 'Words have no times'}: {error}"
    return replace(transcript, segments=tuple(segments)).add_warnings([warning] if warning else [])


def _split_text(transcript: Transcript) -> Iterator[Segment]:
    for sentence in split_sentences(transcript.text):
        yield Segment(0.0, transcript.duration or 0.0, sentence, is_estimated=True)


def _is_done(segment: Segment) -> bool:
    return segment.is_gap or bool(segment.words and not segment.is_estimated)


def _measure_speech(audio: Audio) -> tuple[list[Span], float]:
    """Return where somebody speaks, and where the recording or its clip ends."""
    start, size = audio.start or 0.0, 0

    def count_bytes() -> Iterator[bytes]:
        nonlocal size
        for piece in decode(audio, rate=RATE):
            size += len(piece)
            yield piece

    speech = find_speech(count_bytes(), RATE, start)
    return speech, start + size / (2 * RATE)


def _align_groups(
    aligner: Aligner, segments: Sequence[Segment], window: PcmWindow, speech: Sequence[Span], whole: Span
) -> Iterator[AlignedPart]:
    for group, bounds in _group_segments(segments, whole):
        texts = [() if _is_done(segment) else split_words(segment.text) for segment in group]
        found = iter(StretchAlignment(aligner, list(chain.from_iterable(texts)), window, speech, bounds).run())
        for segment, own_texts in zip(group, texts, strict=True):
            yield AlignedPart(segment, own_texts, list(islice(found, len(own_texts))))


def _group_segments(segments: Sequence[Segment], whole: Span) -> Iterator[tuple[list[Segment], Span]]:
    """Yield segments that are aligned at once, and between which times: their own, or those of their neighbours."""
    previous_end, groups = whole[0], [list(group) for _, group in groupby(segments, _get_kind)]
    for group, following in pairwise([*groups, []]):
        if group[0].is_estimated:
            yield group, (previous_end, following[0].start if following else whole[1])
            continue
        for smaller in _split_group(group):
            previous_end = max(segment.end for segment in smaller)
            yield smaller, (max(whole[0], smaller[0].start - _PADDING), min(whole[1], previous_end + _PADDING))


def _get_kind(segment: Segment) -> tuple[bool, bool]:
    return _is_done(segment), segment.is_estimated


def _split_group(group: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Yield groups of neighbours that are together short enough for one stretch."""
    smaller = list[Segment]()
    for segment in group:
        if smaller and segment.end - smaller[0].start > _LONGEST_GROUP:
            yield smaller
            smaller = []
        smaller.append(segment)
    yield smaller
