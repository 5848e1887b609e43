"""Fixtures of the offline server's tests."""

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from audio_core import Audio
from audio_core.media.decode import encode


@pytest.fixture
def sdk(offline: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=offline, api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def clip(call: Path) -> bytes:
    return encode(Audio.of(call, start=15.5, end=21), "wav").open_reader().read()
