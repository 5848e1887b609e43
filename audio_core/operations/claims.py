"""Transcribe a piece once, however many calls and processes ask for it.

A claim ends with the call that made it, also when the call is cancelled while the claim is being made. A thread renews
the leases of all claims of this process, so that a long request keeps its claim.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from audio_core.errors import StoreError
from audio_core.http.flow import Flow, pause, run_blocking
from audio_core.http.threads import run_in_thread
from audio_core.operations.store_keys import PieceKey
from audio_core.operations.transcript_store import LEASE_SECONDS, PossibleDoubleCharge, TranscriptStore
from audio_core.transcript.merge import sum_usage
from audio_core.transcript.segment import format_clock
from audio_core.transcript.transcript import Transcript
from audio_core.transcript.usage import Usage

__all__ = ["transcribe_once"]

_POLL_SECONDS = 0.2  # between two checks of a piece that another caller has claimed
_MAX_WAIT = 3600.0  # seconds; a request that takes longer is stuck
_RENEW_SECONDS = LEASE_SECONDS / 4
_log = logging.getLogger(__name__)


def transcribe_once(store: TranscriptStore | None, key: PieceKey, request: Flow[Transcript]) -> Flow[Transcript]:
    """Return a piece's transcript from the store, or transcribe the piece and save its transcript.

    A transcript that cannot be saved is returned all the same, and the log says why it was not saved.

    Args:
        store: where transcripts are kept; None keeps nothing.
        key: the piece.
        request: the flow that transcribes the piece. It is not begun if the store has the transcript.

    Raises:
        StoreError: if the store cannot be used, or another caller holds the piece for more than an hour.
        AudioError: if the piece cannot be transcribed. Its claim is released then.
    """
    if store is None:
        return (yield from request)
    claim = _Claim(store, key)
    try:
        claimed = yield from _acquire(claim)
        if isinstance(claimed, Transcript):
            _log.info("%s: %s-%s is in the store.", key.label, format_clock(key.start), format_clock(key.end))
            return claimed
        transcript = _add_charges(claimed, (yield from request))
        yield from run_blocking(lambda: claim.save(transcript))
        return transcript
    except BaseException as error:  # whoever stops a call does not know how far its request has come
        claim.may_have_been_billed = getattr(error, "may_have_been_billed", not isinstance(error, Exception))
        raise
    finally:  # a cancelled call must release its claim too
        claim.release()


def _acquire(claim: _Claim) -> Flow[Transcript | list[PossibleDoubleCharge]]:
    """Wait until the piece is claimed. Return its transcript if there is one, else what was billed in vain perhaps."""
    started, is_logged = time.monotonic(), False
    while (result := (yield from run_blocking(claim.acquire))) is None:
        if not is_logged:
            _log.info("%s: waiting for another call that transcribes the same piece.", claim.key.label)
            is_logged = True
        if time.monotonic() - started > _MAX_WAIT:
            raise StoreError(f"{claim.key.label}: another call has held the same piece for more than an hour.")
        yield from pause(_POLL_SECONDS)
    return result


def _add_charges(charges: Sequence[PossibleDoubleCharge], transcript: Transcript) -> Transcript:
    """Return the transcript with what earlier requests for the piece may have cost."""
    if not charges:
        return transcript
    earlier = Usage(unanswered_seconds=sum(charge.end - charge.start for charge in charges))
    return replace(transcript, usage=sum_usage([transcript.usage, earlier]))


class _Claim:
    """A claim on a piece. It is released exactly once, whatever is under way on another thread.

    Attributes:
        store: where the claim is recorded.
        key: the piece.
        may_have_been_billed: whether a request was sent that got no answer.
    """

    def __init__(self, store: TranscriptStore, key: PieceKey) -> None:
        self.store, self.key = store, key
        self.may_have_been_billed = False
        self._lock = threading.Lock()
        self._is_held = self._is_released = False

    def acquire(self) -> Transcript | list[PossibleDoubleCharge] | None:
        """Do what `TranscriptStore.claim` does, unless the claim is released already."""
        with self._lock:
            if self._is_released:
                return None
            result = self.store.claim(self.key)
            if isinstance(result, list):
                self._is_held = True
                _leases.add(self)
            return result

    def save(self, transcript: Transcript) -> None:
        """Save the transcript of the piece, which ends the claim."""
        with self._lock:
            try:
                self.store.save(self.key, transcript)
                self._is_held = False
            except StoreError as error:  # it is paid for, so the caller gets it
                _log.warning("%s: the transcript was not saved. %s", self.key.label, error)

    def release(self) -> None:
        """End the claim. On an event loop, a thread does the work, as the file may be locked."""
        self._is_released = True
        if _is_on_event_loop():
            if self._is_held or self._lock.locked():
                run_in_thread(self._release)
        else:
            self._release()

    def _release(self) -> None:
        with self._lock:  # a thread that is acquiring the claim finishes first
            is_held, self._is_held = self._is_held, False
        _leases.discard(self)
        if is_held:
            with contextlib.suppress(StoreError):  # the lease ends by itself
                self.store.release(self.key, may_have_been_billed=self.may_have_been_billed)


def _is_on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _Leases:
    """The claims of this process, which a daemon thread renews while there are any."""

    def __init__(self) -> None:
        self._claims: set[_Claim] = set()
        self._lock = threading.Lock()
        self._is_running = False

    def add(self, claim: _Claim) -> None:
        with self._lock:
            self._claims.add(claim)
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, daemon=True).start()

    def discard(self, claim: _Claim) -> None:
        with self._lock:
            self._claims.discard(claim)

    def _run(self) -> None:
        while claims := self._list_or_stop():
            for claim in claims:
                with contextlib.suppress(StoreError):
                    claim.store.renew(claim.key)
            time.sleep(_RENEW_SECONDS)

    def _list_or_stop(self) -> list[_Claim]:
        with self._lock:
            self._is_running = bool(self._claims)
            return list(self._claims)


_leases = _Leases()

if hasattr(os, "register_at_fork"):  # a forked child has neither the thread nor the claims
    os.register_at_fork(after_in_child=_leases.__init__)
