"""Who may open what.

A developer's own path or URL is opened as it is named. What may have come from anyone (a message block, a tool call) is
opened only under an `Access`. Files are judged by what was really opened, addresses after resolving, at every redirect.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from audio_core.audio.audio import Audio
from audio_core.audio.content import FileContent, open_regular_file
from audio_core.errors import AccessDenied, AudioTooLarge, InvalidAudio

__all__ = ["Access", "is_public", "open_authorized", "to_access"]

_GIB = 2**30
_IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_ALSO_PRIVATE = tuple(
    ipaddress.ip_network(block)
    for block in ("100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "fec0::/10", "3fff::/20")
)
_NAT64, _COMPATIBLE = ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96")
_NAT64_LOCAL, _TRANSLATED = ipaddress.ip_network("64:ff9b:1::/48"), ipaddress.ip_network("::ffff:0:0:0/96")
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214 §6.1, in bits 32 to 63 of the address


@dataclass(frozen=True, slots=True)
class Access:
    """What a loader, or a model through a message or a tool, may open.

    Attributes:
        roots: folders; files in them and below may be opened, and links that lead out may not.
        hosts: names of hosts whose `http` and `https` URLs may be fetched; None for any public one.
        max_bytes: the largest recording.
        allow_private_hosts: whether addresses of this machine and of private networks may be fetched from.

    Example:
        >>> Access(roots=("recordings",)).allows_host("example.com")
        True
    """

    roots: tuple[str | os.PathLike[str], ...] = ()
    hosts: tuple[str, ...] | None = None
    max_bytes: int = 2 * _GIB
    allow_private_hosts: bool = False

    def allows_host(self, host: str) -> bool:
        """Whether a URL's host is on the list."""
        return self.hosts is None or host.rstrip(".").lower() in {name.lower() for name in self.hosts}

    def allows_address(self, address: str) -> bool:
        """Whether a resolved address may be connected to."""
        return self.allow_private_hosts or is_public(address)

    def open_file(self, path: Path, label: str) -> FileContent:
        """Open a file that lies under one of the roots.

        Raises:
            AccessDenied: if it does not; the message says which argument would allow it.
            AudioNotFound: if it is not there.
            AudioTooLarge: if it is over `max_bytes`.
        """
        roots = [os.path.realpath(root) for root in self.roots]
        if not _is_below(_resolve_path(path), roots):
            raise self._build_denial(
                label
            )  # also where there is no such file, so that nothing is told of other folders
        content = open_regular_file(path, label)
        if not _is_below(_resolve_descriptor(content, path), roots):
            raise self._build_denial(label)
        self.check_size(content.size, label)
        return content

    def check_size(self, size: int, label: str) -> None:
        """Raise `AudioTooLarge` if a recording is over the limit."""
        if size > self.max_bytes:
            raise AudioTooLarge(
                f"{label} has {size:,} bytes; access allows {self.max_bytes:,} (Access(max_bytes=...))."
            )

    def _build_denial(self, label: str) -> AccessDenied:
        allowed = ", ".join(repr(Path(root).name or str(root)) for root in self.roots)
        where = f"access allows files in {allowed} only" if allowed else "no folder was opened to it"
        return AccessDenied(f"{label} may not be opened: {where}. Pass access='folder' to allow a folder's files.")


def to_access(value: Any) -> Access:
    """An `Access` from what `access=` may be: one already, a folder, several folders, or None for no folder.

    Raises:
        InvalidAudio: if it is none of these.
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
            raise InvalidAudio(f"access must be an Access, a folder or a list of folders, not {type(value).__name__}.")


def open_authorized(audio: Audio, access: Access | None) -> Audio:
    """Open a recording that is not remote; from here on its descriptor is used, not its path.

    Args:
        audio: what is to be opened.
        access: the rules, or None if the developer named it.
    """
    path = audio.path
    if path is None or access is None:
        return audio.with_content(audio.open_content())
    return audio.with_content(access.open_file(path, audio.label))


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet, whatever it is wrapped in.

    Addresses that carry an IPv4 address (mapped, translated, 6to4, Teredo, NAT64, ISATAP) are judged by that too.

    Example:
        >>> is_public("93.184.215.14"), is_public("::ffff:169.254.169.254"), is_public("64:ff9b::7f00:1")
        (True, False, False)
    """
    try:
        found = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    except ValueError:
        return False
    return all(_is_public(candidate) for candidate in (found, *_find_embedded(found)))


def _is_public(address: _IPAddress) -> bool:
    if address in _NAT64 or address in _TRANSLATED:
        return True  # judged by the address within
    listed = any(address.version == block.version and address in block for block in _ALSO_PRIVATE)
    return address.is_global and not address.is_multicast and not listed and address not in _NAT64_LOCAL


def _find_embedded(address: _IPAddress) -> list[ipaddress.IPv4Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    low = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64 or address in _TRANSLATED or address in _COMPATIBLE:
        found.append(low)
    if int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
        found.append(low)
    return [inner for inner in found if inner is not None]


def _is_below(path: str, roots: Iterable[str]) -> bool:
    """Whether a resolved path is one of the resolved folders, or in one; on strings, as pathlib takes ten times as long."""
    inner = os.path.normcase(path + os.sep)
    return any(inner.startswith(os.path.normcase(root.rstrip(os.sep) + os.sep)) for root in roots)


def _resolve_path(path: Path) -> str:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):  # too long, a NUL byte
        return ""


def _resolve_descriptor(content: FileContent, path: Path) -> str:
    """The path of the file that the descriptor holds, which a swapped link cannot change."""
    with contextlib.suppress(FileNotFoundError):  # where there is no such folder
        return str(Path(f"/proc/self/fd/{content.descriptor}").readlink())
    resolved = os.path.realpath(path)
    opened, there = os.fstat(content.descriptor), Path(resolved).stat()
    if (opened.st_dev, opened.st_ino) != (there.st_dev, there.st_ino):
        raise AccessDenied(f"{path.name} was exchanged while it was being opened.")
    return resolved
