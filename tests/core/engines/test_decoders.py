"""Decoders in processes of their own: used again, replaced when they end, ended with their caller."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from audio_core.engines import decoders
from audio_core.engines.decoders import borrow_decoder
from audio_core.errors import ProviderUnavailable
from audio_core.testing import silence

PCM = silence(1.0)[44:]


@pytest.fixture(autouse=True)
def own_decoders(monkeypatch: pytest.MonkeyPatch, decoding_anew):
    """Use no decoder of other tests, and leave none to them that was tampered with."""
    monkeypatch.setattr(decoders, "_idle_decoders", [])
    yield
    decoders._close_idle_decoders()


def get_pid(decoder: decoders.Decoder) -> int:
    return decoder._process.pid


def test_a_decoder_runs_in_another_process_and_is_used_again() -> None:
    with borrow_decoder() as decoder:
        first = get_pid(decoder)
        assert first != os.getpid()
        with borrow_decoder() as other:
            assert get_pid(other) != first
    with borrow_decoder() as decoder:
        assert get_pid(decoder) == first
        assert decoder.find_known_words(["library", "kzxwq"]) == {"library"}


def test_one_that_was_killed_while_idle_is_replaced() -> None:
    with borrow_decoder() as decoder:
        killed = get_pid(decoder)
    os.kill(killed, signal.SIGKILL)
    decoder._process.wait()
    with borrow_decoder() as decoder:
        assert get_pid(decoder) != killed


def test_one_that_is_killed_at_work_is_a_clear_error_and_is_not_lent_again() -> None:
    with borrow_decoder() as decoder:
        os.kill(get_pid(decoder), signal.SIGKILL)
        decoder._process.wait()
        with pytest.raises(ProviderUnavailable, match=r"status -9.*max_concurrency"):
            decoder.recognize(PCM, 0.0)
    assert decoders._idle_decoders == []


def test_one_that_was_interrupted_is_ended() -> None:
    with borrow_decoder() as decoder:
        decoder._is_busy = True  # as Ctrl-C leaves it that comes before the response
    assert decoder._process.returncode == -signal.SIGKILL
    assert decoders._idle_decoders == []


def test_one_whose_caller_fails_between_two_requests_is_lent_again() -> None:
    with pytest.raises(ValueError, match="damaged"), borrow_decoder() as decoder:
        raise ValueError("damaged")
    assert decoders._idle_decoders == [decoder]


def test_a_text_that_cannot_be_aligned_has_no_words() -> None:
    with borrow_decoder() as decoder:
        assert decoder.align(["library", "garden", "monday"], PCM) == []
        assert decoder.find_known_words(["library"]) == {"library"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_uses_none_of_its_parents() -> None:
    program = """
import os
from audio_core.engines import decoders
with decoders.borrow_decoder() as decoder:
    pid = decoder._process.pid
if not (child := os.fork()):
    with decoders.borrow_decoder() as decoder:
        decoder.find_known_words(["library"])
        own = decoder._process.pid
    decoders._close_idle_decoders()
    os._exit(own == pid)
assert os.waitpid(child, 0)[1] == 0
with decoders.borrow_decoder() as decoder:
    assert decoder._process.pid == pid
    print(decoder.find_known_words(["library"]))
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("{'library'}\n", "")


def test_it_ends_with_its_caller(tmp_path: Path) -> None:
    program = """
import os
from audio_core.engines import decoders
with decoders.borrow_decoder() as decoder:
    print(decoder._process.pid, flush=True)
    os.kill(os.getpid(), 9)
"""
    caller = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    pid = int(caller.stdout.readline())
    # The decoder inherits no end of this pipe but its own output, so it ends when its input does.
    caller.communicate(timeout=300)
    for _ in range(3000):
        if not Path(f"/proc/{pid}").exists() or " Z " in Path(f"/proc/{pid}/stat").read_text():
            return
        subprocess.run(["sleep", "0.1"], check=True)
    pytest.fail("the decoder outlived its caller")


def test_one_at_work_ends_with_a_program_that_does_not_wait_for_it() -> None:
    program = """
import threading
from audio_core.engines import decoders
from audio_core.testing import tone
def recognize():
    with decoders.borrow_decoder() as decoder:
        print(decoder._process.pid, flush=True)
        started.set()
        decoder.recognize(tone(600.0)[44:], 0.0)
started = threading.Event()
threading.Thread(target=recognize, daemon=True).start()
started.wait()
"""
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True)
    assert not Path(f"/proc/{int(done.stdout)}").exists()
