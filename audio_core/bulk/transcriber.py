"""`Transcriber`: what each worker of a bulk job does with a batch of recordings."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Unpack

from audio_core.audio.audio import Audio
from audio_core.bulk.coordinator import ClusterBudget, ClusterRateLimit
from audio_core.bulk.ray_package import connect_ray
from audio_core.client import AudioClient
from audio_core.errors import AccessDenied, AudioError
from audio_core.errors.validation import pop_options, validate_options
from audio_core.integration.fatal_errors import is_fatal
from audio_core.integration.reader import ClientKwargs
from audio_core.integration.rows.locations import shorten
from audio_core.integration.rows.packages import pa
from audio_core.integration.rows.schema import ID_COLUMN, RESULT_SCHEMA, build_failed_row, build_row
from audio_core.wire.transcription import RecordingKwargs

__all__ = ["Transcriber", "TranscriberOptions", "create_client"]

_log = logging.getLogger(__name__)
_MAX_CONCURRENCY = 16


class TranscriberOptions(RecordingKwargs, ClientKwargs, total=False):
    """The options of a bulk job: those of `AudioClient`, and of its `transcribe`.

    Attributes:
        provider: name of the provider that transcribes, or a row of your own.
        model: name of the model; required for remote providers.
        api_key: the provider's key; by default each worker reads it from its environment.
        base_url: base URL of the provider's API, if it differs from the provider's row.
        timeout: seconds on the wall clock for each request.
        max_retries: how many more requests may follow a failed one.
        max_concurrency: how many recordings, and pieces of long ones, one worker transcribes side by side; by default
            16 through a gateway.
        access: what may be opened: an `Access`, a folder or several. None trusts every path and public host named.
        store: a `TranscriptStore`, or the path of its file, on each node. Finished pieces are kept there.
        language: as for `AudioClient.transcribe`, like all that follow: `prompt`, `keywords`, `words`, `diarize`,
            `known_speakers`, `temperature`, `extra`, `gaps`, `channels`, `vad`, `segment_seconds`, `aligner`.
    """


def create_client(options: Mapping[str, Any]) -> tuple[AudioClient, dict[str, Any]]:
    """Return the client that options describe, and those of them that are for its `transcribe`.

    Raises:
        InvalidOption: if there is no such option, or it does not accept its value, or the gateway cannot follow it.
        UnsupportedFormat: if no model is named.
    """
    remaining = validate_options(TranscriberOptions, options, "Transcriber")
    settings = pop_options(remaining, ClientKwargs.__optional_keys__)
    client = AudioClient(**settings)
    if "max_concurrency" not in settings and not client.is_local:
        client = AudioClient(**settings, max_concurrency=_MAX_CONCURRENCY)
    client.estimate([], **remaining)  # a model must be named, and the gateway must take the options
    return client, remaining


class Transcriber:
    """A callable class for `ray.data.Dataset.map_batches`: it transcribes the recordings that a batch names.

    The recordings of a batch are transcribed side by side, up to `max_concurrency`. One that fails becomes a row with
    its error. What would fail for all of them is raised: no valid key, no such model, no credit; and, with a
    coordinator, a hundred recordings of which none may be opened.

    Args:
        coordinator: what `start_coordinator` has returned, if the workers share a rate limit or a budget.
        folder: where relative paths begin; by default the worker's own working directory.
        **options: see `TranscriberOptions`.

    Raises:
        InvalidOption: if there is no such option, or it does not accept its value.

    Example:
        >>> import asyncio, pyarrow
        >>> async def run(batch):
        ...     return [table async for table in Transcriber()(batch)]
        >>> table = asyncio.run(run(pyarrow.table({"uri": ["examples/audio/call.mp3"]})))[0]
        >>> table["language"][0].as_py()
        'en'
    """

    def __init__(
        self, coordinator: Any = None, folder: str | None = None, **options: Unpack[TranscriberOptions]
    ) -> None:
        self._coordinator, self._folder = coordinator, folder
        self._client, self._options = create_client(options)
        if coordinator is not None:
            self._share(coordinator)

    def _share(self, coordinator: Any) -> None:
        limit = ClusterRateLimit.find(coordinator)
        self._client.endpoint = replace(self._client.endpoint, rate_limit=limit)
        if (budget := ClusterBudget.find(coordinator)) is not None:
            self._options["budget"] = budget

    def __repr__(self) -> str:
        return f"Transcriber({self._client!r})"

    async def __call__(self, batch: Any) -> AsyncIterator[Any]:
        """Yield the batch with the columns of `RESULT_SCHEMA`.

        Args:
            batch: a `pyarrow.Table`, or a dict of arrays, with the column `uri`.

        Raises:
            AudioError: if all recordings would fail for the same reason.
        """
        table = batch if isinstance(batch, pa.Table) else pa.table(batch)
        uris = table[ID_COLUMN].to_pylist()
        began = time.time()
        ready = await self._find_ready(uris)
        # Some are opened while others wait for the gateway. Those of a bucket lie on the disk until they are done.
        slots = asyncio.Semaphore(2 * self._client.get_concurrency())
        outcomes = await asyncio.gather(*(self._make_row(uri, ready.get(uri), slots) for uri in uris))
        self._raise_if_hopeless(outcomes)
        rows = [build_failed_row(each) if isinstance(each, Exception) else each for each in outcomes]
        self._add_double_charges(uris, rows, began)
        self._record(uris, rows)
        yield _append_columns(table, rows)

    async def _find_ready(self, uris: list[str]) -> dict[str, bytes]:
        """Return the rows that a worker had made of this batch before it was lost."""
        if self._coordinator is None:
            return {}
        return await asyncio.to_thread(connect_ray().get, self._coordinator.find_ready.remote(uris))

    async def _make_row(self, uri: str, ready: bytes | None, slots: asyncio.Semaphore) -> dict[str, Any] | Exception:
        """Return a recording's row, or its error."""
        if ready is not None:
            return json.loads(ready)
        async with slots:
            outcome = await self._transcribe(uri)
        if isinstance(outcome, Exception):
            return outcome
        row = build_row(outcome)
        if self._coordinator is not None:
            self._coordinator.add_ready.remote(uri, json.dumps(row).encode())
        return row

    async def _transcribe(self, uri: str) -> Any:
        """Return a recording's transcript, or its error."""
        try:
            return await self._client.atranscribe(self._resolve(uri), **self._options)
        except AudioError as error:
            return error
        except Exception as error:
            _log.exception("%s failed for a reason that was not expected.", _get_label(uri))
            return error

    def _resolve(self, uri: str) -> str:
        is_relative = "://" not in uri and not uri.startswith("~")
        return os.path.join(self._folder, uri) if self._folder and is_relative else uri  # noqa: PTH118 - "a//b" stays

    def _raise_if_hopeless(self, outcomes: Sequence[Any]) -> None:
        """Raise an error that every other recording would end in too. What this batch has paid for is kept first."""
        if not all(isinstance(each, Exception) for each in outcomes):
            return
        provider = self._client.endpoint.provider.name
        errors = [each for each in outcomes if isinstance(each, AudioError) and is_fatal(each, provider)]
        if not errors and all(isinstance(each, AccessDenied) for each in outcomes) and self._are_all_denied():
            errors = outcomes
        if errors:
            if self._coordinator is not None:
                connect_ray().get(self._coordinator.stop.remote(errors[0]))
            raise errors[0]

    def _are_all_denied(self) -> bool:
        return self._coordinator is not None and connect_ray().get(self._coordinator.are_all_denied.remote())

    def _add_double_charges(self, uris: list[str], rows: list[dict[str, Any]], began: float) -> None:
        store = self._client.store
        charges = [] if store is None else store.list_possible_double_charges()
        for charge in charges:
            for uri, row in zip(uris, rows, strict=True):
                if charge.requested_at >= began and charge.label == _get_label(uri):
                    stretch = {"start": charge.start, "end": charge.end}
                    row.setdefault("possible_double_charges", []).append(stretch)

    def _record(self, uris: list[str], rows: list[dict[str, Any]]) -> None:
        if self._coordinator is not None and uris:
            facts = [{name: row.get(name) for name in ("duration", "cost", "error")} for row in rows]
            self._coordinator.record.remote(uris[0], facts)


def _get_label(uri: str) -> str:
    """Return what messages call a recording, even if its URI is malformed."""
    try:
        return Audio.of(uri).label
    except AudioError:
        return shorten(uri)


def _append_columns(table: Any, rows: list[dict[str, Any]]) -> Any:
    results = pa.Table.from_pylist(rows, schema=RESULT_SCHEMA)
    for name in RESULT_SCHEMA.names:
        table = table.append_column(RESULT_SCHEMA.field(name), results[name])
    return table
