"""Names of files that a model or a message gives, and files that are not what they seem."""

import os
import socket
from pathlib import Path

import pytest
from doors import DOORS, FEW, FEW_STREAMS, KEY, SOME, TOOLS, Door, answer, through
from hostile import check_error, enter
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, ToolMessage
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import AudioBlock, ChatMessage

from audio_core import Access, AudioClient, AudioError, AudioTooLarge, InvalidAudio
from audio_core.testing import Recorded, Reply, ScriptedGateway, chat_reply, tone
from langchain_audio import AudioLoader, ChatAudio, ListenTool
from llamaindex_audio import AudioLLM, ListenToolSpec

MESSAGES = [door for door in DOORS if door.name.startswith("ChatAudio")]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Make `root` with a recording, and beside it `root2` and `secret.wav`."""
    for folder in ("root", "root2"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "talk.wav").write_bytes(tone(0.2))
    (tmp_path / "secret.wav").write_bytes(tone(0.2))
    return tmp_path


# --- names that lead out of the folder ---

NAMES = {
    "up": "../secret.wav",
    "absolute": "/etc/passwd",
    "home": "~/secret.wav",
    "backslash": "..\\secret.wav",
    "twin": "{house}/root2/talk.wav",
    "nul": "talk.wav\0",
    "empty": "",
    "long": "so long " * 700,
    "url": "file:///etc/passwd",
    "url of a host": "file://server/share/talk.wav",
    "url with a bracket": "http://[",
    "half a character": "talk\ud83d.wav",
    "environment": "/proc/self/environ",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@through(*TOOLS)
def test_a_name_that_leads_out_is_answered_and_opens_nothing(gateway, house: Path, door: Door, name: str) -> None:
    access = Access(roots=(house / "root",))
    outcome = enter(door, gateway.base_url, name.format(house=house), str(house), access=access)
    assert outcome.error is not None
    assert gateway.requests == []


@pytest.mark.parametrize("name", ["file://{house}/secret.wav", "file://{house}/root2/talk.wav", "file:///etc/passwd"])
@through(*MESSAGES[:2])
def test_a_message_opens_nothing_outside_the_folder(gateway, house: Path, door: Door, name: str) -> None:
    for access in (None, Access(roots=(house / "root",))):
        outcome = enter(door, gateway.base_url, name.format(house=house), str(house), access=access)
        assert isinstance(outcome.error, AudioError)
        assert "access" in outcome.message
    assert gateway.requests == []


def test_a_url_in_a_llamaindex_message_opens_nothing_outside_the_folder(gateway, house: Path) -> None:
    llm = AudioLLM(provider="openai", model="m", api_key=KEY, base_url=gateway.base_url, access=house / "root")
    for url in ((house / "secret.wav").as_uri(), "file:///etc/passwd"):
        with pytest.raises(AudioError, match="may not be opened") as caught:
            llm.chat([ChatMessage(role="user", blocks=[AudioBlock(url=url)])])
        check_error(caught.value, str(house))
    assert gateway.requests == []


class Caller(ScriptedGateway):
    """A gateway whose model calls the tool with a name, and then tells what the tool said."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.arguments = f'{{"audio": "{name}", "question": "What?"}}'

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        last = request.json["messages"][-1]
        if last["role"] == "tool":
            return chat_reply(f"It said: {last['content']}")
        function = {"name": "listen", "arguments": self.arguments}
        return chat_reply(None, finish="tool_calls", tool_calls=[{"id": "c", "type": "function", "function": function}])


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")  # LlamaIndex's own
@pytest.mark.parametrize("name", ["/etc/passwd", "http://["])
async def test_agents_go_on_after_a_name_that_is_refused(house: Path, name: str) -> None:
    with Caller(name) as caller:
        options = {"provider": "openai", "model": "m", "api_key": KEY, "base_url": caller.base_url}
        client, folder = AudioClient(**options), house / "root"
        agent = create_agent(ChatAudio(**options), [ListenTool(client=client, access=folder)])
        messages = agent.invoke({"messages": [HumanMessage("Listen.")]})["messages"]
        assert [message.status for message in messages if isinstance(message, ToolMessage)] == ["error"]
        assert messages[-1].text.startswith("It said: ")
        tools = ListenToolSpec(client, access=folder).to_tool_list()
        found = await FunctionAgent(tools=tools, llm=AudioLLM(**options), streaming=False).run("Listen.")
        assert str(found).startswith("It said: ")


# --- links ---


@through(*TOOLS, *MESSAGES[:2])
@pytest.mark.parametrize(("link", "target"), [("link.wav", "secret.wav"), ("way/talk.wav", "root2")])
def test_a_link_that_leads_out_is_refused(gateway, house: Path, door: Door, link: str, target: str) -> None:
    path = house / "root" / link
    (house / "root" / Path(link).parts[0]).symlink_to(house / target)
    outcome = enter(door, gateway.base_url, str(path), str(house), access=Access(roots=(house / "root",)))
    assert outcome.error is not None
    assert gateway.requests == []


@through(*DOORS)
def test_a_link_within_the_folder_is_followed(gateway, house: Path, door: Door) -> None:
    gateway.will_answer(answer(door))
    (house / "root/link.wav").symlink_to(house / "root/talk.wav")
    path = str(house / "root/link.wav")
    assert "yes" in (enter(door, gateway.base_url, path, access=Access(roots=(house / "root",))).text or "")


# --- files that are none ---


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def make_folder(path: Path) -> None:
    path.mkdir()
    (path / "talk.txt").write_text("hi")


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(os.path.relpath(path))


def make_loop(path: Path) -> None:
    path.symlink_to(path)


def make_environment(path: Path) -> None:
    path.symlink_to("/proc/self/environ")


SPECIAL = [make_pipe, make_device, make_folder, make_socket, make_loop, make_environment]


@pytest.mark.parametrize("make", SPECIAL)
@through(*SOME)
def test_what_is_no_regular_file_is_refused_without_waiting(
    gateway, tmp_path: Path, door: Door, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket may not be long
    make(tmp_path / "talk.wav")
    access = Access(roots=("/",))
    url = (tmp_path / "talk.wav").as_uri()  # LlamaIndex itself refuses such a path
    assert enter(door, gateway.base_url, url, str(tmp_path), access=access).error is not None
    assert gateway.requests == []


@pytest.mark.parametrize("is_trusted", [True, False])
@through(*DOORS)
def test_an_empty_or_endless_file_costs_no_request(gateway, tmp_path: Path, door: Door, is_trusted: bool) -> None:
    """A file of a tebibyte takes no space, but reading it would take hours."""
    path = tmp_path / "talk.wav"
    access = None if is_trusted and not door.is_tool and door not in MESSAGES else Access(roots=(tmp_path,))
    path.write_bytes(b"")
    assert enter(door, gateway.base_url, str(path), str(tmp_path), access=access).error is not None
    path.write_bytes(tone(0.2))
    os.truncate(path, 2**40)
    outcome = enter(door, gateway.base_url, str(path), str(tmp_path), access=access)
    assert isinstance(outcome.error, AudioTooLarge) or door.is_tool
    assert "bytes" in outcome.message
    assert gateway.requests == []


class Changing(ScriptedGateway):
    """A gateway that is down once, and meanwhile the file changes."""

    def __init__(self, path: Path, change: bytes, then: Reply) -> None:
        super().__init__()
        self._path, self._change = path, change
        self.will_answer(Reply({"error": {"message": "down"}}, 503), then)

    def next_reply(self, request: Recorded) -> Reply:
        self._path.write_bytes(self._change)
        return super().next_reply(request)


CHANGES = {"as long": tone(0.2, hertz=880.0), "shorter": tone(0.1), "longer": tone(0.4), "empty": b""}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@through(*FEW[:3], FEW_STREAMS[1])
def test_a_file_that_changes_between_two_attempts_is_an_error(tmp_path: Path, door: Door, change: bytes) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(tone(0.2))
    os.utime(path, (0, 0))  # clocks of files tick every few milliseconds
    with Changing(path, change, answer(door)) as gateway:
        outcome = enter(door, gateway.base_url, str(path), str(tmp_path), access=Access(roots=(tmp_path,)))
    assert isinstance(outcome.error, InvalidAudio)
    assert "changed" in outcome.message


# --- one bad file among others ---


class OneFails(ScriptedGateway):
    """A gateway whose quota is used up for one file."""

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        name = next(part.filename for part in request.parts if part.filename)
        if name == "b.wav":
            return Reply({"error": {"message": "no credit", "code": "insufficient_quota"}}, 429)
        return Reply({"text": name})


@pytest.mark.parametrize("is_async", [False, True])
async def test_one_bad_file_costs_no_other_and_is_told(tmp_path: Path, is_async: bool) -> None:
    for name in "abc":
        (tmp_path / f"{name}.wav").write_bytes(tone(0.2))
    with OneFails() as gateway:
        options = {"provider": "openai", "model": "m", "api_key": KEY, "base_url": gateway.base_url}
        loader = AudioLoader(tmp_path, on_error="collect", **options)
        documents = [each async for each in loader.alazy_load()] if is_async else loader.load()
        assert [document.page_content for document in documents] == ["a.wav", "c.wav"]
        (failure,) = loader.failures
        assert failure.label == "b.wav"
        check_error(failure.error, str(tmp_path))
        before = []
        with pytest.raises(AudioError, match="no credit"):
            before.extend(AudioLoader(tmp_path, **options).lazy_load())
        assert [document.page_content for document in before] == ["a.wav"]
