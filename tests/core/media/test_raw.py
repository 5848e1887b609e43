"""Samples without a header, whose rate, channels and byte order are stated."""

import array
import base64
import io

import av
import numpy as np
import pytest

from audio_core import Audio
from audio_core.media.decode import decode
from audio_core.media.probing import probe
from audio_core.testing import tone

RATE = 8000
SAMPLES = tone(1.0, rate=RATE)[44:]


def swap_bytes(samples: bytes) -> bytes:
    swapped = array.array("h", samples)
    swapped.byteswap()
    return swapped.tobytes()


def compress(samples: bytes, law: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=law) as container:
        stream = container.add_stream(f"pcm_{law}", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.frombuffer(samples, np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return file.getvalue()


@pytest.mark.parametrize(
    ("mime", "data", "tolerance"),
    [
        ("audio/pcm", SAMPLES, 0),
        ("audio/x-s16be", swap_bytes(SAMPLES), 0),
        ("audio/PCMU", compress(SAMPLES, "mulaw"), 400),
        ("audio/PCMA", compress(SAMPLES, "alaw"), 400),
    ],
)
def test_the_samples_are_those_that_were_encoded(mime: str, data: bytes, tolerance: int) -> None:
    uri = f"data:{mime};rate={RATE};base64,{base64.b64encode(data).decode()}"
    decoded = np.frombuffer(b"".join(decode(Audio.of(uri), rate=RATE)), np.int16).astype(int)
    difference = np.abs(decoded - np.frombuffer(SAMPLES, np.int16))
    assert difference.max() <= tolerance


def test_two_channels_last_half_as_long_as_one() -> None:
    stereo = Audio.of(SAMPLES, format=f"audio/pcm;rate={RATE};channels=2")
    assert (probe(stereo).duration, probe(stereo).channels) == (0.5, 2)
