"""Run benchmarks and write what they print into RESULTS.md, a section each; the sections of others stay.

python benchmarks/run.py sending streaming    # or all, without a name
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from measuring import machine

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
NAMES = ("imports", "sending", "streaming", "many_requests", "folder", "media", "local_engine")
MEASURED = (
    *("httpx", "pybase64", "av", "langchain-core", "langchain-openai", "langchain-openrouter", "langchain-litellm"),
    *("langchain-community", "litellm", "openai", "llama-index-core", "llama-index-llms-openai"),
    *("llama-index-llms-openrouter", "llama-index-llms-litellm", "llama-index-readers-whisper", "pydub"),
)
HEAD = """# Results

Written by `make bench`; what is measured, and how, stands in [README.md](README.md). Medians, and in brackets the least and
the most. Trust ratios, not milliseconds.
"""


def main() -> None:
    names = sys.argv[1:] or NAMES
    for name in names:
        print(f"\n== {name}", flush=True)
        began = time.perf_counter()
        keep(name, printed(name))
        print(f"== {name}: {time.perf_counter() - began:.0f} s", flush=True)


def printed(name: str) -> str:
    """What a benchmark prints, shown as it comes."""
    lines = list[str]()
    with subprocess.Popen([sys.executable, HERE / f"{name}.py"], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    if process.returncode:
        sys.exit(f"{name} failed.")
    return "".join(lines).strip()


def keep(name: str, text: str) -> None:
    """Put a section into RESULTS.md, in the place of its last one."""
    sections = dict[str, str]()
    if RESULTS.exists():
        sections = {
            found[1]: found[0] for found in re.finditer(r"^## (\w+)\n.*?(?=^## |\Z)", RESULTS.read_text(), re.M | re.S)
        }
    doc = re.match(r'"""(.+?)\n', (HERE / f"{name}.py").read_text())
    facts = f"{datetime.now(UTC):%Y-%m-%d}; {machine()}"
    sections[name] = f"## {name}\n\n{doc[1] if doc else ''}\n\n{facts}\n\n{text}\n\n"
    order = sorted(sections, key=lambda name: (*NAMES, name).index(name))
    versions = f"Versions: {', '.join(filter(None, map(told, MEASURED)))}.\n\n"
    RESULTS.write_text("\n".join((HEAD, versions)) + "".join(sections[name] for name in order))


def told(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    main()
