"""Build the error that a gateway's response means.

OpenAI and LiteLLM send `{"error": {"message", "type", "code"}}`. OpenRouter sends `{"error": {"code": int, "message",
"metadata"}}`, also with status 200 and beside `choices`. FastAPI sends `{"detail": ...}`, and proxies send HTML.
"""

from __future__ import annotations

import contextlib
import email.utils
import math
import re
import time
from collections.abc import Generator, Mapping
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
from audio_core.http.next_steps import QUOTA_CODES, choose_download_step, choose_next_step, join_sentences
from audio_core.lenient_json import parse_json, to_list, to_object, to_objects, to_text

__all__ = [
    "attribute_errors",
    "build_error",
    "build_unreadable_error",
    "find_error",
    "find_event_error",
    "get_request_id",
    "parse_retry_after",
]

_CLASSES_BY_STATUS: dict[int, type[ProviderError]] = {
    401: AuthenticationError,
    402: PermissionDenied,
    403: PermissionDenied,
    404: NotFound,
    408: ProviderUnavailable,
    409: ProviderUnavailable,
}
_RETRY_AFTER_HEADERS = ("retry-after", "llm_provider-retry-after")
_SCRUBBED_BYTES, _QUOTED_CHARACTERS = 8000, 2000  # of a body that a message quotes the beginning of
_LONGEST_DELAY = 366 * 86_400.0  # seconds; whoever asks for more has made a mistake
_ID_HEADERS = ("x-request-id", "request-id", "x-generation-id", "x-litellm-call-id")
_OVERFLOW = re.compile(r"context.{0,20}(length|window)|maximum context|too many tokens|too_long", re.IGNORECASE)
_CONTENT_KEYS = {"choices", "usage", "text", "delta", "segments", "words"}  # of events that are not an error
_FAILED = ("error", "failed", "failure", "cancelled", "canceled")  # ends of types and states


def build_error(
    status: int, headers: Mapping[str, str], body: bytes, *, provider: str, doing: str, sent_bytes: int = 0
) -> ProviderError:
    """Build the error that a response with an error status means.

    Args:
        status: HTTP status, 300 or more.
        headers: of the response, with names in lower case.
        body: of the response.
        provider: name of the gateway.
        doing: what the request was for, as the message calls it, such as `"chat"`.
        sent_bytes: size of the request's body.
    """
    error_object = _find_error_object(parse_json(body)) or {"message": _strip_markup(body)}
    code, reason = _get_code_and_reason(error_object)
    error_class = _choose_error_class(status, code, reason)
    details: dict[str, Any] = {
        "status": status,
        "code": code,
        "provider": provider,
        "request_id": get_request_id(headers),
    }
    next_step = choose_next_step(error_class, status=status, code=code, sent_bytes=sent_bytes)
    if doing == "the download":
        next_step = choose_download_step(error_class)
    message = _build_message(status, reason, provider, doing, next_step)
    if error_class is RateLimited:
        retry_after, has_quota = parse_retry_after(headers, error_object), code not in QUOTA_CODES
        return RateLimited(message, retry_after=retry_after, retryable=has_quota, **details)
    return error_class(message, **details)


def _build_message(status: int, reason: str, provider: str, doing: str, next_step: str) -> str:
    if 300 <= status < 400:
        return (
            f"{provider} redirects {doing} elsewhere (status {status}), which is not followed: set the right base_url."
        )
    return join_sentences(f"{provider} refused {doing} with status {status}: {scrub(reason, 200)}", next_step)


def find_event_error(event: Mapping[str, Any], *, provider: str) -> ProviderError | None:
    """Return the error in an event of a stream, or None if there is none. The event may be the bare error object.

    Args:
        event: the event as decoded JSON.
        provider: name of the gateway.
    """
    is_status = not event.get("error") and _parse_error_status(event.get("code") or event.get("status"))
    is_bare_error = ("message" in event or is_status) and not _has_content(event)
    return find_error({"error": event} if is_bare_error else event, provider=provider)


def find_error(reply: Any, *, provider: str, status: int = 200, partial: str | None = None) -> ProviderError | None:
    """Return the error in the body of a response that has a successful status, or None if there is none.

    Args:
        reply: the body as decoded JSON.
        provider: name of the gateway.
        status: the HTTP status, used if the error's code is not a status.
        partial: text that had arrived before.
    """
    error_object = _find_error_object(reply)
    if error_object is None:
        return None
    code, reason = _get_code_and_reason(error_object)
    code_status = _parse_error_status(code)
    error_class = _choose_error_class(code_status, code, reason) if code_status else ProviderUnavailable
    return error_class(
        join_sentences(
            f"{provider} answered with an error in place of a reply: {scrub(reason, 200)}",
            choose_next_step(error_class, status=code_status, code=code),
        ),
        status=code_status or status,
        code=code,
        provider=provider,
        partial=partial,
    )


def build_unreadable_error(
    body: bytes, *, provider: str, content_type: str, expected: str = "JSON"
) -> IncompleteResponse:
    """Build the error for a response whose body is not what was asked for.

    Args:
        body: of the response; the message quotes its beginning.
        provider: name of the gateway.
        content_type: value of the response's `Content-Type` header, or `""`.
        expected: what was asked for.
    """
    excerpt = scrub(_strip_markup(body), 160) or "nothing"
    mime = content_type.split(";", maxsplit=1)[0] or "no content type"
    message = join_sentences(
        f"{provider} answered with {mime} where {expected} was expected: {excerpt}",
        "Check the base_url, and whether a proxy or a sign-in page answers in its place; if not, ask again.",
    )
    return IncompleteResponse(message, provider=provider)


@contextlib.contextmanager
def attribute_errors(
    status: int, headers: Mapping[str, str], attempts: int = 1, *, is_billed: bool = True
) -> Generator[None]:
    """Give the errors about a response its status, the gateway's id of the request, and the number of requests.

    Args:
        status: HTTP status of the response.
        headers: of the response, with names in lower case.
        attempts: how many requests it took to get the response.
        is_billed: whether such a request may cost money even if its response cannot be used. One to get does not.
    """
    try:
        yield
    except ProviderError as error:
        error.status = error.status or status
        error.request_id = error.request_id or get_request_id(headers)
        error.attempts = max(error.attempts, attempts)
        error.may_have_been_billed = error.may_have_been_billed or (is_billed and isinstance(error, IncompleteResponse))
        raise


def get_request_id(headers: Mapping[str, str]) -> str | None:
    """Return the id that the gateway gave the request, or None. Header names are in lower case."""
    return next((scrub(headers[name]) for name in _ID_HEADERS if name in headers), None)


def parse_retry_after(headers: Mapping[str, str], error: Mapping[str, Any] | None = None) -> float | None:
    """Return how many seconds the gateway asks us to wait, or None if it does not say or the value is invalid.

    Args:
        headers: of the response, with names in lower case.
        error: the error object of the body, if any.

    Example:
        >>> parse_retry_after({"retry-after-ms": "1500"})
        1.5
    """
    if (milliseconds := _parse_number(headers.get("retry-after-ms"), _LONGEST_DELAY * 1000)) is not None:
        return milliseconds / 1000
    for name in _RETRY_AFTER_HEADERS:
        if (seconds := _parse_delay(headers.get(name))) is not None:
            return seconds
    return _parse_number(to_object((error or {}).get("availability")).get("retry_after"))


def _parse_delay(value: str | None) -> float | None:
    """Return the seconds of a `Retry-After` header, which holds a number or a date. A date in the past is invalid."""
    if value is None:
        return None
    if (seconds := _parse_number(value)) is not None:
        return seconds
    try:
        timestamp = email.utils.parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return _parse_number(timestamp - time.time())


def _parse_number(value: Any, largest: float = _LONGEST_DELAY) -> float | None:
    try:
        number = float(value) if str(value).isascii() else math.nan
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number <= largest else None


def _choose_error_class(status: int | None, code: str | None, message: str) -> type[ProviderError]:
    if code == "context_length_exceeded" or (status in (400, 413, 422) and _OVERFLOW.search(message)):
        return ContextOverflow
    if status == 429 or code in QUOTA_CODES:
        return RateLimited
    if status is not None and status >= 500:
        return ProviderUnavailable
    return _CLASSES_BY_STATUS.get(status or 0, InvalidRequest)


def _find_error_object(reply: Any) -> dict[str, Any] | None:
    body = to_object(reply)
    first_error = None if _has_content(body) else next(iter(to_list(body.get("errors"))), None)  # Cloudflare
    for candidate in (body.get("error"), _find_choice_error(body), first_error):
        if any(to_object(candidate).values()):  # some gateways send an empty one beside a reply
            return to_object(candidate)
        if candidate and not isinstance(candidate, dict):
            return {"message": str(candidate)}
    if body.get("detail") and "choices" not in body and "text" not in body:
        return {"message": _format_detail(body["detail"])}
    return body if _is_failure(body) else None


def _has_content(body: Mapping[str, Any]) -> bool:
    return not _CONTENT_KEYS.isdisjoint(body)


def _is_failure(body: Mapping[str, Any]) -> bool:
    """Tell whether a reply or an event says that it is an error, even if it gives no reason."""
    signs = (to_text(body.get(name)) or "" for name in ("type", "object", "status"))
    is_refused = body.get("success") is False and not _has_content(body)
    return is_refused or any(sign.lower().endswith(_FAILED) for sign in signs)


def _parse_error_status(code: Any) -> int | None:
    """Return the HTTP status of an error that a code is, or None if it is none."""
    text = str(code) if isinstance(code, (int, str)) else ""
    return int(text) if re.fullmatch("[45][0-9][0-9]", text) else None


def _find_choice_error(reply: dict[str, Any]) -> Any:
    return next((choice.get("error") for choice in to_objects(reply.get("choices"))), None)


def _format_detail(detail: Any) -> str:
    if not isinstance(detail, list):
        return str(detail)
    return "; ".join(
        f"{'.'.join(map(str, to_list(item.get('loc'))))}: {item.get('msg')}" for item in to_objects(detail)
    )


def _get_code_and_reason(error_object: Mapping[str, Any]) -> tuple[str | None, str]:
    found = error_object.get("code") or error_object.get("error_type") or error_object.get("type")
    code = None if found is None else scrub(str(found), 60)
    return code, str(error_object.get("message") or code or "no reason given")


def _strip_markup(body: bytes) -> str:
    """Return the beginning of a body without tags. Secrets go first, as the cut could leave half of one."""
    clean = scrub(body[:_SCRUBBED_BYTES].decode("utf-8", "replace"), _SCRUBBED_BYTES)
    return re.sub(r"<[^>]*>", " ", clean[:_QUOTED_CHARACTERS])
