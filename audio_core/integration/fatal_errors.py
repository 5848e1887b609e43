"""Tell the errors that every other recording would end in too."""

from __future__ import annotations

import re

from audio_core.errors import (
    AudioError,
    AuthenticationError,
    InvalidRequest,
    MissingAPIKey,
    MissingDependency,
    NotFound,
    PermissionDenied,
    ProviderError,
)

__all__ = ["is_fatal"]

_NO_CREDIT = 402  # HTTP status
_NO_MODEL = re.compile(
    r"(invalid|unknown|no such) model|model\b.{0,120}(not found|not exist|not (a )?(valid|available))"
    r"|not a valid model",
    re.IGNORECASE,
)


def is_fatal(error: AudioError, provider: str) -> bool:
    """Tell whether an error is no fault of the recording: a wrong key, no such model, no credit, a missing package.

    Args:
        error: what a recording ended in.
        provider: name of the provider that transcribes; an error of another server is that of a download.

    Example:
        >>> is_fatal(AudioNotFound("There is no file talk.mp3."), "openai")
        False
    """
    if isinstance(error, (MissingAPIKey, MissingDependency)):
        return True
    if not isinstance(error, ProviderError) or error.provider != provider:
        return False
    if isinstance(error, InvalidRequest):
        return bool(_NO_MODEL.search(str(error)))
    is_refused = isinstance(error, (AuthenticationError, NotFound))
    return is_refused or (isinstance(error, PermissionDenied) and error.status == _NO_CREDIT)
