"""`audio models`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Unpack

import typer

from audio_core.cli.options import AsJson, ClientOptions, build_client_options, take_options
from audio_core.cli.reports import configure_logging, print_text

if TYPE_CHECKING:
    from audio_core.integration import ModelInfo

__all__ = ["models"]

_WORDS = {True: "yes", False: "no", None: "?"}
_SECONDS = 60.0  # of a minute


@take_options(ClientOptions)
def models(
    hears: Annotated[bool, typer.Option("--hears", help="Only models that take recordings in a chat.")] = False,
    speaks: Annotated[bool, typer.Option("--speaks", help="Only models that speak.")] = False,
    transcribes: Annotated[bool, typer.Option("--transcribes", help="Only models that transcribe.")] = False,
    as_json: AsJson = False,
    **options: Unpack[ClientOptions],
) -> None:
    """List a provider's models: what each hears, says, transcribes and costs, as far as the provider's list tells.

    \b
    Examples:
      audio models -p openrouter --hears
      audio models -p litellm --transcribes --json
      audio models -p openai
    """
    from audio_core.client import AudioClient

    configure_logging(is_verbose=False)
    wanted = [
        name for name, is_wanted in (("hears", hears), ("speaks", speaks), ("transcribes", transcribes)) if is_wanted
    ]
    with AudioClient(**build_client_options(options)) as client:
        listed = [model for model in client.models() if all(getattr(model, name) for name in wanted)]
    print_text(json.dumps([asdict(model) for model in listed]) if as_json else _format(listed))


def _format(listed: list[ModelInfo]) -> str:
    rows = [("model", "hears", "speaks", "transcribes", "$/minute"), *map(_describe, listed)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _describe(model: ModelInfo) -> tuple[str, ...]:
    price = "?" if model.price_per_second is None else f"{model.price_per_second * _SECONDS:.4f}"
    return model.name, _WORDS[model.hears], _WORDS[model.speaks], _WORDS[model.transcribes], price
