"""Recordings from the web, fetched by us because gateways do not: guarded, capped, and into a nameless file.

Each hop's host is resolved, every address it resolves to is judged, and the connection goes to the address that was judged,
while TLS still verifies the name. Redirects are followed by hand.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import partial
from urllib.parse import urljoin, urlsplit

from audio_core.audio.audio import Audio
from audio_core.audio.content import Spool
from audio_core.errors import AccessDenied, InvalidAudio, Unreachable
from audio_core.http.access import Access, open_authorized
from audio_core.http.flow import Flow, Request, run_blocking
from audio_core.http.retry import send_with_retry

__all__ = ["download", "open_or_download"]

_MAX_HOPS = 5
_PORTS = {"http": 80, "https": 443}


def open_or_download(audio: Audio, access: Access | None, *, timeout: float, max_retries: int) -> Flow[Audio]:
    """A recording that is open: fetched if it is remote.

    Args:
        audio: what is to be opened.
        access: what may be opened; None if the developer named it, so that any path and any public host may.
        timeout: seconds on the clock for each request.
        max_retries: how many more requests may follow a failed one.

    Raises:
        AccessDenied: if it may not be opened.
        InvalidAudio: if it is no audio, or is not there.
    """
    if audio.is_remote:
        audio = yield from download(audio, access or Access(), timeout=timeout, max_retries=max_retries)
    else:
        audio = yield from run_blocking(partial(open_authorized, audio, access))
    audio.detect_format()
    return audio


def download(audio: Audio, access: Access, *, timeout: float, max_retries: int) -> Flow[Audio]:
    """Download a remote recording into a nameless temporary file.

    Raises:
        AccessDenied: if its host, or an address it resolves to, may not be connected to.
        AudioTooLarge: if it is over `access.max_bytes`.
        ProviderError: if the server refuses or fails.
    """
    url, spool = audio.source or "", Spool(partial(access.check_size, label=audio.label))
    for _ in range(_MAX_HOPS + 1):
        request = yield from _build_request(url, audio.label, access, timeout, spool.restart)
        response = yield from send_with_retry(request, max_retries=max_retries, doing="the download", accept_below=400)
        if response.status < 300:
            return audio.with_content(spool.get_content())
        url = _resolve_redirect(url, response.headers.get("location"), audio.label)
    raise InvalidAudio(f"{audio.label} is redirected more than {_MAX_HOPS} times.")


def _build_request(
    url: str, label: str, access: Access, timeout: float, sink: Callable[[], Callable[[bytes], object]]
) -> Flow[Request]:
    """A request that connects to an address which was judged, and asks for the name it was judged for."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        host, port, parts = "", 0, urlsplit("")
    if not host or not port or "@" in parts.netloc or "\\" in parts.netloc:
        raise AccessDenied(f"{label} may not be fetched: its URL must be http(s)://host/path, without a user name.")
    if not access.allows_host(host):
        raise AccessDenied(f"{label} may not be fetched from {host}: add it to Access(hosts=...).")
    addresses = yield from run_blocking(partial(_resolve_host, host, port))
    if not addresses or not all(access.allows_address(address) for address in addresses):
        raise AccessDenied(
            f"{label} may not be fetched: {host} is an address of this machine or of a private network. "
            "Access(allow_private_hosts=True) would allow it."
        )
    pinned = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
    return Request(
        "GET",
        parts._replace(netloc=f"{pinned}:{port}", fragment="").geturl(),
        headers={"Host": host if port == _PORTS[parts.scheme] else f"{host}:{port}", "Accept": "audio/*,video/*,*/*"},
        timeout=timeout,
        provider=host,
        sink=sink,
        sni=host,
    )


def _resolve_host(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no host name"
        raise Unreachable(f"The host {host} cannot be found: {reason}.", retryable=False) from None
    return [str(entry[4][0]) for entry in found]


def _resolve_redirect(url: str, location: str | None, label: str) -> str:
    target = urljoin(url, location or "")
    if not location or urlsplit(target).scheme not in _PORTS:
        raise AccessDenied(f"{label} may not be fetched: it redirects to something that is no http(s) URL.")
    if urlsplit(url).scheme == "https" and urlsplit(target).scheme == "http":
        raise AccessDenied(f"{label} may not be fetched: it redirects from https to http.")
    return target
