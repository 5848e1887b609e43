"""Long recordings in pieces, cut at pauses, in one streaming pass.

A piece ends in the middle of the longest pause of its last fifth. Where nobody pauses, it is cut at the quietest moment, and
both pieces hold the seconds around the cut, so that `stitch` can join them without losing or doubling a word.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, Protocol

from audio_core.audio.audio import Audio
from audio_core.audio.content import FileContent
from audio_core.media.vad_energy import FRAME_SECONDS, SILENT, EnergyVad, VadFrame

__all__ = ["BYTES_PER_SECOND", "RATE", "Piece", "Segmenter", "cut_recording"]

RATE = 16_000
"""Hz, mono: what speech recognisers listen at."""

BYTES_PER_SECOND = 2 * RATE
"""Of a piece as PCM, or as WAV."""

_OVERLAP = 2.0
_SEARCHED_SHARE = 0.2
_SHORTEST_PAUSE = 0.3
_SHORTEST_PIECE = 0.1
_FRAME = round(FRAME_SECONDS * RATE)
_QUIET_STRETCH = 5  # frames whose mean level says where speech is quietest


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a recording.

    Attributes:
        start: seconds of the original recording.
        end: seconds of the original recording.
        content: the stretch as 16-bit mono PCM at `RATE`, in a temporary file.
        shared: seconds at its beginning that the piece before holds too; 0 after a pause.
        is_silent: whether it is digital silence, or nearly.
    """

    start: float
    end: float
    content: FileContent
    shared: float = 0.0
    is_silent: bool = False

    @property
    def audio(self) -> Audio:
        """The stretch as a recording of its own."""
        return Audio.of(Audio.of(self.content), format="pcm16", sample_rate=RATE)


class VoiceActivityDetector(Protocol):
    """What tells pauses from speech."""

    def feed(self, pcm: bytes) -> Iterator[VadFrame]:
        """The frames that are judged once `pcm` has come."""
        ...


def cut_recording(audio: Audio, longest: float, vad: Literal["energy", "silero"] = "energy") -> Iterator[Piece]:
    """Cut a recording, or its clip; memory holds one piece, however long the recording is.

    Args:
        audio: a recording that is open.
        longest: seconds that a piece may last.
        vad: what tells pauses from speech.

    Raises:
        InvalidAudio: if it does not decode.
        MissingDependency: if what is to tell pauses from speech is not installed.
    """
    from audio_core.media.decode import decode  # noqa: PLC0415 - FFmpeg is loaded when first needed

    cutter = Segmenter(audio.start or 0.0, longest, _create_vad(vad))
    for data in decode(audio, rate=RATE):
        yield from cutter.feed(data)
    yield from cutter.close()


def _create_vad(vad: str) -> VoiceActivityDetector:
    if vad == "energy":
        return EnergyVad(RATE)
    from audio_core.media.vad_silero import SileroVad  # noqa: PLC0415 - an extra

    return SileroVad()


class Segmenter:
    """Takes PCM at `RATE` and gives out pieces as they are complete. Inside, time is counted in samples.

    Args:
        start: where the PCM begins, in seconds of the original recording.
        longest: seconds that a piece may last.
        finder: what tells pauses from speech; their energy by default.
    """

    def __init__(self, start: float, longest: float, finder: VoiceActivityDetector | None = None) -> None:
        self._origin, self._longest = start, round(longest * RATE)
        self._overlap = min(round(_OVERLAP * RATE), self._longest // 6)
        self._finder = finder or EnergyVad(RATE)
        self._pcm = bytearray()
        self._begin = self._shared = 0
        self._frames: list[VadFrame] = []

    def feed(self, data: bytes) -> Iterator[Piece]:
        """The pieces that are complete once `data` has come."""
        self._pcm += data
        for frame in self._finder.feed(data):
            self._frames.append(frame)
            if frame.start + _FRAME - self._begin >= self._longest:
                yield self._cut()

    def close(self) -> Iterator[Piece]:
        """What is left."""
        left = len(self._pcm) // 2
        if left - self._shared >= _SHORTEST_PIECE * RATE:
            yield self._build_piece(self._begin + left)

    def _cut(self) -> Piece:
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
        """The middle of the longest pause in the part that is searched."""
        frames = self._select_frames(round(_SEARCHED_SHARE * self._longest), 0)
        runs = [list(run) for quiet, run in groupby(frames, lambda frame: frame.is_quiet) if quiet]
        longest = max(runs, key=len, default=list[VadFrame]())
        if len(longest) * FRAME_SECONDS < _SHORTEST_PAUSE:
            return None
        return (longest[0].start + longest[-1].start + _FRAME) // 2

    def _find_quietest(self) -> int:
        frames = self._select_frames(max(round(_SEARCHED_SHARE * self._longest), 2 * self._overlap), self._overlap)
        around = range(len(frames) - _QUIET_STRETCH + 1)
        levels = [sum(frame.level for frame in frames[at : at + _QUIET_STRETCH]) for at in around]
        return frames[levels.index(min(levels)) + _QUIET_STRETCH // 2].start

    def _select_frames(self, first: int, last: int) -> list[VadFrame]:
        """The frames from `first` to `last` samples before a piece reaches its limit."""
        limit = self._begin + self._longest
        return [frame for frame in self._frames if limit - first <= frame.start < limit - last]

    def _build_piece(self, end: int) -> Piece:
        loudest = max((frame.level for frame in self._frames if frame.start < end), default=0.0)
        content = FileContent.copy_from(io.BytesIO(self._pcm[: 2 * (end - self._begin)]))
        start, stop = (self._origin + sample / RATE for sample in (self._begin, end))
        return Piece(start, stop, content, self._shared / RATE, loudest < SILENT)

    def _continue_at(self, begin: int, *, shared: int) -> None:
        del self._pcm[: 2 * (begin - self._begin)]
        self._frames = [frame for frame in self._frames if frame.start >= begin]
        self._begin, self._shared = begin, shared
