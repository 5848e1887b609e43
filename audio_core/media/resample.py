"""Mix and resample decoded frames to 16-bit PCM.

A mix must lose nothing that somebody says. FFmpeg weighs named positions, such as of 5.1, and drops the subwoofer's.
Channels without names are averaged, as FFmpeg would take the fourth of six for a subwoofer, and so are those of which
its mix leaves next to nothing. Where channels cancel each other, the loudest is used alone.
"""

from __future__ import annotations

import array
import math
from collections.abc import Sequence
from operator import mul
from typing import TypeAlias, cast

from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.audio.resampler import AudioResampler
from av.filter import Graph

from audio_core.errors import InvalidAudio

__all__ = ["Resampler", "get_channel_layout"]

_MEASURED_SAMPLES = 100  # of each channel and half second; enough to see whether channels cancel each other
_MOST_PLANES = 7  # PyAV does not see where a list of eight ends, and reads addresses that are none
_CANCELLED_SHARE = 1 / 16  # of the power that independent channels would leave in their average (-12 dB)
_LOST_SHARE = 1 / 16  # of the power of the average: a mix that has less has lost what is said
_CANCELLING = "Its channels cancel each other when they are mixed, so the loudest alone was used there."

_Shape: TypeAlias = tuple[int, str, str]


class Resampler:
    """A converter of frames of any sample rate and channel layout, even changing ones, to packed 16-bit PCM.

    Frames are converted in batches of half a second, counted from the beginning of the recording: a clip gets exactly
    the samples that the whole recording has there. Converting each by itself takes longer than decoding it.

    Args:
        rate: sample rate of the PCM, in Hz.
        channels: 1 or 2.
        only_channel: the channel to select, counted from 0; None mixes them all.
        warnings: what a user must know is appended to this list.
    """

    def __init__(self, rate: int, channels: int, only_channel: int | None, warnings: list[str]) -> None:
        self.rate, self.block_bytes = rate, 2 * channels
        self._layout, self._only_channel, self._warnings = get_channel_layout(channels), only_channel, warnings
        self._shape: _Shape | None = None
        self._position = self._leading_samples = 0  # of the next sample to convert; dropped before the first

    def align(self, seconds: float, rate: int, clip_start: float) -> int:
        """Choose the first sample to convert so that it coincides with one of the output.

        A clip then has exactly the samples that the whole recording has there.

        Args:
            seconds: time at which the first frame begins.
            rate: sample rate of the frames, in Hz.
            clip_start: time in seconds at which the clip begins; no sample after it is dropped.

        Returns:
            The position of that sample, in samples of the output.
        """
        first, step = round(seconds * rate), rate // math.gcd(rate, self.rate)
        self._leading_samples = -first % step if first + -first % step <= clip_start * rate else 0
        return round((first + self._leading_samples) * self.rate / rate)

    def feed(self, frame: AudioFrame, seconds: float) -> bytes:
        """Add a frame that begins at a time in seconds, and return the PCM that is ready."""
        shape = (frame.sample_rate, frame.layout.name, frame.format.name)
        pieces = [] if shape == self._shape else [self._change_shape(shape, seconds)]
        frame.pts = None  # the clock keeps the time, and the FIFO would reject timestamps that do not add up
        self._fifo.write(frame)
        batch = frame.sample_rate // 2
        while self._fifo.samples >= (due := batch - self._position % batch):
            pieces.append(self._convert_next(due))
        return b"".join(pieces)

    def flush(self) -> bytes:
        """Return the PCM of all that is held; the next frame starts afresh."""
        if self._shape is None:
            return b""
        self._shape = None
        remainder = self._convert_next(self._fifo.samples) if self._fifo.samples else b""
        return remainder + self._resample(None)

    def _change_shape(self, shape: _Shape, seconds: float) -> bytes:
        """Prepare for frames of another rate, layout or sample format; return the PCM left of those before."""
        remainder = self.flush()
        self._fifo, self._resampler = AudioFifo(), AudioResampler("s16", self._layout, self.rate)
        self._mixer = self._create_mixer(shape)
        self._shape, self._position = shape, round(seconds * shape[0])
        return remainder

    def _create_mixer(self, shape: _Shape) -> _Mixer | None:
        """Return what mixes frames to the one channel that is wanted, or None if they are converted as they are."""
        channels = AudioLayout(shape[1]).nb_channels
        is_mixed = self._only_channel is not None or (self.block_bytes == 2 and channels > 1)
        return _Mixer(shape, channels, self._only_channel, self._warnings) if is_mixed else None

    def _convert_next(self, count: int) -> bytes:
        """Convert the next samples that are held."""
        dropped = min(count, self._leading_samples)
        if dropped:
            self._fifo.read(dropped)
        self._position, self._leading_samples = self._position + count, self._leading_samples - dropped
        batch = self._fifo.read(count - dropped) if count > dropped else None
        if batch is None:
            return b""
        return self._resample(batch if self._mixer is None else self._mixer.mix(batch))

    def _resample(self, frame: AudioFrame | None) -> bytes:
        return b"".join(
            bytes(each.planes[0])[: each.samples * self.block_bytes] for each in self._resampler.resample(frame)
        )


class _Mixer:
    """Mixes frames of one shape to one channel, sample by sample.

    Args:
        shape: sample rate in Hz, layout and sample format of the frames.
        channels: how many channels the layout has.
        only_channel: the channel to select, counted from 0; None mixes them all.
        warnings: what a user must know is appended to this list.

    Raises:
        InvalidAudio: if there is no such channel.
    """

    def __init__(self, shape: _Shape, channels: int, only_channel: int | None, warnings: list[str]) -> None:
        self._shape, self._channels, self._only_channel, self._warnings = shape, channels, only_channel, warnings
        self._channel_filters: dict[int, Graph] = {}
        if only_channel is not None and only_channel >= channels:
            raise InvalidAudio(f"The recording has no channel {only_channel}; it has {channels}, counted from 0.")
        self._weighted, self._average = self._create_weighted(), self._create_average()
        self._to_float, self._mix_to_float = (AudioResampler("flt", each, shape[0]) for each in (shape[1], "mono"))

    def mix(self, frame: AudioFrame) -> AudioFrame:
        """Return one channel of a frame, or the mix of all."""
        channel = self._only_channel
        if channel is None:
            samples = _pick_samples(frame, self._channels, self._to_float)
            channel = _find_loudest_if_cancelled(samples)
            if channel is None:
                return self._mix_all(frame, samples)
            if _CANCELLING not in self._warnings:
                self._warnings.append(_CANCELLING)
        if channel not in self._channel_filters:
            self._channel_filters[channel] = self._create_filter("pan", f"mono|c0=c{channel}")
        return _filter(self._channel_filters[channel], frame)

    def _mix_all(self, frame: AudioFrame, samples: Sequence[Sequence[float]]) -> AudioFrame:
        """Return the mix as FFmpeg weighs the channels, or their average if that is not possible or loses them."""
        if self._weighted is not None:
            mixed = _filter(self._weighted, frame)
            if self._shape[1] == "stereo":  # whose mix is the average
                return mixed
            (heard,) = _pick_samples(mixed, 1, self._mix_to_float)
            average = [sum(moment) / self._channels for moment in zip(*samples, strict=True)]
            if _measure_power(heard) >= _LOST_SHARE * _measure_power(average):
                return mixed
        return _filter(self._average, frame)

    def _create_weighted(self) -> Graph | None:
        has_names = not self._shape[1].endswith("channels")
        return self._create_filter("aformat", "channel_layouts=mono") if has_names else None

    def _create_average(self) -> Graph:
        terms = "+".join(f"{1 / self._channels:.9f}*c{index}" for index in range(self._channels))
        return self._create_filter("pan", f"mono|c0={terms}")

    def _create_filter(self, name: str, arguments: str) -> Graph:
        rate, layout, sample_format = self._shape
        graph = Graph()
        source = graph.add_abuffer(sample_rate=rate, format=sample_format, layout=layout)
        graph.link_nodes(source, graph.add(name, arguments), graph.add("abuffersink")).configure()
        return graph


def _filter(graph: Graph, frame: AudioFrame) -> AudioFrame:
    graph.push(frame)
    return cast("AudioFrame", graph.pull())


def _pick_samples(frame: AudioFrame, channels: int, to_float: AudioResampler) -> list[Sequence[float]]:
    """Return some samples of each channel, all of the same moments."""
    if frame.format.name == "fltp" and channels <= _MOST_PLANES:  # as nearly all decoders give them
        planes = [memoryview(plane).cast("f")[: frame.samples] for plane in frame.planes]
        return [plane[:: frame.samples // _MEASURED_SAMPLES | 1].tolist() for plane in planes]
    (packed,) = to_float.resample(frame)
    samples = array.array("f", bytes(packed.planes[0])[: 4 * packed.samples * channels])
    step = (packed.samples // _MEASURED_SAMPLES | 1) * channels
    return [samples[index::step] for index in range(channels)]


def _find_loudest_if_cancelled(channels: Sequence[Sequence[float]]) -> int | None:
    """Return the loudest channel if the average of all is far weaker than that of independent channels would be."""
    sums = list(map(sum, zip(*channels, strict=True)))
    *powers, mixed = map(_measure_power, (*channels, sums))
    return powers.index(max(powers)) if mixed < _CANCELLED_SHARE * sum(powers) else None


def _measure_power(samples: Sequence[float]) -> float:
    return sum(map(mul, samples, samples))


def get_channel_layout(channels: int) -> str:
    """Return FFmpeg's name of the layout of so many channels."""
    return {1: "mono", 2: "stereo"}.get(channels, f"{channels} channels")
