"""PocketSphinx in this process: the default without any key.

It is modest: about one word in four wrong on read English, worse on telephone audio or noise, and it hears English in any
language. It is here so that everything can be tried, tested and shown offline, with true word times.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from audio_core.audio.audio import Audio
from audio_core.errors import MissingDependency
from audio_core.media.decode import decode
from audio_core.transcript.segment import Segment, Word
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import TranscriptionOptions

Decoder = Any  # PocketSphinx has no types

__all__ = ["RATE", "Decoder", "PocketSphinx", "borrow_decoder", "group_by_pause", "recognize_words", "split_utterances"]

RATE = 16_000
_BYTES_PER_SECOND = RATE * 2
_FRAMES_PER_SECOND = 100  # of the decoder's own clock
_VAD_MODE = 0  # the endpointer's mode; stricter ones cut soft sounds off: up to 4 points of word error rate
_WINDOW = 0.3  # seconds that the endpointer looks at before it decides
_PAUSE = 0.3  # seconds between two words that end a segment
_PADDING = 0.25  # seconds of pause kept around speech, so that soft first and last sounds are heard
_LONGEST_UTTERANCE = 30.0  # seconds; without a pause by then, the quietest moment of the last ones is taken for one
_LOOK_BACK = 6.0
_FRAME = 960  # bytes, 30 ms
# Faster than its defaults (by two fifths on echoing speech) at the same word error rate; half the bound ruins the latter.
_TUNING = {"fwdflat": False, "maxhmmpf": 6000}
_VARIANT, _FILLER = re.compile(r"\(\d+\)$"), re.compile(r"^(<.*>|\[.*\]|\+\+.*\+\+)$")

_idle: list[Decoder] = []  # a decoder takes 0.3 s to load and serves one thread at a time
_lock = threading.Lock()


class PocketSphinx:
    """English speech recognition with the model that PocketSphinx's wheel carries.

    Segments end at pauses; each word has its times and a posterior probability as confidence. Memory does not grow with
    the recording's length.

    Example:
        >>> heard = PocketSphinx().transcribe(Audio.of("examples/audio/call.mp3", end=6), TranscriptionOptions())
        >>> heard.provider
        'local'
    """

    model = "pocketsphinx"

    def transcribe(self, audio: Audio, options: TranscriptionOptions) -> Transcript:
        """Transcribe a recording, or its clip.

        Args:
            audio: an open recording in any format that is read here.
            options: `words` keeps each word's times; the others mean nothing to this engine.

        Raises:
            MissingDependency: if PocketSphinx is not installed.
            InvalidAudio: if the recording is damaged or cut short.
        """
        offset, heard = audio.start or 0.0, _SecondsCounter(decode(audio, rate=RATE))
        segments = tuple(
            segment.shift(offset) if options.words else replace(segment.shift(offset), words=())
            for segment in self._recognize(heard)
        )
        return Transcript(
            text=" ".join(segment.text for segment in segments),
            segments=segments,
            language="en",
            duration=heard.seconds,
            model=self.model,
            provider="local",
        )

    def _recognize(self, heard: Iterable[bytes]) -> Iterator[Segment]:
        with borrow_decoder() as decoder:
            for start, utterance in split_utterances(heard):
                for words in group_by_pause(recognize_words(decoder, utterance, start)):
                    yield _build_segment(words)


def split_utterances(pieces: Iterable[bytes]) -> Iterator[tuple[float, bytes]]:
    """Stretches of speech between pauses, with a little of the pauses, and where each starts.

    Args:
        pieces: 16-bit mono PCM at 16 kHz.

    Yields:
        Start in seconds, and PCM of little over 30 s at most.
    """
    endpointer = _import_pocketsphinx().Endpointer(window=_WINDOW, vad_mode=_VAD_MODE, sample_rate=RATE)
    tape, begin = _PcmBuffer(), None
    for frame in _split_frames(pieces, endpointer.frame_bytes):
        tape.add(frame)
        if len(frame) < endpointer.frame_bytes:
            break
        endpointer.process(frame)
        if endpointer.in_speech:
            begin = endpointer.speech_start - _PADDING if begin is None else begin
            if tape.end - begin > _LONGEST_UTTERANCE:
                cut = tape.find_quietest(tape.end - _LOOK_BACK, tape.end)
                yield tape.take(begin, cut)
                begin = cut
        elif begin is not None:
            yield tape.take(begin, endpointer.speech_end + _PADDING)
            begin = None
        else:
            tape.forget(tape.end - 2 * _PADDING - _WINDOW)
    if begin is not None:
        yield tape.take(begin, tape.end)


class _PcmBuffer:
    """The last seconds of PCM; what was taken is gone."""

    def __init__(self) -> None:
        self._held, self._start = bytearray(), 0

    @property
    def end(self) -> float:
        """Seconds of the recording that have been added."""
        return (self._start + len(self._held)) / _BYTES_PER_SECOND

    def add(self, data: bytes) -> None:
        self._held += data

    def forget(self, seconds: float) -> None:
        """Drop what lies before a time."""
        count = max(0, self._locate(seconds))
        del self._held[:count]
        self._start += count

    def take(self, begin: float, end: float) -> tuple[float, bytes]:
        """What lies between two times, as far as it is still held, and where that starts."""
        self.forget(begin)
        start, data = self._start / _BYTES_PER_SECOND, bytes(self._held[: max(0, self._locate(end))])
        self.forget(start + len(data) / _BYTES_PER_SECOND)
        return start, data

    def find_quietest(self, begin: float, end: float) -> float:
        """Where, between two times, the frame of least energy starts."""
        frames = range(max(0, self._locate(begin)), self._locate(end) - _FRAME, _FRAME)
        best = min(frames, key=lambda at: _compute_energy(self._held[at : at + _FRAME]))
        return (self._start + best) / _BYTES_PER_SECOND

    def _locate(self, seconds: float) -> int:
        return round(seconds * RATE) * 2 - self._start


def _split_frames(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Whole frames, and last a shorter or empty one, which tells the endpointer that the stream has ended."""
    held = bytearray()
    for piece in pieces:
        held += piece
        whole = len(held) - len(held) % size
        for at in range(0, whole, size):
            yield bytes(held[at : at + size])
        del held[:whole]
    yield bytes(held)


def _compute_energy(frame: bytes | bytearray) -> int:
    return sum(abs(sample) for sample in memoryview(frame).cast("h"))


def recognize_words(decoder: Decoder, utterance: bytes, start: float) -> list[Word]:
    """The words that a decoder finds in an utterance which begins `start` seconds into the recording."""
    decoder.start_utt()
    decoder.process_raw(utterance, full_utt=True)
    decoder.end_utt()
    found: list[Any] = list(decoder.seg() or ())
    return [
        Word(
            start=round(start + segment.start_frame / _FRAMES_PER_SECOND, 3),
            end=round(start + (segment.end_frame + 1) / _FRAMES_PER_SECOND, 3),
            text=_VARIANT.sub("", segment.word),
            confidence=round(min(1.0, segment.prob), 4),
        )
        for segment in found
        if not _FILLER.match(segment.word)
    ]


def group_by_pause(words: Iterable[Word]) -> Iterator[list[Word]]:
    """Words in groups that pauses part."""
    group: list[Word] = []
    for word in words:
        if group and word.start - group[-1].end >= _PAUSE:
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _build_segment(words: list[Word]) -> Segment:
    rated = [word.confidence or 0.0 for word in words]
    return Segment(
        start=words[0].start,
        end=words[-1].end,
        text=" ".join(word.text for word in words),
        words=tuple(words),
        confidence=round(sum(rated) / len(rated), 4),
    )


class _SecondsCounter:
    """Passes PCM on and counts its seconds."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._bytes = pieces, 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._bytes += len(piece)
            yield piece

    @property
    def seconds(self) -> float:
        return round(self._bytes / _BYTES_PER_SECOND, 6)


@contextmanager
def borrow_decoder() -> Generator[Decoder]:
    """A decoder that serves nobody else meanwhile."""
    with _lock:
        decoder = _idle.pop() if _idle else None
    decoder = decoder or _import_pocketsphinx().Decoder(samprate=RATE, loglevel="FATAL", **_TUNING)
    decoder.reinit_feat()  # forget the last recording's noise, or the same audio would give other words
    yield decoder
    with _lock:  # after an error it is dropped: it may stand within an utterance
        _idle.append(decoder)


def _import_pocketsphinx() -> Any:
    try:
        import pocketsphinx  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingDependency(
            "The local engine needs PocketSphinx: pip install 'langchain-llamaindex-audio[local]'"
        ) from None
    return pocketsphinx
