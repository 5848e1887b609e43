"""A type checker finds the typos in a user's program, and nothing in one that is right."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parents[1] / "support" / "programs"


@pytest.mark.skipif(not shutil.which("node"), reason="pyright needs node")
def test_a_type_checker_finds_typos_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("pyright", reason="it is in the group lint")
    shutil.copytree(PROGRAMS, tmp_path, dirs_exist_ok=True)
    settings = {"extraPaths": [str(PROGRAMS.parents[2])], "pythonVersion": "3.11"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(tmp_path)]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    errors = [each for each in report["generalDiagnostics"] if each["severity"] == "error"]
    found = {(Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in errors}
    lines = (PROGRAMS / "wrong.py").read_text().splitlines()
    typos = {("wrong.py", number) for number, line in enumerate(lines, 1) if line.endswith("# wrong")}
    assert found == typos, errors
