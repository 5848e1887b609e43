"""`AudioClient`: what goes out to a gateway, and what comes back."""

import asyncio
import base64
from pathlib import Path

import pytest

from audio_core import (
    Access,
    AccessDenied,
    Audio,
    AudioClient,
    InvalidAudio,
    InvalidOption,
    MissingAPIKey,
    Segment,
    UnknownProvider,
    UnsupportedFormat,
)
from audio_core.media.probing import probe
from audio_core.testing import Reply, ScriptedGateway, chat_stream, tone

VERBOSE = Reply(
    {"text": "hi", "language": "en", "duration": 9.0, "segments": [{"start": 0.5, "end": 1.0, "text": "hi"}]}
)


def client(gateway: ScriptedGateway, provider: str = "openai", **options) -> AudioClient:
    return AudioClient(provider, model="m", api_key="k", base_url=gateway.base_url, **options)


def sent_audio(gateway: ScriptedGateway) -> dict:
    return next(p for p in gateway.requests[-1].json["messages"][-1]["content"] if p["type"] == "input_audio")[
        "input_audio"
    ]


@pytest.mark.parametrize("name", ["wav", "mp3"])
def test_a_format_that_the_gateway_takes_goes_out_untouched(gateway, recording, name: str) -> None:
    client(gateway).ask(recording(name), "What?")
    assert sent_audio(gateway) == {"data": base64.b64encode(recording(name)).decode(), "format": name}


@pytest.mark.parametrize("name", ["flac", "ogg", "m4a", "mp4", "aac", "aiff", "webm", "mkv"])
def test_any_other_format_is_converted_to_one_that_it_takes(gateway, recording, name: str) -> None:
    client(gateway).ask(recording(name), "What?")
    sent = sent_audio(gateway)
    audio = Audio.from_base64(sent["data"])
    assert sent["format"] == audio.format == "wav"
    assert probe(audio).duration == pytest.approx(5.0, abs=0.05)


def test_what_one_gateway_must_have_converted_another_takes_as_it_is(gateway, recording) -> None:
    client(gateway, "openrouter").ask(recording("flac"), "What?")
    assert sent_audio(gateway)["format"] == "flac"


def test_raw_pcm_is_sent_as_wav_with_its_rate(gateway) -> None:
    client(gateway, "openrouter").ask(Audio.of(bytes(16_000), format="pcm16", sample_rate=8_000), "What?")
    assert probe(Audio.from_base64(sent_audio(gateway)["data"])).sample_rate == 8_000


def test_base64_is_sent_as_the_same_text(gateway) -> None:
    text = base64.b64encode(tone(0.5)).decode()
    client(gateway).ask({"type": "audio", "base64": text}, "What?")
    assert sent_audio(gateway)["data"] == text


def test_a_clip_is_cut_before_it_is_sent(gateway, talk: Path) -> None:
    client(gateway).ask(Audio.of(talk).clip(10, 12.5), "What?")
    assert probe(Audio.from_base64(sent_audio(gateway)["data"])).duration == 2.5


def test_what_is_left_of_a_cut_file_is_sent_if_one_says_so(gateway, recording) -> None:
    gateway.will_answer(VERBOSE)
    half = recording("flac")[: len(recording("flac")) // 2]
    with pytest.raises(InvalidAudio, match="cut short"):
        client(gateway).transcribe(half)
    assert client(gateway).transcribe(Audio.of(half, end=2.0)).duration == 2.0


def test_a_clip_that_reaches_beyond_the_end_lasts_as_long_as_there_is_sound(gateway, call: Path) -> None:
    gateway.will_answer(VERBOSE)
    assert client(gateway).transcribe(Audio.of(call, start=50, end=900)).duration == pytest.approx(3.57, abs=0.05)


def test_a_long_clip_goes_out_as_mp3(gateway, talk: Path) -> None:
    client(gateway).ask(Audio.of(talk).clip(10, 90), "What?")
    assert sent_audio(gateway)["format"] == "mp3"


def test_recordings_keep_their_order_among_each_other_and_before_the_question(gateway) -> None:
    clips = [tone(0.1 * n) for n in range(1, 6)]
    client(gateway).ask(clips, "Which is longest?")
    *sounds, question = gateway.requests[0].json["messages"][0]["content"]
    assert [base64.b64decode(sound["input_audio"]["data"]) for sound in sounds] == clips
    assert question == {"type": "text", "text": "Which is longest?"}


def test_a_message_without_audio_is_fine(gateway) -> None:
    assert client(gateway).chat([{"role": "user", "content": "hi"}], {"temperature": 0.5}).text == "yes"
    assert gateway.requests[0].json == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0.5,
    }


def test_a_stream_asks_for_its_usage(gateway) -> None:
    gateway.will_answer(chat_stream("yes"))
    assert [delta.text for delta in client(gateway).stream(tone(0.1), "What?") if delta.text] == ["yes"]
    assert gateway.requests[0].json["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    "data", [b"hello", b"", tone(1.0)[:20_000], b"RIFF\x00\x00\x00\x00WAVE"], ids=["text", "empty", "cut", "header"]
)
def test_what_is_no_audio_is_refused_before_any_request(gateway, data: bytes) -> None:
    with pytest.raises(InvalidAudio, match=r"^messages\[0\], block 1: "):
        client(gateway).ask([tone(0.1), data], "What?")
    with pytest.raises(InvalidAudio):
        client(gateway).transcribe(data)
    assert gateway.requests == []


def test_access_limits_what_a_message_may_open(gateway, talk: Path) -> None:
    asking = client(gateway, access=Access(roots=(talk.parent,)))
    assert asking.ask(f"{talk.as_uri()}#t=0,1", "What?").text == "yes"
    with pytest.raises(AccessDenied):
        asking.ask("/etc/hostname", "What?")


def test_an_unknown_provider_a_missing_key_and_a_missing_model_say_what_to_do(gateway) -> None:
    with pytest.raises(UnknownProvider, match="openai, openrouter"):
        AudioClient("opnai")
    with pytest.raises(MissingAPIKey, match="set CORTECS_API_KEY, or pass api_key="):
        AudioClient("cortecs", model="m").ask(tone(0.1), "What?")
    with pytest.raises(UnsupportedFormat, match=r"openai's models.*model="):
        AudioClient("openai", api_key="k").ask(tone(0.1), "What?")


def test_the_key_comes_from_the_environment_when_it_is_needed(gateway, monkeypatch) -> None:
    asking = AudioClient("openrouter", model="m", base_url=gateway.base_url)
    monkeypatch.setenv("OPENROUTER_API_KEY", "from-env")
    asking.ask(tone(0.1), "What?")
    assert gateway.requests[0].headers["authorization"] == "Bearer from-env"


def test_a_file_is_uploaded_untouched_under_its_name(gateway, call: Path) -> None:
    gateway.will_answer(VERBOSE)
    client(gateway).transcribe(call, language="en", words=True)
    file = gateway.requests[0].parts[-1]
    assert (file.filename, file.content_type, file.content) == ("call.mp3", "audio/mpeg", call.read_bytes())
    assert gateway.requests[0].path == "/v1/audio/transcriptions"


def test_openrouter_is_sent_json(gateway, talk: Path) -> None:
    gateway.will_answer(VERBOSE)
    client(gateway, "openrouter").transcribe(talk)
    sent = gateway.requests[0].json["input_audio"]
    assert (sent["format"], base64.b64decode(sent["data"])) == ("ogg", talk.read_bytes())


def test_times_of_a_clip_are_of_the_recording(gateway, talk: Path) -> None:
    gateway.will_answer(VERBOSE)
    found = client(gateway).transcribe(f"{talk}#t=100,110")
    assert found.segments == (Segment(100.5, 101.0, "hi"),)
    assert (found.source, found.duration) == (talk.as_uri(), 10.0)


def test_a_model_that_refuses_segments_is_asked_for_text(gateway, talk: Path) -> None:
    refusal = Reply(
        {
            "error": {
                "message": "response_format 'verbose_json' is not compatible with model",
                "param": "response_format",
            }
        },
        400,
    )
    gateway.will_answer(refusal, Reply({"text": "hello"}))
    found = client(gateway).transcribe(Audio.of(talk, end=5), words=True)
    (segment,) = found.segments
    assert (round(segment.start, 1), segment.end, segment.text) == (0.5, 5.0, "hello")
    assert gateway.requests[1].form["response_format"] == ["json"]


def test_sync_and_async_transcripts_are_the_same(gateway, talk: Path) -> None:
    gateway.will_answer(VERBOSE)
    asking = client(gateway)
    assert asyncio.run(asking.atranscribe(talk)) == asking.transcribe(talk)


def test_local_transcription_needs_no_key_and_no_network(call: Path) -> None:
    found = AudioClient().transcribe(f"{call}#t=15,20")
    assert "number" in found.text
    assert all(15 <= segment.start < segment.end <= 20.5 for segment in found.segments)
    assert found.sha256 is not None
    assert len(found.sha256) == 64


def test_a_local_engine_that_does_not_exist_lists_those_that_do() -> None:
    with pytest.raises(UnsupportedFormat, match=r"pocketsphinx.*faster-whisper"):
        AudioClient("local", model="whisper-9").transcribe(tone(0.1))


def test_closing_and_using_again(gateway) -> None:
    with client(gateway) as asking:
        asking.ask(tone(0.1), "What?")
    assert asking.ask(tone(0.1), "What?").text == "yes"

    async def go() -> str:
        async with client(gateway) as asking:
            return (await asking.aask(tone(0.1), "What?")).text

    assert asyncio.run(go()) == "yes"


def test_the_log_says_once_which_model_transcribes(call: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "audio_core")
    local = AudioClient()
    for _ in range(2):
        local.transcribe(f"{call}#t=0,1")
    assert [record.message for record in caplog.records if "transcribes" in record.message] == [
        "pocketsphinx transcribes (local)."
    ]


@pytest.mark.parametrize("language", ["en", "en-GB", "English", None])
def test_pocketsphinx_follows_english(call: Path, language: str | None) -> None:
    assert AudioClient().transcribe(f"{call}#t=0,1", language=language, extra={}).language == "en"


def test_channels_are_not_streamed_apart(gateway: ScriptedGateway, call: Path) -> None:
    with pytest.raises(InvalidOption, match="cannot be streamed"):
        next(client(gateway).stream_transcript(call, channels="separate"))
    assert gateway.requests == []


NO_MESSAGES = ["text", b"text", None, 5, {"role": "user", "content": "hi"}, ["text"], [None]]


@pytest.mark.parametrize("messages", NO_MESSAGES)
async def test_what_is_no_list_of_messages_is_refused(gateway, messages) -> None:
    asking = client(gateway)
    for call in (asking.chat, asking.stream_chat, asking.astream_chat):
        with pytest.raises(InvalidOption, match="messages should be a list of dicts"):
            call(messages, {})
    with pytest.raises(InvalidOption, match="messages should be a list of dicts"):
        await asking.achat(messages, {})
    assert not gateway.requests


@pytest.mark.parametrize("options", [None, "temperature", [1]])
def test_fields_that_are_no_dict_are_refused(gateway, options) -> None:
    with pytest.raises(InvalidOption, match="options should be a dict"):
        client(gateway).chat([{"role": "user", "content": "hi"}], options)
