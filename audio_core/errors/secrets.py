"""Keep keys and audio out of messages that quote what others wrote."""

from __future__ import annotations

import base64
import html
import json
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, quote_plus

__all__ = ["is_secret_name", "remember_credentials", "remember_query", "remember_secret", "scrub"]

_SECRET_NAME = re.compile(
    r"auth(?!ors?(?![a-z])|ority|[-_]?type)|key(?!word)|(?<!max[-_])token(?!iz)|secret|cookie|credential|signature"
    r"|passw|passphrase|pwd|(?<![a-z])(pass|sig|jwt)(?![a-z])",
    re.IGNORECASE,
)
_NAMED_VALUE = re.compile(  # in cookies, and in the schemes Digest and AWS4-HMAC-SHA256; words hold no digit
    r'(?<![\w-])(?:[\w-]*(?:sess|sid)[\w-]*\s*=\s*"?|[\w-]+\s*=\s*"?(?=[^\s",;/]*\d))([^\s",;/][^\s",;]*)',
    re.IGNORECASE,
)

_SECRETS = re.compile(
    r"[A-Za-z0-9+/_-]{80,}={0,2}"  # base64, probably of audio
    r"|\b(?:sk|key|rk|pk|gsk)-[\w-]{8,}"  # the prefixes of API keys
    r"|(?<=Bearer )[\w.~+/-]{6,}"
)
_MAX_MESSAGE_LENGTH = 400  # characters
_MIN_SECRET_LENGTH = 8  # characters; anything shorter is a placeholder and would blot out ordinary words
_MAX_SECRETS = 1000  # more are not in use at one time, and so many cost a millisecond per message
_known_secrets: OrderedDict[str, tuple[str, ...]] = OrderedDict()  # with the forms that each may have
_secrets_lock = threading.Lock()
if hasattr(os, "register_at_fork"):  # no child inherits the lock while another thread holds it
    os.register_at_fork(
        before=_secrets_lock.acquire, after_in_parent=_secrets_lock.release, after_in_child=_secrets_lock.release
    )


def remember_secret(secret: str) -> None:
    """Remove a secret, such as an API key that is in use, from the messages of all later errors of gateways.

    It is also removed where it is written as in a URL, in a form, in JSON, in HTML or in base64. The least recently
    used secrets are forgotten.
    """
    if len(secret) < _MIN_SECRET_LENGTH:
        return
    with _secrets_lock:
        if secret not in _known_secrets:  # each request brings its key again
            _known_secrets[secret] = tuple(dict.fromkeys(_list_forms(secret)))
        _known_secrets.move_to_end(secret)
        while len(_known_secrets) > _MAX_SECRETS:
            _known_secrets.popitem(last=False)


def _list_forms(secret: str) -> Iterator[str]:
    """Yield a secret as others may write it. Half a character, as in a key that is not UTF-8, is no error here."""
    in_json = json.dumps(secret)[1:-1]
    yield from (secret, in_json, in_json.replace("/", r"\/"))  # PHP escapes slashes
    yield from (quote(secret, safe="", errors="replace"), quote_plus(secret, errors="replace"))
    yield from (html.escape(secret), html.escape(secret, quote=False))
    yield base64.b64encode(secret.encode("utf-8", "replace")).decode().rstrip("=")


def is_secret_name(name: str) -> bool:
    """Tell whether a header, or a parameter of a URL, is named like one that holds a secret.

    Example:
        >>> is_secret_name("X-API-Key"), is_secret_name("sig"), is_secret_name("X-Title")
        (True, True, False)
    """
    return _SECRET_NAME.search(name) is not None


def remember_credentials(value: str) -> None:
    """Remember what is secret in the value of a header: all of it, and the parts that a gateway may quote alone.

    These are what follows a scheme such as `Bearer`, the user and password that `Basic` encodes, and named values with
    a digit or of a session, as in cookies.
    """
    scheme, _, token = value.strip().partition(" ")
    for secret in (value, token.strip(), *_NAMED_VALUE.findall(value)):
        remember_secret(secret)
    if scheme.lower() == "basic":
        pair = _decode_base64(token)
        remember_secret(pair)
        remember_secret(pair.partition(":")[2])


def _decode_base64(text: str) -> str:
    try:
        return base64.b64decode(text).decode("utf-8", "replace")
    except ValueError:
        return ""


def remember_query(query: str) -> None:
    """Remember the values of the parameters in a URL's query that are named like secrets."""
    for name, value in parse_qsl(query):
        if is_secret_name(name):
            remember_secret(value)


def scrub(text: str, longest: int = _MAX_MESSAGE_LENGTH) -> str:
    """Remove API keys and base64 from text that came from outside, and shorten it.

    Args:
        text: the text; each run of whitespace in it becomes one space.
        longest: maximum length of the result, in characters.

    Example:
        >>> scrub("bad key sk-abcdefgh12345")
        'bad key [removed]'
    """
    forms = {form for forms in list(_known_secrets.values()) for form in forms}
    for form in sorted(forms, key=len, reverse=True):  # one may be the beginning of another
        text = text.replace(form, "[removed]")
    clean = _SECRETS.sub("[removed]", " ".join(text.split()))
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"
