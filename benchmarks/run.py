"""Run benchmarks and write what each prints to its section of RESULTS.md. Other sections stay unchanged.

python benchmarks/run.py sending streaming    # without a name: all
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from measuring import describe_machine

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
NAMES = ("imports", "sending", "streaming", "many_requests", "folder", "hour", "media", "local_engine", "alignment")
PACKAGES = (
    *("httpx", "pybase64", "av", "langchain-core", "langchain-openai", "langchain-openrouter", "langchain-litellm"),
    *("langchain-community", "litellm", "openai", "llama-index-core", "llama-index-llms-openai"),
    *("llama-index-llms-openrouter", "llama-index-llms-litellm", "llama-index-readers-whisper", "pydub"),
)
HEAD = """# Results

Written by `make bench`. [README.md](README.md) says what is measured, and how. Figures are medians, with minimum and
maximum in brackets. Trust ratios, not milliseconds.
"""


def main() -> None:
    names = sys.argv[1:] or NAMES
    for name in names:
        print(f"\n== {name}", flush=True)
        began = time.perf_counter()
        save_section(name, run_benchmark(name))
        print(f"== {name}: {time.perf_counter() - began:.0f} s", flush=True)


def run_benchmark(name: str) -> str:
    """Run a benchmark, show its output line by line and return it."""
    lines = list[str]()
    with subprocess.Popen([sys.executable, HERE / f"{name}.py"], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    if process.returncode:
        sys.exit(f"{name} failed.")
    return "".join(lines).strip()


def save_section(name: str, output: str) -> None:
    """Write a section of RESULTS.md; it replaces the previous one of the same benchmark.

    Args:
        name: the benchmark.
        output: what it printed.
    """
    sections = dict[str, str]()
    if RESULTS.exists():
        sections = {
            match[1]: match[0] for match in re.finditer(r"^## (\w+)\n.*?(?=^## |\Z)", RESULTS.read_text(), re.M | re.S)
        }
    summary = re.match(r'"""(.+?)\n', (HERE / f"{name}.py").read_text())
    setup = f"{datetime.now(UTC):%Y-%m-%d}; {describe_machine()}"
    sections[name] = f"## {name}\n\n{summary[1] if summary else ''}\n\n{setup}\n\n{output}\n\n"
    order = sorted(sections, key=lambda name: (*NAMES, name).index(name))
    versions = f"Versions: {', '.join(filter(None, map(describe_version, PACKAGES)))}.\n\n"
    RESULTS.write_text("\n".join((HEAD, versions)) + "".join(sections[name] for name in order))


def describe_version(package: str) -> str:
    """Return a package's name and version; empty if it is not installed."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    main()
