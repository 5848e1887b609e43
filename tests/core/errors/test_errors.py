"""Secrets that are in use stand in no message."""

import base64
import json
import threading
from collections import OrderedDict
from urllib.parse import quote, quote_plus

import pytest

from audio_core import ProviderError
from audio_core.errors import secrets
from audio_core.errors.secrets import remember_secret, scrub

KEY = 'pass/word+"with" signs='


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_known_secrets", OrderedDict())


@pytest.mark.parametrize(
    "written",
    [KEY, quote(KEY, safe=""), quote_plus(KEY), json.dumps({"key": KEY}), base64.b64encode(KEY.encode()).decode()],
)
def test_a_secret_is_removed_however_it_is_written(written: str) -> None:
    remember_secret(KEY)
    message = str(ProviderError(f"The key {written} is unknown."))
    assert "[removed]" in message
    assert "word" not in message
    assert written not in message


def test_a_secret_that_begins_like_another_is_removed_as_a_whole() -> None:
    remember_secret("cortecs-live")
    remember_secret("cortecs-live-4f2c91")
    assert scrub("bad key cortecs-live-4f2c91") == "bad key [removed]"


def test_secrets_that_change_fill_no_memory_and_the_one_in_use_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_MAX_SECRETS", 10)
    for number in range(100):
        remember_secret("the-key-in-use")
        remember_secret(f"rotating-key-{number:03}")
    assert len(secrets._known_secrets) == 10
    assert scrub("the-key-in-use rotating-key-099") == "[removed] [removed]"


def test_what_is_too_short_for_a_secret_blots_out_no_words() -> None:
    remember_secret("key")
    assert scrub("the key is wrong") == "the key is wrong"


def test_threads_may_use_secrets_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_MAX_SECRETS", 20)
    failures = []

    def use_keys(name: str) -> None:
        try:
            for number in range(500):
                remember_secret(f"{name}-{number:010}")
                scrub(f"{name}-{number:010}")  # other threads may have pushed it out by now
        except BaseException as error:
            failures.append(error)

    users = [threading.Thread(target=use_keys, args=(name,)) for name in "abcd"]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert failures == []
