"""`audio ask`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Unpack, cast

import typer

from audio_core.cli.options import AsJson, ClientOptions, parse_extra, take_options
from audio_core.cli.reports import configure_logging, print_text, report

if TYPE_CHECKING:
    from audio_core.wire.chat_response import Answer, Delta

__all__ = ["ask"]


class AskOptions(ClientOptions, total=False):
    """The options of `audio ask`."""

    temperature: Annotated[float | None, typer.Option(help="Sampling temperature of the model.")]
    extra: Annotated[str | None, typer.Option(help="Further fields of the request, as a JSON object.")]


@take_options(AskOptions)
def ask(
    sources: Annotated[list[str], typer.Argument(metavar="RECORDING", help="Files, URLs, or - for standard input.")],
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What to ask about them.")],
    as_json: AsJson = False,
    **options: Unpack[AskOptions],
) -> None:
    """Ask a model that hears a question about a recording, or several. The answer appears as it is made.

    \b
    Examples:
      audio ask call.mp3 "What does the caller want?" -p openrouter -m MODEL
      audio ask talk.mp3#t=12:07,14:00 "Who speaks, and in what mood?" -p openai -m MODEL
      audio ask before.wav after.wav "What has changed?" -p openai -m MODEL
      audio ask call.mp3 "Summarize it." -p openai -m MODEL --json

    The offline server (audio serve) needs no key: audio ask call.mp3 "What is said?" -p local -m any
    """
    from audio_core.cli.clients import create_client
    from audio_core.cli.sources import find_named

    configure_logging(is_verbose=False)
    audios = [named.get_audio() for named in find_named(sources)]
    with create_client(options) as client:
        fields = _build_fields(options)
        answer = client.ask(audios, question, **fields) if as_json else None
        answer = answer or _print_stream(client.stream(audios, question, **fields))
    if as_json:
        print_text(_to_json(answer))
    for warning in answer.warnings:
        report(warning)


def _build_fields(options: Mapping[str, Any]) -> dict[str, Any]:
    fields = parse_extra(options["extra"]) if options.get("extra") else {}
    temperature = options.get("temperature")
    return fields if temperature is None else {**fields, "temperature": temperature}


def _print_stream(deltas: Iterator[Delta]) -> Answer:
    """Write an answer as it comes, and return it."""
    answer = None
    for delta in deltas:
        print_text(delta.text or delta.refusal, end="")
        answer = delta.answer or answer
    print_text("")
    return cast("Answer", answer)  # a stream that ends without one is an error


def _to_json(answer: Answer) -> str:
    names = ("text", "refusal", "finish_reason", "model", "provider", "warnings")
    usage = None if answer.usage is None else asdict(answer.usage)
    return json.dumps({**{name: getattr(answer, name) for name in names}, "usage": usage}, ensure_ascii=False)
