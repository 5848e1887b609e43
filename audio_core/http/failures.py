"""What can go wrong on the line, in our own errors, with the cause in the message."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Generator

import httpx

from audio_core.errors import ProviderError, ProviderTimeout, Unreachable
from audio_core.http.flow import Request

__all__ = ["shut_down", "translate_errors"]


def shut_down(live: httpx.Response | None) -> None:
    """Wake whoever reads from this connection: closing alone does not, on Linux."""
    network = live.extensions.get("network_stream") if live is not None else None
    connection = network.get_extra_info("socket") if network is not None else None
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def translate_errors(request: Request, is_cut: Callable[[], bool] = lambda: False) -> Generator[None]:
    """Turn httpx's errors into ours; `is_cut` tells whether we broke the connection ourselves, as time was up."""
    try:
        yield
    except (httpx.TimeoutException, TimeoutError):
        raise _build_timeout(request) from None
    except httpx.TransportError as error:
        raise (_build_timeout(request) if is_cut() else _build_unreachable(request, error)) from None
    except ProviderError as error:
        error.provider = error.provider or request.provider
        raise


def _build_timeout(request: Request) -> ProviderError:
    return ProviderTimeout(
        f"{request.provider} gave no answer within {request.timeout:g} s. Pass a larger timeout=... if it needs longer.",
        provider=request.provider,
        may_have_been_billed=True,
    )


def _build_unreachable(request: Request, error: httpx.TransportError) -> ProviderError:
    reason = str(error) or type(error).__name__
    sent = not isinstance(error, httpx.ConnectError)
    certificate = "certificate" in reason.lower() or "ssl" in reason.lower()
    where = httpx.URL(request.url)
    hint = " Set SSL_CERT_FILE if your network has its own authority." if certificate else ""
    did = "broke off" if sent else "cannot be reached"
    return Unreachable(
        f"{request.provider} at {where.scheme}://{request.sni or where.host} {did}: {reason}.{hint}",
        provider=request.provider,
        retryable=not certificate,
        may_have_been_billed=sent,
    )
