"""Run the offline server in this process or on a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn

from audio_core.http.listening import open_listener
from audio_core.offline.app import create_app

__all__ = ["running", "serve"]

_HINT = "Then set AUDIO_OFFLINE_URL to the URL that the server prints."


def serve(host: str, port: int) -> None:
    """Serve until interrupted. Print the base URL as soon as the server listens.

    Args:
        host: address to listen on.
        port: port to listen on; 0 takes a free one.

    Raises:
        InvalidOption: if there can be no such address or port.
        OSError: if the address or port cannot be used.
    """
    with open_listener(host, port, _HINT) as listener:
        print(f"http://{host}:{listener.getsockname()[1]}/v1", flush=True)
        _create_server().run(sockets=[listener])


@contextmanager
def running(host: str = "127.0.0.1", port: int = 0) -> Generator[str]:
    """Serve on a thread while the block runs.

    Args:
        host: address to listen on.
        port: port to listen on; 0 takes a free one.

    Yields:
        The base URL, such as `"http://127.0.0.1:40123/v1"`.

    Raises:
        InvalidOption: if there can be no such address or port.
        OSError: if the address or port cannot be used, or the server does not start.

    Example:
        >>> with running() as base_url:
        ...     AudioClient("local", model="pocketsphinx", base_url=base_url).ask(
        ...         "examples/audio/call.mp3#t=0,5", "What is said?"
        ...     ).text
        'I heard: good afternoon this is the city library how can i help you'
    """
    server = _create_server()
    with open_listener(host, port, _HINT) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        if not server.started:
            raise OSError("The offline server did not start. Its log on standard error says why.")
        try:
            yield f"http://{host}:{listener.getsockname()[1]}/v1"
        finally:
            server.should_exit = True
            thread.join()


def _create_server() -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(create_app(), log_level="warning", timeout_graceful_shutdown=2, lifespan="off", ws="none")
    )
