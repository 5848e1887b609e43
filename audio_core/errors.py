"""Everything that can go wrong, in one tree.

    AudioError
    ├── InvalidAudio (ValueError)             not audio, damaged, empty, or its clip lies outside it
    │   └── AudioNotFound (FileNotFoundError)
    ├── UnsupportedFormat (ValueError)        a format that nobody here can read, or that a gateway cannot take
    ├── AudioTooLarge (ValueError)            over a limit of bytes or seconds
    ├── AccessDenied (PermissionError)        a path or address that this object may not open
    ├── MissingDependency (ImportError)       an extra is not installed
    ├── MissingAPIKey (ValueError)            no key given and none in the environment
    ├── UnknownProvider (ValueError)          no such row in `PROVIDERS`
    ├── InvalidOption (ValueError)            an option that a gateway does not have, or that cannot be
    ├── StoreError (OSError)                  a store of transcripts that cannot be used
    ├── TranscriptionIncomplete               some stretch of a recording could not be transcribed
    └── ProviderError                         what a gateway answered, or did not answer
        ├── AuthenticationError               401
        ├── PermissionDenied                  402, 403
        ├── InvalidRequest                    400, 405, 413, 415, 422 and redirects
        │   └── ContextOverflow               more audio or text than the model takes
        ├── NotFound                          404
        ├── RateLimited                       429
        ├── ProviderUnavailable               408, 409, 5xx
        ├── Unreachable                       no connection, or a connection that broke
        ├── ProviderTimeout                   no answer within the time allowed
        └── IncompleteResponse                an answer that is cut, empty, or no answer at all

Every error pickles, and none holds a request, a key or audio. Messages stay under 400 characters.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator
from typing import Any

__all__ = [
    "AccessDenied",
    "AudioError",
    "AudioNotFound",
    "AudioTooLarge",
    "AuthenticationError",
    "ContextOverflow",
    "IncompleteResponse",
    "InvalidAudio",
    "InvalidOption",
    "InvalidRequest",
    "MissingAPIKey",
    "MissingDependency",
    "NotFound",
    "PermissionDenied",
    "ProviderError",
    "ProviderTimeout",
    "ProviderUnavailable",
    "RateLimited",
    "StoreError",
    "TranscriptionIncomplete",
    "UnknownProvider",
    "Unreachable",
    "UnsupportedFormat",
    "at_block",
]

_SECRETS = re.compile(
    r"[A-Za-z0-9+/_-]{80,}={0,2}"  # a run of base64 is audio
    r"|\b(?:sk|key|rk|pk|gsk)-[\w-]{8,}"  # the look of an API key
    r"|(?<=Bearer )[\w.~+/-]{6,}"
)
_LONGEST_MESSAGE = 400


def scrub(text: str, longest: int = _LONGEST_MESSAGE) -> str:
    """Take keys and base64 out of text that somebody else wrote, and keep it short.

    Example:
        >>> scrub("bad key sk-abcdefgh12345")
        'bad key [removed]'
    """
    clean = _SECRETS.sub("[removed]", " ".join(text.split()))
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


@contextlib.contextmanager
def at_block(message: int, block: int) -> Generator[None]:
    """Put the place into the message of an `AudioError` that is raised within, such as `messages[0], block 2: `.

    Args:
        message: index of the message.
        block: index of the block in it.
    """
    try:
        yield
    except AudioError as error:
        error.args = (f"messages[{message}], block {block}: {error.args[0]}", *error.args[1:])
        raise


class AudioError(Exception):
    """The root of every error that this project raises on purpose."""


class InvalidAudio(AudioError, ValueError):
    """The input is not audio, is damaged or empty, or the clip asked for lies outside it."""


class AudioNotFound(InvalidAudio, FileNotFoundError):
    """There is no file where the input says there is one."""


class UnsupportedFormat(AudioError, ValueError):
    """The format is unknown, lacks a fact (such as the sample rate of raw PCM), or cannot be sent."""


class AudioTooLarge(AudioError, ValueError):
    """The audio is over a limit of bytes or seconds; the message names both figures."""


class AccessDenied(AudioError, PermissionError):
    """A path or address that may not be opened; the message names the argument that would allow it."""


class MissingDependency(AudioError, ImportError):
    """A package of an extra is not installed; the message is the pip command."""


class MissingAPIKey(AudioError, ValueError):
    """No key was given and none of the provider's environment variables is set."""


class UnknownProvider(AudioError, ValueError):
    """The provider's name is not in `audio_core.PROVIDERS`."""


class InvalidOption(AudioError, ValueError):
    """An option that a gateway does not have, or that cannot be carried out on what it was given with."""


class StoreError(AudioError, OSError):
    """A store of transcripts that cannot be read or written; nothing was asked of a gateway."""


class TranscriptionIncomplete(AudioError):
    """Some stretch of a recording could not be transcribed.

    Attributes:
        transcript: what was transcribed so far, a `Transcript`.
        failures: one `(start, end, error)` in seconds for each missing stretch.
    """

    def __init__(self, message: str, *, transcript: Any = None, failures: Any = ()) -> None:
        super().__init__(message)
        self.transcript = transcript
        self.failures = failures


class ProviderError(AudioError):
    """A gateway refused, failed or did not answer.

    Attributes:
        status: HTTP status, or None when no answer came.
        code: the gateway's own error code, as text.
        request_id: the id to give to the gateway's support.
        provider: the provider's name, such as `"openrouter"`.
        retryable: whether the same request may succeed later.
        attempts: how many requests were made in all.
        may_have_been_billed: whether a whole request had been sent when it failed.
        partial: the text that had arrived before the failure, if any.
    """

    retryable = False

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        provider: str | None = None,
        retryable: bool | None = None,
        attempts: int = 1,
        may_have_been_billed: bool = False,
        partial: str | None = None,
    ) -> None:
        super().__init__(scrub(message))
        self.status = status
        self.code = code
        self.request_id = request_id
        self.provider = provider
        self.attempts = attempts
        self.may_have_been_billed = may_have_been_billed
        self.partial = partial
        if retryable is not None:
            self.retryable = retryable


class AuthenticationError(ProviderError):
    """The key is wrong or expired (401)."""


class PermissionDenied(ProviderError):
    """The key may not do this, or the account has no credit (402, 403)."""


class InvalidRequest(ProviderError):
    """The gateway does not take this request (400, 413, 415, 422, or a redirect)."""


class ContextOverflow(InvalidRequest):
    """More text or audio than the model takes at once."""


class NotFound(ProviderError):
    """No such model or no such endpoint (404)."""


class RateLimited(ProviderError):
    """Too many requests, or a quota that is used up (429).

    Attributes:
        retry_after: seconds that the gateway asks us to wait, or None.
    """

    retryable = True

    def __init__(self, message: str, *, retry_after: float | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after


class ProviderUnavailable(ProviderError):
    """The gateway or the model behind it is down or overloaded (408, 409, 5xx)."""

    retryable = True


class Unreachable(ProviderError):
    """No connection could be made, or it broke before the answer was whole."""

    retryable = True


class ProviderTimeout(ProviderError):
    """No answer within the time allowed, measured on the clock."""

    retryable = True


class IncompleteResponse(ProviderError):
    """What came back is cut, empty, or not an answer; `partial` holds the text that had come."""
