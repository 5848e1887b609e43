"""Recordings over a gateway's limit, through a server that hears which tone each moment holds."""

import asyncio
import io
import itertools
import threading
import wave
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audio_core import (
    Audio,
    AudioClient,
    AudioError,
    AuthenticationError,
    InvalidAudio,
    Provider,
    ProviderUnavailable,
    TranscriptionIncomplete,
)
from audio_core.media.decode import decode, encode
from audio_core.media.segmentation import Piece, cut_recording
from audio_core.operations import upload
from audio_core.operations.job import Job, Recording
from audio_core.testing import Recorded, Reply, ScriptedGateway
from langchain_audio import AudioLoader
from llamaindex_audio import AudioReader

RATE = 16_000
ROW = Provider("tones", "http://127.0.0.1:1/v1", max_upload_seconds=12.0)
Tone = tuple[float, float, int]  # start, end, number


def recording(tones: list[Tone], seconds: float) -> bytes:
    """A WAV in which each number sounds as a tone of its own."""
    samples = np.zeros(round(seconds * RATE), "<i2")
    for start, end, number in tones:
        first, last = round(start * RATE), round(end * RATE)
        samples[first:last] = np.round(9000 * np.sin(2 * np.pi * (400 + 25 * number) / RATE * np.arange(last - first)))
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        out.writeframes(samples.tobytes())
    return file.getvalue()


def numbers(with_pauses: bool, count: int = 80) -> tuple[list[Tone], float]:
    """Half a second a number, with a pause of growing length after each fifth, or none at all."""
    time, tones = 0.3, []
    for number in range(count):
        tones.append((time, time + 0.5, number))
        time += 0.5 + (0.35 + 0.01 * number if with_pauses and number % 5 == 4 else 0.0)
    return tones, time + 0.3


def heard(audio: Audio) -> list[Tone]:
    """Every number that sounds, by counting how often a twentieth of a second crosses zero."""
    samples = np.frombuffer(b"".join(decode(audio, rate=RATE)), "<i2")
    found: list[Tone] = []
    size = RATE // 20
    for at in range(0, len(samples) - size, size):
        frame = samples[at : at + size]
        crossings = int(np.count_nonzero(np.diff(frame < 0)))
        number = round((crossings * 10 - 400) / 25) if frame.max() > 3000 else -1
        start, end = at / RATE, (at + size) / RATE
        if number >= 0 and found and abs(found[-1][2] - number) <= 0 and start - found[-1][1] < 0.06:
            found[-1] = (found[-1][0], end, number)
        elif number >= 0:
            found.append((start, end, number))
    return [tone for tone in found if tone[1] - tone[0] >= 0.3]


class Listener(ScriptedGateway):
    """Answers each upload with the numbers that sound in it; `broken` pieces (by upload) get an error."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: dict[int, Reply] = {}
        self.timed = True

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        upload = next(part.content for part in request.parts if part.filename)
        tones = heard(Audio.of(upload))
        if any(number in self.broken for _, _, number in tones):
            return next(self.broken[number] for _, _, number in tones if number in self.broken)
        words = [{"word": f"n{number}", "start": start, "end": end} for start, end, number in tones]
        text = " ".join(word["word"] for word in words)
        body = {"text": text, "language": "english", "usage": {"type": "duration", "seconds": 1}}
        segments = [{"start": word["start"], "end": word["end"], "text": word["word"]} for word in words]
        return Reply({**body, "segments": segments, **({"words": words} if self.timed else {})})


@pytest.fixture
def listener():
    with Listener() as listener:
        yield listener


def client(listener: Listener, **options) -> AudioClient:
    return AudioClient(ROW, model="m", base_url=listener.base_url, max_retries=0, max_concurrency=3, **options)


@pytest.mark.parametrize("with_pauses", [True, False])
def test_every_number_comes_once_in_order_and_at_its_time(listener, with_pauses: bool) -> None:
    tones, seconds = numbers(with_pauses)
    transcript = client(listener).transcribe(recording(tones, seconds))
    assert transcript.text.split() == [f"n{number}" for _, _, number in tones]
    assert all(abs(segment.start - tone[0]) < 0.25 for segment, tone in zip(transcript.segments, tones, strict=True))
    assert len(listener.requests) >= seconds / 12
    assert transcript.duration == pytest.approx(seconds, abs=0.01)
    assert transcript.usage.audio_seconds == len(listener.requests)
    assert (transcript.provider, transcript.language) == ("tones", "english")


async def test_async_calls_say_the_same(listener) -> None:
    tones, seconds = numbers(with_pauses=False, count=50)
    data = recording(tones, seconds)
    transcript = await client(listener).atranscribe(data)
    assert transcript == await asyncio.to_thread(client(listener).transcribe, data)


def test_a_clip_keeps_the_recordings_own_times(listener) -> None:
    tones, seconds = numbers(with_pauses=True)
    transcript = client(listener).transcribe(Audio.of(recording(tones, seconds)).clip(5.0, 35.0))
    within = [tone for tone in tones if tone[0] >= 5.0 and tone[1] <= 35.0]
    assert transcript.text.split() == [f"n{number}" for _, _, number in within]
    assert abs(transcript.segments[0].start - within[0][0]) < 0.25


def test_what_fits_goes_out_untouched(listener) -> None:
    data = recording(*numbers(with_pauses=True, count=10))
    client(listener).transcribe(data)
    (request,) = listener.requests
    assert next(part.content for part in request.parts if part.filename) == data


def test_too_many_bytes_are_cut_too(listener) -> None:
    tones, seconds = numbers(with_pauses=True)
    row = replace(ROW, max_upload_seconds=None, max_upload_bytes=1_000_000, upload_formats=("wav", "mp3"))
    asking = AudioClient(row, model="m", base_url=listener.base_url)
    assert len(asking.transcribe(recording(tones, seconds)).text.split()) == len(tones)
    uploads = [part for request in listener.requests for part in request.parts if part.filename]
    assert len(uploads) > 1
    assert max(len(part.content) for part in uploads) <= 1_000_000


def test_a_piece_that_fails_is_named_and_the_others_are_kept(listener) -> None:
    tones, seconds = numbers(with_pauses=True)
    listener.broken[50] = Reply({"error": {"message": "upstream died"}}, status=500)
    with pytest.raises(
        TranscriptionIncomplete, match=r"could not be transcribed: .*upstream died.* gaps='mark'"
    ) as caught:
        AudioClient(ROW, model="m", base_url=listener.base_url, max_retries=0, max_concurrency=1).transcribe(
            recording(tones, seconds)
        )
    (start, end, error), (rest, last, _) = caught.value.failures  # the piece, and what was not asked for after it
    assert start < tones[50][0] < end == rest
    assert last == pytest.approx(seconds, abs=0.01)
    assert isinstance(error, ProviderUnavailable)
    assert caught.value.transcript.text.startswith("n0 n1 n2 ")


@pytest.mark.parametrize("framework", ["core", "langchain", "llamaindex"])
def test_a_gap_can_be_marked(listener, framework: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tones, seconds = numbers(with_pauses=True)
    listener.broken[30] = Reply({"error": {"message": "upstream died"}}, status=500)
    path = tmp_path / "numbers.wav"
    path.write_bytes(recording(tones, seconds))
    monkeypatch.setattr("audio_core.client.client.choose_provider", lambda *_: ROW)
    options = {"provider": "local", "model": "m", "base_url": listener.base_url, "max_retries": 0, "gaps": "mark"}
    if framework == "core":
        transcript = client(listener).transcribe(path, gaps="mark")
        (gap,) = [segment for segment in transcript.segments if segment.is_gap]
        texts, start, end = [segment.text for segment in transcript.segments], gap.start, gap.end
    elif framework == "langchain":
        documents = AudioLoader(path, **options).load()
        (place,) = [document.metadata for document in documents if document.metadata.get("gap")]
        texts, start, end = [document.page_content for document in documents], place["start"], place["end"]
    else:
        documents = AudioReader(**options).load_data(path)
        (place,) = [document.metadata for document in documents if document.metadata.get("gap")]
        texts, start, end = [document.text for document in documents], place["start"], place["end"]
    assert start < tones[30][0] < tones[30][1] < end
    assert any(text.startswith("[not transcribed: 00:") for text in texts)
    assert {"n0", "n79"} < set(texts)
    assert "n30" not in texts


def test_what_is_hopeless_is_asked_once_and_is_its_own_error(listener) -> None:
    tones, seconds = numbers(with_pauses=True)
    listener.broken |= dict.fromkeys(range(80), Reply({"error": {"message": "bad key"}}, status=401))
    with pytest.raises(AuthenticationError, match="bad key"):
        client(listener).transcribe(recording(tones, seconds), gaps="mark")
    assert len(listener.requests) <= 3


def test_what_cannot_be_decoded_any_further_costs_nothing_of_what_came_before(
    listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    tones, seconds = numbers(with_pauses=True)

    def broken(job: Job, recording: Recording, longest: Callable[[], float], warnings: list[str]):
        yield from list(cut_recording(recording.audio, longest))[:2]
        raise InvalidAudio("it is damaged")

    monkeypatch.setattr("audio_core.operations.long_transcription.cut_pieces", broken)
    with pytest.raises(TranscriptionIncomplete, match="it is damaged") as caught:
        client(listener).transcribe(recording(tones, seconds))
    assert caught.value.transcript.text.startswith("n0 n1 n2 ")
    ((start, end, error),) = caught.value.failures
    assert 10 < start < end == pytest.approx(seconds, abs=0.01)
    assert isinstance(error, InvalidAudio)


def test_silence_is_not_sent(listener) -> None:
    tones, seconds = [(0.5, 1.0, 1), (58.0, 58.5, 2)], 60.0
    transcript = client(listener).transcribe(recording(tones, seconds))
    assert transcript.text == "n1 n2"
    assert len(listener.requests) == 2


def test_pieces_are_under_way_side_by_side(listener) -> None:
    tones, seconds = numbers(with_pauses=True)
    under_way, most = 0, 0
    answer, are_two = listener.next_reply, threading.Event()

    def wait_for_two(request: Recorded) -> Reply:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if most == 2:
            are_two.set()
        if len(listener.requests) > 1:  # the first goes alone, as it tells whether the model sends times
            are_two.wait(60)
        reply = answer(request)
        under_way -= 1
        return reply

    listener.next_reply = wait_for_two
    client(listener).transcribe(recording(tones, seconds))
    assert 2 <= most <= 3


def test_a_full_disk_costs_the_piece_and_a_transcript_with_gaps_lasts_as_long_as_its_recording(
    listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    tones, seconds = numbers(with_pauses=True)
    encode = upload.encode_for_upload

    def fail_once(calls: Iterator[int]) -> Callable[..., object]:
        def encode_or_fail(*args: object) -> object:
            if next(calls) == 1:
                raise OSError(28, "No space left on device")
            return encode(*args)

        return encode_or_fail

    def replace_encoder() -> None:
        monkeypatch.setattr("audio_core.operations.pieces.encode_for_upload", fail_once(itertools.count()))

    replace_encoder()
    transcript = client(listener).transcribe(recording(tones, seconds), gaps="mark")
    assert sum(segment.is_gap for segment in transcript.segments) == 1
    assert transcript.duration == pytest.approx(seconds, abs=0.01)
    replace_encoder()
    with pytest.raises(AudioError, match="No space left on device"):
        client(listener).transcribe(recording(tones, seconds))


def test_one_thread_encodes_all_pieces(listener, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an encoder allocates would stay with each thread that had one."""
    tones, seconds = numbers(with_pauses=True)
    threads, encode_piece = list[int](), Piece.encode

    def encode_and_tell(piece: Piece, *arguments: object) -> object:
        threads.append(threading.get_ident())
        return encode_piece(piece, *arguments)

    monkeypatch.setattr(Piece, "encode", encode_and_tell)
    content = encode(Audio.of(recording(tones, seconds)), "wav", rate=48_000)
    client(listener).transcribe(content)
    assert len(threads) > 2
    assert len(set(threads)) == 1


def test_pieces_are_sent_in_the_format_that_costs_the_least_cpu_time(listener) -> None:
    tones, seconds = numbers(with_pauses=True, count=200)
    row = replace(ROW, max_upload_seconds=70.0)
    content = encode(Audio.of(recording(tones, seconds)), "wav", rate=48_000)  # too many bytes to be copied
    AudioClient(row, model="m", base_url=listener.base_url).transcribe(content)
    names = [request.parts[-1].filename for request in listener.requests]
    assert [name.rpartition(".")[2] for name in names if name] == ["wav", "flac", "flac"]  # the first one is short
