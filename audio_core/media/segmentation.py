"""Segmentation of long recordings into pieces, cut at pauses, in one streaming pass.

A piece ends in the middle of the longest pause in its last fifth. If there is no pause, it is cut at the quietest
moment, and both pieces hold the seconds around the cut, so that `merge_pieces` can join them without losing or doubling
a word.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal, Protocol

from audio_core.audio.audio import Audio
from audio_core.audio.content import FileContent
from audio_core.media.vad_energy import FRAME_SECONDS, SILENT, EnergyVad, VadFrame

if TYPE_CHECKING:
    from audio_core.media.decode import Probe

__all__ = ["BYTES_PER_SECOND", "RATE", "Piece", "Segmenter", "cut_recording"]

RATE = 16_000
"""Sample rate of the pieces in Hz, mono: the one that speech recognisers work at."""

BYTES_PER_SECOND = 2 * RATE
"""Size of a second of a piece, as PCM or as WAV."""

_OVERLAP = 2.0  # seconds that both pieces hold on each side of a cut within speech
_SEARCHED_SHARE = 0.2  # of a piece, at its end, that is searched for a pause
_SHORTEST_PAUSE = 0.3  # seconds
_SHORTEST_PIECE = 0.1  # seconds of new audio; a last piece with less is dropped
_FRAME_SAMPLES = round(FRAME_SECONDS * RATE)
_QUIET_WINDOW = 5  # frames whose summed level decides which moment is the quietest
_LOUDEST_HISS, _HISS_SHARE = 16.0, 1 / 32  # a level, and its share of the loudest so far, that hiss stays below


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a long recording.

    Attributes:
        start: seconds of the original recording.
        end: seconds of the original recording.
        content: the audio as 16-bit mono PCM at `RATE`, in a temporary file.
        shared: seconds at its beginning that the previous piece holds too; 0 after a pause.
        is_silent: whether it is digital silence, or hiss far below what was heard before.
    """

    start: float
    end: float
    content: FileContent
    shared: float = 0.0
    is_silent: bool = False

    @property
    def audio(self) -> Audio:
        """The piece as a recording of its own."""
        return Audio.of(Audio.of(self.content), format="pcm16", sample_rate=RATE)

    @property
    def properties(self) -> Probe:
        """What `probe` would find out by reading the piece."""
        from audio_core.media.decode import Probe  # noqa: PLC0415 - FFmpeg is loaded when first needed

        return Probe("pcm_s16le", RATE, 1, self.end - self.start)


class VoiceActivityDetector(Protocol):
    """A detector that distinguishes speech from pauses in a stream of PCM."""

    def feed(self, pcm: bytes) -> Iterator[VadFrame]:
        """Yield the frames that can be classified once `pcm` is added."""
        ...


def cut_recording(
    audio: Audio,
    longest: float | Callable[[], float],
    vad: Literal["energy", "silero"] = "energy",
    warnings: list[str] | None = None,
) -> Iterator[Piece]:
    """Cut a recording, or its clip, into pieces. Memory holds one piece, however long the recording is.

    Args:
        audio: a recording that is not remote.
        longest: maximum length of a piece, in seconds, or a function that returns it when a piece begins.
        vad: the voice activity detector that finds the pauses.
        warnings: what a user must know about the recording is appended to this list.

    Yields:
        The pieces in order of time.

    Raises:
        InvalidAudio: if the recording does not decode, is damaged or is cut short.
        UnsupportedFormat: if its codec, sample rate or channel count is not supported.
        AudioTooLarge: if it decodes to more than `MAX_SECONDS` or `MAX_DECODED_BYTES`.
        MissingDependency: if the voice activity detector is not installed.
    """
    from audio_core.media.decode import decode  # noqa: PLC0415 - FFmpeg is loaded when first needed

    get_longest = longest if callable(longest) else lambda: longest
    segmenter = Segmenter(audio.start or 0.0, get_longest(), _create_vad(vad))
    for pcm in decode(audio, rate=RATE, warnings=warnings):
        for piece in segmenter.feed(pcm):
            yield piece
            segmenter.set_longest(get_longest())
    yield from segmenter.close()


def _create_vad(vad: str) -> VoiceActivityDetector:
    if vad == "energy":
        return EnergyVad(RATE)
    from audio_core.media.vad_silero import SileroVad  # noqa: PLC0415 - an extra

    return SileroVad()


class Segmenter:
    """A streaming segmenter: takes PCM at `RATE` and yields each piece as soon as it is complete.

    Internally, time is counted in samples.

    Args:
        start: where the PCM begins, in seconds of the original recording.
        longest: maximum length of a piece, in seconds.
        vad: the voice activity detector; `EnergyVad` if None.
    """

    def __init__(self, start: float, longest: float, vad: VoiceActivityDetector | None = None) -> None:
        self._origin = start
        self.set_longest(longest)
        self._vad = vad or EnergyVad(RATE)
        self._pcm = bytearray()
        self._piece_start = self._shared = 0
        self._loudest = 0.0
        self._frames: list[VadFrame] = []

    def set_longest(self, longest: float) -> None:
        """Set the maximum length, in seconds, of the pieces that follow."""
        self._longest = round(longest * RATE)
        self._overlap = min(round(_OVERLAP * RATE), self._longest // 6)

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Yield the pieces that are complete once `data` is added."""
        self._pcm += data
        for frame in self._vad.feed(data):
            self._frames.append(frame)
            if frame.start + _FRAME_SAMPLES - self._piece_start >= self._longest:
                yield self._cut_piece()

    def close(self) -> Iterator[Piece]:
        """Yield the last piece, unless next to nothing remains."""
        remaining = len(self._pcm) // 2
        if remaining - self._shared >= _SHORTEST_PIECE * RATE:
            yield self._build_piece(self._piece_start + remaining)

    def _cut_piece(self) -> Piece:
        pause = self._find_longest_pause()
        if pause is not None:
            piece = self._build_piece(pause)
            self._continue_at(pause, shared=0)
            return piece
        quietest = self._find_quietest()
        piece = self._build_piece(quietest + self._overlap)
        self._continue_at(quietest - self._overlap, shared=2 * self._overlap)
        return piece

    def _find_longest_pause(self) -> int | None:
        """Return the middle of the longest pause in the searched part of the piece, in samples."""
        frames = self._select_frames(round(_SEARCHED_SHARE * self._longest), 0)
        pauses = [list(run) for is_quiet, run in groupby(frames, lambda frame: frame.is_quiet) if is_quiet]
        longest = max(pauses, key=len, default=list[VadFrame]())
        if len(longest) * FRAME_SECONDS < _SHORTEST_PAUSE:
            return None
        return (longest[0].start + longest[-1].start + _FRAME_SAMPLES) // 2

    def _find_quietest(self) -> int:
        frames = self._select_frames(max(round(_SEARCHED_SHARE * self._longest), 2 * self._overlap), self._overlap)
        windows = range(len(frames) - _QUIET_WINDOW + 1)
        levels = [sum(frame.level for frame in frames[first : first + _QUIET_WINDOW]) for first in windows]
        return frames[levels.index(min(levels)) + _QUIET_WINDOW // 2].start

    def _select_frames(self, first: int, last: int) -> list[VadFrame]:
        """Return the frames from `first` to `last` samples before the piece reaches its maximum length."""
        limit = self._piece_start + self._longest
        return [frame for frame in self._frames if limit - first <= frame.start < limit - last]

    def _build_piece(self, end: int) -> Piece:
        loudest = max((frame.level for frame in self._frames if frame.start < end), default=0.0)
        content = FileContent.copy_from(io.BytesIO(self._pcm[: 2 * (end - self._piece_start)]))
        start, stop = (self._origin + sample / RATE for sample in (self._piece_start, end))
        self._loudest = max(self._loudest, loudest)
        is_silent = loudest < max(SILENT, min(_LOUDEST_HISS, self._loudest * _HISS_SHARE))
        return Piece(start, stop, content, self._shared / RATE, is_silent)

    def _continue_at(self, start: int, *, shared: int) -> None:
        del self._pcm[: 2 * (start - self._piece_start)]
        self._frames = [frame for frame in self._frames if frame.start >= start]
        self._piece_start, self._shared = start, shared
