"""Download recordings from the web and from buckets, because gateways do not.

An `Access` limits the hosts and the size. Each host is resolved, every address that it resolves to is checked, and the
connection goes to a checked address, while TLS still verifies the host's name. Redirects are followed here, so that
every host on the way is checked too.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import partial
from urllib.parse import urljoin, urlsplit

from audio_core._version import __version__
from audio_core.audio.audio import Audio
from audio_core.audio.file_systems import read_pieces
from audio_core.audio.media_fragment import split_fragment
from audio_core.audio.spool import Spool
from audio_core.errors import AccessDenied, InvalidAudio, Unreachable
from audio_core.http.access import Access, open_authorized
from audio_core.http.flow import Flow, Request, run_blocking
from audio_core.http.retry import send_with_retry

__all__ = ["download", "open_or_download"]

_MAX_HOPS = 5
_PORTS = {"http": 80, "https": 443}


def open_or_download(audio: Audio, access: Access | None, *, timeout: float, max_retries: int) -> Flow[Audio]:
    """Open a recording, and download it first if it is remote.

    Args:
        audio: the recording.
        access: what may be opened; None if the developer named the recording, which allows any path, bucket and public
            host.
        timeout: seconds on the wall clock for each request to the web. File systems of fsspec have their own.
        max_retries: how many times a failed request may be sent again.

    Returns:
        The recording with its open content.

    Raises:
        AccessDenied: if it may not be opened.
        AudioTooLarge: if it is over `access.max_bytes`.
        InvalidAudio: if it is not audio, or is not there (`AudioNotFound`).
        ProviderError: if its server refuses or fails.
    """
    if audio.is_remote and urlsplit(audio.source).scheme not in _PORTS:
        audio = yield from run_blocking(partial(_copy_from_file_system, audio, access))
    elif audio.is_remote:
        audio = yield from download(audio, access or Access(), timeout=timeout, max_retries=max_retries)
    else:
        audio = yield from run_blocking(partial(open_authorized, audio, access))
    audio.detect_format()
    return audio


def _copy_from_file_system(audio: Audio, access: Access | None) -> Audio:
    """Copy a recording from a bucket, or another file system of fsspec, into an unnamed temporary file."""
    url, label = split_fragment(audio.source or "")[0], audio.label
    if access is not None:
        access.check_url(url, label)
    spool = Spool(partial((access or Access()).check_size, label=label))
    append = spool.restart()
    for piece in read_pieces(url, label):
        append(piece)
    return audio.with_content(spool.get_content())


def download(audio: Audio, access: Access, *, timeout: float, max_retries: int) -> Flow[Audio]:
    """Download a remote recording into an unnamed temporary file.

    Args:
        audio: the recording.
        access: the hosts, addresses and size that are allowed.
        timeout: seconds on the wall clock for each request.
        max_retries: how many times a failed request may be sent again.

    Returns:
        The recording with the file as its open content.

    Raises:
        AccessDenied: if its host, or an address that the host resolves to, is not allowed.
        AudioTooLarge: if it is over `access.max_bytes`.
        InvalidAudio: if it is redirected too often.
        ProviderError: if the server refuses or fails.
    """
    url, spool = audio.source or "", Spool(partial(access.check_size, label=audio.label))
    for _ in range(_MAX_HOPS + 1):
        request = yield from _build_request(url, audio.label, access, timeout, spool.restart)
        response = yield from send_with_retry(request, max_retries=max_retries, doing="the download", accept_below=400)
        if response.status < 300:
            return audio.with_content(spool.get_content())
        url = _resolve_redirect(url, response.headers.get("location"), audio.label)
    raise InvalidAudio(f"{audio.label} is redirected more than {_MAX_HOPS} times. Check the URL.")


def _build_request(
    url: str, label: str, access: Access, timeout: float, sink: Callable[[], Callable[[bytes], object]]
) -> Flow[Request]:
    """Build a request that connects to a checked address of the host, and names the host in TLS and in its headers."""
    try:
        parts = urlsplit(url)
        name, port = (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme, 0)
        host = name.encode("idna").decode()  # as DNS, TLS and headers name it
    except ValueError:
        name, host, port, parts = "", "", 0, urlsplit("")
    if not host or not port or "@" in parts.netloc or "\\" in parts.netloc:
        raise AccessDenied(f"{label} may not be fetched: its URL must be http(s)://host/path, without a user name.")
    if not (access.allows_host(host) or access.allows_host(name)):
        raise AccessDenied(f"{label} may not be fetched from {host}: add it to Access(hosts=...).")
    addresses = yield from run_blocking(partial(_resolve_host, host, port))
    if not addresses or not all(access.allows_address(address) for address in addresses):
        raise AccessDenied(
            f"{label} may not be fetched: {host} is an address of this machine or of a private network. "
            "Access(allow_private_hosts=True) would allow it."
        )
    pinned_host = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
    return Request(
        "GET",
        parts._replace(netloc=f"{pinned_host}:{port}", fragment="").geturl(),
        headers={
            "Host": host if port == _PORTS[parts.scheme] else f"{host}:{port}",
            "Accept": "audio/*,video/*,*/*",
            "User-Agent": f"langchain-llamaindex-audio/{__version__}",
        },
        timeout=timeout,
        provider=host,
        sink=sink,
        sni=host,
        is_anonymous=True,
    )


def _resolve_host(host: str, port: int) -> list[str]:
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not a valid host name"
        raise Unreachable(f"The host {host} cannot be found: {reason}. Check the URL.", retryable=False) from None
    return [str(entry[4][0]) for entry in entries]


def _resolve_redirect(url: str, location: str | None, label: str) -> str:
    try:
        target = urljoin(url, location or "")
    except ValueError:  # its host is malformed
        target = ""
    if not location or urlsplit(target).scheme not in _PORTS:
        raise AccessDenied(f"{label} may not be fetched: it redirects to something that is not an http(s) URL.")
    if urlsplit(url).scheme == "https" and urlsplit(target).scheme == "http":
        raise AccessDenied(f"{label} may not be fetched: it redirects from https to http.")
    return target
