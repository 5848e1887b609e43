"""Files and folders that a path or URL names: on this machine or, through fsspec, in a bucket."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from typing import Any, NamedTuple

from audio_core.audio.audio import Audio
from audio_core.audio.file_systems import find_file_system, to_audio_error
from audio_core.errors import AccessDenied, AudioError, AudioNotFound, InvalidOption, StoreError
from audio_core.integration.rows.packages import fs, fsspec, pa

__all__ = ["Location", "convert_errors", "find_files", "open_location", "shorten"]

_LONGEST = 120  # characters of a location in a message


class Location(NamedTuple):
    """A file or folder, as pyarrow and Ray take it.

    Attributes:
        filesystem: a `pyarrow.fs.FileSystem`.
        path: the path in it.
    """

    filesystem: Any
    path: str

    def join(self, name: str) -> Location:
        """Return a file or folder in this folder."""
        return Location(self.filesystem, f"{self.path.rstrip('/')}/{name}")

    def exists(self) -> bool:
        """Return whether there is such a file or folder."""
        return self.filesystem.get_file_info(self.path).type != fs.FileType.NotFound

    def check_bucket(self) -> None:
        """Check that the bucket is there: the first folder of a URL. Some file systems would create a misspelt one.

        Raises:
            StoreError: if it is not there.
        """
        if isinstance(self.filesystem, fs.LocalFileSystem):
            return
        bucket = Location(self.filesystem, self.path.lstrip("/").partition("/")[0])
        with contextlib.suppress(PermissionError):  # who may write to one folder may not ask about the bucket
            if not bucket.exists():
                raise StoreError(f"There is no bucket {bucket.path!r}, and none is created. Is its name right?")

    def list_files(self) -> list[Location]:
        """Return the files in this folder and its folders, in order; none if there is no such folder."""
        selector = fs.FileSelector(self.path, recursive=True, allow_not_found=True)
        files = (each.path for each in self.filesystem.get_file_info(selector) if each.is_file)
        return [Location(self.filesystem, path) for path in sorted(files)]


def open_location(location: str) -> Location:
    """Return the file system and path that a path or URL names. Only the network may be asked, not the file.

    Raises:
        MissingDependency: if fsspec needs another package for it, such as s3fs.
        InvalidAudio: if there is no such kind of URL.
    """
    filesystem, path = _find_file_system(location)
    if _is_local(filesystem):
        return Location(fs.LocalFileSystem(), str(path))
    return Location(fs.PyFileSystem(fs.FSSpecHandler(filesystem)), str(path))


def find_files(location: str) -> list[str]:
    """Return the URLs of the files that a pattern matches, or that a folder and its folders hold, in order.

    Raises:
        AudioNotFound: if there is no such folder.
        AccessDenied: if it may not be read.
    """
    filesystem, path = _find_file_system(location)
    with convert_errors(location):
        is_pattern = fsspec.core.has_magic(str(path))
        if not is_pattern and not filesystem.exists(path):
            raise FileNotFoundError
        paths = filesystem.glob(path) if is_pattern else filesystem.find(path)
        return sorted(_to_url(filesystem, found, location) for found in paths)


def _find_file_system(location: str) -> tuple[Any, str]:
    is_local = "://" not in location or location.startswith("file:")
    return fsspec.core.url_to_fs(location) if is_local else find_file_system(location, shorten(location))


def _to_url(filesystem: Any, path: str, location: str) -> str:
    """Return the URL of a file that was found at a location. It keeps the scheme: `az://` is `abfs://` to adlfs."""
    if _is_local(filesystem):
        return str(Audio.of(path).reference)
    scheme, url = location.partition("://")[0], str(filesystem.unstrip_protocol(path))
    return f"{scheme}://{url.partition('://')[2]}" if scheme in _list_protocols(filesystem) else url


def _is_local(filesystem: Any) -> bool:
    return "file" in _list_protocols(filesystem)


def _list_protocols(filesystem: Any) -> tuple[str, ...]:
    protocol = filesystem.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


@contextlib.contextmanager
def convert_errors(location: str) -> Generator[None]:
    """Raise our errors in place of those of file systems, of which each has its own."""
    name = shorten(location)
    try:
        yield
    except AudioError:
        raise
    except pa.ArrowInvalid:
        raise InvalidOption(f"{name} is not a whole Parquet file.") from None
    except FileNotFoundError:
        advice = (
            "Are the bucket and the path right" if "://" in name else "Is it right, relative to the working directory"
        )
        raise AudioNotFound(f"There is nothing at {name}. {advice}?") from None
    except PermissionError:
        advice = "check its permissions, or the credentials of its bucket"
        raise AccessDenied(f"{name} may not be used: {advice}.") from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__  # its text may hold the whole path
        raise StoreError(f"{name} cannot be used: {reason}.") from None
    except Exception as error:
        raise to_audio_error(error, name) from None


def shorten(location: str) -> str:
    """Return the end of a location for messages: of a path only its last part, as it may be private."""
    is_path = "://" not in location or location.startswith("file:")
    text = location.rstrip("/").rsplit("/", 1)[-1] if is_path else location
    return text if len(text) <= _LONGEST else f"…{text[-_LONGEST:]}"
