"""Options that several commands take, with the names that they have in Python, and what they become there."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypedDict, TypeVar, cast, get_args, get_type_hints

import typer

from audio_core.cli.reports import UsageMistake
from audio_core.lenient_json import parse_json

__all__ = [
    "AsJson",
    "ClientOptions",
    "Force",
    "Recordings",
    "Recursive",
    "Verbose",
    "build_client_options",
    "parse_extra",
    "parse_known_speakers",
    "take_options",
]

C = TypeVar("C", bound=Callable[..., Any])

Recordings = Annotated[
    list[str], typer.Argument(metavar="RECORDING", help="Files, folders, patterns, URLs, or - for standard input.")
]
Recursive = Annotated[bool, typer.Option("--recursive", "-r", help="Search the folders within folders too.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Replace a file that exists.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Tell what is done.")]


def _complete_provider(incomplete: str) -> list[str]:
    from audio_core.providers import PROVIDERS

    return [name for name in PROVIDERS if name.startswith(incomplete)]


class ClientOptions(TypedDict, total=False):
    """The options of every command that may send something."""

    provider: Annotated[
        str | None,
        typer.Option(
            "--provider",
            "-p",
            autocompletion=_complete_provider,
            help="openai, openrouter, openroute, cortecs, litellm or local. Without it nothing leaves this machine.",
        ),
    ]
    model: Annotated[str | None, typer.Option("--model", "-m", help="Name of the model; remote providers need one.")]
    base_url: Annotated[
        str | None, typer.Option(help="URL of any OpenAI-compatible gateway, such as http://host:8000/v1.")
    ]
    api_key_file: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="File that holds the key. Without it the key is read from the environment."),
    ]
    timeout: Annotated[float | None, typer.Option(help="Seconds for each request; 60 by default.")]
    max_retries: Annotated[
        int | None, typer.Option(help="How many more requests may follow a failed one; 2 by default.")
    ]


def take_options(kind: type) -> Callable[[C], C]:
    """Return a decorator that shows the keys of a `TypedDict` as options of a command, in place of its `**options`."""
    hints = get_type_hints(kind, include_extras=True)

    def decorate(command: C) -> C:
        signature = inspect.signature(command, eval_str=True)
        own = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
        parameters = [*own, *(_create_parameter(name, hint) for name, hint in hints.items())]
        shown = cast("Any", command)
        shown.__signature__ = signature.replace(parameters=parameters)
        shown.__annotations__ = {each.name: each.annotation for each in parameters}
        return command

    return decorate


def _create_parameter(name: str, hint: Any) -> inspect.Parameter:
    default = False if get_args(hint)[0] is bool else None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)


def build_client_options(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return options as `AudioClient` takes them: those that were given, and the key.

    Args:
        options: of a command.
        *names: further options that are passed on.

    Raises:
        UsageMistake: if the file of the key cannot be read or is empty.
    """
    passed = {*ClientOptions.__optional_keys__, *names} - {"api_key_file"}
    built = {name: value for name, value in options.items() if name in passed and value not in (None, False, [])}
    key_file = options.get("api_key_file")
    return built if key_file is None else {**built, "api_key": _read_key(key_file)}


def _read_key(path: Path) -> str:
    try:
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageMistake(f"The file of the key, {path.name}, cannot be read: {type(error).__name__}.") from None
    if not key:
        raise UsageMistake(f"The file of the key, {path.name}, is empty.")
    return key


def parse_extra(text: str) -> dict[str, Any]:
    """Parse the value of `--extra`.

    Raises:
        UsageMistake: if it is no JSON object.
    """
    fields = parse_json(text)
    if not isinstance(fields, dict):
        raise UsageMistake("""--extra takes a JSON object, such as --extra '{"seed": 1}'.""")
    return cast("dict[str, Any]", fields)


def parse_known_speakers(pairs: Iterable[str]) -> dict[str, str]:
    """Parse the values of `--known-speakers`: the name of each speaker, and the file of a sample.

    Raises:
        UsageMistake: if a value is not NAME=FILE.
    """
    parsed = [pair.partition("=") for pair in pairs]
    if not all(name.strip() and value for name, _, value in parsed):
        raise UsageMistake("--known-speakers takes NAME=FILE, such as --known-speakers Ann=ann.wav.")
    return {name.strip(): value for name, _, value in parsed}
