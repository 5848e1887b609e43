"""Keep keys and audio out of messages that quote what others wrote."""

from __future__ import annotations

import base64
import json
import os
import re
import threading
from collections import OrderedDict
from urllib.parse import quote, quote_plus

__all__ = ["remember_secret", "scrub"]

_SECRETS = re.compile(
    r"[A-Za-z0-9+/_-]{80,}={0,2}"  # base64, probably of audio
    r"|\b(?:sk|key|rk|pk|gsk)-[\w-]{8,}"  # the prefixes of API keys
    r"|(?<=Bearer )[\w.~+/-]{6,}"
)
_MAX_MESSAGE_LENGTH = 400  # characters
_MIN_SECRET_LENGTH = 8  # characters; anything shorter is a placeholder and would blot out ordinary words
_MAX_SECRETS = 1000  # more are not in use at one time, and each costs 0.1 µs per message
_known_secrets: OrderedDict[str, None] = OrderedDict()
_secrets_lock = threading.Lock()
if hasattr(os, "register_at_fork"):  # no child inherits the lock while another thread holds it
    os.register_at_fork(
        before=_secrets_lock.acquire, after_in_parent=_secrets_lock.release, after_in_child=_secrets_lock.release
    )


def remember_secret(secret: str) -> None:
    """Remove a secret, such as an API key that is in use, from the messages of all later errors of gateways.

    It is also removed where it is written as in a URL, in a form, in JSON or in base64. The least recently used secrets
    are forgotten.
    """
    if len(secret) < _MIN_SECRET_LENGTH:
        return
    encoded = base64.b64encode(secret.encode("utf-8", "replace")).decode().rstrip("=")
    with _secrets_lock:
        for form in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], encoded):
            _known_secrets[form] = None
            _known_secrets.move_to_end(form)
        while len(_known_secrets) > _MAX_SECRETS:
            _known_secrets.popitem(last=False)


def scrub(text: str, longest: int = _MAX_MESSAGE_LENGTH) -> str:
    """Remove API keys and base64 from text that came from outside, and shorten it.

    Args:
        text: the text; each run of whitespace in it becomes one space.
        longest: maximum length of the result, in characters.

    Example:
        >>> scrub("bad key sk-abcdefgh12345")
        'bad key [removed]'
    """
    for secret in sorted(_known_secrets, key=len, reverse=True):  # one may be the beginning of another
        text = text.replace(secret, "[removed]")
    clean = _SECRETS.sub("[removed]", " ".join(text.split()))
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"
