"""PocketSphinx in this process: the default engine, which needs no key.

Its accuracy is modest: about one word in four is wrong on read English, more on telephone audio or in noise, and speech
in any other language is transcribed as English words. It lets everything be tried, tested and shown offline, with true
word times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from audio_core.audio.audio import Audio
from audio_core.engines.cores import count_cores
from audio_core.engines.decoder_process import RATE
from audio_core.engines.decoders import borrow_decoder
from audio_core.errors import MissingDependency, describe_install
from audio_core.media.decode import decode
from audio_core.transcript.segment import Segment, Word
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["PocketSphinx", "group_by_pause", "split_utterances"]

_BYTES_PER_SECOND = RATE * 2
_VAD_MODE = 0  # stricter modes of the endpointer cut soft sounds off, at up to 4 points of word error rate
_WINDOW = 0.3  # seconds that the endpointer examines before it decides
_PAUSE = 0.3  # seconds between two words that end a segment
_PADDING = 0.25  # seconds of pause kept around speech, so that soft first and last sounds are recognised
_LONGEST_UTTERANCE = 30.0  # seconds; without a pause by then, it is cut at the quietest of its last moments
_LOOK_BACK = 6.0  # seconds that are searched for the quietest moment
_FRAME_BYTES = 960  # 30 ms


class PocketSphinx:
    """An engine for English speech, with the model that PocketSphinx's wheel includes.

    Segments end at pauses. Each word has its times, and its posterior probability as confidence. Memory does not grow
    with the recording's length. Each recording or piece is decoded in a process of its own, which takes 115 MB.

    Example:
        >>> transcript = PocketSphinx().transcribe(Audio.of("examples/audio/call.mp3", end=6), TranscriptionOptions())
        >>> transcript.provider
        'local'
    """

    model = label = "pocketsphinx"
    ignored_options = ("prompt", "keywords", "diarize", "temperature", "aligner", "extra")
    languages = re.compile("en|en-.*|english", re.IGNORECASE)
    longest_piece = 60.0

    @property
    def max_concurrency(self) -> int:
        """How many calls are useful side by side: one for each core, as each uses one."""
        return count_cores()

    def transcribe(self, audio: Audio, options: TranscriptionOptions) -> Transcript:
        """Transcribe a recording, or its clip.

        Args:
            audio: a recording that is not remote, in any supported format.
            options: `words` keeps each word's times.

        Returns:
            The transcript, with times in seconds of the original recording.

        Raises:
            MissingDependency: if PocketSphinx is not installed.
            ProviderUnavailable: if its process ends, such as for lack of memory.
            InvalidAudio: if the recording is damaged or cut short.
            UnsupportedFormat: if its codec, sample rate or channel count is not supported.
        """
        warnings = list[str]()
        offset, pcm = audio.start or 0.0, _SecondsCounter(decode(audio, rate=RATE, warnings=warnings))
        segments = tuple(
            segment.shift(offset) if options.words else replace(segment.shift(offset), words=())
            for segment in self._recognize(pcm)
        )
        return Transcript(
            text=" ".join(segment.text for segment in segments),
            segments=segments,
            language="en",
            duration=pcm.seconds,
            model=self.model,
            provider="local",
            warnings=tuple(warnings),
        )

    def _recognize(self, pcm: Iterable[bytes]) -> Iterator[Segment]:
        with borrow_decoder() as decoder:
            for start, utterance in split_utterances(pcm):
                for words in group_by_pause(decoder.recognize(utterance, start)):
                    yield _build_segment(words)


def split_utterances(pieces: Iterable[bytes]) -> Iterator[tuple[float, bytes]]:
    """Split PCM into utterances at pauses; each keeps a little of the pauses around it.

    Args:
        pieces: 16-bit mono PCM at 16 kHz.

    Yields:
        The start of an utterance in seconds, and its PCM of little over 30 s at most.

    Raises:
        MissingDependency: if PocketSphinx is not installed.
    """
    endpointer = _import_pocketsphinx().Endpointer(window=_WINDOW, vad_mode=_VAD_MODE, sample_rate=RATE)
    buffer, start = _PcmBuffer(), None
    for frame in _split_frames(pieces, endpointer.frame_bytes):
        buffer.add(frame)
        if len(frame) < endpointer.frame_bytes:
            break
        endpointer.process(frame)
        if endpointer.in_speech:
            start = endpointer.speech_start - _PADDING if start is None else start
            if buffer.end - start > _LONGEST_UTTERANCE:
                cut = buffer.find_quietest(buffer.end - _LOOK_BACK, buffer.end)
                yield buffer.take(start, cut)
                start = cut
        elif start is not None:
            yield buffer.take(start, endpointer.speech_end + _PADDING)
            start = None
        else:
            buffer.drop_before(buffer.end - 2 * _PADDING - _WINDOW)
    if start is not None:
        yield buffer.take(start, buffer.end)


class _PcmBuffer:
    """The last seconds of a stream of PCM."""

    def __init__(self) -> None:
        self._data, self._start = bytearray(), 0

    @property
    def end(self) -> float:
        """Seconds of the recording that have been added."""
        return (self._start + len(self._data)) / _BYTES_PER_SECOND

    def add(self, data: bytes) -> None:
        self._data += data

    def drop_before(self, seconds: float) -> None:
        """Drop what lies before a time."""
        count = max(0, self._to_offset(seconds))
        del self._data[:count]
        self._start += count

    def take(self, start: float, end: float) -> tuple[float, bytes]:
        """Remove what lies before `end`; return the part from `start` on, as far as it is held, and its start."""
        self.drop_before(start)
        actual_start, data = self._start / _BYTES_PER_SECOND, bytes(self._data[: max(0, self._to_offset(end))])
        self.drop_before(actual_start + len(data) / _BYTES_PER_SECOND)
        return actual_start, data

    def find_quietest(self, start: float, end: float) -> float:
        """Return the time, between two times, at which the frame of least energy starts."""
        offsets = range(max(0, self._to_offset(start)), self._to_offset(end) - _FRAME_BYTES, _FRAME_BYTES)
        quietest = min(offsets, key=lambda offset: _compute_energy(self._data[offset : offset + _FRAME_BYTES]))
        return (self._start + quietest) / _BYTES_PER_SECOND

    def _to_offset(self, seconds: float) -> int:
        return round(seconds * RATE) * 2 - self._start


def _split_frames(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield whole frames, and last a shorter or empty one, which marks the end of the stream."""
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        whole = len(buffer) - len(buffer) % size
        for offset in range(0, whole, size):
            yield bytes(buffer[offset : offset + size])
        del buffer[:whole]
    yield bytes(buffer)


def _compute_energy(frame: bytes | bytearray) -> int:
    return sum(abs(sample) for sample in memoryview(frame).cast("h"))


def group_by_pause(words: Iterable[Word]) -> Iterator[list[Word]]:
    """Yield words in groups that are separated by pauses."""
    group: list[Word] = []
    for word in words:
        if group and word.start - group[-1].end >= _PAUSE:
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _build_segment(words: list[Word]) -> Segment:
    confidences = [word.confidence or 0.0 for word in words]
    return Segment(
        start=words[0].start,
        end=words[-1].end,
        text=" ".join(word.text for word in words),
        words=tuple(words),
        confidence=round(sum(confidences) / len(confidences), 4),
    )


class _SecondsCounter:
    """An iterable that passes PCM on and counts its seconds."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._bytes = pieces, 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._bytes += len(piece)
            yield piece

    @property
    def seconds(self) -> float:
        return round(self._bytes / _BYTES_PER_SECOND, 6)


def _import_pocketsphinx() -> Any:
    try:
        import pocketsphinx  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingDependency(f"The local engine needs PocketSphinx: {describe_install('local')}") from None
    return pocketsphinx
