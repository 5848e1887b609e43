"""Secrets that are in use stand in no message."""

import base64
import html
import json
import threading
from collections import OrderedDict
from urllib.parse import quote, quote_plus

import pytest

from audio_core import ProviderError
from audio_core.errors import secrets
from audio_core.errors.secrets import is_secret_name, remember_credentials, remember_query, remember_secret, scrub

KEY = 'pass/word+"with" & signs='


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_known_secrets", OrderedDict())


@pytest.mark.parametrize(
    "written",
    [
        KEY,
        quote(KEY, safe=""),
        quote_plus(KEY),
        json.dumps({"key": KEY}),
        json.dumps({"key": KEY}).replace("/", r"\/"),
        html.escape(KEY),
        html.escape(KEY, quote=False),
        base64.b64encode(KEY.encode()).decode(),
    ],
)
def test_a_secret_is_removed_however_it_is_written(written: str) -> None:
    remember_secret(KEY)
    message = str(ProviderError(f"The key {written} is unknown."))
    assert "[removed]" in message
    assert "word" not in message
    assert written not in message


def test_a_secret_that_is_not_utf8_is_removed_and_no_error() -> None:
    remember_secret("cortecs_live_93hd\udce9")
    assert scrub("bad key cortecs_live_93hd\udce9") == "bad key [removed]"


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "X-Auth",
        "X-Password",
        "X-Signature",
        "X-Credential",
        "api-key",
        "sig",
        "access_token",
        "Cookie",
    ],
)
def test_names_tell_what_is_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["X-Title", "X-Author", "Accept", "api-version", "X-Keywords", "design", "X-Tokenizer"]
)
def test_names_tell_what_is_not_secret(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("Bearer toktok987654", "toktok987654"),
        ("bearer  toktok987654", "toktok987654"),
        ("hunter2 hunter2", "hunter2 hunter2"),
        ("Basic dXNlcjpwYXNzd29yZDE=", "dXNlcjpwYXNzd29yZDE="),
        ("basic dXNlcjpwYXNzd29yZDE=", "user:password1"),
        ("Basic dXNlcjpwYXNzd29yZDE=", "password1"),
        ("Basic not-base64-at-all", "not-base64-at-all"),
        ("sid=ses12345678; theme=dark", "ses12345678"),
        ('Digest username="u", response="6629fae49393a053"', "6629fae49393a053"),
    ],
)
def test_each_secret_part_of_a_header_is_removed(value: str, quoted: str) -> None:
    remember_credentials(value)
    assert scrub(f"{quoted} is wrong") == "[removed] is wrong"


def test_a_key_in_a_query_is_removed_and_no_other_parameter() -> None:
    remember_query("api-version=2024-10-01-preview&api-key=q%2Fsecret98765&subscription")
    message = "no ?api-version=2024-10-01-preview&api-key=q%2Fsecret98765 (q/secret98765)"
    assert scrub(message) == "no ?api-version=2024-10-01-preview&api-key=[removed] ([removed])"


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
