"""The scripted gateway that users' tests stand on."""

from audio_core import AudioClient
from audio_core.testing import ScriptedGateway, chat_reply


def ask(gateway: ScriptedGateway, count: int) -> list[str]:
    client = AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url)
    return [client.ask([], "?").text for _ in range(count)]


def test_replies_are_added_to_the_script_and_the_last_one_repeats() -> None:
    with ScriptedGateway() as gateway:
        assert ask(gateway, 2) == ["yes", "yes"]
        gateway.will_answer(chat_reply("a"))
        gateway.will_answer(chat_reply("b"), chat_reply("c"))
        assert ask(gateway, 4) == ["a", "b", "c", "c"]
        gateway.will_answer(chat_reply("d"))
        assert ask(gateway, 2) == ["d", "d"]
