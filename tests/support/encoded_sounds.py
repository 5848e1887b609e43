"""Recordings in every encoding, and what a decoder gives out of them, sample by sample."""

from __future__ import annotations

import io

import av
import numpy as np

MUXERS = {"m4a": "ipod", "aac": "adts"}


def make_sound(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    """Sweeps and noise that never repeat, with a pause after each, as columns of samples between -1 and 1."""
    time = np.arange(round(seconds * rate)) / rate
    rng = np.random.default_rng(3)
    loudness = 0.3 * np.clip(1.5 * np.sin(2 * np.pi * time / 1.7) + 0.5, 0, 1)
    sweep = np.sin(2 * np.pi * (200 + 40 * time) * time) + 0.3 * rng.standard_normal(len(time))
    other = np.sin(2 * np.pi * (900 - 11 * time) * time)
    return np.stack([loudness * sweep, loudness * (sweep + other) / 2][:channels]).astype("f4")


def write_audio(
    sound: np.ndarray, rate: int, format: str, codec: str, *, muxing=None, bit_rate=None, **options
) -> bytes:
    """Encode channels of samples between -1 and 1 with FFmpeg's encoder of that name."""
    file = io.BytesIO()
    layout = {1: "mono", 2: "stereo"}[len(sound)]
    with av.open(file, "w", format=MUXERS.get(format, format), options=muxing or {}) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout, options=options)
        if bit_rate:
            stream.bit_rate = bit_rate
        resampler = av.AudioResampler(stream.codec_context.format, layout, rate)
        for start in range(0, sound.shape[1], rate):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[:, start : start + rate]), "fltp", layout)
            frame.sample_rate, frame.pts = rate, start
            for converted in resampler.resample(frame):
                container.mux(stream.encode(converted))
        container.mux(stream.encode(None))
    return file.getvalue()


def decode_samples(data: bytes) -> np.ndarray:
    """Return all that FFmpeg's decoder gives out, as columns of samples between -1 and 1."""
    with av.open(io.BytesIO(data)) as container:
        frames = list(container.decode(audio=0))
    floats = av.AudioResampler("fltp", frames[0].layout, frames[0].sample_rate)
    return np.concatenate([each.to_ndarray() for frame in frames for each in floats.resample(frame)], axis=1)
