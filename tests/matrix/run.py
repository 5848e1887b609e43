"""Install the wheel with each extra, and with the lowest and newest versions of what it stands on, and try it.

    python tests/matrix/run.py             # each extra, versions and Pythons: half an hour, and gigabytes of packages
    python tests/matrix/run.py extra       # the wheel with no extra, and with all
    python tests/matrix/run.py "3.13" low  # the rows whose names hold any of these

It prints a row for each environment, and ends with status 1 if one fails. What cannot be had here is skipped, and said
so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = list(PROJECT["optional-dependencies"])
PACKAGES = ("audio_core", "langchain_audio", "llamaindex_audio")
SHOWN = ("langchain-core", "llama-index-core", "httpx", "pydantic")
UV = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
ON_LOOPBACK = ROOT / "tests" / "bulk" / "on_loopback.sh"  # Ray listens on each address it finds
SMOKE = ROOT / "tests" / "matrix" / "smoke.py"
# What reads and writes the types of the frameworks and httpx, and decodes nothing for long.
TESTS = "tests/contract/test_parity.py tests/langchain/test_messages.py tests/llamaindex/test_responses.py"
TEST_PACKAGES = "pytest pytest-asyncio pytest-socket pytest-timeout hypothesis jsonschema referencing openai"


@dataclass(frozen=True)
class Cell:
    """One environment.

    Attributes:
        name: as the table shows it.
        python: version of Python.
        extras: of the package.
        pins: requirements beside the package's own.
        resolution: uv's: `highest`, or `lowest-direct` for the lowest versions that pyproject.toml admits.
        is_tested: whether tests are run too, after the program that tries the package.
    """

    name: str
    python: str = f"{sys.version_info.major}.{sys.version_info.minor}"
    extras: Sequence[str] = ("langchain", "llamaindex", "local")
    pins: Sequence[str] = ()
    resolution: str = "highest"
    is_tested: bool = True


MATRIX = [
    Cell("no extra", extras=(), is_tested=False),
    Cell("all extras", extras=EXTRAS, is_tested=False),
    *(Cell(f"[{extra}]", extras=(extra,), is_tested=False) for extra in EXTRAS),
    Cell("lowest versions", resolution="lowest-direct"),
    Cell("newest versions", pins=["pydantic<2.14"]),
    Cell("pydantic 2.12", pins=["pydantic==2.12.*"]),
    Cell("pydantic 2.14", pins=["pydantic==2.14.*"]),
    *(Cell(f"Python {version}", python=version, pins=["pydantic<2.14"]) for version in ("3.12", "3.13", "3.14")),
]


class CellFailed(Exception):
    """What a command of a cell printed when it failed."""


def main(words: Sequence[str]) -> int:
    cells = [cell for cell in MATRIX if not words or any(word in cell.name for word in words)]
    with tempfile.TemporaryDirectory() as folder:
        wheel = build(Path(folder))
        show_contents(wheel)
        print(f"\n{'environment':<18} {'Python':<8}" + "".join(f"{name:<18}" for name in SHOWN) + "result")
        outcomes = [try_cell(cell, wheel, Path(folder)) for cell in cells]
    return int("failed" in outcomes)


def build(folder: Path) -> Path:
    """Build the sdist, and the wheel from it."""
    run([UV, "build", "--quiet", "--out-dir", folder, ROOT])
    (wheel,) = folder.glob("*.whl")
    return wheel


def show_contents(wheel: Path) -> None:
    """Print what the wheel holds; raise `CellFailed` if that is not all files of the packages, and the metadata."""
    with zipfile.ZipFile(wheel) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    kept = set(run(["git", "ls-files", *PACKAGES], cwd=ROOT).split())
    packed = {name for name in sizes if name.split("/")[0] in PACKAGES}
    print(f"{wheel.name}: {len(sizes)} files, {wheel.stat().st_size // 1024} KiB")
    for folder, names in group_by_folder(sizes):
        print(f"  {folder + '/':<40} {len(names):>3} files  {sum(sizes[name] for name in names) // 1024:>4} KiB")
    if kept != packed:
        raise CellFailed(f"The wheel lacks {sorted(kept - packed)}, and has {sorted(packed - kept)} besides.")


def group_by_folder(names: dict[str, int]) -> Iterator[tuple[str, list[str]]]:
    for folder in sorted({str(Path(name).parent) for name in names}):
        yield folder, [name for name in names if str(Path(name).parent) == folder]


def try_cell(cell: Cell, wheel: Path, folder: Path) -> str:
    """Print the row of a cell, and return `passed`, `failed` or `skipped`."""
    if not (python := find_python(cell.python)):
        print(
            f"{cell.name:<18} {cell.python:<8}SKIPPED: no such Python here; `uv python install {cell.python}`",
            flush=True,
        )
        return "skipped"
    environment, began = folder / "environment", time.monotonic()
    try:
        install(cell, wheel, python, environment)
        run([ON_LOOPBACK, environment / "bin" / "python", "-W", "error", SMOKE, *cell.extras], cwd=folder)
        result = f"passed {run_tests(environment) if cell.is_tested else ''}"
    except CellFailed as failure:
        result = f"failed: {failure}"
    versions = list_versions(environment)
    row = "".join(f"{versions.get(name, '-'):<18}" for name in SHOWN)
    print(f"{cell.name:<18} {cell.python:<8}{row}{result} ({time.monotonic() - began:.0f} s)", flush=True)
    return result.split()[0].rstrip(":")


def find_python(version: str) -> str | None:
    """Return the path of a Python that is installed, by uv, the system or pyenv."""
    found = subprocess.run(
        [UV, "python", "find", "--no-python-downloads", "--system", version],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode == 0:
        return found.stdout.strip()
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return next(map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python"))), None)


def install(cell: Cell, wheel: Path, python: str, environment: Path) -> None:
    """Install the package's requirements as it states them, then the wheel alone."""
    run([UV, "venv", "--quiet", "--clear", "--python", python, environment])
    pip = [UV, "pip", "install", "--quiet", "--python", environment / "bin" / "python"]
    extras = [argument for extra in cell.extras for argument in ("--extra", extra)]
    run([*pip, "--resolution", cell.resolution, "-r", ROOT / "pyproject.toml", *extras, *cell.pins], cwd=environment)
    run([*pip, "--no-deps", wheel], cwd=environment)
    if cell.is_tested:
        run([*pip, *TEST_PACKAGES.split(), *freeze(environment)], cwd=environment)


def freeze(environment: Path) -> list[str]:
    """Return the versions of what is installed, so that packages for tests change none of them."""
    return [f"{name}=={version}" for name, version in list_versions(environment).items() if name != PROJECT["name"]]


def list_versions(environment: Path) -> dict[str, str]:
    listed = run([UV, "pip", "list", "--format", "json", "--python", environment / "bin" / "python"])
    return {package["name"]: package["version"] for package in json.loads(listed)}


def run_tests(environment: Path) -> str:
    """Run some tests against the installed wheel, and return pytest's last line."""
    # Warnings of other versions of the frameworks are theirs.
    command = [environment / "bin" / "pytest", "-q", "--no-header", "-o", "filterwarnings=", *TESTS.split()]
    return run(command, cwd=ROOT).strip().splitlines()[-1]


def run(command: Sequence[str | Path], cwd: Path | None = None) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise CellFailed("\n".join([*done.stdout.splitlines()[-15:], *done.stderr.splitlines()[-15:]]))
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
