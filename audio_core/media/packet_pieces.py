"""Cut a long recording into pieces that are copies of its packets.

Only what decides is decoded: the end of a piece, where a pause is looked for, and a piece whose end is silent. What
cannot be copied as it should be, such as a damaged stretch, is decoded, as is everything behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Literal

from audio_core.audio.audio import Audio
from audio_core.errors import InvalidAudio
from audio_core.media.cut_points import FRAME_SAMPLES, RATE, CutChooser
from audio_core.media.packets import NotCopyable, Packets
from audio_core.media.properties import Probe
from audio_core.media.segmentation import SHORTEST_PIECE, Piece, VoiceActivityDetector, create_vad, cut_recording
from audio_core.media.vad_energy import VadFrame

__all__ = ["PacketSegmenter"]

_RUN_UP = 10 * RATE  # samples: so far back, the detector compares a frame with the loudest
_SHORTEST_SKIP = 30 * RATE  # samples; less is not left out, as what the detector has learned is worth more


class PacketSegmenter:
    """A segmenter that copies packets.

    Args:
        audio: a recording that is not remote, or a clip of it.
        properties: what `probe` has returned for it.
        packets: its packets.
        get_longest: returns the maximum length of a piece, in seconds, given where it begins.
        vad: the voice activity detector that finds the pauses.
    """

    def __init__(
        self,
        audio: Audio,
        properties: Probe,
        packets: Packets,
        get_longest: Callable[[float], float],
        vad: Literal["energy", "silero"] = "energy",
    ) -> None:
        self._audio, self._properties, self._packets = audio, properties, packets
        self._get_longest = get_longest
        self._vad: Literal["energy", "silero"] = vad
        self._origin, self._shared = audio.start or 0.0, 0
        self._piece_start, self._end = 0, round((properties.duration - self._origin) * RATE)
        self._chooser = CutChooser(get_longest(self._origin) - packets.margin)
        self._listener = _Listener(self._copy, partial(create_vad, vad))

    def cut(self, warnings: list[str]) -> Iterator[Piece]:
        """Yield the pieces in order of time. Memory holds none of them.

        Args:
            warnings: what a user must know about the recording is appended to this list.

        Raises:
            InvalidAudio: if the recording is damaged or cut short.
        """
        try:
            while self._end - self._piece_start > self._chooser.longest:
                yield self._cut_piece()
                longest = self._get_longest(self._to_seconds(self._piece_start))
                self._chooser.set_longest(longest - self._packets.margin)
            if self._end - self._piece_start - self._shared >= SHORTEST_PIECE * RATE:
                self._listener.listen(self._end - self._chooser.searched[0], self._end)
                yield self._build_piece(self._end)
        except (NotCopyable, InvalidAudio):
            yield from self._decode_remainder(warnings)

    def _cut_piece(self) -> Piece:
        start, end = self._choose_cut()
        piece = self._build_piece(end)
        self._piece_start, self._shared = start, end - start
        self._listener.forget(start)
        return piece

    def _choose_cut(self) -> tuple[int, int]:
        """Return where the next piece starts and where this one ends, in samples."""
        last = self._piece_start + self._chooser.longest
        near, far = self._chooser.searched
        self._listener.listen(last - near, last)
        if self._chooser.find_good_pause(self._listener.frames, self._piece_start) is None:
            self._listener.listen(last - far, last)
        return self._chooser.choose(self._listener.frames, self._piece_start)

    def _build_piece(self, end: int) -> Piece:
        piece = self._copy(self._piece_start, end)
        return replace(piece, shared=self._shared / RATE, is_silent=self._is_silent(end))

    def _is_silent(self, end: int) -> bool:
        """Tell whether a piece is silent. If what was heard of it is, all of it is decoded to find out."""
        heard = [frame.level for frame in self._listener.frames if self._piece_start <= frame.start < end]
        if heard and not self._chooser.is_silent(heard):
            return False
        listener = _Listener(self._copy, partial(create_vad, "energy"), self._piece_start)
        listener.hear(end)
        return self._chooser.is_silent([frame.level for frame in listener.frames])

    def _copy(self, first: int, last: int) -> Piece:
        """Copy the packets from one sample to another."""
        start, end = self._to_seconds(first), self._to_seconds(last)
        copy = self._packets.copy(start, end)
        properties = replace(self._properties, duration=copy.seconds, warnings=())
        return Piece(start, end, copy.content, lead=start - copy.start, copied=properties)

    def _to_seconds(self, sample: int) -> float:
        return self._origin + sample / RATE

    def _decode_remainder(self, warnings: list[str]) -> Iterator[Piece]:
        """Decode what remains, and find out what is wrong with it."""
        start = self._to_seconds(self._piece_start)
        clip = self._audio.clip(start, self._audio.end) if self._piece_start else self._audio
        pieces = cut_recording(clip, self._get_longest, self._vad, warnings)
        if first := next(pieces, None):
            yield replace(first, shared=self._shared / RATE)
        yield from pieces


class _Listener:
    """Hears stretches of a recording with a voice activity detector. What lies between them is not decoded.

    Args:
        copy: copies the packets of a stretch, from one sample to another.
        create_vad: creates the detector.
        start: the sample to begin at.

    Attributes:
        frames: of the last stretches that follow one another, counted in samples from the recording's beginning.
    """

    def __init__(
        self, copy: Callable[[int, int], Piece], create_vad: Callable[[], VoiceActivityDetector], start: int = 0
    ) -> None:
        self._copy, self._create_vad = copy, create_vad
        self._restart(start)

    def _restart(self, start: int) -> None:
        self.frames = list[VadFrame]()
        self._vad, self._begin = self._create_vad(), start
        self._start = self._end = start

    def listen(self, start: int, end: int) -> None:
        """Hear a stretch, and so much before it that the detector can tell a pause.

        Raises:
            NotCopyable: if a user must know something about what is heard, such as that it is damaged, or if it is
                shorter than it should be.
            InvalidAudio: if it does not decode.
        """
        start = max(0, start - _RUN_UP)
        if start < self._start < end == self._end:
            earlier, known = _Listener(self._copy, self._create_vad, start), self._start + _RUN_UP
            earlier.hear(known)
            self.frames = earlier.frames + [frame for frame in self.frames if frame.start >= known]
            self._start = start
            return
        if not self._start <= start <= self._end + _SHORTEST_SKIP:
            self._restart(start)
        self.hear(end)

    def hear(self, end: int) -> None:
        """Go on to a sample; raise as `listen` does."""
        if end <= self._end:
            return
        warnings, reached = list[str](), self._end
        for pcm in self._copy(self._end, end).decode(warnings):
            heard, begin = self._vad.feed(pcm), self._begin
            self.frames += (VadFrame(begin + frame.start, frame.level, frame.is_quiet) for frame in heard)
            reached += len(pcm) // 2
        if warnings or end - reached > FRAME_SAMPLES:
            raise NotCopyable
        self._end = end

    def forget(self, end: int) -> None:
        """Drop the frames before a sample."""
        self.frames = [frame for frame in self.frames if frame.start >= end]
