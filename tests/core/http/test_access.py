"""Which files and addresses an `Access` allows."""

import os
from pathlib import Path

import pytest

from audio_core import Access, AccessDenied, Audio, AudioNotFound, AudioTooLarge, InvalidAudio, InvalidOption
from audio_core.http.access import is_public, open_authorized
from audio_core.integration import to_access
from audio_core.testing import tone

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::",
    "2001:0:0:0:0:0:80ff:fffe",
    "2001:db8::1",
    "fe80::5efe:127.0.0.1",
    "2001:4860::5efe:10.0.0.1",
    "3fff::1",
    "fe80::1%eth0",
    "not-an-address",
]
PUBLIC = [
    "93.184.215.14",
    "8.8.8.8",
    "169.253.255.255",
    "172.32.0.1",
    "2606:4700::1111",
    "64:ff9b::808:808",
    "::ffff:8.8.8.8",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_of_this_machine_or_network_is_private_in_any_notation(address: str) -> None:
    assert not is_public(address)
    assert not Access().allows_address(address)
    assert Access(allow_private_hosts=True).allows_address(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_any_other_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Make root/ with a recording, and root-2/ with another beside it."""
    for folder in ("root/inner", "root-2"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "root/inner/a.wav").write_bytes(tone(0.1))
    (tmp_path / "root-2/b.wav").write_bytes(tone(0.1))
    return tmp_path


def open_under_root(house: Path, path: Path | str) -> Audio:
    return open_authorized(Audio.of(path), Access(roots=(house / "root",)))


def test_files_below_a_root_are_opened(house: Path) -> None:
    assert open_under_root(house, house / "root/inner/a.wav").format == "wav"
    assert open_under_root(house, (house / "root/inner/../inner/a.wav").as_uri() + "#t=0,0.05").end == 0.05


@pytest.mark.parametrize(
    "path",
    [
        "root/../root-2/b.wav",
        "root-2/b.wav",
        "root/nothing/../../root-2/b.wav",
        "/etc/passwd",
        "~/x.wav",
        "",
        "\0",
        "x" * 5000,
    ],
)
def test_a_file_outside_the_root_is_refused_and_the_message_shows_no_path(house: Path, path: str) -> None:
    with pytest.raises(AccessDenied, match=r"access allows files in 'root' only") as caught:
        open_under_root(house, house / path if path and path[0] not in "\0x" else Path(path))
    assert str(house) not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_whether_a_file_outside_the_root_exists_is_not_revealed(house: Path) -> None:
    with pytest.raises(AccessDenied):
        open_under_root(house, "/no/such/file.wav")
    with pytest.raises(AudioNotFound):
        open_under_root(house, house / "root/none.wav")


def test_a_link_that_leads_out_is_refused_and_one_that_stays_inside_is_not(house: Path) -> None:
    (house / "root/out.wav").symlink_to(house / "root-2/b.wav")
    (house / "root/in.wav").symlink_to(house / "root/inner/a.wav")
    (house / "root/way").symlink_to(house / "root-2")
    for name in ("out.wav", "way/b.wav"):
        with pytest.raises(AccessDenied):
            open_under_root(house, house / "root" / name)
    assert open_under_root(house, house / "root/in.wav").format == "wav"


def test_a_link_that_is_replaced_after_the_check_is_refused(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = house / "root/link.wav"
    link.symlink_to(house / "root/inner/a.wav")
    really_open = os.open

    def swap_and_open(path, flags):
        link.unlink()
        link.symlink_to(house / "root-2/b.wav")
        return really_open(path, flags)

    monkeypatch.setattr(os, "open", swap_and_open)
    with pytest.raises(AccessDenied, match=r"^link\.wav may not be opened"):
        open_under_root(house, link)


def test_a_pipe_is_refused_without_waiting(house: Path) -> None:
    os.mkfifo(house / "root/pipe.wav")
    with pytest.raises(InvalidAudio, match=r"^pipe\.wav.* a pipe or a device"):
        open_under_root(house, house / "root/pipe.wav")


def test_a_large_file_is_refused_before_it_is_read(house: Path) -> None:
    path = house / "root/huge.wav"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(AudioTooLarge, match="1,099,511,627,776 bytes"):
        open_under_root(house, path)


def test_no_root_means_no_file(house: Path) -> None:
    with pytest.raises(AccessDenied, match=r"access allows no folder.*access='folder'"):
        open_authorized(Audio.of(house / "root/inner/a.wav"), Access())


def test_a_path_that_the_developer_named_is_opened_from_anywhere(house: Path) -> None:
    assert open_authorized(Audio.of(house / "root-2/b.wav"), None).format == "wav"


def test_access_may_be_given_as_a_folder_or_a_list() -> None:
    assert to_access(None) == Access()
    assert to_access("a").roots == ("a",)
    assert to_access([Path("a"), "b"]).roots == (Path("a"), "b")
    assert to_access(Access(max_bytes=1)).max_bytes == 1
    with pytest.raises(InvalidOption, match="not int"):
        to_access(3)


@pytest.mark.parametrize("address", ["5f00::1", "1::", "4000::1", "e000::1"])
def test_what_is_not_assigned_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("options", [{"roots": None}, {"roots": 5}, {"roots": b"/srv"}, {"hosts": 5}])
def test_what_is_no_name_is_refused(options: dict) -> None:
    with pytest.raises(InvalidOption, match="of an Access are names"):
        Access(**options)


@pytest.mark.parametrize("as_path", [False, True])
def test_one_folder_is_one_root(tmp_path: Path, as_path: bool) -> None:
    inside, outside = tmp_path / "in" / "a.wav", tmp_path / "b.wav"
    inside.parent.mkdir()
    for path in (inside, outside):
        path.write_bytes(tone(0.5))
    access = Access(roots=inside.parent if as_path else str(inside.parent))
    assert access.open_file(inside, "a.wav").size > 0
    for path in (outside, Path("/etc/hostname"), Path("/")):
        with pytest.raises(AccessDenied):
            access.open_file(path, "b.wav")


def test_one_host_is_one_host() -> None:
    access = Access(hosts="example.com")
    assert [access.allows_host(host) for host in ("example.com", "e", "x", "example.org")] == [
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize("host", ["example.com", "EXAMPLE.com", "example.com."])
def test_a_host_is_the_same_in_any_notation(host: str) -> None:
    assert Access(hosts=["Example.COM", "b.org"]).allows_host(host)
    assert Access(hosts=None).allows_host(host)
    assert not Access(hosts=[]).allows_host(host)


def test_a_file_of_just_the_largest_size_is_opened_and_the_limit_is_told(house: Path) -> None:
    path = house / "root/inner/a.wav"
    size = path.stat().st_size
    assert Access(roots=[house], max_bytes=size).open_file(path, "a.wav").size == size
    with pytest.raises(AudioTooLarge, match=rf"a\.wav has {size:,} bytes; access allows {size - 1:,} "):
        Access(roots=[house], max_bytes=size - 1).open_file(path, "a.wav")


def test_a_refusal_names_the_recording_and_all_folders_that_are_allowed(house: Path) -> None:
    access = Access(roots=[house / "root/inner", house / "root-2"])
    with pytest.raises(AccessDenied, match=r"^x\.wav may not be opened: access allows files in 'inner', 'root-2' only"):
        access.open_file(house / "root/x.wav", "x.wav")


def test_all_files_may_be_allowed(house: Path) -> None:
    assert Access(roots="/").open_file(house / "root/inner/a.wav", "a.wav").size > 0
    with pytest.raises(AccessDenied, match=r"in '\.' only"):
        Access(roots=".").open_file(house / "root/inner/a.wav", "a.wav")


def test_without_proc_a_link_that_is_replaced_after_the_check_is_refused(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Path) -> Path:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "readlink", fail)
    assert open_under_root(house, house / "root/inner/a.wav").format == "wav"
    link, really_open = house / "root/link.wav", os.open
    link.symlink_to(house / "root/inner/a.wav")

    def open_and_swap(path, flags):
        descriptor = really_open(path, flags)
        link.unlink()
        link.symlink_to(house / "root-2/b.wav")
        return descriptor

    monkeypatch.setattr(os, "open", open_and_swap)
    with pytest.raises(AccessDenied, match=r"link\.wav was replaced while it was being opened"):
        open_under_root(house, link)


@pytest.mark.parametrize("access", ["", " ", [""], ["talks", ""]])
def test_an_empty_folder_is_not_the_working_directory(access) -> None:
    with pytest.raises(InvalidOption, match="without a name"):
        to_access(access)
    with pytest.raises(InvalidOption, match="without a name"):
        Access(roots=access)
