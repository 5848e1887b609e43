"""The methods of `AudioClient` that ask chat models."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any, Unpack

from audio_core.client.base import BaseClient
from audio_core.http.access import Access
from audio_core.http.driver import arun, astream, run, stream
from audio_core.operations.chat import ChatRequest, OpenKwargs, OpenRules, chat, check_chat, open_chat
from audio_core.wire.chat_request import Messages, build_question
from audio_core.wire.chat_response import Answer, Delta

__all__ = ["ChatMethods"]


class ChatMethods(BaseClient):
    """Ask chat models about recordings, through a gateway."""

    def ask(self, source: Any, question: str, **options: Any) -> Answer:
        """Ask a chat model about one recording, or several.

        Args:
            source: anything that `Audio.of` takes, or a list of such.
            question: what to ask.
            **options: further fields of the request, such as `temperature`.

        Raises:
            AudioError: if a recording cannot be sent.
            ProviderError: if the gateway refuses or fails.
        """
        return self.chat(build_question(source, question), options)

    async def aask(self, source: Any, question: str, **options: Any) -> Answer:
        """Do what `ask` does on the running event loop."""
        return await self.achat(build_question(source, question), options)

    def stream(self, source: Any, question: str, **options: Any) -> Iterator[Delta]:
        """Ask as `ask` does, and yield the answer as it arrives. The last delta holds the whole answer.

        Raises:
            AudioError: as for `ask`; an `IncompleteResponse` if the stream ends before the answer does.
        """
        return self.stream_chat(build_question(source, question), options)

    def astream(self, source: Any, question: str, **options: Any) -> AsyncGenerator[Delta]:
        """Do what `stream` does on the running event loop."""
        return self.astream_chat(build_question(source, question), options)

    def chat(self, messages: Messages, options: Mapping[str, Any], **rules: Unpack[OpenKwargs]) -> Answer:
        """Send messages and return the whole answer.

        Args:
            messages: mappings in OpenAI's shape with an `Audio` wherever a recording belongs, or `ChatMessage`s.
            options: further fields of the request, such as `temperature`.
            **rules: `access` (what the messages may open; by default this client's `access`) and `trusts_paths`
                (whether a path is trusted that was given as such, and not as a `file:` URL).

        Raises:
            AudioError: if a recording cannot be sent.
            ProviderError: if the gateway refuses or fails.
        """
        request, open_rules = self._build_chat(messages, options, **rules)
        return run(self._clients, chat(self.endpoint, request, open_rules))

    async def achat(self, messages: Messages, options: Mapping[str, Any], **rules: Unpack[OpenKwargs]) -> Answer:
        """Do what `chat` does on the running event loop."""
        request, open_rules = self._build_chat(messages, options, **rules)
        return await arun(self._clients, chat(self.endpoint, request, open_rules))

    def stream_chat(
        self, messages: Messages, options: Mapping[str, Any], **rules: Unpack[OpenKwargs]
    ) -> Iterator[Delta]:
        """Send messages as `chat` does, and yield the answer as it arrives. The last delta holds the whole answer."""
        request, open_rules = self._build_chat(messages, options, **rules)
        return stream(self._clients, open_chat(self.endpoint, request, open_rules))

    def astream_chat(
        self, messages: Messages, options: Mapping[str, Any], **rules: Unpack[OpenKwargs]
    ) -> AsyncGenerator[Delta]:
        """Do what `stream_chat` does on the running event loop."""
        request, open_rules = self._build_chat(messages, options, **rules)
        return astream(self._clients, open_chat(self.endpoint, request, open_rules))

    def _build_chat(
        self,
        messages: Messages,
        options: Mapping[str, Any],
        *,
        access: Access | None = None,
        trusts_paths: bool = False,
    ) -> tuple[ChatRequest, OpenRules]:
        check_chat(messages, options)
        request = ChatRequest(options.get("model") or self._get_model(), messages, options)
        return request, OpenRules(access or self.access, trusts_paths, self.max_concurrency)
