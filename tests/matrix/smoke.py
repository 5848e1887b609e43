"""What a fresh installation does, and what it says where an extra is missing. The extras that it has are arguments.

`run.py` runs this in each of its environments, which hold nothing of this repository but the wheel.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

from audio_core import AudioClient, AudioError, MissingDependency
from audio_core.testing import Reply, ScriptedGateway, tone


def check_core(base_url: str, path: Path) -> None:
    client = AudioClient("openai", model="m", api_key="k", base_url=base_url)
    transcript = client.transcribe(path)
    assert transcript.text == "yes"
    assert client.ask(path, "What is said?").text == "yes"
    assert "<audio" in transcript.to_html(audio="talk.wav")


def check_langchain(base_url: str, path: Path) -> None:
    # LangSmith calls what Python 3.14 deprecates.
    warnings.filterwarnings("ignore", "'asyncio.iscoroutinefunction'", DeprecationWarning, module=r"langsmith\.")
    from langchain_audio import AudioLoader, ChatAudio, TranscriptSplitter

    options = {"provider": "openai", "model": "m", "api_key": "k", "base_url": base_url}
    assert ChatAudio(**options, access=path.parent).invoke("hi").text == "yes"
    (document,) = TranscriptSplitter().split_documents(AudioLoader(path, **options).load())
    assert document.metadata["start"] == 0.0


def check_llamaindex(base_url: str, path: Path) -> None:
    from llamaindex_audio import AudioLLM, AudioReader  # isort: skip - first, as it says what is missing

    from llama_index.core.llms import AudioBlock, ChatMessage

    options = {"provider": "openai", "model": "m", "api_key": "k", "base_url": base_url}
    message = ChatMessage(role="user", blocks=[AudioBlock(path=path)])
    assert AudioLLM(**options).chat([message]).message.content == "yes"
    (document,) = AudioReader(**options).load_data(path)
    assert document.metadata["start"] == 0.0


def check_local(_: str, path: Path) -> None:
    AudioClient().transcribe(path)
    from audio_core.offline.serving import running

    with running() as base_url:
        assert AudioClient("local", base_url=base_url).models()


def check_vad(base_url: str, path: Path) -> None:
    from audio_core import Audio
    from audio_core.media.segmentation import create_vad

    create_vad("silero")
    assert AudioClient("openai", model="m", api_key="k", base_url=base_url).transcribe(Audio.of(path), vad="silero")


def check_faster_whisper(_: str, path: Path) -> None:
    try:
        AudioClient("local", model=f"faster-whisper:{path.parent}").transcribe(path)
    except MissingDependency:
        raise
    except AudioError as error:  # the folder holds no weights
        print(error)


def check_cli(_: str, path: Path) -> None:
    command = [str(Path(sys.executable).with_name("audio")), "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False, cwd=path.parent)
    if shown.returncode:
        raise MissingDependency(shown.stderr)
    assert "transcribe" in shown.stdout


def check_mcp(_: str, path: Path) -> None:
    from audio_core.mcp import create_server as create_server


def check_ray(base_url: str, path: Path) -> None:
    from audio_core.bulk import transcribe_dataset

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    warnings.filterwarnings("ignore", module=r"ray\.")  # Ray Data sets options of its own that it deprecates
    options = {"provider": "openai", "model": "m", "api_key": "k", "base_url": base_url, "concurrency": 1}
    result = transcribe_dataset([str(path)], path.parent / "job", **options)
    assert (result.recordings, dict(result.failures)) == (1, {})


CHECKS: dict[str, Callable[[str, Path], None]] = {
    "langchain": check_langchain,
    "llamaindex": check_llamaindex,
    "local": check_local,
    "vad": check_vad,
    "faster-whisper": check_faster_whisper,
    "cli": check_cli,
    "mcp": check_mcp,
    "ray": check_ray,
}


def check_missing(extra: str, base_url: str, path: Path) -> None:
    """Check that what needs an extra says how to install it, unless another extra has brought the same packages."""
    try:
        CHECKS[extra](base_url, path)
    except ImportError as error:
        if f"langchain-llamaindex-audio[{extra}]" not in str(error):
            raise


def main(extras: list[str]) -> None:
    for name in [name for name in os.environ if name.endswith(("_API_KEY", "_BASE_URL"))]:
        del os.environ[name]
    with ScriptedGateway() as gateway, tempfile.TemporaryDirectory() as folder:
        reply = {"text": "yes", "choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}
        gateway.will_answer(Reply(reply))
        path = Path(folder) / "talk.wav"
        path.write_bytes(tone(1.0))
        check_core(gateway.base_url, path)
        for extra, check in CHECKS.items():
            if extra in extras:
                check(gateway.base_url, path)
            else:
                check_missing(extra, gateway.base_url, path)


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        main(sys.argv[1:])
