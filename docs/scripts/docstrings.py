"""An extension of Griffe: our docstrings say `Example:`, or a section's own name, where it expects `Examples:`."""

from __future__ import annotations

import re
from typing import Any

import griffe

SECTION = re.compile(r"^( *)Example:$", re.MULTILINE)
# The sections that LangChain's docstrings have.
TITLED = re.compile(
    r"^( *)(Setup|Instantiate|Invoke|Audio input|Stream|Async|Tool calling|Structured output|Audio output|Token usage"
    r"|Response metadata|Lazy load|Async load):$",
    re.MULTILINE,
)


class ExampleSections(griffe.Extension):
    """Read these sections as code and its output."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rename the sections in one docstring."""
        if obj.docstring:
            text = SECTION.sub(r"\1Examples:", obj.docstring.value)
            obj.docstring.value = TITLED.sub(r"\1Examples: \2", text)
