"""Segmentation of long recordings into pieces, cut at pauses, in one streaming pass.

A piece ends in the middle of the longest pause in its last fifth; a short piece, if there is no good one, of that in its
last twenty seconds. Both pieces hold a quarter of a second there, as a guard. Where no pause is certain, such as in talk
without one, in music or in noise, they overlap: both hold a word or more between two quiet moments, so that
`merge_pieces` can join them without losing or doubling a word. All overlaps together last at most three hundredths of
the recording, if pieces of half a minute or more are allowed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from statistics import median
from typing import TYPE_CHECKING, Literal, Protocol

from audio_core.audio.audio import Audio
from audio_core.audio.content import FileContent
from audio_core.media.vad_energy import FRAME_SECONDS, SILENT, EnergyVad, VadFrame

if TYPE_CHECKING:
    from audio_core.media.decode import Probe

__all__ = ["BYTES_PER_SECOND", "RATE", "Piece", "Segmenter", "create_vad", "cut_recording"]

RATE = 16_000
"""Sample rate of the pieces in Hz, mono: the one that speech recognisers work at."""

BYTES_PER_SECOND = 2 * RATE
"""Size of a second of a piece, as PCM or as WAV."""

_FRAME_SAMPLES = round(FRAME_SECONDS * RATE)
_GUARD = round(0.25 * RATE)  # samples that both pieces hold at a pause
_SHORTEST_PAUSE = 0.35  # seconds; the guard and a little more
_GOOD_PAUSE = 0.6  # seconds; for a shorter one, a short piece is searched further back
_SEARCHED_SHARE = 0.2  # of a piece, at its end, that is searched for a pause
_SEARCHED_SECONDS, _MOST_SEARCHED = 20.0, 2 / 3  # at the end of a short piece, and of it, if there is no pause later
_OVERLAP_SHARE = 0.03  # of a piece, that the next one holds too if there is no pause
_SHORTEST_OVERLAP, _LONGEST_OVERLAP = 0.9, 4.0  # seconds; a word lasts up to about a second
_MARGIN = round(0.05 * RATE)  # samples around a stretch between quiet moments: words begin and end softly
_HALF_MOMENT = 2  # frames before and behind a moment that tell how quiet it is
_SHORTEST_PIECE = 0.1  # seconds of new audio; a last piece with less is dropped
_LOUDEST_HISS, _HISS_SHARE = 16.0, 1 / 32  # a level, and its share of the loudest so far, that hiss stays below
_AUDIBLE, _HISS_CONTRAST = 0.5, 1.5  # a level, and how many times the usual one hiss may reach; speech varies more


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a long recording.

    Attributes:
        start: seconds of the original recording.
        end: seconds of the original recording.
        content: the audio as 16-bit mono PCM at `RATE`, in a temporary file.
        shared: seconds at its beginning that the previous piece holds too: a quarter of a second after a pause.
        is_silent: whether it is digital silence, or steady hiss far below what was heard before.
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
    segmenter = Segmenter(audio.start or 0.0, get_longest(), create_vad(vad))
    for pcm in decode(audio, rate=RATE, warnings=warnings):
        for piece in segmenter.feed(pcm):
            yield piece
            segmenter.set_longest(get_longest())
    yield from segmenter.close()


def create_vad(vad: Literal["energy", "silero"]) -> VoiceActivityDetector:
    """Create the voice activity detector of that name, for PCM at `RATE`."""
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
        self._saved = 0  # samples by which the overlaps so far are shorter than their share
        self._pcm = bytearray()
        self._piece_start = self._shared = 0
        self._loudest = 0.0
        self._frames: list[VadFrame] = []

    def set_longest(self, longest: float) -> None:
        """Set the maximum length, in seconds, of the pieces that follow."""
        self._longest = round(longest * RATE)
        first = _SEARCHED_SHARE * longest
        most = max(first, min(_SEARCHED_SECONDS, _MOST_SEARCHED * longest))
        self._searched = round(first * RATE), round(most * RATE)
        overlap = min(max(_OVERLAP_SHARE * longest, _SHORTEST_OVERLAP), _LONGEST_OVERLAP, longest / 3)
        self._overlap = round(overlap * RATE)

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
        first, most = self._searched
        pause = self._find_longest_pause(first, _GOOD_PAUSE) or self._find_longest_pause(most, _SHORTEST_PAUSE)
        start, end = self._find_quiet_moments() if pause is None else (pause - _GUARD // 2, pause + _GUARD // 2)
        self._saved += round(_OVERLAP_SHARE * (start - self._piece_start)) - (end - start)
        piece = self._build_piece(end)
        self._continue_at(start, shared=end - start)
        return piece

    def _find_longest_pause(self, searched: int, shortest: float) -> int | None:
        """Return the middle of the longest pause in the last `searched` samples of the piece."""
        frames = self._select_frames(self._longest - searched, self._longest)
        pauses = [list(run) for is_quiet, run in groupby(frames, lambda frame: frame.is_quiet) if is_quiet]
        longest = max(pauses, key=len, default=list[VadFrame]())
        if len(longest) * FRAME_SECONDS < shortest:
            return None
        return (longest[0].start + longest[-1].start + _FRAME_SAMPLES) // 2

    def _find_quiet_moments(self) -> tuple[int, int]:
        """Return where the next piece starts and where this one ends, in samples, if no pause is certain.

        They are the two that are quietest beside what lies between them, in the last tenth of the piece.
        """
        overlap = self._overlap + max(0, min(self._overlap, self._saved))
        last = self._longest - _MARGIN - _FRAME_SAMPLES
        frames = self._select_frames(last - self._longest // 10 - overlap, last)
        most = min((overlap - 2 * _MARGIN) // _FRAME_SAMPLES, len(frames))
        first, end = _find_loudest_between_quiet([frame.level for frame in frames], most * 3 // 4, most)
        origin = frames[0].start
        return origin + first * _FRAME_SAMPLES - _MARGIN, origin + end * _FRAME_SAMPLES + _MARGIN

    def _select_frames(self, first: int, last: int) -> list[VadFrame]:
        """Return the frames from `first` to `last` samples of the piece."""
        first, last = first + self._piece_start, last + self._piece_start
        return [frame for frame in self._frames if first <= frame.start < last]

    def _build_piece(self, end: int) -> Piece:
        is_silent = self._is_silent([frame.level for frame in self._frames if frame.start < end])
        content = FileContent.copy_from(io.BytesIO(self._pcm[: 2 * (end - self._piece_start)]))
        start, stop = (self._origin + sample / RATE for sample in (self._piece_start, end))
        return Piece(start, stop, content, self._shared / RATE, is_silent)

    def _is_silent(self, levels: Sequence[float]) -> bool:
        loudest = max(levels, default=0.0)
        self._loudest = max(self._loudest, loudest)
        if loudest >= max(SILENT, min(_LOUDEST_HISS, self._loudest * _HISS_SHARE)):
            return False
        audible = [level for level in levels if level >= _AUDIBLE]
        return not audible or loudest <= _HISS_CONTRAST * median(audible)

    def _continue_at(self, start: int, *, shared: int) -> None:
        del self._pcm[: 2 * (start - self._piece_start)]
        self._frames = [frame for frame in self._frames if frame.start >= start]
        self._piece_start, self._shared = start, shared


def _find_loudest_between_quiet(levels: Sequence[float], least: int, most: int) -> tuple[int, int]:
    """Return the start and end of the stretch of `least` to `most` frames that is loudest beside its two ends."""
    sums = list(accumulate(levels, initial=0.0))
    count = len(levels)
    edges = [sums[min(at + _HALF_MOMENT, count)] - sums[max(0, at - _HALF_MOMENT)] for at in range(count + 1)]

    def measure_edges(stretch: tuple[int, int]) -> float:
        first, last = stretch
        return (edges[first] + edges[last]) * (last - first) / (sums[last] - sums[first] + 1)

    stretches = (
        (first, last) for last in range(least, count + 1) for first in range(max(0, last - most), last - least + 1)
    )
    return min(stretches, key=measure_edges)
