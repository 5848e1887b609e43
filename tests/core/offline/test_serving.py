"""Where the offline server listens."""

import socket

import pytest

from audio_core.offline.__main__ import main
from audio_core.offline.serving import running


def test_a_taken_port_is_told_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = rf"Port {port} is taken: .* --port 0"
        with pytest.raises(OSError, match=said), running(port=port):
            pytest.fail("it must not start")
        with pytest.raises(SystemExit, match=said):
            main(["--port", str(port)])


def test_an_address_of_another_machine_is_refused_clearly() -> None:
    with pytest.raises(SystemExit, match=r"203\.0\.113\.1:8123 cannot be used: "):
        main(["--host", "203.0.113.1"])


def test_a_host_that_is_not_known_is_told_by_the_reason_of_the_system() -> None:
    with pytest.raises(OSError, match=r"no\.invalid:0 cannot be used: (?!Unknown error)"), running("no.invalid"):
        pytest.fail("it must not start")


def test_a_port_that_cannot_be_is_wrong_usage(capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--port", "65536"])
    assert caught.value.code == 2
    assert "up to 65535, or 0" in capsys.readouterr().err
