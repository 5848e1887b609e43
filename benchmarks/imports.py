"""What an import costs on top of the framework's own: CPU of a fresh process.

.venv-peers/bin/python benchmarks/imports.py [--rounds 3]
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from measuring import format_median, print_table

IMPORTS = (
    "import langchain_core",
    "import langchain_audio",
    "from langchain_core.language_models import BaseChatModel",
    "from langchain_audio import ChatAudio",
    "from langchain_audio import AudioLoader",
    "from langchain_openai import ChatOpenAI",
    "import llama_index.core",
    "import llamaindex_audio",
    "from llamaindex_audio import AudioLLM",
    "from llama_index.llms.openai import OpenAI",
)
UNWANTED = ("av", "pocketsphinx", "tqdm", "langchain_core", "llama_index")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    figures: dict[str, list[float]] = {statement: [] for statement in IMPORTS}
    loaded = dict.fromkeys(IMPORTS, "")
    for _ in range(options.rounds):
        for statement, values in figures.items():
            seconds, loaded[statement] = measure_import(statement)
            values.append(seconds)
    rows = [(f"`{statement}`", format_median(values, 1000), loaded[statement]) for statement, values in figures.items()]
    print_table("Imports", ("CPU, ms", f"loads of {', '.join(UNWANTED)}"), rows)


def measure_import(statement: str) -> tuple[float, str]:
    """Return the CPU seconds of an import statement, and which of the unwanted modules it loads."""
    program = f"""if True:
        import sys, time
        began = time.process_time()
        {statement}
        print(time.process_time() - began)
        print(*[name for name in {UNWANTED!r} if name in sys.modules], sep=", ")
    """
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    *_, seconds, names = process.stdout.splitlines()
    return float(seconds), names


if __name__ == "__main__":
    main()
