"""What the message of a gateway's error tells its reader to do next.

The class of an error, its status and its code rarely give the cause away. Where they do not, a sentence says where to
look. None may hold a word by which `wire/refusals.py` tells what a gateway refuses.
"""

from __future__ import annotations

import re

from audio_core.errors import (
    AuthenticationError,
    ContextOverflow,
    NotFound,
    PermissionDenied,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)

__all__ = ["QUOTA_CODES", "choose_download_step", "choose_next_step", "join_sentences"]

QUOTA_CODES = ("insufficient_quota", "billing_hard_limit_reached", "quota_exceeded")
"""Codes that gateways send when an account has nothing left to spend."""

_ACCOUNT = "Check the balance and the spending limit of your account at the gateway."
_ADDRESS = "Is the model's name right for this provider, and the base_url complete?"
_OPTIONS = "Check the model and the options against the gateway's documentation."
_UNKNOWN = "Ask again if this is temporary; else check the request against the gateway's documentation."
_BY_STATUS = {402: _ACCOUNT, 405: _ADDRESS, 415: "Check which audio formats the model takes."}
_BY_CLASS: dict[type[ProviderError], str] = {
    AuthenticationError: "Is the API key right, and valid for this base_url?",
    ContextOverflow: "Send a clip (start=, end=) or fewer messages, or ask a model that takes more.",
    NotFound: _ADDRESS,
    PermissionDenied: "Check at the gateway whether this key may use the model, from your region and for such content.",
    RateLimited: "Wait before you ask again, or lower max_concurrency.",
    ProviderUnavailable: "Ask again later; if it goes on, check the gateway's status page or log.",
}
_SENTENCE_END = re.compile(r"[.!?…][\"')\]]?$")


def choose_next_step(
    error_class: type[ProviderError], *, status: int | None, code: str | None, sent_bytes: int = 0
) -> str:
    """Return what to do about an error of a gateway.

    Args:
        error_class: class of the error.
        status: HTTP status, or the error code that is one; None if there is neither.
        code: the gateway's error code.
        sent_bytes: size of the request's body.

    Example:
        >>> choose_next_step(RateLimited, status=429, code=None)
        'Wait before you ask again, or lower max_concurrency.'
    """
    if code in QUOTA_CODES:
        return _ACCOUNT
    if status is None:
        return _UNKNOWN
    if status == 413 and error_class is not ContextOverflow:
        return (
            f"{sent_bytes:,} bytes were sent. transcribe() cuts a recording; else send a clip (start=, end=) or Opus."
        )
    return _BY_STATUS.get(status) or _BY_CLASS.get(error_class, _OPTIONS)


def choose_download_step(error_class: type[ProviderError]) -> str:
    """Return what to do about an error of a recording's server, which knows neither key nor model."""
    if error_class.retryable:
        return "Try again later."
    return "Check that the URL is right, and opens without signing in."


def join_sentences(statement: str, next_step: str) -> str:
    """Join what went wrong, with a full stop if it has no end, and what to do next.

    Example:
        >>> join_sentences("Incorrect API key provided", "Is it right?")
        'Incorrect API key provided. Is it right?'
    """
    if not _SENTENCE_END.search(statement):
        statement = statement.rstrip(" ,;:") + "."
    return f"{statement} {next_step}"
