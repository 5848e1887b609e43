"""Segmentation of long recordings into pieces of PCM, cut at pauses, in one streaming pass."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from audio_core.audio.audio import Audio
from audio_core.audio.content import Content, FileContent
from audio_core.errors import InvalidAudio
from audio_core.media.cut_points import FRAME_SAMPLES, RATE, CutChooser
from audio_core.media.properties import Probe
from audio_core.media.vad_energy import EnergyVad, VadFrame

__all__ = [
    "BYTES_PER_SECOND",
    "RATE",
    "SHORTEST_PIECE",
    "Piece",
    "Segmenter",
    "VoiceActivityDetector",
    "create_vad",
    "cut_recording",
]

BYTES_PER_SECOND = 2 * RATE
"""Size of a second of a piece, as PCM or as WAV."""

SHORTEST_PIECE = 0.1
"""Seconds of new audio; a last piece with less is dropped."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a long recording.

    Attributes:
        start: seconds of the original recording.
        end: seconds of the original recording.
        content: the audio: 16-bit mono PCM at `RATE`, or a copy of the recording's packets.
        shared: seconds at its beginning that the previous piece holds too: a quarter of a second after a pause.
        is_silent: whether it is digital silence, or steady hiss far below what was heard before.
        lead: seconds of fade-in or silence that the content holds before `start`.
        copied: the properties of the content if it is a copy of packets; None if it is PCM.
    """

    start: float
    end: float
    content: Content
    shared: float = 0.0
    is_silent: bool = False
    lead: float = 0.0
    copied: Probe | None = None

    @property
    def audio(self) -> Audio:
        """The piece as a recording of its own."""
        audio = Audio.of(self.content)
        return audio if self.copied else Audio.of(audio, format="pcm16", sample_rate=RATE)

    @property
    def properties(self) -> Probe:
        """What `probe` would find out by reading the piece."""
        return self.copied or Probe("pcm_s16le", RATE, 1, self.end - self.start)

    def decode(self, warnings: list[str] | None = None) -> Iterator[bytes]:
        """Yield what there is from its start to its end, as 16-bit mono PCM at `RATE`.

        Args:
            warnings: what a user must know about it is appended to this list.

        Raises:
            InvalidAudio: if it does not decode, is damaged or is cut short.
        """
        from audio_core.media.decode import decode  # noqa: PLC0415 - FFmpeg is loaded when first needed

        return decode(self._clip, rate=RATE, warnings=warnings)

    def encode(self, format: str, warnings: list[str] | None = None) -> FileContent:
        """Encode what `decode` yields, in one pass.

        Args:
            format: a key of `ENCODERS`.
            warnings: what a user must know about it is appended to this list.

        Raises:
            InvalidAudio: as `decode` does.
        """
        from audio_core.media.decode import encode  # noqa: PLC0415 - FFmpeg is loaded when first needed

        return encode(self._clip, format, rate=RATE, channels=1, warnings=warnings)

    @property
    def _clip(self) -> Audio:
        return self.audio.clip(self.lead, self.lead + self.end - self.start)

    def to_pcm(self, warnings: list[str] | None = None) -> Piece:
        """Return the same piece as PCM; take the same argument and raise as `decode` does."""
        if self.copied is None:
            return self
        content = FileContent.write_temporary(lambda file: file.writelines(self.decode(warnings)))
        return replace(self, content=content, lead=0.0, copied=None)


class VoiceActivityDetector(Protocol):
    """A detector that distinguishes speech from pauses in a stream of PCM."""

    def feed(self, pcm: bytes) -> Iterator[VadFrame]:
        """Yield the frames that can be classified once `pcm` is added."""
        ...


def cut_recording(
    audio: Audio,
    longest: float | Callable[[float], float],
    vad: Literal["energy", "silero"] = "energy",
    warnings: list[str] | None = None,
) -> Iterator[Piece]:
    """Cut a recording, or its clip, into pieces. Memory holds one piece, however long the recording is.

    Args:
        audio: a recording that is not remote.
        longest: maximum length of a piece, in seconds, or a function that returns it when a piece begins, given
            where that is in seconds of the original recording.
        vad: the voice activity detector that finds the pauses.
        warnings: what a user must know about the recording is appended to this list.

    Yields:
        The pieces in order of time.

    Raises:
        InvalidAudio: if the recording does not decode, is damaged or is cut short, or nearly nothing of it decodes.
        UnsupportedFormat: if its codec, sample rate or channel count is not supported.
        AudioTooLarge: if it decodes to more than `MAX_SECONDS` or `MAX_DECODED_BYTES`.
        MissingDependency: if the voice activity detector is not installed.
    """
    pieces = _cut(audio, longest, vad, warnings)
    first = next(pieces, None)
    if first is None:
        raise InvalidAudio(f"{audio.label} is too short or damaged: less than {SHORTEST_PIECE} s of it decodes.")
    yield first
    yield from pieces


def _cut(
    audio: Audio,
    longest: float | Callable[[float], float],
    vad: Literal["energy", "silero"],
    warnings: list[str] | None,
) -> Iterator[Piece]:
    from audio_core.media.decode import decode  # noqa: PLC0415 - FFmpeg is loaded when first needed

    get_longest: Callable[[float], float] = longest if callable(longest) else lambda _: longest
    start = audio.start or 0.0
    segmenter = Segmenter(start, get_longest(start), create_vad(vad))
    for pcm in decode(audio, rate=RATE, warnings=warnings):
        for piece in segmenter.feed(pcm):
            yield piece
            segmenter.set_longest(get_longest(segmenter.piece_start))
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
        self._chooser = CutChooser(longest)
        self._vad = vad or EnergyVad(RATE)
        self._pcm = bytearray()
        self._piece_start = self._shared = 0
        self._frames: list[VadFrame] = []

    @property
    def piece_start(self) -> float:
        """Where the next piece begins, in seconds of the original recording."""
        return self._origin + self._piece_start / RATE

    def set_longest(self, longest: float) -> None:
        """Set the maximum length, in seconds, of the pieces that follow."""
        self._chooser.set_longest(longest)

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Yield the pieces that are complete once `data` is added."""
        self._pcm += data
        for frame in self._vad.feed(data):
            self._frames.append(frame)
            if frame.start + FRAME_SAMPLES - self._piece_start >= self._chooser.longest:
                yield self._cut_piece()

    def close(self) -> Iterator[Piece]:
        """Yield what is left, unless it is next to nothing."""
        if len(self._pcm) // 2 > self._chooser.longest:  # by less than a frame
            yield self._cut_piece()
        remaining = len(self._pcm) // 2
        if remaining - self._shared >= SHORTEST_PIECE * RATE:
            yield self._build_piece(self._piece_start + remaining)

    def _cut_piece(self) -> Piece:
        start, end = self._chooser.choose(self._frames, self._piece_start)
        piece = self._build_piece(end)
        self._continue_at(start, shared=end - start)
        return piece

    def _build_piece(self, end: int) -> Piece:
        is_silent = self._chooser.is_silent([frame.level for frame in self._frames if frame.start < end])
        content = FileContent.copy_from(io.BytesIO(self._pcm[: 2 * (end - self._piece_start)]))
        start, stop = (self._origin + sample / RATE for sample in (self._piece_start, end))
        return Piece(start, stop, content, self._shared / RATE, is_silent)

    def _continue_at(self, start: int, *, shared: int) -> None:
        del self._pcm[: 2 * (start - self._piece_start)]
        self._frames = [frame for frame in self._frames if frame.start >= start]
        self._piece_start, self._shared = start, shared
