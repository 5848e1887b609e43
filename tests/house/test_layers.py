"""The import contracts also hold for files that are added later."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for package in ("audio_core", "langchain_audio", "llamaindex_audio"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def check_imports(house: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(house), "PATH": ""}
    return subprocess.run(LINT, cwd=house, env=environment, capture_output=True, text=True, check=False)


def test_the_contracts_hold(house: Path) -> None:
    assert check_imports(house).returncode == 0


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("audio_core/player.py", "import json", "A layer of the core imports only layers below it"),
        ("audio_core/transcript/player.py", "import av", "Seven rooms of media know PyAV"),
        ("audio_core/audio/player.py", "import httpx", "Three rooms of http know httpx"),
        ("audio_core/media/player.py", "from audio_core.http.flow import Flow", "A layer of the core"),
        ("audio_core/transcript/player.py", "from audio_core.client import AudioClient", "A layer of the core"),
        ("langchain_audio/player.py", "from audio_core.http.driver import run", "A plugin enters the core"),
        ("llamaindex_audio/player.py", "import langchain_audio", "A plugin stands on the core"),
        ("llamaindex_audio/player.py", "import langchain_core", "A framework is known to its plugin alone"),
    ],
)
def test_a_wrong_import_in_a_new_file_fails(house: Path, file: str, line: str, contract: str) -> None:
    (house / file).write_text(f"{line}\n")
    result = check_imports(house)
    assert result.returncode != 0
    assert any(contract in report_line and "BROKEN" in report_line for report_line in result.stdout.splitlines()), (
        result.stdout
    )
