"""A hook of MkDocs: pages that lie elsewhere in the repository, the API's, and links that work in both places."""

from __future__ import annotations

import importlib
import inspect
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
ELSEWHERE = {
    "index.md": "README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "results.md": "benchmarks/RESULTS.md",
    "measuring.md": "benchmarks/README.md",
}
"""Pages of the site, and the files of the repository that they show."""
PACKAGES = {
    "api/langchain.md": ("langchain_audio", "langchain_audio.middleware"),
    "api/llamaindex.md": ("llamaindex_audio",),
    "api/core.md": ("audio_core",),
    "api/bulk.md": ("audio_core.bulk",),
    "api/mcp.md": ("audio_core.mcp",),
    "api/testing.md": ("audio_core.testing",),
}
"""Pages of the API, and the modules whose public names each describes."""
OURS = ("audio_core", "langchain_audio", "llamaindex_audio")
LINK = re.compile(r"\[([^\]]*)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")
PICTURE = re.compile(r'<picture>\s*<source [^>]*srcset="([^"]+)">\s*<img src="([^"]+)" alt="([^"]+)">\s*</picture>')

IMAGE = re.compile(r'<img src="([^"]+)" alt="([^"]+)" width="(\d+)">')


def on_config(config: Any) -> Any:
    """List pages that no other section of the navigation names."""
    named = str(config.nav)
    rest = [path.name for path in sorted((ROOT / "docs").glob("*.md")) if path.name not in named]
    config.nav += [{"More": rest}] if rest else []
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages and charts that are not in docs/."""
    for page, source in ELSEWHERE.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    for page, modules in PACKAGES.items():
        files.append(File.generated(config, page, content=list_names(*modules)))
    for chart in sorted((ROOT / "benchmarks" / "charts").glob("*.svg")):
        files.append(File.generated(config, f"charts/{chart.name}", abs_src_path=str(chart)))
    return files


def list_names(*modules: str) -> str:
    """Return a page that describes every public name of some modules by its docstring."""
    names = [(module, name) for module in modules for name in importlib.import_module(module).__all__]
    described = [describe_name(module, name) for module, name in names if not name.endswith("__")]
    return "\n\n".join([f"# {modules[0]}", *described]) + "\n"


def describe_name(module: str, name: str) -> str:
    """Return the directive for one name. What a class inherits from a class of ours is described too."""
    value = getattr(importlib.import_module(module), name)
    bases = [base for base in getattr(value, "__mro__", ())[1:] if base.__module__.startswith(OURS)]
    members = {each for base in bases for each in (*vars(base), *inspect.get_annotations(base))}
    inherited = sorted(each for each in members if not each.startswith(("_", "model_")))
    options = f"\n    options:\n      inherited_members: {inherited}" if inherited else ""
    return f"::: {module}.{name}{options}"


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let pictures follow the theme of the site, and links lead to its pages."""
    source = ELSEWHERE.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    folder = posixpath.dirname(source)
    text = PICTURE.sub(lambda match: show_picture(match, folder), markdown)
    text = IMAGE.sub(r'![\2](\1){ width="\3" }', text)  # a page of the site lies a folder deeper
    return LINK.sub(lambda match: rewrite_link(match, folder), text)


def show_picture(match: re.Match[str], folder: str) -> str:
    """Return both forms of a picture; the theme hides one."""
    alt = " ".join(match[3].split())
    forms = ((match[1], "dark"), (match[2], "light"))
    return "\n".join(f"![{alt}]({find_page(path, folder)}#only-{theme})" for path, theme in forms)


def rewrite_link(match: re.Match[str], folder: str) -> str:
    """Return a link to the page of the site, or its text if the site has no such page."""
    target = find_page(match[2], folder)
    return f"[{match[1]}]({target}{match[3] or ''})" if target else match[1]


def find_page(path: str, folder: str) -> str | None:
    """Return where the site shows a file, which a page in this folder of the repository names; None if nowhere."""
    if path.startswith(("images/", "charts/")):  # rewritten before
        return path
    target = posixpath.normpath(posixpath.join(folder, path))
    pages = {source: page for page, source in ELSEWHERE.items()}
    if target in pages:
        return pages[target]
    if target.startswith("docs/"):
        return target.removeprefix("docs/")
    return target.removeprefix("benchmarks/") if target.startswith("benchmarks/charts/") else None
