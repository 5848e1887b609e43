"""Read recordings from the file systems of fsspec: `s3://`, `gs://`, `az://`, `memory://` and all others.

fsspec takes the credentials from where the service's own tools keep them, or from its configuration, and sends again
what failed in between. Each file system is a package of its own, such as s3fs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard, cast
from urllib.parse import unquote, urlsplit

from audio_core.audio.sources import HandleSource, PathSource, shorten_label
from audio_core.errors import (
    AccessDenied,
    AudioError,
    AudioNotFound,
    InvalidAudio,
    MissingDependency,
    Unreachable,
    describe_install,
)

__all__ = [
    "build_file_system_source",
    "find_file_system",
    "is_folder_url",
    "list_files",
    "read_pieces",
    "to_audio_error",
]

_CHUNK_BYTES = 256 * 1024
_BLOCK_BYTES = 4 * 2**20  # what a file system fetches ahead; s3fs would take 50 MB
_NO_FILE_SYSTEMS = ("", "http", "https", "file", "local")  # those whose folders are found without fsspec, or not at all
_BROKEN_CONNECTION = ("Connect", "Timeout")  # in the names of errors that are no OSError, such as those of botocore


def build_file_system_source(fs: Any, path: str) -> PathSource | HandleSource:
    """Build the source of a file in an fsspec file system. It is opened when its bytes are needed, and closed then.

    Args:
        fs: the file system, such as a bucket's. A file of the local one is a `PathSource`.
        path: path of the file in it.
    """
    url = str(fs.unstrip_protocol(path))
    if url.startswith("file://"):
        return PathSource(Path(url.removeprefix("file://")))
    label = shorten_label(url.rstrip("/").rsplit("/", 1)[-1])
    return HandleSource(partial(_open_file, fs, path, label), label)


def find_file_system(url: str, label: str) -> tuple[Any, str]:
    """Return the file system that a URL such as `s3://talks/a.mp3` names, and the path of the file in it.

    Args:
        url: the URL. It may chain several, as fsspec does.
        label: what error messages call the recording.

    Raises:
        InvalidAudio: if there is no such file system, or the URL holds a password.
        MissingDependency: if the package of the file system is not installed; the message names it.
        AudioError: if the file system cannot be used.
    """
    scheme = urlsplit(url).scheme
    if urlsplit(url).password is not None:
        raise InvalidAudio(
            f"The URL of {label} holds a password. Leave it out, and put it into fsspec's configuration."
        )
    try:
        fsspec = import_module("fsspec")  # optional
    except ImportError:
        raise MissingDependency(f"{scheme}:// URLs need fsspec: {describe_install('ray')}") from None
    try:
        fsspec.get_filesystem_class(scheme)
    except ImportError as error:
        raise MissingDependency(f"{label} has a URL of {scheme}://, which needs another package: {error}.") from None
    except ValueError:
        raise InvalidAudio(
            f"{scheme}:// URLs are not supported. Those of https:// are, and of fsspec, such as s3://bucket/talk.mp3. "
            "Or open it yourself and pass the file object or bytes."
        ) from None
    with _translate_errors(label):
        fs, path = cast("tuple[Any, str]", fsspec.core.url_to_fs(url))
        fs.invalidate_cache()  # of listings: other processes write files too
        return fs, path


def is_folder_url(source: Any) -> TypeGuard[str]:
    """Return whether a source is the URL of a folder in a bucket or another file system. It ends in a slash.

    Example:
        >>> is_folder_url("s3://bucket/talks/"), is_folder_url("https://host/talks/"), is_folder_url("talks/")
        (True, False, False)
    """
    return isinstance(source, str) and source.endswith("/") and urlsplit(source).scheme not in _NO_FILE_SYSTEMS


def list_files(folder: str, label: str, *, glob: str | None = None, recursive: bool = False) -> list[str]:
    """Return the URLs of the files in a folder, sorted.

    Args:
        folder: URL of the folder, which ends in a slash.
        label: what error messages call it.
        glob: which files to list, such as `"**/*.mp3"`; None lists all.
        recursive: whether to list those of its subfolders too.

    Raises:
        AudioError: as `read_pieces` does.
    """
    fs, path = find_file_system(folder, label)
    path = path.rstrip("/")
    depth = None if recursive else 1
    with _translate_errors(label):
        fs.info(path)  # raises if it is not there or may not be read, where a search finds nothing
        entries = fs.glob(f"{path}/{glob}", detail=True) if glob else fs.find(path, maxdepth=depth, detail=True)
    files = (name for name, facts in entries.items() if facts["type"] == "file")
    return sorted(folder + name.removeprefix(path).lstrip("/") for name in files)


def read_pieces(url: str, label: str) -> Iterator[bytes]:
    """Yield the bytes of a file in pieces, each of which is fetched when it is needed.

    Args:
        url: as for `find_file_system`.
        label: what error messages call the recording.

    Raises:
        AudioNotFound: if there is no such file.
        AccessDenied: if the file system does not let us read it.
        Unreachable: if the service does not respond.
        InvalidAudio: if it is a folder, or cannot be read for another reason.
        MissingDependency: if the package of the file system is not installed.
    """
    fs, path = find_file_system(url, label)
    with _translate_errors(label):
        if "%" in path and not fs.exists(path):  # LlamaIndex's blocks quote what is in a URL
            path = unquote(path)
    with _open_file(fs, path, label) as handle:
        yield from iter(partial(handle.read, _CHUNK_BYTES), b"")


@contextlib.contextmanager
def _open_file(fs: Any, path: str, label: str) -> Generator[BinaryIO]:
    with _translate_errors(label), fs.open(path, "rb", block_size=_BLOCK_BYTES) as handle:
        yield handle


@contextlib.contextmanager
def _translate_errors(label: str) -> Generator[None]:
    """Raise an `AudioError` for that of a file system, whose message may hold a secret: only its type is named."""
    try:
        yield
    except AudioError:
        raise
    except Exception as error:  # each file system has errors of its own
        raise to_audio_error(error, label) from None


def to_audio_error(error: Exception, label: str) -> AudioError:
    """Return our error for one of a file system.

    Args:
        error: of the file system. Its message may hold a secret, so only its type is named.
        label: what messages call the file.
    """
    name = type(error).__name__
    if isinstance(error, FileNotFoundError):
        return AudioNotFound(f"There is no file {label} in the file system. Are the bucket and the path right?")
    if isinstance(error, IsADirectoryError):
        return InvalidAudio(f"{label} is a folder, not a recording. A loader or reader takes folders.")
    if isinstance(error, PermissionError) or "Credentials" in name:
        return AccessDenied(
            f"The file system does not let {label} be read ({name}). Check the credentials it is given."
        )
    if isinstance(error, OSError) or any(word in name for word in _BROKEN_CONNECTION):
        return Unreachable(f"{label} could not be read from the file system: {name}. Check the connection to it.")
    return InvalidAudio(f"{label} cannot be read from the file system: {name}.")
