"""The real LiteLLM Proxy on loopback, in front of the offline server and of a scripted gateway."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from audio_core.testing import ScriptedGateway

ROOT = Path(__file__).parents[2]
LITELLM = ROOT / os.environ.get("LITELLM_VENV", ".venv-litellm") / "bin" / "litellm"
QUIET = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it downloads the map from GitHub when it starts
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOCAL_POLICY_TEMPLATES": "True",
    "LITELLM_TELEMETRY": "False",
    "LITELLM_MODE": "PRODUCTION",  # else it reads the caller's .env
    "LITELLM_LOG": "ERROR",
    "DISABLE_ADMIN_UI": "True",
    "NO_PROXY": "127.0.0.1,localhost",
}


@dataclass(frozen=True)
class Proxy:
    """A running proxy: models named `offline...` go to the offline server, all others to the scripted gateway."""

    base_url: str
    key: str
    scripted: ScriptedGateway


@pytest.fixture(scope="session")
def running_proxy(offline: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("litellm")
    key, port = f"sk-{secrets.token_hex(16)}", find_free_port()
    with ScriptedGateway() as scripted:
        (folder / "config.yaml").write_text(json.dumps(build_config(offline, scripted.base_url)))  # JSON is YAML
        env = {
            name: value for name, value in os.environ.items() if "proxy" not in name.lower() and name != "DATABASE_URL"
        }
        env |= {**QUIET, "LITELLM_MASTER_KEY": key, "HOME": str(folder)}
        command = [LITELLM, "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, env=env, cwd=folder, stdout=log, stderr=log)
        try:
            wait_until_it_responds(process, f"http://127.0.0.1:{port}/health/liveliness", folder / "log")
            yield Proxy(f"http://127.0.0.1:{port}/v1", key, scripted)
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture
def proxy(running_proxy: Proxy) -> Proxy:
    running_proxy.scripted.requests.clear()
    return running_proxy


def build_config(offline: str, scripted: str) -> dict:
    def build_route(name: str, model: str, base: str, **info: object) -> dict:
        params = {"model": f"openai/{model}", "api_base": base, "api_key": "upstream"}
        return {"model_name": name, "litellm_params": params, "model_info": info}

    return {
        "model_list": [
            build_route("offline", "pocketsphinx", offline),
            build_route("offline-whisper", "whisper-1", offline, mode="audio_transcription"),
            build_route("deaf", "deaf", scripted, mode="chat", supports_audio_input=False),
            build_route("hears", "hears", scripted, mode="chat", supports_audio_input=True, max_input_tokens=9000),
            build_route("priced", "priced", scripted, mode="audio_transcription", input_cost_per_second=0.0001),
            build_route("*", "*", scripted),
        ],
        "litellm_settings": {"num_retries": 0, "request_timeout": 30, "telemetry": False, "drop_params": False},
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }


def find_free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until_it_responds(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"LiteLLM ended as it started:\n{log.read_text()[-3000:]}")
        with contextlib.suppress(OSError):
            opener.open(url, timeout=2).close()
            return
        time.sleep(0.2)
    pytest.fail(f"LiteLLM did not answer:\n{log.read_text()[-3000:]}")
