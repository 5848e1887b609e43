"""Decide which files and hosts may be opened.

A path or URL that the developer names is opened as it is. One that may come from anyone (a message block, a tool call)
is opened only under an `Access`. A file is checked again once it is open, so that a swapped link changes nothing. A
host is checked by the addresses that it resolves to, at every redirect.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

from audio_core.audio.audio import Audio
from audio_core.audio.content import FileContent
from audio_core.audio.sources import open_regular_file
from audio_core.errors import AccessDenied, AudioTooLarge, InvalidOption

__all__ = ["Access", "AccessLike", "is_public", "open_authorized", "to_access"]

_GIB = 2**30
_IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
# Refused besides the addresses that `ipaddress` reports as not global. 168.63.129.16 is Azure's platform.
_ALSO_PRIVATE = tuple(
    ipaddress.ip_network(block)
    for block in ("100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "fec0::/10", "3fff::/20")
)
# IPv6 blocks that embed an IPv4 address: RFC 6052, RFC 4291 §2.5.5.1, RFC 8215, RFC 2765.
_NAT64, _COMPATIBLE = ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96")
_NAT64_LOCAL, _TRANSLATED = ipaddress.ip_network("64:ff9b:1::/48"), ipaddress.ip_network("::ffff:0:0:0/96")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")  # all that is assigned so far (RFC 4291, 2.4)
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214 §6.1, in bits 32 to 63 of the address


@dataclass(frozen=True, slots=True)
class Access:
    """The files and hosts that a loader, or a model through a message or a tool, may open.

    Attributes:
        roots: folders, or one, whose files may be opened, at any depth. Links that lead out of them are refused. A URL,
            such as `s3://bucket/talks`, allows the files whose URLs begin with it.
        hosts: names of the hosts, or one, to which `http` and `https` URLs may point; None for any public host.
        max_bytes: size of the largest recording, in bytes.
        allow_private_hosts: whether recordings may be downloaded from this machine and from private networks.

    Example:
        >>> access = Access(roots=("recordings",), hosts=("example.com",))
        >>> access.allows_host("example.com"), access.allows_host("example.org")
        (True, False)
    """

    roots: Sequence[str | os.PathLike[str]] = ()
    hosts: Sequence[str] | None = None
    max_bytes: int = 2 * _GIB
    allow_private_hosts: bool = False

    def __post_init__(self) -> None:
        for name in ("roots", "hosts"):
            value = getattr(self, name)
            if isinstance(value, (str, os.PathLike)):  # its characters would be taken for folders
                object.__setattr__(self, name, (value,))
            elif isinstance(value, bytes) or not (isinstance(value, Iterable) or (value is None and name == "hosts")):
                raise InvalidOption(f"{name} of an Access are names, or a name, not {type(value).__name__}.")
        if any(isinstance(root, str) and not root.strip() for root in self.roots):
            raise InvalidOption(
                "access names a folder without a name, which would open the working directory. Is the variable set from "
                "which it comes? To open that folder, write '.'."
            )

    @property
    def folders(self) -> list[str | os.PathLike[str]]:
        """The roots that are folders of this machine."""
        return [root for root in self.roots if "://" not in str(root)]

    def allows_host(self, host: str) -> bool:
        """Return whether a URL may point to this host."""
        return self.hosts is None or host.rstrip(".").lower() in {name.lower() for name in self.hosts}

    def allows_address(self, address: str) -> bool:
        """Return whether connections to a resolved IP address are allowed."""
        return self.allow_private_hosts or is_public(address)

    def open_file(self, path: Path, label: str) -> FileContent:
        """Open a file that lies below one of the roots.

        Args:
            path: the file.
            label: what error messages call it; they do not show the path.

        Raises:
            AccessDenied: if it lies elsewhere; the message names the argument that would allow it.
            AudioNotFound: if there is no such file below the roots.
            InvalidAudio: if it is a folder, a pipe or a device, or cannot be read.
            AudioTooLarge: if it is over `max_bytes`.
        """
        roots = [os.path.realpath(root) for root in self.folders]
        if not _is_below(_resolve_path(path), roots):
            raise self._build_denial(label)  # before opening, so as not to reveal which files exist elsewhere
        content = open_regular_file(path, label)
        if not _is_below(_resolve_descriptor(content, path), roots):
            raise self._build_denial(label)
        self.check_size(content.size, label)
        return content

    def check_url(self, url: str, label: str) -> None:
        """Check that a file in a bucket, or in another file system, lies below one of the roots.

        Args:
            url: its URL, such as `s3://bucket/talks/a.mp3`.
            label: what the error message calls it.

        Raises:
            AccessDenied: if it lies elsewhere, or its URL could name something that does: it has `..` or chains URLs.
        """
        parts = re.split(r"[/\\]", unquote(url))
        is_plain = "::" not in url and not {".", ".."} & {*parts}
        prefixes = [f"{str(root).rstrip('/')}/" for root in self.roots if "://" in str(root)]
        if not is_plain or not any(url.startswith(prefix) for prefix in prefixes):
            raise self._build_denial(label)

    def check_size(self, size: int, label: str) -> None:
        """Check a recording's size against the limit.

        Args:
            size: of the recording, in bytes.
            label: what the error message calls the recording.

        Raises:
            AudioTooLarge: if it is over `max_bytes`.
        """
        if size > self.max_bytes:
            raise AudioTooLarge(
                f"{label} has {size:,} bytes; access allows {self.max_bytes:,} (Access(max_bytes=...))."
            )

    def _build_denial(self, label: str) -> AccessDenied:
        folders = ", ".join(repr(Path(root).name or str(root)) for root in self.roots)
        reason = f"access allows files in {folders} only" if folders else "access allows no folder"
        return AccessDenied(f"{label} may not be opened: {reason}. Pass access='folder' to allow a folder's files.")


AccessLike = Access | str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""What `access=` accepts: an `Access`, a folder or several folders."""


def to_access(value: Any) -> Access:
    """Convert a value that `access=` accepts to an `Access`.

    Args:
        value: an `Access`, a folder, several folders, or None for no folder.

    Raises:
        InvalidOption: if it is none of these.

    Example:
        >>> to_access("recordings").roots
        ('recordings',)
    """
    match value:
        case None:
            return Access()
        case Access():
            return value
        case str() | os.PathLike():
            return Access(roots=(cast("str | os.PathLike[str]", value),))
        case Iterable():
            return Access(roots=tuple(cast("Iterable[str | os.PathLike[str]]", value)))
        case _:
            raise InvalidOption(f"access must be an Access, a folder or a list of folders, not {type(value).__name__}.")


def open_authorized(audio: Audio, access: Access | None) -> Audio:
    """Open a recording that is not remote.

    Args:
        audio: the recording.
        access: the rules for its path, or None if the developer named it.

    Returns:
        The recording with its open content. From here on its descriptor is used, not its path.

    Raises:
        AccessDenied: if the rules do not allow its path.
        InvalidAudio: if it is not there (`AudioNotFound`) or cannot be read.
        AudioTooLarge: if it is over the limit of the rules.
    """
    path = audio.path
    if path is None or access is None:
        return audio.with_content(audio.open_content())
    return audio.with_content(access.open_file(path, audio.label))


def is_public(address: str) -> bool:
    """Return whether an IP address belongs to the public internet.

    If it embeds an IPv4 address (mapped, translated, 6to4, Teredo, NAT64, ISATAP), that must be public too.

    Example:
        >>> is_public("93.184.215.14"), is_public("::ffff:169.254.169.254"), is_public("64:ff9b::7f00:1")
        (True, False, False)
    """
    try:
        parsed = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    except ValueError:
        return False
    return all(_is_global(candidate) for candidate in (parsed, *_find_embedded_addresses(parsed)))


def _is_global(address: _IPAddress) -> bool:
    if address in _NAT64 or address in _TRANSLATED:
        return True  # the embedded address decides
    if isinstance(address, ipaddress.IPv6Address) and not address.ipv4_mapped and address not in _GLOBAL_UNICAST:
        return False
    is_listed = any(address.version == block.version and address in block for block in _ALSO_PRIVATE)
    return address.is_global and not address.is_multicast and not is_listed and address not in _NAT64_LOCAL


def _find_embedded_addresses(address: _IPAddress) -> list[ipaddress.IPv4Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    last_32_bits = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    candidates = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64 or address in _TRANSLATED or address in _COMPATIBLE:
        candidates.append(last_32_bits)
    if int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
        candidates.append(last_32_bits)
    return [candidate for candidate in candidates if candidate is not None]


def _is_below(path: str, roots: Iterable[str]) -> bool:
    """Return whether a resolved path is one of the resolved folders, or below one."""
    prefix = os.path.normcase(path + os.sep)  # a string, as pathlib takes ten times as long
    return any(prefix.startswith(os.path.normcase(root.rstrip(os.sep) + os.sep)) for root in roots)


def _resolve_path(path: Path) -> str:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):  # the path is too long, or holds a NUL byte
        return ""


def _resolve_descriptor(content: FileContent, path: Path) -> str:
    """Return the path of the file that the descriptor holds. Swapping a link does not change it."""
    with contextlib.suppress(FileNotFoundError):  # this system has no /proc
        return str(Path(f"/proc/self/fd/{content.descriptor}").readlink())
    resolved = os.path.realpath(path)
    opened, current = os.fstat(content.descriptor), Path(resolved).stat()
    if (opened.st_dev, opened.st_ino) != (current.st_dev, current.st_ino):
        raise AccessDenied(f"{path.name} was replaced while it was being opened. Open it again.")
    return resolved
