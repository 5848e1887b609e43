"""`audio serve`."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["serve"]


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; by default this machine only.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8123,
) -> None:
    """Serve OpenAI's API for audio from this machine, without a key or a network, until interrupted.

    \b
    Examples:
      audio serve
      audio serve --port 0

    The first line on standard output is the base URL. --provider local finds the server on port 8123, or where
    AUDIO_OFFLINE_URL says. It transcribes with PocketSphinx; there is no chat model behind it.
    """
    from audio_core.errors import MissingDependency, describe_install

    try:
        from audio_core.offline.serving import serve as serve_offline
    except ImportError as error:
        raise MissingDependency(f"The offline server needs {error.name}: {describe_install('local')}") from None
    serve_offline(host, port)
