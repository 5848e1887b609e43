"""Run the notebooks beside this file, and keep their outputs in them.

python examples/notebooks.py
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
NOTEBOOKS = sorted(HERE.glob("*.ipynb"))


def main() -> None:
    for path in NOTEBOOKS:
        print(path.name)
        nbformat.write(run(path), path)


def run(path: Path) -> nbformat.NotebookNode:
    """Return a notebook with the outputs of a fresh run in its folder."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=None, resources={"metadata": {"path": str(path.parent)}}).execute()
    for cell in notebook.cells:
        cell.metadata.clear()  # times of execution
        if outputs := cell.get("outputs"):  # warnings of other packages name folders of this machine
            cell.outputs = [output for output in outputs if output.get("name") != "stderr"]
    return notebook


if __name__ == "__main__":
    main()
