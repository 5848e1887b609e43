"""Build the errors of an exchange that brought no response, or only a part of one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from audio_core.errors import InvalidRequest, ProviderTimeout, Unreachable
from audio_core.http.connection import Connection, StreamClock
from audio_core.http.flow import Request

__all__ = [
    "build_invalid_host",
    "build_invalid_redirect",
    "build_invalid_request",
    "build_timeout",
    "build_unreachable",
]

_NEXT_STEPS = {
    "certificate": "Set SSL_CERT_FILE if your network has its own authority.",
    "wrong version": "Does this port speak http, and not https?",
    "refused": "Is the server running, and the port right?",
    "name": "Check the name of the host, and your network.",  # "Name or service not known", on Macs "nodename nor ..."
    "": "Check the network, and any proxy on the way, before you ask again.",
}
_PORTS = {"http": 80, "https": 443}


def build_timeout(request: Request, connection: Connection, clock: StreamClock | None = None) -> ProviderTimeout:
    """Build the error for an exchange whose time was up.

    Args:
        request: what was sent.
        connection: on which it was sent.
        clock: of the response, if that is read as it comes.
    """
    problem = f"gave no answer within {request.timeout:g} s"
    if clock is not None:
        problem = (
            "was still sending when the time was up"
            if clock.is_exhausted
            else f"sent nothing for {request.timeout:g} s"
        )
    is_billed = request.method == "POST" and connection.has_sent_all
    return ProviderTimeout(
        f"{request.provider} {problem}. Pass a larger timeout=... if it needs longer.{_warn_of_bill(is_billed)}",
        provider=request.provider,
        may_have_been_billed=is_billed,
    )


def build_invalid_request(request: Request, error: Exception) -> InvalidRequest:
    """Build the error for a request that cannot be sent over HTTP, or an answer that cannot be read."""
    return InvalidRequest(
        f"The exchange with {request.provider} is not valid HTTP: {str(error).rstrip('.')}. "
        "Check the base_url, and where it redirects to.",
        provider=request.provider,
    )


def build_invalid_redirect(request: Request) -> InvalidRequest:
    """Build the error for a redirect to what is no URL. httpx raises for it, although we follow no redirect."""
    return InvalidRequest(
        f"{request.provider} redirects to something that is not a URL. Check the base_url, or the URL of the recording.",
        provider=request.provider,
    )


def build_invalid_host(request: Request, connection: Connection) -> InvalidRequest:
    """Build the error for a host that DNS cannot name: the server's, or the one that a redirect names.

    Args:
        request: what was to be sent.
        connection: on which it was to be sent.
    """
    if connection.has_response:
        return build_invalid_redirect(request)
    return InvalidRequest(
        f"{request.provider} cannot be reached: {urlsplit(request.url).hostname!r}, or the proxy on the way, is no valid "
        "host name. Each part between dots has 1 to 63 characters, and a part 'xn--...' is a whole one. "
        "Check the base_url, and the proxies in the environment.",
        provider=request.provider,
    )


def build_unreachable(request: Request, connection: Connection, error: Exception, *, is_connected: bool) -> Unreachable:
    """Build the error for a connection that could not be made, or broke.

    Args:
        request: what was to be sent.
        connection: on which it was to be sent.
        error: what was raised.
        is_connected: whether there was a connection.
    """
    reason = _find_reason(error)
    next_step = next(step for word, step in _NEXT_STEPS.items() if word in reason.lower())
    if "refused" in reason.lower() and request.provider == "local":
        next_step += f" `python -m audio_core.offline --port {urlsplit(request.url).port or 80}` starts one."
    is_billed = request.method == "POST" and connection.has_sent_all and not connection.is_stale
    return Unreachable(
        f"{request.provider} at {_describe_origin(request)} {'broke off' if is_connected else 'cannot be reached'}: "
        f"{reason}. {next_step}{_warn_of_bill(is_billed)}",
        provider=request.provider,
        retryable="ssl" not in reason.lower(),
        may_have_been_billed=is_billed,
    )


def _describe_origin(request: Request) -> str:
    url = urlsplit(request.url)
    host, port = request.sni or url.hostname or "", url.port or _PORTS.get(url.scheme)
    return f"{url.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _find_reason(error: BaseException) -> str:
    """Return what the first cause says. Async clients wrap it in errors without a text."""
    reasons = [reason for cause in _list_causes(error) if (reason := _get_text(cause))]
    return (reasons[-1] if reasons else type(error).__name__).rstrip(".")


def _get_text(error: BaseException) -> str:
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno)  # asyncio puts another text in its place
    return getattr(error, "strerror", None) or str(error)


def _list_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _warn_of_bill(is_billed: bool) -> str:
    return " The whole request had been sent and may be billed, so it is not sent again." if is_billed else ""
