"""Every spelling of an audio block that LangChain's users write, through the whole chat model to the wire."""

import base64
import io
import json
from pathlib import Path

import pytest
from langchain_core.messages import (
    AIMessage,
    ChatMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.messages.content import create_audio_block
from langchain_core.tools import tool

from audio_core import AccessDenied, Audio, AudioError, InvalidAudio
from audio_core.media.probing import probe
from audio_core.testing import ScriptedGateway, tone
from langchain_audio import ChatAudio

WAV = tone(0.2)
B64 = base64.b64encode(WAV).decode()
URI = f"data:audio/wav;base64,{B64}"
PCM = WAV[44:]
TEXT = {"type": "text", "text": "What?"}


def model(gateway: ScriptedGateway, **options) -> ChatAudio:
    return ChatAudio(model="m", provider="openai", api_key="k", base_url=gateway.base_url, **options)


def sent(gateway: ScriptedGateway, block, **options) -> dict:
    model(gateway, **options).invoke([HumanMessage([TEXT, block])])
    return gateway.requests[-1].json["messages"][0]["content"][1]


SPELLINGS = {
    "v1 base64": {"type": "audio", "base64": B64, "mime_type": "audio/wav"},
    "v1 factory": create_audio_block(base64=B64, mime_type="audio/wav"),
    "mislabelled mpeg": {"type": "audio", "base64": B64, "mime_type": "audio/mpeg"},
    "x-wav": {"type": "audio", "base64": B64, "mime_type": "audio/x-wav"},
    "codec parameters": {"type": "audio", "base64": B64, "mime_type": "audio/wav; codecs=1"},
    "octet-stream": {"type": "audio", "base64": B64, "mime_type": "application/octet-stream"},
    "extras": {"type": "audio", "base64": B64, "mime_type": "audio/mpeg", "extras": {"format": "mp3"}},
    "no mime type": {"type": "audio", "base64": B64},
    "raw bytes as base64": {"type": "audio", "base64": WAV, "mime_type": "audio/wav"},
    "data URI as base64": {"type": "audio", "base64": URI, "mime_type": "audio/wav"},
    "base64 with line breaks": {"type": "audio", "base64": base64.encodebytes(WAV).decode(), "mime_type": "audio/wav"},
    "URL-safe base64": {"type": "audio", "base64": base64.urlsafe_b64encode(WAV).decode(), "mime_type": "audio/wav"},
    "data": {"type": "audio", "data": B64, "mime_type": "audio/wav"},
    "v1 data URI": {"type": "audio", "url": URI},
    "data URI without a type": {"type": "audio", "url": f"data:;base64,{B64}"},
    "v0 base64": {"type": "audio", "source_type": "base64", "data": B64, "mime_type": "audio/mpeg"},
    "v0 url": {"type": "audio", "source_type": "url", "url": URI, "mime_type": "audio/wav"},
    "input_audio": {"type": "input_audio", "input_audio": {"data": B64, "format": "wav"}},
    "input_audio, wrong format": {"type": "input_audio", "input_audio": {"data": B64, "format": "mp3"}},
    "input_audio, no format": {"type": "input_audio", "input_audio": {"data": B64}},
    "input_audio, extra keys": {
        "type": "input_audio",
        "input_audio": {"data": B64, "format": "wav", "x": 1},
        "cache": 1,
    },
    "input_audio, url": {"type": "input_audio", "input_audio": {"url": URI}},
    "input_audio, URI as data": {"type": "input_audio", "input_audio": {"data": URI, "format": "wav"}},
    "audio_url": {"type": "audio_url", "audio_url": {"url": URI}},
    "media": {"type": "media", "mime_type": "audio/wav", "data": B64},
    "media by URI": {"type": "media", "mime_type": "audio/wav", "file_uri": URI},
    "file v1": {"type": "file", "base64": B64, "mime_type": "audio/wav", "filename": "a.wav"},
    "file v0": {"type": "file", "source_type": "base64", "data": B64, "mime_type": "audio/wav"},
    "file of OpenAI": {"type": "file", "file": {"filename": "a.wav", "file_data": URI}},
    "file of OpenAI, mpeg": {"type": "file", "file": {"file_data": f"data:audio/mpeg;base64,{B64}"}},
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_sent_as_what_it_is(gateway, spelling: str) -> None:
    assert sent(gateway, SPELLINGS[spelling]) == {"type": "input_audio", "input_audio": {"data": B64, "format": "wav"}}


def test_paths_and_file_urls_are_sent_under_access(gateway, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(WAV)
    blocks = [
        {"type": "audio", "path": str(path)},
        {"type": "audio", "path": path},
        {"type": "audio", "url": str(path)},
        {"type": "audio", "url": path.as_uri()},
        {"type": "media", "mime_type": "audio/wav", "file_uri": path.as_uri()},
        {"type": "audio_url", "audio_url": {"url": path.as_uri()}},
        {"type": "input_audio", "input_audio": {"url": path.as_uri()}},
        {"type": "file", "url": path.as_uri(), "mime_type": "audio/wav"},
    ]
    assert [sent(gateway, block, access=tmp_path)["input_audio"] for block in blocks] == [
        {"data": B64, "format": "wav"}
    ] * len(blocks)


@pytest.mark.parametrize("name", ["m4a", "ogg", "flac", "webm", "mp4", "aac"])
def test_what_the_gateway_does_not_take_is_converted(gateway, recording, name: str) -> None:
    given = base64.b64encode(recording(name)).decode()
    found = sent(gateway, {"type": "audio", "base64": given, "mime_type": f"audio/{name}"})["input_audio"]
    assert found["format"] == "wav"
    assert probe(Audio.from_base64(found["data"])).duration == pytest.approx(5.0, abs=0.05)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "audio", "base64": base64.b64encode(PCM).decode(), "mime_type": "audio/pcm;rate=16000"},
        {"type": "audio", "base64": base64.b64encode(PCM).decode(), "mime_type": "audio/pcm", "sample_rate": 16_000},
        {
            "type": "input_audio",
            "input_audio": {"data": base64.b64encode(PCM).decode(), "format": "pcm16", "sample_rate": 16_000},
        },
    ],
)
def test_raw_pcm_goes_out_as_wav_at_its_stated_rate(gateway, block: dict) -> None:
    found = Audio.from_base64(sent(gateway, block)["input_audio"]["data"])
    assert (found.format, probe(found).sample_rate, probe(found).duration) == ("wav", 16_000, 0.2)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "audio", "base64": B64, "start": 0.05, "end": 0.15},
        {"type": "input_audio", "input_audio": {"data": B64, "format": "wav"}, "start": 0.05, "end": 0.15},
    ],
)
def test_a_block_may_name_a_clip(gateway, block: dict) -> None:
    found = Audio.from_base64(sent(gateway, block)["input_audio"]["data"])
    assert probe(found).duration == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ({"type": "text"}, "holds no text"),
        ({"type": "text", "text": None}, "holds no text"),
        ({"type": "text", "cache_control": {}}, "holds no text"),
        ({"type": "banana"}, r"'banana' cannot be sent\. Accepted: text, audio"),
        ({"type": "audio"}, "no source; give one of url, base64, data or path"),
        ({"type": "audio", "file_id": "file-1"}, "file id"),
        ({"type": "audio", "source_type": "id", "id": "file-1"}, "file id"),
        ({"type": "audio", "base64": B64, "url": URI}, "2 sources"),
        ({"type": "audio", "base64": B64, "file_id": "file-1"}, "2 sources"),
        ({"type": "audio", "base64": ""}, "empty"),
        ({"type": "audio", "base64": "UklG!", "mime_type": "audio/wav"}, "base64"),
        ({"type": "audio", "base64": "UklGR"}, "base64 of the audio is truncated"),
        ({"type": "audio", "url": "data:audio/wav,RIFF"}, "no base64"),
        ({"type": "audio", "base64": base64.b64encode(b"hello there").decode()}, "not audio: it starts like text"),
        ({"type": "audio", "base64": base64.b64encode(PCM).decode(), "mime_type": "audio/pcm"}, "sample_rate"),
        ({"type": "audio", "base64": base64.b64encode(tone(5.0)[:9000]).decode()}, "cut short"),
        ({"type": "audio", "url": "s3://bucket/a.wav"}, "access allows no folder"),
        ({"type": "audio", "url": "/etc/passwd"}, "may not be opened"),
    ],
)
def test_a_block_that_cannot_be_sent_is_named_before_any_request(gateway, block: dict, says: str) -> None:
    with pytest.raises(AudioError, match=rf"^messages\[1\], block 2: .*{says}"):
        model(gateway).invoke([HumanMessage("hi"), HumanMessage([TEXT, TEXT, block])])
    assert gateway.requests == []


def test_a_recording_in_a_bucket_is_sent_if_it_lies_below_a_root(gateway, memory) -> None:
    memory.pipe("/talks/a.wav", tone(0.5))
    block = {"type": "audio", "url": "memory://talks/a.wav"}
    assert sent(gateway, block, access="memory://talks")["input_audio"]["format"] == "wav"
    with pytest.raises(AccessDenied, match="access allows files in 'talks-2' only"):
        sent(gateway, block, access="memory://talks-2")


def test_audio_that_a_tool_returned_is_sent_to_be_heard(gateway) -> None:
    called = AIMessage("", tool_calls=[{"id": "call_1", "name": "listen", "args": {"path": "a.wav"}}])
    sound = {"type": "audio", "base64": B64, "mime_type": "audio/wav"}
    model(gateway).invoke([HumanMessage("Listen."), called, ToolMessage([TEXT, sound], tool_call_id="call_1")])
    _, asked, answered, heard = gateway.requests[0].json["messages"]
    assert asked["tool_calls"][0]["function"] == {"name": "listen", "arguments": '{"path": "a.wav"}'}
    assert answered == {"role": "tool", "tool_call_id": "call_1", "content": "What?"}
    assert "output of the tool call call_1" in heard["content"][0]["text"]
    assert heard["content"][1] == {"type": "input_audio", "input_audio": {"data": B64, "format": "wav"}}


def test_audio_that_langchain_wrote_into_a_text_is_heard_too(gateway) -> None:
    @tool
    def listen() -> list:
        """Listen."""
        return [{"type": "text", "text": "Here."}, {"type": "audio", "base64": B64, "mime_type": "audio/wav"}]

    answer = listen.invoke({"type": "tool_call", "id": "call_1", "name": "listen", "args": {}})
    assert isinstance(answer.content, str)
    called = AIMessage("", tool_calls=[{"id": "call_1", "name": "listen", "args": {}}])
    model(gateway).invoke([HumanMessage("Listen."), called, answer])
    *_, answered, heard = gateway.requests[0].json["messages"]
    assert answered["content"] == "Here."
    assert heard["content"][1]["input_audio"] == {"data": B64, "format": "wav"}


@pytest.mark.parametrize("text", ['[{"type": "text", "text": "audio"}]', '[{"audio": 1}]', '[{"type": "audio"', "[]"])
def test_a_tools_own_json_stays_a_text(gateway, text: str) -> None:
    called = AIMessage("", tool_calls=[{"id": "c", "name": "f", "args": {}}])
    model(gateway).invoke([HumanMessage("hi"), called, ToolMessage(text, tool_call_id="c")])
    assert gateway.requests[0].json["messages"][2]["content"] == text


def test_what_an_assistant_said_goes_back_as_text_never_as_input_audio(gateway) -> None:
    sound = {"type": "audio", "id": "lc_1", "base64": B64, "mime_type": "audio/wav"}
    model(gateway).invoke(
        [HumanMessage("hi"), AIMessage([{"type": "text", "text": "Hello."}, sound]), HumanMessage("?")]
    )
    assert gateway.requests[0].json["messages"][1] == {"role": "assistant", "content": "Hello."}


def test_what_chat_openai_heard_goes_back_by_its_id(gateway) -> None:
    kept = {"id": "audio_1", "data": B64, "transcript": "Hello.", "expires_at": 9_999_999_999}
    model(gateway).invoke([HumanMessage("hi"), AIMessage("", additional_kwargs={"audio": kept}), HumanMessage("And?")])
    assert gateway.requests[0].json["messages"][1] == {"role": "assistant", "audio": {"id": "audio_1"}}


def test_other_roles_and_blocks_pass_through(gateway) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    cached = {"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}}
    pdf = {"type": "file", "base64": "JVBERi0xLjQK", "mime_type": "application/pdf"}
    thought = AIMessage([{"type": "reasoning", "reasoning": "Hm."}, {"type": "text", "text": "I see."}])
    developer = SystemMessage("Be brief.", additional_kwargs={"__openai_role__": "developer"})
    model(gateway).invoke(
        [developer, HumanMessage([cached, image, pdf], name="ann"), thought, ChatMessage("And?", role="user")]
    )
    first, second, third, fourth = gateway.requests[0].json["messages"]
    assert first == {"role": "developer", "content": "Be brief."}
    assert second["name"] == "ann"
    assert second["content"][:2] == [cached, image]
    assert second["content"][2]["file"]["file_data"].startswith("data:application/pdf;base64,JVBERi")
    assert third == {"role": "assistant", "content": "I see."}
    assert fourth == {"role": "user", "content": "And?"}


def test_a_message_of_no_role_is_an_error(gateway) -> None:
    with pytest.raises(InvalidAudio, match=r"messages\[0\]: a RemoveMessage"):
        model(gateway)._generate([RemoveMessage(id="1")])


def test_a_file_object_in_a_block_is_read_from_where_it_stands(gateway) -> None:
    handle = io.BytesIO(b"skip" + WAV)
    handle.seek(4)
    model(gateway)._generate([HumanMessage([{"type": "audio", "data": handle}])])
    assert gateway.requests[0].json["messages"][0]["content"][0]["input_audio"]["data"] == B64


def test_a_message_costs_what_its_reference_costs(talk: Path) -> None:
    message = HumanMessage([{"type": "audio", "url": f"{talk.as_uri()}#t=10,12"}, TEXT])
    assert len(json.dumps(message.model_dump())) < 500
