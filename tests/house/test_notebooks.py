"""The notebooks run on a fresh kernel, and print what they hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.docs
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def notebooks(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import notebooks

    return notebooks


def list_outputs(notebook: Any) -> list[Any]:
    return [cell.get("outputs") for cell in notebook.cells]


@pytest.mark.filterwarnings("default")  # Jupyter's own
@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.name)
def test_a_notebook_prints_what_it_holds(path: Path, notebooks: Any) -> None:
    import nbformat

    outputs = list_outputs(nbformat.read(path, as_version=4))
    assert any(outputs), "run `python examples/notebooks.py`"
    assert list_outputs(notebooks.run(path)) == outputs, "run `python examples/notebooks.py`"
