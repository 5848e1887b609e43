"""A gateway's address with the user's key and limits."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlsplit

from audio_core.errors import InvalidOption, ProviderError
from audio_core.errors.secrets import is_secret_name, remember_credentials, remember_query, scrub
from audio_core.http.body import Body
from audio_core.http.flow import MAX_REPLY_BYTES, Flow, Request, Response
from audio_core.http.rate_limit import RateLimit, Turn
from audio_core.http.retry import send_with_retry
from audio_core.providers import Provider

__all__ = ["Endpoint"]

_TIMEOUT_PER_SECOND = 0.5  # of audio; aborting early and asking again would pay for the same audio twice
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A gateway to which requests can be sent, with the user's key and limits.

    Attributes:
        provider: the facts about the gateway, such as an entry of `PROVIDERS`.
        api_key: the user's key; if None, it is read from the environment at each request.
        base_url: the user's base URL; if None, the one in the environment, else the provider's own.
        timeout: seconds on the wall clock for each request.
        max_retries: how many times a failed request may be sent again.
        headers: further headers of each request.
        attempts: how many requests the call has already sent, in another form.
        checks_models: whether the gateway's list of models is asked before audio is sent to one.
        rate_limit: what is shared with other clients of the gateway; None if there are none.
        audio_seconds: seconds of audio in each request, which count for the rate limit.
    """

    provider: Provider
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    timeout: float = 60.0
    max_retries: int = 2
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    attempts: int = 0
    checks_models: bool = False
    rate_limit: RateLimit | None = field(default=None, repr=False)
    audio_seconds: float = 0.0

    def extend_timeout(self, seconds: float) -> Endpoint:
        """Return an endpoint that allows the time that a gateway needs for this many seconds of audio."""
        return replace(self, timeout=self.timeout + seconds * _TIMEOUT_PER_SECOND, audio_seconds=seconds)

    def continue_after(self, refusal: ProviderError) -> Endpoint:
        """Return an endpoint for another form of a request that was refused. Attempts are counted on.

        The other form may be sent once even if `max_retries` is 0.

        Raises:
            ProviderError: the refusal, if no attempt is left.
        """
        if refusal.attempts > max(self.max_retries, 1):
            raise refusal
        return replace(self, attempts=refusal.attempts)

    def post(
        self, path: str, body: Body, *, doing: str, streamed: bool = False, max_reply_bytes: int = MAX_REPLY_BYTES
    ) -> Flow[Response]:
        """Post a body to one of the gateway's paths, with retries.

        Args:
            path: such as `"/chat/completions"`.
            body: of the request.
            doing: what the request is for, as error messages call it, such as `"chat"`.
            streamed: whether the response is left open, to be read as it arrives.
            max_reply_bytes: size of the largest reply that is read, unless it is streamed.

        Returns:
            A response with a status below 300.

        Raises:
            MissingAPIKey: if the gateway needs a key and there is none.
            InvalidOption: if the key or a header holds characters that HTTP cannot carry, or the base URL is none.
            ProviderError: if the gateway refuses or fails.
        """
        request = self._build_request(
            path, body, timeout=self.timeout, streamed=streamed, max_reply_bytes=max_reply_bytes
        )
        return (yield from self._send(request, doing))

    def get(self, path: str, *, doing: str) -> Flow[Response]:
        """Get one of the gateway's paths, with retries.

        Args:
            path: such as `"/models"`; it may end with a query.
            doing: what the request is for, as error messages call it, such as `"list of models"`.

        Returns:
            A response with a status below 300.

        Raises:
            MissingAPIKey: as `post` does.
            InvalidOption: as `post` does.
            ProviderError: if the gateway refuses or fails.
        """
        request = self._build_request(path, method="GET", timeout=self.timeout)
        return (yield from self._send(request, doing))

    def _send(self, request: Request, doing: str) -> Flow[Response]:
        _check_headers(request)
        turn = None if self.rate_limit is None else Turn(self.rate_limit, self.audio_seconds)
        sending = send_with_retry(request, max_retries=self.max_retries, doing=doing, attempts=self.attempts, turn=turn)
        return (yield from sending)

    def _build_request(self, path: str, body: Body | None = None, *, method: str = "POST", **settings: Any) -> Request:
        """Build a request. Nothing here fails once a local variable holds the key, so no traceback shows it."""
        url = _join_url(self.provider.find_base_url(self.base_url), path)
        key = self.provider.find_key(self.api_key)
        credentials = {"Authorization": f"Bearer {key}"} if key else {}
        return Request(
            method,
            url,
            headers=_prepare_headers({**credentials, **self.headers}),
            body=body,
            provider=self.provider.name,
            **settings,
        )


def _join_url(base_url: str, path: str) -> str:
    """Append a path to a base URL, whose query stays at the end, after that of the path, and may hold a key."""
    parts = urlsplit(base_url)
    remember_query(parts.query)
    path, _, query = path.partition("?")
    return parts._replace(
        path=parts.path.rstrip("/") + path, query="&".join(filter(None, (query, parts.query)))
    ).geturl()


def _prepare_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Percent-encode text beyond ASCII, except in secrets, which are kept out of later error messages."""
    return {name: _prepare_header(name, value) for name, value in headers.items()}


def _prepare_header(name: str, value: str) -> str:
    if is_secret_name(name):
        remember_credentials(value)
        return value
    return quote(value, safe=string.punctuation + " ") if value.isprintable() and not value.isascii() else value


def _check_headers(request: Request) -> None:
    """Raise `InvalidOption` if a header holds what HTTP cannot carry. Neither message nor local variables show it."""
    for name in request.headers:
        if not _HEADER_NAME.fullmatch(name):
            raise InvalidOption(
                f"headers has {_show_name(name)!r}, which HTTP cannot carry as the name of a header. A name has ASCII "
                "letters, digits and hyphens, as in 'X-Title'. Write it anew, with the value apart from it."
            )
        if not (request.headers[name].isascii() and request.headers[name].isprintable()):
            raise InvalidOption(
                f"The value for the header {name} holds characters that HTTP cannot carry, such as line breaks or "
                "typographic quotation marks. Copy the API key or the header again."
            )


def _show_name(name: str) -> str:
    """Return what may be shown of a wrong name. Whoever pastes a whole header has its value behind the colon."""
    return scrub(name.partition(":")[0], 40)
