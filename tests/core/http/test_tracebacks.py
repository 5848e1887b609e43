"""No error shows the key or the audio in the local variables of its traceback, or in the errors behind it."""

import base64
import logging
import os
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from audio_core import AudioClient, AudioError, InvalidOption
from audio_core.http.tracebacks import HiddenFrames
from audio_core.testing import Recorded, Reply, ScriptedGateway, chat_reply, tone

KEY = "live_4f2c91d07b"
RECORDING = tone(0.5)


async def join(items) -> list:
    return [item async for item in items]


OPERATIONS = {
    "ask": lambda client, source: client.ask(source, "?"),
    "aask": lambda client, source: client.aask(source, "?"),
    "stream": lambda client, source: list(client.stream(source, "?")),
    "astream": lambda client, source: join(client.astream(source, "?")),
    "transcribe": lambda client, source: client.transcribe(source),
    "atranscribe": lambda client, source: client.atranscribe(source),
    "stream_transcript": lambda client, source: list(client.stream_transcript(source)),
    "astream_transcript": lambda client, source: join(client.astream_transcript(source)),
}
FAILURES = {
    "refused": Reply({"error": {"message": "no such thing"}}, 400),
    "broken": Reply("half", cut="fin"),
    "compressed": Reply(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}),
    "echoed": Reply({"error": {"message": f"{KEY} is unknown"}}),
    "echoed in a stream": Reply([f'data: {{"error": {{"message": "{KEY} is unknown"}}}}\n\n']),
    "a page": Reply(f"<html>{KEY}</html>", headers={"Content-Type": "text/html"}),
    "late": Reply(chat_reply("yes").body, wait=0.4),
}


def show(error: BaseException | None) -> Iterator[str]:
    """Yield what an error tracker may send of an error, and of those behind it."""
    while error is not None:
        yield f"{error!r} {vars(error)}"
        frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
        yield from (str(frame.locals) for frame in frames if "/tests/" not in frame.filename)
        error = error.__cause__ or error.__context__


def check_nothing_is_shown(error: BaseException) -> None:
    shown = "\n".join(show(error))
    assert KEY not in shown
    assert base64.b64encode(RECORDING).decode()[300:360] not in shown
    assert repr(RECORDING[300:340])[2:-1] not in shown


async def fail(operation: str, client: AudioClient, source: object = RECORDING) -> BaseException:
    """Return the error of an operation."""
    try:
        outcome = OPERATIONS[operation](client, source)
        if operation.startswith("a") and operation != "ask":
            await outcome
    except AudioError as error:
        return error
    raise AssertionError("there was no error")


@pytest.fixture(autouse=True)
def check_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Check that the log shows no key either. It has the frames that are taken off the errors."""
    caplog.set_level(logging.DEBUG, "audio_core")
    yield
    assert KEY not in caplog.text


@pytest.mark.parametrize("reply", FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_failed_exchange_shows_neither_key_nor_audio(gateway, operation: str, reply: Reply) -> None:
    gateway.will_answer(reply)
    options = {"timeout": 0.1} if reply.wait else {}
    async with AudioClient("openai", model="m", api_key=KEY, base_url=gateway.base_url, **options) as client:
        check_nothing_is_shown(await fail(operation, client))


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:1/v1", "ftp://x", "http://xn--/v1", "http://a..b/v1"])
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_wrong_address_shows_no_key(operation: str, base_url: str) -> None:
    async with AudioClient("openai", model="m", api_key=KEY, base_url=base_url, max_retries=0) as client:
        check_nothing_is_shown(await fail(operation, client))


@pytest.mark.parametrize("base_url", ["http://[", "http://x:y:z"])
def test_what_is_no_address_is_refused_at_once_and_shows_no_key(base_url: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        AudioClient("openai", model="m", api_key=KEY, base_url=base_url)
    assert KEY not in f"{caught.value!r} {vars(caught.value)}"


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_key_that_cannot_be_sent_is_not_shown(operation: str) -> None:
    for options in (
        {"api_key": f"{KEY}\n{KEY}"},
        {"api_key": f"{KEY}\udce9"},
        {"api_key": "k", "headers": {"X-Api-Key": f"“{KEY}”"}},
        {"api_key": "k", "headers": {f"X-Api-Key: {KEY}": ""}},
    ):
        async with AudioClient("openai", model="m", base_url="http://127.0.0.1:1/v1", **options) as client:
            check_nothing_is_shown(await fail(operation, client))


class Overwriting(ScriptedGateway):
    """A gateway that is down, and meanwhile the file changes."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.will_answer(Reply({"error": {"message": "down"}}, 503))

    def next_reply(self, request: Recorded) -> Reply:
        self.path.write_bytes(RECORDING[::-1])
        return super().next_reply(request)


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_file_that_changes_while_it_is_sent_is_not_shown(tmp_path: Path, operation: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(RECORDING)
    os.utime(path, (0, 0))
    with Overwriting(path) as gateway:
        async with AudioClient("openai", model="m", api_key=KEY, base_url=gateway.base_url) as client:
            check_nothing_is_shown(await fail(operation, client, path))


def test_errors_of_others_keep_their_frames() -> None:
    with pytest.raises(KeyError) as caught, HiddenFrames():
        {}.popitem()
    assert caught.value.__traceback__ is not None
