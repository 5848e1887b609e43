"""Where requests go and in whose name: a provider's row with the user's key, URL and limits filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from audio_core.http.body import Body
from audio_core.http.flow import Flow, Request, Response
from audio_core.http.retry import send_with_retry
from audio_core.providers import Provider

__all__ = ["Endpoint"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A gateway that can be asked.

    Attributes:
        provider: its row.
        api_key: the key given; None takes it from the environment when the first request is made.
        base_url: the base URL given; None takes the environment's or the row's.
        timeout: seconds on the clock for each request.
        max_retries: how many more requests may follow a failed one.
        headers: further headers.
    """

    provider: Provider
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    timeout: float = 60.0
    max_retries: int = 2
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def post(self, path: str, body: Body, *, doing: str, streamed: bool = False) -> Flow[Response]:
        """Post a body to one of the gateway's paths, with retries.

        Args:
            path: such as `"/chat/completions"`.
            body: what is sent.
            doing: what is asked, for messages, such as `"chat"`.
            streamed: whether the response is left open, to be read as it comes.

        Raises:
            MissingAPIKey: if the gateway needs a key and there is none.
            ProviderError: if the gateway refuses or fails.
        """
        key = self.provider.find_key(self.api_key)
        credentials = {"Authorization": f"Bearer {key}"} if key else {}
        request = Request(
            "POST",
            self.provider.find_base_url(self.base_url) + path,
            headers={**credentials, **self.headers},
            body=body,
            timeout=self.timeout,
            provider=self.provider.name,
            streamed=streamed,
        )
        return (yield from send_with_retry(request, max_retries=self.max_retries, doing=doing))
