"""The code on the pages: fences tagged `python` run anywhere; those tagged `py` need weights or a gateway's key.

On the README, each line that a fence shows after `#>` is what its code prints.
"""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

__all__ = ["read_code", "read_output", "run"]

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def read_code(page: Path, *tags: str) -> str:
    """Return the code in a page's fences that have one of these tags."""
    return "\n".join(code for tag, code in FENCE.findall(page.read_text()) if tag in tags)


def read_output(code: str) -> list[str]:
    """Return the lines that the page says its code prints."""
    return [line.removeprefix("#> ") for line in code.splitlines() if line.startswith("#> ")]


def run(code: str, name: str) -> list[str]:
    """Run code as a page shows it, and return the lines that it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, name, "exec"), {})
    return printed.getvalue().splitlines()
