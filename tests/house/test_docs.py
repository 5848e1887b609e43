"""Examples in pages and docstrings run, and print what they show."""

import doctest
import importlib
import io
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.document_loaders.blob_loaders import Blob
from pages import read_code, read_output, run

import audio_core
import audio_core.integration
import audio_core.testing
import langchain_audio
import llamaindex_audio

ROOT = Path(__file__).parents[2]
SUBMITTED = sorted((ROOT / "docs" / "integrations").iterdir())  # to the frameworks, in their own templates
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *SUBMITTED]
LINK = re.compile(r"\]\((?!https?:|/)([^)#]+)")


def list_modules() -> list[str]:
    modules = []
    for package in (audio_core, langchain_audio, llamaindex_audio):
        names = [module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
        modules += [name for name in names if not name.endswith("__main__")]
    return modules


@pytest.fixture
def at_home(monkeypatch: pytest.MonkeyPatch, offline: str) -> Iterator[None]:
    """Run examples in the project's folder. The offline server stands in for the gateways that they name."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("AUDIO_OFFLINE_URL", offline)
    monkeypatch.setenv("OPENAI_BASE_URL", offline)
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setattr("audio_core.http.endpoint._TIMEOUT_PER_SECOND", 60)  # a busy machine is no failure
    return


@pytest.mark.docs
@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("name", list_modules())
def test_examples_in_docstrings_run(name: str) -> None:
    module = importlib.import_module(name)
    package = importlib.import_module(name.split(".", maxsplit=1)[0])
    names = {
        "Blob": Blob,
        **vars(audio_core.testing),
        **vars(audio_core.integration),
        **{name: getattr(audio_core, name) for name in audio_core.__all__},
        **vars(package),
        **vars(module),
    }
    failures = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name, globs=names):
        runner.run(test, out=failures.write)
    assert runner.failures == 0, failures.getvalue()


@pytest.mark.docs
@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_on_a_page_runs_and_prints_what_the_page_shows(page: Path) -> None:
    code = read_code(page, "python")
    compile(read_code(page, "py"), page.name, "exec")  # needs weights, a gateway, or packages that are not installed
    assert run(code, page.name) == read_output(code)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_links_lead_to_existing_files(page: Path) -> None:
    missing = [target for target in LINK.findall(page.read_text()) if not (page.parent / target).exists()]
    assert missing == []


def test_agents_page_fits_a_screen_and_names_every_room() -> None:
    page = (ROOT / "AGENTS.md").read_text()
    assert len(page.splitlines()) <= 60
    rooms = {
        path.stem
        for path in (ROOT / "audio_core").rglob("*.py")
        if "offline" not in path.parts and path.stem != "__init__"
    }
    assert {room for room in rooms if room not in page} == set()
