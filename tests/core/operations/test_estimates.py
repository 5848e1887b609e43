"""What a job will need is known before anything is sent, and agrees with what the gateway then receives."""

from __future__ import annotations

from pathlib import Path

import pytest

from audio_core import (
    Audio,
    AudioClient,
    AudioNotFound,
    Budget,
    InvalidAudio,
    InvalidOption,
    Provider,
    TranscriptionIncomplete,
)
from audio_core.media.probing import probe
from audio_core.operations.upload import estimate_bytes
from audio_core.testing import Reply, ScriptedGateway, tone
from langchain_audio import AudioLoader
from llamaindex_audio import AudioReader

SAID = Reply({"text": "hi", "segments": [{"start": 0.1, "end": 0.4, "text": "hi"}], "usage": {"cost": 0.01}})
ROW = Provider("pieces", "http://127.0.0.1:1/v1", max_upload_seconds=60.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(5):
        (tmp_path / f"{number}.wav").write_bytes(tone(0.5 + number / 3))
    return tmp_path


def receive(gateway: ScriptedGateway) -> tuple[int, float, int]:
    """Return how many requests, seconds and bytes of audio a gateway has received in forms."""
    files = [part.content for request in gateway.requests for part in request.parts if part.filename]
    return len(files), sum(probe(Audio.of(file)).duration for file in files), sum(map(len, files))


def test_the_estimate_of_a_folder_is_what_the_gateway_then_receives(gateway, folder: Path) -> None:
    gateway.will_answer(SAID)
    loader = AudioLoader(folder, provider="openai", model="m", api_key="k", base_url=gateway.base_url)
    estimate = loader.estimate(price_per_minute=6.0)
    assert gateway.requests == []
    loader.load()
    assert (estimate.requests, pytest.approx(estimate.seconds_to_send), estimate.bytes_to_send) == receive(gateway)
    assert estimate.cost == pytest.approx(estimate.seconds * 0.1)
    assert loader.usage.cost == pytest.approx(0.05)


async def test_the_reader_says_the_same_in_both_ways(gateway, folder: Path) -> None:
    gateway.will_answer(SAID)
    reader = AudioReader(provider="openai", model="m", api_key="k", base_url=gateway.base_url)
    loader = AudioLoader(folder, provider="openai", model="m", api_key="k", base_url=gateway.base_url)
    estimate = reader.estimate(folder)
    assert estimate == await reader.aestimate(folder) == loader.estimate() == await loader.aestimate()
    reader.load_data(folder)
    assert reader.usage.cost == pytest.approx(0.05)
    assert (estimate.requests, estimate.cost) == (5, None)


def test_what_cannot_be_transcribed_is_listed_and_what_is_on_the_web_is_not_known(folder: Path) -> None:
    (folder / "9.wav").write_bytes(b"RIFF no audio")
    sources = [folder / "0.wav", folder / "9.wav", folder / "missing.mp3", "https://example.com/talk.mp3"]
    estimate = AudioClient("openai", model="m").estimate(sources)
    assert [type(failure.error) for failure in estimate.failures] == [InvalidAudio, AudioNotFound]
    assert [each.label for each in estimate.unknown] == ["talk.mp3"]
    assert (estimate.requests, estimate.seconds) == (1, 0.5)


def test_a_link_that_leads_out_of_a_folder_is_listed_in_its_place(folder: Path, tmp_path_factory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "a.wav"
    outside.write_bytes(tone(1))
    (folder / "2a.wav").symlink_to(outside)
    estimate = AudioLoader(folder, provider="openai", model="m").estimate()
    assert [each.error is not None for each in estimate.recordings] == [False] * 3 + [True] + [False] * 2


def test_a_long_recording_is_counted_in_pieces(gateway, talk: Path) -> None:
    gateway.will_answer(SAID)
    client = AudioClient(ROW, model="m", base_url=gateway.base_url)
    estimate = client.estimate(talk)
    client.transcribe(talk)
    requests, seconds, _ = receive(gateway)
    assert estimate.requests == pytest.approx(requests, abs=1)
    assert estimate.seconds_to_send == pytest.approx(seconds, rel=0.03)


def test_what_the_store_has_costs_nothing(gateway, talk: Path, folder: Path, tmp_path_factory) -> None:
    gateway.will_answer(SAID)
    store = tmp_path_factory.mktemp("store") / "jobs.sqlite"
    client = AudioClient(ROW, model="m", base_url=gateway.base_url, store=store)
    client.transcribe(folder / "0.wav")
    budget = Budget(seconds=150)
    with pytest.raises(TranscriptionIncomplete):
        client.transcribe(talk, budget=budget)
    short, long = client.estimate([folder / "0.wav", talk]).recordings
    assert (short.requests, short.stored_seconds) == (0, 0.5)
    assert long.stored_seconds + long.seconds_to_send == pytest.approx(long.seconds, abs=3)
    assert long.stored_seconds == pytest.approx(budget.used_seconds, abs=3)
    assert client.estimate(talk, language="en").stored_seconds == 0  # another transcript
    client.transcribe(talk)
    done = client.estimate(talk)
    assert (done.requests, done.seconds_to_send, done.bytes_to_send) == (0, 0.0, 0)


def test_a_recording_that_is_too_large_is_counted_as_it_is_compressed() -> None:
    large = Audio.of(tone(140, rate=96_000))  # 27 MB
    estimate = AudioClient("openai", model="m").estimate(large)
    assert estimate.bytes_to_send < 140 * 16_100


def test_base64_makes_a_recording_larger_by_a_third(folder: Path) -> None:
    facts = [AudioClient(name, model="m").estimate(folder / "0.wav").bytes_to_send for name in ("openai", "openrouter")]
    assert facts[1] == pytest.approx(facts[0] * 4 / 3, abs=1)


def test_separate_channels_are_sent_one_by_one(folder: Path) -> None:
    stereo = Audio.of(bytes(4 * 16_000), format="pcm16", sample_rate=16_000, channels=2)
    client = AudioClient("openai", model="m")
    mixed, separate = client.estimate(stereo), client.estimate(stereo, channels="separate")
    assert (mixed.requests, separate.requests) == (1, 2)
    assert separate.seconds_to_send == 2 * mixed.seconds_to_send


def test_an_engine_in_this_process_costs_nothing(folder: Path) -> None:
    estimate = AudioLoader(folder).estimate()
    assert (estimate.cost, estimate.bytes_to_send) == (0.0, 0)


def test_the_price_is_what_the_gateway_lists(gateway) -> None:
    facts = {"mode": "audio_transcription", "input_cost_per_second": 0.01}
    gateway.will_answer(Reply({"data": [{"model_name": "w", "model_info": facts}]}))
    client = AudioClient("litellm", model="w", api_key="k", base_url=gateway.base_url)
    assert client.estimate(tone(2)).cost is None
    client.models()
    assert client.estimate(tone(2)).cost == pytest.approx(0.02)
    assert client.estimate(tone(2), price_per_minute=60).cost == pytest.approx(2)


def test_the_duration_depends_on_how_many_requests_go_side_by_side(folder: Path) -> None:
    one = AudioClient("openai", model="m", max_concurrency=1).estimate([tone(4)] * 8)
    eight = AudioClient("openai", model="m", max_concurrency=8).estimate([tone(4)] * 8)
    assert (one.compute_duration(0.5), eight.compute_duration(0.5)) == (pytest.approx(16), pytest.approx(2))


def test_a_wrong_option_is_refused(folder: Path) -> None:
    with pytest.raises(InvalidOption, match="gaps"):
        AudioClient("openai", model="m").estimate(folder / "0.wav", gaps="ignore")


@pytest.mark.parametrize(("target", "size"), [("mp3", 40_000), ("ogg", 15_000), ("flac", 220_500), ("wav", 441_000)])
def test_what_must_be_converted_is_estimated_in_the_format_that_is_sent(recording, target: str, size: int) -> None:
    audio = Audio.of(recording("aiff"))
    assert estimate_bytes(audio, (target,), probe(audio), 5.0) == size
