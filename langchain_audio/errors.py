"""A gateway's errors as LangChain's: each class is both the error of `audio_core` and LangChain's `ModelError` for it.

So `except audio_core.RateLimited`, `except langchain_core.exceptions.ModelRateLimitError`, fallbacks and retry
middleware all work.
"""

from __future__ import annotations

from types import TracebackType

from langchain_core import exceptions as langchain_errors

import audio_core
from audio_core.integration import HiddenFrames

__all__ = ["TranslatedErrors"]


class ChatError(audio_core.ProviderError, langchain_errors.ModelError):
    """A gateway refused a request, failed or did not respond."""


class ChatAuthenticationError(audio_core.AuthenticationError, langchain_errors.ModelAuthenticationError):
    """The key is wrong or expired (401)."""


class ChatPermissionDenied(audio_core.PermissionDenied, langchain_errors.ModelPermissionDeniedError):
    """The key has no permission for this request, or the account has no credit (402, 403)."""


class ChatInvalidRequest(audio_core.InvalidRequest, langchain_errors.ModelInvalidRequestError):
    """The gateway rejected the request as invalid (400, 405, 413, 415, 422, or a redirect)."""


class ChatContextOverflow(
    audio_core.ContextOverflow, langchain_errors.ContextOverflowError, langchain_errors.ModelInvalidRequestError
):
    """The request holds more text or audio than the model accepts at once."""


class ChatNotFound(audio_core.NotFound, langchain_errors.ModelNotFoundError):
    """The model or the endpoint does not exist (404)."""


class ChatRateLimited(audio_core.RateLimited, langchain_errors.ModelRateLimitError):
    """There were too many requests, or the quota is used up (429)."""


class ChatUnavailable(audio_core.ProviderUnavailable, langchain_errors.ModelAPIError):
    """The gateway or the model behind it is down or overloaded (408, 409, 5xx)."""


class ChatUnreachable(audio_core.Unreachable, langchain_errors.ModelConnectionError):
    """No connection could be made, or it broke before the response was complete."""


class ChatTimeout(audio_core.ProviderTimeout, langchain_errors.ModelTimeoutError):
    """There was no response within the time allowed."""


class ChatIncomplete(audio_core.IncompleteResponse, langchain_errors.ModelAPIError):
    """The response is truncated, empty or unreadable."""


_KINDS: dict[type[audio_core.ProviderError], type[audio_core.ProviderError]] = {
    kind.__mro__[1]: kind
    for kind in (
        ChatError,
        ChatAuthenticationError,
        ChatPermissionDenied,
        ChatInvalidRequest,
        ChatContextOverflow,
        ChatNotFound,
        ChatRateLimited,
        ChatUnavailable,
        ChatUnreachable,
        ChatTimeout,
        ChatIncomplete,
    )
}


class TranslatedErrors(HiddenFrames):
    """A context manager that raises errors that are LangChain's too, with the attributes of the gateway's."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Raise LangChain's error in place of the gateway's."""
        super().__exit__(kind, error, traceback)
        if isinstance(error, audio_core.ProviderError):
            raise _to_model_error(error) from error.__cause__


def _to_model_error(error: audio_core.ProviderError) -> audio_core.ProviderError:
    kind = _KINDS.get(type(error), ChatError)
    model_error = kind.__new__(kind, *error.args)
    model_error.__dict__.update(error.__dict__, is_retryable=error.retryable)
    return model_error
