"""Recordings with several audio tracks."""

from __future__ import annotations

import io
import math
from array import array

import av
from av.stream import Disposition

RATE = 16_000


def write_tracks(levels: list[int], *, default: int | None = None) -> bytes:
    """Write a Matroska file with an audio track for each level (of 32,767)."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        streams = [container.add_stream("pcm_s16le", rate=RATE, layout="mono") for _ in levels]
        for index, stream in enumerate(streams):
            stream.disposition = Disposition.default if index == default else Disposition(0)
        for stream, level in zip(streams, levels, strict=True):
            samples = array("h", (round(level * math.sin(n / 8)) for n in range(RATE)))
            frame = av.AudioFrame(format="s16", layout="mono", samples=len(samples))
            frame.planes[0].update(samples.tobytes())
            frame.sample_rate, frame.pts = RATE, 0
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return file.getvalue()
