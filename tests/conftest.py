"""Fixtures shared by all tests."""

from __future__ import annotations

import gc
import io
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from decoded_once import decode_once
from hypothesis import settings
from oracle import check_any_chat, check_any_speech

from audio_core import Audio
from audio_core.engines.decoders import Decoder
from audio_core.media.decode import decode
from audio_core.offline.serving import running
from audio_core.operations.process_memory import ProcessMemory
from audio_core.testing import ScriptedGateway, tone

RECORDINGS = Path(__file__).parent.parent / "examples" / "audio"
CODECS = {
    "wav": ("wav", "pcm_s16le", 16_000),
    "mp3": ("mp3", "libmp3lame", 44_100),
    "flac": ("flac", "flac", 44_100),
    "ogg": ("ogg", "libopus", 48_000),
    "m4a": ("ipod", "aac", 44_100),
    "mp4": ("mp4", "aac", 44_100),
    "aac": ("adts", "aac", 44_100),
    "aiff": ("aiff", "pcm_s16be", 44_100),
    "webm": ("webm", "libopus", 48_000),
    "mkv": ("matroska", "aac", 44_100),
}


_REQUEST = Decoder._request
# No deadlines, as a busy machine is no failure. CI runs the thorough one, with hypothesis's own number of examples.
settings.register_profile("quick", deadline=None, max_examples=25)
settings.register_profile("thorough", deadline=None)
settings.load_profile("quick")


def pytest_configure() -> None:
    """Let SIGINT interrupt the tests and what they start: what a shell runs in the background ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def talk() -> Path:
    return RECORDINGS / "talk.ogg"


@pytest.fixture(scope="session")
def call() -> Path:
    return RECORDINGS / "call.mp3"


@pytest.fixture
def memory() -> Iterator[Any]:
    """The file system `memory://` of fsspec, which all tests of a process share, emptied after the test."""
    import fsspec

    memory = fsspec.filesystem("memory")
    yield memory
    memory.rm("/", recursive=True)


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A bucket with a recording, and the URL of its server."""
    import fsspec
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    empty = tmp_path_factory.mktemp("aws") / "none"
    options = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI-secret-of-the-bucket",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    files = {"AWS_CONFIG_FILE": str(empty), "AWS_SHARED_CREDENTIALS_FILE": str(empty)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**options, **files, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}.items():
            patch.setenv(name, value)
        bucket = fsspec.filesystem("s3")
        bucket.mkdir("bucket")
        bucket.pipe("bucket/talks/a.wav", tone(2.0))
        yield f"http://{host}:{port}"
        bucket.invalidate_cache()
        bucket.rm("bucket", recursive=True)  # all servers of a process have the same buckets
        bucket.clear_instance_cache()  # the next one has another port
    server.stop()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let a test interrupt itself. No garbage is collected: Python drops what a finalizer raises, Ctrl-C too."""
    if not hasattr(signal, "pthread_kill"):
        pytest.skip("this system has no such signals")
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def gateway() -> Iterator[ScriptedGateway]:
    """Run a scripted gateway, then check chats against OpenAI's schema and types, or OpenRouter's, and speech."""
    with ScriptedGateway() as gateway:
        yield gateway
    for request in gateway.requests:
        if request.path.endswith("/chat/completions"):
            check_any_chat(request.json)
        if request.path.endswith("/audio/speech"):
            check_any_speech(request.json)


@pytest.fixture(scope="session")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folder in which all workers keep what PocketSphinx has answered."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "answers"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(autouse=True, scope="session")
def decoding_once(answers: Path) -> Iterator[None]:
    """Let all tests share what PocketSphinx has answered: it needs seconds for each recording."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Decoder, "_request", decode_once(answers, _REQUEST))
        yield


@pytest.fixture
def decoding_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let PocketSphinx answer each time, in a test that is about its decoders."""
    monkeypatch.setattr(Decoder, "_request", _REQUEST)


@pytest.fixture(scope="session")
def offline() -> Iterator[str]:
    """Run the real offline server and give its base URL."""
    with running() as base_url:
        yield base_url


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset a developer's own keys, which must not change the result of a test."""
    for provider in ("OPENAI", "OPENROUTER", "OPENROUTE", "CORTECS", "LITELLM", "LITELLM_PROXY"):
        monkeypatch.delenv(f"{provider}_API_KEY", raising=False)
        monkeypatch.delenv(f"{provider}_BASE_URL", raising=False)


@pytest.fixture(autouse=True)
def no_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the offline server find no voice, as on a machine without one, whatever is on this one."""
    for room in ("speech", "text_to_speech"):
        monkeypatch.setattr(f"audio_core.offline.{room}.find_voice", lambda: None)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry without backoff. A wait that the server asks for still takes place."""
    monkeypatch.setattr("audio_core.http.retry.compute_backoff", lambda attempt: 0.0)


@pytest.fixture(autouse=True)
def no_learned_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what other gateways refused and sent, as a gateway of this test may be given the port of one of them."""
    for name in ("limits._limits", "model_times._times", "models._known"):
        monkeypatch.setattr(f"audio_core.operations.{name}", ProcessMemory(1000))


@pytest.fixture(scope="session")
def recording() -> Callable[[str], bytes]:
    """Return a function that makes five seconds of tone in any format of `CODECS`."""
    recordings: dict[str, bytes] = {}

    def make(name: str) -> bytes:
        if name not in recordings:
            recordings[name] = encode(Audio.of(tone(5.0)), *CODECS[name])
        return recordings[name]

    return make


@pytest.fixture(scope="session")
def recoded() -> Callable[[Audio, str], bytes]:
    """Return a function that encodes any recording in any format of `CODECS`."""
    return lambda audio, name: encode(audio, *CODECS[name])


def encode(audio: Audio, muxer: str, codec: str, rate: int) -> bytes:
    """Encode a recording in another container and codec, with PyAV alone."""
    file = io.BytesIO()
    with av.open(file, "w", format=muxer) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        position = 0
        for piece in decode(audio, rate=rate):
            frame = av.AudioFrame(format="s16", layout="mono", samples=len(piece) // 2, align=1)
            frame.planes[0].update(piece)
            frame.sample_rate, frame.pts = rate, position
            position += frame.samples
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
