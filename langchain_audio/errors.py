"""A gateway's failures as LangChain's own: each is the core's error and LangChain's `ModelError` of the same condition.

So `except audio_core.RateLimited`, `except langchain_core.exceptions.ModelRateLimitError`, fallbacks and retry middleware
all work.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator

from langchain_core import exceptions as core

import audio_core as ours

__all__ = ["translate_errors"]


class ChatError(ours.ProviderError, core.ModelError):
    """A gateway refused, failed or did not answer."""


class ChatAuthenticationError(ours.AuthenticationError, core.ModelAuthenticationError):
    """The key is wrong or expired (401)."""


class ChatPermissionDenied(ours.PermissionDenied, core.ModelPermissionDeniedError):
    """The key may not do this, or the account has no credit (402, 403)."""


class ChatInvalidRequest(ours.InvalidRequest, core.ModelInvalidRequestError):
    """The gateway does not take this request."""


class ChatContextOverflow(ours.ContextOverflow, core.ContextOverflowError, core.ModelInvalidRequestError):
    """More text or audio than the model takes at once."""


class ChatNotFound(ours.NotFound, core.ModelNotFoundError):
    """No such model or no such endpoint (404)."""


class ChatRateLimited(ours.RateLimited, core.ModelRateLimitError):
    """Too many requests, or a quota that is used up (429)."""


class ChatUnavailable(ours.ProviderUnavailable, core.ModelAPIError):
    """The gateway or the model behind it is down or overloaded (5xx)."""


class ChatUnreachable(ours.Unreachable, core.ModelConnectionError):
    """No connection could be made, or it broke before the answer was whole."""


class ChatTimeout(ours.ProviderTimeout, core.ModelTimeoutError):
    """No answer within the time allowed."""


class ChatIncomplete(ours.IncompleteResponse, core.ModelAPIError):
    """What came back is cut, empty, or not an answer."""


_KINDS: dict[type[ours.ProviderError], type[ours.ProviderError]] = {
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


@contextlib.contextmanager
def translate_errors() -> Generator[None]:
    """Raise a gateway's failure as LangChain's error too, with everything that it carries."""
    try:
        yield
    except ours.ProviderError as error:
        raise _to_model_error(error) from error.__cause__


def _to_model_error(error: ours.ProviderError) -> ours.ProviderError:
    kind = _KINDS.get(type(error), ChatError)
    made = kind.__new__(kind, *error.args)
    made.__dict__.update(error.__dict__, is_retryable=error.retryable)
    return made
