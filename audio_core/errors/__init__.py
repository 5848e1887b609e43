"""The exceptions of this project, in one hierarchy.

    AudioError
    ├── InvalidAudio (ValueError)             not audio, damaged, empty, or a clip outside the recording
    │   └── AudioNotFound (FileNotFoundError) no such file
    ├── UnsupportedFormat (ValueError)        a format that cannot be read or sent
    ├── AudioTooLarge (ValueError)            over a limit of bytes or seconds
    ├── AccessDenied (PermissionError)        a path or address that may not be opened
    ├── MissingDependency (ImportError)       an extra is not installed
    ├── MissingAPIKey (ValueError)            no key given and none in the environment
    ├── UnknownProvider (ValueError)          no provider of this name in `PROVIDERS`
    ├── InvalidOption (ValueError)            an option with a wrong value, or one that cannot be applied
    │   └── UnknownOption (TypeError)         an option that does not exist
    ├── BudgetExceeded                        a job would go over its budget
    ├── StoreError (OSError)                  a store of transcripts or audio cannot be used
    ├── TranscriptionIncomplete               part of a recording could not be transcribed
    └── ProviderError                         the gateway refused, failed or did not respond
        ├── AuthenticationError               401
        ├── PermissionDenied                  402, 403
        ├── InvalidRequest                    400, 405, 413, 415, 422 and redirects
        │   └── ContextOverflow               more audio or text than the model accepts
        ├── NotFound                          404
        ├── RateLimited                       429
        ├── ProviderUnavailable               408, 409, 5xx
        ├── Unreachable                       no connection, or a broken one
        ├── ProviderTimeout                   no response within the time allowed
        └── IncompleteResponse                a response that is truncated, empty or unreadable

All errors can be pickled. None holds a request, a key or audio. A `ProviderError` has at most 400 characters.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any

from audio_core.errors.secrets import scrub

__all__ = [
    "AccessDenied",
    "AudioError",
    "AudioNotFound",
    "AudioTooLarge",
    "AuthenticationError",
    "BudgetExceeded",
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
    "UnknownOption",
    "UnknownProvider",
    "Unreachable",
    "UnsupportedFormat",
    "at_block",
]


@contextlib.contextmanager
def at_block(message: int, block: int) -> Generator[None]:
    """Prefix the message of an `AudioError` raised in the body with a position, such as `messages[0], block 2: `.

    Args:
        message: index of the chat message, counted from 0.
        block: index of the content block in that message, counted from 0.
    """
    try:
        yield
    except AudioError as error:
        error.args = (f"messages[{message}], block {block}: {error.args[0]}", *error.args[1:])
        raise


def describe_install(extra: str) -> str:
    """Return the command that installs an extra of this project.

    Example:
        >>> print(describe_install("vad"))
        pip install 'langchain-llamaindex-audio[vad]' (in a clone: pip install '.[vad]')
    """
    return f"pip install 'langchain-llamaindex-audio[{extra}]' (in a clone: pip install '.[{extra}]')"


class AudioError(Exception):
    """The base class of all errors that this project raises on purpose."""


class InvalidAudio(AudioError, ValueError):
    """The input is not audio, is damaged or empty, or the requested clip lies outside it."""


class AudioNotFound(InvalidAudio, FileNotFoundError):
    """The file does not exist."""


class UnsupportedFormat(AudioError, ValueError):
    """The format is unknown, cannot be sent, or lacks a parameter, such as the sample rate of raw PCM."""


class AudioTooLarge(AudioError, ValueError):
    """The audio exceeds a limit of bytes or seconds; the message states the size and the limit."""


class AccessDenied(AudioError, PermissionError):
    """A path or address may not be opened; the message names the argument that would allow it."""


class MissingDependency(AudioError, ImportError):
    """A package of an extra is not installed; the message holds the pip command that installs it."""


class MissingAPIKey(AudioError, ValueError):
    """No API key was given and none of the provider's environment variables is set."""


class UnknownProvider(AudioError, ValueError):
    """There is no provider of this name in `audio_core.PROVIDERS`."""


class InvalidOption(AudioError, ValueError):
    """An option has a wrong value, or cannot be applied to the given input or followed by this engine or gateway."""


class UnknownOption(InvalidOption, TypeError):
    """There is no option of this name; the message names the nearest one."""


class BudgetExceeded(AudioError):
    """A request would go over the budget of its job, and was not sent."""


class StoreError(AudioError, OSError):
    """A store of transcripts or audio cannot be read or written, or the disk of the temporary files is full."""


class TranscriptionIncomplete(AudioError):
    """Part of a recording could not be transcribed.

    Attributes:
        transcript: the `Transcript` of everything else that was transcribed.
        failures: one tuple `(start, end, error)` for each missing part, with times in seconds.
    """

    def __init__(self, message: str, *, transcript: Any = None, failures: Any = ()) -> None:
        super().__init__(message)
        self.transcript = transcript
        self.failures = failures


class ProviderError(AudioError):
    """A gateway refused, failed or did not respond.

    Attributes:
        status: HTTP status, or None if there was no response.
        code: the gateway's own error code, as text.
        request_id: the gateway's id of the request, which its support may ask for.
        provider: name of the provider, such as `"openrouter"`.
        retryable: whether the same request may succeed later.
        attempts: total number of requests that were sent.
        may_have_been_billed: whether it failed after all was sent, and may be charged for. It is not sent again then.
        partial: the text received before the failure, if any.
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
    """The API key is wrong or expired (401)."""


class PermissionDenied(ProviderError):
    """The API key lacks the permission, or the account has no credit (402, 403)."""


class InvalidRequest(ProviderError):
    """The gateway does not accept the request (400, 405, 413, 415, 422 or a redirect)."""


class ContextOverflow(InvalidRequest):
    """The request has more text or audio than the model accepts."""


class NotFound(ProviderError):
    """The model or the endpoint does not exist (404)."""


class RateLimited(ProviderError):
    """There were too many requests, or a quota is used up (429).

    Attributes:
        retry_after: seconds to wait before the next request, as the gateway asked; None if it did not.
    """

    retryable = True

    def __init__(self, message: str, *, retry_after: float | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after


class ProviderUnavailable(ProviderError):
    """The gateway or the model behind it is down or overloaded (408, 409, 5xx)."""

    retryable = True


class Unreachable(ProviderError):
    """No connection could be made, or it broke before the response was complete."""

    retryable = True


class ProviderTimeout(ProviderError):
    """There was no response, or no further content of a stream, within the time allowed."""

    retryable = True


class IncompleteResponse(ProviderError):
    """The response is truncated, empty or unreadable; `partial` holds the text received, if any."""
