"""The import contracts, which `make lint` checks, also hold for files that are added later."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WRONG = [
    ("audio_core/first.py", "import json", "A layer of the core imports only layers below it"),
    ("audio_core/transcript/second.py", "import av", "Eight rooms of media know PyAV"),
    ("audio_core/audio/third.py", "import httpx", "Three rooms of http know httpx"),
    ("audio_core/media/fourth.py", "from audio_core.http.flow import Flow", "A layer of the core"),
    ("audio_core/transcript/fifth.py", "from audio_core.client import AudioClient", "A layer of the core"),
    ("langchain_audio/sixth.py", "from audio_core.http.driver import run", "A plugin enters the core"),
    ("llamaindex_audio/seventh.py", "import langchain_audio", "A plugin stands on the core"),
    ("llamaindex_audio/eighth.py", "import langchain_core", "A framework is known to its plugin alone"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what the contracts say of the house with all wrong files in it."""
    house = tmp_path_factory.mktemp("house")
    for package in ("audio_core", "langchain_audio", "llamaindex_audio"):
        shutil.copytree(ROOT / package, house / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", house)
    for file, line, _ in WRONG:
        (house / file).write_text(f"{line}\n")
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    environment = {"PYTHONPATH": str(house), "PATH": ""}
    done = subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    return done.stdout.partition("Broken contracts")[2]


@pytest.mark.parametrize(("file", "line", "contract"), WRONG)
def test_a_wrong_import_in_a_new_file_is_told(report: str, file: str, line: str, contract: str) -> None:
    module = file.removesuffix(".py").replace("/", ".")
    sections = re.split(r"\n(?=.+\n-{9,}\n)", report)
    assert any(each.startswith(contract) and f"- {module}" in each for each in sections), report
