"""File objects and pipes: what is left of them is sent, whole, in every attempt."""

import base64
import io
import subprocess
import sys
from collections.abc import Iterator

import pytest
from doors import KEY
from langchain_core.messages import HumanMessage
from llama_index.core.llms import AudioBlock, ChatMessage

from audio_core import AudioClient
from audio_core.testing import Recorded, Reply, chat_reply, tone
from langchain_audio import AudioLoader, ChatAudio
from llamaindex_audio import AudioLLM, AudioReader


class Stream(io.RawIOBase):
    """A file object that cannot seek, such as a pipe."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        return self._file.readinto(buffer)


def open_at_offset() -> io.BytesIO:
    handle = io.BytesIO(b"8 bytes!" + tone(0.2))
    handle.seek(8)
    return handle


@pytest.fixture
def takers(gateway) -> Iterator[dict]:
    """Return what sends a file object, by name."""
    options = {"provider": "openai", "model": "m", "api_key": KEY, "base_url": gateway.base_url}
    with AudioClient(**options) as client:
        yield {
            "ask": lambda handle: client.ask(handle, "?"),
            "transcribe": client.transcribe,
            "stream_transcript": lambda handle: list(client.stream_transcript(handle)),
            "AudioLoader": lambda handle: AudioLoader(handle, **options).load(),
            "AudioReader": AudioReader(**options).load_data,
            "ChatAudio": lambda handle: ChatAudio(**options).invoke(
                [HumanMessage([{"type": "audio", "data": handle}])]
            ),
            "AudioLLM": lambda handle: AudioLLM(**options).chat(
                [ChatMessage(role="user", blocks=[AudioBlock.model_construct(audio=handle)])]
            ),
        }


@pytest.mark.parametrize("open_handle", [open_at_offset, lambda: Stream(tone(0.2))], ids=["offset", "no seeking"])
@pytest.mark.parametrize(
    "name", ["ask", "transcribe", "stream_transcript", "AudioLoader", "AudioReader", "ChatAudio", "AudioLLM"]
)
def test_a_file_object_is_sent_from_where_it_stands_in_every_attempt(gateway, takers, name: str, open_handle) -> None:
    whole = chat_reply("yes") if name in ("ask", "ChatAudio", "AudioLLM") else Reply({"text": "yes"})
    gateway.will_answer(Reply({"error": {"message": "down"}}, 500), whole)
    takers[name](open_handle())
    first, second = gateway.requests
    assert sent(first) == sent(second) == tone(0.2)


def sent(request: Recorded) -> bytes:
    """Return the recording in a request."""
    if request.path.endswith("/chat/completions"):
        content = request.json["messages"][-1]["content"]
        return base64.b64decode(next(part["input_audio"]["data"] for part in content if "input_audio" in part))
    return next(part.content for part in request.parts if part.filename)


READ_STDIN = """
import sys
from audio_core import AudioClient
client = AudioClient("openai", model="m", api_key="k", base_url=sys.argv[1])
print(client.transcribe(sys.stdin.buffer).text)
"""


def test_a_real_pipe_is_sent_whole_and_again(gateway) -> None:
    gateway.will_answer(Reply({"error": {"message": "down"}}, 500), Reply({"text": "yes"}))
    command = [sys.executable, "-c", READ_STDIN, gateway.base_url]
    done = subprocess.run(command, input=tone(3.0), capture_output=True, check=True)
    assert done.stdout.strip() == b"yes"
    assert [sent(request) for request in gateway.requests] == [tone(3.0)] * 2
