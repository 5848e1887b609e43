"""A page as one HTML document that runs its own script, and no other."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from string import Template
from typing import Any

__all__ = ["fill_template", "render_document"]

_NOWHERE = "'none'"
_NOT_IN_SCRIPTS = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def render_document(name: str, title: str, body: str, data: Mapping[str, Any], media: Sequence[str]) -> str:
    """Render a page with its style and script in it, which a Content Security Policy allows by their hashes.

    Args:
        name: of the page, whose files are `{name}.css` and `{name}.js` in this folder, beside `page.css` and `page.js`.
        title: of the document, as plain text.
        body: its HTML, in which all text is escaped.
        data: what the script needs.
        media: the sources from which the policy lets the page play sound.
    """
    style, script = (_read(f"page.{kind}") + _read(f"{name}.{kind}") for kind in ("css", "js"))
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        f"media-src {' '.join(media or [_NOWHERE])}; base-uri 'none'; form-action 'none'"
    )
    json_text = json.dumps(data, separators=(",", ":"), allow_nan=False).translate(_NOT_IN_SCRIPTS)
    html = fill_template(
        "page", policy=escape(policy), title=escape(title), style=style, body=body, data=json_text, script=script
    )
    return html.encode(errors="replace").decode()  # a lone surrogate cannot be written to a file


def fill_template(name: str, /, **parts: str) -> str:
    """Return the file `{name}.html` of this folder with parts of HTML in the places that it names."""
    return Template(_read(f"{name}.html")).substitute(parts)


@functools.cache
def _read(name: str) -> str:
    return resources.files("audio_core.transcript.page").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
