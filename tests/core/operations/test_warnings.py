"""What a user must know stands in `Transcript.warnings`, metadata and the log; nothing is dropped without a word."""

from __future__ import annotations

import logging
import os
import struct
import threading
from array import array
from pathlib import Path

import pytest

from audio_core import Audio, AudioClient, AudioTooLarge, InvalidAudio, Provider, Transcript
from audio_core.audio.content import Content
from audio_core.audio.hashing import read_sha256
from audio_core.testing import Recorded, Reply, ScriptedGateway, silence, tone
from langchain_audio import AudioLoader
from llamaindex_audio import AudioReader

ROW = Provider("tones", "http://127.0.0.1:1/v1", max_upload_seconds=12.0)
RATE = 16_000


def write_wav(samples: array, *, is_float: bool = False) -> bytes:
    tag, width = (3, 4) if is_float else (1, 2)
    form = struct.pack("<HHIIHH", tag, 1, RATE, RATE * width, width, 8 * width)
    data = samples.tobytes()
    return (
        b"RIFF"
        + struct.pack("<I", 36 + len(data))
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + struct.pack("<I", len(data))
        + data
    )


class Writer(ScriptedGateway):
    """Answers each upload with one word over the whole of it."""

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        return Reply({"text": "word", "segments": [{"start": 0.0, "end": 1.0, "text": "word"}]})


@pytest.fixture
def writer():
    with Writer() as writer:
        yield writer


def client(gateway: ScriptedGateway, row: Provider = ROW) -> AudioClient:
    return AudioClient(row, model="m", base_url=gateway.base_url, max_retries=0)


def add_silence(before: float, sound: float, after: float) -> bytes:
    body = tone(sound)[44:]
    return write_wav(array("h", bytes(2 * round(before * RATE)) + body + bytes(2 * round(after * RATE))))


def test_silence_that_was_not_sent_is_told(writer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "audio_core"):
        transcript = client(writer).transcribe(add_silence(1.0, 2.0, 57.0))
    (warning,) = transcript.warnings
    assert warning.startswith("00:")
    assert warning.endswith("hold digital silence and were not sent.")
    assert warning in caplog.text
    assert transcript.text == "word"


def test_a_recording_of_silence_alone_says_so(writer) -> None:
    transcript = client(writer).transcribe(silence(30.0))
    assert (transcript.text, writer.requests) == ("", [])
    assert "digital silence" in transcript.warnings[0]


@pytest.mark.parametrize("gain", [1.0, 1e-2, 1e-3])
def test_a_recording_at_a_low_level_is_sent(writer, gain: float) -> None:
    samples = array("h", tone(30.0)[44:])
    quiet = write_wav(array("f", (sample / 32_768 * gain for sample in samples)), is_float=True)
    transcript = client(writer).transcribe(quiet)
    assert len(writer.requests) >= 3
    assert transcript.warnings == ()


def test_hiss_between_loud_stretches_is_not_sent(writer) -> None:
    hiss = array("h", (index * 7 % 9 - 4 for index in range(40 * RATE)))
    data = write_wav(array("h", tone(3.0)[44:]) + hiss)
    transcript = client(writer).transcribe(data)
    assert len(writer.requests) == 1
    assert "not sent" in transcript.warnings[0]


def test_an_empty_reply_is_told(gateway) -> None:
    gateway.will_answer(Reply({"text": ""}))
    transcript = client(gateway).transcribe(tone(1.0))
    assert transcript.warnings == ("m found no speech.",)


def test_times_that_are_estimated_are_told(gateway) -> None:
    segments = [{"start": 0, "end": 0.4, "text": "a"}, {"start": None, "end": None, "text": "b"}]
    gateway.will_answer(Reply({"text": "a b", "segments": segments}))
    transcript = client(gateway).transcribe(tone(1.0))
    assert transcript.warnings == ("The times of 1 of 2 segments are estimated.",)


def test_options_that_were_not_followed_are_told(gateway) -> None:
    gateway.will_answer(Reply({"text": "hallo", "segments": [{"start": 0, "end": 1, "text": "hallo"}]}))
    transcript = client(gateway).transcribe(tone(1.0), words=True, diarize=True, language="xx")
    assert transcript.warnings[0].startswith("Words have no times: PocketSphinx aligns only English.")
    assert transcript.warnings[1:] == ("m gave no times of words.", "m did not tell speakers apart.")


@pytest.mark.parametrize("framework", ["langchain", "llamaindex"])
def test_documents_carry_the_warnings(writer, framework: str, tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(add_silence(1.0, 2.0, 40.0))
    options = {"provider": ROW, "model": "m", "base_url": writer.base_url}
    documents = (
        AudioLoader(path, **options).load() if framework == "langchain" else AudioReader(**options).load_data(path)
    )
    assert "not sent" in documents[0].metadata["warnings"]


def test_warnings_survive_json_and_the_store(writer, tmp_path: Path) -> None:
    asking = AudioClient(ROW, model="m", base_url=writer.base_url, store=tmp_path / "store")
    first, again = (asking.transcribe(add_silence(1.0, 2.0, 40.0)) for _ in range(2))
    assert first.warnings == again.warnings
    assert Transcript.from_json(first.to_json()) == first


def test_a_transcript_that_an_older_version_wrote_has_no_warnings() -> None:
    text = '{"text": "", "segments": [], "usage": null}'
    assert Transcript.from_json(text).warnings == ()


def test_a_recording_too_short_to_hear_is_not_sent(gateway) -> None:
    transcript = client(gateway).transcribe(Audio.of(tone(1.0)).clip(0.2, 0.205))
    assert (transcript.text, gateway.requests) == ("", [])
    assert transcript.warnings == ("It lasts 0.005 s, which is too short to hold speech, and was not sent.",)


def test_a_chat_model_is_not_asked_about_what_is_too_short(gateway) -> None:
    with pytest.raises(InvalidAudio, match=r"lasts 0\.005 s, which is too short to hear"):
        client(gateway).ask(Audio.of(tone(1.0)).clip(0.2, 0.205), "What is said?")
    assert gateway.requests == []


def test_a_wav_without_samples_is_an_error(gateway) -> None:
    for ask in (client(gateway).transcribe, lambda audio: client(gateway).ask(audio, "What is said?")):
        with pytest.raises(InvalidAudio, match=r"holds no samples|too short"):
            ask(tone(0.0))
    assert gateway.requests == []


@pytest.mark.parametrize("size", [2**37, 2**40])
def test_a_huge_file_is_refused_before_it_is_read(gateway, tmp_path: Path, size: int) -> None:
    path = tmp_path / "huge.wav"
    with path.open("wb") as file:
        file.write(b"RF64\xff\xff\xff\xffWAVEds64" + struct.pack("<IQQQI", 28, size, size - 80, 0, 0))
        file.write(b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16) + b"data\xff\xff\xff\xff")
        os.ftruncate(file.fileno(), size)
    for ask in (client(gateway).transcribe, lambda audio: client(gateway).ask(audio, "What is said?")):
        with pytest.raises(AudioTooLarge, match="bytes; at most"):
            ask(path)
    assert gateway.requests == []


class Overwriting(Writer):
    """Overwrites the recording in place when the second piece arrives."""

    path: Path

    def next_reply(self, request: Recorded) -> Reply:
        reply = super().next_reply(request)
        if len(self.requests) == 2:
            with self.path.open("r+b") as file:
                file.seek(44)
                file.write(tone(60.0, hertz=700)[44:])
        return reply


@pytest.mark.parametrize("seconds", [10.0, 60.0])
def test_a_recording_that_is_overwritten_amid_a_job_is_an_error(seconds: float, tmp_path: Path) -> None:
    path = tmp_path / "live.wav"
    path.write_bytes(tone(60.0))
    with Overwriting() as gateway:
        gateway.path = path
        asking = AudioClient(
            ROW, model="m", base_url=gateway.base_url, max_concurrency=1, store=tmp_path / "store", max_retries=0
        )
        if seconds < 12:
            asking.transcribe(Audio.of(path).clip(0, 5))
        with pytest.raises(Exception, match="changed while it was being transcribed") as caught:
            asking.transcribe(Audio.of(path).clip(0, seconds))
        assert getattr(caught.value, "transcript", None) is None or caught.value.transcript.text != ""


def test_a_file_that_is_only_touched_is_the_same(writer, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(tone(1.0))
    recording = client(writer).open_recording(path)
    os.utime(path, (1, 1))
    assert client(writer).transcribe(recording).text == "word"


async def test_a_touched_file_is_hashed_away_from_the_event_loop(tmp_path: Path, monkeypatch) -> None:
    path, hashed_on = tmp_path / "a.wav", list[threading.Thread]()
    path.write_bytes(tone(1.0))

    class Touching(Writer):
        def next_reply(self, request: Recorded) -> Reply:
            os.utime(path, (1, 1))
            return super().next_reply(request)

    def hash_content(content: Content) -> str:
        hashed_on.append(threading.current_thread())
        return read_sha256(content)

    monkeypatch.setattr("audio_core.operations.recording.read_sha256", hash_content)
    with Touching() as gateway:
        assert (await client(gateway).atranscribe(path)).text == "word"
    assert len(hashed_on) == 1
    assert threading.current_thread() not in hashed_on


def build_babble(seconds: float) -> bytes:
    """Build a WAV of bursts of sound with pauses between them, as words have."""
    burst = tone(0.4)[44:] + bytes(2 * round(0.3 * RATE))
    return write_wav(array("h", (burst * round(seconds / 0.7))[: 2 * round(seconds * RATE)]))


@pytest.mark.parametrize("reply", [{"text": ""}, {"text": "", "segments": []}, {"text": " ", "duration": 9.0}])
def test_an_empty_reply_for_speech_is_told(gateway, reply: dict, caplog: pytest.LogCaptureFixture) -> None:
    gateway.will_answer(Reply(reply))
    transcript = client(gateway).transcribe(build_babble(9.1))
    (warning,) = transcript.warnings
    assert warning == "m wrote nothing for what sounds like speech: 00:00-00:08."
    assert warning in caplog.text


class Forgetful(ScriptedGateway):
    """Answers every second upload with nothing."""

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        text = "" if len(self.requests) % 2 == 0 else "word"
        return Reply({"text": text, "segments": [{"start": 0.0, "end": 1.0, "text": text}] if text else []})


def test_pieces_of_speech_without_text_are_told() -> None:
    with Forgetful() as gateway:
        transcript = AudioClient(ROW, model="m", base_url=gateway.base_url, max_concurrency=1).transcribe(
            build_babble(35.0)
        )
    assert "word" in transcript.text
    (warning,) = transcript.warnings
    assert warning.startswith("m wrote nothing for what sounds like speech: 00:1")


def test_text_for_silence_is_told(gateway) -> None:
    gateway.will_answer(Reply({"text": "Thank you."}))
    transcript = client(gateway).transcribe(silence(3.0))
    assert transcript.warnings == ("m may have invented 'Thank you.': no speech was found in what was sent.",)


def test_nothing_is_decoded_for_a_transcript_that_lacks_nothing(writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "audio_core.operations.transcription_request.add_missing_times", lambda *_, **__: pytest.fail("asked")
    )
    assert client(writer).transcribe(tone(2.0)).text == "word"
