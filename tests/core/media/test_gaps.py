"""Stretches without audio, as in a damaged file or where a recorder was paused: they become silence, and are told."""

from __future__ import annotations

import functools
import itertools
import re

import numpy as np
import pytest

from audio_core import Audio, AudioClient
from audio_core.media.decode import decode, encode
from audio_core.testing import Reply, ScriptedGateway
from tests.core.media.test_timeline import place_tones, write_container
from tests.support.encoded_sounds import write_audio

RATE, SECONDS, LOST_BYTES = 48_000, 30.0, 3000
ENCODINGS = {
    "ogg opus": ("ogg", "libopus"),
    "ogg flac": ("ogg", "flac"),
    "webm opus": ("webm", "libopus"),
    "mkv pcm": ("matroska", "pcm_s16le"),
    "mkv aac": ("matroska", "aac"),
}
WHOLE = [*ENCODINGS.values(), ("mp4", "aac"), ("mp3", "libmp3lame"), ("adts", "aac"), ("wav", "pcm_s16le")]
WHOLE += [("flac", "flac"), ("mpegts", "aac"), ("flv", "aac"), ("avi", "libmp3lame"), ("caf", "alac")]
CAUSES = "It may be damaged, or the recorder was paused."


@functools.cache
def write(format: str, codec: str) -> bytes:
    rate = 44_100 if format == "flv" else RATE
    hiss = 0.2 * np.random.default_rng(7).standard_normal((1, round(SECONDS * rate)))  # which is nowhere silent
    return write_audio(hiss.astype("f4"), rate, format, codec)


def overwrite(data: bytes, *shares: float) -> Audio:
    """Return a file with zeros in place of some bytes at each of these shares of its length."""
    damaged = bytearray(data)
    for share in shares:
        at = round(share * len(data))
        damaged[at : at + LOST_BYTES] = bytes(LOST_BYTES)
    return Audio.of(bytes(damaged))


def hear(audio: Audio) -> tuple[np.ndarray, list[str]]:
    warnings = list[str]()
    samples = np.frombuffer(b"".join(decode(audio, rate=16_000, warnings=warnings)), "<i2")
    return samples, [warning for warning in warnings if "no audio" in warning]


def find_longest_silence(samples: np.ndarray) -> float:
    """Return how many seconds of digital silence there are at a time."""
    runs = ((is_zero, sum(1 for _ in run)) for is_zero, run in itertools.groupby(samples == 0))
    return max(length for is_zero, length in runs if is_zero) / 16_000


def write_gaps(*stretches: tuple[float, float]) -> Audio:
    """Write a recording as one who records makes it who pauses before each stretch, with the lengths of both."""
    return Audio.of(write_container("webm", place_tones(list(stretches)), has_picture=False))


@pytest.mark.parametrize(("format", "codec"), ENCODINGS.values(), ids=ENCODINGS)
def test_a_lost_stretch_is_told_with_its_length_and_place(format: str, codec: str) -> None:
    samples, (warning,) = hear(overwrite(write(format, codec), 0.5))
    found = re.fullmatch(
        rf"It holds no audio for (?P<seconds>[\d.]+) s from 00:1(?P<at>\d), and silence was put there\. {CAUSES}",
        warning,
    )
    assert found
    assert float(found["seconds"]) == pytest.approx(find_longest_silence(samples), abs=0.1)
    assert len(samples) / 16_000 == pytest.approx(SECONDS, abs=0.1)


def test_several_lost_stretches_are_told_at_once() -> None:
    _, warnings = hear(write_gaps((0.0, 2.5), (1.5, 2.0), (3.0, 1.0)))
    assert warnings == [
        f"It holds no audio in 2 stretches, the first from 00:02, of 4.5 s in all, and silence was put there. {CAUSES}"
    ]


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        (0.0, 2.4, None),
        (3.0, 4.5, "1.0 s from 00:03"),
        (0.0, 3.5, "1.0 s from 00:02"),
        (4.1, 5.5, None),
        (3.9, 5, None),
    ],
    ids=["before", "from the middle on", "up to the middle", "after", "a moment"],
)
def test_a_clip_tells_what_it_holds_of_a_gap(start: float, end: float, told: str | None) -> None:
    _, warnings = hear(write_gaps((0.0, 2.5), (1.5, 2.0)).clip(start, end))
    told_clip = f"It holds no audio for {told}, and silence was put there. {CAUSES}"
    assert warnings == ([told_clip] if told else [])


def test_what_is_encoded_tells_its_gaps() -> None:
    warnings = list[str]()
    encode(write_gaps((0.0, 1.5), (2.0, 1.0)), "wav", warnings=warnings)
    assert warnings == [f"It holds no audio for 2.0 s from 00:01, and silence was put there. {CAUSES}"]


@pytest.mark.parametrize("seconds", [0.2, 0.4], ids=["shorter than a word", "left out by an encoder of Opus"])
def test_a_short_gap_is_not_told(seconds: float) -> None:
    samples, warnings = hear(write_gaps((0.0, 1.0), (seconds, 1.0)))
    assert warnings == []
    assert find_longest_silence(samples) == pytest.approx(seconds, abs=0.03)


def test_sound_that_begins_late_in_a_video_is_not_missing() -> None:
    data = write_container("mkv", place_tones([(2.0, 2.0)]), has_picture=True)
    samples, warnings = hear(Audio.of(data))
    assert warnings == []
    assert find_longest_silence(samples) == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize(("format", "codec"), WHOLE)
def test_a_whole_file_has_no_gaps(format: str, codec: str) -> None:
    assert hear(Audio.of(write(format, codec)))[1] == []


def refuse_longer_than(seconds: int) -> Reply:
    return Reply({"error": {"message": f"Audio is longer than the maximum of {seconds} seconds"}}, status=400)


def test_a_piece_that_is_cut_again_tells_no_gap_twice() -> None:
    answer = Reply({"text": "hi", "segments": [{"start": 0.0, "end": 1.0, "text": "hi"}]})
    audio = write_gaps((0.0, 40.5), (2.0, 40.0), (1.0, 40.0), (3.0, 40.0))
    with ScriptedGateway() as gateway:
        gateway.will_answer(refuse_longer_than(90), answer, refuse_longer_than(30), answer)
        client = AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url, max_concurrency=1)
        warnings = [each for each in client.transcribe(audio).warnings if "no audio" in each]
    assert warnings == [
        f"It holds no audio in 3 stretches, the first from 00:40, of 6.0 s in all, and silence was put there. {CAUSES}"
    ]


@pytest.mark.parametrize("seconds", [5.5, 70.5], ids=["at once", "in pieces"])
def test_an_engine_of_this_process_tells_its_gaps_once(seconds: float) -> None:
    transcript = AudioClient("local").transcribe(write_gaps((0.0, seconds), (2.0, 1.0)))
    at = f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"
    told = f"It holds no audio for 2.0 s from {at}, and silence was put there. {CAUSES}"
    assert [each for each in transcript.warnings if "no audio" in each] == [told]
