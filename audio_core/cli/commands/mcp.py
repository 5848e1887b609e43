"""`audio mcp`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Unpack, cast

import typer

from audio_core.cli.options import build_client_options, take_options
from audio_core.cli.reports import UsageMistake, configure_logging, report
from audio_core.cli.transcription_options import TranscriptionFlags, build_reader_options

if TYPE_CHECKING:
    from audio_core.client import AudioClient
    from audio_core.wire.transcription import TranscriptionKwargs

__all__ = ["mcp"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@take_options(TranscriptionFlags)
def mcp(
    access: Annotated[list[str], typer.Option(help="Folder whose recordings may be opened; repeatable.")],
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Host from which recordings may be downloaded; repeatable.")
    ] = None,
    listen_model: Annotated[
        str | None, typer.Option(help="Model that answers questions. By default --model, of a remote provider.")
    ] = None,
    listen_provider: Annotated[str | None, typer.Option(help="Its provider. By default --provider.")] = None,
    max_seconds: Annotated[float, typer.Option(help="Longest stretch, in seconds, that one call may process.")] = 600.0,
    transport: Annotated[Literal["stdio", "http"], typer.Option(help="http: streamable HTTP.")] = "stdio",
    host: Annotated[str, typer.Option(help="With http: address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="With http: port; 0 takes a free one.")] = 8000,
    **options: Unpack[TranscriptionFlags],
) -> None:
    """Serve the recordings of a folder to models, with the Model Context Protocol.

    \b
    Examples:
      audio mcp --access talks/
      audio mcp --access talks/ --store jobs.sqlite -p openai -m whisper-1 --listen-model MODEL
      audio mcp --access talks/ --transport http --port 8000

    The tools are list_recordings, transcribe and clip; listen, if there is a model that hears; and search, if there is
    a store. What is searched is what a command such as this has transcribed, with the same provider, model and options:
    audio transcribe talks/ -o texts/ --store jobs.sqlite. Over HTTP there is no authentication.
    """
    from audio_core.cli.clients import check_transcriber
    from audio_core.http.access import Access
    from audio_core.integration import DocumentReader
    from audio_core.mcp import create_server, serve_http, serve_stdio

    configure_logging(is_verbose=False)
    reader = DocumentReader.create(**build_reader_options(options))
    check_transcriber(reader.client)
    server = create_server(
        reader.client,
        _create_listener(reader.client, options, listen_provider, listen_model),
        access=Access(roots=_check_folders(access), hosts=tuple(allow_host or ())),
        max_seconds=max_seconds,
        options=cast("TranscriptionKwargs", dict(reader.transcription_options)),
    )
    if transport == "stdio":
        serve_stdio(server)
        return
    if host not in _LOOPBACK:
        report(f"Whoever reaches {host}:{port} can hear the recordings: there is no authentication.")
    serve_http(server, host, port)


def _check_folders(folders: list[str]) -> tuple[str, ...]:
    """Return the folders, or say which is none: a model would find nothing in it, and not know why."""
    for folder in folders:
        if "://" not in folder and not Path(folder).expanduser().is_dir():
            raise UsageMistake(f"--access takes a folder, and {folder} is none.")
    return tuple(folders)


def _create_listener(
    transcriber: AudioClient, options: TranscriptionFlags, provider: str | None, model: str | None
) -> AudioClient | None:
    """Return the client of the tool `listen`, or None if no model that may hear was named."""
    from audio_core.cli.clients import check_client
    from audio_core.client import AudioClient

    if model is None and (transcriber.is_local or transcriber.model is None):
        return None
    built = build_client_options(options)
    built |= {name: value for name, value in (("provider", provider), ("model", model)) if value}
    listener = AudioClient(**built)
    check_client(listener)
    return listener
