"""From what a gateway answered to the error that it means.

Envelopes: OpenAI and LiteLLM `{"error": {"message", "type", "code"}}`, OpenRouter `{"error": {"code": int, "message",
"metadata"}}` (also with status 200, and beside `choices`), FastAPI `{"detail": ...}`, and HTML from any proxy between.
"""

from __future__ import annotations

import email.utils
import math
import re
import time
from collections.abc import Mapping
from typing import Any

from audio_core.errors import (
    AuthenticationError,
    ContextOverflow,
    IncompleteResponse,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    scrub,
)
from audio_core.lenient_json import parse_json, to_list, to_object, to_objects

__all__ = ["build_error", "build_unreadable_error", "find_error", "get_request_id", "parse_retry_after"]

_BY_STATUS: dict[int, type[ProviderError]] = {
    401: AuthenticationError,
    402: PermissionDenied,
    403: PermissionDenied,
    404: NotFound,
    408: ProviderUnavailable,
    409: ProviderUnavailable,
}
_NEXT_STEP: dict[type[ProviderError], str] = {
    AuthenticationError: "Is the API key right, and for this base_url?",
    NotFound: "Is the model's name right for this provider, and the base_url complete?",
}
_RETRY_HEADERS = ("retry-after", "llm_provider-retry-after")
_ID_HEADERS = ("x-request-id", "request-id", "x-generation-id", "x-litellm-call-id")
_OVERFLOW = re.compile(r"context.{0,20}(length|window)|maximum context|too many tokens|too_long", re.IGNORECASE)
_QUOTA = ("insufficient_quota", "billing_hard_limit_reached", "quota_exceeded")


def build_error(status: int, headers: Mapping[str, str], body: bytes, *, provider: str, doing: str) -> ProviderError:
    """The error that a reply with an error status means.

    Args:
        status: HTTP status, 300 or more.
        headers: of the reply, names in lower case.
        body: of the reply.
        provider: name of the gateway.
        doing: what was asked, for the message, such as `"chat"`.
    """
    fault = _find_error_object(parse_json(body)) or {"message": _strip_markup(body)}
    said, code = str(fault.get("message") or "no reason given"), _get_code(fault)
    kind = _choose_error_class(status, code, said)
    words = f"{provider} refused {doing} with status {status}: {scrub(said, 240)}"
    if 300 <= status < 400:
        words = (
            f"{provider} redirects {doing} elsewhere (status {status}), which is not followed: set the right base_url."
        )
    facts: dict[str, Any] = {
        "status": status,
        "code": code,
        "provider": provider,
        "request_id": get_request_id(headers),
    }
    message = f"{words} {_NEXT_STEP.get(kind, '')}".rstrip()
    if kind is RateLimited:
        after, has_quota = parse_retry_after(headers, fault), code not in _QUOTA
        return RateLimited(message, retry_after=after, retryable=has_quota, **facts)
    return kind(message, **facts)


def find_error(reply: Any, *, provider: str, status: int = 200, partial: str | None = None) -> ProviderError | None:
    """The error that stands inside a reply whose status said that all was well; None if there is none.

    Args:
        reply: decoded JSON.
        provider: name of the gateway.
        status: the HTTP status, used where the error names none of its own.
        partial: text that had come before.
    """
    fault = _find_error_object(reply)
    if fault is None:
        return None
    code = _get_code(fault)
    said = str(fault.get("message") or code or "no reason given")
    inner = int(code) if code and code.isdigit() and 400 <= int(code) < 600 else None
    kind = _choose_error_class(inner, code, said) if inner else ProviderUnavailable
    return kind(
        f"{provider} answered with an error in place of a reply: {scrub(said, 240)}",
        status=inner or status,
        code=code,
        provider=provider,
        partial=partial,
    )


def build_unreadable_error(body: bytes, *, provider: str, content_type: str) -> IncompleteResponse:
    """The error for a reply that is no JSON object."""
    shown = scrub(_strip_markup(body), 160) or "nothing"
    kind = content_type.split(";", maxsplit=1)[0] or "no content type"
    return IncompleteResponse(f"{provider} answered with {kind} where JSON was due: {shown}", provider=provider)


def get_request_id(headers: Mapping[str, str]) -> str | None:
    """The id that the gateway gave to this request."""
    return next((headers[name] for name in _ID_HEADERS if name in headers), None)


def parse_retry_after(headers: Mapping[str, str], fault: Mapping[str, Any] | None = None) -> float | None:
    """Seconds that the gateway asks us to wait; None if it asks nothing, or nonsense.

    Example:
        >>> parse_retry_after({"retry-after-ms": "1500"})
        1.5
    """
    if (milliseconds := _parse_number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    for name in _RETRY_HEADERS:
        if (seconds := _parse_delay(headers.get(name))) is not None:
            return seconds
    return _parse_number(to_object((fault or {}).get("availability")).get("retry_after"))


def _parse_delay(value: str | None) -> float | None:
    if value is None:
        return None
    if (seconds := _parse_number(value)) is not None:
        return seconds
    try:
        at = email.utils.parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, at - time.time())


def _parse_number(value: Any) -> float | None:
    try:
        number = float(value) if str(value).isascii() else math.nan
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _choose_error_class(status: int | None, code: str | None, said: str) -> type[ProviderError]:
    if status == 413 or code == "context_length_exceeded" or (status in (400, 422) and _OVERFLOW.search(said)):
        return ContextOverflow
    if status == 429 or code in _QUOTA:
        return RateLimited
    if status is not None and status >= 500:
        return ProviderUnavailable
    return _BY_STATUS.get(status or 0, InvalidRequest)


def _find_error_object(reply: Any) -> dict[str, Any] | None:
    found = to_object(reply)
    for candidate in (found.get("error"), _find_choice_error(found)):
        if isinstance(candidate, dict):
            return to_object(candidate)
        if candidate:
            return {"message": str(candidate)}
    if found.get("detail") and "choices" not in found and "text" not in found:
        return {"message": _format_detail(found["detail"])}
    return None


def _find_choice_error(reply: dict[str, Any]) -> Any:
    return next((choice.get("error") for choice in to_objects(reply.get("choices"))), None)


def _format_detail(detail: Any) -> str:
    if not isinstance(detail, list):
        return str(detail)
    return "; ".join(
        f"{'.'.join(map(str, to_list(item.get('loc'))))}: {item.get('msg')}" for item in to_objects(detail)
    )


def _get_code(fault: Mapping[str, Any]) -> str | None:
    code = fault.get("code") or fault.get("error_type") or fault.get("type")
    return None if code is None else scrub(str(code), 60)


def _strip_markup(body: bytes) -> str:
    return re.sub(r"<[^>]*>", " ", body[:2000].decode("utf-8", "replace"))
