"""Type checkers find the typos in a user's program, and nothing in one that is right."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.lint
ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "tests" / "support" / "programs"
# What the frameworks import but show in no type of ours. Without it, mypy begins in half the time.
SKIPPED = "langgraph langgraph_sdk langsmith sqlalchemy numpy cryptography rich pytest _pytest markdown_it websockets dns PIL requests"


def list_typos() -> list[str]:
    lines = (PROGRAMS / "wrong.py").read_text().splitlines()
    return [f"wrong.py:{number}" for number, line in enumerate(lines, 1) if line.endswith("# wrong")]


def run(*command: str) -> str:
    return subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False).stdout


@pytest.mark.skipif(not shutil.which("node"), reason="pyright needs node")
def test_pyright_finds_typos_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("pyright", reason="it is in the group lint")
    shutil.copytree(PROGRAMS, tmp_path, dirs_exist_ok=True)
    settings = {"extraPaths": [str(ROOT)], "pythonVersion": "3.11"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    report = json.loads(run("pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(tmp_path)))
    errors = [each for each in report["generalDiagnostics"] if each["severity"] == "error"]
    found = {f"{Path(each['file']).name}:{each['range']['start']['line'] + 1}" for each in errors}
    assert sorted(found) == sorted(list_typos()), errors


def test_mypy_finds_typos_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="it is in the group lint")
    skipped = ",".join(f"mypy-{name}.*" for name in SKIPPED.split())
    settings = tmp_path / "mypy.ini"
    # "silent" is what holds for installed packages: errors in the programs alone are shown.
    settings.write_text(f"[mypy]\nmypy_path = {ROOT}\nfollow_imports = silent\n[{skipped}]\nfollow_imports = skip\n")
    shown = run("mypy", "--config-file", str(settings), "--cache-dir", str(ROOT / ".mypy_cache"), str(PROGRAMS))
    found = {f"{Path(path).name}:{line}" for path, line in re.findall(r"^(.+?):(\d+): error:", shown, re.MULTILINE)}
    assert sorted(found) == sorted(list_typos()), shown
