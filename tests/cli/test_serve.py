"""`audio serve`: the offline server."""

import signal
import subprocess
import sys

import httpx
import pytest

from audio_core.testing import tone


def test_it_serves_until_it_is_interrupted(audio, tmp_path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "audio_core", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        base_url = process.stdout.readline().strip()
        assert httpx.get(f"{base_url}/models", trust_env=False).json()["object"] == "list"
        port = base_url.split(":")[-1].split("/")[0]
        taken = audio("serve", "--port", port)
        assert taken.status == 1
        assert taken.errors.startswith(f"audio: Port {port} is taken")
        (tmp_path / "a.wav").write_bytes(tone(0.5))
        asked = audio("ask", tmp_path / "a.wav", "What?", "-m", "any", "--base-url", base_url)
        assert asked.status == 0
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "")


@pytest.mark.parametrize("port", ["65536", "-1", "99999999999999999999"])
def test_a_port_that_cannot_be_is_wrong_usage(audio, port: str) -> None:
    result = audio("serve", f"--port={port}")
    assert result.status == 2
    assert result.errors == f"audio: --port {port} is no port: use one up to 65535, or 0 for any free one.\n"


def test_a_host_that_cannot_be_is_wrong_usage(audio) -> None:
    result = audio("serve", "--host", "é..b", "--port", "0")
    assert result.status == 2
    assert "--host 'é..b' is no address" in result.errors


def test_without_its_packages_it_says_what_to_install(audio, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "audio_core.offline.serving", raising=False)
    result = audio("serve")
    assert result.status == 2
    assert "pip install 'langchain-llamaindex-audio[local]'" in result.errors
