"""What traces and logs may hold of audio: its digest."""

import base64
import copy
import dataclasses
import hashlib
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyUrl, BaseModel

from audio_core import Audio, Speech
from audio_core.integration import redact_audio
from audio_core.testing import tone

WAV = tone(2.0)
B64 = base64.b64encode(WAV).decode()
PCM = bytes(range(256)) * 20
PCM64 = base64.b64encode(PCM).decode()
URN, PCM_URN = (f"urn:sha256:{hashlib.sha256(data).hexdigest()}" for data in (WAV, PCM))
WRAPPED = "\n".join(B64[at : at + 76] for at in range(0, len(B64), 76))


class Part(BaseModel):
    """A message part of some other package."""

    type: str = "audio"
    data: bytes | None = None
    url: str | None = None


class Reply(BaseModel, extra="allow"):
    """A reply of some other package."""

    parts: list[Part] = []


def heard(**fields: Any) -> dict[str, Any]:
    return {"type": "audio", **fields}


SHOWN = {
    "bytes": (WAV, URN),
    "memory": (memoryview(WAV), URN),
    "file in memory": (io.BytesIO(WAV), URN),
    "base64": (B64, URN),
    "base64 in bytes": (B64.encode(), URN),
    "base64 in lines": (WRAPPED, URN),
    "URL-safe base64": (B64.replace("+", "-").replace("/", "_").rstrip("="), URN),
    "data URI": (f"data:audio/wav;base64,{B64}#t=1,2", f"{URN}#t=1,2"),
    "data URI of samples": (f"data:audio/pcm;rate=8000;base64,{PCM64}", PCM_URN),
    "parsed data URI": (AnyUrl(f"data:audio/wav;base64,{B64}"), URN),
    "data URI of video": (f"data:video/mp4;base64,{B64}", URN),
    "prose": (f"Listen to data:audio/wav;base64,{B64} now", f"Listen to {URN} now"),
    "lines in prose": (f"Listen:\n{WRAPPED}", f"Listen:\n{URN}"),
    "LangChain": (
        heard(base64=B64, mime_type="audio/wav", start=0.5, extras={"speaker": "A"}),
        heard(url=URN, mime_type="audio/wav", start=0.5, extras={"speaker": "A", "seconds": 1.5}),
    ),
    "LangChain v0": (heard(source_type="base64", data=B64), heard(source_type="url", url=URN, extras={"seconds": 2.0})),
    "samples": (heard(base64=PCM64, mime_type="audio/pcm;rate=8000"), heard(url=PCM_URN, mime_type="audio/pcm;rate=8000")),
    "OpenAI": (
        {"type": "input_audio", "input_audio": {"data": B64, "format": "wav"}},
        {"type": "input_audio", "input_audio": {"data": URN, "format": "wav", "seconds": 2.0}},
    ),
    "OpenAI's reply": (
        {"audio": {"id": "a", "data": PCM64, "transcript": "Hi."}},
        {"audio": {"id": "a", "data": PCM_URN, "transcript": "Hi."}},
    ),
    "OpenAI's live events": (
        [{"type": "response.output_audio.delta", "delta": PCM64}, {"type": "input_audio_buffer.append", "audio": PCM64}],
        [{"type": "response.output_audio.delta", "delta": PCM_URN}, {"type": "input_audio_buffer.append", "audio": PCM_URN}],
    ),
    "vLLM": ({"audio_url": {"url": f"data:audio/wav;base64,{B64}"}}, {"audio_url": {"url": URN, "seconds": 2.0}}),
    "Google": ({"inline_data": {"mime_type": "audio/l16", "data": PCM}}, {"inline_data": {"mime_type": "audio/l16", "data": PCM_URN}}),
    "a tool's JSON": (json.dumps([heard(base64=B64)]), json.dumps([heard(url=URN, extras={"seconds": 2.0})])),
    "JSON in JSON": (json.dumps({"a": json.dumps({"b": B64})}), json.dumps({"a": json.dumps({"b": URN})})),
    "any nesting": ({"a": ({"b": [B64, 1]},)}, {"a": ({"b": [URN, 1]},)}),
    "a model of pydantic": (Reply(parts=[Part(data=B64.encode())]), Reply(parts=[Part(url=URN)])),
    "an additional field": (Reply(audio={"data": PCM64}), Reply(audio={"data": PCM_URN})),
    "a spoken reply": (Speech(PCM, "pcm16", "Hi."), Speech(PCM_URN.encode(), "pcm16", "Hi.")),
}  # fmt: skip


@pytest.mark.parametrize("kind", SHOWN)
def test_audio_becomes_its_digest(kind: str) -> None:
    value, shown = SHOWN[kind]
    assert redact_audio(value) == shown
    assert redact_audio(shown) == shown


@pytest.mark.parametrize("cut", [1, 2, 3, 5001])
def test_what_a_collector_has_cut_off_is_no_base64_either(cut: int) -> None:
    shown = redact_audio(json.dumps([heard(base64=B64)])[:-cut])
    assert len(shown) < 150
    assert "urn:sha256:" in shown


def test_damaged_base64_of_a_block_does_not_stay() -> None:
    shown = redact_audio(heard(base64=f"!{B64}"))
    assert shown["url"].startswith("urn:sha256:")
    assert len(str(shown)) < 150


OTHERS = [
    None,
    "",
    "hello",
    "word " * 1000,
    "w" * 5000,
    b"\x89PNG\r\n\x1a\n" + bytes(5000),
    base64.b64encode(b"%PDF-1.7" + bytes(5000)).decode(),
    f"data:image/png;base64,{base64.b64encode(bytes(5000)).decode()}",
    {"type": "image", "base64": "iVBORw0KGgo" * 500},
    {"audio": "recordings/meeting"},
    {"audio": {"voice": "alloy", "format": "wav"}, "modalities": ["text", "audio"]},
    heard(url="file:///talks/a.mp3#t=1,2"),
    heard(url="/talks/" + "a" * 400),
    heard(path="talks/a.mp3"),
    heard(url="https://example.org/" + "a" * 400),
    [Audio.of(WAV)],
    json.dumps({"text": "w" * 100}),
    '{"not": JSON ' + "w" * 100,
    Part(url="https://example.org/a.mp3"),
    {1: object(), object: {2.0}},
]


@pytest.mark.parametrize("value", OTHERS, ids=range(len(OTHERS)))
def test_everything_else_is_the_same_object(value: Any) -> None:
    assert redact_audio(value) is value


def test_what_holds_no_audio_stays_the_same_object_beside_what_does() -> None:
    value = {"text": ["hello"], "audio": WAV}
    before = copy.deepcopy(value)
    shown = redact_audio(value)
    assert shown["text"] is value["text"]
    assert value == before


def test_a_value_that_holds_itself_is_cut_and_one_that_is_shared_is_read_once() -> None:
    circle: list[Any] = [WAV]
    circle.append(circle)
    assert redact_audio(circle) == [URN, "..."]
    shared: list[Any] = [WAV]
    for _ in range(40):
        shared = [shared, shared]
    assert redact_audio(shared) != shared
    deep: list[Any] = [WAV]
    for _ in range(5000):
        deep = [deep]
    assert "RIFF" not in str(redact_audio(deep))


class Odd(dict):
    """A mapping that cannot be read."""

    def keys(self) -> Any:
        raise RuntimeError("odd")


@dataclasses.dataclass
class Strict:
    data: bytes
    format: str = "pcm16"

    def __post_init__(self) -> None:
        if len(self.data) < 1000:
            raise ValueError("too short")


def test_odd_values_raise_nothing() -> None:
    assert (
        redact_audio([Odd(a=1), Strict(PCM), {"type": ["audio"]}, {"type": "audio", "base64": 7}])[1].data
        == PCM_URN.encode()
    )
    assert redact_audio({"mime_type": 7, "data": "\ud800" * 9000, "type": b"audio"})
    assert redact_audio(heard(base64="\ud800" * 9000))


_LEAVES = (
    st.none()
    | st.text()
    | st.binary()
    | st.sampled_from([B64, WAV, f"data:,{B64}", "audio/wav", "audio", float("nan")])
)
_KEYS = st.sampled_from(
    ["type", "audio", "data", "url", "base64", "mime_type", "format", "start", "extras", "input_audio"]
)


@given(st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(_KEYS, inner), max_leaves=8))
def test_no_nesting_keeps_audio_or_raises(value: Any) -> None:
    shown = repr(redact_audio(value))
    assert B64[2000:2060] not in shown
    assert repr(WAV)[2000:2060] not in shown
